#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write ten nets that nobody tuned tensord for, as SavedModels with random weights, for peers.py.

    nets.py DIR [NAME ...]

Needs TensorFlow and Keras 3 from PyPI. DIR/NAME/1 is the model, DIR/NAME/inputs.json what to send it.
"""
import json
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

if len(sys.argv) < 2:
    print(__doc__)
    sys.exit(0)

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras import layers, ops  # noqa: E402

IMAGE = {"x": ["float32", [224, 224, 3], -1, 1]}


def settle(model):
    """Moments other than 0 and 1, so that no norm is the identity."""
    rng = np.random.default_rng(0)
    for layer in model._flatten_layers():
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([rng.uniform(.8, 1.2, w.shape) if i in (0, 3) else rng.normal(0, .1, w.shape)
                               for i, w in enumerate(layer.get_weights())])
    return model


def efficientnet_v2():
    return settle(keras.applications.EfficientNetV2B0(weights=None)), IMAGE


def gpt():
    """A decoder as of 2024: root mean square norms, rotary positions, grouped queries, SwiGLU."""
    width, heads, groups, size, length = 384, 6, 2, 64, 128
    at = np.arange(length)[:, None] / 10000 ** (np.arange(0, size, 2) / size)
    cos, sin = (f(at).astype("f4")[None, :, None, :] for f in (np.cos, np.sin))
    causal = np.where(np.tri(length, dtype=bool), 0, -1e9).astype("f4")

    def norm(x):
        return layers.RMSNormalization()(x)

    def rotate(x):
        a, b = ops.split(x, 2, axis=-1)
        return ops.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)

    ids = keras.Input([length], dtype="int32", name="ids")
    x = layers.Embedding(8000, width)(ids)
    for _ in range(4):
        y = norm(x)
        q = rotate(layers.Reshape([length, heads, size])(layers.Dense(heads * size, use_bias=False)(y)))
        k = rotate(layers.Reshape([length, groups, size])(layers.Dense(groups * size, use_bias=False)(y)))
        v = layers.Reshape([length, groups, size])(layers.Dense(groups * size, use_bias=False)(y))
        k, v = (ops.repeat(t, heads // groups, axis=2) for t in (k, v))
        scores = ops.softmax(ops.einsum("bqhd,bkhd->bhqk", q, k) / 8.0 + causal, axis=-1)
        y = layers.Reshape([length, heads * size])(ops.einsum("bhqk,bkhd->bqhd", scores, v))
        x = x + layers.Dense(width, use_bias=False)(y)
        y = norm(x)
        x = x + layers.Dense(width, use_bias=False)(
            ops.silu(layers.Dense(1024, use_bias=False)(y)) * layers.Dense(1024, use_bias=False)(y))
    return keras.Model(ids, layers.Dense(8000, use_bias=False)(norm(x)[:, -1])), {"ids": ["int32", [length], 0, 8000]}


def slim_inception(folder):
    """An Inception of 2014 written as then: TensorFlow 1, reference variables, fused norms, LRN, one frozen Session."""
    v1 = tf.compat.v1
    rng = np.random.default_rng(0)

    def conv(x, n, k, stride=1):
        w = v1.Variable(rng.normal(0, (2 / (k * k * int(x.shape[-1]))) ** .5, [k, k, int(x.shape[-1]), n]).astype("f4"),
                        use_resource=False)
        y = tf.nn.conv2d(x, w, stride, "SAME")
        scale, offset, mean, var = (v1.Variable(rng.uniform(lo, hi, n).astype("f4"), use_resource=False)
                                    for lo, hi in ((.8, 1.2), (-.1, .1), (-.1, .1), (.8, 1.2)))
        return tf.nn.relu(v1.nn.fused_batch_norm(y, scale, offset, mean, var, epsilon=1e-3, is_training=False)[0])

    def block(x, a, b0, b, c0, c, d):
        return tf.concat([conv(x, a, 1), conv(conv(x, b0, 1), b, 3), conv(conv(x, c0, 1), c, 3),
                          conv(tf.nn.max_pool2d(x, 3, 1, "SAME"), d, 1)], 3)

    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None, 224, 224, 3], "x")
        y = tf.nn.max_pool2d(conv(x, 64, 7, 2), 3, 2, "SAME")
        y = tf.nn.local_response_normalization(y, 5, 1, 1e-4, .75)
        y = tf.nn.max_pool2d(conv(conv(y, 64, 1), 192, 3), 3, 2, "SAME")
        y = block(block(y, 64, 96, 128, 16, 32, 32), 128, 128, 192, 32, 96, 64)
        y = tf.nn.max_pool2d(y, 3, 2, "SAME")
        for at in ((192, 96, 208, 16, 48, 64), (160, 112, 224, 24, 64, 64), (256, 160, 320, 32, 128, 128)):
            y = block(y, *at)
        y = block(tf.nn.max_pool2d(y, 3, 2, "SAME"), 384, 192, 384, 48, 128, 128)
        y = tf.reduce_mean(y, [1, 2], keepdims=True)
        w = v1.Variable(rng.normal(0, .03, [1, 1, 1024, 1001]).astype("f4"), use_resource=False)
        y = tf.nn.softmax(tf.squeeze(tf.nn.conv2d(y, w, 1, "SAME"), [1, 2]))
        session.run(v1.global_variables_initializer())
        v1.saved_model.simple_save(session, folder, {"x": x}, {"y": y})
    return None, IMAGE


def retina():
    """A detector: a pyramid of maps, shared heads, boxes from anchors; what is before the suppression."""
    base = settle(keras.applications.MobileNetV2(input_shape=[256, 256, 3], weights=None, include_top=False, alpha=.75))
    maps = [base.get_layer(n).output for n in ("block_6_expand_relu", "block_13_expand_relu", "out_relu")]
    p5 = layers.Conv2D(96, 1)(maps[2])
    p4 = layers.Conv2D(96, 1)(maps[1]) + layers.UpSampling2D(2)(p5)
    p3 = layers.Conv2D(96, 1)(maps[0]) + layers.UpSampling2D(2)(p4)
    p6 = layers.Conv2D(96, 3, 2, "same")(p5)
    towers = [[layers.SeparableConv2D(96, 3, padding="same", activation="relu6") for _ in range(3)] for _ in range(2)]
    ends = [layers.Conv2D(9 * 20, 3, padding="same"), layers.Conv2D(9 * 4, 3, padding="same")]
    classes, boxes = [], []
    for p in (p3, p4, p5, p6):
        for tower, end, to, width in ((towers[0], ends[0], classes, 20), (towers[1], ends[1], boxes, 4)):
            y = p
            for layer in tower:
                y = layer(y)
            to.append(layers.Reshape([-1, width])(end(y)))
    scores, deltas = (layers.Concatenate(axis=1)(t) for t in (classes, boxes))
    anchors = np.random.default_rng(1).uniform(.1, .9, [1, int(deltas.shape[1]), 4]).astype("f4")
    centre = deltas[..., :2] * .1 * anchors[..., 2:] + anchors[..., :2]
    half = ops.exp(deltas[..., 2:] * .2) * anchors[..., 2:] / 2
    found = ops.concatenate([ops.sigmoid(scores), ops.clip(centre - half, 0, 1), ops.clip(centre + half, 0, 1)], -1)
    return keras.Model(base.input, found), {"x": ["float32", [256, 256, 3], -1, 1]}


def unet_3d():
    def twice(x, n):
        for _ in range(2):
            x = layers.ReLU()(layers.BatchNormalization()(layers.Conv3D(n, 3, padding="same")(x)))
        return x
    x = keras.Input([48, 64, 64, 1])
    a = twice(x, 12)
    b = twice(layers.MaxPooling3D()(a), 24)
    c = twice(layers.MaxPooling3D()(b), 48)
    y = twice(layers.Concatenate()([layers.Conv3DTranspose(24, 2, 2)(c), b]), 24)
    y = twice(layers.Concatenate()([layers.Conv3DTranspose(12, 2, 2)(y), a]), 12)
    return settle(keras.Model(x, layers.Conv3D(3, 1, activation="softmax")(y))), {"x": ["float32", [48, 64, 64, 1], -1, 1]}


def wavenet():
    x = keras.Input([2000, 1])
    y, skips = layers.Conv1D(48, 2, padding="causal")(x), 0
    for _ in range(2):
        for dilation in (1, 2, 4, 8, 16, 32, 64, 128):
            f, g = (layers.Conv1D(48, 2, padding="causal", dilation_rate=dilation)(y) for _ in range(2))
            z = ops.tanh(f) * ops.sigmoid(g)
            skips = skips + layers.Conv1D(96, 1)(z)
            y = y + layers.Conv1D(48, 1)(z)
    y = layers.Conv1D(256, 1)(layers.Conv1D(96, 1, activation="relu")(ops.relu(skips)))
    return keras.Model(x, y), {"x": ["float32", [2000, 1], -1, 1]}


def conformer():
    width, length = 144, 200
    x = keras.Input([4 * length, 80])
    y = layers.Reshape([4 * length, 80, 1])(x)
    y = layers.Conv2D(32, 3, 2, "same", activation="relu")(y)
    y = layers.Conv2D(32, 3, 2, "same", activation="relu")(y)
    y = layers.Dense(width)(layers.Reshape([length, 20 * 32])(y))

    def forward(y):
        z = layers.Dense(4 * width, activation="silu")(layers.LayerNormalization()(y))
        return y + .5 * layers.Dense(width)(z)
    for _ in range(4):
        y = forward(y)
        z = layers.LayerNormalization()(y)
        y = y + layers.MultiHeadAttention(4, width // 4)(z, z)
        z = layers.Dense(2 * width)(layers.LayerNormalization()(y))
        z = z[..., :width] * ops.sigmoid(z[..., width:])
        z = layers.DepthwiseConv1D(31, padding="same")(z)
        z = ops.silu(layers.BatchNormalization()(z))
        y = layers.LayerNormalization()(forward(y + layers.Dense(width)(z)))
    return settle(keras.Model(x, layers.Dense(64, activation="softmax")(y))), {"x": ["float32", [4 * length, 80], -1, 1]}


def mlp_mixer():
    x = keras.Input([224, 224, 3])
    y = layers.Reshape([196, 384])(layers.Conv2D(384, 16, 16)(x))
    for _ in range(8):
        z = layers.Permute([2, 1])(layers.LayerNormalization()(y))
        z = layers.Dense(196)(layers.Dense(192, activation="gelu")(z))
        y = y + layers.Permute([2, 1])(z)
        z = layers.Dense(1536, activation="gelu")(layers.LayerNormalization()(y))
        y = y + layers.Dense(384)(z)
    y = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(y))
    return keras.Model(x, layers.Dense(1000)(y)), IMAGE


def dlrm():
    """Click rates: 26 tables, a net for the numbers, every pair's dot product, a net on top."""
    cats, numbers = keras.Input([26], dtype="int32", name="cats"), keras.Input([13], name="numbers")
    dense = numbers
    for n in (256, 128, 64):
        dense = layers.Dense(n, activation="relu")(dense)
    rows = [layers.Embedding(5000, 64)(cats[:, i]) for i in range(26)]
    all_rows = ops.stack([dense] + rows, axis=1)
    dots = ops.matmul(all_rows, ops.transpose(all_rows, [0, 2, 1]))
    upper = np.triu_indices(27, 1)
    pairs = ops.take(layers.Reshape([27 * 27])(dots), upper[0] * 27 + upper[1], axis=1)
    y = layers.Concatenate()([dense, pairs])
    for n in (512, 256):
        y = layers.Dense(n, activation="relu")(y)
    return keras.Model([cats, numbers], layers.Dense(1, activation="sigmoid")(y)), \
        {"cats": ["int32", [26], 0, 5000], "numbers": ["float32", [13], -1, 1]}


