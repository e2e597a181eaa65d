#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same SavedModels in tensord, OpenVINO and ONNX Runtime, taking turns.

    peers.py DIR [--models NAME,...] [--batch 1,8] [--engines td,ov,ort,td_bf16,ov_bf16] [--rounds 7] [--cpu avx2] [--busy]

DIR/NAME/1 is a model, DIR/NAME/inputs.json {input: [dtype, shape of one row, least, most]}; without it inputs are drawn
by the signature. td: tensord, whole calls over gRPC; the others run in process.
ONNX Runtime needs DIR/NAME/model.onnx, which tf2onnx writes. Each engine is a process of its own; a round runs each once
for SECONDS. A cell is the median of its rounds in ms a call; the last columns are the first engine's ratio to the best of the others of its precision
and the largest difference of the first outputs, relative to the largest value. --cpu avx2 holds tensord, OpenVINO and
oneDNN to AVX2 (ONNX Runtime can't be held and is left out). --busy keeps one core busy with something else.
Needs numpy and grpcio, and of openvino, onnxruntime what is asked for. TENSORD is the binary.
"""
import argparse
import json
import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import time

import numpy as np

import messages

BINARY = os.environ["TENSORD"]
SECONDS = 0.4
REST = 0.2  # before each turn: threads of the engine before spin for a while when they have nothing to do
HEAD = 4096  # elements of the output that are compared


def feed_of(model, batch, signature):
    """{input: array}: as inputs.json says, else by the signature's types."""
    rng = np.random.default_rng(3)
    spec = model / "inputs.json"
    inputs = json.loads(spec.read_text()) if spec.exists() else signature()
    return {name: (rng.integers(low, high, [batch, *shape]) if "int" in dtype else rng.uniform(low, high, [batch, *shape]))
            .astype(dtype) for name, (dtype, shape, low, high) in inputs.items()}


def shown(version):
    """inputs.json of a model that has none, by tensord show."""
    text = subprocess.run([BINARY, "show", str(version), "--json"], capture_output=True, text=True, check=True).stdout
    signature = next(s for s in json.loads(text)["signatures"] if s["name"] == "serving_default")
    kinds = {"DT_FLOAT": ["float32", -1, 1], "DT_INT32": ["int32", 0, 2], "DT_INT64": ["int64", 0, 2]}
    inputs = {}
    for one in signature["inputs"]:
        dtype, low, high = kinds[one["dtype"]]
        dims = one["shape"].strip("[]").split(",")[1:]
        inputs[one["name"]] = [dtype, [int(n) if n != "?" else 1 for n in dims], low, high]
    return inputs


def rename(feed, names):
    """Converters keep an input's name or make their own; one input is that one whatever it is called."""
    return feed if set(feed) <= set(names) else dict(zip(names, feed.values()))


def fields(data):
    """{number: [payload]} of what is length-delimited in a message."""
    def number(at):
        n = shift = 0
        while True:
            n, shift, at = n | (data[at] & 127) << shift, shift + 7, at + 1
            if data[at - 1] < 128:
                return n, at
    found, at = {}, 0
    while at < len(data):
        key, at = number(at)
        size, at = number(at) if key & 7 in (0, 2) else ({1: 8, 5: 4}[key & 7], at)
        if key & 7:
            found.setdefault(key >> 3, []).append(data[at:at + size])
            at += size
    return found


def first_output(reply):
    tensor = fields(fields(fields(reply)[1][0])[2][0])
    return np.frombuffer((tensor.get(4) or tensor[5])[0], "<f4")


class Server:
    def __init__(self, model, flags):
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        self.port, rest = (s.getsockname()[1] for s in sockets)
        for s in sockets:
            s.close()
        self.process = subprocess.Popen([BINARY, f"--port={self.port}", f"--rest_api_port={rest}", "--model_name=m",
                                         f"--model_base_path={model.resolve()}", "--shutdown_delay_seconds=0", *flags],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def call(self, feed):
        import grpc
        unlimited = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        channel = grpc.insecure_channel(f"127.0.0.1:{self.port}", unlimited)
        predict = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
        request = messages.predict_request("m", feed)
        end = time.monotonic() + 120
        while True:
            try:
                predict(request, timeout=120)
                return lambda: predict(request)
            except grpc.RpcError:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise
                time.sleep(0.05)


def open_engine(engine, model, batch, threads):
    """(call, output of its answer, end)."""
    feed = feed_of(model, batch, lambda: shown(model / "1"))
    precision = engine.endswith("_bf16")
    if engine.startswith("ov"):
        import openvino
        net = openvino.convert_model(str(model / "1"))
        feed = rename(feed, [n for i in net.inputs for n in i.get_names()])
        net.reshape({name: value.shape for name, value in feed.items()})
        request = openvino.Core().compile_model(net, "CPU", {
            "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "bf16" if precision else "f32"}).create_infer_request()
        return lambda: request.infer(feed), lambda r: next(iter(r.values())), lambda: None
    if engine == "ort":
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(str(model / "model.onnx"), options, providers=["CPUExecutionProvider"])
        feed = rename(feed, [i.name for i in session.get_inputs()])
        return lambda: session.run(None, feed), lambda r: r[0], lambda: None
    flags = [f"--tensorflow_session_parallelism={threads}"] + (["--mixed_precision=bfloat16"] if precision else [])
    feed = rename(feed, list(shown(model / "1")))
    server = Server(model, flags)

    def end():
        server.process.terminate()
        server.process.wait()
    return server.call(feed), first_output, end


def work(args):
    engine, model, batch, threads = args.worker, pathlib.Path(args.dir) / args.models, int(args.batch), args.threads
    call, output, end = open_engine(engine, model, batch, threads)
    head = np.asarray(output(call()), "f4").ravel()[:HEAD]
    for _ in range(3):
        call()
    begin = time.perf_counter()
    call()
    once = time.perf_counter() - begin
    print(json.dumps(head.tolist()), flush=True)
    for _ in sys.stdin:
        count = max(1, int(SECONDS / max(once, 1e-6)))
        call()
        begin = time.perf_counter()
        for _ in range(count):
            call()
        print((time.perf_counter() - begin) / count * 1e3, flush=True)
    end()


def compare(args, model, batch, engines, environment):
    """{engine: median ms}, {engine: head}."""
    workers, heads, times = {}, {}, {}
    for engine in engines:
        command = [sys.executable, __file__, args.dir, "--models", model, "--batch", batch, "--worker", engine,
                   "--threads", str(args.threads)]
        worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                  text=True, env=environment)
        line = worker.stdout.readline()
        if line:
            workers[engine], heads[engine], times[engine] = worker, np.asarray(json.loads(line)), []
    for _ in range(args.rounds):
        for engine, worker in workers.items():
            time.sleep(REST)
            worker.stdin.write("go\n")
            worker.stdin.flush()
            times[engine].append(float(worker.stdout.readline()))
    for worker in workers.values():
        worker.stdin.close()
        worker.wait()
    return {engine: statistics.median(t) for engine, t in times.items()}, heads


def difference(heads):
    """The largest of any engine from the first, relative to the largest value."""
    first = next(iter(heads.values()), None)
    return max((np.abs(h - first).max() / max(np.abs(first).max(), 1e-30) if h.shape == first.shape else np.inf
                for h in heads.values()), default=np.nan)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir", nargs="?")
    parser.add_argument("--models")
    parser.add_argument("--batch", default="1,8")
    parser.add_argument("--engines", default="td,ov,ort")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--cpu", choices=["avx2"])
    parser.add_argument("--busy", action="store_true")
    parser.add_argument("--json")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if not args.dir:
        return print(__doc__)
    if args.worker:
        return work(args)
    engines = args.engines.split(",")
    environment = {**os.environ, "OMP_NUM_THREADS": str(args.threads)}
    if args.cpu:
        environment |= {"TENSORD_CPU": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "DNNL_MAX_CPU_ISA": "AVX2",
                        "OPENBLAS_CORETYPE": "Haswell"}
        engines = [e for e in engines if e != "ort"]
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if args.busy else None
    if busy:
        os.sched_setaffinity(busy.pid, {min(os.sched_getaffinity(0))})
    names = args.models.split(",") if args.models else sorted(p.parent.name for p in pathlib.Path(args.dir).glob("*/1"))
    print(re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())[1], args.cpu or "",
          f"{args.threads} threads, {args.rounds} rounds, ms a call")
    print(f"{'':24}{'':>4}" + "".join(f"{e:>10}" for e in engines) + f"{'ratio':>8}  difference")
    rows, ratios = [], []
    for name in names:
        for batch in args.batch.split(","):
            times, heads = compare(args, name, batch, engines, environment)
            others = [t for e, t in times.items() if not e.startswith("td") and e.endswith("bf16") == engines[0].endswith("bf16")]
            ratio = times.get(engines[0], np.nan) / min(others) if others else np.nan
            ratios.append(ratio)
            print(f"{name:24}{batch:>4}" + "".join(f"{times[e]:10.3f}" if e in times else f"{'-':>10}" for e in engines)
                  + f"{ratio:8.2f}  {difference(heads):.0e}", flush=True)
            rows.append({"model": name, "batch": int(batch), "ms": times, "ratio": ratio, "difference": difference(heads)})
    if busy:
        busy.kill()
    print(f"geometric mean {np.exp(np.nanmean(np.log(ratios))):.3f}, largest {np.nanmax(ratios):.2f}")
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(rows, indent=1))


main()
