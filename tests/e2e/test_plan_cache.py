#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""--plan_cache_dir: who starts second reads what the first one packed; nothing that is wrong with it is more than a warning."""
import json
import pathlib
import tempfile
import unittest

import numpy as np

import harness

IMAGES = [e["image"] for e in json.loads((harness.MODELS / "digits" / "examples.json").read_text())]


class PlanCache(unittest.TestCase):
    def setUp(self):
        self.cache = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def run_server(self, *flags, cache=None):
        """Answers and the log of one life of a server."""
        models = {"digits": harness.MODELS / "digits"}
        with harness.Server(models, [f"--plan_cache_dir={cache or self.cache}", *flags]) as server:
            answers = [server.post("digits:predict", {"instances": IMAGES[:n]}).json["predictions"] for n in (1, 3)]
            harness.until(lambda: any(f"event=plan_cache_{what} " in server.log_text()
                                      for what in ("written", "not_written", "read")), "the cache's line in the log")
            return answers, server.log_text()

    def packs(self):
        return sorted(self.cache.glob("*.tdpack"))

    def assert_same(self, first, other):
        for a, b in zip(first, other):
            np.testing.assert_array_equal(a, b)

    def test_second_start_reads(self):
        first, log = self.run_server()
        self.assertIn("event=plan_cache_written", log)
        self.assertEqual(len(self.packs()), 1)
        before = self.packs()[0].stat()
        second, log = self.run_server()
        self.assertIn("event=plan_cache_read", log)
        self.assertNotIn("event=plan_cache_written", log)
        self.assert_same(first, second)
        self.assertEqual(self.packs()[0].stat().st_ino, before.st_ino)

    def test_two_at_once(self):
        first, _ = self.run_server()
        with harness.Server({"digits": harness.MODELS / "digits"}, [f"--plan_cache_dir={self.cache}"]) as other:
            second, log = self.run_server()
            self.assertIn("event=plan_cache_read", log)
            self.assert_same(first, second)
            self.packs()[0].unlink()  # what is mapped stays
            self.assertEqual(other.post("digits:predict", {"instances": IMAGES[:1]}).json["predictions"], first[0])

    def test_damaged(self):
        first, _ = self.run_server()
        path = self.packs()[0]
        whole = path.read_bytes()
        for bad in (whole[:100], whole[:-1], whole[:-50] + b"x" * 50, b"", b"something else", whole + b"x"):
            path.write_bytes(bad)
            answers, log = self.run_server()
            self.assertIn("event=plan_cache_refused", log)
            self.assertIn("event=plan_cache_written", log)
            self.assert_same(first, answers)
            self.assertEqual(path.read_bytes(), whole)

    def test_nowhere_to_write(self):
        first, _ = self.run_server()
        answers, log = self.run_server(cache="/proc/no/such")
        self.assertIn("event=plan_cache_not_written", log)
        self.assert_same(first, answers)

    def test_too_small(self):
        _, log = self.run_server("--plan_cache_megabytes=0")
        self.assertIn("event=plan_cache_not_written", log)
        self.assertEqual(self.packs(), [])


if __name__ == "__main__":
    unittest.main()
