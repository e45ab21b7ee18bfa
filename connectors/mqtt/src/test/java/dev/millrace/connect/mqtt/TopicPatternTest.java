package dev.millrace.connect.mqtt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TopicPatternTest {
  private final TopicPattern.Match match = new TopicPattern.Match();

  @Test
  void namesLevels() {
    TopicPattern pattern = TopicPattern.parse("tv/{region}/{device_id}/telemetry");
    assertThat(pattern.filter()).isEqualTo("tv/+/+/telemetry");
    assertThat(pattern.fields()).containsExactly("region", "device_id");
    assertThat(pattern.shared()).isFalse();
    String topic = "tv/north/d-7/telemetry";
    assertThat(pattern.matches(topic, match)).isTrue();
    assertThat(match.level(topic, 0)).isEqualTo("north");
    assertThat(match.level(topic, 1)).isEqualTo("d-7");
  }

  @Test
  void sharesAndNames() {
    TopicPattern pattern = TopicPattern.parse("$share/millrace/tv/{region}/#");
    assertThat(pattern.filter()).isEqualTo("$share/millrace/tv/+/#");
    assertThat(pattern.shared()).isTrue();
    String topic = "tv/ostsee \u2600/a/b";
    assertThat(pattern.matches(topic, match)).isTrue();
    assertThat(match.level(topic, 0)).isEqualTo("ostsee \u2600");
  }

  @Test
  void takesManyFields() {
    String pattern =
        Arrays.stream("abcdefghij".split(""))
            .map(f -> "{" + f + "}")
            .collect(Collectors.joining("/"));
    String topic = "0/1/2/3/4/5/6/7/8/9";
    assertThat(TopicPattern.parse(pattern).matches(topic, match)).isTrue();
    assertThat(match.level(topic, 9)).isEqualTo("9");
  }

  /** Examples of the specification, MQTT 5.0, 4.7.1.2, 4.7.1.3 and 4.7.2, and edges. */
  @ParameterizedTest
  @CsvSource({
    "sport/tennis/player1/#, sport/tennis/player1, true",
    "sport/tennis/player1/#, sport/tennis/player1/ranking, true",
    "sport/tennis/player1/#, sport/tennis/player1/score/wimbledon, true",
    "sport/tennis/player1/#, sport/tennis/player10, false",
    "sport/#, sport, true",
    "sport/tennis/+, sport/tennis/player1, true",
    "sport/tennis/+, sport/tennis/player1/ranking, false",
    "sport/+, sport, false",
    "sport/+, sport/, true",
    "+/+, /finance, true",
    "/+, /finance, true",
    "+, /finance, false",
    "#, a/b, true",
    "#, $SYS/a, false",
    "+/monitor/Clients, $SYS/monitor/Clients, false",
    "{a}/monitor/Clients, $SYS/monitor/Clients, false",
    "$SYS/#, $SYS/monitor/Clients, true",
    "$SYS/monitor/+, $SYS/monitor/Clients, true",
    "a/b, a/b/, false",
    "a//b, a//b, true",
    "a/+/b, a//b, true",
    "A/b, a/b, false",
    "a/bc, a/b, false",
    "a/b, a/bc, false",
  })
  void matchesAsTheSpecificationSays(String pattern, String topic, boolean expected) {
    assertThat(TopicPattern.parse(pattern).matches(topic, match)).isEqualTo(expected);
  }

  @Test
  void matchesWhatARegularExpressionMatches() {
    Random random = new Random(1);
    for (int i = 0; i < 20_000; i++) {
      String filter = any(random, "a", "b", "+", "") + (random.nextInt(3) == 0 ? "/#" : "");
      String topic = any(random, "a", "b", "");
      // '+' is any one level; a trailing '/#' is nothing, or '/' and more.
      String regex = filter.replaceAll("/#$", "@").replace("+", "[^/]*").replace("@", "(/.*)?");
      assertThat(TopicPattern.parse(filter.isEmpty() ? "+" : filter).matches(topic, match))
          .as("%s on '%s'", filter, topic)
          .isEqualTo(Pattern.matches(filter.isEmpty() ? "[^/]*" : regex, topic));
    }
  }

  private static String any(Random random, String... levels) {
    return random
        .ints(1 + random.nextInt(4), 0, levels.length)
        .mapToObj(i -> levels[i])
        .collect(Collectors.joining("/"));
  }

  @ParameterizedTest
  @CsvSource({
    "a/#/b, level '#': '#' stands for all further levels",
    "a/b#, level 'b#'",
    "a/b+/c, level 'b+': '+' stands for a whole level",
    "a/x{b}/c, level 'x{b}': {field} stands for a whole level",
    "a/{b-c}, level '{b-c}': expected the name of a field",
    "a/{}, level '{}'",
    "{a}/{a}, field 'a' is there twice",
    "$share/group, expected $share/GROUP/FILTER",
    "$share//a, expected $share/GROUP/FILTER",
    "$share/g+/a, expected $share/GROUP/FILTER",
    "$share/g/, is empty",
  })
  void saysWhichLevelIsWrong(String pattern, String message) {
    assertThatThrownBy(() -> TopicPattern.parse(pattern))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}
