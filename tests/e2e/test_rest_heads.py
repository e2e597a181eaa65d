#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""REST heads: how long they may be, and what can be read in two ways, or names what we lack, is refused at once."""
import concurrent.futures
import gzip
import json
import socket
import time
import unittest

import harness
import wire
from wire import ANSWER, ONE, PREDICT

POST = b"POST %s HTTP/1.1\r\nHost: x\r\n" % PREDICT.encode()
# What a server takes for a second request when it misses the end of the body before it.
HIDDEN = b"GET /v1/models/half_plus_two HTTP/1.1\r\nHost: x\r\n\r\n"


def chunked(*pieces):
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"


class Framing(wire.WireTest):
    def assert_refused(self, request, status, part):
        """An error, and then the end: nothing behind that head is taken for a request."""
        (line, headers, body), rest = self.ask(request)
        self.assertEqual(line.split()[1], str(status), body)
        self.assertIn(part, json.loads(body)["error"])
        self.assertEqual(headers["connection"].lower(), "close")
        self.assertEqual(rest, b"")

    def test_two_lengths(self):
        for a, b in ((0, len(HIDDEN)), (len(HIDDEN), 0), (len(ONE), 5)):
            head = POST + b"Content-Length: %d\r\nX-Between: 1\r\ncontent-length: %d\r\n\r\n" % (a, b)
            self.assert_refused(head + HIDDEN, 400, "Two Content-Length headers differ")

    def test_two_lengths_that_are_one(self):
        length = b"Content-Length: %d\r\n" % len(ONE)
        (_, _, body), rest = self.ask(POST + length + length + b"\r\n" + ONE)
        self.assertEqual((json.loads(body), rest), (ANSWER, None))

    def test_no_length_at_all(self):
        for length in (b"5, 5", b"-1", b"+5", b"0x5", b"", b"99999999999999999999999"):
            (line, _, body), rest = self.ask(POST + b"Content-Length: %s\r\n\r\n" % length + HIDDEN)
            self.assertIn(line.split()[1], ("400", "413"), length)
            self.assertNotIn(b"model_version_status", body + rest, length)

    def test_a_length_and_a_coding(self):
        for coding in (b"chunked", b"identity"):
            head = b"Content-Length: 4\r\nTransfer-Encoding: %s\r\n" % coding
            self.assert_refused(POST + head + b"\r\n" + chunked(ONE) + HIDDEN, 400, "Both Content-Length and")

    def test_codings_that_we_lack(self):
        for coding in (b"gzip, chunked", b"identity", b"xchunked", b"chunked, chunked", b""):
            request = POST + b"Transfer-Encoding: %s\r\n\r\n" % coding + chunked(ONE)
            self.assert_refused(request, 501, "Transfer-Encoding")
        request = POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n" + chunked(ONE)
        self.assert_refused(request, 501, "Transfer-Encoding")

    def test_a_coding_in_http_1_0(self):
        request = POST.replace(b"HTTP/1.1", b"HTTP/1.0") + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(ONE)
        self.assert_refused(request, 400, "HTTP/1.0 has no Transfer-Encoding")

    def test_names_with_spaces(self):
        for name in (b"Content-Length ", b"Content-Length\t", b"Two Words"):
            self.assert_refused(POST + name + b": 5\r\n\r\n" + HIDDEN, 400, "name is malformed")

    def test_gzip_in_chunks(self):
        body = gzip.compress(ONE)
        for pieces in ([body], [body[:9], body[9:]], [body[i : i + 1] for i in range(len(body))]):
            request = POST + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(*pieces)
            (_, _, got), rest = self.ask(request)
            self.assertEqual((json.loads(got), rest), (ANSWER, None))


def head(size, fields, name=b"X-Filler-%d", length=len(ONE)):
    """A POST's head of that many bytes and fields: Host, fields like the named one, Content-Length."""
    first, last = POST, b"Content-Length: %d\r\n\r\n" % length
    left = size - len(first) - len(last)
    lines = []
    for i in range(fields - 2):
        start = (name % i if b"%d" in name else name) + b": "
        n = left // (fields - 2 - i)
        lines.append(start + b"v" * (n - len(start) - 2) + b"\r\n")
        left -= n
    result = first + b"".join(lines) + last
    assert len(result) == size and result.count(b"\r\n") == fields + 2
    return result


