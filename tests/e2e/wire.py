# SPDX-License-Identifier: Apache-2.0
"""wire.py -- REST as bytes on a socket, for what http.client hides: half requests, odd heads, clients that go."""
import os
import socket
import struct

import harness

PREDICT = "/v1/models/half_plus_two:predict"
ONE = b'{"instances": [1.0]}'
ANSWER = {"predictions": [2.5]}


def post(body, more=b"", path=PREDICT):
    return b"POST %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n%s" % (path.encode(), more, len(body), body)


def read_reply(stream, has_body=True):
    """One reply from a raw stream: (status line, headers in lower case, body). HEAD has no body. Passes interim ones over."""
    line = stream.readline().decode().strip()
    while line.startswith("HTTP/1.1 100 "):
        stream.readline()
        line = stream.readline().decode().strip()
    headers = {}
    while (field := stream.readline().strip()):
        name, _, value = field.decode().partition(":")
        headers[name.lower()] = value.strip()
    return line, headers, stream.read(int(headers.get("content-length", 0)) if has_body else 0)


def reset(connection):
    """Closes with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class WireTest(harness.ServerTest):
    models = {"half_plus_two": harness.MODELS / "half_plus_two"}

    def connect(self):
        """(socket, the same as a file to read from)"""
        connection = socket.create_connection(("127.0.0.1", self.server.rest_port), harness.PATIENCE)
        self.addCleanup(connection.close)
        stream = connection.makefile("rb")
        self.addCleanup(stream.close)
        return connection, stream

    def ask(self, request, seconds=0.3):
        """The reply to these bytes, and what comes after it until the server closes; None: it does not so soon."""
        connection, stream = self.connect()
        connection.sendall(request)
        reply = read_reply(stream)
        connection.settimeout(seconds)
        try:
            return reply, stream.read()
        except ConnectionResetError:  # closed, with bytes of the request unread
            return reply, b""
        except OSError:
            return reply, None

    @classmethod
    def descriptors(cls):
        return len(os.listdir(f"/proc/{cls.server.process.pid}/fd"))
