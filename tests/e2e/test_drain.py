#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The end: what clients, load balancers and probes see between SIGTERM and the end of the process."""
import errno
import http.client
import json
import pathlib
import signal
import socket
import ssl
import tempfile
import threading
import time
import unittest

import grpc
import numpy as np

import graphs
import harness
import http2
import tls
import wire
from messages import message

MODELS = {"half_plus_two": harness.MODELS / "half_plus_two"}
BODY = json.dumps({"instances": [1.0]})
DELAY = 1.0
SLACK = 5 if harness.SLOW else 1  # seconds that an end may take beside what is measured


def open_connection(server):
    return http.client.HTTPConnection("127.0.0.1", server.rest_port, timeout=harness.PATIENCE)


def ask(connection, method="POST", path="/v1/models/half_plus_two:predict", body=BODY):
    connection.request(method, path, body)
    reply = connection.getresponse()
    return harness.Reply(reply.status, reply.headers, reply.read())


class Client(threading.Thread):
    """Connects anew for every request, until it is refused; anything else is a fault."""

    def __init__(self, server):
        super().__init__()
        self.server, self.answered, self.faults, self.refused = server, 0, [], False
        self.start()

    def run(self):
        while not self.refused and not self.faults:
            self.once()

    def wrong(self, what):
        self.faults.append(what)


class RestClient(Client):
    def once(self):
        connection = open_connection(self.server)
        try:
            connection.connect()
        except ConnectionRefusedError:
            self.refused = True
            return
        except OSError as error:
            return self.wrong(repr(error))
        try:
            reply = ask(connection)
            if reply.status != 200 or reply.json != {"predictions": [2.5]}:
                self.wrong(reply)
            self.answered += 1
        except (OSError, http.client.HTTPException) as error:
            self.wrong(repr(error))
        finally:
            connection.close()


class GrpcClient(Client):
    def once(self):
        local = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
        with grpc.insecure_channel(f"127.0.0.1:{self.server.grpc_port}", local) as channel:
            self.ask(channel)

    def ask(self, channel):
        request = self.server.predict_request("half_plus_two", {"x": np.float32([1])})
        stub = channel.unary_unary("/tensorflow.serving.PredictionService/Predict",
                                   lambda m: m.SerializeToString(),
                                   message("tensorflow.serving.PredictResponse").FromString)
        try:
            stub(request, timeout=harness.PATIENCE)
            self.answered += 1
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE or "refused" not in error.details():
                self.wrong(f"{error.code()}: {error.details()}")
            self.refused = True


class KeptChannel(GrpcClient):
    def run(self):
        local = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
        with grpc.insecure_channel(f"127.0.0.1:{self.server.grpc_port}", local) as self.channel:
            super().run()

    def once(self):
        self.ask(self.channel)


def terminate(server, sig=signal.SIGTERM):
    server.tell(sig)
    return time.monotonic()


