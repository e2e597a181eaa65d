#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where a request's time went, for a client that asks, over both protocols; and ids that answers have from requests."""
import json
import pathlib
import re
import tempfile
import threading
import unittest

import grpc
import numpy as np

import graphs
import harness
import wire

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
ENTRY = re.compile(r'([\w!#$%&\'*+.^`|~-]+);dur=(\d+\.\d{4})(?:;desc="([^"\\]*)")?(?:, |$)')
STAGES = ["total", "parse", "model", "fill", "queue", "run", "write"]
OPS = 80


def chain(folder):
    """OPS nodes with long names, each of an op that is not fused with the next."""
    graph = graphs.Graph().signature("serving_default", {"x": "float32"}, {})
    last = "x"
    for i in range(OPS):
        name = f"{'a_long_scope/' * 8}op_{i}"
        graph.node(name, "Cumsum", [last, "axis"], "float32", Tidx="int32", exclusive=False, reverse=False)
        last = name
    graph.constant("axis", np.int32(0))
    graphs.save(folder / "1", graph.signature("serving_default", {"x": "float32"}, {"y": last}))
    return folder


def entries(text):
    """{name: (milliseconds, description)} of a header that is nothing but such entries."""
    found = ENTRY.findall(text)
    assert "".join(m.group(0) for m in ENTRY.finditer(text)) == text, text
    assert len({name for name, _, _ in found}) == len(found), text
    return {name: (float(ms), desc) for name, ms, desc in found}


