# A password is nowhere but in its Secret. Sourced by e2e/run.
# shellcheck shell=bash disable=SC2034,SC2154 # what e2e/run and the other steps set and use
step secrets "passwords"
more_time
said=$(mktemp -d)
needles=$said.needles
# Of each Secret that Helm does not keep for itself: passwords, tokens and keys, and a line from the middle of a private key; each as it is
# and as kubectl shows it.
# shellcheck disable=SC2016 # of the template
kubectl -n "$demo" get secrets -o go-template='{{range .items}}{{if ne .type "helm.sh/release.v1"}}{{range $k, $v := .data}}{{$k}} {{$v}}{{"\n"}}{{end}}{{end}}{{end}}' |
  while read -r key value; do
    case $key in
      *password* | *token* | *apiKey* | *secretAccessKey*) base64 -d <<<"$value"; echo; echo "$value" ;;
      *.key) base64 -d <<<"$value" | sed -n 5p; echo "${value:200:60}" ;;
    esac
  done | awk 'length($0) >= 12' | sort -u >"$needles"
[[ -s $needles ]] || die "there is no Secret with a password"

# everything_said: all resources but Secrets, events with them; logs; what Connect and a Spark job answer; process
# lists
# read_pod NAMESPACE POD: its log and its process list, as far as it has come
read_pod() {
  local to=$said/$1-$2 phase
  phase=$(kubectl -n "$1" get pod "$2" -o 'jsonpath={.status.phase}')
  [[ $phase != Pending ]] || return 0
  kubectl -n "$1" logs "$2" --all-containers >"$to.log" 2>/dev/null || return
  # One that has done its work has no process any more.
  [[ $phase == Running ]] || return 0
  # shellcheck disable=SC2016 # for the pod's shell
  kubectl -n "$1" exec "$2" -- bash -c 'for p in /proc/[0-9]*; do tr "\0" " " <"$p/cmdline" || true; echo; done 2>/dev/null' \
    >"$to.processes" 2>/dev/null </dev/null || return
  grep -q '[a-z]' "$to.processes"
}
everything_said() {
  local namespace pod kinds address
  kinds=$(kubectl api-resources --verbs=list --namespaced -o name | grep -v '^secrets$' | paste -sd,)
  for namespace in "$demo" "$system"; do
    kubectl -n "$namespace" get "$kinds" -o yaml --show-managed-fields --ignore-not-found >"$said/$namespace.yaml" 2>/dev/null
    for pod in $(kubectl -n "$namespace" get pods -o 'jsonpath={.items[*].metadata.name}'); do
      # What cannot be read has not been searched. A pod that has gone meanwhile has nothing more to say, and one that comes or goes
      # is looked at twice.
      read_pod "$namespace" "$pod" || { sleep 5; read_pod "$namespace" "$pod"; } ||
        ! kubectl -n "$namespace" get pod "$pod" >/dev/null 2>&1 ||
        die "pod $pod in $namespace: its log or its processes cannot be read, and so not be searched"
    done
  done
  inside stack-connect 8083 '/connectors?expand=info&expand=status' >"$said/connect.json"
  grep -q "$demo.tv.tv_db" "$said/connect.json" || die "Connect does not answer with its connectors"
  address=$(kubectl -n "$demo" get pods -l spark-role=driver --field-selector=status.phase=Running -o 'jsonpath={.items[0].status.podIP}')
  # Its jobs serve no page of Spark's own; their configuration is in ConfigMaps.
  inside "$address" 4041 /status >"$said/job.json"
  grep -q '"queries"' "$said/job.json" || die "the Spark job's status does not answer"
}
everything_said
found=$(grep -rlFf "$needles" "$said" || true)
[[ -z $found ]] || { printf '%s\n' "$found" >&2; cp -r "$said" "$out/logs/said"; die "a Secret's value is in these (kept in logs/said)"; }
echo "  $(wc -l <"$needles") values looked for in $(find "$said" -type f | wc -l) files of $(du -sh "$said" | cut -f1): none found"
# The search itself: it must find one that is there, in a resource, in a log and in a process list.
value=$(head -n 1 "$needles")
kubectl -n "$demo" create configmap planted --from-literal=it="$value" >/dev/null
# shellcheck disable=SC2016 # for the pod's shell
kubectl -n "$demo" exec stack-registry-0 -- bash -c 'echo "$1" >/proc/1/fd/1; (exec -a "$1" sleep 120 >/dev/null 2>&1 &)' - "$value" </dev/null
everything_said
kubectl -n "$demo" delete configmap planted >/dev/null
found=$(grep -rlFf "$needles" "$said" | sort || true)
expected=$(printf '%s\n' "$said/$demo.yaml" "$said/$demo-stack-registry-0.log" "$said/$demo-stack-registry-0.processes" | sort)
[[ $found == "$expected" ]] || { printf '%s\n' "$found" >&2; die "a password was put into a ConfigMap, a log and a process list; found in the above"; }
rm -rf "$said" "$needles"
echo "  put into a ConfigMap, a log and a process list, it is found there"
