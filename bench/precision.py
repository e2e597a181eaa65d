#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What each precision costs a model's answers: `tensord run` in floats and in fewer bits on random inputs, compared here by numpy, and
beside it what `tensord quantize` says of the same requests.

    precision.py --digits models/digits/1                      right answers of scikit-learn's held-out digits
    precision.py DIR --rows 100 --chunk 4 [--ints 30000] [--dim NAME=0,128]... [--precisions int8,fp16]
"""
import argparse
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

import numpy as np

import messages

BINARY = os.environ.get("TENSORD", "build/release/tensord")


def crc_table():
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0x82f63b78 if n & 1 else 0)
        yield n


def predict_log(signature, inputs):
    """A PredictionLog of a Predict request."""
    return messages.field(6, messages.field(1, messages.predict_request("m", inputs, signature)))


def masked_crc(data, table=list(crc_table())):
    crc = 0xffffffff
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 255]
    crc ^= 0xffffffff
    return ((crc >> 15 | crc << 17) + 0xa282ead8) & 0xffffffff


def frame(data):
    head = struct.pack("<Q", len(data))
    return head + struct.pack("<I", masked_crc(head)) + data + struct.pack("<I", masked_crc(data))


def run(model, inputs, precision, folder):
    """The answers of `tensord run`, as arrays."""
    for name, array in inputs.items():
        np.save(folder / f"{name}.npy", array)
    words = ";".join(f"{name}={folder}/{name}.npy" for name in inputs)
    out = folder / "out"
    subprocess.run([BINARY, "run", model, "--inputs", words, "--out", str(out), f"--precision={precision}"], check=True,
                   stdout=subprocess.DEVNULL)
    return {p.stem: np.load(p) for p in out.glob("*.npy")}


def digits(model):
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    data = load_digits()
    x = (data.images / 16).astype(np.float32)[..., None]
    _, x, _, y = train_test_split(x, data.target, test_size=360, random_state=1, stratify=data.target)
    for precision in ("fp32", "fp16", "int8", "int4"):
        with tempfile.TemporaryDirectory() as folder:
            answers, = run(model, {"image": x}, precision, pathlib.Path(folder)).values()
        print(f"{precision:12} {100 * (answers.argmax(1) == y).mean():6.2f} % of {len(y)} right", flush=True)


def signature_of(model):
    text = subprocess.run([BINARY, "show", model, "--json"], check=True, capture_output=True, text=True).stdout
    return next(s for s in json.loads(text)["signatures"] if s["name"] == "serving_default")


def make_inputs(signature, rows, dims, most_int):
    random = np.random.default_rng(7)
    made = {}
    for i in signature["inputs"]:
        shape = dims.get(i["name"]) or [rows if d == "?" else int(d) for d in i["shape"].strip("[]").split(",")]
        shape = [rows, *shape[1:]]
        kind = i["dtype"]
        if kind == "DT_FLOAT":
            made[i["name"]] = random.uniform(-1, 1, shape).astype(np.float32)
        else:
            high = most_int if "id" in i["name"] else 2
            made[i["name"]] = random.integers(0 if "mask" not in i["name"] else 1, high, shape).astype(
                np.int64 if "64" in kind else np.int32)
    return made


def compare(want, got):
    error = np.abs(got.astype(np.float64) - want)
    row = {"largest_error": error.max(), "mean_error": error.mean(),
           "relative_error": np.linalg.norm(got.astype(np.float64) - want) / np.linalg.norm(want.astype(np.float64))}
    if want.ndim > 1 and want.shape[-1] > 1:
        row["top1_agreement"] = (got.argmax(-1) == want.argmax(-1)).mean()
    return row


def model(args):
    signature = signature_of(args.model)
    dims = {name: [int(d) for d in text.split(",")] for name, text in (d.split("=") for d in args.dim)}
    inputs = make_inputs(signature, args.rows, dims, args.ints)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        chunks = [{k: v[i:i + args.chunk] for k, v in inputs.items()} for i in range(0, args.rows, args.chunk)]
        (folder / "data").write_bytes(b"".join(frame(predict_log("serving_default", c)) for c in chunks))
        whole = lambda precision: {k: np.concatenate([a[k] for a in [run(args.model, c, precision, folder) for c in chunks]])
                                   for k in [o["name"] for o in signature["outputs"]]}
        exact = whole("fp32")
        for precision in args.precisions.split(","):
            said = json.loads(subprocess.run([BINARY, "quantize", args.model, f"--precision={precision}", "--json", "--seconds=3",
                                              f"--data={folder / 'data'}"], check=True, capture_output=True, text=True).stdout)
            near = None if precision == "int8_static" else whole(precision)
            w = said["weights"]
            print(f"{precision}: {w['layers_in_fewer_bits']:.0f} of {w['layers']:.0f} layers, weights "
                  f"{w['after_bytes'] / 2**20:.1f} of {w['before_bytes'] / 2**20:.1f} MiB, packed "
                  f"{said['packed_bytes']['after'] / 2**20:.1f} of {said['packed_bytes']['before'] / 2**20:.1f} MiB, "
                  f"a request of {args.chunk} rows {said['time']['after_ms']:.1f} ms, was {said['time']['before_ms']:.1f} "
                  f"({said['time']['ratio']:.2f})")
            for o in said["outputs"]:
                print(f"  {o['output']} said:", {k: float(f"{o[k]:.4g}") for k in ("largest_error", "mean_error", "relative_error",
                                                                                    "top1_agreement") if k in o})
                if near:
                    print(f"  {o['output']} here:", {k: float(f"{v:.4g}") for k, v in
                                                     compare(exact[o["output"]], near[o["output"]]).items()}, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--digits", action="store_true")
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--chunk", type=int, default=4)
    parser.add_argument("--ints", type=int, default=1000)
    parser.add_argument("--dim", action="append", default=[])
    parser.add_argument("--precisions", default="int8,fp16")
    args = parser.parse_args()
    digits(args.model) if args.digits else model(args)


if __name__ == "__main__":
    sys.exit(main())
