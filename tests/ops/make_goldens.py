#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/ops/goldens/: what TensorFlow answers to small calls of single ops, and to small graphs.

    make_goldens.py [FOLDER | FOLDER/NAME ...]      needs tensorflow and numpy; tests/unit/ops/test_goldens.c reads the files
    make_goldens.py tftext                          needs tensorflow_text, too
    make_goldens.py tfdf                            needs tensorflow_decision_forests, too

golden_cases/FOLDER.py has a generator for each file. <folder>/<name>.txt holds calls: an op, its attributes, its inputs
in order, and its outputs or the code of its error:

    case Slice
    attr T type 1                       kinds: type, int, float, bool, string (hex), shape, ints, floats, types, strings,
                                        shapes (joined by ';')
    in 1 3,5 1.0 ...                    DataType, dims ("-": scalar), elements; strings in hex, "." is empty
    out 1 2,2 ...
    end

<folder>/<name>.graphs holds what needs more than one op: state, lists, functions. The model is a SavedModel in text
format with signature "s"; its runs share a session:

    graph TITLE
    file HEX                            or: file NAME HEX; what is at %FILE% of the model, or in its %FOLDER%
    model saved_model_schema_version: 1 ...
    run
    feed NAME 1 3,5 1.0 ...
    fetch NAME 1 2,2 ...                or: error CODE
    end
"""
import importlib.util
import inspect
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
import tensorflow as tf  # noqa: E402

import golden_values  # noqa: E402
import golden_writer  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
NEEDS = {"tftext": "tensorflow_text", "tfdf": "tensorflow_decision_forests"}
FOLDERS = sorted(p.stem for p in (HERE / "golden_cases").glob("[a-z]*.py"))


def generators(folder):
    module = importlib.import_module("golden_cases." + folder)
    return {k: f for k, f in vars(module).items() if inspect.isgeneratorfunction(f) and f.__module__ == module.__name__ and k[0] != "_"}


def lines_of(x, counts):
    """The lines of one case, or None where TensorFlow has no answer."""
    is_graph, is_like = isinstance(x, golden_writer.Graph), isinstance(x, golden_writer.Like)
    what = x.title if is_graph else x.op if is_like else x[0]
    try:
        lines = golden_writer.graph(x) if is_graph else golden_writer.like(x) if is_like else golden_writer.call(*x)
        counts[is_graph] += 1
        return lines
    except golden_writer.NoKernel:
        return None
    except (TypeError, ValueError, NotImplementedError, tf.errors.OpError) as e:
        print("%s: left out: %s" % (what, str(e).split("\n")[0][:150]))
        return None


def write(folder, name, make):
    golden_values.rng.bit_generator.state = type(golden_values.rng.bit_generator)(7).state  # each file by itself
    counts, texts = [0, 0], {".txt": [], ".graphs": []}
    for x in make():
        lines = lines_of(x, counts)
        if lines:
            texts[".graphs" if isinstance(x, golden_writer.Graph) else ".txt"] += lines
    (HERE / "goldens" / folder).mkdir(parents=True, exist_ok=True)
    for ending, lines in texts.items():
        if lines:
            (HERE / "goldens" / folder / (name + ending)).write_text("\n".join(lines) + "\n")
    print("%s/%s: %d calls, %d graphs" % (folder, name, *counts), flush=True)


def main():
    wanted = sys.argv[1:]
    for folder in FOLDERS:
        if wanted and not any(w.split("/")[0] == folder for w in wanted):
            continue
        if folder in NEEDS and not importlib.util.find_spec(NEEDS[folder]):
            print("%s: left out: there is no %s" % (folder, NEEDS[folder]))
            continue
        for name, make in generators(folder).items():
            if not wanted or folder in wanted or f"{folder}/{name}" in wanted:
                write(folder, name, make)


main()
