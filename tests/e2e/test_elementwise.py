#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Chains of elementwise ops whose operands have unlike widths: selects, masks, casts of conditions, casts between types."""
import pathlib
import tempfile
import unittest

import numpy as np

import graphs
import harness

X = np.linspace(-2, 2, 35, dtype=np.float32).reshape(5, 7)


class Expression:
    """Writes ops as they are applied: e.op("AddV2", "x", 0.5) -> the new node's name."""

    def __init__(self):
        self.graph = graphs.Graph().placeholder("x", "float32")
        self.count = 0

    def _name(self, value, dtype):
        if isinstance(value, str):
            return value
        self.count += 1
        self.graph.constant(f"c{self.count}", np.asarray(value, dtype))
        return f"c{self.count}"

    def op(self, op, *inputs, dtype="float32", **attributes):
        names = [self._name(i, dtype) for i in inputs]
        self.count += 1
        name = f"n{self.count}"
        self.graph.node(name, op, names, None if "SrcT" in attributes else dtype, **attributes)
        return name

    def where(self, condition, yes, no, dtype="float32"):
        return self.op("SelectV2", condition, yes, no, dtype=dtype)

    def cast(self, x, source, to):
        return self.op("Cast", x, SrcT=source, DstT=to)


def soft_shrink(e):
    small = e.where(e.op("Less", "x", -0.5), e.op("AddV2", "x", 0.5), e.op("Mul", "x", 0.0))
    return e.where(e.op("Greater", "x", 0.5), e.op("Sub", "x", 0.5), small)


def three(e):
    low = e.where(e.op("Less", "x", -0.5), e.op("AddV2", "x", 0.5), e.op("Mul", "x", 3.0))
    middle = e.where(e.op("Greater", "x", 0.5), e.op("Sub", "x", 0.5), low)
    return e.where(e.op("Greater", "x", 1.5), e.op("Mul", "x", 10.0), middle)


def select_then_multiply(e):
    return e.op("Mul", e.where(e.op("Greater", "x", 0.3), "x", e.op("Neg", "x")), "x")


def mask_then_scale(e):
    inside = e.op("LogicalAnd", e.op("Greater", "x", -1.0), e.op("Less", "x", 1.0))
    return e.op("Mul", e.where(inside, "x", -1e9), 0.125)


def count_then_add(e):
    return e.op("AddV2", e.cast(e.op("Greater", "x", 0.0), "bool", "float32"), "x")


def int_of_condition(e):
    ones = e.op("Mul", e.cast(e.op("Greater", "x", 0.0), "bool", "int32"), 3, dtype="int32")
    fours = e.cast(e.op("Mul", "x", 4.0), "float32", "int32")
    return e.cast(e.op("AddV2", ones, fours, dtype="int32"), "int32", "float32")


def double_of_float(e):
    wide = e.op("AddV2", e.op("Mul", e.cast("x", "float32", "float64"), 2.0, dtype="float64"), 1.0, dtype="float64")
    return e.op("Sub", e.cast(wide, "float64", "float32"), "x")


def half_of_float(e):
    mask = e.cast(e.op("Greater", "x", 0.0), "bool", "float16")
    half = e.op("AddV2", e.cast("x", "float32", "float16"), mask, dtype="float16")
    return e.op("Mul", e.cast(half, "float16", "float32"), "x")


def shrunk(x):
    return np.where(x > 0.5, x - 0.5, np.where(x < -0.5, x + 0.5, 0))


EXPRESSIONS = {
    soft_shrink: shrunk,
    three: lambda x: np.where(x > 1.5, x * 10, np.where(x > 0.5, x - 0.5, np.where(x < -0.5, x + 0.5, x * 3))),
    select_then_multiply: lambda x: np.where(x > np.float32(0.3), x, -x) * x,
    mask_then_scale: lambda x: np.where((x > -1) & (x < 1), x, np.float32(-1e9)) * np.float32(0.125),
    count_then_add: lambda x: (x > 0) + x,
    int_of_condition: lambda x: (x > 0) * 3 + np.trunc(x * 4),
    double_of_float: lambda x: (x.astype(np.float64) * 2 + 1).astype(np.float32) - x,
    half_of_float: lambda x: (x.astype(np.float16) + (x > 0).astype(np.float16)).astype(np.float32) * x,
}


class Elementwise(harness.ServerTest):
    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.models = {}
        for write in EXPRESSIONS:
            expression = Expression()
            result = write(expression)
            graph = expression.graph.node("y", "Identity", [result], "float32")
            graph.signature("serving_default", {"x": "float32"}, {"y": "y"})
            graphs.save(folder / write.__name__ / "1", graph)
            cls.models[write.__name__] = folder / write.__name__
        super().setUpClass()

    def test_values(self):
        for write, right in EXPRESSIONS.items():
            with self.subTest(write.__name__):
                y = self.server.predict(write.__name__, {"x": X})["y"]
                np.testing.assert_allclose(y, right(X), rtol=1e-5, atol=1e-5)


if __name__ == "__main__":
    unittest.main()
