#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Requests that share a run: every client gets what it would have got alone."""
import re
import threading
import time
import unittest

import grpc
import numpy as np

import harness

MODELS = {"digits": harness.MODELS / "digits"}
CLIENTS = 16
SECONDS = 3


def images(seed):
    """1 to 60 images."""
    rng = np.random.default_rng(seed)
    return rng.random((int(rng.integers(1, 60)), 8, 8, 1), np.float32)


def runs(server):
    """How often the model was run, and on how many rows."""
    page = server.http("GET", "/metrics").body.decode()
    read = lambda name: sum(float(v) for v in re.findall(rf'^{name}{{.*}} (\S+)$', page, re.M))
    return read("tensord_batch_rows_count"), read("tensord_batch_rows_sum")


class Joined(unittest.TestCase):
    def setUp(self):
        alone = self.enterContext(harness.Server(MODELS, ["--enable_batching=false"]))
        self.inputs = [images(seed) for seed in range(40)]
        self.outputs = [alone.predict("digits", {"image": x})["output_0"] for x in self.inputs]
        self.odd = alone.predict("digits", {"image": np.ones((3, 8, 8, 2), np.float32)})["output_0"]
        self.failures = []

    def check(self, i, got):
        want = self.outputs[i]
        if got.shape != want.shape or not np.allclose(got, want, rtol=1e-6, atol=1e-6):
            self.failures.append(f"input {i}: off by {np.abs(got - want).max() if got.shape == want.shape else got.shape}")

    def grpc_client(self, server, n, until):
        rng = np.random.default_rng(n)
        while time.monotonic() < until:
            i = int(rng.integers(len(self.inputs)))
            self.check(i, server.predict("digits", {"image": self.inputs[i]})["output_0"])
            self.sent[n] += 1

    def rest_client(self, server, n, until):
        rng = np.random.default_rng(n)
        while time.monotonic() < until:
            i = int(rng.integers(len(self.inputs)))
            reply = server.post("digits:predict", {"instances": self.inputs[i].tolist()})
            self.check(i, np.float32(reply.json["predictions"]))
            self.sent[n] += 1

    def odd_client(self, server, n, until):
        """Images with a channel too many are cut into twice as many rows by the model: they join nobody."""
        while time.monotonic() < until:
            got = server.predict("digits", {"image": np.ones((3, 8, 8, 2), np.float32)})["output_0"]
            if got.shape != self.odd.shape or not np.allclose(got, self.odd, rtol=1e-6, atol=1e-6):
                self.failures.append(f"an odd shape: {got.shape}")
            self.sent[n] += 1

    def storm(self, server, clients):
        self.sent = [0] * len(clients)
        until = time.monotonic() + SECONDS
        threads = [threading.Thread(target=client, args=(server, n, until)) for n, client in enumerate(clients)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(self.failures, [])
        return sum(self.sent)

    def test_clients_of_both_protocols(self):
        clients = [self.grpc_client] * CLIENTS + [self.rest_client] * 4 + [self.odd_client]
        with harness.Server(MODELS) as server:
            sent = self.storm(server, clients)
            count, rows = runs(server)
        self.assertLessEqual(count, sent)
        self.assertGreaterEqual(rows, sent)

    def test_calls_that_wait_share_a_run(self):
        """Held until all of them are there, twelve calls of a row take no twelve runs: the first two or three tell what one takes."""
        with harness.Server(MODELS, environment={"TENSORD_BATCH_HOLD": "12"}) as server:
            def ask(i):
                got = server.predict("digits", {"image": self.inputs[i][:1]})["output_0"]
                if not np.allclose(got, self.outputs[i][:1], rtol=1e-6, atol=1e-6):
                    self.failures.append(f"input {i}")

            threads = [threading.Thread(target=ask, args=(i,)) for i in range(12)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            count, rows = runs(server)
        self.assertEqual(self.failures, [])
        self.assertLess(count, 12)
        self.assertGreaterEqual(rows, 12)

    def test_quick_calls_right_behind_one_another(self):
        """Single images, many in flight on each connection: fewer runs than calls, and to each its own answer."""
        rows = np.concatenate(self.inputs)[:256]
        want = np.concatenate(self.outputs)[:256]
        with harness.Server(MODELS) as server:
            stub = server.stub("PredictionService", "Predict")
            for _ in range(20):
                calls = [stub.future(server.predict_request("digits", {"image": row[None]})) for row in rows]
                for i, call in enumerate(calls):
                    got = harness.get_tensor(call.result(timeout=harness.PATIENCE).outputs["output_0"])
                    if got.shape != (1, 10) or not np.allclose(got[0], want[i], rtol=1e-6, atol=1e-6):
                        self.failures.append(f"row {i}")
            count, _ = runs(server)
        self.assertEqual(self.failures, [])
        self.assertLess(count, 20 * len(rows))

    def test_off_by_flag(self):
        with harness.Server(MODELS, ["--enable_batching=false"]) as server:
            sent = self.storm(server, [self.grpc_client] * CLIENTS)
            count, _ = runs(server)
        self.assertEqual(count, sent)

    def test_deadlines(self):
        """A call is answered in time or told that it is not; none is answered late or lost."""
        answered = [0] * CLIENTS

        def client(server, n, until):
            while time.monotonic() < until:
                i = n % len(self.inputs)
                start = time.monotonic()
                try:
                    reply = server.call("PredictionService", "Predict",
                                        server.predict_request("digits", {"image": self.inputs[i]}), timeout=0.05)
                    self.check(i, harness.get_tensor(reply.outputs["output_0"]))
                except grpc.RpcError as e:
                    if e.code() not in (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED):
                        self.failures.append(str(e))
                answered[n] += 1
                self.assertLess(time.monotonic() - start, harness.PATIENCE)
                self.sent[n] += 1

        with harness.Server(MODELS) as server:
            self.storm(server, [client] * CLIENTS)
            i = 3
            self.check(i, server.predict("digits", {"image": self.inputs[i]})["output_0"])
        self.assertTrue(all(answered))


if __name__ == "__main__":
    unittest.main()
