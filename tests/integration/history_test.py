#!/usr/bin/env python3
"""rollback and reorg as an operator meets them: through the daemon and offline, by undo and by replay.

    python3 -B tests/integration/history_test.py --bin-dir build/release/bin [TestClass.test_name]
"""

import os
import pty
import select
import subprocess
import unittest

import harness
from admin_harness import HEAD, NO_UNDO, AdminTestCase, blocks, fork_blocks, root_at
from harness import command_line, flatkv, tree_digest


class Rollback(AdminTestCase):

    def roll_back(self, store, target, *method):
        """Plan, refusal, execution; returns the plan."""
        words = ("rollback", "--to", target, *method)
        head = store.head()
        plan = store.json(*words, "--dry-run")["plan"]
        self.assertEqual((plan["from"], plan["target"], plan["target_root"]), (HEAD, target, root_at(target)))
        # Without a terminal nobody can be asked: the plan, and nothing else.
        result = store.run(*words, stdin="")
        self.assertEqual(result.returncode, 3, result.stderr)
        self.assertIn("nothing was changed", result.stderr)
        self.assertIn("--yes", result.stderr)
        self.assertEqual(result.stdout.partition("\n")[2], store.text(*words, "--dry-run"))
        for number, step in enumerate(plan["steps"], 1):
            self.assertIn(f"  {number}. {step}\n", result.stdout)
        self.assertEqual((store.head(), store.snapshots(), store.current()), (head, [100, 200, 300], 300))

        planned, done = store.json_lines(*words, "--yes")
        self.assertEqual(planned["plan"], plan)
        self.assertEqual((done["version"], done["root"], done["method"]), (target, root_at(target), plan["method"]))
        store.expect_head(target)
        return plan

    def check_rolled_back(self, store, target, base):
        """Restarts change nothing, other blocks commit, and the old ones do too."""
        for _ in range(2):
            store.expect_head(target)
            self.assertEqual((store.snapshots(), store.current(), store.leftovers()),
                             ([v for v in (100, 200, 300) if v <= target], base, []))
            self.assertIn("above the head", store.fails(4, "root", "--at", target + 1))
            store.reopen()
        fork = store.replay(fork_blocks(target + 1, target + 9))
        self.assertEqual(list(fork), list(range(target + 1, target + 10)))
        self.assertNotEqual(fork[target + 1], root_at(target + 1))
        store.expect_head(target + 9, fork[target + 9])
        store.reopen()
        store.expect_head(target + 9, fork[target + 9])
        store.expect_sound()
        store.text("rollback", "--to", target, "--yes")
        roots = store.replay(blocks(target + 1, HEAD))
        self.assertEqual(roots, {v: root_at(v) for v in range(target + 1, HEAD + 1)})
        store.expect_sound()

    def test_by_undo(self):
        for store in self.both():
            plan = self.roll_back(store, 250, "--method", "undo")
            self.assertEqual((plan["method"], plan["base"], plan["replay_from"], plan["removed_snapshots"]),
                             ("undo", 200, 0, [300]))
            self.check_rolled_back(store, 250, 200)

    def test_by_replay(self):
        for store in self.both():
            plan = self.roll_back(store, 250, "--method", "replay")
            self.assertEqual((plan["method"], plan["base"], plan["replay_from"], plan["removed_snapshots"]),
                             ("replay", 200, 201, [300]))
            self.check_rolled_back(store, 250, 200)

    def test_without_undo_records_the_method_is_replay(self):
        for store in self.both(env=NO_UNDO):
            self.assertIn("no undo records", store.fails(4, "rollback", "--to", 250, "--method", "undo", "--yes"))
            plan = self.roll_back(store, 200)
            # The snapshot of the target itself: nothing is replayed.
            self.assertEqual((plan["method"], plan["base"], plan["replay_from"]), ("replay", 200, 0))
            self.check_rolled_back(store, 200, 200)

    def test_the_plan_names_a_pin_that_goes_with_its_snapshot(self):
        for store in self.both():
            pin = store.json("snapshot", "pin", 300, "--reason", "audit of May")["pin"]
            self.assertEqual(store.json("rollback", "--to", 250, "--dry-run")["plan"]["removed_pins"], [pin])
            self.assertIn(f"removes   pin {pin['id']} of snapshot 300: audit of May\n",
                          store.text("rollback", "--to", 250, "--yes"))
            self.assertEqual(store.json("snapshot", "pins")["pins"], [])

    def test_to_the_head_changes_nothing(self):
        for store in self.both():
            before = tree_digest(store.directory, leave_out=("DIRTY", "LOCK"))
            text = store.text("rollback", "--to", HEAD, "--yes")
            self.assertIn("gives up  nothing", text)
            self.assertNotIn("method", text)
            store.expect_head(HEAD)
            self.assertEqual(store.snapshots(), [100, 200, 300])
            if store.daemon is not None:
                self.assertEqual(tree_digest(store.directory, leave_out=("DIRTY", "LOCK")), before)

    def test_what_cannot_be_reached_is_refused_and_said(self):
        for store in self.both(env=NO_UNDO):
            self.assertIn(f"version {HEAD + 1} is above the head {HEAD}",
                          store.fails(4, "rollback", "--to", HEAD + 1, "--yes"))
            for to in (0, -1, "x"):
                store.fails(2, "rollback", "--to", to, "--yes")
                store.fails(2, "rollback", "--to", to, "--dry-run")
            store.text("prune", "--keep", 1, "--yes")
            for method in ("auto", "replay", "undo"):
                message = store.fails(4, "rollback", "--to", 150, "--yes", "--method", method)
                self.assertIn("the oldest retained version is 200", message)
                self.assertIn("flatkv status shows what is retained", message)
            store.expect_head(HEAD)
            self.assertEqual(store.snapshots(), [200, 300])

    def test_before_the_first_version_is_refused(self):
        store = self.new("home", {"FLATKV_STORE_INITIAL_VERSION": "10"})
        store.replay("".join(f'{{"version":{v},"changesets":[]}}\n' for v in (10, 11, 12)))
        self.assertIn("before the store's first version 10", store.fails(4, "rollback", "--to", 9, "--yes"))

    def test_a_rollback_as_planned_warns_of_nothing(self):
        store = self.copy()
        result = store.run("rollback", "--to", 250, "--method", "replay", "--yes")
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_an_offline_dry_run_changes_no_file(self):
        store = self.copy()
        before = tree_digest(store.directory, leave_out=("working", "LOCK"))
        for words in (("rollback", "--to", 250), ("prune", "--keep", 0), ("snapshot", "rm", 100),
                      ("reorg", self.file("fork.jsonl", fork_blocks(300, 305)))):
            store.text(*words, "--dry-run")
            store.fails(3, *words)
        after = tree_digest(store.directory, leave_out=("working", "LOCK"))
        # What every open of the data DBs writes beside their rows is no change.
        self.assertEqual({k: v for k, v in after.items() if not k.startswith("working/")},
                         {k: v for k, v in before.items() if not k.startswith("working/")})


