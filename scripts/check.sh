#!/usr/bin/env bash
# The gate before a change lands.
#   scripts/check.sh fast    format, layers, release tests
#   scripts/check.sh full    also tidy, and the tests under debug, clang, asan, ubsan, tsan
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=$(nproc)
scripts/install-deps.sh --all
scripts/format.sh --check
python3 scripts/check_layers.py

run_preset() {
  echo "== $1"
  cmake --preset "$1" -DFLATKV_FULL_TESTS=ON >/dev/null
  cmake --build --preset "$1" -j "$jobs"
  ctest --preset "$1" -j "$jobs" "${@:2}"
}

run_preset release
case "${1:-fast}" in
  fast) ;;
  full)
    run_preset debug
    run_preset clang
    scripts/tidy.sh
    run_preset asan
    run_preset ubsan
    # gRPC is not instrumented in Debian: the library's tests only.
    run_preset tsan -LE integration
    ;;
  *) echo "usage: $0 fast|full" >&2; exit 2 ;;
esac
