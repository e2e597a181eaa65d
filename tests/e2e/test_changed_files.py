#!/usr/bin/env python3
"""Files of a served version that somebody cuts short or writes to in place: that model says so, the others go on."""
import json
import os
import pathlib
import shutil
import tempfile
import unittest

import grpc
import numpy as np

import harness

DATA = "variables/variables.data-00000-of-00001"
IMAGES = [e["image"] for e in json.loads((harness.MODELS / "digits" / "examples.json").read_text())]


class ChangedFiles(unittest.TestCase):
    def setUp(self):
        self.base = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name, version in (("digits", 1), ("half_plus_two", 2)):
            shutil.copytree(harness.MODELS / name / str(version), self.base / name / "1")
        models = {"digits": self.base / "digits", "half": self.base / "half_plus_two"}
        self.server = self.enterContext(harness.Server(models, ["--file_system_poll_wait_seconds=1"]))
        self.right = self.server.post("digits:predict", {"instances": IMAGES[:1]}).json["predictions"]

    def data(self, name):
        return self.base / name / "1" / DATA

    def rest(self, images):
        """Predictions, or None for the error that a changed file must give."""
        reply = self.server.post("digits:predict", {"instances": images})
        if reply.status == 200:
            return reply.json["predictions"]
        self.assertIn(str(self.data("digits")), reply.json["error"])
        self.assertIn("new version directory", reply.json["error"])
        return None

    def grpc(self, images):
        try:
            return self.server.predict("digits", {"image": np.float32(images)})["output_0"].tolist()
        except grpc.RpcError as error:
            self.assertEqual(error.code(), grpc.StatusCode.DATA_LOSS)
            self.assertIn(str(self.data("digits")), error.details())
            return None

    def ask_digits(self, count):
        """Both protocols: right answers, or none; never a wrong one."""
        for answer in (self.rest(IMAGES[:count]), self.grpc(IMAGES[:count])):
            if answer is not None:
                np.testing.assert_allclose(answer[0], self.right[0], rtol=1e-4, atol=1e-6)
        return answer

    def ask_half(self):
        self.assertEqual(self.server.post("half:predict", {"instances": [4.0]}).json["predictions"], [4.0])
        self.assertEqual(self.server.predict("half", {"x": np.float32([6])})["y"].tolist(), [5.0])

    def error_of(self, name):
        return self.server.get(name).json["model_version_status"][0]["status"]["error_code"]

    def heal(self):
        shutil.copytree(harness.MODELS / "digits" / "1", self.base / "digits" / "new")
        (self.base / "digits" / "new").rename(self.base / "digits" / "2")
        harness.until(lambda: self.ask_digits(1) is not None and self.error_of("digits") == "OK", "version 2")
        self.assertIsNotNone(self.ask_digits(5))

    def test_cut_short(self):
        os.truncate(self.data("digits"), 0)
        for count in (1, 3, 1, 2):
            self.ask_digits(count)
            self.ask_half()
        self.assertIsNone(self.ask_digits(4))  # a batch size that needs a new plan
        self.assertIsNone(self.ask_digits(1))
        self.ask_half()
        self.heal()
        self.ask_half()

    def test_written_in_place(self):
        self.assertIsNotNone(self.ask_digits(1))
        data = self.data("digits")
        data.write_bytes(bytes(data.stat().st_size))  # as `cp` does: cut short, then filled
        self.assertIsNone(self.ask_digits(3))
        self.assertIsNone(self.ask_digits(1))
        self.ask_half()
        self.heal()

    def test_replaced(self):
        data = self.data("digits")
        other = data.with_name("other")
        other.write_bytes(b"no weights")
        other.rename(data)  # as `rsync` does: what is loaded keeps the old file
        for count in (1, 3):
            self.assertIsNotNone(self.ask_digits(count))

    def test_small_weights_are_gone_at_once(self):
        self.ask_half()
        os.truncate(self.data("half_plus_two"), 0)
        reply = self.server.post("half:predict", {"instances": [4.0]})
        if reply.status == 200:
            self.assertEqual(reply.json["predictions"], [4.0])
        else:
            self.assertIn(DATA, reply.json["error"])
        self.assertIsNotNone(self.ask_digits(2))


unittest.main()
