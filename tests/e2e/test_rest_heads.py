#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""REST heads: how long they may be, and what can be read in two ways, or names what we lack, is refused at once."""
import gzip
import json
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
