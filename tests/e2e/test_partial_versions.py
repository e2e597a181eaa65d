#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Versions that arrive file by file, in any order, slowly or never: the old one serves until the new one is whole."""
import itertools
import pathlib
import shutil
import tempfile
import time
import unittest

import numpy as np

import graphs
import harness
from messages import message

PB, INDEX, DATA = "saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"
SETTLE = 0.6  # longer than files must rest before a version is tried


def words(old, new):
    """A model with a vocabulary in a file; y is the place of the word x."""
    g = graphs.Graph().placeholder("x", "string").constant("none", np.int64(-1))
    g.asset("file", "words.txt", f"{old}\n{new}\n".encode())
    g.node("table", "HashTableV2", key_dtype="string", value_dtype="int64")
    g.node("fill", "InitializeTableFromTextFileV2", ["table", "file"], key_index=-2, value_index=-1)
    g.node("y", "LookupTableFindV2", ["table", "x", "none"], Tin="string", Tout="int64")
    g.dtypes["y"] = "int64"
    return g.init("fill").signature("serving_default", {"x": "string"}, {"y": "y"}, shape=[-1])


class PartialVersions(unittest.TestCase):
    def setUp(self):
        self.base = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "m"
        shutil.copytree(harness.MODELS / "half_plus_two" / "2", self.base / "1")
        self.whole = self.base / "1"
        self.server = self.enterContext(harness.Server({"m": self.base}, ["--max_num_load_retries=5"]))

    def bring(self, version, name, size=None):
        """One file, or its first bytes."""
        path = self.base / str(version) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((self.whole / name).read_bytes()[:size])

    def state(self, version):
        for v in self.server.get("m").json["model_version_status"]:
            if v["version"] == str(version):
                return v["state"], v["status"]["error_code"], v["status"]["error_message"]
        return None

    def serves(self, version):
        """Right answers, and whose they are."""
        reply = self.server.post("m:predict", {"instances": [4.0]})
        self.assertEqual(reply.json.get("predictions"), [4.0], reply.body)
        request = self.server.predict_request("m", {"x": np.float32([4])})
        reply = self.server.call("PredictionService", "Predict", request)
        return reply.model_spec.version.value == version

    def rest(self, old, seconds=SETTLE):
        """For some time the old version, and nothing else, answers."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.assertTrue(self.serves(old))
            time.sleep(0.05)

    def test_files_in_any_order(self):
        for number, order in enumerate(itertools.permutations([PB, INDEX, DATA]), 2):
            for name in order[:-1]:
                self.bring(number, name)
                self.rest(number - 1)
            with self.subTest(last=order[-1]):
                harness.until(lambda: (self.state(number) or [""])[0] == "END", "a failed load")
                state, code, text = self.state(number)
                self.assertNotEqual(code, "OK")
                self.assertIn(pathlib.Path(order[-1]).name, text)
                self.bring(number, order[-1])
                harness.until(lambda: self.serves(number), f"version {number}")

    def test_an_index_that_never_comes_is_named(self):
        self.bring(2, PB)
        self.bring(2, DATA)
        harness.until(lambda: (self.state(2) or [""])[0] == "END", "a failed load")
        state, code, text = self.state(2)
        self.assertEqual(code, "NOT_FOUND")
        self.assertIn("variables.index", text)
        request = message("tensorflow.serving.GetModelStatusRequest")()
        harness.set_spec(request.model_spec, "m", version=2)
        status = self.server.call("ModelService", "GetModelStatus", request).model_version_status[0].status
        self.assertEqual((status.error_code, status.error_message), (5, text))
        self.assertIn(text.split("\n")[0], self.server.log_text())
        self.rest(1, 2)

    def test_data_that_grows_slowly(self):
        size = (self.whole / DATA).stat().st_size
        self.bring(2, PB)
        self.bring(2, INDEX)
        whole = (self.whole / DATA).read_bytes()
        with open(self.base / "2" / DATA, "ab", buffering=0) as file:
            for begin, end in itertools.pairwise([0, 1, size // 2, size - 1, size]):
                self.rest(1)
                self.assertEqual(self.state(2)[0], "END")
                file.write(whole[begin:end])
        harness.until(lambda: self.serves(2), "version 2")

    def test_damaged_files_are_replaced(self):
        for number, name in enumerate([PB, INDEX], 2):
            shutil.copytree(self.whole, self.base / "new")
            (self.base / "new" / name).write_bytes(b"damaged" * 9)
            (self.base / "new").rename(self.base / str(number))
            harness.until(lambda: (self.state(number) or [""])[0] == "END", "a failed load")
            self.rest(number - 1)
            self.bring(number, name)
            harness.until(lambda: self.serves(number), f"version {number}")

    def test_assets_last(self):
        graphs.save(self.base.parent / "words", words("old", "new"))
        shutil.copytree(self.base.parent / "words", self.base / "2", ignore=shutil.ignore_patterns("assets"))
        harness.until(lambda: (self.state(2) or [""])[0] == "END", "a failed load")
        self.assertIn("words.txt", self.state(2)[2])
        self.rest(1)
        shutil.copytree(self.base.parent / "words" / "assets", self.base / "2" / "assets")
        harness.until(lambda: (self.state(2) or [""])[0] == "AVAILABLE", "version 2")
        self.assertEqual(self.look_up("new", "old", "x"), [1, 0, -1])

    def look_up(self, *keys):
        return self.server.post("m:predict", {"instances": keys}).json.get("predictions")

    def test_a_vocabulary_that_grows_slowly(self):
        graphs.save(self.base.parent / "words", words("old", "new"))
        shutil.copytree(self.base.parent / "words", self.base / "2", ignore=shutil.ignore_patterns("assets"))
        (self.base / "2" / "assets").mkdir()
        with open(self.base / "2" / "assets" / "words.txt", "w", buffering=1) as file:
            file.write("old\n")
            harness.until(lambda: self.look_up("old", "new") == [0, -1], "version 2, as far as it is there")
            file.write("new\n")
        harness.until(lambda: self.look_up("old", "new") == [0, 1], "version 2")


unittest.main()
