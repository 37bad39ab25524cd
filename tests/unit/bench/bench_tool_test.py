#!/usr/bin/env python3
"""flatkv-bench from outside: every subcommand once, small; its JSON; and that it touches nothing of others.

    python3 -B tests/unit/bench/bench_tool_test.py --bin-dir build/release/bin
"""

import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "integration"))

import harness  # noqa: E402
from harness import COMMAND_SECONDS, DaemonTestCase, clean_environment, tree_digest  # noqa: E402

SMALL = ("--rows", "2000", "--updates", "100")
SMALL_RUN = (*SMALL, "--blocks", "6", "--warmup", "1")


class BenchToolTest(DaemonTestCase):

    def setUp(self):
        super().setUp()
        self.home = self.directory / "bench"
        self.bin = harness._bin_dir

    def bench(self, *words, env=None):
        return subprocess.run([str(self.bin / "flatkv-bench"), *map(str, words)], env=clean_environment(env), text=True,
                              capture_output=True, timeout=COMMAND_SECONDS, check=False)

    def bench_ok(self, *words, env=None):
        """Runs once for text and once for JSON; the home is gone afterwards. Returns the JSON."""
        text = self.bench(*words, env=env)
        self.assertEqual(text.returncode, 0, text.stderr)
        self.assertNotEqual(text.stdout, "")
        self.assertFalse(self.home.exists())
        return self.bench_json(*words, env=env)

    def bench_json(self, *words, env=None):
        result = self.bench(*words, "--json", env=env)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertFalse(self.home.exists())
        self.assertEqual(result.stdout.count("\n"), 1)
        return json.loads(result.stdout, parse_constant=lambda name: self.fail(f"{name} is no JSON"))

    def bench_fails(self, code, *words):
        result = self.bench(*words)
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertNotEqual(result.stderr, "")
        return result.stderr

    def test_commit_prints_every_figure(self):
        result = self.bench_ok("commit", "--home", self.home, *SMALL_RUN, "--series", "1", "--sync", "always")
        self.assertEqual(result["command"], "commit")
        self.assertEqual((result["blocks"], result["updates"], result["version"]), (6, 600, 8))
        for name in ("updates_per_second", "updates_per_second_drained", "cpu_us_per_update", "resident_mib",
                     "resident_mib_peak", "disk_mib", "distinct_share"):
            self.assertGreater(result[name], 0, name)
        self.assertGreaterEqual(result["bytes_written_per_update"], 0)
        self.assertEqual((result["level0_tables"], result["compaction_debt_mib"]), (0, 0))
        for phase in ("block", "classify", "rows", "log", "sync", "publish", "wait"):
            summary = result["latency"][phase]
            self.assertLessEqual(summary["p50_ms"], summary["p99_ms"])
            self.assertLessEqual(summary["p99_ms"], summary["max_ms"])
        self.assertEqual(sum(point["blocks"] for point in result["series"]), 6)
        self.assertEqual(result["settings"]["wal.sync"], "always")

    def test_a_run_can_last_a_time_instead_of_a_number_of_blocks(self):
        result = self.bench_json("commit", "--home", self.home, *SMALL, "--warmup", "0", "--duration", "1")
        self.assertGreater(result["blocks"], 0)

    def test_many_small_blocks_stay_within_the_memory_budgets(self):
        if "libasan" in (pathlib.Path(self.bin) / "flatkv-bench").read_bytes().decode("latin-1"):
            self.skipTest("a sanitizer's own memory grows with ours")
        budgets = {"cache.row-bytes": 32, "cache.block-bytes": 32, "cache.filter-bytes": 16, "store.overlay-bytes": 32,
                   "engine.write-buffer-bytes": 4}
        settings = [word for key, mib in budgets.items() for word in ("--set", f"{key}={mib}MiB")]
        result = self.bench_json("commit", "--home", self.home, "--rows", "100000", "--updates", "100", "--new", "0",
                                 "--blocks", "30000", "--sync", "off", *settings)
        # Two memtables a data DB, the code DB's a quarter; and what docs/operations.md does not count.
        allowed = sum(budgets.values()) - 4 + 2 * (3 * 4 + 1) + 256
        self.assertLess(result["resident_mib_peak"], allowed)

    def test_every_way_to_commit_a_workload_gives_the_same_root(self):
        mixed = (*SMALL_RUN, "--shape", "mixed", "--dist", "zipf", "--hot-share", "0.3", "--hot-keys", "20", "--delete",
                 "0.1", "--seed", "9")
        roots = {"library": self.bench_json("commit", "--home", self.home, *mixed, "--generate", "thread")["root"]}
        for rpc in ("unary", "stream"):
            for transport in ("unix", "tcp"):
                result = self.bench_json("commit", "--home", self.home, *mixed, "--flatkvd", self.bin / "flatkvd",
                                         "--rpc", rpc, "--transport", transport, "--window", "3")
                self.assertEqual(result["rpc"], rpc)
                self.assertGreater(result["resident_mib"], 0)
                self.assertLess(result["updates_per_second_drained"], result["updates_per_second"])
                roots[rpc, transport] = result["root"]
        blocks = self.directory / "blocks.pb"
        made = self.bench("generate", "--out", blocks, *mixed[:4], *mixed[8:], "--blocks", "7", "--json")
        self.assertEqual(made.returncode, 0, made.stderr)
        preload = json.loads(made.stdout)["preload_blocks"]
        roots["file"] = self.bench_json("commit", "--home", self.home, "--file", blocks, "--file-preload", preload,
                                        "--warmup", "1")["root"]
        self.assertEqual(set(roots.values()), {roots["library"]}, roots)

    def test_a_running_daemon_is_measured_only_if_its_store_is_empty(self):
        daemon = self.start()
        target = ("commit", "--daemon", daemon.address, *SMALL_RUN)
        first = self.bench_json(*target, "--rpc", "stream")
        self.assertEqual(self.status(daemon)["root"], first["root"])
        self.assertIn("--append", self.bench_fails(1, *target))
        self.assertEqual(self.status(daemon)["version"], 8)
        self.assertEqual(self.bench_json(*target, "--append")["version"], 16)
        self.assertIn("options of its own", self.bench_fails(2, *target, "--append", "--sync", "off"))

    def test_a_daemon_that_does_not_start_says_why(self):
        program = self.bin / "flatkvd"
        self.assertIn("no-such-flatkvd", self.bench_fails(4, "commit", "--home", self.home, *SMALL_RUN, "--flatkvd",
                                                          self.directory / "no-such-flatkvd"))
        long_home = self.directory / ("h" * 100)
        self.assertIn("107", self.bench_fails(1, "commit", "--home", long_home, *SMALL_RUN, "--flatkvd", program))
        self.assertFalse(long_home.exists())

    def test_restart_counts_what_is_replayed(self):
        result = self.bench_json("restart", "--home", self.home, *SMALL_RUN, "--repeats", "2")
        self.assertEqual(len(result["runs"]), 2)
        for run in result["runs"]:
            self.assertGreaterEqual(run["version"], 7)
            self.assertGreaterEqual(run["replayed_versions"], 6)
        self.assertGreater(result["open_ms"], 0)

    def test_restart_of_a_daemon(self):
        result = self.bench_ok("restart", "--home", self.home, *SMALL_RUN, "--repeats", "1", "--flatkvd",
                               self.bin / "flatkvd")
        self.assertEqual(result["runs"][0]["version"], 8)

    def test_rollback(self):
        result = self.bench_ok("rollback", "--home", self.home, *SMALL, "--depth", "3", "--repeats", "1")
        for name in ("snapshot_ms", "undo_ms", "replay_ms", "recent_view_ms"):
            self.assertGreater(result[name], 0, name)
        self.assertIn("undo-depth", self.bench_fails(2, "rollback", "--home", self.home, *SMALL, "--depth", "9",
                                                     "--undo-depth", "5"))

    def test_limit_measures_the_whole_and_every_part(self):
        result = self.bench_ok("limit", "--home", self.home, *SMALL_RUN, "--suite", "blake3")
        parts = result["parts"]
        self.assertGreater(parts["leveldb"]["read_us_per_row_one_thread"], 0)
        self.assertAlmostEqual(parts["leveldb"]["found_share"], 0.5, delta=0.1)
        kinds = {(part["suite"], part["threads"]) for part in parts["hash"]}
        self.assertLessEqual({("sha256", 1), ("sha256", 2), ("blake3", 1), ("blake3", 2)}, kinds)
        self.assertGreater(parts["wal"]["append_synced_ms_per_block"], 0)
        self.assertEqual(len(parts["grpc_echo"]), 4)
        self.assertGreater(result["whole_to_sum_time"], 0)
        self.assertGreater(result["whole_to_sum_cpu"], 0)
        self.assertEqual(result["whole"]["suite"], "blake3")

    def test_files_are_described_and_damage_is_found(self):
        blocks = self.directory / "blocks.pb"
        words = ("generate", "--out", blocks, *SMALL, "--blocks", "3", "--delete", "0.25")
        self.assertEqual(self.bench(*words).returncode, 0)
        content = blocks.read_bytes()
        result = self.bench_json("describe", blocks)
        self.assertEqual((result["versions"], result["updates"], result["removals"]), (4, 2300, 75))
        self.assertIn("exists", self.bench_fails(1, *words))
        self.assertEqual(blocks.read_bytes(), content)
        blocks.write_bytes(content[:-1])
        self.assertIn("cut short", self.bench_fails(6, "describe", blocks))
        self.assertIn("cut short", self.bench_fails(6, "commit", "--home", self.home, "--file", blocks, "--warmup", "0"))
        self.assertFalse(self.home.exists())

    def test_what_is_in_the_home_is_never_touched(self):
        self.home.mkdir()
        (self.home / "flatkv").mkdir()
        (self.home / "flatkv" / "LOCK").write_text("mine")
        before = tree_digest(self.home)
        for command in ("commit", "restart", "rollback", "limit"):
            self.assertIn("not an empty directory", self.bench_fails(1, command, "--home", self.home, *SMALL))
        self.assertEqual(tree_digest(self.home), before)

    def test_a_kept_home_is_a_store(self):
        result = self.bench("commit", "--home", self.home, *SMALL_RUN, "--keep", "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.status(self.home)["root"], json.loads(result.stdout)["root"])

    def test_mistakes_on_the_command_line_exit_with_2(self):
        home = ("--home", self.home)
        self.bench_fails(2)
        self.bench_fails(2, "commit")
        self.bench_fails(2, "commit", *home, "--dist", "normal")
        self.bench_fails(2, "commit", *home, "--new", "0.8", "--delete", "0.3")
        self.assertIn("hot", self.bench_fails(2, "commit", *home, "--hot-share", "0.5"))
        self.assertIn("snyc", self.bench_fails(2, "commit", *home, "--set", "wal.snyc=off"))
        self.assertFalse(self.home.exists())

    def test_help_names_every_command_and_every_command_has_help(self):
        text = self.bench("--help").stdout
        for command in ("commit", "restart", "rollback", "limit", "generate", "describe"):
            self.assertIn(command, text)
            own = self.bench(command, "--help")
            self.assertEqual(own.returncode, 0)
            self.assertIn("--json", own.stdout)


if __name__ == "__main__":
    harness.main()
