#!/bin/sh
# What the console costs while DIR runs, with 0, 1 and 3 pages open (headless Chromium): CPU of its threads as a share of one
# core, and how often it asks backends.
#
#   console/cost.sh DIR [SECONDS] [PLACE]      such as: console/cost.sh demo-tv 60 '#/dashboards'
set -eu
cd "$(dirname "$0")/.."
dir=$1 seconds=${2:-60} place=${3:-#/graph}
page=$(MILLRACE_BUILD=never ./millrace status "$dir" -o json | node -p 'JSON.parse(require("fs").readFileSync(0)).page')
profiles=$(mktemp -d)
browsers=
trap 'for b in $browsers; do kill "$b" 2>/dev/null || true; done; sleep 1; rm -rf "$profiles"' EXIT
trap 'exit 1' INT TERM
cost() { curl -sf "${page}api/cost"; }
printf '%-6s %-14s %10s %12s %12s %12s\n' pages place 'CPU %' 'requests/s' 'searches/s' 'Kafka/s'
for pages in 0 1 3; do
  while [ "$(echo "$browsers" | wc -w)" -lt "$pages" ]; do
    n=$(echo "$browsers" | wc -w)
    chromium --headless=new --no-sandbox --disable-gpu --user-data-dir="$profiles/$n" --remote-debugging-port=0 "$page$place" >/dev/null 2>&1 &
    browsers="$browsers $!"
    sleep 10 # Until it is drawn: the first drawing is no idle cost.
  done
  before=$(cost)
  sleep "$seconds"
  after=$(cost)
  node -e '
    const [pages, place, seconds, a, b] = process.argv.slice(1);
    const [x, y] = [JSON.parse(a), JSON.parse(b)];
    const per = (of) => ((y[of] - x[of] - (of === "requests" ? 1 : 0)) / seconds).toFixed(2).padStart(12);
    console.log(pages.padEnd(6), place.padEnd(14), ((y.cpuMs - x.cpuMs) / seconds / 10).toFixed(2).padStart(10), per("requests"), per("searches"), per("kafkaQuestions"));
  ' "$pages" "$place" "$seconds" "$before" "$after"
done
