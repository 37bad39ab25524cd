#!/bin/sh
# Usage: kernel_symbols_test.sh OBJECT...
# The kernel files are compiled for newer CPUs than the rest. A function that the linker may share
# between objects (nm: W) could carry their instructions into the whole program: they define none.
checked=0
for object in "$@"; do
  case "$object" in
    *lanes_avx2.cc.o | *lanes_avx512.cc.o | *sha256_shani.cc.o) ;;
    *) continue ;;
  esac
  checked=$((checked + 1))
  symbols=$(nm -C --defined-only "$object") || exit 1
  if shared=$(printf '%s\n' "$symbols" | grep ' W '); then
    printf '%s defines shared functions:\n%s\n' "$object" "$shared"
    exit 1
  fi
done
if [ "$checked" -ne 3 ]; then
  echo "expected 3 kernel objects, got $checked"
  exit 1
fi
