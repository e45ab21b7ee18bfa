package dev.millrace.examples.apis;

import dev.millrace.examples.apis.ApiServer.Request;
import java.time.Clock;
import java.util.Locale;
import java.util.function.Function;

/**
 * Bicycle stations of a contract, as <a
 * href="https://developer.jcdecaux.com/#/opendata/vls?page=dynamic">documented</a>; each changes
 * once in a minute. Any key but {@code wrong} is good.
 */
final class Stations implements Function<Request, Answer> {
  private static final int STATIONS = 50;

  private final Clock clock;

  Stations(Clock clock) {
    this.clock = clock;
  }

  @Override
  public Answer apply(Request request) {
    String key = request.query().getOrDefault("apiKey", "");
    if (key.isEmpty() || key.equals("wrong")) {
      return Answer.status(403, "{ \"error\" : \"Unauthorized\" }");
    }
    String contract = request.query().getOrDefault("contract", "lyon");
    long now = clock.millis();
    StringBuilder body = new StringBuilder("[");
    for (int number = 1; number <= STATIONS; number++) {
      long changed = (now - number * 1000L) / 60_000 * 60_000 + number * 1000L;
      long bikes = (changed / 60_000 + number) % 20;
      body.append(number == 1 ? "" : ",")
          .append(
              String.format(
                  Locale.ROOT,
                  """
                  {"number":%d,"contract_name":"%s","name":"%d - STATION","address":"%d RUE DE L'EXEMPLE",\
                  "position":{"lat":%.5f,"lng":%.5f},"banking":true,"bonus":false,"bike_stands":20,\
                  "available_bike_stands":%d,"available_bikes":%d,"status":"OPEN","last_update":%d}""",
                  number,
                  contract,
                  number,
                  number,
                  45.75 + number / 1000.0,
                  4.85 + number / 1000.0,
                  20 - bikes,
                  bikes,
                  changed));
    }
    return Answer.json(body.append(']').toString());
  }
}
