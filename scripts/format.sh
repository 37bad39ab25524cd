#!/usr/bin/env bash
# Formats every C++ file with clang-format 14; with --check only says which are not.
set -euo pipefail
cd "$(dirname "$0")/.."
mode=(-i)
[ "${1:-}" = --check ] && mode=(--dry-run --Werror)
git ls-files --cached --others --exclude-standard '*.h' '*.cc' | xargs -r clang-format-14 "${mode[@]}"
