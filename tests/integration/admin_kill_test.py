#!/usr/bin/env python3
"""SIGKILL during a snapshot, a rollback and a reorg: afterwards the old state or the new one, and nothing in between.

    python3 -B tests/integration/admin_kill_test.py --bin-dir build/release/bin
    TEST_SEED=7 KILLS=200 python3 -B tests/integration/admin_kill_test.py --bin-dir build/release/bin

Each round works on a fresh copy of one store. The delay before the kill is drawn from the time that the undisturbed
operation took; where it hits decides only which of the two states is right.
"""

import os
import random
import subprocess
import time

import harness
from admin_harness import HEAD, NO_UNDO, AdminTestCase, blocks, fork_blocks, root_at
from harness import command_line

SEED = int(os.environ.get("TEST_SEED", "20240607"))
KILLS = int(os.environ.get("KILLS", "4"))  # of each operation
TARGET = 250


class AdminKillTest(AdminTestCase):

    def setUp(self):
        super().setUp()
        print(f"seed {SEED}, {KILLS} kills", flush=True)
        self.choose = random.Random(f"{SEED} {self.id()}")

    def begin(self, number, words, env, online):
        """Copies the store and begins the operation; both."""
        store = self.copy(f"r{number}", env)
        if online:
            store.start()
        operation = subprocess.Popen(command_line(*words, "--home", store.home),
                                     env=harness.clean_environment(store.env), stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(operation.kill)
        return store, operation

    def undisturbed_seconds(self, words, env, online):
        store, operation = self.begin("-first", words, env, online)
        start = time.monotonic()
        _, error = operation.communicate(timeout=harness.COMMAND_SECONDS)
        self.assertEqual(operation.returncode, 0, error)
        seconds = time.monotonic() - start
        store.stop()
        return seconds

    def killed_rounds(self, words, env, check_new):
        """`check_new` says what else holds in the new state; the old one is the prepared store."""
        outcomes = {"old": 0, "new": 0}
        for online in (True, False):
            seconds = self.undisturbed_seconds(words, env, online)
            for number in range(KILLS // 2):
                delay = self.choose.random() * 1.2 * seconds
                name = f"-{'on' if online else 'off'}{number}"
                with self.subTest(online=online, number=number, delay=delay):
                    store, operation = self.begin(name, words, env, online)
                    time.sleep(delay)
                    if online:
                        store.kill()
                    else:
                        operation.kill()
                    operation.communicate(timeout=harness.COMMAND_SECONDS)
                    # The one state or the other, whoever opens it first, and still so after that.
                    opened_offline = store.head() if self.choose.randrange(2) == 0 else None
                    store.start()
                    outcome = self.check_whole(store, check_new)
                    if opened_offline is not None:
                        self.assertEqual(store.head(), opened_offline)
                    # It was answered, so it stays done.
                    if operation.returncode == 0:
                        self.assertEqual(outcome, "new")
                    store.reopen()
                    self.assertEqual(self.check_whole(store, check_new), outcome)
                    store.expect_sound()
                    outcomes[outcome] += 1
                    store.stop()
        print(f"{words[0]}: {outcomes['old']} times the old state, {outcomes['new']} times the new one", flush=True)

    def check_whole(self, store, check_new):
        head = store.head()
        self.assertEqual(store.leftovers(), [])
        self.assertEqual(store.json("quarantine", "list")["entries"], [])
        for document in store.json_lines("snapshot", "verify"):
            self.assertTrue(document["ok"], document)
        if head == (HEAD, root_at(HEAD)) and store.snapshots() == [100, 200, 300]:
            self.assertEqual(store.current(), 300)
            return "old"
        check_new(store, head)
        return "new"

    def check_rolled_back(self, store, head):
        self.assertEqual(head, (TARGET, root_at(TARGET)))
        self.assertEqual((store.snapshots(), store.current()), ([100, 200], 200))
        self.assertIn("above the head", store.fails(4, "root", "--at", TARGET + 1))

    def test_during_a_rollback_by_undo(self):
        self.killed_rounds(("rollback", "--to", TARGET, "--method", "undo", "--yes"), None, self.check_rolled_back)

    def test_during_a_rollback_by_replay(self):
        self.killed_rounds(("rollback", "--to", TARGET, "--method", "replay", "--yes"), None, self.check_rolled_back)

    def reorg(self, env):
        expected = self.new("fork", {"FLATKV_WAL_SYNC": "off"})
        expected.replay(blocks(1, TARGET))
        fork = fork_blocks(TARGET + 1, TARGET + 40)
        root = expected.replay(fork)[TARGET + 40]

        def check_new(store, head):
            self.assertEqual(head, (TARGET + 40, root))
            self.assertEqual((store.snapshots(), store.current()), ([100, 200], 200))

        self.killed_rounds(("reorg", self.file("fork.jsonl", fork), "--yes"), env, check_new)

    def test_during_a_reorg_by_undo(self):
        self.reorg(None)

    def test_during_a_reorg_by_replay(self):
        self.reorg(NO_UNDO)

    def test_during_a_snapshot(self):
        def check_new(store, head):
            self.assertEqual(head, (HEAD, root_at(HEAD)))
            self.assertEqual((store.snapshots(), store.current()), ([100, 200, 300, HEAD], HEAD))

        self.killed_rounds(("snapshot", "create"), None, check_new)

    def test_during_a_prune(self):
        """Which may have removed one of two snapshots: each removal is whole."""
        def check_new(store, head):
            self.assertEqual(head, (HEAD, root_at(HEAD)))
            self.assertIn(store.snapshots(), ([200, 300], [300]))
            self.assertEqual(store.current(), 300)
            self.assertLessEqual(store.changelog_first(), store.snapshots()[0])

        self.killed_rounds(("prune", "--keep", 0, "--yes"), NO_UNDO, check_new)


if __name__ == "__main__":
    harness.main()
