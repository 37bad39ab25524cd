#!/usr/bin/env python3
"""flatkvd and flatkv from outside: roots, restarts, refusals and exit codes, on the real programs.

    python3 -B tests/integration/daemon_test.py --bin-dir build/release/bin [TestClass.test_name]
"""

import json
import os
import pathlib
import random
import re
import signal
import struct
import subprocess
import time

import harness
from harness import DaemonTestCase, StartFailure, Vectors, command_line, flatkv

SEED = int(os.environ.get("TEST_SEED", "20240607"))
ETHEREUM = Vectors("ethereum", "sha256")


class Roots(DaemonTestCase):
    """Every root of both change logs under both suites, whatever the way and the number of threads."""

    def check_replay(self, name, suite, flags=(), env=None, home="home"):
        vectors = Vectors(name, suite)
        daemon = self.start(home, env={"FLATKV_STORE_SUITE": suite, **(env or {})})
        output = self.run_ok("replay", vectors.log, "--json", "--address", daemon.address, *flags).stdout
        vectors.check(self, output)
        vectors.check_status(self, self.status(daemon))
        self.assertEqual(daemon.terminate(), 0, daemon.log())

    def test_both_logs_under_both_suites_as_a_stream(self):
        for name in ("ethereum", "scenario"):
            for suite in ("sha256", "blake3"):
                with self.subTest(name=name, suite=suite):
                    self.check_replay(name, suite, home=f"{name}-{suite}")

    def test_one_call_a_version_gives_the_same_roots(self):
        self.check_replay("ethereum", "sha256", ("--unary",))

    def test_the_number_of_threads_does_not_matter(self):
        for threads in (1, 2, 4):
            with self.subTest(threads=threads):
                self.check_replay("ethereum", "sha256", env={"FLATKV_STORE_THREADS": threads}, home=f"t{threads}")

    def test_offline_replay_gives_the_same_roots(self):
        home = self.directory / "home"
        output = self.run_ok("replay", ETHEREUM.log, "--json", "--home", home).stdout
        ETHEREUM.check(self, output)
        ETHEREUM.check_status(self, self.status(home))
        verified = json.loads(self.run_ok("verify", "--home", home, "--json").stdout)
        self.assertTrue(verified["ok"])

    def test_a_pipe_is_as_good_as_a_file(self):
        daemon = self.start()
        output = self.run_ok("replay", "-", "--json", "--address", daemon.address,
                             stdin=ETHEREUM.log.read_text()).stdout
        ETHEREUM.check(self, output)

    def test_expected_roots_are_compared(self):
        daemon = self.start()
        wrong = self.directory / "wrong.roots"
        lines = ETHEREUM.roots_file.read_text().splitlines()
        lines[99] = lines[99][:4] + ("0" if lines[99][4] != "0" else "1") + lines[99][5:]
        wrong.write_text("\n".join(lines))
        error = self.run_fails(13, "replay", ETHEREUM.log, "--expect-roots", wrong, "--address", daemon.address)
        self.assertIn("version 100: root " + ETHEREUM.lines[99]["root"], error)
        self.run_ok("replay", ETHEREUM.log, "--expect-roots", ETHEREUM.roots_file, "--address", daemon.address)


