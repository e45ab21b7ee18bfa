# demo-tv, with a bounded number of events at a steady rate. Sourced by e2e/run.
# shellcheck shell=bash disable=SC2034,SC2154 # what e2e/run and the other steps set and use
step pipeline "demo-tv with $events events, $rate/s"
rm -rf "$out/demo-tv"
mkdir -p "$out/demo-tv"
(cd "$root/demo-tv" && tar cf - --exclude=.millrace --exclude=simulator --exclude=cluster .) | tar xf - -C "$out/demo-tv"
sed -i "s/clock: realtime/clock: simulated/; s|^        start: -5m\$|        start: $(date -u +%F)T00:00:00Z\n        rate: $rate/s\n        count: $events|" \
  "$out/demo-tv/pipeline.yaml"
kubectl kustomize "$root/demo-tv/cluster" | sed "s|image: .*|image: $prefix/demo-tv:$tag|" | kubectl -n "$demo" apply -f - >/dev/null
kubectl -n "$demo" apply -k "$out/demo-tv" >/dev/null
watch_status
kubectl -n "$demo" wait pipeline/tv --for=condition=Ready --timeout="${minutes}m" >/dev/null || {
  kubectl -n "$demo" get pipeline tv -o jsonpath='{range .status.conditions[*]}{.type}={.status} {.reason} {.message}{"\n"}{end}{range .status.components[?(@.state!="ready")]}{.name}: {.state} {.message}{"\n"}{end}' >&2
  die "pipeline tv is not ready"
}
echo "  Ready after $(passed "$step_began") s"
