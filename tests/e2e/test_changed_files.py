#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
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
    def start(self, poll):
        self.base = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name, version in (("digits", 1), ("half_plus_two", 2)):
            shutil.copytree(harness.MODELS / name / str(version), self.base / name / "1")
        models = {"digits": self.base / "digits", "half": self.base / "half_plus_two"}
        self.server = self.enterContext(harness.Server(models, [f"--file_system_poll_wait_seconds={poll}"]))
        self.right = self.rest(1)
        self.data = self.base / "digits" / "1" / DATA

    def rest(self, count):
        """Predictions, or what went wrong."""
        reply = self.server.post("digits:predict", {"instances": IMAGES[:count]}).json
        return reply.get("predictions", reply.get("error"))

    def grpc(self, count):
        try:
            return self.server.predict("digits", {"image": np.float32(IMAGES[:count])})["output_0"].tolist()
        except grpc.RpcError as error:
            self.assertIn(error.code(), (grpc.StatusCode.DATA_LOSS, grpc.StatusCode.NOT_FOUND))
            return error.details()

    def digits_are_there(self, count=1):
        """Both protocols: right answers, or the file's name, or no model; never a wrong answer."""
        answers = self.rest(count), self.grpc(count)
        for answer in answers:
            if isinstance(answer, str):
                self.assertTrue(f"{self.data} changed" in answer or "Servable not found" in answer, answer)
            else:
                np.testing.assert_allclose(answer[0], self.right[0], rtol=1e-4, atol=1e-6)
        return not any(isinstance(answer, str) for answer in answers)

    def check_half(self):
        self.assertEqual(self.server.post("half:predict", {"instances": [4.0]}).json["predictions"], [4.0])
        self.assertEqual(self.server.predict("half", {"x": np.float32([6])})["y"].tolist(), [5.0])

    def status(self):
        version = self.server.get("digits").json["model_version_status"][0]
        return version["state"], version["status"]["error_code"], version["status"]["error_message"]

    def test_cut_short(self):
        self.start(poll=0)  # nobody but the runs themselves looks at files
        os.truncate(self.data, 0)
        for count in (1, 3, 1, 2):
            self.digits_are_there(count)
            self.check_half()
        for answer in (self.rest(4), self.grpc(5), self.rest(1), self.grpc(1)):  # a new size makes a new plan
            self.assertIn(f"{self.data} changed", answer)
        self.check_half()

    def test_small_weights(self):
        self.start(poll=0)
        os.truncate(self.base / "half_plus_two" / "1" / DATA, 0)
        self.assertIn(f"{DATA} changed", self.server.post("half:predict", {"instances": [4.0]}).json["error"])
        self.assertTrue(self.digits_are_there(2))

    def test_replaced(self):
        self.start(poll=0)
        other = self.data.with_name("other")
        other.write_bytes(b"no weights")
        other.rename(self.data)  # as `rsync` does: what is loaded keeps the old file
        self.assertTrue(self.digits_are_there(1))
        self.assertTrue(self.digits_are_there(3))

    def test_the_version_goes_and_comes_back(self):
        self.start(poll=1)
        weights = self.data.read_bytes()
        os.truncate(self.data, len(weights) // 2)
        harness.until(lambda: self.status()[1] == "DATA_LOSS", "the end of version 1")
        self.assertIn(str(self.data), self.status()[2])
        self.assertFalse(self.digits_are_there())
        self.check_half()
        self.data.write_bytes(weights)
        harness.until(self.digits_are_there, "version 1 to come back")
        self.assertEqual(self.status()[:2], ("AVAILABLE", "OK"))

    def test_a_new_version_heals(self):
        self.start(poll=1)
        self.data.write_bytes(bytes(self.data.stat().st_size))  # as `cp` does: cut short, then filled
        harness.until(lambda: not self.digits_are_there(), "the end of version 1")
        shutil.copytree(harness.MODELS / "digits" / "1", self.base / "digits" / "2")
        harness.until(self.digits_are_there, "version 2")
        self.assertTrue(self.digits_are_there(5))
        self.check_half()


unittest.main()
