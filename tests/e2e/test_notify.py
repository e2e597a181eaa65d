#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the service manager is told, the log as JSON, and the line about limits."""
import contextlib
import json
import os
import pty
import signal
import socket
import subprocess
import tempfile
import unittest

import harness

MODELS = {"half_plus_two": harness.MODELS / "half_plus_two"}


class Manager:
    """A service manager's socket; what came is a list of {name: value}."""

    def __init__(self, name):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(name.replace("@", "\0", 1) if name[0] == "@" else name)
        self.socket.settimeout(0.01)
        self.told = []

    def listen(self):
        try:
            while True:
                text = self.socket.recv(4096).decode()
                self.told.append(dict(line.split("=", 1) for line in text.splitlines()))
        except TimeoutError:
            return self.told

    def wait(self, name, count=1):
        def came():
            found = [told for told in self.listen() if name in told]
            return found if len(found) >= count else None
        return harness.until(came, f"{name}, {count} times")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


class Notify(unittest.TestCase):
    def serve(self, name, **environment):
        return harness.Server(MODELS, environment={"NOTIFY_SOCKET": name, **environment})

    def test_life(self):
        with tempfile.TemporaryDirectory() as folder, Manager(f"{folder}/notify") as manager:
            with self.serve(f"{folder}/notify") as server:
                self.assertEqual(manager.wait("READY")[0]["READY"], "1")
                self.assertEqual(len(manager.told), 1)
                server.tell(signal.SIGHUP)
                self.assertGreater(int(manager.wait("RELOADING")[0]["MONOTONIC_USEC"]), 0)
                manager.wait("READY", 2)
                server.tell(signal.SIGTERM)
                manager.wait("STOPPING")
            self.assertNotIn("WATCHDOG", str(manager.listen()))

    def test_watchdog(self):
        name = f"@tensord-test-{os.getpid()}"
        with Manager(name) as manager, self.serve(name, WATCHDOG_USEC="200000"):
            manager.wait("WATCHDOG", 5)

    def test_watchdog_of_another_process(self):
        name = f"@tensord-test-{os.getpid()}"
        with Manager(name) as manager, self.serve(name, WATCHDOG_USEC="1000", WATCHDOG_PID="1") as server:
            manager.wait("READY")
            server.post("half_plus_two:predict", {"instances": [1.0]})
        self.assertFalse([told for told in manager.told if "WATCHDOG" in told])

    def test_nobody_listens(self):
        for name in ("/nowhere/at/all", "relative", "@", "/" + "long" * 99):
            with self.serve(name) as server:
                self.assertEqual(server.post("half_plus_two:predict", {"instances": [1.0]}).status, 200)
                self.assertIn("event=no_notifications", server.log_text())

    def test_manager_goes(self):
        with tempfile.TemporaryDirectory() as folder:
            with Manager(f"{folder}/notify") as manager:
                server = self.serve(f"{folder}/notify", WATCHDOG_USEC="100000")
                self.enterContext(server)
                manager.wait("WATCHDOG")
            self.assertEqual(server.post("half_plus_two:predict", {"instances": [1.0]}).status, 200)


class Log(unittest.TestCase):
    def test_json(self):
        with harness.Server(MODELS, ["--log_format=json", "--prot=1"]) as server:
            server.tell(signal.SIGTERM)
            server.process.wait(harness.PATIENCE)
            lines = [line for line in server.log_text().splitlines() if line.startswith("{")]
        documents = [json.loads(line) for line in lines]
        for d in documents:
            self.assertEqual(sorted(d), ["level", "message", "room", "time"])
        messages = "\n".join(d["message"] for d in documents)
        for what in ("event=available model=half_plus_two", "event=limits cores=", "event=stopped",
                     'argument="--prot=1" nearest=--port'):
            self.assertIn(what, messages)

    def test_terminal(self):
        """On a terminal the log is for eyes; NO_COLOR is heard; nobody else gets colours."""
        for environment, start in (({"TERM": "xterm"}, rb"^\x1b\[2m\d\d:\d\d:\d\d\.\d{3}\x1b\[0m info    \x1b\[0m"),
                                   ({"TERM": "xterm", "NO_COLOR": "1"}, rb"^\d\d:\d\d:\d\d\.\d{3} info     \S+ +event=")):
            ours, theirs = pty.openpty()
            port, = harness.free_ports(1)
            with open(ours, "rb", buffering=0) as terminal:
                process = subprocess.Popen([harness.BINARY, f"--port={port}", f"--models_dir={harness.MODELS}"],
                                           stderr=theirs, stdout=subprocess.DEVNULL, env={**os.environ, **environment})
                os.close(theirs)
                text = b""
                while b"\n" not in text:
                    text += terminal.read(4096)
                process.terminate()
                with contextlib.suppress(OSError):  # the other end is closed
                    while terminal.read(4096):
                        pass
                self.assertEqual(process.wait(harness.PATIENCE), 0)
            self.assertRegex(text, start)

    def test_unknown_format(self):
        server = harness.Server(MODELS, ["--log_format=xml"], wait=False)
        server.code = 255
        with server:
            server.process.wait(harness.PATIENCE)
            self.assertIn('log_format is "xml"; there are auto, text, json and terminal', server.log_text())

    def test_limits(self):
        with harness.Server(MODELS) as server:
            self.assertRegex(server.log_text(), r"event=limits cores=[1-9]\d* cpu=\w+ memory_mib=[1-9]\d* models_mib=")


if __name__ == "__main__":
    unittest.main()
