package dev.millrace.connect.rest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.millrace.connect.rest.Backfill.Window;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.config.ConfigException;

/** Makes requests of the templates. */
final class Requests {
  private final Template url;
  private final Map<String, Template> query;
  private final Map<String, Template> headers;
  private final String itemName;
  private final Optional<Backfill> backfill;

  /**
   * A request, without credentials and page.
   *
   * @param headers for the configured host only
   * @param values what templates of fields may use too
   */
  record Request(URI uri, Map<String, String> headers, Values values) {}

  /** What an item, a window and a request have for templates. */
  record Values(String itemName, JsonNode item, Optional<Window> window, Instant time, String url)
      implements Template.Values {
    @Override
    public JsonNode of(Template.Place place) {
      if (place.name().equals(itemName)) {
        return place.in(item);
      }
      if (place.name().equals("window")) {
        return window.map(w -> w.of(place)).orElse(MissingNode.getInstance());
      }
      return switch (String.join(".", place.path())) {
        case "time" -> TextNode.valueOf(time.toString());
        case "url" -> TextNode.valueOf(url);
        default -> MissingNode.getInstance();
      };
    }

    Values at(Instant now, String shownUrl) {
      return new Values(itemName, item, window, now, shownUrl);
    }
  }

  Requests(RestConfig config) {
    this.url = config.template(RestConfig.URL, config.url());
    this.query = config.parameters(RestConfig.QUERY);
    this.headers = config.parameters(RestConfig.HEADERS);
    this.itemName = config.getString(RestConfig.ITEM_NAME);
    this.backfill = config.backfill();
  }

  /** The request for an item, and a window if there is one. */
  Request of(JsonNode item, Optional<Window> window) throws Template.NoValueException {
    Values values = new Values(itemName, item, window, Instant.EPOCH, "");
    String text = url.renderUrl(values);
    for (Map.Entry<String, Template> parameter : query.entrySet()) {
      text =
          Fetcher.withParameter(
              text, Template.encode(parameter.getKey()), parameter.getValue().renderUrl(values));
    }
    Map<String, String> rendered = new LinkedHashMap<>();
    for (Map.Entry<String, Template> header : headers.entrySet()) {
      rendered.put(header.getKey(), header.getValue().render(values));
    }
    return new Request(RestConfig.http(RestConfig.URL, text), rendered, values);
  }

  /** Whether there is a request for each item. */
  void check(List<JsonNode> items) {
    Optional<Window> some =
        backfill.map(b -> new Window(b.from(), b.from().plus(Duration.ofMillis(1)), b.dates()));
    for (JsonNode item : items) {
      try {
        of(item, some);
      } catch (Template.NoValueException e) {
        throw new ConfigException(RestConfig.ITEMS, item, e.getMessage());
      }
    }
  }
}
