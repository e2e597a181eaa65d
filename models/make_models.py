#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the models of this directory and measures them. Needs TensorFlow 2.21, Keras 3 and scikit-learn;
nothing else in the repository does.

    make_models.py [OUT]        OUT is this directory unless named

half_plus_two/1   y = 0.5 * x + 2, a tf.Module with two variables
half_plus_two/2   the same function, and a second signature, half_plus_three, beside it
digits/1          a small convolutional net for scikit-learn's 8x8 digits, trained here; see README.md
"""
import json
import os
import pathlib
import shutil
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras
import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


class HalfPlus(tf.Module):
    """y = a * x + b over a vector of any length."""

    def __init__(self):
        super().__init__()
        self.a = tf.Variable(0.5, name="a")
        self.two = tf.Variable(2.0, name="two")
        self.three = tf.Variable(3.0, name="three")

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def plus_two(self, x):
        return {"y": self.a * x + self.two}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def plus_three(self, x):
        return {"y": self.a * x + self.three}


def fresh(path):
    shutil.rmtree(path, ignore_errors=True)
    return str(path)


def make_half_plus_two(out):
    module = HalfPlus()
    signatures = {"serving_default": module.plus_two}
    tf.saved_model.save(module, fresh(out / "1"), signatures)
    signatures["half_plus_three"] = module.plus_three
    tf.saved_model.save(module, fresh(out / "2"), signatures)


def digits_net():
    layers = keras.layers
    return keras.Sequential([
        keras.Input((8, 8, 1), name="image"),
        layers.Conv2D(16, 3, padding="same", use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.Conv2D(32, 3, padding="same", use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.MaxPooling2D(2),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.GlobalAveragePooling2D(),
        layers.Dropout(0.2),
        layers.Dense(10, activation="softmax"),
    ], name="digits")


def make_digits(out):
    keras.utils.set_random_seed(1)
    data = load_digits()
    images = (data.images / 16.0).astype(np.float32)[..., None]
    x, x_test, y, y_test = train_test_split(images, data.target, test_size=360, random_state=1,
                                            stratify=data.target)
    model = digits_net()
    model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=32, epochs=30, verbose=0)
    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serve", model.call,
                         input_signature=[tf.TensorSpec((None, 8, 8, 1), tf.float32, name="image")])
    archive.write_out(fresh(out / "1"), verbose=False)
    served = tf.saved_model.load(str(out / "1")).signatures["serving_default"]
    probabilities = list(served(tf.constant(x_test)).values())[0].numpy()
    wrong = np.flatnonzero(probabilities.argmax(1) != y_test)
    print(f"digits: {model.count_params()} parameters, {len(x_test)} held-out images, "
          f"accuracy {accuracy:.4f} in Keras, {1 - len(wrong) / len(x_test):.4f} as served")
    write_examples(out / "examples.json", x_test, y_test, probabilities)


def write_examples(path, images, labels, probabilities):
    """Eight held-out images with what TensorFlow answers, for tests and for curl."""
    tidy = lambda a: [float(str(v)) for v in a]
    rows = [{"label": int(labels[i]), "image": images[i].round(4).tolist(),
             "probabilities": tidy(probabilities[i])} for i in range(8)]
    path.write_text(json.dumps(rows, separators=(",", ":")) + "\n")


def main():
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent).resolve()
    make_half_plus_two(out / "half_plus_two")
    make_digits(out / "digits")
    for path in out.rglob("fingerprint.pb"):
        path.unlink()  # differs at each run and nobody reads it
    for path in out.rglob("assets"):
        path.rmdir()  # empty


main()
