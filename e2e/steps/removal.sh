# Deletion, with what is to stay and without. Sourced by e2e/run.
# shellcheck shell=bash disable=SC2034,SC2154 # what e2e/run and the other steps set and use
step removal "deletion, with retain and with delete"
more_time
backends >"$out/logs/before-removal.txt"
kubectl -n "$demo" delete pipeline tv --timeout="${minutes}m" >/dev/null
backends >"$out/logs/retained.txt"
grep -E "^(topic|subject|index|template|object configmap/tv-plan)[ -]" "$out/logs/before-removal.txt" >"$out/logs/expected.txt"
diff "$out/logs/expected.txt" "$out/logs/retained.txt" >&2 || die "retain: something else has stayed than topics, subjects, templates, indices and the plan (logs/before-removal.txt, logs/retained.txt)"
echo "  retain: $(wc -l <"$out/logs/retained.txt") topics, subjects, templates and indices stay, and the plan that names the checkpoints; all else is gone"
sed -i 's/^spec:$/spec:\n  deletionPolicy: delete/' "$out/demo-tv/pipeline.yaml"
kubectl -n "$demo" apply -k "$out/demo-tv" >/dev/null
until_true "ready once more, with what had stayed" ready
equal
kubectl -n "$demo" delete pipeline tv --timeout="${minutes}m" >/dev/null
# The broker takes topics off its disk a moment after they are deleted.
for _ in {1..10}; do
  backends >"$out/logs/removed.txt"
  [[ -s $out/logs/removed.txt ]] || break
  sleep 2
done
[[ ! -s $out/logs/removed.txt ]] || { cat "$out/logs/removed.txt" >&2; die "delete: something has stayed"; }
echo "  delete: nothing stays"
