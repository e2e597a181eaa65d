#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""deploy/sync/sync_models.py beside a server: versions come from an HTTP server as a whole or not at all, and go."""
import functools
import hashlib
import http.server
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import graphs
import harness

SCRIPT = harness.SOURCE / "deploy" / "sync" / "sync_models.py"


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files of a folder; `cut` paths end early, and who shows no token is turned away where one is wanted."""

    def do_GET(self):
        source = self.server.source
        source.asked.append(self.path)
        if source.is_down:
            return self.send_error(503)
        if source.token and self.headers["Authorization"] != f"Bearer {source.token}":
            return self.send_error(401)
        if self.path in source.cut:
            data = pathlib.Path(self.translate_path(self.path)).read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            return self.wfile.write(data[:len(data) // 2])
        return super().do_GET()

    def log_message(self, *_):
        pass


class Source:
    """An HTTP server that has models."""

    def __init__(self, folder):
        self.folder, self.cut, self.asked, self.is_down, self.token = folder, set(), [], False, None
        folder.mkdir()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
        self.server.source = self
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def publish(self, **wrong):
        """Writes the list, as sha256sum does; wrong: paths with another sum."""
        lines = []
        for path in sorted(p for p in self.folder.rglob("*") if p.is_file() and p.name != "SHA256SUMS"):
            name = path.relative_to(self.folder).as_posix()
            lines.append(f"{wrong.get(name) or hashlib.sha256(path.read_bytes()).hexdigest()}  ./{name}\n")
        self.write("".join(lines))

    def write(self, text):
        (self.folder / "next").write_text(text)
        (self.folder / "next").rename(self.folder / "SHA256SUMS")

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class SyncTest(unittest.TestCase):
    def setUp(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.source, self.root = Source(folder / "source"), folder / "models"
        self.log, self.folder = folder / "log", folder
        self.addCleanup(self.source.close)

    def add(self, version, b, model="m"):
        graphs.save(self.source.folder / model / version, graphs.affine(b=b))

    def command(self, *flags):
        return [sys.executable, str(SCRIPT), *flags, self.source.url, str(self.root)]

    def once(self):
        return subprocess.run(self.command("--once"), capture_output=True, text=True, timeout=harness.PATIENCE)

    def start(self):
        """The script, on and on."""
        with open(self.log, "wb") as log:
            process = subprocess.Popen(self.command("--every=0.1"), stderr=log)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def said(self, text):
        harness.until(lambda: text in self.log.read_text(), text)

    def here(self):
        """Versions, and whatever else there is."""
        return sorted(p.relative_to(self.root).as_posix() for p in (*self.root.glob("*/*"), *self.root.glob(".*")))


class Served(SyncTest):
    def setUp(self):
        super().setUp()
        self.add("1", 1.0)
        self.add("1", 7.0, model="other")
        self.source.publish()
        self.script = self.start()
        self.said("other/1 is here")
        self.server = self.enterContext(harness.Server(flags=[f"--models_dir={self.root}"], wait=False))
        harness.until(lambda: self.answer("m") == [1.0] and self.answer("other") == [7.0], "both models")

    def answer(self, model="m"):
        try:
            return self.server.post(model + ":predict", {"instances": [0.0]}).json.get("predictions")
        except OSError:
            return None

    def serves(self, b):
        harness.until(lambda: self.answer() == [b], f"{b}")

    def goes_on(self, b, rounds=5):
        """The script looks some times more, and the same version answers."""
        seen = len(self.source.asked)
        harness.until(lambda: len(self.source.asked) > seen + rounds, "more looks")
        self.assertEqual(self.answer(), [b])

    def test_a_new_version(self):
        self.add("2", 2.0)
        self.goes_on(1.0)  # it is not in the list yet
        self.source.publish()
        self.serves(2.0)
        self.assertEqual(self.here(), ["m/1", "m/2", "other/1"])

    def test_a_new_model(self):
        self.add("1", 3.0, model="new")
        self.source.publish()
        harness.until(lambda: self.answer("new") == [3.0], "the new model")

    def test_a_broken_download(self):
        """The old one serves, even where the list has it no more, until the new one comes as it should be."""
        self.add("2", 2.0)
        shutil.rmtree(self.source.folder / "m" / "1")
        self.source.cut = {"/m/2/saved_model.pb"}
        self.source.publish()
        self.said("m/2 does not come")
        self.goes_on(1.0)
        self.assertEqual(self.here(), ["m/1", "other/1"])
        self.source.cut = set()
        self.serves(2.0)
        self.said("m/1 is gone")
        self.assertEqual(self.here(), ["m/2", "other/1"])

    def test_what_is_not_what_the_list_says(self):
        self.add("2", 2.0)
        self.source.publish(**{"m/2/saved_model.pb": "0" * 64})
        self.said("not what SHA256SUMS says")
        self.goes_on(1.0)
        self.source.publish()
        self.serves(2.0)

    def test_a_version_goes(self):
        self.add("2", 2.0)
        self.source.publish()
        self.serves(2.0)
        shutil.rmtree(self.source.folder / "m" / "2")
        self.source.publish()
        self.serves(1.0)
        self.assertEqual(self.here(), ["m/1", "other/1"])
        states = lambda: {v["version"]: v["state"] for v in self.server.get("m").json["model_version_status"]}
        harness.until(lambda: states().get("2") in (None, "END"), "version 2 to be unloaded")

    def test_a_model_goes(self):
        shutil.rmtree(self.source.folder / "m")
        self.source.publish()
        names = lambda: [model["name"] for model in self.server.http("GET", "/v1/models").json["models"]]
        harness.until(lambda: names() == ["other"], "the model to go")
        self.assertEqual((self.here(), self.answer("other")), (["other/1"], [7.0]))

    def test_the_source_is_down(self):
        self.source.is_down = True
        self.said("503")
        self.goes_on(1.0)
        self.source.write("")
        self.source.is_down = False
        self.said("it names no model")
        self.goes_on(1.0)
        self.source.write("<html>nothing here</html>\n")
        self.said("not a sum and the path")
        self.goes_on(1.0)
        self.source.publish()
        self.source.cut = {"/SHA256SUMS"}
        self.said("cut off")
        self.goes_on(1.0)
        self.assertEqual(self.here(), ["m/1", "other/1"])

    def test_sigterm(self):
        begin = time.monotonic()
        self.script.send_signal(signal.SIGTERM)
        self.assertEqual(self.script.wait(harness.PATIENCE), 0)
        self.assertLess(time.monotonic() - begin, 3)


class Once(SyncTest):
    def test_all_of_it(self):
        self.add("1", 1.0)
        self.add("12", 2.0)
        (self.source.folder / "m" / "12" / "assets").mkdir()
        (self.source.folder / "m" / "12" / "assets" / "a file, %41 and ü").write_text("x")
        self.source.publish()
        done = self.once()
        self.assertEqual((done.returncode, self.here()), (0, ["m/1", "m/12"]), done.stderr)
        for path in (p for p in self.source.folder.rglob("*") if p.is_file() and p.name != "SHA256SUMS"):
            self.assertEqual((self.root / path.relative_to(self.source.folder)).read_bytes(), path.read_bytes())
        self.assertEqual((self.root / "m" / "12").stat().st_mode & 0o755, 0o755)
        seen = len(self.source.asked)
        self.assertEqual(self.once().returncode, 0)
        self.assertEqual(self.source.asked[seen:], ["/SHA256SUMS"])  # nothing comes twice

    def test_the_list_by_its_command(self):
        """As the script and the page of deployment have it."""
        command = "find . -type f ! -name SHA256SUMS -exec sha256sum {} + > sums && mv sums SHA256SUMS"
        self.assertIn(f"cd models && {command}\n", SCRIPT.read_text())
        self.assertIn(f"cd models && {command}\n", (harness.SOURCE / "docs" / "deployment.md").read_text())
        self.add("1", 1.0)
        for _ in range(2):
            subprocess.run(["sh", "-c", command], cwd=self.source.folder, check=True)
            self.assertEqual((self.once().returncode, self.here()), (0, ["m/1"]))

    def test_enough_to_start_with(self):
        """A version of each model, whatever else is missing."""
        for version in ("1", "2"):
            self.add(version, 1.0)
        self.source.cut = {"/m/2/saved_model.pb"}
        self.source.publish()
        self.assertEqual((self.once().returncode, self.here()), (0, ["m/1"]))
        self.add("1", 1.0, model="other")
        self.source.cut = {"/other/1/saved_model.pb"}
        self.source.publish()
        self.assertEqual(self.once().returncode, 1)
        self.assertEqual(self.here(), ["m/1", "m/2"])

    def test_nobody_there(self):
        self.source.close()
        done = self.once()
        self.assertEqual((done.returncode, self.here()), (1, []))
        self.assertIn("SHA256SUMS", done.stderr)

    def test_lists_that_lead_elsewhere(self):
        for path in ("../m/1/saved_model.pb", "m/../1/x", "m/1/../../../../x", "/m/1/x", "m/1//x", "m/1/./x", "m/1/x\0y"):
            self.source.write(f"{'0' * 64}  {path}\n")
            done = self.once()
            self.assertEqual((done.returncode, self.here()), (1, []), path)
            self.assertIn("not a sum and the path of a file", done.stderr)
        self.assertEqual(sorted(os.listdir(self.folder)), ["models", "source"])

    def test_other_files_are_none_of_a_version(self):
        self.add("1", 1.0)
        for name in ("README", "m/notes", "m/partial-2/saved_model.pb", ".git/1/x"):
            (self.source.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.source.folder / name).write_text("x")
        self.source.publish()
        self.assertEqual((self.once().returncode, self.here()), (0, ["m/1"]))

    def test_what_a_killed_one_left(self):
        self.add("1", 1.0)
        self.source.publish()
        (self.root / ".sync-m-1" / "variables").mkdir(parents=True)
        self.assertEqual((self.once().returncode, self.here()), (0, ["m/1"]))

    def test_token(self):
        self.add("1", 1.0)
        self.source.publish()
        self.source.token = "open sesame"
        self.assertIn("401", self.once().stderr)
        os.environ["SYNC_TOKEN"] = self.source.token
        self.addCleanup(os.environ.pop, "SYNC_TOKEN")
        self.assertEqual((self.once().returncode, self.here()), (0, ["m/1"]))


if __name__ == "__main__":
    unittest.main()
