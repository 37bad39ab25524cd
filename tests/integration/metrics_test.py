#!/usr/bin/env python3
"""The metrics of flatkvd as Prometheus scrapes them, on the real program.

    python3 -B tests/integration/metrics_test.py --bin-dir build/release/bin [TestClass.test_name]
"""

import os
import pathlib
import re
import socket
import time
import urllib.error
import urllib.request

import harness
from harness import DaemonTestCase, StartFailure, Vectors, flatkv

ETHEREUM = Vectors("ethereum", "sha256")
RULES = pathlib.Path(__file__).resolve().parent.parent.parent / "deploy" / "prometheus-rules.yml"
DOCUMENT = RULES.parent.parent / "docs" / "operations.md"


def tcp_listeners(process):
    """The ports on which a process listens."""
    sockets = set()
    for link in pathlib.Path(f"/proc/{process.pid}/fd").iterdir():
        try:
            sockets.add(os.readlink(link))
        except FileNotFoundError:
            pass  # closed meanwhile
    ports = set()
    for table in ("tcp", "tcp6"):
        for line in pathlib.Path(f"/proc/{process.pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                ports.add(int(fields[1].rsplit(":", 1)[1], 16))
    return ports


class MetricsTestCase(DaemonTestCase):
    def url(self, daemon):
        """The line comes after the one that the start waits for."""
        deadline = time.monotonic() + harness.START_SECONDS
        while time.monotonic() < deadline:
            line = re.search(r"^flatkvd: metrics on (http://\S+/metrics)$", daemon.out_path.read_text(), re.MULTILINE)
            if line:
                return line[1]
            time.sleep(0.005)
        self.fail(f"no line of the metrics: {daemon.out_path.read_text()}")

    def serve(self, home="home", env=None, args=()):
        daemon = self.start(home, env=env, args=("--metrics-listen", "127.0.0.1:0", *args,
                                                 "--listen", f"unix:{self.directory}/{home}.sock"))
        return daemon, self.url(daemon)

    def scrape(self, url):
        """Series to value; every one has HELP and TYPE, and comes once."""
        with urllib.request.urlopen(url, timeout=harness.COMMAND_SECONDS) as answer:
            self.assertEqual(answer.status, 200)
            self.assertTrue(answer.headers["Content-Type"].startswith("text/plain"))
            text = answer.read().decode()
        helps, types, values = {}, {}, {}
        for line in text.splitlines():
            if line.startswith("# "):
                _, kind, family, rest = line.split(" ", 3)
                table = {"HELP": helps, "TYPE": types}[kind]
                self.assertNotIn(family, table, line)
                table[family] = rest
                continue
            series, value = line.rsplit(" ", 1)
            family = series.split("{")[0]
            for suffix in ("_bucket", "_sum", "_count"):
                if types.get(family.removesuffix(suffix)) in ("histogram", "summary"):
                    family = family.removesuffix(suffix)
            self.assertIn(family, types, line)
            self.assertIn(family, helps, line)
            self.assertNotIn(series, values, line)
            values[series] = float(value)
        self.families = set(types)
        return values


class Scraping(MetricsTestCase):
    """What a scrape says of what happened."""

    def test_a_replay_shows_in_commits_rows_and_calls(self):
        daemon, url = self.serve()
        before = self.scrape(url)
        self.assertEqual(before["flatkv_commits_total"], 0)
        self.run_ok("replay", ETHEREUM.log, "--quiet", "--address", daemon.address)
        self.run_ok("replay", ETHEREUM.log, "--quiet", "--address", daemon.address)
        after = self.scrape(url)
        self.assertEqual(after["flatkv_version_head"], 339)
        self.assertEqual(after["flatkv_version_oldest"], 1)
        self.assertEqual(after["flatkv_commits_total"], 339)
        self.assertEqual(after["flatkv_commit_repeats_total"], 339)
        self.assertEqual(after["flatkv_commit_updates_total"], 10310)
        self.assertEqual(after['flatkv_commit_seconds_bucket{le="+Inf"}'], 339)
        self.assertGreaterEqual(after["flatkv_wal_syncs_total"], 1)
        for name, rows in ETHEREUM.rows.items():
            self.assertEqual(after[f'flatkv_db_rows{{db="{name}"}}'], rows)
        self.assertEqual(after["flatkv_store_poisoned"], 0)
        self.assertGreater(after["flatkv_process_resident_bytes"], 1 << 20)
        self.assertGreater(after["flatkv_disk_free_bytes"], 0)
        self.assertEqual(after["flatkv_snapshot_interval_versions"], 10000)
        info = [series for series in after if series.startswith("flatkv_store_info{")]
        self.assertIn(self.status(daemon)["store_id"], info[0])
        self.assertIn('wal_sync="always"', info[0])
        self.assertEqual(
            after['flatkv_rpcs_total{service="flatkv.v1.CommitService",method="CommitStream",code="OK"}'], 2)

    def test_the_recovery_after_a_kill_shows(self):
        daemon, url = self.serve()
        self.assertEqual(self.scrape(url)["flatkv_recovery_dirty_start"], 0)
        self.run_ok("replay", ETHEREUM.log, "--quiet", "--address", daemon.address)
        daemon.kill()
        daemon, url = self.serve()
        killed = self.scrape(url)
        self.assertEqual(killed["flatkv_recovery_dirty_start"], 1)
        self.assertGreater(killed["flatkv_recovery_replayed_versions"], 0)
        self.assertEqual(killed["flatkv_commits_total"], 0)
        self.assertEqual(daemon.terminate(), 0, daemon.log())

    def test_little_space_is_logged_and_measured(self):
        daemon, url = self.serve(env={"FLATKV_SERVER_DISK_WARN_BYTES": "16TiB"})
        deadline = time.monotonic() + harness.START_SECONDS
        while "daemon.disk_low" not in daemon.log():
            self.assertLess(time.monotonic(), deadline, daemon.log())
            time.sleep(0.02)
        metrics = self.scrape(url)
        self.assertEqual(metrics["flatkv_disk_warn_bytes"], 16 << 40)
        self.assertLess(metrics["flatkv_disk_free_bytes"], metrics["flatkv_disk_warn_bytes"])


class Listening(MetricsTestCase):
    """Where metrics are served, and where not."""

    def test_nothing_listens_by_default(self):
        daemon = self.start()
        self.assertEqual(tcp_listeners(daemon.process), set())
        self.assertEqual(daemon.terminate(), 0)
        self.assertNotIn("metrics on", daemon.out_path.read_text())

    def test_only_the_metrics_port_listens(self):
        daemon, url = self.serve()
        port = int(re.search(r":(\d+)/", url)[1])
        self.assertEqual(tcp_listeners(daemon.process), {port})
        for path in ("/", "/other"):
            with self.assertRaises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=harness.COMMAND_SECONDS)
            self.assertEqual(refused.exception.code, 404)
        # A client that only connects does not hold the daemon up.
        with socket.create_connection(("127.0.0.1", port)):
            self.assertEqual(daemon.terminate(), 0, daemon.log())

    def test_a_port_in_use_ends_the_start_before_anybody_is_served(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            with self.assertRaises(StartFailure) as failure:
                self.start(args=("--metrics-listen", address))
        self.assertEqual(failure.exception.code, 1, "as for the other listeners")
        self.assertIn(f"cannot listen on {address}", failure.exception.log)
        self.assertIn("--metrics-listen", failure.exception.log)
        self.assertFalse((self.directory / "home.sock").exists())
        self.assertFalse((self.directory / "home/admin.sock").exists())
        # The store was closed cleanly.
        self.assertEqual(flatkv("status", "--home", self.directory / "home",
                                env={"FLATKV_RECOVERY_ON_DIRTY_STORE": "fail"}).returncode, 0)

    def test_a_remote_address_needs_the_key_that_allows_it(self):
        with self.assertRaises(StartFailure) as failure:
            self.start(env={"FLATKV_SERVER_METRICS_LISTEN": "0.0.0.0:0"})
        self.assertEqual(failure.exception.code, 2)
        self.assertIn("FLATKV_SERVER_METRICS_LISTEN", failure.exception.log)
        self.assertIn("allow-insecure-remote", failure.exception.log)


class Documents(MetricsTestCase):
    """The rules and the document name what there is, and the document all of it."""

    def setUp(self):
        super().setUp()
        daemon, url = self.serve()
        self.run_ok("replay", ETHEREUM.log, "--quiet", "--to", "3", "--address", daemon.address)
        self.run_ok("snapshot", "create", "--address", daemon.address)
        self.run_fails(13, "replay", "-", "--address", daemon.address, stdin='{"version":2,"changesets":[]}\n')
        series = self.scrape(url)
        self.known = self.families | {name.split("{")[0] for name in series}
        self.known.add("flatkv_store_poison_info")  # only of a poisoned store

    def test_every_metric_named_is_served(self):
        for path in (RULES, DOCUMENT):
            named = set(re.findall(r"\bflatkv_[a-z0-9_]*[a-z0-9]\b", path.read_text()))
            self.assertGreater(len(named), 5, path)
            self.assertEqual(named - self.known, set(), path)

    def test_every_metric_served_is_in_the_document(self):
        """Either by its name, or as `_ending` in a table row with a name that begins like it."""
        missing = {name for name in self.families if name.startswith("flatkv_")}
        for row in re.findall(r"^\| (`flatkv_.*?) \|", DOCUMENT.read_text(), re.MULTILINE):
            tokens = re.findall(r"`([a-z0-9_]+)(?:\{[^`]*\})?`", row)
            names = {token for token in tokens if token.startswith("flatkv_")}
            endings = {token for token in tokens if token.startswith("_")}
            missing -= names
            missing -= {name for name in missing for ending in endings
                        if name.endswith(ending) and any(n.startswith(name.removesuffix(ending)) for n in names)}
        self.assertEqual(missing, set())


if __name__ == "__main__":
    harness.main()
