# Edits of each class by the command, pause and resume. Sourced by e2e/run.
# shellcheck shell=bash disable=SC2034,SC2154 # what e2e/run and the other steps set and use
step edits "edits by the command"
more_time
millrace plan "$out/demo-tv" | grep -q 'nothing to do' || { millrace plan "$out/demo-tv" >&2; die "a plan of what was applied has something to do"; }
before=$(driver)
kubectl -n "$demo" label pipeline/tv e2e=yes >/dev/null
sed -i 's/index: tv-show-views }/index: tv-show-views, refresh: 2s }/' "$out/demo-tv/pipeline.yaml"
sed -i 's/^    - { name: show-views, .*/&\n    - { name: copies, from: show_views, elasticsearch: { index: tv-copies } }/' "$out/demo-tv/pipeline.yaml"
apply >"$out/logs/in-place.txt"
[[ $(driver) == "$before" ]] || die "a label, an index's refresh and a sink more have started the driver again"
as_many() { [[ $(counted tv-copies) == "$(counted tv-show-views)" ]]; }
until_true "as many documents in the sink that was added" as_many
echo "  a label, in-place, a sink more ($(counted tv-copies) documents in it): the same driver"
sed -i 's/v\.channel_id,/v.channel_id,\n       v.ended_by,/' "$out/demo-tv/sql/show_views.sql"
apply >"$out/logs/restart.txt"
another_driver || die "a column more has not started the driver again"
echo "  restart: another driver, ready"
sed -i 's/count(\*) AS views/count(*) AS views, max(seconds) AS longest/' "$out/demo-tv/sql/viewing_minutes.sql"
! apply >"$out/logs/refused.txt" 2>&1 || die "a change that loses state was applied without consent"
grep -q 'needs consent: --allow state-loss' "$out/logs/refused.txt" || { cat "$out/logs/refused.txt" >&2; die "it was refused for another reason"; }
apply --allow state-loss >"$out/logs/state-loss.txt"
echo "  state-loss: refused, then agreed to"
millrace pause tv >/dev/null
until_true "no driver while it is paused" bash -c "[[ -z \$(kubectl -n '$demo' get pods -l spark-role=driver -o name) ]]"
millrace resume tv >/dev/null
before=''
until_true "a driver after it was resumed" another_driver
until_true "ready after it was resumed" ready
equal
echo "  paused and resumed; $(grep '^EQUAL' "$out/logs/truth.txt")"