class Drain(unittest.TestCase):
    def test_clients_that_reconnect(self):
        """All of them are answered until they are refused."""
        with harness.Server(MODELS, [f"--shutdown_delay_seconds={DELAY}"]) as server:
            clients = [kind(server) for kind in (RestClient, GrpcClient) for _ in range(4)]
            harness.until(lambda: all(c.answered for c in clients), "answers")
            begin = terminate(server)
            self.assertEqual(server.process.wait(harness.PATIENCE), 0)
            self.assertGreater(time.monotonic() - begin, DELAY)
            for client in clients:
                client.join()
            self.assertEqual([c.faults for c in clients], [[]] * len(clients))
            self.assertTrue(all(c.refused for c in clients))

    def test_probes_see_it(self):
        """Not ready at once and for the whole delay, while requests are served as before."""
        with harness.Server(MODELS, [f"--shutdown_delay_seconds={DELAY}"]) as server:
            health = server.channel.unary_unary("/grpc.health.v1.Health/Check", lambda m: m.SerializeToString(),
                                                message("grpc.health.v1.HealthCheckResponse").FromString)
            probe = lambda: health(message("grpc.health.v1.HealthCheckRequest")(), timeout=harness.PATIENCE).status
            self.assertEqual((server.http("GET", "/readyz").status, probe()), (200, 1))
            begin, seen = terminate(server), 0
            harness.until(lambda: server.http("GET", "/readyz").status == 503, "/readyz to say 503", DELAY / 2)
            while time.monotonic() < begin + DELAY * 0.9:
                reply = server.http("GET", "/readyz")
                self.assertEqual((reply.status, reply.json["draining"], reply.headers["Connection"]), (503, True, None))
                self.assertEqual(probe(), 2)
                self.assertEqual(server.http("GET", "/healthz").status, 200)
                self.assertEqual(server.post("half_plus_two:predict", BODY).json, {"predictions": [2.5]})
                seen += 1
            self.assertGreater(seen, 3)

    def test_watchers_are_told(self):
        with harness.Server(MODELS, [f"--shutdown_delay_seconds={DELAY}"]) as server:
            watch = server.channel.unary_stream("/grpc.health.v1.Health/Watch", lambda m: m.SerializeToString(),
                                                message("grpc.health.v1.HealthCheckResponse").FromString)
            stream = watch(message("grpc.health.v1.HealthCheckRequest")(), timeout=harness.PATIENCE)
            self.assertEqual(next(stream).status, 1)
            begin = terminate(server)
            self.assertEqual(next(stream).status, 2)
            self.assertLess(time.monotonic() - begin, DELAY * 0.8)
            stream.cancel()

    def test_keep_alive_is_ended(self):
        """A client that keeps its connection is told to give it up, and then refused."""
        with harness.Server(MODELS, ["--shutdown_delay_seconds=0.2"]) as server:
            connection = open_connection(server)
            self.assertIsNone(ask(connection).headers["Connection"])
            terminate(server)
            harness.until(lambda: ask(connection).headers["Connection"] == "close", "Connection: close")
            connection.close()
            with self.assertRaises(ConnectionRefusedError):
                open_connection(server).connect()

    @harness.wants_tcp_info
    def test_kept_channels(self):
        """Every call on gRPC channels that are kept is answered, until there is no connection left to make it on."""
        with harness.Server(MODELS, ["--shutdown_delay_seconds=0.3"]) as server:
            clients = [KeptChannel(server) for _ in range(6)]
            harness.until(lambda: all(c.answered > 10 for c in clients), "answers")
            begin = terminate(server)
            self.assertEqual(server.process.wait(harness.PATIENCE), 0)
            self.assertGreater(time.monotonic() - begin, 0.3)
            for client in clients:
                client.join()
            self.assertEqual([c.faults for c in clients], [[]] * len(clients))

    def test_no_delay_without_clients(self):
        with harness.Server(MODELS, default_delay=True) as server:
            time.sleep(1)  # the harness has just connected to see that it can: the server has to notice that it left
            self.assertLess(self.seconds_to_end(server), 2.5)

    def test_delay_with_clients(self):
        """By default five seconds where somebody is connected, or has been asking; Ctrl-C waits for nobody."""
        with harness.Server(MODELS, default_delay=True) as server:
            server.post("half_plus_two:predict", BODY)
            self.assertGreater(self.seconds_to_end(server), 4.9)
        with harness.Server(MODELS, default_delay=True) as server:
            server.post("half_plus_two:predict", BODY)
            self.assertLess(self.seconds_to_end(server, signal.SIGINT), 4)

    def seconds_to_end(self, server, sig=signal.SIGTERM):
        server.close_channel()
        begin = terminate(server, sig)
        self.assertEqual(server.process.wait(harness.PATIENCE), 0)
        return time.monotonic() - begin


