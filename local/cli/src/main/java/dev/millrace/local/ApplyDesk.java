package dev.millrace.local;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.planner.Consent;
import dev.millrace.planner.Impact;
import java.io.IOException;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * Where {@code apply} and the process that runs a directory meet: a request and its answer, a file
 * each in the state directory, readable by their owner only.
 */
final class ApplyDesk {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String REQUEST = "apply-request.json";
  private static final String ANSWER = "apply-answer.json";

  private final StateDirectory state;

  /** A plan that somebody agrees to. */
  record Request(String id, String plan, Consent consent) {}

  /**
   * How far it is.
   *
   * @param state {@code refused}, {@code applying}, {@code ready} or {@code failed}
   */
  record Answer(String id, String state, List<String> lines, Optional<JsonNode> plan) {}

  ApplyDesk(StateDirectory state) {
    this.state = state;
  }

  /** Hands in a request; its id. */
  String ask(String plan, Consent consent) throws IOException {
    ObjectNode request = JSON.createObjectNode();
    String id = UUID.randomUUID().toString();
    request.put("id", id);
    request.put("plan", plan);
    request.putArray("allow");
    consent.allowed().forEach(i -> request.withArray("allow").add(i.label()));
    request.put("adopt", consent.adopt());
    state.writeOwn(REQUEST, request.toString());
    return id;
  }

  /** Takes the request that waits, if one does. */
  Optional<Request> take() throws IOException {
    Optional<JsonNode> waiting = state.take(REQUEST);
    if (waiting.isEmpty()) {
      return Optional.empty();
    }
    Set<Impact> allowed = EnumSet.noneOf(Impact.class);
    waiting.get().path("allow").forEach(i -> Impact.of(i.asText()).ifPresent(allowed::add));
    return Optional.of(
        new Request(
            waiting.get().path("id").asText(),
            waiting.get().path("plan").asText(),
            new Consent(allowed, waiting.get().path("adopt").asBoolean())));
  }

  void answer(String id, String how, List<String> lines, Optional<JsonNode> plan)
      throws IOException {
    ObjectNode answer = JSON.createObjectNode();
    answer.put("id", id);
    answer.put("state", how);
    lines.forEach(answer.putArray("lines")::add);
    plan.ifPresent(p -> answer.set("plan", p));
    state.writeOwn(ANSWER, answer.toString());
  }

  /** The answer to a request, once there is one. */
  Optional<Answer> answer(String id) {
    return state
        .read(ANSWER)
        .filter(a -> a.path("id").asText().equals(id))
        .map(
            a ->
                new Answer(
                    id,
                    a.path("state").asText(),
                    JSON.convertValue(
                        a.path("lines"),
                        JSON.getTypeFactory().constructCollectionType(List.class, String.class)),
                    Optional.ofNullable(a.get("plan"))));
  }
}
