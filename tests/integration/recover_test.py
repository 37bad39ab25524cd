#!/usr/bin/env python3
"""Damage, recovery, migration and the changelog's tools, as an operator meets them at 3 a.m.

    python3 -B tests/integration/recover_test.py --bin-dir build/release/bin [TestClass.test_name]
"""

import json
import shutil
import stat
import unittest

import harness
from admin_harness import (ETHEREUM, HEAD, MANUAL, NO_UNDO, AdminTestCase, blocks, flip_byte, root_at, snapshot_name)
from harness import StartFailure, flatkv, tree_digest


def largest(directory, pattern):
    return max(directory.glob(pattern), key=lambda path: path.stat().st_size)


class Damage(AdminTestCase):
    """A byte that decayed while nobody had the store open."""

    def start_fails(self, store, code):
        with self.assertRaises(StartFailure) as failure:
            store.start()
        self.assertEqual(failure.exception.code, code, failure.exception.log)
        return failure.exception.log

    def test_in_working_is_found_at_open_and_made_good(self):
        for mode in ("offline", "online"):
            store = self.copy(mode)
            for table in (store.directory / "working" / "misc").glob("*.ldb"):
                content = table.read_bytes()
                table.unlink()  # a fresh inode, so that no snapshot shares the damage
                table.write_bytes(content)
                flip_byte(table, len(content) // 3)
            if mode == "online":
                store.start()
                self.assertIn("recovery.set_aside", store.daemon.log())
            (entry,) = store.json("quarantine", "list")["entries"]
            self.assertEqual(entry["item"], "working")
            self.assertIn("working/misc", entry["reason"])
            store.expect_head(HEAD)
            store.expect_sound()
            store.stop()

    def test_in_a_row_of_working_is_found_by_verify_and_the_remedy_of_the_manual_works(self):
        for mode in ("online", "offline"):
            store = self.copy(mode)
            table = largest(store.directory / "working" / "misc", "*.ldb")
            content = table.read_bytes()
            table.unlink()
            table.write_bytes(content)
            flip_byte(table, len(content) // 2)
            if mode == "online":
                store.start()
            (document,) = store.json_lines("verify", code=6)
            self.assertEqual((document["ok"], len(document["findings"])), (False, 1), document)
            self.assertIn("misc", document["findings"][0])
            self.assertTrue(store.json("verify", "--snapshot", 300)["ok"])
            store.stop()
            (store.directory / "working").rename(self.directory / f"set-aside-{mode}")
            if mode == "online":
                store.start()
            store.expect_head(HEAD)
            store.expect_sound()
            store.stop()

    def test_a_missing_data_db_is_made_anew(self):
        store = self.copy()
        shutil.rmtree(store.directory / "working" / "storage")
        store.expect_head(HEAD)
        ETHEREUM.check_status(self, store.status())
        store.expect_sound()

    def test_in_a_sealed_segment_is_named_by_file_offset_and_version(self):
        for store in self.both():
            segment = sorted((store.directory / "changelog").iterdir())[2]
            flip_byte(segment, segment.stat().st_size // 2)
            message = store_wal(self, store, 6, "verify")
            self.assertIn(str(segment), message)
            self.assertRegex(message, r"offset \d+, version \d+")
            (document,) = store.json_lines("verify", "--quick", code=6)
            self.assertFalse(document["ok"])
            self.assertIn(segment.name, document["findings"][0])
            message = store.fails(6, "verify", "--quick")
            self.assertIn("1 finding of damage", message)
            self.assertIn("flatkv wal verify", message)
            store.expect_head(HEAD)  # which needs nothing of it

    def test_in_the_last_segment_refuses_the_start_and_says_how_to_look(self):
        store = self.copy()
        segment = sorted((store.directory / "changelog").iterdir())[-1]
        flip_byte(segment, 200)
        before = tree_digest(store.directory / "changelog")
        log = self.start_fails(store, 6)
        message = store.fails(6, "status")
        for text in (log, message):
            self.assertIn(str(segment), text)
            self.assertRegex(text, r"offset \d+, version \d+")
        self.assertIn("flatkv wal verify --home DIR", message)
        self.assertIn("version", store_wal(self, store, 6, "verify"))
        self.assertEqual(tree_digest(store.directory / "changelog"), before, "nothing is cut")

    def test_in_the_snapshot_to_replay_from_is_refused_before_anything_changes(self):
        for store in self.both(env=NO_UNDO):
            table = largest(store.directory / snapshot_name(200) / "misc", "*.sst")
            content = table.read_bytes()
            table.unlink()
            table.write_bytes(content[:-1])
            message = store.fails(6, "rollback", "--to", 250, "--yes")
            self.assertIn("snapshot of version 200 is damaged", message)
            self.assertIn(table.name, message)
            store.expect_head(HEAD)
            self.assertEqual(store.snapshots(), [100, 200, 300])

    def test_in_the_bookkeeping_of_the_snapshot_to_replay_from_costs_no_version(self):
        for store in self.both(env=NO_UNDO):
            table = largest(store.directory / snapshot_name(200) / "misc", "*.sst")
            content = table.read_bytes()
            table.unlink()
            table.write_bytes(content)
            flip_byte(table, 1000)  # the first rows are the data DB's own, which every open reads
            result = store.run("rollback", "--to", 250, "--yes")
            store.reopen()
            # Refused, or done from an older snapshot; the store opens again either way.
            if result.returncode == 0:
                store.expect_head(250)
            else:
                self.assertEqual(result.returncode, 6, result.stderr)
                self.assertIn("snapshot of version 200 is damaged", result.stderr)
                store.expect_head(HEAD)

    def test_in_a_manifest_is_named(self):
        for store in self.both():
            flip_byte(store.directory / snapshot_name(200) / "SNAPSHOT", 50)
            for words in (("snapshot", "list"), ("snapshot", "show", 200)):
                self.assertIn(snapshot_name(200), store.fails(6, *words))
            result = store.run("verify", "--quick")
            self.assertEqual(result.returncode, 6, result.stderr)
            self.assertIn(snapshot_name(200), result.stdout + result.stderr)


def store_wal(test, store, code, *words):
    """A wal command on the files, beside a daemon or not; its standard error."""
    result = flatkv("wal", *words, "--home", store.home, env=store.env)
    test.assertEqual(result.returncode, code, result.stderr)
    test.assertTrue(result.stdout.startswith(f"offline: changelog in {store.directory}/changelog, only read\n"),
                    result.stdout)
    return result.stderr


class Recover(AdminTestCase):

    def test_two_orphans_ask_the_operator_who_selects_one(self):
        store = self.copy()
        (store.directory / "current").unlink()
        before = tree_digest(store.directory, leave_out=("DIRTY", "LOCK"))
        message = store.fails(6, "status")
        self.assertIn("there are the snapshots 100, 200, 300", message)
        self.assertIn("recover --select", message)
        with self.assertRaises(StartFailure) as failure:
            store.start()
        self.assertEqual(failure.exception.code, 6)
        self.assertIn("recover --select", failure.exception.log)
        self.assertIn("no snapshot of version 150", store.fails(4, "recover", "--select", 150))
        self.assertEqual(tree_digest(store.directory, leave_out=("DIRTY", "LOCK")), before)

        document = store.json("recover", "--select", 200)
        self.assertEqual((document["version"], document["root"], document["current"],
                          document["quarantine_entries"]), (HEAD, root_at(HEAD), 200, 2))
        self.assertEqual((document["recovery"]["replayed_from"], document["recovery"]["replayed_to"]), (201, HEAD))
        items = [entry["item"] for entry in store.json("quarantine", "list")["entries"]]
        self.assertEqual(sorted(items), [snapshot_name(300), "working"])
        self.assertEqual((store.snapshots(), store.current()), ([100, 200], 200))
        store.expect_sound()
        store.start()
        store.expect_head(HEAD)

    def test_recover_in_text_says_the_same(self):
        store = self.copy()
        (store.directory / "current").unlink()
        text = store.text("recover", "--select", 300)
        for line in ("recovered from snapshot 300", f"version   {HEAD}", f"root      {root_at(HEAD)}",
                     "current   snapshot 300"):
            self.assertIn(line + "\n", text)

    def test_one_orphan_is_adopted(self):
        store = self.copy()
        store.text("snapshot", "rm", 100, "--yes")
        (store.directory / "current").unlink()
        (store.directory / "current").symlink_to(snapshot_name(200))
        store.expect_head(HEAD)
        self.assertEqual(store.current(), 300)

    def test_a_dangling_current_names_what_there_is(self):
        store = self.copy()
        shutil.rmtree(store.directory / snapshot_name(300))
        message = store.fails(6, "status")  # recover is in the message, if not in the hint
        self.assertIn(f"it names {snapshot_name(300)}, which is not there", message)
        self.assertIn("recover --select", message)
        self.assertEqual(store.json("recover", "--select", 200)["root"], root_at(HEAD))

    def test_recover_needs_the_store_for_itself(self):
        store = self.copy().start()
        message = self.run_fails(5, "recover", "--select", 200, "--home", store.home)
        self.assertIn(f"held by process {store.daemon.process.pid}", message)
        store.expect_head(HEAD)


class Quarantine(AdminTestCase):

    def test_list_and_rm(self):
        for mode in ("online", "offline"):
            store = self.copy(mode)
            self.assertEqual(store.text("quarantine", "list"), "the quarantine is empty\n")
            (store.directory / "current").unlink()
            store.text("recover", "--select", 200)
            if mode == "online":
                store.start()
            entries = store.json("quarantine", "list")["entries"]
            text = store.text("quarantine", "list")
            for entry in entries:
                path = store.directory / "quarantine" / entry["name"]
                self.assertTrue((path / entry["item"]).is_dir())
                self.assertIn("selected", entry["reason"])
                self.assertIn(f"{entry['name']}  ", text)
                self.assertIn(f"  {entry['reason']}\n", text)
            status = store.status()["retention"]
            self.assertEqual((status["quarantine_entries"], status["quarantine_bytes"]),
                             (2, sum(entry["bytes"] for entry in entries)))
            name = entries[0]["name"]
            self.assertIn("flatkv quarantine list", store.fails(4, "quarantine", "rm", "nothing", "--yes"))
            self.assertIn("nothing was changed", store.fails(3, "quarantine", "rm", name))
            self.assertEqual(store.json("quarantine", "rm", name, "--dry-run")["plan"]["entry"], entries[0])
            self.assertEqual(store.json("quarantine", "list")["entries"], entries)
            _, done = store.json_lines("quarantine", "rm", name, "--yes")
            self.assertEqual(done["removed"], name)
            self.assertEqual(store.json("quarantine", "list")["entries"], entries[1:])
            self.assertFalse((store.directory / "quarantine" / name).exists())
            store.stop()


class Migrate(AdminTestCase):

    def flat(self, env=None):
        """The prepared store as it was before there were snapshots."""
        store = self.copy(env=env)
        for path in (*store.directory.glob("snapshot-*"), store.directory / "undo"):
            shutil.rmtree(path)
        (store.directory / "current").unlink()
        working = store.directory / "working"
        for name in ("account", "code", "storage", "misc"):
            (working / name).rename(store.directory / name)
        shutil.rmtree(working)
        return store

    def test_a_dry_run_and_a_missing_yes_change_nothing(self):
        store = self.flat()
        before = tree_digest(store.directory)
        plan = store.json("migrate", "--dry-run")["plan"]
        self.assertEqual((plan["migrate"], plan["data_dbs"]), (True, ["account", "code", "storage", "misc"]))
        self.assertIn("moves     account, code, storage, misc", store.text("migrate", "--dry-run"))
        self.assertIn("nothing was changed", store.fails(3, "migrate"))
        self.assertEqual(tree_digest(store.directory), before)

    def test_it_moves_the_data_dbs_and_takes_the_first_snapshot(self):
        store = self.flat({"FLATKV_SNAPSHOT_POLICY": "interval"})
        plan, done = store.json_lines("migrate", "--yes")
        self.assertTrue(plan["plan"]["migrate"])
        self.assertEqual((done["version"], done["root"], done["current"]), (HEAD, root_at(HEAD), HEAD))
        self.assertEqual(store.snapshots(), [HEAD])
        self.assertIn("nothing to migrate", store.text("migrate", "--yes"))
        self.assertFalse(store.json("migrate", "--dry-run")["plan"]["migrate"])
        ETHEREUM.check_status(self, store.status())
        store.expect_sound()

    def test_a_daemon_migrates_by_itself(self):
        store = self.flat().start()
        self.assertIn("recovery.migrated", store.daemon.log())
        store.expect_head(HEAD)
        store.wait_for("the first snapshot", lambda status: status["retention"]["current"] == HEAD)
        self.assertIn("nothing to migrate", self.run_ok("migrate", "--home", store.home).stdout)


class DirtyStore(AdminTestCase):
    """[recovery] on-dirty-store after kill -9."""

    def killed(self):
        store = self.copy().start()
        store.text("rollback", "--to", 330, "--yes")
        store.replay(blocks(331, 335))
        return store.kill()

    def policy(self, store, policy, **more):
        store.env = {**MANUAL, "FLATKV_RECOVERY_ON_DIRTY_STORE": policy, **more}
        return store

    def test_recover_goes_on(self):
        store = self.policy(self.killed(), "recover").start()
        store.expect_head(335)
        self.assertEqual(store.json("quarantine", "list")["entries"], [])
        self.assertEqual(store.status()["retention"]["on_dirty_store"], "recover")

    def test_fail_refuses_until_someone_says_recover(self):
        store = self.policy(self.killed(), "fail")
        for _ in range(2):
            with self.assertRaises(StartFailure) as failure:
                store.start()
            self.assertEqual(failure.exception.code, 8)
            self.assertIn("not closed cleanly", failure.exception.log)
            message = store.fails(8, "status")
            self.assertIn("FLATKV_RECOVERY_ON_DIRTY_STORE=recover", message)
        self.policy(store, "recover").expect_head(335)  # offline, and closed cleanly
        self.policy(store, "fail").start()
        store.expect_head(335)

    def test_restore_snapshot_starts_from_current_and_loses_nothing(self):
        store = self.policy(self.killed(), "restore-snapshot").start()
        store.expect_head(335)
        (entry,) = store.json("quarantine", "list")["entries"]
        self.assertEqual(entry["item"], "working")
        self.assertIn("replaying 301 to 335", store.daemon.log())
        store.expect_sound()
        store.reopen()  # was clean
        self.assertEqual(len(store.json("quarantine", "list")["entries"]), 1)

    def test_wipe_needs_the_id_of_the_store_and_keeps_everything_aside(self):
        store = self.killed()
        store_id = next(line.split()[-1].strip('"') for line in (store.directory / "IDENTITY").read_text().splitlines()
                        if "store-id" in line or "store_id" in line)
        before = tree_digest(store.directory, leave_out=("LOCK",))
        for confirmation, code in (({}, 2), ({"FLATKV_RECOVERY_WIPE_CONFIRMATION": "0" * 32}, 3)):
            self.policy(store, "wipe", **confirmation)
            with self.assertRaises(StartFailure) as failure:
                store.start()
            self.assertEqual(failure.exception.code, code, failure.exception.log)
            self.assertIn("wipe-confirmation", failure.exception.log)
            self.assertEqual(tree_digest(store.directory, leave_out=("LOCK",)), before)
        self.policy(store, "wipe", FLATKV_RECOVERY_WIPE_CONFIRMATION=store_id).start()
        self.assertEqual(store.status()["version"], 0)
        self.assertNotEqual(store.status()["store_id"], store_id)
        items = {entry["item"] for entry in store.json("quarantine", "list")["entries"]}
        self.assertLessEqual({"IDENTITY", "changelog", "working", "current", snapshot_name(300)}, items)
        ETHEREUM.check(self, store.run("replay", ETHEREUM.log, "--json", "--quiet").stdout)


class Changelog(AdminTestCase):
    """wal info, dump and verify."""

    def test_info_and_verify_work_beside_a_daemon_and_without(self):
        for store in self.both():
            info = json.loads(self.run_ok("wal", "info", "--json", "--home", store.home).stdout)
            names = sorted(path.name for path in (store.directory / "changelog").glob("*.wal"))
            self.assertEqual([segment["file"] for segment in info["segments"]], names)
            self.assertEqual((info["ok"], info["first"], info["last"]), (True, 1, HEAD))
            self.assertGreater(len(names), 3)
            self.assertEqual([s["first"] for s in info["segments"]][1:],
                             [s["last"] + 1 for s in info["segments"]][:-1])
            verified = json.loads(self.run_ok("wal", "verify", "--json", "--home", store.home).stdout)
            self.assertEqual((verified["ok"], verified["records_read"]), (True, HEAD))
            store_wal(self, store, 0, "info")
            store_wal(self, store, 0, "verify")
            store_wal(self, store, 0, "dump")

    def test_dump_has_every_root_and_its_pairs_replay_to_them(self):
        for store in self.both():
            dumped = [json.loads(line) for line in
                      self.run_ok("wal", "dump", "--json", "--home", store.home).stdout.splitlines()]
            self.assertEqual([{"version": d["version"], "root": d["root"]} for d in dumped], ETHEREUM.lines)
            part = self.run_ok("wal", "dump", "--from", 10, "--to", 12, "--json", "--home", store.home)
            self.assertEqual([json.loads(line)["version"] for line in part.stdout.splitlines()], [10, 11, 12])
            pairs = self.run_ok("wal", "dump", "--pairs", "--home", store.home).stdout
            copy = self.new(f"copy-{store.mode}")
            self.assertEqual(copy.replay(pairs), {v: root_at(v) for v in range(1, HEAD + 1)})
            self.assertIn("wal info", self.run_fails(4, "wal", "dump", "--from", HEAD + 1, "--home", store.home))


class OneDaemon(AdminTestCase):

    def test_a_second_daemon_is_refused_and_the_first_serves_on(self):
        store = self.copy().start()
        with self.assertRaises(StartFailure) as failure:
            self.start(store.home.name, env=store.env,
                       args=("--listen", f"unix:{self.directory}/second.sock"))
        self.assertEqual(failure.exception.code, 5)
        self.assertIn(f"held by process {store.daemon.process.pid}", failure.exception.log)
        self.assertEqual(stat.S_IMODE((store.home / "admin.sock").stat().st_mode), 0o600)
        store.expect_head(HEAD)
        store.json("snapshot", "list")

    def test_reads_of_a_home_that_a_daemon_has_open_name_it(self):
        store = self.copy().start()
        message = self.run_fails(5, "get", "bank", "00", "--home", store.home)
        self.assertIn(f"held by process {store.daemon.process.pid}", message)
        self.assertIn("--address", message)


if __name__ == "__main__":
    harness.main()
