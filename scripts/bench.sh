#!/usr/bin/env bash
# The figures of docs/performance.md: commit benchmark for both suites and sync policies, each repeated, and the kernels.
#   scripts/bench.sh [DIRECTORY] [REPEATS]
set -euo pipefail
cd "$(dirname "$0")/.."
home=${1:-$(mktemp -d)}
repeats=${2:-3}
bin=build/release/bin
for suite in sha256 blake3; do
  for sync in off always; do
    for _ in $(seq "$repeats"); do
      "$bin/flatkv-bench" commit --home "$home/bench" --suite "$suite" --sync "$sync" \
        --rows 1000000 --updates 10000 --blocks 200 --new 0.5 --dist uniform
      echo
    done
  done
done
"$bin/lthash_bench" --benchmark_min_time=0.5
"$bin/engine_write_bench"
"$bin/wal_bench" --benchmark_min_time=0.5
