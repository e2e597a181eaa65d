# SPDX-License-Identifier: Apache-2.0
"""http2.py -- frames of HTTP/2 by hand, for what no honest gRPC client sends."""
import contextlib
import socket
import struct

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
END_STREAM, ACK, END_HEADERS = 1, 1, 4
CANCEL = 8


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def _field(name, value):
    return b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value


def head(method, *more):
    """The header block of a POST; more: pairs."""
    fields = [(b":path", method), (b":authority", b"x"), (b"content-type", b"application/grpc"), (b"te", b"trailers")]
    return b"\x83\x86" + b"".join(_field(*field) for field in [*fields, *more])


def envelope(body, compressed=False):
    return struct.pack(">BI", compressed, len(body)) + body


class Connection:
    def __init__(self, port, patience):
        self.socket = socket.create_connection(("127.0.0.1", port), patience)
        with contextlib.suppress(OSError):  # it may be refused at once
            self.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0))

    def send(self, data):
        self.socket.sendall(data)

    def frames(self):
        """(kind, flags, stream, payload) as they come, until the server closes."""
        with self.socket.makefile("rb") as file:
            while len(begin := file.read(9)) == 9:
                size, kind, flags = int.from_bytes(begin[:3], "big"), begin[3], begin[4]
                yield kind, flags, int.from_bytes(begin[5:], "big"), file.read(size)

    def close(self):
        """Also where a thread is reading."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
