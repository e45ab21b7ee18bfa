# What fails while events flow: it heals, and the status says so. Sourced by e2e/run.
# shellcheck shell=bash disable=SC2034,SC2154 # what e2e/run and the other steps set and use
step faults "faults while events flow"

# fault WHAT TELLS COMMAND...: does it, waits until the status was not Ready and named TELLS (a pattern; - where that is not
# asked for: logs/conditions.txt has what was told), and until it is Ready again
fault() {
  local what=$1 tells=$2 line began=$SECONDS
  shift 2
  more_time
  line=$(wc -l <"$conditions")
  mark "$what"
  "$@"
  [[ $tells == - ]] || until_true "a status that tells of it ($what)" told "$line" "$tells"
  local after=$((SECONDS - began))
  until_true "ready after: $what" ready
  mark "ready again"
  # What it waited for so long.
  ((SECONDS - began < 150)) || tail -n "+$((line + 1))" "$conditions" | cut -c -600 | tail -n 20 | sed 's/^/    /'
  printf '  %-44s %s; Ready again after %s s\n' "$what" "$([[ $tells == - ]] && echo 'telling not asked for' || echo "told within $after s")" "$((SECONDS - began))"
}
delete_pods() { kubectl -n "$1" delete pod -l "$2" --force --grace-period=0 >/dev/null 2>&1; }
kill_driver() {
  before=$(driver)
  delete_pods "$demo" spark-role=driver
  until_true "another driver after the one that was deleted" another_driver
}
# Until the status tells of it: one that is back at once may be gone between two looks.
lose_connect() {
  local line
  line=$(wc -l <"$conditions")
  kubectl -n "$demo" scale deployment stack-connect --replicas=0 >/dev/null
  delete_pods "$demo" app.kubernetes.io/name=connect
  until_true "a status that tells that Connect is gone" told "$line" "$1"
  kubectl -n "$demo" scale deployment stack-connect --replicas=1 >/dev/null
}
# The kernel kills an executor's JVM because its pod is out of memory: of those that take part in that it is the largest.
executor() { kubectl -n "$demo" get pods -l spark-role=executor --field-selector=status.phase=Running -o name | head -n 1; }
an_executor() { [[ -n $(executor) ]]; }
out_of_memory() { kubectl -n "$demo" logs -l spark-role=driver --tail=-1 | grep -q 'termination reason: OOMKilled'; }
exhaust_executor() {
  until_true "an executor" an_executor
  # shellcheck disable=SC2016 # for the pod's shell
  kubectl -n "$demo" exec "$(executor)" -- bash -c '
    echo 1000 >/proc/1/oom_score_adj
    for i in {1..32}; do { head -c 128M /dev/zero; sleep 30; } | tail -c 128M >/dev/null & done
    wait' >/dev/null 2>&1 </dev/null || true
  until_true "the driver's word that its executor was killed for its memory" out_of_memory
}
# away SECONDS NAME: a part that cannot be reached, and whose connections are cut
away() {
  local service
  service=$(kubectl -n "$demo" get service "$2" -o 'jsonpath={.spec.selector}')
  kubectl -n "$demo" patch service "$2" --type=merge -p '{"spec":{"selector":{"e2e":"away"}}}' >/dev/null
  kubectl -n "$demo" exec "$2-0" -- bash -c 'kill 1' >/dev/null 2>&1 || true
  sleep "$1"
  kubectl -n "$demo" patch service "$2" --type=merge -p "{\"spec\":{\"selector\":{\"e2e\":null}}}" >/dev/null
  [[ $(kubectl -n "$demo" get service "$2" -o 'jsonpath={.spec.selector}') == "$service" ]] || die "service $2 is not what it was"
}
# Its container is started again; what waits in sessions is on its disk.
restarts() { kubectl -n "$demo" get pod stack-mqtt-0 -o 'jsonpath={.status.containerStatuses[0].restartCount}'; }
restarted() { [[ $(restarts) -gt $restarts_before ]] && kubectl -n "$demo" wait pod/stack-mqtt-0 --for=condition=Ready --timeout=1s; }
end_broker() {
  restarts_before=$(restarts)
  kubectl -n "$demo" exec stack-mqtt-0 -- bash -c 'kill 1' >/dev/null 2>&1 </dev/null || true
  until_true "the broker, started again" restarted
}
# In the middle of applying a change: the new rate must come all the same.
kill_operator() {
  sed -i "s|rate: $rate/s|rate: $((rate + 10))/s|" "$out/demo-tv/pipeline.yaml"
  kubectl -n "$demo" apply -k "$out/demo-tv" >/dev/null
  delete_pods "$system" app.kubernetes.io/name=millrace-operator
  until_true "the new rate in Connect" bash -c "$(declare -f inside); demo='$demo'; inside stack-connect 8083 '/connectors/$demo.tv.events/config' | grep -q '\"$((rate + 10))'"
}

fault "driver pod deleted" 'SparkJob|spark|transforms|viewings' kill_driver
fault "executor killed: out of memory" - exhaust_executor
fault "Connect's pod deleted, and none for a while" 'tv_db' lose_connect tv_db
fault "MQTT broker ended" - end_broker
fault "operator killed in mid-reconcile" - kill_operator
fault "registry away for a minute" 'ResolvedRefs=False' away 60 stack-registry
[[ -z ${API_SERVER_OUTAGE:-} ]] || fault "API server out" - bash -c "$API_SERVER_OUTAGE"
