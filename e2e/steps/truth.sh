# Elasticsearch's totals are the truth's. Sourced by e2e/run.
# shellcheck shell=bash disable=SC2034,SC2154 # what e2e/run and the other steps set and use
step truth "the truth"
more_time
# compared NAME [OPTION]: what the comparison said is in logs/NAME.txt
compared() {
  kubectl -n "$demo" delete job truth --ignore-not-found >/dev/null
  sed "s|@IMAGE@|$prefix/demo-tv:$tag|g; s|- --prefix=.*|- --prefix=$demo.tv.${2:+\n            - $2}|" "$here/truth.yaml" | kubectl -n "$demo" apply -f - >/dev/null
  until [[ $(kubectl -n "$demo" get job/truth -o jsonpath='{.status.conditions[*].type}') =~ Complete|Failed ]]; do
    ((SECONDS < deadline + 60)) || die "the comparison with the truth does not come to an end"
    sleep 1
  done
  kubectl -n "$demo" logs job/truth >"$out/logs/$1.txt" 2>/dev/null || true
}
equal() {
  while true; do
    compared truth
    written=$(sed -n 's/^events written: \([0-9,]*\),.*/\1/p' "$out/logs/truth.txt" | tr -d ,)
    if [[ ${written:-0} -ge $events ]] && grep -q '^EQUAL' "$out/logs/truth.txt"; then break; fi
    ((SECONDS < deadline)) || { cat "$out/logs/truth.txt" >&2; die "Elasticsearch's totals do not become the truth's"; }
    sleep 5
  done
}
# The rest as fast as it goes: an edit while events flow.
compared truth
echo "  until now $(sed -n 's/^events written: \([0-9,]*\),.*/\1/p' "$out/logs/truth.txt") events; the rest as fast as it goes"
sed -i 's|^        rate: .*|        rate: max|' "$out/demo-tv/pipeline.yaml"
apply >"$out/logs/rate.txt"
equal
# The comparison itself: it must see that an event is missing. One that came twice is not missed: hence several tries.
for event in 1000 1001 1002; do
  compared without-event "--without-event=$event"
  ! grep -q '^DIFFERENT' "$out/logs/without-event.txt" || break
done
grep -q '^DIFFERENT' "$out/logs/without-event.txt" || { cat "$out/logs/without-event.txt" >&2; die "with an event left out of the truth, nothing differs"; }
sed 's/^/  /' "$out/logs/truth.txt" | grep -v NOTE
echo "  without one event: $(grep '^DIFFERENT' "$out/logs/without-event.txt")"
# What the broker has taken of the fleet's reports, up to now, is in Kafka soon after.
fleet() {
  kubectl -n "$demo" exec deploy/tv-fleet -- java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp '/opt/millrace/demo-tv/*' dev.millrace.demo.tv.FleetTruth \
    --bootstrap-servers stack-kafka:9092 --registry http://stack-registry:8080/apis/ccompat/v7 --topic "$demo.tv.telemetry" --ledger /tmp/until-now \
    >"$out/logs/fleet.txt" 2>/dev/null </dev/null
}
kubectl -n "$demo" exec deploy/tv-fleet -- cp /tmp/published /tmp/until-now </dev/null
until_true "all reports of the fleet in Kafka" fleet
echo "  telemetry: $(grep '^published' "$out/logs/fleet.txt"); all there"
# And sees one that is not there.
kubectl -n "$demo" exec deploy/tv-fleet -- bash -c 'echo "d999999 1" >>/tmp/until-now' </dev/null
! fleet || die "a report that nobody sent is not missed"
grep -q '^MISSING: 1 reports' "$out/logs/fleet.txt" || { cat "$out/logs/fleet.txt" >&2; die "the comparison of the fleet's reports failed for another reason"; }
# Of each kind of source something has come, and into each index of the dashboards.
for stream in users events shows telemetry weather; do
  # shellcheck disable=SC2016 # for the pod's shell
  kubectl -n "$demo" exec stack-kafka-0 -c kafka -- bash -c '[[ -n $(find /var/lib/millrace/kafka/"$1"-* -name "*.log" -size +0) ]]' - "$demo.tv.$stream" </dev/null ||
    die "nothing has come into stream $stream"
done
counted() { inside stack-elasticsearch 9200 "/$1/_count" | sed 's/.*"count":\([0-9]*\).*/\1/'; }
filled() { (($(counted "$1") > 0)); }
for index in tv-show-views tv-viewing-minutes tv-ad-views tv-quality; do
  until_true "documents in $index" filled "$index"
done
echo "  all five kinds of source have delivered; documents: $(for index in tv-show-views tv-viewing-minutes tv-ad-views tv-quality; do printf '%s %s ' "$index" "$(counted "$index")"; done)"
