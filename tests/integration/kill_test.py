#!/usr/bin/env python3
"""SIGKILL during a stream of commits, again and again: nothing acknowledged may be lost or change.

    python3 -B tests/integration/kill_test.py --bin-dir build/release/bin
    TEST_SEED=7 KILLS=500 python3 -B tests/integration/kill_test.py --bin-dir build/release/bin

A client replays one change log, and starts over whenever the daemon is killed, as an operator would. The client's log,
kept here outside the store, is what it was acknowledged: version and root.
"""

import json
import os
import random
import subprocess
import time

import harness
from harness import DATA, DaemonTestCase, command_line

SEED = int(os.environ.get("TEST_SEED", "20240607"))
KILLS = int(os.environ.get("KILLS", "50"))
ACKNOWLEDGED_MAX = 100  # before a kill, of versions that are new
# Small, so that segments are sealed, memtables flushed and versions replayed many times on the way. No snapshots, which
# would prune the changelog from which the client is answered again.
SETTINGS = {"FLATKV_WAL_SEGMENT_BYTES": "256KiB", "FLATKV_ENGINE_WRITE_BUFFER_BYTES": "256KiB",
            "FLATKV_STORE_REPLAY_BYTES": "1MiB", "FLATKV_LOG_LEVEL": "warning", "FLATKV_SNAPSHOT_POLICY": "manual"}
# Every old row from the data DBs, and past the page cache.
UNCACHED = SETTINGS | {"FLATKV_CACHE_ROW_BYTES": "0", "FLATKV_STORE_DIRECT_READS": "always"}


def generate(path, versions, choose):
    """The sample change log, then made-up blocks: transfers, contract storage, deployments, deletes, empty versions."""
    addresses = [choose.randbytes(20).hex() for _ in range(400)]
    with open(path, "w", encoding="ascii") as out:
        version = 0
        for line in (DATA / "ethereum-changelog.jsonl").read_text().splitlines(keepends=True):
            out.write(line)
            version += 1
        while version < versions:
            version += 1
            out.write(json.dumps({"version": version, "changesets": make_block(choose, addresses)}) + "\n")


def make_block(choose, addresses):
    evm, bank = [], []
    for _ in range(choose.choice((0, 1, 3, 6, 12, 40))):
        address = choose.choice(addresses)
        kind = choose.randrange(10)
        if kind < 5:
            key = f"03{address}{choose.randrange(30):064x}"
            evm.append({"key": key, "value": f"{choose.randrange(4) * choose.getrandbits(200):064x}"})
        elif kind < 7:
            evm.append({"key": f"0a{address}", "value": f"{choose.randrange(1000):016x}"})
        elif kind < 8:
            evm.append({"key": f"07{address}", "value": choose.randbytes(choose.randrange(600)).hex()})
            evm.append({"key": f"08{address}", "value": choose.randbytes(32).hex()})
        elif kind < 9:
            bank.append({"key": f"0214{address}776569", "value": str(choose.getrandbits(60)).encode().hex()})
        else:
            evm.append({"key": choose.choice(("0a", "07", "08")) + address, "delete": True})
            bank.append({"key": f"0214{address}776569", "delete": True})
    return [{"name": name, "pairs": pairs} for name, pairs in (("evm", evm), ("bank", bank)) if pairs]


