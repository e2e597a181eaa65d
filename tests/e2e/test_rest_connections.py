#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""REST connections end: whatever way a client goes, however slow it is, however many there are."""
import contextlib
import json
import resource
import socket
import time
import unittest

import numpy as np

import harness
import wire
from wire import ANSWER, ONE, PREDICT, post, read_reply, reset

TICK = 0.2
LARGE = b'{"instances": [' + b"1.5, " * 200000 + b"1.5]}"


@contextlib.contextmanager
def descriptors_limited(count):
    """Servers that start in here may open that many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class ConnectionsTest(wire.WireTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.post("half_plus_two:predict", ONE)
        harness.until(cls.is_quiet, "the connections that start a server to end")

    @classmethod
    def is_quiet(cls):
        cls.base = cls.descriptors()
        time.sleep(0.5)
        return cls.descriptors() == cls.base

    def open_connections(self):
        """The server's, in any state that holds a descriptor of its."""
        return self.descriptors() - self.base

    def assert_none_left(self):
        self.assertEqual(self.server.post("half_plus_two:predict", ONE).json, ANSWER)  # who came before was let in
        harness.until(lambda: self.open_connections() <= 0, "connections to end")

    def assert_ends(self, connection, stream, least, what):
        """The server ends it without a reply, not before `least` seconds."""
        start = time.monotonic()
        try:
            self.assertEqual(stream.read(), b"", what)
        except ConnectionResetError:
            pass
        self.assertGreater(time.monotonic() - start, least, what)


