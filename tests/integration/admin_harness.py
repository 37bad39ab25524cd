"""What the tests of the operator's commands share: a store with the sample blocks, asked through its daemon or offline.

A test loops over both ways with AdminTestCase.both(); the commands are the same, and each must say which way it went.
"""

import json
import pathlib
import shutil
import subprocess
import tempfile
import time

from harness import DATA, DaemonTestCase, Vectors, flatkv

ETHEREUM = Vectors("ethereum", "sha256")
LINES = (DATA / "ethereum-changelog.jsonl").read_text().splitlines()
HEAD = len(LINES)
# Nothing happens by itself, and the changelog has several segments.
MANUAL = {"FLATKV_SNAPSHOT_POLICY": "manual", "FLATKV_SNAPSHOT_KEEP_RECENT": "10",
          "FLATKV_WAL_SEGMENT_BYTES": "32KiB"}
# Old versions are reached from a snapshot and the changelog alone.
NO_UNDO = {**MANUAL, "FLATKV_ROLLBACK_UNDO_DEPTH": "0"}
SNAPSHOTS = (100, 200, 300)  # of the prepared store
WAIT_SECONDS = 120  # for what a loaded machine does in the background


def root_at(version):
    return ETHEREUM.lines[version - 1]["root"]


def blocks(first, last):
    """The lines of a change-log file."""
    return "".join(line + "\n" for line in LINES[first - 1:last])


def fork_blocks(first, last, mark="01"):
    """The same versions with one more pair in each, so that every root differs."""
    out = []
    for line in LINES[first - 1:last]:
        block = json.loads(line)
        block["changesets"].append({"name": "fork", "pairs": [{"key": mark, "value": f"{block['version']:08x}"}]})
        out.append(json.dumps(block) + "\n")
    return "".join(out)


def bank_at(version):
    """The pairs of module bank at a version, from the change log alone."""
    pairs = {}
    for line in LINES[:version]:
        for change_set in json.loads(line)["changesets"]:
            if change_set["name"] != "bank":
                continue
            for pair in change_set["pairs"]:
                if pair.get("delete"):
                    pairs.pop(pair["key"], None)
                else:
                    pairs[pair["key"]] = pair["value"]
    return pairs


def snapshot_name(version):
    return f"snapshot-{version:020}"


def flip_byte(path, offset):
    """A byte that decayed, in place: hard links see it too."""
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1]))