class KillTest(DaemonTestCase):

    def setUp(self):
        super().setUp()
        self.choose = random.Random(SEED)
        self.log = self.directory / "blocks.jsonl"
        self.acknowledged = {}  # version to root
        generate(self.log, 339 + KILLS * ACKNOWLEDGED_MAX, self.choose)

    def undisturbed(self):
        """The roots of all versions and the final state of a store that nobody disturbs."""
        home = self.directory / "undisturbed"
        env = {"FLATKV_WAL_SYNC": "off"}
        output = self.run_ok("replay", self.log, "--json", "--quiet", "--home", home, env=env).stdout
        roots = {entry["version"]: entry["root"] for entry in map(json.loads, output.splitlines())}
        return roots, self.status(home)

    def kill_while_it_starts(self):
        daemon = self.start(env=SETTINGS, wait=False)
        time.sleep(self.choose.random() * 0.06)
        daemon.kill()

    def record(self, line):
        """One acknowledgement; the same version must always get the same root."""
        entry = json.loads(line)
        before = self.acknowledged.setdefault(entry["version"], entry["root"])
        self.assertEqual(before, entry["root"], f"version {entry['version']} changed")

    def stream_and_kill(self, daemon):
        """Replays from the first version on, and kills the daemon some acknowledgements after the last known one."""
        client = subprocess.Popen(command_line("replay", self.log, "--json", "--quiet", "--address", daemon.address),
                                  env=harness.clean_environment({}), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  text=True)
        for _ in range(len(self.acknowledged) + self.choose.randrange(ACKNOWLEDGED_MAX)):
            line = client.stdout.readline()
            if not line:
                break
            self.record(line)
        time.sleep(self.choose.random() * 0.003)
        daemon.kill()
        # Not by communicate(), which would pass over what readline() has buffered.
        for line in client.stdout:
            self.record(line)
        _, error = client.communicate(timeout=harness.COMMAND_SECONDS)
        self.assertIn(client.returncode, (0, 11), error)
        return client.returncode == 11

    def check_restarted(self, daemon):
        _, head, root = daemon.wait_until_serving()
        last = max(self.acknowledged, default=0)
        self.assertGreaterEqual(head, last, "an acknowledged version is lost")
        if head in self.acknowledged:
            self.assertEqual(root, self.acknowledged[head])
        for version in self.choose.sample(sorted(self.acknowledged), min(2, len(self.acknowledged))):
            answer = self.run_ok("root", "--at", version, "--json", "--address", daemon.address).stdout
            self.assertEqual(json.loads(answer)["root"], self.acknowledged[version], f"root at {version}")
        # A kill damages nothing, so nothing may look as if it were.
        for event in ("recovery.one_by_one", "recovery.rebuild"):
            self.assertNotIn(event, daemon.log())
        return head

    def check_conflict(self, daemon, head):
        other = json.dumps({"version": head, "changesets": [{"name": "other", "pairs": [{"key": "00", "value": ""}]}]})
        error = self.run_fails(13, "replay", "-", "--json", "--quiet", "--address", daemon.address, stdin=other)
        self.assertEqual(json.loads(error)["error"]["reason"], "VERSION_CONFLICT")

    def test_no_acknowledged_version_is_lost_or_changed(self):
        print(f"seed {SEED}, {KILLS} kills", flush=True)
        roots, final = self.undisturbed()
        in_the_stream = beyond = 0
        for kill in range(KILLS):
            if self.choose.randrange(5) == 0:
                self.kill_while_it_starts()
            daemon = self.start(env=self.choose.choice([SETTINGS, UNCACHED]))
            head = self.check_restarted(daemon)
            beyond += head > max(self.acknowledged, default=0)
            if head > 0 and kill % 10 == 0:
                self.check_conflict(daemon, head)
            in_the_stream += self.stream_and_kill(daemon)
        # A kill that always missed the stream would prove nothing.
        self.assertGreaterEqual(in_the_stream, KILLS * 3 // 4)

        daemon = self.start(env=SETTINGS)
        self.check_restarted(daemon)
        output = self.run_ok("replay", self.log, "--json", "--quiet", "--address", daemon.address).stdout
        for line in output.splitlines():
            self.record(line)
        self.assertEqual(self.acknowledged, roots)
        status = self.status(daemon)
        for field in ("version", "root", "data_dbs"):
            self.assertEqual(status[field], final[field], field)
        self.assertEqual(daemon.terminate(), 0, daemon.log())
        self.run_ok("verify", "--home", self.directory / "home", env=SETTINGS)
        print(f"{in_the_stream} of {KILLS} kills hit the stream, {beyond} restarts found versions beyond the last "
              f"acknowledged one, {len(roots)} versions", flush=True)


if __name__ == "__main__":
    harness.main()
