#!/usr/bin/env python3
"""The admin service's listener from outside: its socket, the ways to move it, and what a start refuses.

    python3 -B tests/integration/admin_test.py --bin-dir build/release/bin [TestClass.test_name]
"""

import os
import stat

import harness
from harness import DaemonTestCase, StartFailure


class AdminListener(DaemonTestCase):
    """Where flatkvd serves AdminService."""

    def admin_line(self, daemon):
        """The address that the daemon printed, or None."""
        lines = [line for line in daemon.out_path.read_text().splitlines()
                 if line.startswith("flatkvd: admin service on ")]
        return lines[0].rpartition(" ")[2] if lines else None

    def test_by_default_a_socket_in_the_home_directory_for_the_owner_alone(self):
        daemon = self.start()
        path = daemon.home.resolve() / "admin.sock"
        self.assertEqual(self.admin_line(daemon), f"unix:{path}")
        mode = path.stat().st_mode
        self.assertTrue(stat.S_ISSOCK(mode))
        self.assertEqual(stat.S_IMODE(mode), 0o600)
        self.assertEqual(daemon.terminate(), 0, daemon.log())
        self.assertFalse(path.exists(), "the socket goes with the daemon")
        self.assertEqual([p.name for p in daemon.home.iterdir() if p.name.startswith("a-")], [])

    def test_the_socket_of_a_killed_daemon_is_replaced(self):
        daemon = self.start()
        daemon.kill()
        path = daemon.home / "admin.sock"
        self.assertTrue(path.exists())
        again = self.start()
        self.assertIsNotNone(self.admin_line(again))
        self.assertEqual(again.terminate(), 0, again.log())

    def test_a_home_that_is_given_relatively_is_announced_absolutely(self):
        home = self.directory / "home"
        daemon = harness.Daemon(os.path.relpath(home))
        self.addCleanup(daemon.kill)
        self.assertEqual(self.admin_line(daemon), f"unix:{home.resolve()}/admin.sock")

    def test_off_serves_none(self):
        daemon = self.start(args=("--admin-listen", "off"))
        self.assertIsNone(self.admin_line(daemon))
        self.assertFalse((daemon.home / "admin.sock").exists())

    def test_another_address_by_flag_and_environment(self):
        socket = self.directory / "a.sock"
        daemon = self.start("one", args=("--admin-listen", f"unix:{socket}"))
        self.assertEqual(self.admin_line(daemon), f"unix:{socket}")
        self.assertEqual(stat.S_IMODE(socket.stat().st_mode), 0o600)
        daemon = self.start("two", env={"FLATKV_SERVER_ADMIN_LISTEN": "127.0.0.1:0"})
        self.assertRegex(self.admin_line(daemon), r"^127\.0\.0\.1:[1-9]\d*$")

    def test_a_home_too_long_for_a_socket_is_served_without_and_says_how_to_set_one(self):
        home = self.directory / ("d" * 100)
        daemon = self.start(home, args=("--listen", f"unix:{self.directory}/node.sock"))
        self.assertIsNone(self.admin_line(daemon))
        self.assertIn("admin.off", daemon.log())
        self.assertIn("--admin-listen", daemon.log())
        self.assertEqual(daemon.terminate(), 0, daemon.log())

    def test_an_explicit_path_that_is_too_long_is_a_mistake(self):
        with self.assertRaises(StartFailure) as failure:
            self.start(args=("--admin-listen", "unix:/" + "d" * 107))
        self.assertEqual(failure.exception.code, 2)
        self.assertIn("the system allows 107", failure.exception.log)

    def test_an_address_that_other_machines_reach_is_a_mistake(self):
        with self.assertRaises(StartFailure) as failure:
            self.start(args=("--admin-listen", "0.0.0.0:0", "--allow-insecure-remote"))
        self.assertEqual(failure.exception.code, 2)
        self.assertIn("other machines", failure.exception.log)


if __name__ == "__main__":
    harness.main()
