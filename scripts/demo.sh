#!/usr/bin/env bash
# Starts flatkvd, commits the sample change log, compares every root with the golden ones, and keeps serving.
# `make run` calls it after the build.
#
#   FLATKV_RUN_DIR   directory of the store, its socket and its log [./run]
#   FLATKV_PORT      TCP port on 127.0.0.1 [7450]; a free one is taken if it is in use
#   FLATKV_BIN_DIR   where flatkvd and flatkv are [build/release/bin]
#   FLATKV_DEMO_EXIT=1   stop the daemon after the demo
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
run_dir=${FLATKV_RUN_DIR:-$root/run}
port=${FLATKV_PORT:-7450}
bin_dir=${FLATKV_BIN_DIR:-$root/build/release/bin}
demo_exit=${FLATKV_DEMO_EXIT:-0}
change_log=$root/tests/data/ethereum-changelog.jsonl
start_seconds=60
# The rest of the environment is the daemon's configuration.
unset FLATKV_RUN_DIR FLATKV_PORT FLATKV_BIN_DIR FLATKV_DEMO_EXIT FLATKV_ADDRESS

say() { printf '%s\n' "$*"; }
fail() {
  printf 'demo: %s\n' "$*" >&2
  exit 1
}

for program in flatkvd flatkv; do
  [ -x "$bin_dir/$program" ] || fail "$bin_dir/$program: not built; run make build first"
done
mkdir -p "$run_dir"
run_dir=$(cd "$run_dir" && pwd)
socket=$run_dir/flatkvd.sock
log=$run_dir/flatkvd.log
announced=$run_dir/flatkvd.out
[ ${#socket} -le 107 ] || fail "$socket: too long for a Unix socket; set FLATKV_RUN_DIR to a shorter directory"

if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
  say "Port $port is in use; taking a free one (FLATKV_PORT=N chooses another)."
  port=0
fi

: >"$announced"  # what an earlier run announced must not be taken for this one's
# The daemon gets a session of its own: Ctrl-C reaches this script, which then stops the daemon in order.
setsid "$bin_dir/flatkvd" --home "$run_dir" --listen "unix:$socket" --listen "127.0.0.1:$port" \
  >"$announced" 2>"$log" &
daemon=$!

stop() {
  trap '' INT TERM
  kill -TERM "$daemon" 2>/dev/null || true
  local code=0
  wait "$daemon" || code=$?
  trap - EXIT
  if [ "$code" -ne 0 ]; then
    say "flatkvd stopped with exit code $code; its log: $log" >&2
    exit "$code"
  fi
  say "flatkvd stopped; the store stays in $run_dir/flatkv and the next run goes on with it."
  exit 0
}
trap stop INT TERM
# Whatever goes wrong in between, no daemon is left behind.
trap 'kill -TERM "$daemon" 2>/dev/null || true' EXIT

for ((tenth = 0; ; ++tenth)); do
  [ "$(grep -c '^flatkvd: serving on' "$announced" || true)" -ge 2 ] && break
  if ! kill -0 "$daemon" 2>/dev/null; then
    code=0
    wait "$daemon" || code=$?
    tail -n 5 "$log" >&2
    fail "flatkvd ended with exit code $code before it served; its log: $log"
  fi
  [ "$tenth" -lt $((start_seconds * 10)) ] || fail "flatkvd does not serve after $start_seconds s; its log: $log"
  sleep 0.1
done
cat "$announced"
address=unix:$socket

# An existing store, or FLATKV_STORE_SUITE, decides which golden roots apply.
suite=$("$bin_dir/flatkv" status --json --address "$address" | sed -n 's/.*"suite":"\([a-z0-9]*\)".*/\1/p')
roots=$root/tests/data/ethereum.$suite.roots

say ""
say "Committing the sample change log (mainnet genesis and transactions of three blocks), comparing all roots:"
"$bin_dir/flatkv" replay "$change_log" --expect-roots "$roots" --every 50 --address "$address"

say ""
"$bin_dir/flatkv" status --address "$address"

if [ "$demo_exit" = 1 ]; then
  say ""
  stop
fi
tcp=$(sed -n 's/^flatkvd: serving on \(127\.0\.0\.1:[0-9]*\).*/\1/p' "$announced" | head -n 1)
say ""
say "Serving on $address and $tcp; log: $log. Try, in another terminal:"
say "  $bin_dir/flatkv status --address $tcp"
say "  $bin_dir/flatkv iterate bank --limit 5 --address $tcp"
say "Ctrl-C stops the daemon."
code=0
wait "$daemon" || code=$?
fail "flatkvd ended by itself with exit code $code; its log: $log"
