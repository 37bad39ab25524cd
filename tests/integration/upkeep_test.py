#!/usr/bin/env python3
"""Backup, restore, compaction, scrub and the support bundle, with the real programs: beside a daemon and offline.

    python3 -B tests/integration/upkeep_test.py --bin-dir build/release/bin [TestClass.test_name]
"""

import json
import shutil
import time
import unittest

import harness
from admin_harness import (HEAD, SNAPSHOTS, WAIT_SECONDS, AdminTestCase, Store, blocks, flip_byte, root_at,
                           snapshot_name)


def block_of(version, pairs):
    return json.dumps({"version": version, "changesets": [{"name": "bank", "pairs": [
        {"key": key, "value": value} for key, value in pairs.items()]}]}) + "\n"


def files_below(directory):
    """Without locks, whose size is that of a process id."""
    return sorted(path for path in directory.rglob("*")
                  if path.is_file() and not path.is_symlink() and path.name != "LOCK")


class BackupAndRestore(AdminTestCase):
    """Out of a store, and back."""

    def backup(self, store, *words):
        return store.json("backup", "--to", self.directory / "backup", *words)

    def restore(self, store, *words):
        """Of a store that nobody has open; the plan and the result."""
        return store.json_lines("restore", *words, "--yes")

    def test_a_second_backup_copies_only_new_tables_and_both_can_be_restored(self):
        for store in self.both():
            where = self.directory / f"backup-{store.mode}"
            first = store.json("backup", "--to", where, "--snapshot", "200")
            self.assertEqual((first["version"], first["root"], first["already_there"]), (200, root_at(200), False))
            self.assertEqual(first["copied_bytes"], first["bytes"])
            before = sum(path.stat().st_size for path in files_below(where))
            second = store.json("backup", "--to", where, "--newest")
            self.assertEqual((second["version"], second["root"]), (300, root_at(300)))
            self.assertLess(second["copied_bytes"], second["bytes"])
            inodes = {path.stat().st_ino: path.stat().st_size for path in files_below(where)}
            # What the directory grew by is what was copied, and the manifest and the record of the version.
            grown = sum(inodes.values()) - before
            small = (where / snapshot_name(300) / "SNAPSHOT").stat().st_size + sum(
                path.stat().st_size for path in (where / f"changelog-{300:020}").iterdir())
            self.assertEqual(grown, second["copied_bytes"] + small)
            for path in files_below(store.directory):
                self.assertNotIn(path.stat().st_ino, inodes, path)
            # A new snapshot of the head without being asked, and no pin is left.
            third = store.json("backup", "--to", where)
            self.assertEqual((third["version"], third["root"]), (HEAD, root_at(HEAD)))
            self.assertTrue(store.json("backup", "--to", where)["already_there"])
            self.assertEqual(store.json("snapshot", "pins")["pins"], [])
            store.stop()
            listed = json.loads(self.run_ok("backup", "list", "--from", where, "--json").stdout)
            self.assertEqual([entry["version"] for entry in listed["backups"]], [200, 300, HEAD])
            self.assertTrue(json.loads(self.run_ok("backup", "verify", "--from", where, "--json").stdout)["ok"])

            old_files = {path.relative_to(store.directory): path.read_bytes() for path in files_below(store.directory)
                         if path.name != "LOCK"}
            plan, done = self.restore(store, "--from", where, "--snapshot", "200")
            self.assertEqual((plan["plan"]["version"], done["version"], done["root"]), (200, 200, root_at(200)))
            aside = store.home / "quarantine" / done["quarantine_entry"] / "flatkv"
            self.assertEqual({path.relative_to(aside): path.read_bytes() for path in files_below(aside)
                              if path.name != "LOCK"}, old_files)
            store.start()
            store.expect_head(200)
            store.replay(blocks(201, HEAD))
            store.expect_head(HEAD)
            store.expect_sound()
            store.stop()

    def test_without_yes_nothing_happens(self):
        store = self.copy()
        self.backup(store)
        before = {path: path.stat().st_mtime_ns for path in files_below(store.directory) if path.name != "LOCK"}
        for words in (("--from", self.directory / "backup"), ("--snapshot", "200")):
            self.assertIn("nothing was changed", store.fails(3, "restore", *words))
            self.assertIn("plan: restore", store.text("restore", *words, "--dry-run"))
        self.assertEqual({path: path.stat().st_mtime_ns for path in files_below(store.directory)
                          if path.name != "LOCK"}, before)

    def test_a_running_daemon_is_named_and_its_store_left_alone(self):
        store = self.copy().start()
        pid = str(store.daemon.process.pid)
        result = store.run("restore", "--snapshot", "200", "--yes")
        self.assertEqual(result.returncode, 5, result.stderr)
        self.assertIn(f"held by process {pid}", result.stderr)
        # A second store can be made beside it.
        self.backup(store)
        second = self.directory / "second"
        self.run_ok("restore", "--from", self.directory / "backup", "--to", second, "--yes")
        store.expect_head(HEAD)
        other = Store(self, second, self.env)
        other.expect_head(HEAD)
        self.assertNotEqual(other.status()["store_id"], store.status()["store_id"])

    def test_a_damaged_backup_is_refused_by_name(self):
        store = self.copy()
        self.backup(store)
        where = self.directory / "backup"
        before = {path: path.read_bytes() for path in files_below(store.directory) if path.name != "LOCK"}
        for path in files_below(where):
            if path.name == "LOCK":
                continue
            flip_byte(path, path.stat().st_size // 2)
            self.assertIn(path.name, store.fails(6, "restore", "--from", where, "--yes"))
            result = harness.flatkv("backup", "verify", "--from", where)
            self.assertEqual(result.returncode, 6, path)
            self.assertIn(path.name, result.stdout + result.stderr)
            flip_byte(path, path.stat().st_size // 2)
        self.assertEqual({path: path.read_bytes() for path in files_below(store.directory)
                          if path.name != "LOCK"}, before)
        self.assertFalse((store.home / "quarantine").exists())

    def test_directories_that_will_not_do_are_refused(self):
        for store in self.both():
            self.assertIn("in the store's home", store.fails(2, "backup", "--to", store.home / "backup"))
            link = self.directory / f"link-{store.mode}"
            link.symlink_to(store.home)
            self.assertIn("in the store's home", store.fails(2, "backup", "--to", link / "backup"))
            photos = self.directory / f"photos-{store.mode}"
            photos.mkdir()
            (photos / "one.jpg").write_text("x")
            store.fails(1, "backup", "--to", photos)
            self.assertEqual([path.name for path in photos.iterdir()], ["one.jpg"])
            self.assertEqual(store.snapshots(), list(SNAPSHOTS))

    def test_another_stores_backup_names_both(self):
        store = self.copy()
        self.backup(store)
        other = self.new("other")
        other.replay(blocks(1, 50))
        ours, theirs = store.status()["store_id"], other.status()["store_id"]
        for message in (other.fails(7, "backup", "--to", self.directory / "backup"),
                        other.fails(7, "restore", "--from", self.directory / "backup", "--yes")):
            self.assertIn(ours, message)
            self.assertIn(theirs, message)
        _, done = self.restore(other, "--from", self.directory / "backup", "--replaces", theirs)
        self.assertEqual(done["version"], HEAD)
        other.expect_head(HEAD)

    def test_a_snapshot_or_a_pin_of_the_store_itself(self):
        for by in ("snapshot", "pin"):
            store = self.copy(by)
            pin = store.json("snapshot", "pin", "200", "--reason", "x")["pin"]["id"]
            words = ("--snapshot", "200") if by == "snapshot" else ("--pinned", pin)
            plan, done = self.restore(store, *words)
            self.assertTrue(plan["plan"]["links_tables"])
            self.assertEqual((done["version"], done["root"]), (200, root_at(200)))
            store.expect_head(200)


class Compaction(AdminTestCase):
    """In place, online and offline."""

    def test_the_root_stays_and_commits_go_on(self):
        for store in self.both():
            head = store.head()
            report = store.json("compact")
            self.assertEqual(sorted(report["data_dbs"]), ["account", "code", "misc", "storage"])
            for sizes in report["data_dbs"].values():
                self.assertGreater(sizes["bytes_after"], 0)
            self.assertEqual(store.head(), head)
            self.assertIn("bytes before", store.text("compact"))
            store.expect_sound()
            store.reopen().expect_head(*head)


class Scrub(AdminTestCase):
    """The daemon looks for damage by itself."""

    def wait_for_pass(self, store):
        store.wait_for("a pass", lambda status: status["scrub"]["passes_since_open"] > 0)
        return store.status()["scrub"]

    def test_a_pass_by_interval_and_by_command(self):
        store = self.copy(env={"FLATKV_SCRUB_INTERVAL": "1h", "FLATKV_SCRUB_BYTES_PER_SECOND": "0"}).start()
        scrub = self.wait_for_pass(store)
        self.assertEqual((scrub["state"], scrub["last_findings"], scrub["findings"]), ("idle", 0, []))
        self.assertGreater(scrub["last_bytes"], 0)
        self.assertEqual(store.json("scrub", "pause")["state"], "paused")
        self.assertIn(store.json("scrub", "resume")["state"], ("idle", "running"))
        self.assertIn("last pass ended", store.text("scrub", "status"))
        store.stop()
        self.assertNotEqual(store.json("scrub", "status")["last_end_unix_seconds"], 0)
        self.assertIn("flatkv verify", store.fails(1, "scrub", "start"))

    def test_a_flipped_byte_in_a_live_table_stops_commits_until_the_store_is_rebuilt(self):
        store = self.copy(env={"FLATKV_SCRUB_BYTES_PER_SECOND": "0", "FLATKV_ENGINE_COMPRESSION": "none"})
        # A value that nothing reads by itself, in a block without the metadata, which an open reads: closed
        # cleanly, it is in a table that no snapshot has.
        store.replay(block_of(HEAD + 1, {"aaaa": "59" * 8192, "dddd": "5a" * 65536}))
        victims = [(path, path.read_bytes().find(b"Z" * 1000)) for path in store.directory.glob("working/*/*.ldb")]
        ((victim, offset),) = [(path, offset) for path, offset in victims if offset >= 0]
        self.assertEqual(victim.stat().st_nlink, 1)
        store.start()
        self.assertEqual(harness.flatkv("health", "--address", store.daemon.address).returncode, 0)
        flip_byte(victim, offset + 500)
        store.json("scrub", "start")
        scrub = self.wait_for_pass(store)
        self.assertTrue(scrub["findings"])
        status = store.status()
        self.assertTrue(status["corrupt"])
        self.assertIn("misc", status["corrupt_reason"])
        self.assertIn("health    CORRUPT", store.text("status"))
        self.assertIn("store.corrupt", store.daemon.log())
        deadline = time.monotonic() + WAIT_SECONDS
        while harness.flatkv("health", "--address", store.daemon.address).returncode == 0:
            self.assertLess(time.monotonic(), deadline, store.daemon.log())
            time.sleep(0.05)
        block = block_of(HEAD + 2, {"01": "02"})
        self.assertIn("CORRUPT", store.fails(6, "replay", "-", "--quiet", stdin=block))
        self.assertEqual(store.json("root", "--at", "7")["root"], root_at(7))  # reads go on
        # A restart does not forget; the store says so and is left alone.
        self.assertEqual(store.daemon.terminate(), 6)
        store.daemon = None
        store.start()
        self.assertTrue(store.status()["corrupt"])
        self.assertEqual(store.daemon.terminate(), 6)
        store.daemon = None
        # The way out.
        store.text("recover", "--select", "300")
        store.start()
        self.assertEqual(self.wait_for_pass(store)["findings"], [])
        store.replay(block)
        store.expect_sound()


class SupportBundle(AdminTestCase):
    """One command for whoever has to help."""

    def test_it_has_every_part_or_says_why_not(self):
        for store in self.both():
            where = self.directory / f"bundle-{store.mode}"
            document = store.json("support-bundle", "--to", where, "--blocks", "5")
            parts = {part["name"]: part for part in document["parts"]}
            for name, part in parts.items():
                self.assertEqual(bool(part["error"]), name == "metrics.txt", part)
                self.assertEqual((where / name).exists(), not part["error"])
            self.assertIn("metrics-listen is not set", parts["metrics.txt"]["error"])
            manifest = (where / "MANIFEST").read_text()
            self.assertIn("metrics.txt  MISSING", manifest)
            for name in parts:
                self.assertIn(name, manifest)
            lines = (where / "blocks.jsonl").read_text().splitlines()
            self.assertEqual([json.loads(line)["version"] for line in lines], list(range(HEAD - 4, HEAD + 1)))
            hashes = [json.loads(line) for line in (where / "hashlog.jsonl").read_text().splitlines()]
            self.assertEqual((hashes[-1]["version"], hashes[-1]["root"]), (HEAD, root_at(HEAD)))
            status = json.loads((where / "status.json").read_text())
            self.assertEqual(status["retention"]["current"], SNAPSHOTS[-1])
            self.assertEqual(status.get("version", HEAD), HEAD)
            self.assertTrue((where / f"snapshot-{SNAPSHOTS[0]}.json").exists())
            self.assertIn("[scrub]", (where / "config.toml").read_text())
            self.assertIn("there already", store.fails(2, "support-bundle", "--to", where))
            shutil.rmtree(where)


if __name__ == "__main__":
    harness.main()
