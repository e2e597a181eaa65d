#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""try_proxies.py [nginx|haproxy]... -- nobody behind a proxy notices that versions change and instances restart.

`./dev try-proxies` runs it. Two instances watch one directory of models behind each proxy, by the configurations that lie
here, with their ports changed to free ones. While clients ask over REST (wrk) and gRPC without a pause, version 2 comes,
version 1 goes, each instance ends by SIGTERM and is started again. Each answer is looked at; one that is no answer
of either version, or an error, is a failure.
"""
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

import grpc
import numpy as np

import graphs
import harness
from messages import get_tensor, message

HERE = pathlib.Path(__file__).resolve().parent
COMMANDS = {"nginx": lambda config: ["nginx", "-c", config, "-g", "daemon off;"], "haproxy": lambda config: ["haproxy", "-f", config]}
CONFIGS = {"nginx": "nginx/nginx.conf", "haproxy": "haproxy/haproxy.cfg"}
REQUESTS = 50000
CONNECTIONS, CHANNELS, SECONDS = 16, 4, 45
WRK = """
wrk.method, wrk.path, wrk.body = "POST", "/v1/models/m:predict", '{"instances": [1.0, 2.0]}'
local threads = {}
function setup(thread) table.insert(threads, thread) end
function init() bad, first = 0, "" end
function response(status, headers, body)
  local text = string.gsub(body, "%s", "")
  if status ~= 200 or (text ~= '{"predictions":[2.5,3.0]}' and text ~= '{"predictions":[11.0,12.0]}') then
    bad = bad + 1
    if first == "" then first = status .. " " .. text end
  end
end
function done(summary, latency)
  local wrong, example = 0, ""
  for _, t in ipairs(threads) do wrong = wrong + t:get("bad"); example = example .. t:get("first") end
  local e = summary.errors
  io.write(string.format("RESULT %d %d %.1f %s\\n", summary.requests, wrong + e.connect + e.read + e.write + e.timeout,
    latency:percentile(99) / 1000, example))
end
"""


class Instance:
    def __init__(self, name, folder):
        self.name, self.folder = name, folder
        self.grpc, self.rest = harness.free_ports(2)

    def start(self):
        with open(self.folder / f"{self.name}.log", "ab") as log:
            self.process = subprocess.Popen([harness.BINARY, f"--port={self.grpc}", f"--rest_api_port={self.rest}",
                                             f"--models_dir={self.folder / 'models'}"], stdout=log, stderr=log)
        harness.until(self.is_ready, f"instance {self.name}")

    def is_ready(self):
        return subprocess.run([harness.BINARY, "health", f"--rest_api_port={self.rest}"], capture_output=True).returncode == 0

    def restart(self):
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(60) != 0:
            raise AssertionError(f"instance {self.name} ended with {self.process.returncode}")
        self.start()


def place(proxy, instances, folder):
    """The configuration with free ports; where it listens for (REST, gRPC)."""
    text = (HERE / CONFIGS[proxy]).read_text()
    ports = harness.free_ports(2)
    for instance in instances:
        for usual, port in ((8501, instance.rest), (8500, instance.grpc)):
            text = text.replace(f"tensord-{instance.name}:{usual}", f"127.0.0.1:{port}")
    for usual, port in (("80", ports[0]), ("9000", ports[1])):
        text = re.sub(rf"^(\s*(?:listen |bind :)){usual}\b", rf"\g<1>{port}", text, flags=re.M)
    text = text.replace("/tmp/nginx", f"{folder}/nginx")
    path = folder / f"{proxy}.conf"
    path.write_text(text)
    return str(path), *ports


class Caller(threading.Thread):
    """gRPC without a pause, on a channel of its own."""

    def __init__(self, port, until):
        super().__init__()
        self.port, self.until, self.asked, self.failed, self.example = port, until, 0, 0, ""

    def run(self):
        request = message("tensorflow.serving.PredictRequest")()
        request.model_spec.name = "m"
        harness.set_tensor(request.inputs["x"], np.float32([1, 2]))
        with grpc.insecure_channel(f"127.0.0.1:{self.port}", [("grpc.use_local_subchannel_pool", 1)]) as channel:
            call = channel.unary_unary("/tensorflow.serving.PredictionService/Predict",
                                       request_serializer=lambda m: m.SerializeToString(),
                                       response_deserializer=message("tensorflow.serving.PredictResponse").FromString)
            while time.monotonic() < self.until:
                self.asked += 1
                try:
                    y = list(get_tensor(call(request, timeout=10).outputs["y"]))
                    wrong = "" if y in ([2.5, 3.0], [11.0, 12.0]) else str(y)
                except grpc.RpcError as error:
                    wrong = f"{error.code().name}: {error.details()}"
                self.failed += bool(wrong)
                self.example = self.example or wrong


def events(instances, models):
    """What happens meanwhile."""
    time.sleep(3)
    graphs.save(models / "m" / "2", graphs.affine(a=1, b=10))
    time.sleep(3)
    (models / "m" / "1").rename(models / "old")
    time.sleep(2)
    for instance in instances:
        instance.restart()
        time.sleep(3)


def try_proxy(proxy, folder):
    models = folder / "models"
    graphs.save(models / "m" / "1", graphs.affine())
    instances = [Instance("a", folder), Instance("b", folder)]
    script = folder / "ask.lua"
    script.write_text(WRK)
    running = []
    try:
        for instance in instances:
            instance.start()
        config, rest, rpc = place(proxy, instances, folder)
        with open(folder / "proxy.log", "wb") as log:
            running.append(subprocess.Popen(COMMANDS[proxy](config), stdout=log, stderr=log))
        time.sleep(2)
        wrk = subprocess.Popen(["wrk", "-t2", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--timeout=10s", "-s", script,
                                f"http://127.0.0.1:{rest}"], stdout=subprocess.PIPE, text=True)
        running.append(wrk)
        callers = [Caller(rpc, time.monotonic() + SECONDS) for _ in range(CHANNELS)]
        for caller in callers:
            caller.start()
        begin = time.monotonic()
        events(instances, models)
        took = time.monotonic() - begin
        for caller in callers:
            caller.join()
        result = re.search(r"^RESULT (\d+) (\d+) (\S+) ?(.*)", wrk.communicate()[0], re.M)
    finally:
        for process in running + [i.process for i in instances]:
            if process.poll() is None:
                process.terminate()
                process.wait(60)
    if not result:
        raise AssertionError(f"wrk has no result; {proxy} says: {(folder / 'proxy.log').read_text()[-2000:]}")
    asked, failed = int(result[1]), int(result[2])
    calls, lost = sum(c.asked for c in callers), sum(c.failed for c in callers)
    print(f"{proxy}: REST {asked} requests, {failed} failed, p99 {result[3]} ms {result[4]}")
    print(f"{proxy}: gRPC {calls} calls, {lost} failed {next((c.example for c in callers if c.example), '')}")
    if took > SECONDS:
        print(f"{proxy}: the last restart came after the load's end")
    return not failed and not lost and asked + calls >= REQUESTS and took <= SECONDS


def main():
    good = True
    for proxy in sys.argv[1:] or CONFIGS:
        with tempfile.TemporaryDirectory() as name:
            pathlib.Path(name).chmod(0o777)  # nginx's workers are another user
            good &= try_proxy(proxy, pathlib.Path(name))
    sys.exit(not good)


main()
