#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""chaos.py -- everything goes wrong at once, under load; every answer is checked.

    chaos.py [SECONDS [CLIENTS]]        60 seconds, 8 clients

Meanwhile: versions roll, and are broken, and go; models are added and removed by the configuration, which is rewritten,
sometimes wrongly, and by HandleReloadConfigRequest; a model lies on a disk that fails (chaos.c, preloaded); certificates are
rotated; clients are killed in the middle of a request, read slowly, stay half-open, send rubbish.

Wanted: no wrong answer, no good request failed, none that is stuck; memory that comes back; an exit of 0. Both ports speak
TLS. test_chaos.py runs a short one.
"""
import http.client
import json
import os
import pathlib
import random
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

import grpc
import numpy as np
from google.protobuf import text_format

import graphs
import harness
import soak
import tls

BODY = soak.BODY


class RestClient(soak.Client):
    def ask_rest(self):
        connection = self.server.https()
        while True:
            connection.request("POST", "/v1/models/m:predict", BODY)
            reply = connection.getresponse()
            body = reply.read()
            if reply.status != 200:
                raise AssertionError(f"{reply.status} {body}")
            yield json.loads(body)["predictions"][0]


class Server(harness.Server):
    """Both ports speak TLS."""

    def __init__(self, authority, *args, **named):
        super().__init__(*args, **named)
        self.authority = authority
        self.context = ssl.create_default_context(cafile=authority.path("ca.pem"))

    def https(self):
        return http.client.HTTPSConnection("localhost", self.rest_port, timeout=harness.PATIENCE, context=self.context)

    def wait_ready(self):
        credentials = grpc.ssl_channel_credentials(self.authority.text("ca.pem").encode())
        self._channel = grpc.secure_channel(f"localhost:{self.grpc_port}", credentials)
        super().wait_ready()

    def rss(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return int(text.split("Rss:")[1].split()[0]) / 1024


class Chaos:
    def __init__(self, folder, server, authority, config):
        self.folder, self.server, self.authority, self.config = folder, server, authority, config
        self.rng = random.Random(1)
        self.version, self.extra, self.done = 1, {}, {}
        self.held = []  # sockets of those who stall

    # -- one trouble each ----------------------------------------------------------------------------------
    def roll(self):
        self.version += 1
        graphs.save(self.folder / "m" / str(self.version), graphs.affine(b=self.version))
        old = self.folder / "m" / str(self.version - 3)
        if old.exists():
            soak.shutil.rmtree(old)

    def break_a_version(self):
        self.version += 1  # the next one is higher, and takes over
        path = self.folder / "m" / str(self.version)
        path.mkdir()
        (path / "saved_model.pb").write_bytes(self.rng.randbytes(self.rng.choice((0, 1, 100, 5000))))

    def models(self):
        return {"m": self.folder / "m", "flaky": self.folder / "flaky", **self.extra}

    def write_config(self):
        new = self.folder / "new.config"
        new.write_text(harness.model_config(self.models()))
        new.rename(self.config)

    def come_and_go(self):
        if len(self.extra) > 3:
            self.extra.pop(self.rng.choice(list(self.extra)))
        name = f"extra{self.version}-{len(self.done)}-{sum(self.done.values())}"
        graphs.save(self.folder / "extra" / name / "1", graphs.affine(b=7))
        self.extra[name] = self.folder / "extra" / name
        self.write_config()
        self.server.process.send_signal(signal.SIGHUP)

    def write_nonsense(self):
        self.config.write_text("model_config_list { config { name: 'm' base_path: " * self.rng.randrange(1, 3))
        self.server.process.send_signal(signal.SIGHUP)
        time.sleep(0.05)
        self.write_config()

    def reload(self):
        request = harness.message("tensorflow.serving.ReloadConfigRequest")()
        text_format.Parse(harness.model_config(self.models()), request.config)
        try:
            self.server.stub("ModelService", "HandleReloadConfigRequest")(request, timeout=harness.PATIENCE)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNKNOWN:  # "flaky" may not be there
                raise

    def rewrite_flaky(self):
        base = self.folder / "flaky"
        for old in base.iterdir():
            soak.shutil.rmtree(old)
        graphs.save(base / str(self.version), graphs.affine(b=5))

    def ask_flaky(self):
        """It may not be there; if it is, it is right."""
        connection = self.server.https()
        connection.request("POST", "/v1/models/flaky:predict", BODY)
        reply = connection.getresponse()
        body = reply.read()
        if reply.status == 200:
            assert json.loads(body) == {"predictions": [5.0]}, body
        else:
            assert reply.status in (404, 503), body
        connection.close()

    def rotate(self):
        self.authority.config("tls", cert=self.rng.choice(("server", "other")))

    def connect(self, port):
        s = socket.create_connection(("localhost", port), harness.PATIENCE)
        return self.server.context.wrap_socket(s, server_hostname="localhost")

    def kill_a_client(self):
        s = self.connect(self.server.rest_port)
        s.sendall(b"POST /v1/models/m:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n\r\n" + b"[" * 1000)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()  # a reset

    def read_slowly(self):
        s = self.connect(self.server.rest_port)
        body = json.dumps({"instances": [0.0] * 300000}).encode()
        s.sendall(b"POST /v1/models/m:predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        s.recv(1000)
        self.hold(s)

    def stay_half_open(self):
        for port in (self.server.rest_port, self.server.grpc_port):
            s = socket.create_connection(("localhost", port), harness.PATIENCE)
            s.sendall(b"\x16\x03\x01\x02\x00"[:self.rng.randrange(6)])
            self.hold(s)

    def hold(self, s):
        self.held.append(s)
        if len(self.held) > 30:
            self.held.pop(self.rng.randrange(30)).close()

    def send_rubbish(self):
        for port in (self.server.rest_port, self.server.grpc_port):
            with socket.create_connection(("localhost", port), harness.PATIENCE) as s:
                s.sendall(self.rng.randbytes(200))
        s = self.connect(self.server.rest_port)
        s.sendall(self.rng.randbytes(500))
        s.close()

    TROUBLES = [roll, roll, roll, break_a_version, come_and_go, write_nonsense, reload, rewrite_flaky, ask_flaky, ask_flaky,
                rotate, kill_a_client, read_slowly, stay_half_open, send_rubbish]

    def run(self, seconds):
        end, sizes = time.monotonic() + seconds, []
        while time.monotonic() < end:
            trouble = self.rng.choice(self.TROUBLES)
            trouble(self)
            self.done[trouble.__name__] = self.done.get(trouble.__name__, 0) + 1
            sizes.append(self.server.rss())
            time.sleep(0.05)
        for s in self.held:
            s.close()
        return sizes


def preload(folder):
    library = folder / "chaos.so"
    source = pathlib.Path(__file__).with_name("chaos.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return str(library)


def chaos(seconds, clients):
    """(answers, problems, what was done, RSS in MiB over time)"""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        graphs.save(folder / "m" / "1", graphs.affine(b=1))
        graphs.save(folder / "flaky" / "1", graphs.affine(b=5))
        authority = tls.Authority(folder)
        for certificate in ("server", "other"):
            authority.make(certificate)
        config = authority.config("tls")
        flags = [f"--ssl_config_file={config}", f"--rest_api_ssl_config_file={config}", "--load_retry_interval_micros=100000",
                 "--rest_api_body_timeout_seconds=2"]
        # sanitizers have to come first, and what is emulated wants a library of its kind
        environment = {} if harness.SLOW else {"LD_PRELOAD": preload(folder)}
        server = Server(authority, {"m": folder / "m"}, flags, environment=environment)
        with server:
            stop = threading.Event()
            threads = [RestClient(server, i % 2 == 0, stop) for i in range(clients)]
            for thread in threads:
                thread.start()
            trouble = Chaos(folder, server, authority, server.config)
            trouble.write_config()
            sizes = trouble.run(seconds)
            stop.set()
            for thread in threads:
                thread.join()
            problems = [p for t in threads for p in t.problems]
            time.sleep(3)
            sizes.append(server.rss())
    return sum(t.count for t in threads), problems, trouble.done, sizes


def main():
    seconds, clients = [float(a) for a in sys.argv[1:]] + [60, 8][len(sys.argv) - 1:]
    count, problems, done, sizes = chaos(seconds, int(clients))
    print(f"{count} answers in {seconds:.0f} s from {int(clients)} clients, {len(problems)} failed or wrong")
    print("troubles:", ", ".join(f"{name} {n}" for name, n in sorted(done.items())))
    middle = sorted(sizes)[len(sizes) // 2]
    print(f"RSS MiB: first {sizes[0]:.0f}, middle {middle:.0f}, most {max(sizes):.0f}, three seconds after {sizes[-1]:.0f}")
    print(*problems[:10], sep="\n")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