class LongHeads(wire.WireTest):
    BYTES, FIELDS = 64 << 10, 1000
    SMALL = POST + b"Content-Length: %d\r\n\r\n" % len(ONE) + ONE

    def assert_answered(self, connection, stream, request, pieces=()):
        """The answer on a connection that stays. pieces: where the request is cut."""
        cuts = [0, *pieces, len(request)]
        for a, b in zip(cuts, cuts[1:]):
            connection.sendall(request[a:b])
        line, headers, body = wire.read_reply(stream)
        self.assertEqual(line.split()[1], "200", body)
        self.assertNotIn("connection", headers)
        self.assertEqual(json.loads(body), ANSWER)

    def assert_refused(self, request):
        """431, and then the end."""
        (line, headers, body), rest = self.ask(request, harness.PATIENCE)
        self.assertEqual(line.split()[1], "431", body)
        self.assertEqual(json.loads(body)["error"],
                         "Request head is larger than 65536 bytes (--rest_api_max_header_kilobytes), or has more than 1000 fields")
        self.assertEqual(headers["connection"].lower(), "close")
        self.assertEqual(headers["content-type"], "application/json")
        self.assertEqual(rest, b"")

    def connect(self):
        connection, stream = super().connect()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection, stream

    def test_as_long_as_may_be(self):
        for size, fields in ((self.BYTES, self.FIELDS), (self.BYTES, 3), (self.BYTES, 200), (20000, self.FIELDS)):
            self.assert_answered(*self.connect(), head(size, fields) + ONE)

    def test_one_connection_for_short_and_long(self):
        at = self.connect()
        for size, fields in ((300, 5), (self.BYTES, self.FIELDS), (self.BYTES, 3), (self.BYTES, self.FIELDS)):
            self.assert_answered(*at, self.SMALL)
            self.assert_answered(*at, self.SMALL)
            self.assert_answered(*at, head(size, fields) + ONE)

    def test_behind_chunks(self):
        at = self.connect()
        for pieces in ((ONE,), (ONE[:5], ONE[5:]), (ONE, b"\n")):
            self.assert_answered(*at, POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(*pieces))
            self.assert_answered(*at, head(self.BYTES, self.FIELDS) + ONE)

    def test_behind_requests_without_a_body(self):
        connection, stream = self.connect()
        filler = head(self.BYTES, self.FIELDS)[len(POST):].replace(b"Content-Length:", b"Content_Length:")
        for method, status in ((b"GET", "200"), (b"OPTIONS", "404"), (b"GET", "200"), (b"HEAD", "200")):
            connection.sendall(method + b" /healthz HTTP/1.1\r\nHost: x\r\n" + filler)
            line, headers, _ = wire.read_reply(stream, has_body=method != b"HEAD")
            self.assertEqual(line.split()[1], status)
            self.assertNotIn("connection", headers)
        self.assert_answered(connection, stream, self.SMALL)

    def test_byte_by_byte(self):
        at = self.connect()
        for request in (head(400, 9) + ONE, head(self.BYTES, self.FIELDS) + ONE, self.SMALL):
            self.assert_answered(*at, request, range(1, len(request)))

    def test_in_pieces_with_pauses(self):
        at = self.connect()
        request = head(self.BYTES, 100) + ONE
        end = self.BYTES
        for cuts in ((10, 100, 5000), (len(POST) - 1, 20000), (len(POST) + 4, end - 1), (end, end + 3),
                     (30000, end - 4, end - 3, end - 2)):
            for a, b in zip((0, *cuts), cuts):
                at[0].sendall(request[a:b])
                time.sleep(0.02)
            self.assert_answered(*at, request[cuts[-1]:])

    def test_a_little_longer(self):
        for size, fields in ((self.BYTES + 1, self.FIELDS), (self.BYTES + 1, 3), (self.BYTES, self.FIELDS + 1),
                             (self.BYTES + 2, 3), (30000, self.FIELDS + 1)):
            self.assert_refused(head(size, fields) + ONE)
            connection, stream = self.connect()  # that has served others
            self.assert_answered(connection, stream, self.SMALL)
            connection.sendall(head(size, fields))
            self.assertEqual(wire.read_reply(stream)[0].split()[1], "431")
            self.assertEqual(stream.read(), b"")

    def test_without_an_end(self):
        for line in (b"Cookie: " + b"x" * 100 + b"\r\n", b"x" * 100, b" x\r\n", b": \r\n"):
            connection, stream = self.connect()
            connection.sendall(POST + line * (self.BYTES // len(line) + 1))
            self.assertEqual(wire.read_reply(stream)[0].split()[1], "431", line)

    def test_fields_that_are_read(self):
        for name in (b"Origin", b"Connection"):
            for size, fields in ((5000, 3), (3000, 40)):
                self.assert_answered(*self.connect(), head(size, fields, name) + ONE)
            for size, fields in ((60000, 3), (30000, 500)):
                self.assert_refused(head(size, fields, name) + ONE)

    def test_a_long_line(self):
        connection, stream = self.connect()
        connection.sendall(b"GET /" + b"x" * 60000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertEqual(wire.read_reply(stream)[0].split()[1], "414")
        path = b"/v1/models/" + b"x" * 8150
        for more in range(60):  # about as much as the server asks of a new connection
            connection, stream = self.connect()
            connection.sendall(b"GET " + path + b"x" * more + b" HTTP/1.1\r\nCookie: a\r\nConnection: close\r\n\r\n")
            self.assertEqual(wire.read_reply(stream)[0].split()[1], "404")
            self.assertEqual(stream.read(), b"")

    def test_pipelines(self):
        connection, stream = self.connect()
        long = head(self.BYTES, self.FIELDS) + ONE
        some = head(2000, 20) + ONE
        for requests in ([long, self.SMALL, self.SMALL], [self.SMALL, some, self.SMALL, some], [some] * 20):
            connection.sendall(b"".join(requests))
            for _ in requests:
                self.assertEqual(json.loads(wire.read_reply(stream)[2]), ANSWER)
            self.assert_answered(connection, stream, long)

    def test_a_pipeline_cut_anywhere(self):
        connection, stream = self.connect()
        requests = head(150, 4) + ONE + self.SMALL
        for cut in range(1, len(requests)):
            connection.sendall(requests[:cut])
            if cut % 8 == 0:
                time.sleep(0.005)
            connection.sendall(requests[cut:])
            for _ in range(2):
                self.assertEqual(json.loads(wire.read_reply(stream)[2]), ANSWER)

    def test_what_looks_like_a_head_in_a_body(self):
        for filler in (b"\r\n\r\n \r\n\n", b"\n" * 30000, b"\r\n" * 70000):
            body = filler + b'{"X": 1,\r\n"X-Filler": 2,' + filler + b'"instances": [1.0]}' + filler
            at = self.connect()
            for whole in (body, body.rstrip()):
                self.assert_answered(*at, head(self.BYTES, 3, length=len(whole)) + whole)
                self.assert_answered(*at, POST + b"Content-Length: %d\r\n\r\n" % len(whole) + whole)
                self.assert_answered(*at, POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(whole))

    def test_expect_100_continue(self):
        connection, stream = self.connect()
        connection.sendall(head(self.BYTES - 22 - 1, 999)[:-2] + b"Expect: 100-continue\r\n\r\n")
        self.assertEqual(stream.readline(), b"HTTP/1.1 100 Continue\r\n")
        self.assertEqual(stream.readline(), b"\r\n")
        self.assert_answered(connection, stream, ONE)

    def test_odd_fields_among_many(self):
        filler = head(40000, 500)[len(POST):-2]
        for odd in (b"Content-Length : 5", b"A-name-that-is-too-long-to-be-kept : 1", b": x", b"X\x01: 1", b"X\x7f: 1"):
            for request in (POST + filler + odd + b"\r\n\r\n", POST + odd + b"\r\n" + filler + b"\r\n"):
                (line, headers, body), rest = self.ask(request)
                self.assertEqual((line.split()[1], rest), ("400", b""))
                self.assertIn("name is malformed", json.loads(body)["error"])

    def test_folded_lines(self):
        for field in (b"X: 1\r\n Content-Length: 5", b"X: 1\r\n\tTransfer-Encoding: chunked", b"Origin: x\r\n y"):
            self.assert_answered(*self.connect(), POST + field + b"\r\nContent-Length: 20\r\n\r\n" + ONE)
        (line, _, _), rest = self.ask(POST[:-len(b"Host: x\r\n")] + b" Content-Length: 5\r\n\r\n")
        self.assertEqual((line.split()[1], rest), ("400", b""))

    def test_many_at_once(self):
        requests = [head(self.BYTES, self.FIELDS) + ONE, self.SMALL, head(20000, 30) + ONE]

        def client(first):
            connection, stream = self.connect()
            for i in range(30):
                connection.sendall(requests[(first + i) % 3])
                assert json.loads(wire.read_reply(stream)[2]) == ANSWER

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(client, range(8)))


class Targets(wire.WireTest):
    def test_absolute_form(self):
        host = f"http://127.0.0.1:{self.server.rest_port}"
        self.assertEqual(self.server.http("POST", host + PREDICT, ONE).json, ANSWER)
        self.assertEqual(self.server.http("GET", host + "/v1/models/half_plus_two").status, 200)
        self.assertEqual(self.server.http("GET", "HTTPS://other/healthz").status, 200)
        self.assertEqual(self.server.http("GET", host).status, 404)

    def test_a_nul_is_no_end(self):
        for path in ("/v1/models/half_plus_two%00", "/v1/models/half_plus_two%00x/metadata",
                     "/v1/models/half_plus_two/labels/a%00b"):
            self.assert_error(self.server.http("GET", path), 400, "Malformed request: GET " + path)
        path = PREDICT.replace(":", "%00:")
        self.assert_error(self.server.http("POST", path, ONE), 400, "Malformed request: POST " + path)


unittest.main()
