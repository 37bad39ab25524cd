#!/usr/bin/env python3
"""Fails when a file breaks a rule that the compiler cannot see.

- A folder includes only folders below it (docs/architecture.md, "Layers").
- A third-party header appears only in the folder that wraps it.
- System calls on files appear only in flatkv/fs/posix_file_system.cc.
- Every .cc belongs to a CMake target.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

ALLOWED = {
    "flatkv/base": set(),
    "flatkv/fs": {"flatkv/base"},
    "flatkv/codec": {"flatkv/base"},
    "flatkv/lthash": {"flatkv/base"},
    "flatkv/cache": {"flatkv/base", "flatkv/codec"},
    "flatkv/filter": {"flatkv/base", "flatkv/codec", "flatkv/fs"},
    "flatkv/engine": {"flatkv/base", "flatkv/fs"},
    "flatkv/wal": {"flatkv/base", "flatkv/fs"},
    "flatkv/snapshot": {"flatkv/base", "flatkv/fs", "flatkv/codec"},
    "flatkv/archive": {"flatkv/base", "flatkv/fs", "flatkv/codec", "flatkv/lthash", "flatkv/snapshot"},
    "flatkv/store": {"flatkv/base", "flatkv/fs", "flatkv/codec", "flatkv/lthash", "flatkv/cache", "flatkv/filter",
                     "flatkv/engine", "flatkv/wal", "flatkv/snapshot", "flatkv/archive"},
    "flatkv/sei": {"flatkv/base", "flatkv/fs", "flatkv/codec", "flatkv/lthash", "flatkv/snapshot", "flatkv/archive"},
    # Thin layers on top: the store's public API, and what it speaks.
    "config": {"flatkv/base", "flatkv/fs", "flatkv/store", "flatkv/wal"},
    "server": {"flatkv/base", "flatkv/codec", "flatkv/fs", "flatkv/archive", "flatkv/store", "flatkv/lthash", "config"},
    "cli": {"flatkv/base", "flatkv/codec", "flatkv/fs", "flatkv/archive", "flatkv/sei", "flatkv/store", "flatkv/lthash", "flatkv/wal", "config",
            "server"},
    "bench": {"flatkv/base", "flatkv/codec", "flatkv/fs", "flatkv/lthash", "flatkv/cache", "flatkv/engine", "flatkv/wal",
              "flatkv/store", "config", "cli"},
}
# The only public headers of the store: what the layers above may include.
STORE_API = {"flatkv/store/archive_source.h", "flatkv/store/backup.h", "flatkv/store/compare.h",
             "flatkv/store/compare_side.h", "flatkv/store/range_digest.h", "flatkv/store/restore.h",
             "flatkv/store/state_reader.h", "flatkv/store/state_sums.h", "flatkv/store/store.h",
             "flatkv/store/store_admin.h", "flatkv/store/store_import.h", "flatkv/store/store_options.h"}

THIRD_PARTY = {
    r"boost/": {"flatkv/fs"},
    r"leveldb/": {"flatkv/engine", "cli"},
    r"absl/status/": {"flatkv/base"},
    r"absl/": {"flatkv/base", "flatkv/store"},
    r"grpcpp/": {"server", "cli", "bench"},
    r"google/protobuf/": {"server", "cli"},
    r"prometheus/": {"server"},
    r"zstd\.h": {"flatkv/archive"},
    r"zlib\.h": {"flatkv/sei"},
    r"sodium": {"flatkv/cache"},
    r"toml\+\+/": {"config"},
    r"CLI/": {"server", "cli", "bench"},
    r"spdlog/": {"server"},
    r"openssl/": {"flatkv/base", "flatkv/lthash", "flatkv/store", "cli"},
}
FILE_CALLS = re.compile(r"\b(fsync|fdatasync|renameat2?|unlinkat?|mkdirat?|symlinkat?|linkat?|ftruncate|fopen)\s*\("
                        r"|std::(if|of|f)stream\b|std::filesystem::")
# Folders whose every file operation belongs to the store and must go through the seam.
SEAM = ("flatkv/",)
SEAM_EXEMPT = {"flatkv/fs/posix_file_system.cc"}


def layer_of(path):
    for layer in sorted(ALLOWED, key=len, reverse=True):
        if path.startswith(layer + "/"):
            return layer
    return None


def tracked_files():
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                            capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        return [f for f in listed.stdout.splitlines() if (ROOT / f).exists()]
    return [str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if p.is_file() and "build" not in p.parts]


def check_includes(path, layer, problems):
    for number, line in enumerate((ROOT / path).read_text().splitlines(), 1):
        match = re.match(r'\s*#include\s+[<"]([^>"]+)[>"]', line)
        if match:
            included = match.group(1)
            target = layer_of(included)
            if target and target != layer and target not in ALLOWED[layer]:
                problems.append(f"{path}:{number}: {layer} must not include {included}")
            if target == "flatkv/store" and layer not in ("flatkv/store", "bench") and included not in STORE_API:
                problems.append(f"{path}:{number}: {included} is internal to the store")
            for pattern, layers in THIRD_PARTY.items():
                if re.match(pattern, included):
                    if layer not in layers:
                        problems.append(f"{path}:{number}: {included} belongs in {', '.join(sorted(layers))}")
                    break
        elif path.startswith(SEAM) and path not in SEAM_EXEMPT and not line.lstrip().startswith("//"):
            if FILE_CALLS.search(line):
                problems.append(f"{path}:{number}: file call outside flatkv/fs/posix_file_system.cc: {line.strip()}")


def check_targets(files, problems):
    lists = "\n".join((ROOT / f).read_text() for f in files
                      if f.endswith("CMakeLists.txt") or f.endswith(".cmake"))
    for path in files:
        if path.endswith(".cc") and not re.search(rf"\b{re.escape(pathlib.Path(path).name)}", lists):
            problems.append(f"{path}: no CMake target names it")


def main():
    files = tracked_files()
    problems = []
    checked = 0
    for path in files:
        layer = layer_of(path)
        if layer and path.endswith((".h", ".cc")):
            check_includes(path, layer, problems)
            checked += 1
    check_targets(files, problems)
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"check_layers: {checked} files, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
