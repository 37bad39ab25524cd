#!/usr/bin/env python3
"""Snapshots, pins, retention and reads at old versions, as an operator meets them: through the daemon and offline.

    python3 -B tests/integration/snapshots_test.py --bin-dir build/release/bin [TestClass.test_name]
"""

import subprocess
import unittest

import harness
from admin_harness import (HEAD, NO_UNDO, SNAPSHOTS, AdminTestCase, bank_at, blocks, flip_byte, root_at,
                           snapshot_name)
from harness import command_line


class Taking(AdminTestCase):
    """Which snapshots there are, by themselves and by command."""

    def automatic(self, keep_recent):
        store = self.new("home", {"FLATKV_SNAPSHOT_POLICY": "interval", "FLATKV_SNAPSHOT_INTERVAL": "100",
                                  "FLATKV_SNAPSHOT_KEEP_RECENT": str(keep_recent)}).start()
        store.replay(blocks(1, 330))
        store.wait_for("the snapshot of version 300", lambda status: status["retention"]["current"] == 300 and
                       status["retention"]["activity"]["running"] == 0)
        return store

    def test_the_daemon_takes_one_of_the_first_version_and_at_every_interval(self):
        store = self.automatic(keep_recent=10)
        taken = [1, 100, 200, 300]
        self.assertEqual(store.snapshots(), taken)
        self.assertEqual((store.directory / "current").readlink().name, snapshot_name(300))
        activity = store.status()["retention"]["activity"]
        self.assertEqual((activity["policy"], activity["taken"], activity["failed"], activity["last_version"],
                          activity["last_error"]), ("interval", 4, 0, 300, ""))
        listed = store.json("snapshot", "list")["snapshots"]
        self.assertEqual([(s["version"], s["root"], s["current"]) for s in listed],
                         [(v, root_at(v), v == 300) for v in taken])
        for path in store.directory.glob("snapshot-*/*"):
            self.assertIn(path.name, ("SNAPSHOT", "account", "code", "storage", "misc"))
        for document, version in zip(store.json_lines("snapshot", "verify", "--full"), taken):
            self.assertTrue(document["ok"])
            self.assertEqual((document["version"], document["root"]), (version, root_at(version)))
        self.assertEqual(store.leftovers(), [])

    def test_keep_recent_bounds_them_and_the_changelog(self):
        store = self.automatic(keep_recent=1)
        store.wait_for("pruning", lambda status: status["retention"]["snapshots"] == [200, 300])
        self.assertEqual(store.snapshots(), [200, 300])
        for version in range(331, HEAD + 1):  # a commit removes the segments that no snapshot needs any more
            store.replay(blocks(version, version))
            if store.changelog_first() > 1:
                break
        self.assertIn(store.changelog_first(), range(2, 201))

    def test_create_is_an_answer_twice_and_becomes_current(self):
        for store in self.both():
            first = store.json("snapshot", "create")["snapshot"]
            self.assertEqual((first["version"], first["root"], first["current"]), (HEAD, root_at(HEAD), True))
            self.assertEqual(store.json("snapshot", "create")["snapshot"], first)
            self.assertEqual((store.snapshots(), store.current()), ([*SNAPSHOTS, HEAD], HEAD))
            self.assertIn(f"root      {root_at(HEAD)}\n", store.text("snapshot", "create"))

    def test_a_store_without_a_version_has_nothing_to_snapshot(self):
        store = self.new("home").start()
        for _ in range(2):
            self.assertIn("no version yet", store.fails(1, "snapshot", "create"))
            self.assertIn("no snapshots; flatkv snapshot create takes one", store.text("snapshot", "list"))
            self.assertEqual(store.json("snapshot", "list")["snapshots"], [])
            store.stop()  # and offline

    def test_offline_commands_take_no_snapshot_by_themselves(self):
        store = self.copy(env={"FLATKV_SNAPSHOT_POLICY": "interval", "FLATKV_SNAPSHOT_INTERVAL": "10"})
        before = store.snapshots()
        for words in (("status",), ("snapshot", "list"), ("rollback", "--to", "250", "--dry-run"),
                      ("prune", "--dry-run"), ("verify", "--full"), ("root", "--at", "7")):
            store.text(*words)
            self.assertEqual(store.snapshots(), before, words)

    def test_the_node_address_finds_the_admin_service(self):
        store = self.copy().start()
        result = self.run_ok("snapshot", "list", "--address", store.daemon.address)
        self.assertTrue(result.stdout.startswith(f"online: daemon at {store.daemon.address}\n"), result.stdout)


