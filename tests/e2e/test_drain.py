#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The end: what clients, load balancers and probes see between SIGTERM and the end of the process."""
import errno
import http.client
import json
import pathlib
import signal
import socket
import tempfile
import threading
import time
import unittest

import grpc
import numpy as np

import graphs
import harness
from messages import message

MODELS = {"half_plus_two": harness.MODELS / "half_plus_two"}
BODY = json.dumps({"instances": [1.0]})
DELAY = 1.0
SLACK = 5 if harness.SANITIZE else 1  # seconds that an end may take beside what is measured


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


class LongRuns(unittest.TestCase):
    """What is in flight: it ends, or is cut off, or a second signal ends all."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        graphs.save(cls.folder / "short" / "1", graphs.products(3 if harness.SANITIZE else 20, 700 if harness.SANITIZE else 2000))
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
