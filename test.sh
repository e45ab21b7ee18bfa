#!/usr/bin/env bash
# Builds everything and runs all tests, on real services (no Docker). Installs what the machine lacks and says so.
#
#   ./test.sh            everything
#   ./test.sh -pl MODULE any Maven arguments are passed on
set -euo pipefail
cd "$(dirname "$0")"

say() { printf '\n== %s\n' "$*"; }
install() { # install PACKAGE...: from Debian, saying so
  if [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null; then
    echo "missing: $*. Install them (Debian: apt-get install $*) and run this again." >&2
    exit 1
  fi
  say "installing from Debian: $*"
  local as=(); [ "$(id -u)" = 0 ] || as=(sudo -n)
  "${as[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${as[@]}" apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

missing=()
command -v javac >/dev/null 2>&1 || missing+=(openjdk-17-jdk-headless)
command -v mvn >/dev/null 2>&1 || missing+=(maven)
command -v setpriv >/dev/null 2>&1 || missing+=(util-linux)
# A broker that is none of Millrace's for the MQTT source, and what the how-to publishes with.
command -v mosquitto >/dev/null 2>&1 || [ -x /usr/sbin/mosquitto ] || missing+=(mosquitto)
command -v mosquitto_pub >/dev/null 2>&1 || missing+=(mosquitto-clients)
# PostgreSQL's server is a tar.xz.
command -v xz >/dev/null 2>&1 || missing+=(xz-utils)
# Transforms in Python: PySpark comes from PyPI.
command -v python3 >/dev/null 2>&1 || missing+=(python3)
python3 -m pip --version >/dev/null 2>&1 || missing+=(python3-pip)
# The console's pages are tested in a real browser.
command -v chromium >/dev/null 2>&1 || missing+=(chromium)
command -v chromedriver >/dev/null 2>&1 || missing+=(chromium-driver)
# MariaDB's server is linked against these.
for lib in libaio.so.1 libncurses.so.6 libtinfo.so.6; do
  ldconfig -p 2>/dev/null | grep -q "$lib" || case $lib in
    libaio*) missing+=(libaio1) ;;
    libncurses*) missing+=(libncurses6) ;;
    libtinfo*) missing+=(libtinfo6) ;;
  esac
done
[ ${#missing[@]} = 0 ] || install "${missing[@]}"

say "building and testing (real Kafka, Connect, registry, Elasticsearch, MariaDB, MySQL, PostgreSQL, Mosquitto, Spark; first time downloads about 1 GB)"
exec ./mvnw -P benchmarks verify "$@"
