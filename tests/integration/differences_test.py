#!/usr/bin/env python3
"""compare, hashlog, diff and state-size from outside: two daemons that parted, asked online and offline.

    python3 -B tests/integration/differences_test.py --bin-dir build/release/bin [TestClass.test_name]
"""

import json

import harness
from admin_harness import HEAD, LINES, MANUAL, bank_at, blocks, fork_blocks, root_at
from harness import DaemonTestCase

FORK = 330  # the first version that differs
EXIT_DIFFERS = 13


class Differences(DaemonTestCase):
    """Two stores with the sample blocks, of which the second went another way."""

    def pair(self, last=HEAD):
        """Daemon A with the sample blocks, daemon B with another pair in every block from FORK on."""
        a = self.start("a", env=MANUAL)
        b = self.start("b", env=MANUAL)
        self.run_ok("replay", "-", "--address", a.address, "--quiet", stdin=blocks(1, last))
        self.run_ok("replay", "-", "--address", b.address, "--quiet",
                    stdin=blocks(1, FORK - 1) + fork_blocks(FORK, last))
        return a, b

    def lines(self, *words, code=0):
        result = harness.flatkv(*words, "--json")
        self.assertEqual(result.returncode, code, result.stderr)
        return [json.loads(line) for line in result.stdout.splitlines()]

    def test_compare_names_every_row_that_differs(self):
        a, b = self.pair()
        *rows, report = self.lines("compare", "--address", a.address, "--peer", b.address, code=EXIT_DIFFERS)
        self.assertEqual([(r["data_db"], r["module"], r["key"], r["difference"]) for r in rows],
                         [("misc", "fork", "01", "missing here")])
        self.assertIsNone(rows[0]["here"])
        self.assertEqual(rows[0]["there"]["version"], HEAD)
        self.assertTrue(rows[0]["there"]["row"].endswith(f"{HEAD:08x}"))
        self.assertEqual(report["version"], HEAD)
        self.assertFalse(report["same"])
        self.assertEqual(report["here"]["root"], root_at(HEAD))
        self.assertEqual(report["differing_rows"], 1)
        self.assertGreater(report["round_trips"], 0)
        self.assertGreater(report["received_bytes"], 0)
        # Through the admin socket that the home names, and at a version before they parted.
        (report,) = self.lines("compare", "--home", a.home, "--peer", b.address, "--at", FORK - 1)
        self.assertTrue(report["same"])
        self.assertEqual(report["mode"], "online")

    def test_compare_works_offline_and_with_another_suite(self):
        a, b = self.pair()
        self.assertEqual(a.terminate(), 0, a.log())
        text = self.run_fails(EXIT_DIFFERS, "compare", "--home", a.home, "--peer", b.address)
        self.assertIn(f"version {HEAD} differ", text)
        c = self.start("c", env={**MANUAL, "FLATKV_STORE_SUITE": "blake3"})
        self.run_ok("replay", "-", "--address", c.address, "--quiet", stdin=blocks(1, HEAD))
        (report,) = self.lines("compare", "--home", a.home, "--peer", c.address)
        self.assertTrue(report["same"])
        self.assertEqual(report["digests"], "sha256")
        self.assertNotEqual(report["here"]["root"], report["there"]["root"])
        *rows, report = self.lines("compare", "--address", b.address, "--peer", c.address, code=EXIT_DIFFERS)
        self.assertEqual([row["difference"] for row in rows], ["missing there"])

    def test_compare_says_what_each_side_retains(self):
        a = self.start("a", env=MANUAL)
        b = self.start("b", env=MANUAL)
        self.run_ok("replay", "-", "--address", a.address, "--quiet", stdin=blocks(1, 20))
        self.run_ok("replay", "-", "--address", b.address, "--quiet", stdin=blocks(1, 10))
        (report,) = self.lines("compare", "--address", a.address, "--peer", b.address)
        self.assertEqual((report["version"], report["same"]), (10, True))
        error = self.run_fails(4, "compare", "--address", a.address, "--peer", b.address, "--at", "15")
        self.assertIn("versions 1 to 20", error)
        self.assertIn("versions 1 to 10", error)
        self.run_fails(11, "compare", "--address", a.address, "--peer", f"unix:{self.directory}/nobody")
        self.run_fails(2, "compare", "--address", a.address, "--peer", "nonsense:address:")

    def test_compare_with_archives(self):
        a, b = self.pair()
        archives = []
        for daemon in (a, b):
            archives.append(self.directory / f"archive-{len(archives)}")
            self.run_ok("export", "--home", daemon.home, "--to", archives[-1])
        (report,) = self.lines("compare", "--address", a.address, "--archive", archives[0])
        self.assertTrue(report["same"])
        self.assertIn(str(archives[0]), report["with"])
        for words in (("compare", "--home", a.home, "--archive", archives[1]),
                      ("archive", "compare", archives[0], archives[1])):
            *rows, report = self.lines(*words, code=EXIT_DIFFERS)
            self.assertEqual([(r["module"], r["key"], r["difference"]) for r in rows],
                             [("fork", "01", "missing here")])
            self.assertEqual(report["round_trips"], 0)
        older = self.directory / "archive-older"
        self.run_ok("export", "--home", a.home, "--to", older, "--at", HEAD - 1)
        self.assertIn(f"versions {HEAD - 1} to {HEAD - 1}",
                      self.run_fails(4, "archive", "compare", archives[0], older))
        self.run_fails(2, "compare", "--address", a.address)
        self.run_fails(2, "compare", "--address", a.address, "--peer", b.address, "--archive", older)

    def test_hashlog_finds_the_version_data_db_and_module(self):
        a, b = self.pair()
        for flags in ((), ("--all",)):
            (found,) = self.lines("hashlog", "compare", "--address", a.address, "--peer", b.address, *flags,
                                  code=EXIT_DIFFERS)
            self.assertEqual(found["first_divergent"], FORK)
            self.assertEqual(found["root_here"], root_at(FORK))
            self.assertFalse(found["is_oldest_compared"])
            self.assertEqual([(m["data_db"], m["module"]) for m in found["modules"]], [("misc", "fork")])
        self.assertEqual(b.terminate(), 0, b.log())
        (found,) = self.lines("hashlog", "compare", "--home", b.home, "--peer", a.address, code=EXIT_DIFFERS)
        self.assertEqual(found["first_divergent"], FORK)
        self.assertEqual(found["mode"], "offline")

    def test_hashlog_show_has_the_root_of_every_version_across_restarts_and_rollbacks(self):
        a = self.start("a", env=MANUAL)
        self.run_ok("replay", "-", "--address", a.address, "--quiet", stdin=blocks(1, 200))
        a.kill()
        a = self.start("a", env=MANUAL)
        self.run_ok("replay", "-", "--address", a.address, "--quiet", stdin=blocks(201, HEAD))
        self.run_ok("rollback", "--to", "300", "--yes", "--home", a.home)
        shown = self.lines("hashlog", "show", "--address", a.address, "--from", "1", "--to", "300")
        self.assertEqual([(s["version"], s["root"]) for s in shown], [(v, root_at(v)) for v in range(1, 301)])
        status = self.status(a)
        self.assertEqual(shown[-1]["data_dbs"]["storage"]["checksum"], status["data_dbs"]["storage"]["checksum"])
        self.assertEqual(shown[-1]["data_dbs"]["misc"]["rows"], status["data_dbs"]["misc"]["rows"])
        self.assertEqual(len(self.lines("hashlog", "show", "--address", a.address)), 20)
        self.assertIn("hash log", self.run_ok("hashlog", "show", "--address", a.address).stdout)
        error = self.run_fails(4, "hashlog", "show", "--address", a.address, "--from", "299", "--to", "301")
        self.assertIn("1 to 300", error)

    def test_a_hashlog_that_is_off_says_so(self):
        a = self.start("a", env={**MANUAL, "FLATKV_HASHLOG_VERSIONS": "0"})
        self.run_ok("replay", "-", "--address", a.address, "--quiet", stdin=blocks(1, 3))
        self.assertEqual(self.lines("hashlog", "show", "--address", a.address), [])
        self.assertIn("[hashlog] versions = 0",
                      self.run_fails(4, "hashlog", "show", "--address", a.address, "--to", "2", "--from", "1"))

    def test_diff_is_what_the_change_log_says(self):
        a, _ = self.pair()
        low, high = 310, 320
        before, after = bank_at(low), bank_at(high)
        expected = {key: (before.get(key), after.get(key)) for key in {*before, *after}
                    if before.get(key) != after.get(key)}
        self.assertTrue(expected, "the sample blocks change bank between these versions")

        def check(where):
            *changes, end = self.lines("diff", low, high, "--module", "bank", "--values", *where)
            self.assertEqual({c["key"]: (c["before"], c["after"]) for c in changes}, expected)
            self.assertEqual([c["key"] for c in changes], sorted(expected))
            self.assertEqual((end["changes"], end["complete"]), (len(expected), True))
            *changes, end = self.lines("diff", low, high, "--limit", "1", *where)
            self.assertEqual((len(changes), end["complete"]), (1, False))

        check(("--address", a.address))
        self.assertIn("keys differ between versions", self.run_ok("diff", low, high, "--address", a.address).stdout)
        self.run_fails(2, "diff", "5", "5", "--address", a.address)
        self.run_fails(4, "diff", "5", HEAD + 1, "--address", a.address)
        self.assertEqual(a.terminate(), 0, a.log())
        check(("--home", a.home))

    def test_state_size_counts_by_module_and_by_contract(self):
        a, _ = self.pair()
        status = self.status(a)
        (sizes,) = self.lines("state-size", "--address", a.address)
        for name, db in status["data_dbs"].items():
            self.assertEqual((sizes["data_dbs"][name]["rows"], sizes["data_dbs"][name]["bytes"]),
                             (db["rows"], db["bytes"]))
            self.assertEqual(sum(m["rows"] for m in sizes["data_dbs"][name]["modules"].values()), db["rows"])
        (sizes,) = self.lines("state-size", "--address", a.address, "--by", "contract", "--top", "10000")
        largest = sizes["contracts"]["largest"]
        self.assertEqual(len(largest), sizes["contracts"]["count"])
        self.assertEqual(sum(c["storage_rows"] for c in largest), status["data_dbs"]["storage"]["rows"])
        self.assertEqual(sum(c["storage_bytes"] for c in largest), status["data_dbs"]["storage"]["bytes"])
        self.assertEqual(sum(c["code_bytes"] for c in largest), status["data_dbs"]["code"]["bytes"])
        self.assertEqual(largest, sorted(largest, key=lambda c: (-c["bytes"], c["address"])))
        self.assertEqual(self.lines("state-size", "--home", a.home, "--by", "contract", "--top", "3")[0]["contracts"]
                         ["largest"], largest[:3])
        self.assertEqual(len(LINES), HEAD)


if __name__ == "__main__":
    harness.main()
