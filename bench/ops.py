#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What ops before and behind a net take, beside TensorFlow: text, parsing, images, boxes, look-ups; one row and 64.

python bench/ops.py [NAME...], by a Python that has TensorFlow. Each case is a SavedModel that TensorFlow writes. TensorFlow's
time is a Session's callable's, less a callable's that does nothing; tensord's is `tensord run --time`'s. Both in turns, the
median of their means; prints the table of docs/performance.md.
"""
import base64
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
try:
    import tensorflow as tf
except ImportError:
    print("needs TensorFlow, which is not there: nothing was measured")
    sys.exit(0)

tf.get_logger().setLevel("ERROR")
TENSORD = os.environ.get("TENSORD", "build/release/tensord")
BATCHES = (1, 64)
ROUNDS = 7
SECONDS = 0.25  # for a round of either
CASES = {}
rng = np.random.default_rng(7)
WORDS = np.array([f"word{i:x}" for i in range(10000)])


def case(make):
    CASES[make.__name__.replace("_", " ")] = make
    return make


def words(*shape):
    return rng.choice(WORDS, shape).astype(object)


def spec(dtype, *shape):
    return tf.TensorSpec([None, *shape], dtype, name="x")


@case
def split_into_words():
    texts = lambda b: np.array([" ".join(rng.choice(WORDS, 20)) for _ in range(b)], object)
    return lambda x: tf.strings.split(x).flat_values, spec(tf.string), texts


@case
def hash_64_words():
    return lambda x: tf.strings.to_hash_bucket_fast(x, 100000), spec(tf.string, 64), lambda b: words(b, 64)


@case
def look_64_words_up():
    keys = tf.lookup.KeyValueTensorInitializer(tf.constant(WORDS), tf.range(len(WORDS), dtype=tf.int64))
    table = tf.lookup.StaticHashTable(keys, -1)
    return lambda x: table.lookup(x), spec(tf.string, 64), lambda b: words(b, 64), table


@case
def lower_and_strip():
    texts = lambda b: np.array([f"  Some TEXT {i} of a Client, in UPPER and lower  " for i in range(b)], object)
    return lambda x: tf.strings.strip(tf.strings.lower(x)), spec(tf.string), texts


@case
def replace_by_a_pattern():
    texts = lambda b: np.array([f"Call +{i} 555-{i:04} or write to user{i}@example.com, please!" for i in range(b)], object)
    return lambda x: tf.strings.regex_replace(x, "[^a-zA-Z ]+", " "), spec(tf.string), texts


@case
def cut_and_join_8_strings():
    return lambda x: tf.strings.reduce_join(tf.strings.substr(x, 0, 5), 1, separator="-"), spec(tf.string, 8), \
        lambda b: words(b, 8)


@case
def read_64_numbers():
    numbers = lambda b: np.array([[f"{v:.6g}" for v in row] for row in rng.normal(0, 1e3, (b, 64))], object)
    return lambda x: tf.strings.to_number(x), spec(tf.string, 64), numbers


@case
def read_CSV_of_20_columns():
    lines = lambda b: np.array([",".join(f"{v:.4f}" for v in rng.random(20)) for _ in range(b)], object)
    return lambda x: tf.stack(tf.io.decode_csv(x, [0.0] * 20), 1), spec(tf.string), lines


@case
def pad_split_words_to_a_tensor():
    texts = lambda b: np.array([" ".join(rng.choice(WORDS, rng.integers(1, 30))) for _ in range(b)], object)
    return lambda x: tf.strings.split(x).to_tensor(""), spec(tf.string), texts


@case
def count_256_words():
    def run(x):
        y, index, count = tf.unique_with_counts(tf.reshape(x, [-1]))
        return {"y": y, "index": index, "count": count}
    return run, spec(tf.string, 256), lambda b: words(b, 256)


@case
def bucketize_and_one_hot():
    bounds = [float(i) for i in range(1, 32)]
    return lambda x: tf.one_hot(tf.raw_ops.Bucketize(input=x, boundaries=bounds), 32), spec(tf.float32, 16), \
        lambda b: rng.random((b, 16), np.float32) * 32


@case
def scatter_20_of_1000():
    def run(x):
        rows = tf.repeat(tf.range(tf.shape(x, tf.int64)[0]), 20)
        s = tf.SparseTensor(tf.stack([rows, tf.reshape(x, [-1])], 1), tf.ones_like(rows, tf.float32),
                            [tf.shape(x, tf.int64)[0], 1000])
        return tf.sparse.to_dense(s)
    return run, spec(tf.int64, 20), lambda b: np.sort(np.argsort(rng.random((b, 1000)))[:, :20])


@case
def parse_examples_of_16_features():
    features = {f"f{i}": tf.io.FixedLenFeature([4], tf.float32) for i in range(8)}
    features |= {f"i{i}": tf.io.FixedLenFeature([], tf.int64) for i in range(6)}
    features |= {f"s{i}": tf.io.VarLenFeature(tf.string) for i in range(2)}

    def examples(b):
        f = tf.train.Feature
        made = []
        for _ in range(b):
            m = {f"f{i}": f(float_list=tf.train.FloatList(value=rng.random(4))) for i in range(8)}
            m |= {f"i{i}": f(int64_list=tf.train.Int64List(value=[int(rng.integers(1000))])) for i in range(6)}
            m |= {f"s{i}": f(bytes_list=tf.train.BytesList(value=[w.encode() for w in words(3)])) for i in range(2)}
            made.append(tf.train.Example(features=tf.train.Features(feature=m)).SerializeToString())
        return np.array(made, object)

    def parse(x):
        p = tf.io.parse_example(x, features)
        floats = tf.concat([p[f"f{i}"] for i in range(8)], 1)
        ints = tf.stack([p[f"i{i}"] for i in range(6)], 1)
        return {"floats": floats, "ints": ints, "strings": tf.concat([p[f"s{i}"].values for i in range(2)], 0)}
    return parse, spec(tf.string), examples


def picture(side):
    y, x = np.mgrid[0:side, 0:side]
    rgb = np.stack([x * 255 // side, y * 255 // side, (x + y) % 256], 2) + rng.integers(0, 30, (side, side, 3))
    return np.clip(rgb, 0, 255).astype(np.uint8)


def decoder(decode, encode):
    def run(x):
        return tf.map_fn(lambda one: tf.ensure_shape(decode(one), [224, 224, 3]), x, tf.uint8)
    return run, spec(tf.string), lambda b: np.array([encode(picture(224)).numpy() for _ in range(b)], object)


@case
def decode_JPEG_224():
    return decoder(lambda one: tf.io.decode_jpeg(one, 3), tf.io.encode_jpeg)


@case
def decode_PNG_224():
    return decoder(lambda one: tf.io.decode_png(one, 3), tf.io.encode_png)


@case
def resize_256_to_224():
    return lambda x: tf.image.resize(x, [224, 224]), spec(tf.uint8, 256, 256, 3), \
        lambda b: np.stack([picture(256) for _ in range(b)])


@case
def resize_floats_256_to_224():
    return lambda x: tf.image.resize(x, [224, 224]), spec(tf.float32, 256, 256, 3), \
        lambda b: np.stack([picture(256) for _ in range(b)]).astype(np.float32)


@case
def crop_10_boxes_of_256_to_64():
    boxes = np.sort(rng.random((10, 2, 2)), 1).reshape(10, 4).astype(np.float32)

    def run(x):
        n = tf.shape(x)[0]
        return tf.image.crop_and_resize(x, tf.tile(boxes, [n, 1]), tf.repeat(tf.range(n), 10), [64, 64])
    return run, spec(tf.uint8, 256, 256, 3), lambda b: np.stack([picture(256) for _ in range(b)])


@case
def decode_raw_224():
    return lambda x: tf.cast(tf.io.decode_raw(x, tf.uint8), tf.float32) / 255, spec(tf.string), \
        lambda b: np.array([picture(224).tobytes() for _ in range(b)], object)


@case
def spectrum_of_a_second_of_sound():
    def run(x):
        sound = tf.map_fn(lambda one: tf.audio.decode_wav(one, 1, 16000).audio[:, 0], x, tf.float32)
        spectrum = tf.abs(tf.signal.stft(sound, 400, 160, 512))
        mel = tf.tensordot(spectrum, tf.signal.linear_to_mel_weight_matrix(40, 257, 16000), 1)
        return tf.signal.mfccs_from_log_mel_spectrograms(tf.math.log(mel + 1e-6))[..., :13]
    sounds = lambda b: np.array([tf.audio.encode_wav(rng.normal(0, 0.1, (16000, 1)).astype(np.float32), 16000).numpy()
                                 for _ in range(b)], object)
    return run, spec(tf.string), sounds


@case
def suppress_1000_boxes():
    corner = rng.random((1000, 2))
    boxes = np.concatenate([corner, corner + rng.random((1000, 2)) * 0.2], 1).astype(np.float32)
    return lambda x: tf.map_fn(lambda s: tf.pad(k := tf.image.non_max_suppression(boxes, s, 100, 0.5, 0.3),
                                                [[0, 100 - tf.size(k)]]), x, tf.int32), \
        spec(tf.float32, 1000), lambda b: rng.random((b, 1000), np.float32)


@case
def suppress_1000_boxes_of_10_classes():
    def boxes(b):
        corner = rng.random((b, 1000, 2))
        return np.concatenate([corner, corner + rng.random((b, 1000, 2)) * 0.2, rng.random((b, 1000, 10))], 2).astype(np.float32)

    def run(x):
        r = tf.image.combined_non_max_suppression(x[:, :, None, :4], x[:, :, 4:], 20, 100, 0.5, 0.3)
        return {"boxes": r[0], "scores": r[1], "classes": r[2]}
    return run, spec(tf.float32, 1000, 14), boxes


@case
def top_10_of_10000():
    return lambda x: tf.math.top_k(x, 10).indices, spec(tf.float32, 10000), \
        lambda b: rng.random((b, 10000), np.float32)


@case
def softmax_and_argmax_of_1000():
    def run(x):
        p = tf.nn.softmax(x)
        return {"best": tf.argmax(p, 1), "p": p}
    return run, spec(tf.float32, 1000), lambda b: rng.normal(0, 3, (b, 1000)).astype(np.float32)


TABLE = rng.random((100000, 64), np.float32)


@case
def embed_50_ids_and_average():
    weights = tf.Variable(TABLE)
    return lambda x: tf.reduce_mean(tf.gather(weights, x), 1), spec(tf.int64, 50), \
        lambda b: rng.integers(0, len(TABLE), (b, 50)), weights


@case
def sparse_segment_sum_of_50_ids():
    weights = tf.Variable(TABLE)

    def run(x):
        rows = tf.repeat(tf.range(tf.shape(x)[0]), tf.fill([tf.shape(x)[0]], 50))
        return tf.sparse.segment_sum(weights, tf.reshape(x, [-1]), rows, num_segments=tf.shape(x)[0])
    return run, spec(tf.int64, 50), lambda b: rng.integers(0, len(TABLE), (b, 50)), weights


@case
def embed_a_weighted_mean_of_50_ids():
    table = tf.Variable(TABLE)

    def run(x):
        n = tf.shape(x, tf.int64)[0]
        rows = tf.stack([tf.repeat(tf.range(n), 50), tf.tile(tf.range(50, dtype=tf.int64), [n])], 1)
        ids = tf.SparseTensor(rows, tf.reshape(x, [-1]), [n, 50])
        by = tf.SparseTensor(rows, 1 / (1 + tf.cast(tf.reshape(x, [-1]), tf.float32)), [n, 50])
        return tf.nn.embedding_lookup_sparse(table, ids, by, combiner="mean")
    return run, spec(tf.int64, 50), lambda b: rng.integers(0, len(TABLE), (b, 50)), table


def to_json(a):
    if a.dtype != object:
        return a.tolist()
    encode = lambda v: {"b64": base64.b64encode(v if isinstance(v, bytes) else v.encode()).decode()}
    return [encode(v) if not isinstance(v, np.ndarray) else to_json(v) for v in a]


class TensorFlow:
    """A SavedModel in a Session, and the time that any call of one takes."""

    def __init__(self, folder):
        self.graph = tf.Graph()
        self.session = tf.compat.v1.Session(graph=self.graph)
        with self.graph.as_default():
            meta = tf.compat.v1.saved_model.load(self.session, ["serve"], str(folder))
            nothing = tf.compat.v1.placeholder(tf.float32, [])
            passed = tf.identity(nothing)
        sig = meta.signature_def["serving_default"]
        self.x = next(iter(sig.inputs.values())).name
        self.call = self.session.make_callable([v.name for v in sig.outputs.values()], [self.x])
        self.empty = self.session.make_callable([passed.name], [nothing.name])
        self.overhead = 1.0

    @staticmethod
    def mean(call, x, seconds):
        n, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            call(x)
            n += 1
        return (time.perf_counter() - start) / n

    def seconds(self, x):
        self.overhead = min(self.overhead, *(self.mean(self.empty, np.float32(0), SECONDS / 30) for _ in range(6)))
        return max(self.mean(self.call, x, SECONDS) - self.overhead, 1e-9)


def tensord(folder, inputs, runs):
    done = subprocess.run([TENSORD, "run", folder, "--inputs", inputs, "--time", str(runs)], capture_output=True, text=True)
    found = re.search(r"mean_ms=([\d.]+)", done.stderr)
    if not found:
        sys.exit(done.stderr)
    return float(found[1]) / 1e3


def measure(folder, engine, x):
    as_json = json.dumps({"inputs": to_json(x)}) if x.dtype == object else None
    file = folder / ("x.json" if as_json else "x.npy")
    if as_json:
        file.write_text(as_json)
    else:
        np.save(file, x)
    inputs = str(file) if as_json else f"x={file}"
    engine.seconds(x)  # warm
    runs = max(3, int(SECONDS / tensord(folder, inputs, 3)))
    theirs, ours = [], []
    for _ in range(ROUNDS):
        theirs.append(engine.seconds(x))
        ours.append(tensord(folder, inputs, runs))
    return statistics.median(theirs), statistics.median(ours)


def main():
    wanted = sys.argv[1:]
    print("| | rows | TensorFlow, us | tensord, us | times as fast |")
    print("|---|---:|---:|---:|---:|")
    for name, make in CASES.items():
        if wanted and not any(w in name for w in wanted):
            continue
        run, input_spec, data, *kept = make()
        with tempfile.TemporaryDirectory() as folder:
            module = tf.Module()
            module.kept = kept
            module.f = tf.function(run, input_signature=[input_spec])
            tf.saved_model.save(module, folder, signatures=module.f)
            engine = TensorFlow(folder)
            for rows in BATCHES:
                theirs, ours = measure(pathlib.Path(folder), engine, data(rows))
                print(f"| {name} | {rows} | {theirs * 1e6:.1f} | {ours * 1e6:.1f} | {theirs / ours:.2f} |", flush=True)


main()
