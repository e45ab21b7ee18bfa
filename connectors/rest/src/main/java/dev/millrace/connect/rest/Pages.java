package dev.millrace.connect.rest;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.connect.rest.Fetcher.Answer;
import java.net.URI;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How an answer goes on. A page is named by text that an offset can hold. */
final class Pages {
  /** {@code <url>; rel="next"}, RFC 8288; parameters in between may be quoted. */
  private static final Pattern LINK =
      Pattern.compile("<([^>]*)>((?:\\s*;\\s*[^\\s=;,]+(?:\\s*=\\s*(?:\"[^\"]*\"|[^\\s;,]+))?)*)");

  private static final Pattern NEXT =
      Pattern.compile(";\\s*rel\\s*=\\s*(?:\"([^\"]*)\"|([^\\s;,]+))", Pattern.CASE_INSENSITIVE);

  private final String type;
  private final String parameter;
  private final int first;
  private final int size;
  private final JsonPointer cursor;
  private final Fetcher fetcher;

  Pages(RestConfig config, Fetcher fetcher) {
    this.type = config.getString(RestConfig.PAGES);
    this.parameter = Template.encode(config.getString(RestConfig.PAGES_PARAMETER));
    this.first = config.getInt(RestConfig.PAGES_FIRST);
    this.size = config.getInt(RestConfig.PAGES_SIZE);
    this.cursor =
        RestConfig.pointer(RestConfig.PAGES_CURSOR, config.getString(RestConfig.PAGES_CURSOR));
    this.fetcher = fetcher;
  }

  /** Whether an answer is all there is. */
  boolean none() {
    return type.equals("none");
  }

  /** Where a page is; the first one has no name. */
  URI uri(URI first, Optional<String> page) throws FetchException {
    if (type.equals("number")) {
      String number = page.orElse(Integer.toString(this.first));
      return URI.create(Fetcher.withParameter(first.toString(), parameter, number));
    }
    if (page.isEmpty()) {
      return first;
    }
    return isUrl(page.get())
        ? fetcher.follow(first, page.get())
        : URI.create(
            Fetcher.withParameter(first.toString(), parameter, Template.encode(page.get())));
  }

  private static boolean isUrl(String page) {
    return page.startsWith("http://") || page.startsWith("https://");
  }

  /**
   * The name of the page after this one.
   *
   * @param records how many this one has
   */
  Optional<String> after(Optional<String> page, Answer answer, JsonNode body, int records)
      throws FetchException {
    switch (type) {
      case "number" -> {
        int number = page.map(Integer::parseInt).orElse(first);
        boolean last = records == 0 || records < size;
        return last ? Optional.empty() : Optional.of(Integer.toString(number + 1));
      }
      case "cursor" -> {
        JsonNode next = body.at(cursor);
        if (!next.isValueNode() || next.isNull() || next.isBoolean() || next.asText().isEmpty()) {
          return Optional.empty();
        }
        String name = next.asText();
        // Some services give the whole next URL, some the rest of it.
        return isUrl(name) || (name.startsWith("/") && name.indexOf('?') > 0)
            ? Optional.of(fetcher.without(fetcher.follow(answer.uri(), name)))
            : Optional.of(name);
      }
      case "link" -> {
        for (String header : answer.headers().allValues("Link")) {
          Matcher link = LINK.matcher(header);
          while (link.find()) {
            if (next(link.group(2))) {
              return Optional.of(fetcher.without(fetcher.follow(answer.uri(), link.group(1))));
            }
          }
        }
        return Optional.empty();
      }
      default -> {
        return Optional.empty();
      }
    }
  }

  private static boolean next(String parameters) {
    Matcher rel = NEXT.matcher(parameters);
    if (!rel.find()) {
      return false;
    }
    String kinds = rel.group(1) == null ? rel.group(2) : rel.group(1);
    return java.util.Arrays.asList(kinds.strip().split("\\s+")).contains("next");
  }
}
