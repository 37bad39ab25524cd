#!/usr/bin/env bash
# Installs the Debian 12 packages that building and testing need. Does nothing, and needs no network, when all are there.
#   scripts/install-deps.sh          what make build, run and test need
#   scripts/install-deps.sh --all    what scripts/check.sh needs as well (clang, sanitizers, format, coverage)
#   scripts/install-deps.sh --list   print the packages of the first kind
set -euo pipefail

build_packages=(
  build-essential cmake ninja-build pkg-config ccache git ca-certificates python3
  libleveldb-dev libsnappy-dev libssl-dev libjemalloc-dev libsodium-dev libxxhash-dev libzstd-dev zlib1g-dev libabsl-dev
  libboost-context-dev
  libprotobuf-dev protobuf-compiler libgrpc++-dev protobuf-compiler-grpc prometheus-cpp-dev
  libtomlplusplus-dev libcli11-dev libspdlog-dev libfmt-dev nlohmann-json3-dev
  libgtest-dev libgmock-dev libbenchmark-dev
)
check_packages=(clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev gcovr)

packages=("${build_packages[@]}")
case "${1:-}" in
  --list) printf '%s\n' "${build_packages[@]}"; exit 0 ;;
  --all) packages+=("${check_packages[@]}") ;;
  "") ;;
  *) echo "usage: $0 [--all | --list]" >&2; exit 2 ;;
esac

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
  echo "missing packages: ${missing[*]}" >&2
  echo "FlatKV builds on Debian 12; install their equivalents by hand" >&2
  exit 1
fi
sudo=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "run as root: apt-get install ${missing[*]}" >&2; exit 1; }
  sudo=(sudo)
fi
echo "installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${sudo[@]}" apt-get update -qq
"${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