class Traces(harness.ServerTest):
    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.models = {"digits": harness.MODELS / "digits", "chain": chain(folder / "chain"),
                      "half_plus_two": harness.MODELS / "half_plus_two"}
        super().setUpClass()

    def rest(self, model, body, headers=None):
        return self.server.http("POST", f"/v1/models/{model}:predict", json.dumps(body), {"X-Tensord-Trace": "1", **(headers or {})})

    def grpc(self, model, inputs, metadata):
        """(initial, trailing) metadata of the answer."""
        call = self.server.channel.unary_unary("/tensorflow.serving.PredictionService/Predict",
                                               request_serializer=lambda m: m.SerializeToString())
        try:
            _, done = call.with_call(self.server.predict_request(model, inputs), harness.PATIENCE, metadata)
        except grpc.RpcError as error:
            done = error
        return dict(done.initial_metadata()), dict(done.trailing_metadata())

    def check(self, text, rows):
        found = entries(text)
        self.assertEqual(list(found)[:9], [*STAGES, "plan", "core"])
        self.assertEqual(found["run"][1], rows)
        ms = {name: value for name, (value, _) in found.items()}
        part = lambda kind: sum(value for name, value in ms.items() if re.fullmatch(kind + r"(\d+|s)", name))
        slack = 0.0001 * len(found)
        self.assertLessEqual(sum(ms[stage] for stage in STAGES[1:]), ms["total"] + slack)
        self.assertTrue(0 < part("op") <= part("segment") + slack, text)
        self.assertLessEqual(ms["plan"] + ms["core"] + part("segment"), ms["run"] + slack)
        return found

    def test_rest(self):
        reply = self.rest("digits", {"instances": np.ones((3, 8, 8, 1)).tolist()})
        self.assertEqual(reply.status, 200)
        found = self.check(reply.headers["Server-Timing"], "3 rows")
        self.assertIn("ops 1-", found["segment1"][1])
        self.assertTrue(any("MatMul" in desc for _, desc in found.values()), found)

    def test_grpc(self):
        image = np.ones((2, 8, 8, 1), np.float32)
        _, trailing = self.grpc("digits", {"image": image}, [("x-tensord-trace", "1")])
        self.check(trailing["server-timing"], "2 rows")

    def test_many_long_names(self):
        found = self.check(self.rest("chain", {"instances": [1.0, 2.0]}).headers["Server-Timing"], "2 rows")
        ops = [name for name in found if re.fullmatch(r"op\d+", name)]
        self.assertEqual(ops, [f"op{i + 1}" for i in range(len(ops))])
        self.assertEqual(found["ops"][1], f"{OPS - len(ops)} others")
        self.assertEqual(sorted((found[name][0] for name in ops), reverse=True), [found[name][0] for name in ops])

    def test_beside_the_largest_head(self):
        """What libmicrohttpd has to keep of a head, and the longest answer to it, fit together."""
        filler = "".join(f"X-Request-Id: {'v' * 110}\r\n" for _ in range(40))
        with wire.socket.create_connection(("127.0.0.1", self.server.rest_port), harness.PATIENCE) as connection:
            connection.sendall(wire.post(b'{"instances": [1.0, 2.0]}',
                                         f"X-Tensord-Trace: 1\r\ntraceparent: {PARENT}\r\n{filler}".encode(), "/v1/models/chain:predict"))
            line, headers, _ = wire.read_reply(connection.makefile("rb"))
        self.assertEqual(line.split()[1], "200")
        self.assertEqual((headers["x-request-id"], headers["traceparent"]), ("v" * 110, PARENT))
        self.check(headers["server-timing"], "2 rows")

    def test_failures(self):
        reply = self.rest("digits", {"instances": [[1.0]]})
        self.assertEqual(list(entries(reply.headers["Server-Timing"]))[:2], ["total", "parse"])
        _, trailing = self.grpc("nobody", {"x": np.float32([1])}, [("x-tensord-trace", "1")])
        self.assertEqual(list(entries(trailing["server-timing"])), ["total", "parse"])

    def test_not_asked_for(self):
        for value in ("0", "", "yes", "11"):
            reply = self.rest("half_plus_two", {"instances": [1.0]}, {"X-Tensord-Trace": value})
            self.assertIsNone(reply.headers["Server-Timing"])
            _, trailing = self.grpc("half_plus_two", {"x": np.float32([1])}, [("x-tensord-trace", value)])
            self.assertNotIn("server-timing", trailing)

    def test_ids(self):
        """Answers of all kinds have them; what is malformed is no id, and nobody makes one."""
        for path in ("half_plus_two:predict", "nobody:predict", "half_plus_two"):
            reply = self.server.http("GET" if ":" not in path else "POST", "/v1/models/" + path, b'{"instances": [1.0]}',
                                     {"X-Request-Id": "mine", "traceparent": PARENT})
            self.assertEqual((reply.headers["X-Request-Id"], reply.headers["traceparent"]), ("mine", PARENT))
        reply = self.server.http("GET", "/v1/models/half_plus_two", None, {"X-Request-Id": "two words", "traceparent": "00-x"})
        self.assertEqual((reply.headers["X-Request-Id"], reply.headers["traceparent"]), (None, None))
        for model in ("half_plus_two", "nobody"):
            initial, _ = self.grpc(model, {"x": np.float32([1])}, [("x-request-id", "mine"), ("traceparent", PARENT)])
            self.assertEqual((initial["x-request-id"], initial["traceparent"]), ("mine", PARENT))
        initial, _ = self.grpc("half_plus_two", {"x": np.float32([1])}, [("traceparent", PARENT[:-1])])
        self.assertFalse({"x-request-id", "traceparent"} & initial.keys())

    def test_many_at_once(self):
        """Runs that some ask about and others share."""
        failures = []

        def client(n):
            for _ in range(40):
                try:
                    if n % 2:
                        self.server.predict("digits", {"image": np.ones((1, 8, 8, 1), np.float32)})
                    else:
                        reply = self.rest("digits", {"instances": np.ones((1, 8, 8, 1)).tolist()})
                        rows = entries(reply.headers["Server-Timing"])["run"][1]
                        self.check(reply.headers["Server-Timing"], rows)
                except Exception as error:  # pylint: disable=broad-except
                    failures.append(error)

        threads = [threading.Thread(target=client, args=(n,)) for n in range(12)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(failures, [])


if __name__ == "__main__":
    unittest.main()
