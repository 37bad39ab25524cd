#!/usr/bin/env python3
"""The figures of docs/performance.md, as its tables: scripts/bench.py [--home DIR] [--repeats N] [GROUP ...]

Needs `make build`. Without groups it runs those that take minutes; `long`, `memory` and `many-rows` take ten, three and four
minutes. Runs of a group follow each other in rounds, so that a machine that gets slower does so for all of them.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

BIN = pathlib.Path(__file__).resolve().parent.parent / "build" / "release" / "bin"

FIVE_MILLION = "--rows 5000000 --updates 10000 --blocks 400"
COMMIT = {
    "commit": [
        ("5 M rows, blake3, always", f"{FIVE_MILLION} --suite blake3 --sync always"),
        ("the same, off", f"{FIVE_MILLION} --suite blake3 --sync off"),
        ("sha256, always", f"{FIVE_MILLION} --suite sha256 --sync always"),
        ("the same, off", f"{FIVE_MILLION} --suite sha256 --sync off"),
        ("nine of ten existing rows from a hot set, blake3, always",
         f"{FIVE_MILLION} --suite blake3 --sync always --hot-share 0.9 --hot-keys 200000"),
        ("all rows cached (`cache.row-bytes=1536MiB`), blake3, always",
         f"{FIVE_MILLION} --suite blake3 --sync always --set cache.row-bytes=1536MiB"),
    ],
    "blocks": [
        (f"1 M rows, blocks of {updates}, {sync}",
         f"--rows 1000000 --updates {updates} --blocks {blocks} --suite blake3 --sync {sync}")
        for updates, blocks in ((1, 20000), (100, 20000), (1000, 3000), (10000, 400)) for sync in ("off", "always")
    ],
    "rows": [
        (f"{rows // 1000000} M rows", f"--rows {rows} --updates 1000 --blocks 3000 --warmup 50 --suite blake3 --sync always")
        for rows in (1000000, 5000000, 20000000)
    ],
    "many-rows": [
        ("50 M rows", "--rows 50000000 --updates 1000 --blocks 3000 --warmup 50 --suite blake3 --sync always"),
    ],
    "overload": [
        ("all rows cached, a minute",
         "--rows 5000000 --updates 10000 --blocks 2500 --suite blake3 --sync off --set cache.row-bytes=2GiB"),
    ],
    "long": [
        ("ten minutes, a snapshot every 200 blocks",
         "--rows 5000000 --updates 10000 --duration 600 --snapshot-every 200 --suite blake3 --sync always --series 60"),
    ],
    "memory": [
        ("a million blocks of 100",
         "--rows 1000000 --updates 100 --new 0 --blocks 1000000 --suite blake3 --sync off --series 60"),
    ],
}
GRPC_UPDATES = (3_000_000, 10_000_000, 20_000_000)
QUICK = ["commit", "blocks", "rows", "overload", "grpc", "restart", "rollback", "limit", "kernels"]


class Bench:
    def __init__(self, home, repeats):
        self.home = pathlib.Path(home) / "bench"
        self.repeats = repeats

    def run(self, command, words):
        argv = [str(BIN / "flatkv-bench"), command, "--home", str(self.home), "--json", *words]
        done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{' '.join(argv)}: exit {done.returncode}")
        return json.loads(done.stdout)

    def rounds(self, command, cases):
        """The results of each case."""
        results = [[] for _ in cases]
        for _ in range(self.repeats):
            for i, (_, words) in enumerate(cases):
                results[i].append(self.run(command, words.split()))
        return results


def row(*cells):
    print("| " + " | ".join(cells) + " |", flush=True)


def head(*cells):
    row(*cells)
    print("|" + "---|" * len(cells))


def each(results, name, form="{:,.0f}"):
    return " / ".join(form.format(result[name]) for result in results)


def print_commit(bench, cases):
    head("", "updates/s", "CPU us an update", "block p50, p99, max ms", "bytes an update", "MiB resident at most, on disk")
    for (label, _), results in zip(cases, bench.rounds("commit", cases)):
        blocks = [result["latency"]["block"] for result in results]
        if any(result.get("snapshots", 0) > 0 for result in results):
            label += f" ({each(results, 'snapshots')} snapshots, {each(results, 'snapshots_failed')} failed)"
        row(label, each(results, "updates_per_second"), each(results, "cpu_us_per_update", "{:.1f}"),
            " / ".join(f"{b['p50_ms']:.3g}, {b['p99_ms']:.3g}, {b['max_ms']:.3g}" for b in blocks),
            each(results, "bytes_written_per_update"),
            f"{each(results, 'resident_mib_peak')}; {each(results, 'disk_mib')}")
        for result in results:
            for point in result.get("series", []):
                row(f"at {point['at_s']} s", f"{point['updates_per_second']:,.0f}", "",
                    f"p99 {point['p99_ms']:.3g}, max {point['max_ms']:.3g}", "", "")


def print_grpc(bench):
    head("updates a block, in all", "", "updates/s", "ms a block", "longer than in process", "CPU us an update, store and client",
         "MiB left to compact")
    daemon = f"--flatkvd {BIN / 'flatkvd'}"
    for updates in (1000, 10000):
        for total in GRPC_UPDATES:
            work = (f"--rows 1000000 --updates {updates} --blocks {total // updates} --suite blake3 --sync off "
                    "--generate before")
            cases = [("in process", work), ("unix, unary", f"{work} {daemon} --rpc unary"),
                     ("unix, stream", f"{work} {daemon} --rpc stream")]
            all_results = bench.rounds("commit", cases)
            times = [statistics.median(updates * 1e3 / r["updates_per_second"] for r in results) for results in all_results]
            for (label, _), results, ms in zip(cases, all_results, times):
                client = (", " + each(results, "client_cpu_us_per_update", "{:.2f}")
                          if "client_cpu_us_per_update" in results[0] else "")
                row(f"{updates:,}, {total // 1_000_000} M", label, each(results, "updates_per_second"), f"{ms:.3g}",
                    f"{ms / times[0] - 1:.1%}", each(results, "cpu_us_per_update", "{:.1f}") + client,
                    each(results, "compaction_debt_mib"))


def print_restart(bench):
    head("", "updates/s replayed", "committed", "until open")
    for label, words in (("5 M rows, 100 blocks of 10,000, blake3", "--rows 5000000 --blocks 100 --suite blake3"),
                         ("the same, sha256", "--rows 5000000 --blocks 100 --suite sha256"),
                         ("1 M rows, 20,000 blocks of 100, blake3", "--rows 1000000 --updates 100 --blocks 20000 --suite blake3")):
        result = bench.run("restart", f"{words} --repeats {bench.repeats}".split())
        replayed, committed = result["replay_updates_per_second"], result["commit_updates_per_second"]
        row(label, f"{replayed:,.0f} ({replayed / committed:.1f} times)", f"{committed:,.0f}", f"{result['open_ms']:,.0f} ms")


def print_text(command, cases, home):
    for words in cases:
        subprocess.run([str(BIN / "flatkv-bench"), command, "--home", str(home), *words.split()], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", help="a directory on the disk to measure; default: a temporary one")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join([*COMMIT, "grpc", "restart", "rollback", "limit", "kernels"]))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.home) as home:
        bench = Bench(home, options.repeats)
        for group in options.groups or QUICK:
            print(f"\n{group}", flush=True)
            if group in COMMIT:
                print_commit(bench, COMMIT[group])
            elif group == "grpc":
                print_grpc(bench)
            elif group == "restart":
                print_restart(bench)
            elif group == "rollback":
                print_text("rollback", [f"--suite blake3 --rows {rows}" for rows in (1000000, 4000000)], bench.home)
            elif group == "limit":
                print_text("limit", ["--suite blake3", "--suite sha256"], bench.home)
            elif group == "kernels":
                for name in ("lthash_bench", "wal_bench", "engine_write_bench"):
                    subprocess.run([str(BIN / name)], check=True)
            else:
                parser.error(f"there is no group {group}")


if __name__ == "__main__":
    main()
