package dev.millrace.examples.apis;

import dev.millrace.examples.apis.ApiServer.Request;
import java.time.Clock;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/**
 * Current weather, as <a href="https://openweathermap.org/current">documented</a>; any key but
 * {@code wrong} is good. It is measured anew every ten seconds.
 */
final class OpenWeather implements Function<Request, Answer> {
  private static final List<Sky> SKIES =
      List.of(
          new Sky(800, "Clear", "clear sky"),
          new Sky(501, "Rain", "moderate rain"),
          new Sky(803, "Clouds", "broken clouds"),
          new Sky(601, "Snow", "snow"));

  private final Clock clock;

  private record Sky(int id, String main, String description) {}

  OpenWeather(Clock clock) {
    this.clock = clock;
  }

  @Override
  public Answer apply(Request request) {
    String key = request.query().getOrDefault("appid", "");
    if (key.isEmpty() || key.equals("wrong")) {
      return Answer.status(
          401,
          "{\"cod\":401, \"message\": \"Invalid API key. Please see https://openweathermap.org/faq#error401 for more info.\"}");
    }
    String id = request.query().getOrDefault("id", "");
    if (!id.matches("\\d{4,8}")) {
      return Answer.status(404, "{\"cod\":\"404\",\"message\":\"city not found\"}");
    }
    long dt = clock.instant().getEpochSecond() / 10 * 10;
    double temp = 15 + 10 * Math.sin(dt / 600.0 + Integer.parseInt(id));
    // It changes every five minutes, in each city at another time.
    Sky sky =
        SKIES.get(
            Math.floorMod((dt / 300 + Integer.parseInt(id)) * 0x9E3779B9L >> 8, SKIES.size()));
    return Answer.json(
        String.format(
            Locale.ROOT,
            """
            {"coord":{"lon":10.99,"lat":44.34},"weather":[{"id":%d,"main":"%s","description":"%s","icon":"10d"}],\
            "base":"stations","main":{"temp":%.2f,"feels_like":%.2f,"temp_min":%.2f,"temp_max":%.2f,"pressure":1015,"humidity":64,\
            "sea_level":1015,"grnd_level":933},"visibility":10000,"wind":{"speed":0.62,"deg":349,"gust":1.18},%s\
            "clouds":{"all":100},"dt":%d,"sys":{"type":2,"id":2075663,"country":"IT","sunrise":1661834187,"sunset":1661882248},\
            "timezone":7200,"id":%s,"name":"City %s","cod":200}""",
            sky.id,
            sky.main,
            sky.description,
            temp,
            temp - 0.5,
            temp - 1,
            temp + 1,
            sky.main.equals("Rain") ? "\"rain\":{\"1h\":3.16}," : "",
            dt,
            id,
            id));
  }
}
