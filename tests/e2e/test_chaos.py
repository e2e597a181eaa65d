#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A short run of chaos.py."""
import unittest

import chaos


class Chaos(unittest.TestCase):
    def test_some_seconds(self):
        count, problems, done, _ = chaos.chaos(seconds=8, clients=4)
        self.assertEqual(problems, [])
        self.assertGreater(count, 50)
        self.assertGreater(len(done), 8)


if __name__ == "__main__":
    unittest.main()