def tabnet():
    """Tables: steps that choose columns by sparsemax."""
    columns, width = 64, 64

    def sparsemax(z):
        ranked = -ops.sort(-z, axis=-1)
        sums, k = ops.cumsum(ranked, axis=-1), np.arange(1, columns + 1, dtype="f4")
        support = ops.cast(ranked * k + 1 > sums, "float32")
        count = ops.sum(support, axis=-1, keepdims=True)
        return ops.relu(z - (ops.sum(support * ranked, axis=-1, keepdims=True) - 1) / count)

    def glu(x, dense):
        y = layers.BatchNormalization()(dense(x))
        return y[..., :width] * ops.sigmoid(y[..., width:])
    shared = [layers.Dense(2 * width, use_bias=False) for _ in range(2)]

    def transform(x):
        y = glu(x, shared[0])
        for dense in (shared[1], layers.Dense(2 * width, use_bias=False), layers.Dense(2 * width, use_bias=False)):
            y = (y + glu(y, dense)) * .5 ** .5
        return y
    x = keras.Input([columns])
    normal = layers.BatchNormalization()(x)
    y, prior, total = transform(normal), 1.0, 0
    for _ in range(5):
        mask = sparsemax(layers.BatchNormalization()(layers.Dense(columns, use_bias=False)(y[..., width // 2:])) * prior)
        prior = prior * (1.3 - mask)
        y = transform(mask * normal)
        total = total + ops.relu(y[..., :width // 2])
    return settle(keras.Model(x, layers.Dense(2, activation="softmax")(total))), {"x": ["float32", [columns], -2, 2]}


NETS = {"efficientnet_v2": efficientnet_v2, "gpt": gpt, "slim_inception": slim_inception, "retina": retina,
        "unet_3d": unet_3d, "wavenet": wavenet, "conformer": conformer, "mlp_mixer": mlp_mixer, "dlrm": dlrm,
        "tabnet": tabnet}


def main():
    for name in sys.argv[2:] or NETS:
        folder = pathlib.Path(sys.argv[1]) / name
        keras.utils.set_random_seed(7)
        make, where = NETS[name], str(folder / "1")
        model, inputs = make(where) if make is slim_inception else make()
        if model:
            model.export(where, verbose=False)
        (folder / "inputs.json").write_text(json.dumps(inputs))
        print(name, flush=True)


main()