class Restarts(DaemonTestCase):
    """What a daemon's end leaves behind."""

    def test_a_second_replay_prints_the_same_lines(self):
        daemon = self.start()
        runs = [self.run_ok("replay", ETHEREUM.log, "--json", "--address", daemon.address).stdout for _ in range(2)]
        self.assertEqual(runs[0], runs[1])
        self.assertEqual(daemon.terminate(), 0)
        daemon = self.start()
        again = self.run_ok("replay", ETHEREUM.log, "--json", "--address", daemon.address).stdout
        self.assertEqual(runs[0], again)

    def test_kill_in_the_stream_and_carry_on(self):
        print(f"seed {SEED}", flush=True)
        choose = random.Random(SEED)
        acknowledged = 0
        for _ in range(6):
            daemon = self.start()
            _, version, _ = daemon.wait_until_serving()
            self.assertGreaterEqual(version, acknowledged)
            client = subprocess.Popen(command_line("replay", ETHEREUM.log, "--json", "--quiet", "--address",
                                                   daemon.address),
                                      env=harness.clean_environment({}), stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True)
            for _ in range(min(339, acknowledged + choose.randrange(60))):
                client.stdout.readline()
            time.sleep(choose.random() * 0.005)
            daemon.kill()
            rest, error = client.communicate(timeout=harness.COMMAND_SECONDS)
            # It may have been quick enough to finish.
            self.assertIn(client.returncode, (0, 11), error)
            if client.returncode == 11:
                self.assertIn("the same command continues", error)
            if rest:
                complete = rest[:rest.rfind("\n") + 1].splitlines()
                acknowledged = max(acknowledged, json.loads(complete[-1])["version"])
        daemon = self.start()
        ETHEREUM.check(self, self.run_ok("replay", ETHEREUM.log, "--json", "--address", daemon.address).stdout)
        ETHEREUM.check_status(self, self.status(daemon))

    def test_sigterm_in_the_stream_drains_and_loses_nothing(self):
        daemon = self.start()
        client = subprocess.Popen(command_line("replay", "-", "--json", "--quiet", "--address", daemon.address),
                                  env=harness.clean_environment({}), stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(client.kill)
        lines = ETHEREUM.log.read_text().splitlines(keepends=True)
        client.stdin.write("".join(lines[:50]))
        client.stdin.flush()
        confirmed = [json.loads(client.stdout.readline()) for _ in range(50)]
        self.assertEqual(confirmed, ETHEREUM.lines[:50])
        daemon.process.send_signal(signal.SIGTERM)
        try:
            client.stdin.write(lines[50])
            client.stdin.close()
        except BrokenPipeError:
            pass
        client.stdin = None
        _, error = client.communicate(timeout=harness.COMMAND_SECONDS)
        self.assertEqual(daemon.process.wait(timeout=harness.COMMAND_SECONDS), 0, daemon.log())
        self.assertIn(client.returncode, (0, 11), error)
        recovery = self.status(self.directory / "home")["recovery"]
        self.assertEqual(recovery["replayed_from"], 0, "a clean stop leaves nothing to replay")
        daemon = self.start()
        ETHEREUM.check(self, self.run_ok("replay", ETHEREUM.log, "--json", "--address", daemon.address).stdout)

    def test_reads_agree_online_and_offline(self):
        daemon = self.start()
        online = ("--address", daemon.address)
        self.run_ok("replay", ETHEREUM.log, "--quiet", *online)
        commands = [("root",), ("root", "--at", "17"), ("iterate", "bank", "--limit", "20"),
                    ("iterate", "evm", "--start", "03", "--end", "04"),
                    ("iterate", "evm", "--start", "03", "--end", "04", "--reverse"), ("iterate", "bank", "--reverse")]
        first = json.loads(self.run_ok("iterate", "bank", "--json", "--limit", "1", *online).stdout.splitlines()[0])
        commands.append(("get", "bank", first["key"]))
        answers = [self.run_ok(*command, "--json", *online).stdout for command in commands]
        raw = self.run_ok("get", "bank", first["key"], "--raw", *online).stdout
        self.assertEqual(raw, bytes.fromhex(first["value"]).decode())
        self.assertEqual(daemon.terminate(), 0)
        for command, answer in zip(commands, answers):
            offline = self.run_ok(*command, "--json", "--home", self.directory / "home").stdout
            self.assertIn('"mode":"offline"', offline)
            self.assertEqual(offline.replace('"mode":"offline"', '"mode":"online"'), answer, command)


class Allocator(DaemonTestCase):
    """The log says what allocates, and jemalloc is told to ask for huge pages."""

    def test_the_first_line_names_the_allocator_and_its_huge_pages(self):
        daemon = self.start()
        maps = pathlib.Path(f"/proc/{daemon.process.pid}/maps").read_text()
        first = daemon.log().splitlines()[0]
        wanted = r"allocator jemalloc [0-9.]+, huge pages: always$" if "libjemalloc" in maps else r"allocator the C library's$"
        self.assertRegex(first, wanted)


class Refusals(DaemonTestCase):
    """What a daemon does not do, and what it says instead."""

    def start_fails(self, code, **arguments):
        with self.assertRaises(StartFailure) as failure:
            self.start(**arguments)
        self.assertEqual(failure.exception.code, code, failure.exception.log)
        return failure.exception.log

    def contents(self):
        """Every file but the lock, scratch, and what LevelDB writes anew whenever it opens a directory."""
        return {name: digest
                for name, digest in harness.tree_digest(self.directory / "home", leave_out=("LOCK",)).items()
                if not re.search(r"/(CURRENT|LOG|LOG\.old|MANIFEST-\d+|\d+\.log|scratch)$", name)}

    def test_a_second_daemon_names_the_first(self):
        first = self.start()
        pathlib.Path(f"{self.directory}/other").mkdir()
        log = self.start_fails(5, args=("--listen", f"unix:{self.directory}/other/sock"))
        self.assertIn(str(first.process.pid), log)
        self.assertEqual(flatkv("health", "--address", first.address).returncode, 0)
        error = self.run_fails(5, "status", "--home", self.directory / "home")
        self.assertIn(str(first.process.pid), error)
        self.assertIn("--address", error)

    def test_another_suite_or_initial_version_is_incompatible(self):
        daemon = self.start()
        self.run_ok("replay", Vectors("scenario", "sha256").log, "--quiet", "--address", daemon.address)
        self.assertEqual(daemon.terminate(), 0)
        before = harness.tree_digest(self.directory / "home", leave_out=("LOCK",))
        self.assertIn("blake3", self.start_fails(7, env={"FLATKV_STORE_SUITE": "blake3"}))
        self.start_fails(7, env={"FLATKV_STORE_INITIAL_VERSION": "5"})
        self.assertEqual(harness.tree_digest(self.directory / "home", leave_out=("LOCK",)), before)

    def test_a_damaged_record_is_named_and_nothing_is_touched(self):
        # Small segments, and a kill, so that the record is in the middle of what must be replayed. No snapshot, which
        # the kill could interrupt: opening tidies up after that. No undo records: those of the versions before the
        # damaged one are made again as these are replayed. No hash log: its end is sealed.
        env = {"FLATKV_WAL_SEGMENT_BYTES": "48KiB", "FLATKV_SNAPSHOT_POLICY": "manual",
               "FLATKV_ROLLBACK_UNDO_DEPTH": "0", "FLATKV_HASHLOG_VERSIONS": "0"}
        daemon = self.start(env=env)
        self.run_ok("replay", ETHEREUM.log, "--quiet", "--address", daemon.address)
        daemon.kill()
        segments = sorted((self.directory / "home/flatkv/changelog").glob("*.wal"))
        self.assertGreater(len(segments), 3)
        segment = segments[len(segments) // 2]
        data = bytearray(segment.read_bytes())
        records = [at for at in range(64, len(data) - 128) if data[at:at + 4] == b"FKR1"]
        record = records[len(records) // 2]
        version = struct.unpack_from("<q", data, record + 8)[0]
        data[record + 128 + 40] ^= 0x10  # in the payload
        segment.write_bytes(data)
        before = self.contents()
        log = self.start_fails(6, env=env)
        self.assertIn(segment.name, log)
        self.assertRegex(log, rf"\b{record}\b", "the offset of the record")
        self.assertRegex(log, rf"version {version}\b")
        self.assertEqual(self.contents(), before)
        self.run_fails(6, "verify", "--home", self.directory / "home", env=env)
        data[record + 128 + 40] ^= 0x10
        segment.write_bytes(data)
        daemon = self.start(env=env)
        ETHEREUM.check(self, self.run_ok("replay", ETHEREUM.log, "--json", "--address", daemon.address).stdout)

    def test_a_bad_configuration_names_its_line(self):
        config = self.directory / "bad.toml"
        config.write_text('[wal]\n# a comment\nsync = "sometimes"\n')
        log = self.start_fails(2, args=("--config", str(config)))
        self.assertIn(f"{config}:3", log)
        self.assertIn(f"{config}:3", self.run_fails(2, "config", "check", config))
        self.start_fails(2, args=("--config", str(self.directory / "missing.toml")))
        self.assertIn("FLATKV_WAL_SYNC", self.start_fails(2, env={"FLATKV_WAL_SYNC": "sometimes"}))

    def test_an_address_in_use_is_refused(self):
        first = self.start(args=("--listen", "127.0.0.1:0"))
        address, _, _ = first.wait_until_serving()
        self.assertNotEqual(self.start_fails(1, home="other", args=("--listen", address)), "")
        self.assertEqual(flatkv("health", "--address", address).returncode, 0)


class CommandErrors(DaemonTestCase):
    """The exit codes of flatkv, and that each error says what to do."""

    def test_health_and_status_of_no_daemon(self):
        for command in ("health", "status", "root"):
            error = self.run_fails(11, command, "--address", f"unix:{self.directory}/none.sock")
            self.assertIn("flatkvd --home", error)
        document = json.loads(self.run_fails(11, "status", "--json", env={
            "FLATKV_ADDRESS": f"unix:{self.directory}/none.sock"}))
        self.assertEqual(document["error"]["code"], "UNAVAILABLE")

    def test_absent_keys_versions_and_stores(self):
        daemon = self.start()
        online = ("--address", daemon.address)
        self.run_ok("replay", Vectors("scenario", "sha256").log, "--quiet", *online)
        self.assertIn("no value at version 3", self.run_fails(4, "get", "bank", "ff", *online))
        document = json.loads(self.run_fails(4, "root", "--at", "4", "--json", *online))
        self.assertEqual(document["error"]["reason"], "VERSION_ABOVE_HEAD")
        self.assertIn("no store", self.run_fails(4, "status", "--home", self.directory / "nowhere"))

    def test_usage(self):
        self.assertIn("--help", self.run_fails(2, "replay"))
        self.assertIn("give one", self.run_fails(2, "status", "--home", "x", "--address", "unix:y"))
        self.assertIn("--home", self.run_fails(11, "verify", "--address", "unix:/nonexistent"))
        self.run_fails(2, "get", "evm", "0g")
        self.run_fails(2, "config", "check", self.directory / "missing.toml")

    def test_invalid_change_sets_are_refused_whole(self):
        daemon = self.start()
        bad = '{"version":1,"changesets":[{"name":"bank","pairs":[{"key":"01","value":"02"}]},' \
              '{"name":"_meta","pairs":[{"key":"00","value":"00"}]}]}\n'
        for flag in ("--stream", "--unary"):
            document = json.loads(self.run_fails(2, "replay", "-", flag, "--json", "--quiet", "--address",
                                                 daemon.address, stdin=bad))
            self.assertEqual(document["error"]["reason"], "INVALID_CHANGE_SET")
        self.assertEqual(self.status(daemon)["version"], 0)
        self.run_fails(4, "get", "bank", "01", "--address", daemon.address)

    def test_a_bad_line_is_named_and_what_is_before_it_is_committed(self):
        daemon = self.start()
        scenario = Vectors("scenario", "sha256")
        lines = scenario.log.read_text().splitlines()
        file = self.directory / "bad.jsonl"
        file.write_text("\n".join([lines[0], lines[1], lines[2][:-4]]))
        result = flatkv("replay", file, "--json", "--quiet", "--address", daemon.address)
        self.assertEqual(result.returncode, 2)
        self.assertIn(f"{file}:3: ", result.stderr)
        self.assertEqual([json.loads(line) for line in result.stdout.splitlines()], scenario.lines[:2])

    def test_a_gap_and_a_conflict(self):
        daemon = self.start()
        online = ("--address", daemon.address)
        scenario = Vectors("scenario", "sha256")
        error = self.run_fails(4, "replay", scenario.log, "--from", "2", *online)
        self.assertIn("version 1 is missing", error)
        self.run_ok("replay", scenario.log, "--quiet", *online)
        other = '{"version":2,"changesets":[]}\n'
        for flag in ("--stream", "--unary"):
            document = json.loads(self.run_fails(13, "replay", "-", flag, "--json", "--quiet", *online, stdin=other))
            self.assertEqual(document["error"]["reason"], "VERSION_CONFLICT")
        self.assertEqual(self.status(daemon)["root"], scenario.lines[-1]["root"])

    def test_interrupted_replays_confirm_what_they_sent(self):
        daemon = self.start()
        client = subprocess.Popen(command_line("replay", "-", "--json", "--quiet", "--address", daemon.address),
                                  env=harness.clean_environment({}), stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(client.kill)
        lines = ETHEREUM.log.read_text().splitlines(keepends=True)
        client.stdin.write("".join(lines[:10]))
        client.stdin.flush()
        for expected in ETHEREUM.lines[:10]:
            self.assertEqual(json.loads(client.stdout.readline()), expected)
        client.send_signal(signal.SIGINT)
        time.sleep(0.1)
        out, error = client.communicate("".join(lines[10:12]), timeout=harness.COMMAND_SECONDS)
        self.assertEqual(client.returncode, 130, error)
        confirmed = 10 + len(out.splitlines())
        self.assertIn(f"last confirmed version {confirmed}", error)
        self.assertEqual(self.status(daemon)["version"], confirmed)


if __name__ == "__main__":
    harness.main()
