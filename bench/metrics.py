#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What counting costs a request: tensord's own metrics, TensorFlow Serving's beside them, a line of the access log.

./dev bench runs it.
"""
import os
import pathlib
import subprocess

TEST = pathlib.Path(os.environ["TENSORD"]).parent / "tests" / "unit.obs.requests"


def main():
    for what, words in (("tensord's", []), ("and TensorFlow Serving's", ["tf"]), ("and the access log", ["tf", "log"])):
        done = subprocess.run([TEST, "--bench", *words], capture_output=True, text=True, check=True)
        print(f"{what + ':':26} {done.stdout.strip()}")


main()
