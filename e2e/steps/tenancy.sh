# What one team's pipeline can reach of another's, with the chart's roles. Sourced by e2e/run.
# shellcheck shell=bash disable=SC2034,SC2154 # what e2e/run and the other steps set and use
step tenancy "a second namespace"
more_time
account=system:serviceaccount:$system:millrace
for may in "list secrets" "list configmaps" "get pods"; do
  # shellcheck disable=SC2086 # two words
  kubectl -n "$demo" auth can-i $may --as="$account" >/dev/null || die "the operator may not $may in a namespace of its own"
  ! kubectl -n kube-system auth can-i $may --as="$account" >/dev/null 2>&1 || die "the operator may $may in a namespace that is not its own"
done
kubectl -n "$other" apply -k "$out/demo-tv" >/dev/null
unresolved() { [[ $(kubectl -n "$other" get pipeline tv -o 'jsonpath={.status.conditions[?(@.type=="ResolvedRefs")].message}') == *"$1"* ]]; }
until_true "a pipeline without a Platform of its own namespace says so" unresolved default
# With a Platform: the database's Secret is in the other namespace, and stays there.
kubectl -n "$other" apply -f - >/dev/null <<PLATFORM
apiVersion: millrace.dev/v1alpha1
kind: Platform
metadata: { name: default }
spec:
  kafka: { bootstrapServers: "stack-kafka.$demo.svc:9092" }
  schemaRegistry: { url: "http://stack-registry.$demo.svc:8080/apis/ccompat/v7" }
  connect: { url: "http://stack-connect.$demo.svc:8083" }
  elasticsearch: { url: "http://stack-elasticsearch.$demo.svc:9200" }
  spark: { checkpointDir: "file:///tmp" }
PLATFORM
until_true "a pipeline whose Secret is in another namespace says so" unresolved tv-mysql
! backends | grep "^connector $other.tv.tv_db" >&2 || die "it reads the database all the same"
kubectl -n "$other" delete pipelines,platforms --all --timeout=60s >/dev/null
echo "  neither Platform nor Secret of $demo serve a pipeline of $other"