class Looking(AdminTestCase):
    """list, show and verify."""

    def test_list_and_show_agree_with_the_disk(self):
        for store in self.both():
            listed = store.json("snapshot", "list")["snapshots"]
            text = store.text("snapshot", "list").splitlines()
            self.assertEqual(text[0].split(), ["version", "created", "files", "bytes", "in", "use"])
            self.assertEqual(len(text), 1 + len(SNAPSHOTS))
            for entry, line, version in zip(listed, text[1:], SNAPSHOTS):
                files = [path for path in (store.directory / snapshot_name(version)).rglob("*")
                         if path.is_file() and path.name != "SNAPSHOT"]
                total = sum(path.stat().st_size for path in files)
                self.assertEqual((entry["version"], entry["files"], entry["bytes"]), (version, len(files), total))
                columns = line.split()
                self.assertEqual((columns[0], *columns[2:]), (str(version), str(len(files)), str(total),
                                                              "current" if version == 300 else "-"))
                shown = store.json("snapshot", "show", version)["snapshot"]
                self.assertEqual({key: shown[key] for key in entry}, entry)
                self.assertEqual(sorted((f["path"], f["bytes"]) for f in shown["file_list"]),
                                 sorted((f"{path.parent.name}/{path.name}", path.stat().st_size) for path in files))
                self.assertIn(f"root      {root_at(version)}\n", store.text("snapshot", "show", version))

    def test_a_snapshot_that_is_not_there_is_named_with_those_that_are(self):
        for store in self.both():
            for words in (("show", 150), ("verify", 150), ("rm", 150, "--yes"), ("pin", 150, "--reason", "audit")):
                message = store.fails(4, "snapshot", *words)
                self.assertIn("no snapshot of version 150; there are 100, 200, 300", message)
                self.assertIn("flatkv snapshot list", message)

    def test_verify_finds_what_it_should_at_each_depth(self):
        for store in self.both():
            table = max((store.directory / snapshot_name(200) / "misc").glob("*.sst"), key=lambda p: p.stat().st_size)
            for depth in ("--full", ()):
                self.assertEqual([d["ok"] for d in store.json_lines("snapshot", "verify", *filter(None, [depth]))],
                                 [True] * 3)
            content = table.read_bytes()
            table.unlink()  # a fresh inode, so that the damage is this snapshot's alone
            table.write_bytes(content)
            flip_byte(table, len(content) // 2)
            # Sizes agree still.
            self.assertTrue(store.json("snapshot", "verify", 200)["ok"])
            name = f"{snapshot_name(200)}: misc/{table.name}: has the digest"
            (document,) = store.json_lines("snapshot", "verify", 200, "--full", code=6)
            self.assertFalse(document["ok"])
            self.assertIn(name, document["findings"][0])
            documents = store.json_lines("snapshot", "verify", "--all", "--full", code=6)
            self.assertEqual([d["ok"] for d in documents], [True, False, True])
            self.assertIn("1 finding of damage", store.fails(6, "snapshot", "verify", "--full"))
            self.assertIn(name, store.run("verify").stdout)
            table.write_bytes(content[:-1])
            (document,) = store.json_lines("snapshot", "verify", 200, code=6)
            self.assertIn(f"misc/{table.name}: holds {len(content) - 1} bytes", document["findings"][0])


class Keeping(AdminTestCase):
    """Pins, removal and prune."""

    def test_a_pin_keeps_and_its_release_lets_go(self):
        for store in self.both():
            self.assertIn("--reason is required", store.fails(2, "snapshot", "pin", 100))
            store.fails(2, "snapshot", "pin", 100, "--reason", "")
            pin = store.json("snapshot", "pin", 100, "--reason", "audit of May")["pin"]
            self.assertEqual((pin["version"], pin["reason"]), (100, "audit of May"))
            self.assertEqual(store.json("snapshot", "pins")["pins"], [pin])
            self.assertIn("audit of May", store.text("snapshot", "pins"))
            self.assertEqual(store.json("snapshot", "list")["snapshots"][0]["pins"], [pin])
            message = store.fails(5, "snapshot", "rm", 100, "--yes")
            self.assertIn("snapshot 100 is in use: 1 pin", message)
            self.assertIn("flatkv snapshot unpin", message)
            self.assertEqual(store.json("prune", "--keep", 0, "--dry-run")["plan"]["snapshots"], [200])
            store.reopen()
            self.assertEqual(store.json("snapshot", "pins")["pins"], [pin])
            self.assertIn("snapshot pins", store.fails(4, "snapshot", "unpin", "0123456789abcdef"))
            self.assertEqual(store.json("snapshot", "unpin", pin["id"])["released"], pin["id"])
            self.assertEqual(store.text("snapshot", "pins"), "no pins\n")
            store.text("snapshot", "rm", 100, "--yes")
            self.assertEqual(store.snapshots(), [200, 300])

    def test_rm_asks_and_refuses_the_current_one(self):
        for store in self.both():
            self.assertIn("snapshot 300 is in use: current", store.fails(5, "snapshot", "rm", 300, "--yes"))
            message = store.fails(3, "snapshot", "rm", 200)
            self.assertIn("nothing was changed", message)
            self.assertIn(f"snapshot rm 200 --home {store.home} --yes", message)
            self.assertEqual(store.json("snapshot", "rm", 200, "--dry-run")["plan"]["snapshot"]["version"], 200)
            self.assertEqual(store.snapshots(), [100, 200, 300])
            plan, done = store.json_lines("snapshot", "rm", 200, "--yes")
            self.assertEqual((plan["plan"]["snapshot"]["version"], done["removed"]), (200, 200))
            self.assertEqual(store.snapshots(), [100, 300])
            store.fails(2, "snapshot", "rm", 100, "--yes", "--dry-run")
            store.expect_sound()

    def test_prune_does_what_its_dry_run_says(self):
        for store in self.both(env=NO_UNDO):
            plan = store.json("prune", "--keep", 1, "--dry-run")["plan"]
            self.assertEqual(plan["snapshots"], [100])
            self.assertIn("snapshots 100\n", store.text("prune", "--keep", 1, "--dry-run"))
            store.fails(3, "prune", "--keep", 1)
            self.assertEqual(store.snapshots(), [100, 200, 300])
            again, done = store.json_lines("prune", "--keep", 1, "--yes")
            self.assertEqual((again["plan"], done["pruned"]), (plan, plan))
            self.assertEqual(store.snapshots(), [200, 300])
            self.assertEqual(store.status()["retention"]["oldest_retained"], 200)
            first = store.changelog_first()
            self.assertLessEqual(first, 200)
            self.assertGreater(first, 1)
            self.assertRegex(store.text("prune", "--keep", 0, "--yes"),
                             r"pruned: snapshots 200; changelog segments below version 2\d\d\n")
            store.reopen()
            self.assertEqual(store.snapshots(), [300])
            store.expect_head(HEAD)
            store.expect_sound()

    def test_a_second_prune_has_nothing_to_do_and_asks_nothing(self):
        for store in self.both():
            store.text("prune", "--keep", 1, "--yes")
            self.assertEqual(store.text("prune", "--keep", 1), "plan: nothing to prune\n")


class OldVersions(AdminTestCase):
    """get, iterate and root at a version, and verify at one."""

    def check(self, store, versions):
        for version in versions:
            self.assertEqual(store.json("root", "--at", version)["root"], root_at(version))
            expected = bank_at(version)
            *pairs, last = store.json_lines("iterate", "bank", "--at", version)
            self.assertEqual({pair["key"]: pair["value"] for pair in pairs}, expected)
            self.assertEqual((last["version"], last["pairs"]), (version, len(expected)))
            key = sorted(expected)[version]
            self.assertEqual(store.json("get", "bank", key, "--at", version),
                             {"mode": store.mode, "version": version, "module": "bank", "key": key,
                              "value": expected[key]})
            store.fails(4, "get", "bank", "00", "--at", version)
            self.assertIn(f"{len(expected)} pairs at version {version}", store.text("iterate", "bank", "--at", version))
        self.assertEqual(store.leftovers(), [])

    def test_by_undo_records(self):
        for store in self.both():
            self.check(store, (7, 200, HEAD - 1))

    def test_by_a_clone_of_a_snapshot_and_the_changelog(self):
        for store in self.both(env=NO_UNDO):
            self.check(store, (7, 200, 310))

    def test_the_head_and_what_is_beyond(self):
        for store in self.both():
            self.check(store, (HEAD,))
            for words in (("root",), ("get", "bank", "00"), ("iterate", "bank")):
                self.assertIn("above the head", store.fails(4, *words, "--at", HEAD + 1))
                store.fails(2, *words, "--at", 0)

    def test_what_was_pruned_is_refused_with_what_is_missing(self):
        for store in self.both(env=NO_UNDO):
            store.text("prune", "--keep", 0, "--yes")
            for words in (("iterate", "bank", "--at", 150), ("get", "bank", "00", "--at", 150),
                          ("verify", "--at", 150), ("rollback", "--to", 150, "--yes")):
                message = store.fails(4, *words)
                self.assertIn("the oldest retained version is 300", message)
                self.assertIn("the oldest snapshot is 300", message)
            store.expect_head(HEAD)

    def test_open_views_stay_within_their_bound(self):
        store = self.copy(env={**NO_UNDO, "FLATKV_VIEWS_MAX_OPEN": "2", "FLATKV_VIEWS_MAX_IDLE": "1h"}).start()
        for version in (120, 220, 320, 130, 230):
            self.assertEqual(len(store.json_lines("iterate", "bank", "--limit", 3, "--at", version)), 4)
            self.assertLessEqual(store.status()["retention"]["open_views"], 2)
        self.assertEqual(store.status()["retention"]["open_views"], 2)

    def test_verify_at_a_version_or_of_a_snapshot(self):
        for store in self.both(env=NO_UNDO):
            for words, version in ((("--at", 210), 210), (("--snapshot", 200), 200), ((), HEAD), (("--quick",), HEAD),
                                   (("--full",), HEAD)):
                document = store.json("verify", *words)
                self.assertEqual((document["ok"], document["version"], document["root"]),
                                 (True, version, root_at(version)))
                self.assertEqual(document["depth"], "quick" if "--quick" in words else "full")
                self.assertIn(f"ok: version {version}, root {root_at(version)}\n", store.text("verify", *words))
            store.fails(2, "verify", "--at", 210, "--snapshot", 200)
            store.fails(4, "verify", "--snapshot", 201)

    def test_verify_runs_beside_commits(self):
        store = self.new("home").start()
        store.replay(blocks(1, 50))
        client = subprocess.Popen(command_line("replay", "-", "--json", "--quiet", "--address", store.daemon.address),
                                  env=harness.clean_environment({}), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  text=True)
        self.addCleanup(client.kill)
        for version in range(51, HEAD + 1):  # one at a time, with verifications between two answers
            client.stdin.write(blocks(version, version))
            client.stdin.flush()
            if version % 60 == 0:
                document = store.json("verify")
                self.assertTrue(document["ok"], document)
                self.assertEqual(document["root"], root_at(document["version"]))
            client.stdout.readline()
        client.stdin.close()
        client.stdout.close()
        self.assertEqual(client.wait(timeout=harness.COMMAND_SECONDS), 0)
        store.expect_head(HEAD)


if __name__ == "__main__":
    harness.main()
