#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What counting costs a request: tensord's own metrics, and TensorFlow Serving's beside them. ./dev bench runs it."""
import os
import pathlib
import subprocess

TEST = pathlib.Path(os.environ["TENSORD"]).parent / "tests" / "unit.obs.requests"


def main():
    for what, option in (("tensord's", "--bench-tensord"), ("and TensorFlow Serving's", "--bench")):
        done = subprocess.run([TEST, option], capture_output=True, text=True, check=True)
        print(f"{what + ':':26} {done.stdout.strip()}")


main()