class Confirmation(AdminTestCase):
    """A person at a terminal, who types the version."""

    def answer(self, store, text):
        """Runs a rollback on a terminal of its own; (exit code, what it printed)."""
        leader, follower = pty.openpty()
        self.addCleanup(os.close, leader)
        command = subprocess.Popen(command_line("rollback", "--to", 330, "--home", store.home),
                                   env=harness.clean_environment(store.env), stdin=follower, stdout=subprocess.PIPE,
                                   stderr=follower)
        self.addCleanup(command.kill)
        os.close(follower)
        shown = b""
        while b"Type 330 to go on: " not in shown:
            ready, _, _ = select.select([leader], [], [], harness.COMMAND_SECONDS)
            self.assertTrue(ready, shown)
            shown += os.read(leader, 4096)
        os.write(leader, text)
        out, _ = command.communicate(timeout=harness.COMMAND_SECONDS)
        return command.returncode, out.decode()

    def test_only_the_version_itself_goes_on(self):
        for store in self.both():
            for wrong in (b"yes\n", b"33\n", b"\n", b"\x04"):
                code, out = self.answer(store, wrong)
                self.assertEqual(code, 3, out)
                self.assertIn("gives up  versions 331 to 339\n", out)
                store.expect_head(HEAD)
            code, out = self.answer(store, b"330\n")
            self.assertEqual(code, 0, out)
            store.expect_head(330)


