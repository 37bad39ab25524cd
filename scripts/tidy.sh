#!/usr/bin/env bash
# clang-tidy 14 over our sources, with the compile commands of the clang preset.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -f build/clang/compile_commands.json ] || cmake --preset clang >/dev/null
cmake --build --preset clang --target flatkv_proto >/dev/null
git ls-files 'flatkv/*.cc' 'server/*.cc' 'config/*.cc' 'cli/*.cc' 'bench/*.cc' |
  xargs -r -P "$(nproc)" -n 4 clang-tidy-14 -p build/clang --quiet
