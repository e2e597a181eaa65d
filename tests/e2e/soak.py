#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""soak.py -- many clients on both protocols while versions come and go; every answer is checked.

    soak.py [SECONDS [CLIENTS [PERIOD]]]        60 seconds, 16 clients, a new version every 2 seconds

Version n of the model answers n to 0. A client must only ever see versions that exist, and never an older one after a
newer one. test_versions.py runs a short one.
"""
import http.client
import json
import pathlib
import shutil
import sys
import tempfile
import threading
import time

import numpy as np

import graphs
import harness

BODY = json.dumps({"instances": [0.0]})


class Client(threading.Thread):
    """Asks until told to stop; collects what was wrong."""

    def __init__(self, server, use_rest, stop):
        super().__init__()
        self.server, self.use_rest, self.stop = server, use_rest, stop
        self.count, self.problems = 0, []

    def run(self):
        try:
            ask, last = (self.ask_rest() if self.use_rest else self.ask_grpc()), 0
            while not self.stop.is_set():
                value = next(ask)
                if value < last or value != int(value):
                    self.problems.append(f"{value} after {last}")
                last = value
                self.count += 1
        except Exception as error:
            self.problems.append(repr(error))

    def ask_rest(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.rest_port, timeout=harness.PATIENCE)
        while True:
            connection.request("POST", "/v1/models/m:predict", BODY)
            reply = connection.getresponse()
            body = reply.read()
            if reply.status != 200:
                raise AssertionError(f"{reply.status} {body}")
            yield json.loads(body)["predictions"][0]

    def ask_grpc(self):
        while True:
            yield float(self.server.predict("m", {"x": np.float32([0])})["y"][0])


def soak(server, base, seconds, clients, period):
    """The server serves base as model m, version 1 being there. (answers, problems, versions made)."""
    stop = threading.Event()
    _ = server.channel  # made once, before the threads
    threads = [Client(server, i % 2 == 0, stop) for i in range(clients)]
    for thread in threads:
        thread.start()
    end, version = time.monotonic() + seconds, 1
    while time.monotonic() < end:
        time.sleep(period)
        version += 1
        graphs.save(base / str(version), graphs.affine(b=version))
        if version > 2:
            shutil.rmtree(base / str(version - 2))
    stop.set()
    for thread in threads:
        thread.join()
    problems = [p for t in threads for p in t.problems]
    if server.predict("m", {"x": np.float32([0])})["y"][0] == 1:
        problems.append("version 1 still answers")
    return sum(t.count for t in threads), problems, version


def main():
    seconds, clients, period = [float(a) for a in sys.argv[1:]] + [60, 16, 2][len(sys.argv) - 1:]
    with tempfile.TemporaryDirectory() as folder:
        base = pathlib.Path(folder) / "m"
        graphs.save(base / "1", graphs.affine(b=1))
        with harness.Server({"m": base}) as server:
            count, problems, versions = soak(server, base, seconds, int(clients), period)
    print(f"{count} answers in {seconds:.0f} s from {int(clients)} clients over {versions} versions, "
          f"{len(problems)} failed or wrong")
    print(*problems[:10], sep="\n")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
