#!/usr/bin/env python3
"""Export, import, archive verify and compact --to with the real programs, through a daemon and offline.

    python3 -B tests/integration/export_test.py --bin-dir build/release/bin [TestClass.test_name]
"""

import json
import tarfile
import threading

import harness
from admin_harness import HEAD, AdminTestCase, Store, blocks, flip_byte, root_at
from harness import flatkv, tree_digest

AT = 310


class ExportImport(AdminTestCase):
    """A state leaves one store and becomes another."""

    def archive_of(self, store, name="archive", at=AT):
        path = self.directory / name
        document = store.json("export", "--to", path, "--at", str(at))
        self.assertEqual((document["version"], document["root"]), (at, root_at(at)))
        return path

    def verify(self, path, code=0):
        result = flatkv("archive", "verify", path, "--json")
        self.assertEqual(result.returncode, code, result.stderr)
        return json.loads(result.stdout)

    def imported(self, archive, home, *words):
        result = flatkv("import", "--from", archive, "--home", home, "--json", *words)
        self.assertEqual(result.returncode, 0, result.stderr)
        plan, done = (json.loads(line) for line in result.stdout.splitlines())
        self.assertEqual(plan["plan"]["root"], done["root"])
        return done

    def test_the_same_bytes_online_offline_and_from_the_imported_store(self):
        digests = []
        for store in self.both():
            archive = self.archive_of(store, f"archive-{store.mode}")
            self.assertTrue(self.verify(archive)["ok"])
            digests.append(tree_digest(archive))
            home = self.directory / f"imported-{store.mode}"
            done = self.imported(archive, home, "--expect-root", root_at(AT))
            self.assertEqual((done["version"], done["root"]), (AT, root_at(AT)))
            copy = Store(self, home, store.env)
            copy.expect_head(AT)
            copy.expect_sound()
            digests.append(tree_digest(self.archive_of(copy, f"again-{store.mode}")))
            # It goes on where the original does, under a daemon too.
            copy.start()
            self.assertEqual(copy.replay(blocks(AT + 1, HEAD))[HEAD], root_at(HEAD))
            copy.expect_sound()
            copy.stop()
        self.assertTrue(all(digest == digests[0] for digest in digests))

    def test_one_file_is_a_tar_file_with_the_members_of_the_directory(self):
        store = self.copy()
        archive = self.archive_of(store)
        file = self.archive_of(store, "state.tar")
        self.assertTrue(self.verify(file)["ok"])
        with tarfile.open(file) as tar:
            members = {name: tar.extractfile(name).read() for name in tar.getnames()}
        self.assertEqual(members, {path.name: path.read_bytes() for path in archive.iterdir()})
        self.imported(file, self.directory / "home-of-file")
        self.assertIn("it is there already", store.fails(1, "export", "--to", file))

    def test_an_interrupted_export_goes_on(self):
        for store in self.both():
            archive = self.archive_of(store, f"archive-{store.mode}")
            whole = tree_digest(archive)
            (archive / "MANIFEST").unlink()
            (archive / "000003.chunk").unlink()
            self.assertEqual(self.verify(archive, 6)["ok"], False)
            again = store.json("export", "--to", archive)  # of the version that is there
            self.assertEqual((again["version"], again["kept_chunks"]), (AT, 2))
            self.assertEqual(tree_digest(archive), whole)
            self.assertTrue(store.json("export", "--to", archive)["already_done"])
            (archive / "MANIFEST").unlink()
            self.assertIn(f"--at {AT}", store.fails(1, "export", "--to", archive, "--at", str(AT + 1)))

    def test_exports_beside_commits(self):
        store = self.copy().start()
        committed = {}
        store.run("rollback", "--to", str(AT), "--yes")
        writer = threading.Thread(target=lambda: committed.update(store.replay(blocks(AT + 1, HEAD))))
        writer.start()
        archive = self.archive_of(store)
        writer.join()
        self.assertEqual(committed[HEAD], root_at(HEAD))
        self.assertTrue(self.verify(archive)["ok"])

    def test_a_damaged_chunk_is_named_and_nothing_is_put_in_place(self):
        archive = self.archive_of(self.copy("source"))
        store = self.copy()
        flip_byte(archive / "000002.chunk", 100)
        report = self.verify(archive, 6)
        self.assertIn("000002.chunk", report["findings"][0])
        result = flatkv("import", "--from", archive, "--home", store.home, "--replace", "--yes")
        self.assertEqual(result.returncode, 6)
        self.assertIn("000002.chunk", result.stderr)
        self.assertIn("flatkv archive verify", result.stderr)
        store.expect_head(HEAD)
        # What it left is shown, and removed by command.
        (entry,) = store.json("quarantine", "list")["entries"]
        self.assertTrue(entry["name"].startswith("staging-"))
        store.text("quarantine", "rm", entry["name"], "--yes")
        self.assertEqual(store.json("quarantine", "list")["entries"], [])
        flip_byte(archive / "000002.chunk", 100)
        self.imported(archive, store.home, "--replace", "--yes")
        store.expect_head(AT)

    def test_a_store_is_replaced_only_when_asked_to_and_is_kept(self):
        archive = self.archive_of(self.copy("source"))
        store = self.copy()
        words = ("import", "--from", archive, "--home", store.home)
        for refused in ((), ("--replace",)):
            result = flatkv(*words, *refused)
            self.assertEqual(result.returncode, 3, result.stderr)
            self.assertIn("--yes", result.stderr)
        before = tree_digest(store.home)
        result = flatkv(*words, "--replace", "--dry-run")
        self.assertEqual(result.returncode, 0)
        self.assertIn("exchange it with", result.stdout)
        self.assertEqual(tree_digest(store.home), before)
        store.start()
        result = flatkv(*words, "--replace", "--yes")
        self.assertEqual(result.returncode, 5, result.stderr)
        self.assertIn("stop the daemon", result.stderr)
        store.stop()
        wrong = flatkv(*words, "--replace", "--yes", "--expect-root", "00" * 32)
        self.assertEqual(wrong.returncode, 13, wrong.stderr)
        done = self.imported(archive, store.home, "--replace", "--yes")
        old = Store(self, store.home / "quarantine" / done["quarantined"], store.env)
        old.expect_head(HEAD)
        store.expect_head(AT)
        (entry,) = store.json("quarantine", "list")["entries"]
        self.assertEqual(entry["name"], done["quarantined"])

    def test_compact_to_makes_a_store_of_its_own(self):
        for store in self.both():
            home = self.directory / f"compact-{store.mode}"
            done = store.json("compact", "--to", home, "--at", str(AT))
            self.assertEqual((done["version"], done["root"]), (AT, root_at(AT)))
            copy = Store(self, home, store.env)
            copy.expect_head(AT)
            copy.expect_sound()
            self.assertIn("name an empty one", store.fails(1, "compact", "--to", home))
            store.expect_head(HEAD)
            store.fails(2, "compact", "--at", str(AT))


if __name__ == "__main__":
    harness.main()
