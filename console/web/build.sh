#!/bin/sh
# Bundles the page's script into the directory given, when its sources or its lock file have changed.
set -eu
out=$1
cd "$(dirname "$0")"
if [ -f "$out/app.js" ] && [ -z "$(find package-lock.json src -newer "$out/app.js" -print -quit)" ]; then
  exit 0
fi
command -v npm >/dev/null 2>&1 || { echo "console: npm is missing; the page is built with Node 20" >&2; exit 1; }
if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  npm ci --no-audit --no-fund --loglevel=error
fi
npm test --silent
npm run --silent build
mkdir -p "$out"
cp dist/app.js "$out/app.js"
