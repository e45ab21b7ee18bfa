#!/usr/bin/env bash
# The whole path of demo-tv on a bounded number of events, as fast as it goes: when each stage was done, what CPU each process
# took, and whether the sums are right.
#
#   benchmarks/end-to-end.sh [EVENTS]        default 1000000
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
events=${1:-1000000}
work=$(mktemp -d)
trap '"$root/millrace" stop "$work/demo-tv" >/dev/null 2>&1 || true; rm -rf "$work"' EXIT

mkdir "$work/demo-tv"
(cd "$root/demo-tv" && tar cf - --exclude=.millrace --exclude=simulator/src .) | tar xf - -C "$work/demo-tv"
sed -i "s/clock: realtime/clock: simulated/; s/^        start: -5m\$/        start: $(date -u +%F)T00:00:00Z\n        rate: max\n        count: $events/" \
  "$work/demo-tv/pipeline.yaml"

began=$(date +%s.%N)
since() { awk -v a="$began" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }'; }
"$root/millrace" run "$work/demo-tv" --detach
status() { "$root/millrace" status "$work/demo-tv" -o json; }
field() { status | tr -d '\n' | sed "s/.*\"name\" : \"$1\",[^}]*\"$2\" : \"\{0,1\}\([^\",]*\).*/\1/"; }
until status | grep -q '"drained" : true'; do sleep 1; done
echo
echo "drained after $(since) s: $events events and more (duplicates)"
grep -E 'rows in|ended' "$work/demo-tv/.millrace/run.log"

echo
echo "CPU seconds by process:"
hz=$(getconf CLK_TCK)
# Elasticsearch's own process is the child of its launcher.
tree() { echo "$1"; for child in $(pgrep -P "$1"); do tree "$child"; done; }
for name in kafka connect registry elasticsearch tv-mysql tv-catalogue tv-mqtt simulator fleet weather-api spark-tv; do
  for pid in $(tree "$(field "$name" pid)"); do cat "/proc/$pid/stat" 2>/dev/null || true; done |
    awk -v hz="$hz" -v name="$name" '{ ticks += $14 + $15 } END { printf "  %-14s %6.1f\n", name, ticks / hz }'
done

echo
java -cp "$root/demo-tv/simulator/target/lib/*" dev.millrace.demo.tv.Truth \
  --bootstrap-servers "$(field kafka endpoint)" --registry "$(field registry endpoint)" \
  --elasticsearch "$(field elasticsearch endpoint)" \
  --database-url-file "$work/demo-tv/.millrace/secrets/tv-mysql/url"
