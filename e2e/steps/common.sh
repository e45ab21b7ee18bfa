# What the steps of e2e/run share. Sourced.
# shellcheck shell=bash disable=SC2034,SC2154 # what e2e/run and the other steps set and use

conditions=$out/logs/conditions.txt
deadline=$((SECONDS + minutes * 60))
# The time that a step may take begins anew.
more_time() { deadline=$((SECONDS + minutes * 60)); }

# until_true WHAT COMMAND...
until_true() {
  local what=$1
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || die "$what: not within $minutes minutes"
    sleep 1
  done
}

# --- Status, as it was told over time ---------------------------------------------

# Every change of the pipeline's status with the time, in logs/conditions.txt. Ends with its process group.
watch_status() {
  : >"$conditions"
  # shellcheck disable=SC2016 # for the shell in its group
  setsid bash -c 'while true; do
      kubectl -n "$1" get pipeline tv --watch -o "jsonpath={range .status.conditions[*]}{.type}={.status}({.reason}) {end}{range .status.components[?(@.state!=\"ready\")]}{.name}:{.state} {end}{\"\\n\"}" 2>/dev/null |
        while read -r line; do printf "%s %s\n" "$(date -u +%H:%M:%S)" "$line"; done
      sleep 1
    done' watch "$demo" >>"$conditions" 2>/dev/null &
  watcher=$!
}
mark() { printf '%s -- %s\n' "$(date -u +%H:%M:%S)" "$*" >>"$conditions"; }
# told LINE PATTERN: whether since that line the status was not Ready, and named what
told() { tail -n "+$(($1 + 1))" "$conditions" | grep -E 'Ready=(False|Unknown)' | grep -Eq -- "$2"; }

# --- The command, as on a laptop -------------------------------------------------------

millrace() { MILLRACE_BUILD=never "$root/millrace" "$@" --kubeconfig "$KUBECONFIG" -n "$demo"; }
apply() {
  local hash
  hash=$(millrace plan "$out/demo-tv" -o json | sed -n 's/^  "hash" : "\(.*\)",$/\1/p')
  millrace apply "$out/demo-tv" --plan "$hash" --timeout "${minutes}m" "$@"
}
ready() { millrace status tv | grep -q '^pipeline tv: ready'; }
driver() { kubectl -n "$demo" get pods -l spark-role=driver --field-selector=status.phase=Running -o 'jsonpath={.items[*].metadata.uid}'; }
another_driver() { [[ -n $(driver) && $(driver) != "$before" ]]; }

# --- What the stack's parts say, asked from within a pod -----------------------------------

# inside HOST PORT PATH: the body
inside() {
  # shellcheck disable=SC2016 # for the pod's shell
  kubectl -n "$demo" exec stack-kafka-0 -c kafka -- bash -c '
    exec 3<>"/dev/tcp/$1/$2"
    printf "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n" "$3" "$1" >&3
    body=
    while IFS= read -r line || [[ -n $line ]]; do
      if [[ $body ]]; then printf "%s\n" "$line"; elif [[ $line == $'"'\\r'"' ]]; then body=1; fi
    done <&3' inside "$@" </dev/null
}
# Names of what there is in each backend, a line each, begun with its kind.
backends() {
  # As the broker has them on its disk; what it is about to delete there is gone for everybody else.
  kubectl -n "$demo" exec stack-kafka-0 -c kafka -- ls /var/lib/millrace/kafka </dev/null |
    awk -v p="$demo." 'index($0, p) == 1 && !/-delete$/ { sub(/-[0-9]+$/, ""); print "topic " $0 }' | sort -u
  inside stack-registry 8080 /apis/ccompat/v7/subjects | tr -d '[]" \n' | tr , '\n' | awk NF | sed 's/^/subject /'
  inside stack-connect 8083 /connectors | tr -d '[]" \n' | tr , '\n' | awk NF | sed 's/^/connector /'
  inside stack-elasticsearch 9200 '/_cat/indices?h=index' | awk '/^tv-/ { print "index " $0 }' | sort
  inside stack-elasticsearch 9200 '/_cat/templates/tv-*?h=name' | awk '/^tv-/ { print "template " $0 }' | sort
  kubectl -n "$demo" get sparkapplications,configmaps,services,pods -l app.kubernetes.io/managed-by=millrace -o name | sed 's/^/object /'
}
