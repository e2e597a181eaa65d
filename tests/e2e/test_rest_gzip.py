#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Replies that are gzipped: for whom, which, on which thread; and who does not hear of it."""
import gzip
import json
import socket
import threading
import time
import unittest

import harness
import wire

PATH = "/v1/models/half_plus_two:predict"


def body(count):
    return json.dumps({"inputs": [i / 7 for i in range(count)]})


SMALL, SOME, LARGE = body(20), body(300), body(100_000)  # of 0.2, 3 and 1000 KiB


class Packed(harness.ServerTest):
    models = {"half_plus_two": harness.MODELS / "half_plus_two"}

    def ask(self, text, codings=None, **more):
        headers = {**({"Accept-Encoding": codings} if codings is not None else {"Accept-Encoding": "identity"}), **more}
        return self.server.http("POST", PATH, text, headers)

    def test_the_same_answer(self):
        for text in (SOME, LARGE):
            plain, packed = self.ask(text), self.ask(text, "gzip")
            self.assertIsNone(plain.headers["Content-Encoding"])
            self.assertEqual(packed.headers["Content-Encoding"], "gzip")
            self.assertEqual((plain.headers["Vary"], packed.headers["Vary"]), ("Accept-Encoding", "Accept-Encoding"))
            self.assertEqual(gzip.decompress(packed.body), plain.body)
            self.assertEqual(int(packed.headers["Content-Length"]), len(packed.body))
            self.assertLess(len(packed.body), len(plain.body) * 0.7)
            self.assertEqual(packed.headers["Content-Type"], "application/json")

    def test_who_takes_it(self):
        for codings, is_packed in (("gzip", True), ("deflate, GZIP;q=0.5", True), ("*", True), ("gzip;q=0", False), ("", False), ("br", False),
                                   ("identity", False), ("*;q=0", False), ("*, gzip;q=0", False), ("identity, gzip;q=0.5", False),
                                   ("identity;q=0.5, gzip", True), ("gzip;q=0.001", True), ("gzip, deflate, br, zstd", True)):
            reply = self.ask(SOME, codings)
            self.assertEqual(reply.headers["Content-Encoding"] == "gzip", is_packed, codings)
            self.assertEqual(reply.status, 200)

    def test_small_replies_and_errors_stay(self):
        for reply in (self.ask(SMALL, "gzip"), self.ask('{"inputs": ["' + "x" * 9000 + '"]}', "gzip")):
            self.assertIsNone(reply.headers["Content-Encoding"])
            self.assertIsNone(reply.headers["Vary"])

    def test_bytes_of_tensors_stay(self):
        reply = self.ask(SOME, "gzip", Accept="application/octet-stream")
        self.assertEqual((reply.headers["Content-Encoding"], len(reply.body)), (None, 1200))

    def test_other_pages(self):
        reply = self.server.http("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
        self.assertEqual(reply.headers["Content-Encoding"], "gzip")
        self.assertIn(b"# HELP", gzip.decompress(reply.body))
        for path in ("/v1/models/half_plus_two/metadata", "/v1/models/half_plus_two"):
            get = self.server.http("GET", path, headers={"Accept-Encoding": "gzip"})
            head = self.server.http("HEAD", path, headers={"Accept-Encoding": "gzip"})
            for field in ("Content-Encoding", "Content-Length", "Vary"):
                self.assertEqual(get.headers[field], head.headers[field])
            self.assertEqual(head.body, b"")

    def test_on_one_connection(self):
        with socket.create_connection(("127.0.0.1", self.server.rest_port), harness.PATIENCE) as connection:
            stream = connection.makefile("rb")
            texts = [SMALL, LARGE, SOME, SMALL, LARGE]
            for text in texts:
                connection.sendall(b"POST %s HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s"
                                   % (PATH.encode(), len(text), text.encode()))
            for text in texts:
                _, headers, answer = wire.read_reply(stream)
                if headers.get("content-encoding") == "gzip":
                    answer = gzip.decompress(answer)
                self.assertEqual(len(json.loads(answer)["outputs"]), text.count(",") + 1)

    def test_large_ones_hold_up_nobody(self):
        """While some are packed, the event threads answer others."""
        huge, stop, waits = body(2_000_000), threading.Event(), []

        def load():
            while not stop.is_set():
                self.ask(huge, "gzip")

        threads = [threading.Thread(target=load) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            time.sleep(1)
            for _ in range(50):
                start = time.monotonic()
                self.assertEqual(self.server.get("half_plus_two").status, 200)
                waits.append(time.monotonic() - start)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertLess(sorted(waits)[len(waits) // 2], 0.2)

    def test_clients_that_leave(self):
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", self.server.rest_port), harness.PATIENCE) as connection:
                connection.sendall(b"POST %s HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s"
                                   % (PATH.encode(), len(LARGE), LARGE.encode()))
        self.assertEqual(self.ask(SOME, "gzip").status, 200)


class Off(harness.ServerTest):
    models = {"half_plus_two": harness.MODELS / "half_plus_two"}
    flags = ("--rest_api_enable_compression=false",)

    def test_nothing_is_packed(self):
        reply = self.server.http("POST", PATH, SOME, {"Accept-Encoding": "gzip"})
        self.assertEqual((reply.headers["Content-Encoding"], reply.headers["Vary"]), (None, None))


if __name__ == "__main__":
    unittest.main()