class HalfSent(unittest.TestCase):
    """Requests of which the rest does not come hold nobody up; those that come slowly are answered."""
    LATEST = 4 + SLACK  # of the 25 seconds that there are

    def ends_soon(self, *begun):
        """The server ends, whatever has begun; so do the connections."""
        with harness.Server(MODELS) as server:
            sockets = [connect(server) for connect in begun]
            time.sleep(0.3)
            begin = terminate(server)
            self.assertEqual(server.process.wait(harness.PATIENCE), 0)
            self.assertLess(time.monotonic() - begin, self.LATEST)
            self.assertNotIn("cut_off", server.log_text())
            for sock in sockets:
                with sock:
                    self.assertEqual(self.read(sock), b"")

    @staticmethod
    def read(sock):
        try:
            return sock.recv(1)
        except ConnectionResetError:
            return b""

    @staticmethod
    def rest(text):
        def connect(server):
            sock = socket.create_connection(("127.0.0.1", server.rest_port), harness.PATIENCE)
            sock.sendall(text)
            return sock
        return connect

    HEAD = b"POST /v1/models/half_plus_two:predict HTTP/1.1\r\nHost: x\r\n"

    def test_half_a_line(self):
        self.ends_soon(self.rest(b"POST /v1/mod"))

    def test_half_a_head(self):
        self.ends_soon(self.rest(self.HEAD), self.rest(self.HEAD + b"Content-Le"))

    def test_half_a_body(self):
        self.ends_soon(self.rest(self.HEAD + b"Content-Length: 100\r\n\r\n{"), self.rest(self.HEAD + b"Content-Length: 100\r\n\r\n"),
                       self.rest(self.HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"))

    def test_half_a_body_behind_tls(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        authority = tls.Authority(folder)
        authority.make("server")
        with harness.Server(MODELS, [f"--rest_api_ssl_config_file={authority.config('config')}"], wait=False) as server:
            until = lambda: server.log_text().count("Exporting HTTP/REST API")
            harness.until(until, "the server")
            context = ssl.create_default_context(cafile=authority.path("ca.pem"))
            raw = socket.create_connection(("127.0.0.1", server.rest_port), harness.PATIENCE)
            with context.wrap_socket(raw, server_hostname="localhost") as sock:
                sock.sendall(self.HEAD + b"Content-Length: 100\r\n\r\n{")
                time.sleep(0.3)
                begin = terminate(server)
                self.assertEqual(server.process.wait(harness.PATIENCE), 0)
                self.assertLess(time.monotonic() - begin, self.LATEST)

    def test_idle_connections(self):
        """A second for a request that may be on its way."""
        with harness.Server(MODELS) as server:
            connections = [open_connection(server) for _ in range(8)]
            for connection in connections:
                ask(connection)
            server.close_channel()
            begin = terminate(server)
            self.assertEqual(server.process.wait(harness.PATIENCE), 0)
            self.assertLess(time.monotonic() - begin, 2 + SLACK)
            for connection in connections:
                connection.close()

    @harness.wants_tcp_info
    def test_a_slow_upload_is_answered(self):
        body = BODY.encode() + b" " * 20
        with harness.Server(MODELS) as server, \
                self.rest(self.HEAD + b"Content-Length: %d\r\n\r\n" % len(body))(server) as sock:
            terminate(server)
            for at in range(len(body) - 8):
                sock.sendall(body[at:at + 1])
                time.sleep(0.2)
            self.assertIsNone(server.process.poll())
            sock.sendall(body[len(body) - 8:])
            line, headers, reply = wire.read_reply(sock.makefile("rb"))
            self.assertEqual((line, headers["connection"], json.loads(reply)),
                             ("HTTP/1.1 200 OK", "close", {"predictions": [2.5]}))
            self.assertEqual(server.process.wait(harness.PATIENCE), 0)


class HalfSentMessages(unittest.TestCase):
    """The same of gRPC, frame by frame."""
    METHOD = b"/tensorflow.serving.PredictionService/Predict"

    @classmethod
    def message(cls, server):
        return http2.envelope(server.predict_request("half_plus_two", {"x": np.float32([1])}).SerializeToString())

    def begin(self, server):
        connection = self.enterContext(http2.Connection(server.grpc_port, harness.PATIENCE))
        connection.send(http2.frame(http2.HEADERS, http2.END_HEADERS, 1, http2.head(self.METHOD)))
        return connection

    def test_the_rest_does_not_come(self):
        with harness.Server(MODELS) as server:
            idle = self.enterContext(http2.Connection(server.grpc_port, harness.PATIENCE))
            head, part = self.begin(server), self.begin(server)
            part.send(http2.frame(http2.DATA, 0, 1, self.message(server)[:-3]))
            server.close_channel()
            time.sleep(0.3)
            begin = terminate(server)
            self.assertEqual(server.process.wait(harness.PATIENCE), 0)
            self.assertLess(time.monotonic() - begin, HalfSent.LATEST)
            self.assertNotIn("cut_off", server.log_text())
            for connection in (idle, head, part):
                self.assertIn(http2.GOAWAY, [kind for kind, *_ in connection.frames()])

    def test_idle_connections(self):
        with harness.Server(MODELS) as server:
            idle = self.enterContext(http2.Connection(server.grpc_port, harness.PATIENCE))
            server.predict("half_plus_two", {"x": np.float32([1])})
            begin = terminate(server)
            self.assertEqual(server.process.wait(harness.PATIENCE), 0)
            self.assertLess(time.monotonic() - begin, 2.5 + SLACK)
            idle.close()

    @harness.wants_tcp_info
    def test_a_slow_message_is_answered(self):
        with harness.Server(MODELS) as server:
            connection, message_bytes = self.begin(server), self.message(server)
            terminate(server)
            for at in range(len(message_bytes)):
                is_last = at == len(message_bytes) - 1
                connection.send(http2.frame(http2.DATA, http2.END_STREAM if is_last else 0, 1, message_bytes[at:at + 1]))
                time.sleep(0.1)
            frames = list(connection.frames())
            reply = b"".join(payload for kind, _, stream, payload in frames if kind == http2.DATA and stream == 1)
            reply = message("tensorflow.serving.PredictResponse").FromString(reply[5:])
            self.assertEqual(list(reply.outputs["y"].float_val), [2.5])
            self.assertEqual(server.process.wait(harness.PATIENCE), 0)
            self.assertNotIn("cut_off", server.log_text())


class LongRuns(unittest.TestCase):
    """What is in flight: it ends, or is cut off, or a second signal ends all."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        is_large = harness.EMULATED or not harness.SLOW
        graphs.save(cls.folder / "short" / "1", graphs.products(3 if harness.SLOW else 20, 2000 if is_large else 700))
        graphs.save(cls.folder / "long" / "1", graphs.products(400, 3000))
        cls.models = {name: cls.folder / name for name in ("short", "long")}

    def start(self, *flags):
        return harness.Server(self.models, ["--enable_model_warmup=false", *flags])

    def begin(self, server, ask):
        """Runs ask() on a thread; a list that will hold what it returned."""
        got = []

        def run():
            try:
                got.append(ask())
            except (OSError, http.client.HTTPException, grpc.RpcError) as error:
                got.append(error)
        thread = threading.Thread(target=run)
        thread.start()
        self.addCleanup(thread.join)
        time.sleep(0.3)  # it is on its way
        self.assertEqual(got, [])
        return got, thread

    def test_they_end(self):
        zero = np.float32(0)
        with self.start("--drain_timeout_seconds=100") as server:
            rest, first = self.begin(server, lambda: server.post("short:predict", {"inputs": 0.0}).json)
            rpc, second = self.begin(server, lambda: server.predict("short", {"x": zero}))
            terminate(server)
            self.assertEqual(server.process.wait(harness.PATIENCE), 0)
            first.join()
            second.join()
            self.assertEqual((rest, rpc), ([{"outputs": 0.0}], [{"y": zero}]))

    def cut_off(self, ask, sig=signal.SIGTERM):
        """The first run of a model is on an event thread, as nobody knows yet that it will be long."""
        with self.start("--drain_timeout_seconds=1", "--rest_api_num_threads=1") as server:
            got, thread = self.begin(server, lambda: ask(server))
            begin = terminate(server, sig)
            self.assertEqual(server.process.wait(harness.PATIENCE), 0)
            self.assertLess(time.monotonic() - begin, 1 + SLACK)
            thread.join()
            self.assertIsInstance(got[0], Exception)

    def test_rest_is_cut_off(self):
        self.cut_off(lambda server: server.post("long:predict", {"inputs": 0.0}))

    def test_grpc_is_cut_off(self):
        self.cut_off(lambda server: server.predict("long", {"x": np.float32(0)}))

    def test_a_second_signal_ends_it(self):
        with self.start() as server:
            self.begin(server, lambda: server.post("long:predict", {"inputs": 0.0}))
            terminate(server)
            time.sleep(0.3)
            self.assertIsNone(server.process.poll())
            begin, server.code = terminate(server), 128 + signal.SIGTERM
            self.assertEqual(server.process.wait(harness.PATIENCE), server.code)
            self.assertLess(time.monotonic() - begin, SLACK)


class HangUp(unittest.TestCase):
    """SIGHUP kills nothing: the configuration is read again."""

    def test_reads_the_configuration(self):
        with harness.Server(MODELS) as server:
            server.config.write_text(harness.model_config({"again": harness.MODELS / "half_plus_two"}))
            terminate(server, signal.SIGHUP)
            harness.until(lambda: server.get("again").status == 200, "the model of the new configuration")
            self.assertIsNone(server.process.poll())

    def test_without_a_configuration(self):
        with harness.Server(flags=[f"--model_base_path={harness.MODELS / 'half_plus_two'}"]) as server:
            terminate(server, signal.SIGHUP)
            time.sleep(0.2)
            self.assertEqual(server.post("default:predict", BODY).json, {"predictions": [2.5]})


if __name__ == "__main__":
    unittest.main()
