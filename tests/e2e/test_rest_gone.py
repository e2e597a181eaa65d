#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""REST clients that go away while their request waits or runs: nobody works for them. Those that only close their side do not."""
import json
import pathlib
import re
import socket
import tempfile
import unittest

import graphs
import harness
import wire

ZERO = b'{"inputs": 0.0}'
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"


class Gone(harness.ServerTest):
    flags = ["--enable_model_warmup=false"]

    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        graphs.save(folder / "short" / "1", graphs.products(10, 300 if harness.SLOW else 1000))
        graphs.save(folder / "long" / "1", graphs.products(400, 3000))
        cls.models = {name: folder / name for name in ("short", "long")}
        super().setUpClass()

    def send(self, model, version=b"1.1"):
        connection = socket.create_connection(("127.0.0.1", self.server.rest_port), harness.PATIENCE)
        self.addCleanup(connection.close)
        connection.sendall(wire.post(ZERO, path=f"/v1/models/{model}:predict").replace(b"HTTP/1.1", b"HTTP/" + version, 1))
        return connection

    def number(self, name, labels):
        page = self.server.http("GET", "/metrics").body.decode()
        lines = re.findall(rf"^{name}{{(.*)}} (\S+)$", page, re.M)
        return sum(float(value) for found, value in lines if all(label in found for label in labels))

    def cancelled(self):
        return self.number("tensord_requests_total", ['code="CANCELLED"', 'protocol="rest"'])

    def in_flight(self):
        return self.number("tensord_requests_in_flight", ['protocol="rest"'])

    def all_end(self, end, version=b"1.1", clients=1):
        """So many requests for minutes of work are cancelled when end(connection) was called for each."""
        before = self.cancelled()
        connections = [self.send("long", version) for _ in range(clients)]
        harness.until(lambda: self.in_flight() == clients, "the requests")
        for connection in connections:
            end(connection)
        harness.until(lambda: self.cancelled() == before + clients, "their end")
        harness.until(lambda: self.in_flight() == 0, "their end")

    def test_closed(self):
        self.all_end(lambda connection: connection.close())

    def test_reset(self):
        self.all_end(wire.reset)

    def test_an_old_client_that_is_reset(self):
        self.all_end(wire.reset, b"1.0")

    def test_those_that_wait(self):
        """More than can run at once."""
        self.all_end(lambda connection: connection.close(), clients=10 if harness.EMULATED else 40)

    def everything(self, connection):
        with connection.makefile("rb") as stream:
            return stream.read()

    def test_who_closes_one_side_gets_the_answer(self):
        connection = self.send("short")
        connection.shutdown(socket.SHUT_WR)
        reply = self.everything(connection)
        self.assertEqual(reply.count(INTERIM), 1, reply)
        self.assertTrue(reply.startswith(INTERIM + b"HTTP/1.1 200 OK\r\n"), reply)
        self.assertEqual(json.loads(reply.rpartition(b"\r\n\r\n")[2]), {"outputs": 0.0})

    def test_an_old_client_that_closes_one_side(self):
        connection = self.send("short", b"1.0")
        connection.shutdown(socket.SHUT_WR)
        reply = self.everything(connection)
        self.assertRegex(reply, rb"^HTTP/1\.\d 200 OK\r\n")
        self.assertEqual(json.loads(reply.rpartition(b"\r\n\r\n")[2]), {"outputs": 0.0})

    def test_who_waits_hears_nothing_before(self):
        reply = self.everything(self.send("short", b"1.0"))
        self.assertNotIn(INTERIM, reply)
        with self.send("short") as connection:
            self.assertTrue(connection.recv(1 << 16).startswith(b"HTTP/1.1 200 OK"))


if __name__ == "__main__":
    unittest.main()
