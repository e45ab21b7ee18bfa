package dev.millrace.examples.apis;

import dev.millrace.examples.apis.ApiServer.Request;
import java.time.Clock;
import java.util.Locale;
import java.util.function.Function;

/**
 * Current weather, as <a href="https://openweathermap.org/current">documented</a>; any key but
 * {@code wrong} is good. It is measured anew every ten seconds.
 */
final class OpenWeather implements Function<Request, Answer> {
  private final Clock clock;

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
    return Answer.json(
        String.format(
            Locale.ROOT,
            """
            {"coord":{"lon":10.99,"lat":44.34},"weather":[{"id":501,"main":"Rain","description":"moderate rain","icon":"10d"}],\
            "base":"stations","main":{"temp":%.2f,"feels_like":%.2f,"temp_min":%.2f,"temp_max":%.2f,"pressure":1015,"humidity":64,\
            "sea_level":1015,"grnd_level":933},"visibility":10000,"wind":{"speed":0.62,"deg":349,"gust":1.18},"rain":{"1h":3.16},\
            "clouds":{"all":100},"dt":%d,"sys":{"type":2,"id":2075663,"country":"IT","sunrise":1661834187,"sunset":1661882248},\
            "timezone":7200,"id":%s,"name":"City %s","cod":200}""",
            temp,
            temp - 0.5,
            temp - 1,
            temp + 1,
            dt,
            id,
            id));
  }
}
