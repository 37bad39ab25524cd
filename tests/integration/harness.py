"""What the integration tests share: the daemon and the command as child processes, test data, and the closing line.

Only the Python standard library. Every daemon and command runs with a clean FLATKV_* environment.
"""

import argparse
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
START_SECONDS = 60  # a sanitizer build on a loaded machine still starts
COMMAND_SECONDS = 120

_bin_dir = None


def clean_environment(settings):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FLATKV_")}
    environment.update({k: str(v) for k, v in (settings or {}).items()})
    return environment


def command_line(*words):
    return [str(_bin_dir / "flatkv")] + [str(word) for word in words]


def flatkv(*words, env=None, stdin=None):
    """Runs one command to its end; the result has returncode, stdout and stderr as text."""
    return subprocess.run(command_line(*words), env=clean_environment(env), input=stdin, text=True,
                          capture_output=True, timeout=COMMAND_SECONDS, check=False)


class StartFailure(Exception):
    """The daemon ended before it served."""

    def __init__(self, code, log):
        super().__init__(f"flatkvd exited with {code} before it served:\n{log}")
        self.code = code
        self.log = log


class Daemon:
    """flatkvd on a Unix socket beside its home directory."""

    def __init__(self, home, env=None, args=(), wait=True):
        self.home = pathlib.Path(home)
        self.home.mkdir(parents=True, exist_ok=True)
        self.address = f"unix:{self.home}.sock"
        self.out_path = pathlib.Path(f"{home}.out")
        self.err_path = pathlib.Path(f"{home}.err")
        listen = () if "--listen" in args else ("--listen", self.address)
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.process = subprocess.Popen([str(_bin_dir / "flatkvd"), "--home", str(home), *listen, *args],
                                            env=clean_environment(env), stdout=out, stderr=err)
        if wait:
            self.wait_until_serving()

    def wait_until_serving(self):
        """Returns (address, version, root) of the daemon's first line."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            line = re.search(r"^flatkvd: serving on (\S+) \(version (\d+), root ([0-9a-f]{64})\)$",
                             self.out_path.read_text(), re.MULTILINE)
            if line:
                return line[1], int(line[2]), line[3]
            if self.process.poll() is not None:
                raise StartFailure(self.process.returncode, self.log())
            time.sleep(0.005)
        self.kill()
        raise AssertionError(f"flatkvd does not serve after {START_SECONDS} s:\n{self.log()}")

    def log(self):
        return self.err_path.read_text(errors="replace")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def terminate(self):
        """SIGTERM; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=COMMAND_SECONDS)


class DaemonTestCase(unittest.TestCase):
    """A temporary directory for each test; every daemon started with start() is gone afterwards."""

    maxDiff = 2000

    def setUp(self):
        # Short, because a Unix socket's path has at most 107 bytes.
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="fkv-"))
        self.addCleanup(shutil.rmtree, self.directory)

    def start(self, home="home", env=None, args=(), wait=True):
        daemon = Daemon(self.directory / home, env, args, wait)
        self.addCleanup(daemon.kill)
        return daemon

    def run_ok(self, *words, env=None, stdin=None):
        result = flatkv(*words, env=env, stdin=stdin)
        self.assertEqual(result.returncode, 0, f"flatkv {' '.join(map(str, words))}: {result.stderr}")
        return result

    def run_fails(self, code, *words, env=None, stdin=None):
        """The command must exit with `code`; returns its standard error."""
        result = flatkv(*words, env=env, stdin=stdin)
        self.assertEqual(result.returncode, code, f"flatkv {' '.join(map(str, words))}: {result.stderr}")
        self.assertNotEqual(result.stderr, "", "an error says what is wrong")
        return result.stderr

    def status(self, where):
        """status --json of a daemon, or of a home directory that none has open."""
        target = ("--address", where.address) if isinstance(where, Daemon) else ("--home", where)
        return json.loads(self.run_ok("status", "--json", *target).stdout)


class Vectors:
    """The golden roots of one change log under one suite."""

    def __init__(self, name, suite):
        self.log = DATA / {"ethereum": "ethereum-changelog.jsonl", "scenario": "scenario.jsonl"}[name]
        self.roots_file = DATA / f"{name}.{suite}.roots"
        self.rows = {}
        self.lines = []
        for line in self.roots_file.read_text().splitlines():
            if line.startswith("rows "):
                self.rows = json.loads(line[5:].replace("'", '"'))
            else:
                version, root, *checksums = line.split()
                self.lines.append({"version": int(version), "root": root})
                self.checksums = dict(zip(("account", "code", "storage", "misc"), checksums))

    def check(self, test, output):
        """`output` is what replay --json printed for the whole log."""
        test.assertEqual([json.loads(line) for line in output.splitlines()], self.lines)

    def check_status(self, test, status):
        """The head's checksum and row count of every data DB."""
        test.assertEqual(status["version"], self.lines[-1]["version"])
        test.assertEqual(status["root"], self.lines[-1]["root"])
        test.assertEqual({n: db["checksum"] for n, db in status["data_dbs"].items()}, self.checksums)
        test.assertEqual({n: db["rows"] for n, db in status["data_dbs"].items()}, self.rows)


def tree_digest(root, leave_out=()):
    """Path, kind and content of everything below a directory."""
    digest = {}
    for path in sorted(pathlib.Path(root).rglob("*")):
        name = str(path.relative_to(root))
        if path.name in leave_out:
            continue
        if path.is_symlink():
            digest[name] = os.readlink(path)
        elif path.is_file():
            digest[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            digest[name] = "directory"
    return digest


def main():
    """Runs the tests of the calling module and ends with 'N passed', then ', M failed', ', K known bugs' if any."""
    global _bin_dir
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin-dir", type=pathlib.Path, required=True, help="where flatkvd and flatkv are")
    options, rest = parser.parse_known_args()
    _bin_dir = options.bin_dir.resolve()
    for name in ("flatkvd", "flatkv"):
        if not os.access(_bin_dir / name, os.X_OK):
            sys.exit(f"{_bin_dir / name}: there is no such program; build it first")
    program = unittest.main(module="__main__", argv=[sys.argv[0], *rest], exit=False, verbosity=2)
    result = program.result
    # A bug that is fixed must lose its mark.
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    known = len(result.expectedFailures)
    passed = result.testsRun - failed - known - len(result.skipped)
    print(f"{passed} passed" + (f", {failed} failed" if failed else "") +
          (f", {known} known bugs" if known else ""), flush=True)
    sys.exit(0 if failed == 0 and passed > 0 else 1)
