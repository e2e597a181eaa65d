#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""try_image.py IMAGE -- whether an image keeps its promises: `./dev image` first, then `./dev try-image IMAGE`.

It runs as the strictest cluster would have it, with a root that cannot be written, no capabilities and a user of no name,
with what TENSORD_PODMAN_FLAGS ("--runtime runc", say) and TENSORD_RUN_FLAGS (of `podman run`) add. What is asked: texts in an encoding of the C library's
and in letters beyond ASCII, images of three kinds, a convolution, products of doubles, and a decomposition, which needs
OpenBLAS and says so where that is left out; the three names of the binary; health; and the end by SIGTERM.
"""
import base64
import http.client
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import time

import numpy as np

import graphs
import harness

PODMAN = ["podman", *shlex.split(os.environ.get("TENSORD_PODMAN_FLAGS", ""))]
FLAGS = ["--network=host", "--read-only", "--cap-drop=ALL", "--user=65532", *shlex.split(os.environ.get("TENSORD_RUN_FLAGS", ""))]
GRPC, REST = harness.free_ports(2)


def text_model():
    g = graphs.Graph().placeholder("x", "string")
    g.node("utf8", "UnicodeTranscode", ["x"], "string", input_encoding=b"EUC-JP", output_encoding=b"UTF-8", errors=b"strict",
           replacement_char=0xFFFD, replace_control_characters=False)
    g.placeholder("s", "string").node("lower", "StringLower", ["s"], "string", encoding=b"utf-8")
    g.node("folded", "CaseFoldUTF8", ["s"], "string")
    return g.signature("serving_default", {"x": "string", "s": "string"},
                       {"utf8": "utf8", "lower": "lower", "folded": "folded"}, shape=[-1])


def image_model():
    g = graphs.Graph().placeholder("x", "uint8")
    g.node("jpeg", "EncodeJpeg", ["x"], "string", format=b"", quality=95, progressive=False, optimize_size=False,
           chroma_downsampling=True, density_unit=b"in", x_density=300, y_density=300, xmp_metadata=b"")
    g.node("png", "EncodePng", ["x"], "uint8", compression=-1)
    attributes = {"channels": 0, "ratio": 1, "fancy_upscaling": True, "try_recover_truncated": False,
                  "acceptable_fraction": 1.0, "dct_method": b""}
    g.node("a", "DecodeJpeg", ["jpeg"], None, **attributes).node("b", "DecodePng", ["png"], None, channels=0, dtype="uint8")
    g.dtypes["a"] = "uint8"
    return g.signature("serving_default", {"x": "uint8"}, {"jpeg": "a", "png": "b"}, shape=[-1, -1, 3])


def convolution_model():
    g = graphs.Graph().placeholder("x", "float32").constant("w", np.ones((3, 3, 8, 8), np.float32))
    g.node("y", "Conv2D", ["x", "w"], "float32", strides=[], padding=b"SAME", data_format=b"NHWC", use_cudnn_on_gpu=True)
    strides = next(n for n in g.node_defs if n.name == "y").attr["strides"]
    strides.list.i.extend([1, 1, 1, 1])
    return g.signature("serving_default", {"x": "float32"}, {"y": "y"}, shape=[-1, 32, 32, 8])


def doubles_model():
    g = graphs.Graph().placeholder("x", "float64")
    g.node("y", "MatMul", ["x", "x"], "float64", transpose_a=False, transpose_b=False)
    return g.signature("serving_default", {"x": "float64"}, {"y": "y"}, shape=[-1, -1])


def decomposition_model():
    g = graphs.Graph().placeholder("x", "float64").node("y", "Cholesky", ["x"], "float64")
    return g.signature("serving_default", {"x": "float64"}, {"y": "y"}, shape=[-1, -1])


MODELS = {"text": text_model, "image": image_model, "convolution": convolution_model, "doubles": doubles_model,
          "decomposition": decomposition_model, "model": graphs.affine}


def ask(method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", REST, timeout=10)
    connection.request(method, path, json.dumps(body) if body else None)
    reply = connection.getresponse()
    return reply.status, json.loads(reply.read() or "null")


def predict(model, inputs):
    return ask("POST", f"/v1/models/{model}:predict", {"inputs": inputs})


def is_ready():
    try:
        return ask("GET", "/readyz")[0] == 200
    except (OSError, http.client.HTTPException):
        return False


class Run:
    """The image, run."""

    def __init__(self, image, words, flags=()):
        self.command = [*PODMAN, "run", "--rm", *FLAGS, *flags, image, *words]

    def output(self):
        done = subprocess.run(self.command, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr


def podman(*words):
    done = subprocess.run([*PODMAN, *words], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout.strip()


class Checks:
    def __init__(self):
        self.failed = 0

    def is_true(self, what, claim, more=""):
        print(f"{'ok  ' if claim else 'FAIL'} {what} {more if not claim else ''}".rstrip())
        self.failed += not claim


def check_answers(checks):
    word = base64.b64encode("日本".encode("euc-jp")).decode()
    status, reply = predict("text", {"x": [{"b64": word}], "s": ["ÀÉÎẞ"]})
    checks.is_true("texts", status == 200 and reply["outputs"]["utf8"] == ["日本"] and
                   reply["outputs"]["lower"] == ["àéîß"] and reply["outputs"]["folded"] == ["àéîss"], reply)
    pixels = np.full((8, 8, 3), 200).tolist()
    status, reply = predict("image", pixels)
    checks.is_true("JPEG and PNG", status == 200 and reply["outputs"] == {"jpeg": pixels, "png": pixels}, str(reply)[:300])
    status, reply = predict("convolution", np.ones((1, 32, 32, 8)).tolist())
    checks.is_true("a convolution", status == 200 and reply["outputs"][0][1][1] == [72.0] * 8, str(reply)[:300])
    x = np.arange(4096).reshape(64, 64) / 64
    status, reply = predict("doubles", x.tolist())
    checks.is_true("doubles", status == 200 and np.allclose(reply["outputs"], x @ x), str(reply)[:300])
    status, reply = predict("decomposition", [[4.0, 2.0], [2.0, 5.0]])
    print("     a decomposition:", "answers" if status == 200 else reply["error"])
    checks.is_true("a decomposition, or why not", status == 200 or "OpenBLAS" in reply["error"], reply)


def check_serving(checks, image, folder):
    config = folder / "models.config"
    config.write_text(harness.model_config({name: f"/models/{name}" for name in MODELS}))
    name = f"tensord-try-{os.getpid()}"
    run = Run(image, [f"--port={GRPC}", f"--rest_api_port={REST}", "--model_config_file=/models/models.config"],
              [f"--name={name}", "-v", f"{folder}:/models:ro"])
    begin = time.monotonic()
    process = subprocess.Popen(run.command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        harness.until(lambda: is_ready() or process.poll() is not None, "readiness")
        if process.poll() is not None:
            sys.exit(f"podman ended with {process.returncode}: {process.stderr.read()[-2000:]}")
        print(f"     from `podman run` to ready, {len(MODELS)} models: {time.monotonic() - begin:.2f} s")
        pid = podman("inspect", "--format={{.State.Pid}}", name)[1]
        check_answers(checks)
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        print("     memory after that:", *[line for line in status.splitlines() if line.startswith(("VmRSS", "RssAnon"))])
        checks.is_true("is process 1 by the user", "\nUid:\t65532" in status)
        code, text = podman("exec", name, "/usr/bin/tensord", "health")
        checks.is_true("health, by the flags of process 1", (code, text) == (0, "ready"), text)
        checks.is_true("has no shell", podman("exec", name, "/bin/sh", "-c", "true")[0] != 0)
    finally:
        podman("kill", "--signal=TERM", name)
        text = process.communicate(timeout=60)[1]
    checks.is_true("ends by SIGTERM", process.returncode == 0 and "event=stopped" in text, text[-2000:])


def check_words(checks, image, folder):
    volume = ["-v", f"{folder}:/models:ro"]
    code, text = Run(image, ["show", "/models/model/1"], volume).output()
    checks.is_true("a verb", code == 0 and "serving_default" in text, text)
    code, text = Run(image, ["--version"], ["--entrypoint=tensorflow_model_server"]).output()
    checks.is_true("TensorFlow Serving's name", code == 0 and "TensorFlow ModelServer: tensord" in text, text)
    for flags, want in (([], "/models/model"), (["-e", "MODEL_NAME=doubles"], "/models/doubles")):
        name = f"tensord-try-{os.getpid()}"
        run = Run(image, [f"--port={GRPC}", f"--rest_api_port={REST}"], [f"--name={name}", *volume, *flags])
        process = subprocess.Popen(run.command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            harness.until(is_ready, "readiness")
            checks.is_true(f"serves {want}", ask("GET", f"/v1/models/{pathlib.Path(want).name}")[0] == 200)
        finally:
            podman("kill", "--signal=TERM", name)
            process.communicate(timeout=60)


def main():
    image, checks = sys.argv[1], Checks()
    size = int(podman("image", "inspect", "--format={{.Size}}", image)[1])
    checks.is_true(f"is {size / 1e6:.1f} MB", size <= 80e6)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        folder.chmod(0o755)
        for name, make in MODELS.items():
            graphs.save(folder / name / "1", make())
        check_serving(checks, image, folder)
        check_words(checks, image, folder)
    sys.exit(checks.failed > 0)


main()
