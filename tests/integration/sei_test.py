#!/usr/bin/env python3
"""States to Sei's stream and back with the real programs.

    python3 -B tests/integration/sei_test.py --bin-dir build/release/bin [TestClass.test_name]
"""

import json
import zlib

import harness
from admin_harness import HEAD, MANUAL, Store, blocks, flip_byte
from harness import DaemonTestCase, Vectors, tree_digest

AT = 310
BLAKE3 = Vectors("ethereum", "blake3")
ENV = {**MANUAL, "FLATKV_STORE_SUITE": "blake3"}


def root_at(version):
    return BLAKE3.lines[version - 1]["root"]


class Items:
    """A stream read by the protocol's own description, apart from the programs."""

    def __init__(self, packed):
        self.rest = zlib.decompress(packed)

    def __iter__(self):
        """(field, message) of every item."""
        while self.rest:
            length, self.rest = varint(self.rest)
            item, self.rest = self.rest[:length], self.rest[length:]
            assert item[0] & 7 == 2
            size, body = varint(item[1:])
            assert size == len(body)
            yield item[0] >> 3, body


def varint(data):
    value = shift = at = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, data[at:]


def fields(message):
    """Number to value of one message's fields."""
    found = {}
    while message:
        tag, message = varint(message)
        value, message = varint(message)
        if tag & 7 == 2:
            value, message = message[:value], message[value:]
        found[tag >> 3] = value
    return found


class SeiStream(DaemonTestCase):
    """A state leaves a store of suite blake3 as a Sei stream and becomes another store."""

    def json(self, *words):
        return json.loads(self.run_ok(*words, "--json").stdout.splitlines()[-1])

    def source(self):
        """A daemon with the sample blocks, and an archive of version AT of it."""
        store = Store(self, self.directory / "source", ENV)
        store.home.mkdir()
        store.start()
        self.assertEqual(store.replay(blocks(1, HEAD))[HEAD], root_at(HEAD))
        archive = self.directory / "archive"
        self.assertEqual(store.json("export", "--to", archive, "--at", str(AT))["root"], root_at(AT))
        return store, archive

    def stream_of(self, archive, name="sei"):
        path = self.directory / name
        done = self.json("archive", "to-sei", "--from", archive, "--to", path)
        self.assertEqual((done["version"], done["root"], done["suite"]), (AT, root_at(AT), "blake3"))
        return path

    def from_sei(self, path, to, *words):
        return self.json("archive", "from-sei", "--from", path, "--to", to, "--version", str(AT), *words)

    def test_a_node_moves_there_and_back_with_the_same_roots(self):
        _, archive = self.source()
        stream = self.stream_of(archive)
        self.assertEqual([path.name for path in stream.iterdir()], ["0"])
        received = self.directory / "received"
        done = self.from_sei(stream, received, "--expect-root", root_at(AT))
        self.assertEqual((done["root"], done["other_stores"]), (root_at(AT), {}))
        names = ("MANIFEST", "PAYLOAD")  # a stream does not have the changes of its version
        self.assertEqual(tree_digest(received, leave_out=names), tree_digest(archive, leave_out=names))
        self.assertTrue(self.json("archive", "verify", received)["ok"])

        home = self.directory / "moved"
        self.run_ok("import", "--from", received, "--home", home, "--expect-root", root_at(AT))
        moved = Store(self, home, ENV).start()
        moved.expect_head(AT, root_at(AT))
        moved.expect_sound()
        self.assertEqual(moved.replay(blocks(AT + 1, AT + 1)), {AT + 1: root_at(AT + 1)})
        self.assertEqual(moved.replay(blocks(AT + 2, HEAD))[HEAD], root_at(HEAD))
        moved.stop()

    def test_the_stream_is_what_the_protocol_says(self):
        _, archive = self.source()
        file = self.directory / "state.zlib"
        done = self.json("archive", "to-sei", "--from", archive, "--to", file)
        self.assertEqual(file.read_bytes(), (self.stream_of(archive) / "0").read_bytes())
        self.assertEqual(done["stream_bytes"], file.stat().st_size)
        (kind, store), *nodes = Items(file.read_bytes())
        self.assertEqual((kind, fields(store)), (1, {1: b"flatkv"}))
        rows = [fields(node) for kind, node in nodes if kind == 2]
        self.assertEqual(len(rows), len(nodes))
        self.assertEqual(len(rows), done["rows"])
        keys = [row[1] for row in rows]
        self.assertEqual(keys, sorted(set(keys)))
        for row in rows:
            self.assertEqual(sorted(row), [1, 2, 3])  # height 0 is left out
            self.assertEqual((row[3], row[2][0]), (AT, 0))

    def test_refusals_name_what_is_wrong_and_leave_nothing(self):
        _, archive = self.source()
        file = self.directory / "state.zlib"
        self.json("archive", "to-sei", "--from", archive, "--to", file)
        to = self.directory / "received"
        words = ("archive", "from-sei", "--from", file, "--to", to, "--version")
        self.assertIn(f"a node of version {AT}", self.run_fails(6, *words, str(AT + 1)))
        self.assertIn("its rows give the root",
                      self.run_fails(13, *words, str(AT), "--expect-root", "00" * 32))
        flip_byte(file, 5000)
        message = self.run_fails(6, *words, str(AT))
        self.assertIn("state.zlib", message)
        self.assertIn("fetch the part files", message)
        self.assertIn("there already", self.run_fails(1, "archive", "to-sei", "--from", archive, "--to", file))
        self.run_fails(4, "archive", "from-sei", "--from", self.directory / "absent", "--to", to, "--version", "1")
        self.assertFalse(to.exists())

    def test_a_store_of_another_suite_cannot_be_moved(self):
        store = Store(self, self.directory / "sha256", MANUAL)
        store.home.mkdir()
        store.replay(blocks(1, 3))
        archive = self.directory / "archive"
        store.json("export", "--to", archive)
        message = self.run_fails(7, "archive", "to-sei", "--from", archive, "--to", self.directory / "sei")
        self.assertIn("suite sha256", message)
        self.assertFalse((self.directory / "sei").exists())


if __name__ == "__main__":
    harness.main()