class Reorg(AdminTestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.fork_roots = {}

    def expected(self, first, last):
        """The roots of the fork in a store that never had anything else."""
        if first not in self.fork_roots:
            store = self.new(f"only-{first}", {"FLATKV_WAL_SYNC": "off"})
            if first > 1:
                store.replay(blocks(1, first - 1))
            self.fork_roots[first] = store.replay(fork_blocks(first, last))
        return self.fork_roots[first]

    def reorg(self, store, first, last):
        expected = self.expected(first, last)
        head = store.head()
        file = self.file("fork.jsonl", fork_blocks(first, last))
        document = store.json("reorg", file, "--dry-run")
        self.assertEqual((document["plan"]["first"], document["plan"]["last"]), (first, last))
        self.assertEqual(document["plan"]["rollback"]["target"], first - 1)
        self.assertIn(f"head      {HEAD} now, {last} afterwards\n", store.text("reorg", file, "--dry-run"))
        store.fails(3, "reorg", file)
        self.assertEqual((store.head(), store.snapshots()), (head, [100, 200, 300]))
        _, done = store.json_lines("reorg", file, "--yes")
        self.assertEqual((done["from"], done["already_done"]), (HEAD, False))
        self.assertEqual({entry["version"]: entry["root"] for entry in done["versions"]}, expected)
        store.expect_head(last, expected[last])
        # A client that did not get the answer asks again.
        _, done = store.json_lines("reorg", file, "--yes")
        self.assertTrue(done["already_done"])
        self.assertIn("nothing was changed", store.text("reorg", file, "--yes"))
        store.reopen()
        store.expect_head(last, expected[last])
        self.assertEqual((store.snapshots(), store.leftovers()), ([v for v in (100, 200, 300) if v < first], []))
        store.expect_sound()

    def test_by_undo(self):
        for store in self.both():
            self.reorg(store, 281, 310)

    def test_by_replay(self):
        for store in self.both(env=NO_UNDO):
            self.reorg(store, 281, 310)

    def test_from_the_first_version_on(self):
        for store in self.both():
            self.reorg(store, 1, 20)

    def test_versions_that_follow_the_head_give_up_nothing(self):
        for store in self.both():
            store.text("rollback", "--to", 320, "--yes")
            file = self.file("next.jsonl", blocks(321, 330))
            self.assertIn("gives up  nothing: the new versions follow the head\n", store.text("reorg", file, "--yes"))
            store.expect_head(330)

    def test_standard_input_cannot_answer_too(self):
        for store in self.both():
            text = fork_blocks(330, 335)
            result = store.run("reorg", "-", stdin=text)
            self.assertEqual(result.returncode, 3, result.stderr)
            store.expect_head(HEAD)
            self.assertIn(f"head {HEAD} became 335", store.text("reorg", "-", "--yes", stdin=text))

    def test_a_bad_file_changes_nothing(self):
        bad_pair = '{"version":%d,"changesets":[{"name":"evm","pairs":[{"key":"0a%s","value":"00"}]}]}\n'
        files = (("empty", "", 2, "holds no version"),
                 ("gap", blocks(301, 302) + blocks(304, 304), 2, ":3: version 304 follows version 302"),
                 ("line", blocks(301, 302) + "{", 2, ":3: "),
                 ("pair", fork_blocks(301, 302) + bad_pair % (303, "11" * 20), 2, ""),
                 ("above", f'{{"version":{HEAD + 2},"changesets":[]}}\n', 4, "above the head"))
        for store in self.both():
            for name, text, code, said in files:
                self.assertIn(said, store.fails(code, "reorg", self.file(name, text), "--yes"), name)
                store.expect_head(HEAD)
                self.assertEqual((store.snapshots(), store.leftovers()), ([100, 200, 300], []), name)
            self.assertIn("missing", store.fails(2, "reorg", self.directory / "missing", "--yes"))


class Readers(AdminTestCase):

    def test_a_commit_of_the_other_branch_is_refused_until_the_rollback(self):
        store = self.copy().start()
        fork = fork_blocks(330, 332)
        result = flatkv("replay", "-", "--quiet", "--address", store.daemon.address, stdin=fork)
        self.assertEqual(result.returncode, 13, result.stderr)
        self.assertIn("version 330", result.stderr)
        store.text("rollback", "--to", 329, "--yes")
        self.assertEqual(list(store.replay(fork)), [330, 331, 332])


if __name__ == "__main__":
    harness.main()