class ClientsThatGo(ConnectionsTest):
    """With the usual time limits: none of these waits for one."""

    def each(self, requests, end):
        for request in requests:
            for _ in range(10):
                connection, stream = self.connect()
                connection.sendall(request)
                end(connection, stream)
                stream.close()
                connection.close()
        self.assert_none_left()

    partial = [post(LARGE)[:500000], post(ONE)[:-1], post(ONE)[:60], post(ONE)[:5], b"", post(ONE)[:200][:-len(ONE)],
               b"POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"in" % PREDICT.encode()]

    def test_close_in_the_middle(self):
        self.each(self.partial, lambda connection, stream: None)

    def test_close_one_side_in_the_middle(self):
        def end(connection, stream):
            connection.shutdown(socket.SHUT_WR)
            self.assertEqual(stream.read(), b"")

        self.each(self.partial, end)

    def test_close_one_side_in_the_middle_a_little_later(self):
        def end(connection, stream):
            time.sleep(0.02)
            connection.shutdown(socket.SHUT_WR)
            self.assertEqual(stream.read(), b"")

        self.each(self.partial, end)

    def test_reset(self):
        self.each(self.partial + [post(ONE), post(LARGE)], lambda connection, stream: (stream.close(), reset(connection)))

    def test_close_one_side_behind_requests(self):
        """Each gets its answer, small or offloaded, and then the end."""
        def end(count):
            def end_side(connection, stream):
                connection.shutdown(socket.SHUT_WR)
                for _ in range(count):
                    self.assertIn("predictions", json.loads(read_reply(stream)[2]))
                self.assertEqual(stream.read(), b"")
            return end_side

        self.each([post(ONE), post(LARGE)], end(1))
        self.each([post(ONE) + post(ONE), post(ONE) + post(LARGE), post(LARGE) + post(ONE)], end(2))
        self.each([post(ONE) * 50], end(50))

    def test_close_behind_a_request(self):
        self.each([post(ONE), post(LARGE), post(ONE) * 2, post(ONE) + post(LARGE)[:1000]], lambda connection, stream: None)

    def test_close_while_the_reply_is_under_way(self):
        def end(connection, stream):
            connection.recv(1000)

        self.each([post(LARGE), post(LARGE) * 3], end)

    def test_close_between_two_requests(self):
        def end(connection, stream):
            read_reply(stream)

        self.each([post(ONE)], end)


class TimeLimits(ConnectionsTest):
    flags = ["--rest_api_idle_timeout_seconds=2", "--rest_api_header_timeout_seconds=1",
             "--rest_api_body_timeout_seconds=1", "--rest_api_write_timeout_seconds=1"]

    def test_silence(self):
        for request in (b"", post(ONE)[:5], post(ONE)[:60], post(ONE)[:-1], post(LARGE)[:500000]):
            connection, stream = self.connect()
            connection.sendall(request)
            self.assert_ends(connection, stream, 0.7, request[:80])
        self.assert_none_left()

    def test_between_two_requests(self):
        connection, stream = self.connect()
        for _ in range(3):
            connection.sendall(post(ONE))
            self.assertEqual(json.loads(read_reply(stream)[2]), ANSWER)
            time.sleep(1.2)
        self.assert_ends(connection, stream, 0.2, "idle")
        self.assert_none_left()

    def test_a_head_that_never_ends(self):
        """A byte now and then does not help."""
        connection, stream = self.connect()
        connection.sendall(b"GET /v1/models/half_plus_two HTTP/1.1\r\nX: ")
        start = time.monotonic()
        with self.assertRaises(OSError):
            while time.monotonic() < start + harness.PATIENCE:
                connection.sendall(b"x")
                time.sleep(TICK)
        self.assertGreater(time.monotonic() - start, 0.7)
        self.assert_none_left()

    def test_a_body_that_comes_slowly(self):
        request = post(ONE)
        for size in (len(ONE), len(ONE) - 10):
            connection, stream = self.connect()
            connection.sendall(request[:-len(ONE)])
            for i in range(size):
                time.sleep(TICK)
                connection.sendall(ONE[i : i + 1])
            if size < len(ONE):
                self.assert_ends(connection, stream, 0.5, "half a body")
            else:
                self.assertEqual(json.loads(read_reply(stream)[2]), ANSWER)
            connection.close()

    def slow_reader(self):
        """A connection whose reply is larger than the sockets' buffers, and the reply's size."""
        connection = socket.socket()
        self.addCleanup(connection.close)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(harness.PATIENCE)
        connection.connect(("127.0.0.1", self.server.rest_port))
        count = 2000000
        connection.sendall(post(b'{"instances": [' + b"1, " * (count - 1) + b"1]}"))
        return connection, 5 * count

    def test_a_reply_that_nobody_reads(self):
        connection, size = self.slow_reader()
        connection.recv(1)
        time.sleep(0.5)
        self.assertEqual(self.open_connections(), 1)
        harness.until(lambda: self.open_connections() <= 0, "the connection to end")
        got = 1
        with contextlib.suppress(ConnectionResetError):
            while (piece := connection.recv(1 << 20)):
                got += len(piece)
        self.assertLess(got, size)
        self.assert_none_left()

    @harness.wants_tcp_info
    def test_a_reply_that_is_read_slowly(self):
        connection, size = self.slow_reader()
        start, got = time.monotonic(), 0
        while got < size:
            piece = connection.recv(20000 if time.monotonic() < start + 4 else 1 << 20)
            got += len(piece) or self.fail(f"the server ended it after {got} bytes")
            if time.monotonic() < start + 4:
                time.sleep(TICK / 4)


class Crowd(ConnectionsTest):
    flags = ["--rest_api_max_connections=8"]

    def test_who_is_idle_makes_room(self):
        idle = [self.connect() for _ in range(8)]
        for connection, stream in idle[4:]:
            connection.sendall(post(ONE))
            read_reply(stream)
        for _ in range(6):
            connection, stream = self.connect()
            connection.sendall(post(ONE))
            self.assertEqual(json.loads(read_reply(stream)[2]), ANSWER)
        self.assertLessEqual(self.open_connections(), 9)
        self.assertIn("event=connections_full limit=8", self.server.log_text())

    def test_who_works_keeps_its_place(self):
        """Uploads are not cut for a newcomer, which waits until one is done."""
        busy = [self.connect() for _ in range(8)]
        for connection, _ in busy:
            connection.sendall(post(ONE)[:-1])
        newcomer, stream = self.connect()
        newcomer.sendall(post(ONE))
        newcomer.settimeout(2)
        with self.assertRaises(OSError):
            newcomer.recv(1)
        newcomer.settimeout(harness.PATIENCE)
        for connection, reader in busy:
            connection.sendall(ONE[-1:])
            self.assertEqual(json.loads(read_reply(reader)[2]), ANSWER)
        busy[0][0].shutdown(socket.SHUT_WR)
        self.assertIn(b"200 OK", newcomer.recv(1 << 16))


class FewDescriptors(unittest.TestCase):
    models = {"half_plus_two": harness.MODELS / "half_plus_two"}

    def connect_all(self, server, count):
        connections = []
        for _ in range(count):
            connection = socket.create_connection(("127.0.0.1", server.rest_port), harness.PATIENCE)
            self.addCleanup(connection.close)
            connections.append(connection)
        return connections

    def test_more_clients_than_descriptors(self):
        """They say nothing, or half of a request and then nothing, and stay."""
        with contextlib.ExitStack() as stack:
            with descriptors_limited(128):
                server = stack.enter_context(harness.Server(self.models))
            crowd = []
            for request, count in ((b"", 150), (post(ONE)[:60], 30), (post(ONE)[:-1], 60), (post(ONE), 150)):
                for connection in self.connect_all(server, count):
                    connection.sendall(request)
                    crowd.append(connection)
            self.assertEqual(server.post("half_plus_two:predict", ONE).json, ANSWER)
            self.assertEqual(server.predict("half_plus_two", {"x": np.array([1.0], np.float32)})["y"].tolist(), [2.5])
            self.assertNotIn("cannot_accept", server.log_text())
            for connection in crowd:
                connection.close()

    def test_without_a_descriptor_clients_wait(self):
        with harness.Server(self.models) as server:
            self.assertEqual(server.post("half_plus_two:predict", ONE).json, ANSWER)
            limits = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
            resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (8, limits[1]))
            connection, = self.connect_all(server, 1)
            connection.sendall(post(ONE))
            harness.until(lambda: "event=cannot_accept" in server.log_text(), "the server to notice")
            time.sleep(0.5)
            resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, limits)
            with connection.makefile("rb") as stream:
                self.assertEqual(json.loads(read_reply(stream)[2]), ANSWER)


unittest.main()