class Store:
    """A home directory and the way to it. Online: administration finds the daemon by --home, reads use its address."""

    def __init__(self, test, home, env, daemon=None):
        self.test = test
        self.home = pathlib.Path(home)
        self.directory = self.home / "flatkv"
        self.env = env
        self.daemon = daemon

    @property
    def mode(self):
        return "offline" if self.daemon is None else "online"

    def _target(self, words):
        reads = words[0] in ("get", "root", "iterate", "status", "replay")
        return ("--address", self.daemon.address) if reads and self.daemon else ("--home", self.home)

    def run(self, *words, stdin=None):
        return flatkv(*words, *self._target(words), env=self.env, stdin=stdin)

    def text(self, *words, stdin=None):
        """A command that succeeds; its output after the line that says which way it went."""
        result = self.run(*words, stdin=stdin)
        self.test.assertEqual(result.returncode, 0, f"{self.mode} flatkv {words}: {result.stderr}")
        first, _, rest = result.stdout.partition("\n")
        expected = "offline: " if self.daemon is None else "online: daemon at unix:"
        self.test.assertTrue(first.startswith(expected), f"flatkv {words}: {first}")
        return rest

    def json_lines(self, *words, code=0, stdin=None):
        """The documents that a command with --json prints; each that has a mode has the right one."""
        result = self.run(*words, "--json", stdin=stdin)
        self.test.assertEqual(result.returncode, code, f"{self.mode} flatkv {words}: {result.stderr}")
        documents = [json.loads(line) for line in result.stdout.splitlines()]
        for document in documents:
            self.test.assertEqual(document.get("mode", self.mode), self.mode)
        return documents

    def json(self, *words):
        (document,) = self.json_lines(*words)
        self.test.assertEqual(document["mode"], self.mode)
        return document

    def fails(self, code, *words, stdin=None):
        """A command that fails with `code`, the same in text and JSON; the message."""
        result = self.run(*words, stdin=stdin)
        self.test.assertEqual(result.returncode, code, f"{self.mode} flatkv {words}: {result.stderr}")
        as_json = self.run(*words, "--json", stdin=stdin)
        self.test.assertEqual(as_json.returncode, code, f"{self.mode} flatkv {words} --json: {as_json.stderr}")
        error = json.loads(as_json.stderr.splitlines()[-1])["error"]
        self.test.assertEqual(error["exit_code"], code)
        self.test.assertIn(error["message"], result.stderr)
        return result.stderr

    def status(self):
        return self.json("status")

    def head(self):
        status = self.status()
        return status["version"], status["root"]

    def expect_head(self, version, root=None):
        self.test.assertEqual(self.head(), (version, root or root_at(version)))

    def expect_sound(self):
        """The changelog's chain, every snapshot's files by name and size, and every row of the head by its hash."""
        for words in (("--quick",), ("--at", self.head()[0])):
            report = self.json("verify", *words)
            self.test.assertTrue(report["ok"], report)

    def replay(self, text):
        """Commits blocks; version to root."""
        return {line["version"]: line["root"]
                for line in self.json_lines("replay", "-", "--quiet", stdin=text)}

    def snapshots(self):
        """The versions whose directories are there."""
        return sorted(int(path.name[9:]) for path in self.directory.glob("snapshot-*")
                      if path.name[9:].isdigit())

    def current(self):
        return int((self.directory / "current").readlink().name[9:])

    def changelog_first(self):
        """The version that the changelog begins at; works beside a daemon."""
        return json.loads(self.test.run_ok("wal", "info", "--json", "--home", self.home).stdout)["first"]

    def leftovers(self):
        """What an interrupted operation leaves and the next open must clear."""
        return sorted(path.name for path in self.directory.iterdir()
                      if path.name in ("INTENT", "reorg") or path.name.endswith(("-tmp", "-removing")))

    def start(self):
        self.daemon = self.test.start(self.home.name, env=self.env)
        return self

    def stop(self):
        if self.daemon is not None:
            self.test.assertEqual(self.daemon.terminate(), 0, self.daemon.log())
            self.daemon = None
        return self

    def kill(self):
        self.daemon.kill()
        self.daemon = None
        return self

    def reopen(self):
        """Closes the store cleanly and opens it again, in the same way."""
        if self.daemon is not None:
            self.stop().start()
        return self

    def wait_for(self, what, condition):
        deadline = time.monotonic() + WAIT_SECONDS
        while not condition(self.status()):
            self.test.assertLess(time.monotonic(), deadline, f"{what}: {self.status()}")
            time.sleep(0.02)


class AdminTestCase(DaemonTestCase):
    """Tests on copies of one prepared store: all sample blocks, with snapshots of SNAPSHOTS.

    Its changelog begins with version 1: one segment has all up to the first snapshot, which keeps its own record.
    """

    env = MANUAL

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.prepared = pathlib.Path(tempfile.mkdtemp(prefix="fkv-"))
        cls.addClassCleanup(shutil.rmtree, cls.prepared)
        done = 0
        for version in (*SNAPSHOTS, HEAD):
            segment = {"FLATKV_WAL_SEGMENT_BYTES": "16MiB"} if done == 0 else {}
            cls.prepare("replay", "-", "--quiet", stdin=blocks(done + 1, version), env=segment)
            if version != HEAD:
                cls.prepare("snapshot", "create")
            done = version

    @classmethod
    def prepare(cls, *words, stdin=None, env=None):
        result = flatkv(*words, "--home", cls.prepared / "home", stdin=stdin,
                        env={**cls.env, "FLATKV_WAL_SYNC": "off", **(env or {})})
        if result.returncode != 0:
            raise AssertionError(f"flatkv {words}: {result.stderr}")

    def copy(self, name="home", env=None):
        """A copy of the prepared store that nobody has open."""
        home = self.directory / name
        subprocess.run(["cp", "-a", self.prepared / "home", home], check=True)  # keeps hard links
        return Store(self, home, {**self.env, **(env or {})})

    def new(self, name, env=None):
        home = self.directory / name
        home.mkdir()
        return Store(self, home, {**self.env, **(env or {})})

    def both(self, name="", env=None):
        """A copy that a daemon serves, then one that is worked on offline; every message names which it was."""
        for mode in ("online", "offline"):
            store = self.copy(f"{name}{mode}", env)
            if mode == "online":
                store.start()
            yield store
            store.stop()

    def file(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return path
