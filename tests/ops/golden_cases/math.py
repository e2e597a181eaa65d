# SPDX-License-Identifier: Apache-2.0
"""Elementwise ops, reductions, segments, searches: every type of each, at its edges."""
import numpy as np
import tensorflow as tf
from tensorflow.python.framework import op_def_registry

from golden_values import (ALL, COMPLEX, FLOATS, INTS, SIGNED, arr, edges, i32, i64, np_type, real, rng, scalar,
                           types)
from golden_writer import Like

PLAIN = "Abs Neg Sign Square Floor Ceil Rint Round IsNan IsInf IsFinite Relu Relu6 Invert PopulationCount Conj Reciprocal Inv".split()
SMOOTH = """Sqrt Rsqrt Exp Expm1 Log Log1p Sin Cos Tan Asin Acos Atan Sinh Cosh Tanh Asinh Acosh Atanh Sigmoid Erf Erfc Elu Selu Softplus
 Softsign Lgamma Digamma Erfinv Ndtri BesselI0 BesselI1 BesselI0e BesselI1e BesselK0 BesselK1 BesselK0e BesselK1e BesselJ0 BesselJ1 BesselY0
 BesselY1 Dawsn Expint FresnelCos FresnelSin Spence""".split()
DOMAIN = dict(Sqrt=(0, 50), Rsqrt=(.01, 50), Log=(.01, 50), Log1p=(-.9, 50), Asin=(-1, 1), Acos=(-1, 1), Acosh=(1, 9), Atanh=(-.99, .99),
              Erfinv=(-.99, .99), Ndtri=(.01, .99), BesselK0=(.1, 5), BesselK1=(.1, 5), BesselK0e=(.1, 5), BesselK1e=(.1, 5),
              BesselY0=(1, 2), BesselY1=(1, 2), Lgamma=(.5, 9), Digamma=(2, 9), Expint=(.5, 5), Spence=(.1, 3))
LIMIT = {"BesselI0", "BesselI1", "BesselJ0", "BesselJ1", "BesselY0", "BesselY1", "Expint", "Spence"}


def first(op):
    return op_def_registry.get(op).input_arg[0].name


def finite_quotient(e):
    """Complex numbers to divide by: over 0, TensorFlow's vectors say NaN, and what is left of a vector infinity."""
    return e[e != 0] if e.dtype.kind == "c" else e


def unary_plain():
    for op in PLAIN:
        for dt in types(op):
            e = finite_quotient(edges(dt)) if op in ("Reciprocal", "Inv") else edges(dt)
            yield op, {first(op): np.concatenate([e, e, e])[:21]}  # wider than a vector, with a tail
        yield op, {first(op): arr(types(op)[0], 0, 3)}
        yield op, {first(op): arr(types(op)[0])}
        yield op, {first(op): arr(types(op)[0], 1, 2, 1, 1, 2, 1, 1, 2)}


def unary_smooth():
    """Values inside the domain, then those at which the function has none or changes its branch."""
    for op in SMOOTH:
        lo, hi = DOMAIN.get(op, (-4, 4))
        for dt in types(op):
            if dt in COMPLEX:
                yield op, {first(op): arr(dt, 5, lo=-3, hi=3) * dt_one(dt, .5) + dt_one(dt, .25)}
            else:
                yield op, {first(op): rng.uniform(lo, hi, 21).astype(arr(dt).dtype)}
        for dt in ("float32", "float64", "float16"):
            if dt in types(op):                                       # where there is a limit, TensorFlow has NaN at infinity
                ends = [] if op in LIMIT else [np.inf, -np.inf]
                yield op, {first(op): scalar([np.nan, *ends, *([] if op == "BesselY1" else [0., -0.]), 1., -1.], dt)}
        yield op, {first(op): arr("float32", 3, 0)}


def dt_one(dt, v):
    return np.array(v).astype(arr(dt).dtype)


ARITHMETIC = "Add AddV2 Sub Mul Maximum Minimum SquaredDifference MulNoNan DivNoNan Xdivy".split()
DIVISION = "Div RealDiv FloorDiv TruncateDiv FloorMod TruncateMod Mod".split()
COMPARISON = "Less LessEqual Greater GreaterEqual Equal NotEqual ApproximateEqual".split()
BITS = "BitwiseAnd BitwiseOr BitwiseXor LeftShift RightShift".split()
GRADS = "ReluGrad Relu6Grad EluGrad SeluGrad SoftplusGrad SoftsignGrad SigmoidGrad TanhGrad SqrtGrad RsqrtGrad ReciprocalGrad InvGrad".split()
TWO = "Pow Atan2 Xlogy Xlog1py NextAfter".split()


def pair(op, a, b):
    names = [x.name for x in op_def_registry.get(op).input_arg]
    return op, dict(zip(names, (a, b)))


def table(op, dt, same=False):
    """Every edge against every other one, by broadcasting, or as two equal shapes."""
    e = edges(dt, few=True)
    d = finite_quotient(e) if op in ("Div", "RealDiv", "Xdivy", "TruncateDiv") else e
    return pair(op, np.repeat(e, len(d)), np.tile(d, len(e))) if same else pair(op, e[:, None], d)


def binary_arithmetic():
    for op in ARITHMETIC + COMPARISON:
        for dt in types(op):
            yield table(op, dt)
        dt = types(op)[0]
        yield pair(op, arr(dt, 0, 3), arr(dt, 1, 3))
        yield pair(op, arr(dt), arr(dt))
        if op not in ("ApproximateEqual",):
            yield pair(op, arr(dt, 2, 1, 3, 1, 2), arr(dt, 4, 1, 3, 1))
            yield pair(op, arr(dt, 17), arr(dt))
            yield pair(op, arr(dt, 1), arr(dt, 3, 17))
            yield pair(op, arr(dt, 3), arr(dt, 2))
    for op in ("Equal", "NotEqual"):
        yield op, dict(x=i32(1, 2), y=i32(1, 2, 3), incompatible_shape_error=False)
        yield op, dict(x=i32(1, 2), y=i32(1, 3), incompatible_shape_error=False)
    yield "ApproximateEqual", dict(x=real("float32", 5, odd=False), y=real("float32", 5, odd=False), tolerance=1.5)
    for dt in ("float32", "float64"): # where they differ by just the tolerance, or nearly
        yield "ApproximateEqual", dict(x=dt_one(dt, [1.0, 2.0, 0.5, 0.1, 3.0]), y=dt_one(dt, [3.0, 2.0, 2.6, 2.1, 1.0]), tolerance=2.0)
        yield "ApproximateEqual", dict(x=dt_one(dt, [0.1, 0.0]), y=dt_one(dt, [0.0, 1e-5]), tolerance=0.1)
    for op in ("LogicalAnd", "LogicalOr"):
        yield op, dict(x=arr("bool", 4, 1), y=arr("bool", 3))
        yield op, dict(x=arr("bool", 0), y=arr("bool"))
    yield "LogicalNot", dict(x=arr("bool", 33))
    yield "LogicalNot", dict(x=arr("bool", 0))


def binary_division():
    for op in DIVISION:
        for dt in types(op):
            if dt in INTS:
                e = edges(dt)
                for y in [v for v in e if v not in (0,) and not (np.iinfo(dt).min < 0 and v == -1)]:
                    yield pair(op, e, np.array(y))
                if dt in SIGNED:
                    yield pair(op, e[e != np.iinfo(dt).min], np.array(-1, dt))
                yield pair(op, e, np.array(0, dt))                    # an error
            else:
                yield table(op, dt)
                yield pair(op, real(dt, 17, odd=False), real(dt, 17, lo=.5, odd=dt not in COMPLEX))


def binary_bits():
    for op in BITS:
        for dt in types(op):
            yield table(op, dt)
        yield pair(op, arr("int32", 2, 0), arr("int32"))
    for dt in INTS:                                                   # shifts as wide as the type, and wider
        for op in ("LeftShift", "RightShift"):
            yield pair(op, edges(dt)[:, None], np.array([0, 1, 7, 8, 31, 63], dt))


def binary_smooth():
    for op in GRADS + TWO:
        for dt in types(op):
            if dt in INTS:
                if op == "Pow":
                    yield pair(op, edges(dt)[:, None], np.array([0, 1, 2, 3, 7], dt))
                    if dt in SIGNED:
                        yield pair(op, np.array([2, -1], dt), np.array([-1, 3], dt))
                else:
                    yield table(op, dt, same=op in GRADS)
            elif dt in COMPLEX:
                yield pair(op, arr(dt, 5, lo=1, hi=4), arr(dt, 5, lo=1, hi=3))
            else:
                yield pair(op, rng.uniform(1.5, 3, 17).astype(arr(dt).dtype), rng.uniform(-2, .9, 17).astype(arr(dt).dtype))
        for dt in ("float32", "float64"):
            yield table(op, dt, same=op in GRADS)
        if op in ("ReluGrad", "Relu6Grad", "EluGrad", "SeluGrad", "SoftplusGrad", "SoftsignGrad"):
            yield pair(op, arr("float32", 3, 1), arr("float32", 3))   # gradients do not broadcast
    for dt in types("LeakyRelu"):
        for alpha in (.2, 0., 1.5, -.5):
            yield "LeakyRelu", dict(features=edges(dt, few=True), alpha=alpha)
            yield "LeakyReluGrad", dict(gradients=real(dt, 9), features=edges(dt, few=True), alpha=alpha)
    for dt in ("float32", "float64"):
        a, x = real(dt, 9, lo=.5, hi=5, odd=False), real(dt, 9, lo=.1, hi=6, odd=False)
        for op in ("Igamma", "Igammac", "IgammaGradA"):
            yield op, dict(a=a, x=x)
            yield op, dict(a=scalar([0, 1, 1, -1, np.nan, 2], dt), x=scalar([1, 0, np.inf, 1, 1, np.nan], dt))
        yield "Zeta", dict(x=real(dt, 7, lo=1.5, hi=6, odd=False), q=real(dt, 7, lo=.5, hi=4, odd=False))
        yield "Zeta", dict(x=scalar([1, .5, 3], dt), q=scalar([2, 2, -1], dt))
        yield "Polygamma", dict(a=scalar([0, 1, 2, 3], dt), x=real(dt, 4, lo=.5, hi=5, odd=False))
        yield "Betainc", dict(a=a, b=real(dt, 9, lo=.5, hi=5, odd=False), x=real(dt, 9, lo=.01, hi=.99, odd=False))
        yield "Betainc", dict(a=scalar([1, 2, -1, 1, 1], dt), b=scalar([1, 1, 1, 0, 1], dt), x=scalar([0, 1, .5, .5, 2], dt))
        yield "Betainc", dict(a=scalar(2, dt), b=scalar(3, dt), x=real(dt, 5, lo=.01, hi=.99, odd=False))


def parts():
    """Complex numbers and their parts; casts; conditions; clipping; sums of many."""
    for small, big in (("float32", "complex64"), ("float64", "complex128")):
        z = edges(big)
        yield "Complex", dict(real=edges(small)[:9], imag=edges(small)[::-1][:9], Tout=big)
        yield "Complex", dict(real=real(small, 3, 1, odd=False), imag=real(small, 2, odd=False), Tout=big)
        for op, key in (("Real", "input"), ("Imag", "input"), ("Angle", "input"), ("ComplexAbs", "x")):
            yield op, {key: z, "Tout": small}
            yield op, {key: arr(big, 2, 0), "Tout": small}
    for dt in types("ClipByValue"):
        if dt not in COMPLEX:
            e = edges(dt)
            yield "ClipByValue", dict(t=e, clip_value_min=arr(dt, lo=0, hi=1), clip_value_max=np.array(3).astype(e.dtype))
    for lo, hi in ((np.nan, 3), (-1, np.nan), (np.nan, np.nan), (5, 1), (-np.inf, np.inf)):
        yield "ClipByValue", dict(t=edges("float32"), clip_value_min=np.float32(lo), clip_value_max=np.float32(hi))
    yield "ClipByValue", dict(t=real("float32", 3, 4), clip_value_min=real("float32", 3, 4, lo=-2, hi=0, odd=False),
                              clip_value_max=np.float32(1))
    for dt in types("AddN"):
        yield "AddN", dict(inputs=[edges(dt), edges(dt)[::-1].copy(), edges(dt)])
        yield "AccumulateNV2", dict(inputs=[arr(dt, 3, 2), arr(dt, 3, 2)], shape=[3, 2])
    yield "AddN", dict(inputs=[arr("float32", 3)])
    yield "AccumulateNV2", dict(inputs=[arr("float32", 0)] * 3, shape=[0])
    yield "AddN", dict(inputs=[arr("float32", 0, 2)] * 9)
    for dt in types("L2Loss"):
        yield "L2Loss", dict(t=arr(dt, 3, 5, lo=-3, hi=4))
        yield "L2Loss", dict(t=arr(dt, 0))
    for dt in types("Cross"):
        yield "Cross", dict(a=arr(dt, 2, 3), b=arr(dt, 2, 3))
    for op in ("CheckNumerics", "CheckNumericsV2"):
        for dt in FLOATS:
            yield op, dict(tensor=real(dt, 7, odd=False), message="m")
        yield op, dict(tensor=np.float32([1, np.nan]), message="bad")
        yield op, dict(tensor=np.float32([-np.inf]), message="bad")
        yield op, dict(tensor=arr("float32", 0), message="")


BEYOND = [0.5, -0.5, -1, 127.9, 128, 255.5, 256, 300, -128.5, -129, -300, 32768, 65504, 70000, -32769, -70000, 2147483648.0, -2147483904.0, 3e9,
          4294967296.0, 5e9, -3e9, -5e9, 1e30, -1e30, float("inf"), float("-inf"), float("nan")]


def cast():
    for a in ALL[:-1]:
        for b in ALL[:-1]:
            if a in COMPLEX and b not in COMPLEX:
                continue                                              # the imaginary part goes: parts() has Real
            e = edges(a)
            if a in FLOATS and b in INTS + ["bool"]:
                e = np.array([0, -0., 1, 2.5, 3.5, 100.9, .99] + ([-1.5, -100.9] if b in SIGNED else [])).astype(e.dtype)
            yield "Cast", dict(x=e, DstT=b)
    for a in ("float32", "float64"):
        e = np.array([1.00390625, 1.01171875, 3.3e38, 1 / 3, 65519, 65520, 1e-6, np.nan]).astype(a)
        for b in ("bfloat16", "float16", "float32"):
            yield "Cast", dict(x=e, DstT=b)
            yield "Cast", dict(x=e, DstT=b, Truncate=True)
    yield "Cast", dict(x=arr("int32", 0, 2), DstT="float32")
    # What does not fit: of whole vectors; what is left of one is cast alone, and becomes something else.
    for a in ("float16", "bfloat16", "float32", "float64"):
        wide = [v for v in BEYOND if abs(v) < 3e4] if a in ("float16", "float64") else BEYOND
        for b in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"):
            yield "Cast", dict(x=np.resize(wide, 64).astype(np_type(a)), DstT=b)


def select():
    for dt in ALL:
        e = edges(dt)
        n = len(e)
        yield "SelectV2", dict(condition=arr("bool", n), t=e, e=e[::-1].copy())
        yield "SelectV2", dict(condition=arr("bool", 3, 1), t=arr(dt, 4), e=arr(dt, 3, 4))
        yield "Select", dict(condition=arr("bool", n), t=e, e=e[::-1].copy())
        yield "Select", dict(condition=arr("bool", 3), t=arr(dt, 3, 2), e=arr(dt, 3, 2))
    yield "SelectV2", dict(condition=np.array(True), t=arr("float32"), e=arr("float32", 2, 2))
    yield "SelectV2", dict(condition=arr("bool", 0, 1), t=arr("int8", 1, 3), e=arr("int8"))
    yield "Select", dict(condition=np.array(False), t=arr("float32", 2, 2), e=arr("float32", 2, 2))
    yield "Select", dict(condition=arr("bool", 2), t=arr("float32", 3), e=arr("float32", 3))


def reduce():
    for op in ("Sum", "Prod", "Max", "Min", "Mean", "EuclideanNorm"):
        for dt in types(op):
            yield op, dict(input=arr(dt, 3, 4, 2, lo=-2, hi=3), reduction_indices=i32(-1, 0), keep_dims=False)
            yield op, dict(input=arr(dt, 2, 3, 2, lo=-2, hi=3), reduction_indices=i64(1), keep_dims=True)
            for axis in (i32(1), i32(0, 1)):
                yield op, dict(input=arr(dt, 2, 0), reduction_indices=axis)
            if dt in INTS:
                yield op, dict(input=edges(dt), reduction_indices=i32(0))
        for axis in (i32(0), i32(), i32(0, 1, 2), i32(2), i32(0, 2), i32(1, 2)):
            yield op, dict(input=arr("float32", 3, 5, 18, lo=-2, hi=3), reduction_indices=axis, keep_dims=bool(len(axis) & 1))
        yield op, dict(input=arr("float32", 1, 2, 1, 3, 2, 1, 2, 2, lo=0, hi=3), reduction_indices=i32(1, 3, 5, 7))
        yield op, dict(input=arr("float32"), reduction_indices=i32())
        yield op, dict(input=arr("float32", 0, 3), reduction_indices=i32(0))
        yield op, dict(input=arr("float32", 3, 0), reduction_indices=i32(0))
        yield op, dict(input=np.float32([[1, np.nan], [np.inf, 2], [-np.inf, np.inf]]), reduction_indices=i32(1))
        yield op, dict(input=np.float32([[np.nan, 1], [1, 2], [3, np.nan]]), reduction_indices=i32(0))
        yield op, dict(input=arr("float32", 3), reduction_indices=i32(1))
        yield op, dict(input=arr("float32", 3, 2), reduction_indices=i32(1, 1))
    yield "Max", dict(input=arr("int32", 0), reduction_indices=i32(0))
    yield "Min", dict(input=arr("uint8", 0), reduction_indices=i32(0))
    for op in ("All", "Any"):
        yield op, dict(input=arr("bool", 3, 4), reduction_indices=i32(1))
        yield op, dict(input=arr("bool", 3, 4), reduction_indices=i64(0), keep_dims=True)
        yield op, dict(input=arr("bool", 0, 2), reduction_indices=i32(0))
        yield op, dict(input=arr("bool", 2, 40), reduction_indices=i32(0, 1))
        yield op, dict(input=arr("bool"), reduction_indices=i32())


def arg():
    for op in ("ArgMax", "ArgMin"):
        for dt in types(op):
            if dt not in COMPLEX:
                yield op, dict(input=arr(dt, 3, 7), dimension=np.int32(-1))
                yield op, dict(input=arr(dt, 3, 7), dimension=np.int64(0), output_type="int32")
        yield op, dict(input=np.float32([[1, np.nan, 2], [np.nan, 1, 3], [-np.inf, np.inf, 0]]), dimension=np.int32(1))
        yield op, dict(input=np.float32([3, 1, 3, 1]), dimension=np.int32(0))
        for row in ([np.nan, -np.inf], [np.nan, np.inf], [np.inf, np.inf], [np.nan, np.nan, 5, 5], [-np.inf, np.nan]):
            yield op, dict(input=np.float32(row), dimension=np.int32(0))
        yield op, dict(input=arr("float32", 2, 3, 5), dimension=np.int32(1))
        yield op, dict(input=arr("float32", 0, 3), dimension=np.int32(1))
        yield op, dict(input=arr("float32", 0, 3), dimension=np.int32(0))
        yield op, dict(input=arr("float32", 2, 3), dimension=np.int32(2))
        yield op, dict(input=arr("uint8", 300, hi=255), dimension=np.int32(0), output_type="uint16" if op == "ArgMax" else "int64")


def cumulative():
    for op in ("Cumsum", "Cumprod"):
        for dt in types(op):
            yield op, dict(x=arr(dt, 3, 4, lo=-2, hi=3), axis=np.int32(1), exclusive=True, reverse=True)
            yield op, dict(x=arr(dt, 2, 3, 2, lo=-2, hi=3), axis=np.int64(-2))
    for exclusive in (False, True):
        for reverse in (False, True):
            for op in ("Cumsum", "Cumprod", "CumulativeLogsumexp"):
                yield op, dict(x=arr("float32", 3, 5, lo=-2, hi=3), axis=np.int32(0), exclusive=exclusive, reverse=reverse)
                yield op, dict(x=arr("float64", 4, 3, lo=-2, hi=3), axis=np.int64(1), exclusive=exclusive, reverse=reverse)
    for op in ("Cumsum", "Cumprod", "CumulativeLogsumexp"):
        yield op, dict(x=arr("float32", 0, 2), axis=np.int32(0))
        yield op, dict(x=np.float32([1, np.inf, -np.inf, np.nan, 2]), axis=np.int32(0))
        yield op, dict(x=arr("float32", 2), axis=np.int32(1))
    for dt in ("float16", "bfloat16"):
        yield "CumulativeLogsumexp", dict(x=arr(dt, 4, lo=-2, hi=3), axis=np.int32(0))


def segment():
    ids = i32(0, 0, 2, 2)
    for op in "SegmentSum SegmentMean SegmentProd SegmentMin SegmentMax".split():
        for dt in types(op):
            yield op, dict(data=arr(dt, 4, 2, lo=-2, hi=4), segment_ids=ids)
        yield op, dict(data=arr("float32", 4), segment_ids=i64(1, 1, 1, 3))
        yield op, dict(data=arr("float32", 0, 2), segment_ids=i32())
        yield op, dict(data=arr("float32", 3), segment_ids=i32(0, 2, 1))
        yield op, dict(data=arr("float32", 2), segment_ids=i32(-1, 0))
        yield op, dict(data=np.float32([np.nan, 1, 1, np.nan, 2, np.nan, np.inf, -np.inf]), segment_ids=i32(0, 0, 1, 1, 2, 2, 3, 3))
    for op in "Sum Prod Min Max".split():
        for dt in types("Segment%sV2" % op):                          # only XLA has it: alike where ids are sorted
            args = dict(data=arr(dt, 4, 2, lo=-2, hi=4), segment_ids=ids, num_segments=np.int32(4 if op in ("Sum", "Prod") else 3))
            if op in ("Min", "Max"):
                args["segment_ids"] = i32(0, 1, 2, 2)
            yield Like("Segment%sV2" % op, args, lambda: getattr(tf.raw_ops, "UnsortedSegment" + op)(**args).numpy())
        for name in ("UnsortedSegment" + op,):
            for dt in types(name):
                if op in ("Min", "Max") and dt in COMPLEX:
                    continue
                yield name, dict(data=arr(dt, 4, 2, lo=-2, hi=4), segment_ids=ids, num_segments=np.int32(4))
            yield name, dict(data=arr("float32", 4), segment_ids=i64(0, 1, 1, 2), num_segments=np.int64(3))
            yield name, dict(data=arr("float32", 0, 2), segment_ids=i32(), num_segments=np.int32(2))
            yield name, dict(data=arr("int32", 0, 2), segment_ids=i32(), num_segments=np.int32(2))
            yield name, dict(data=arr("float32", 2), segment_ids=i32(0, 5), num_segments=np.int32(2))
        yield "UnsortedSegment" + op, dict(data=arr("float32", 4), segment_ids=i32(3, -1, 0, 3), num_segments=np.int32(4))
        yield "UnsortedSegment" + op, dict(data=arr("float32", 2, 2, 3), segment_ids=i32(1, 0, 1, 1).reshape(2, 2), num_segments=np.int32(2))
        yield "UnsortedSegment" + op, dict(data=arr("float32", 2), segment_ids=i32(0, 1), num_segments=np.int32(-1))


def sparse_segment():
    idx, ids = i32(3, 3, 0, 1), i32(0, 0, 1, 3)
    for op in "SparseSegmentSum SparseSegmentMean SparseSegmentSqrtN".split():
        for dt in types(op):
            yield op, dict(data=arr(dt, 4, 2), indices=idx, segment_ids=ids)
            yield op + "WithNumSegments", dict(data=arr(dt, 4, 2), indices=idx, segment_ids=ids, num_segments=np.int32(5))
        yield op, dict(data=arr("float32", 4, 2), indices=i64(3, 0), segment_ids=i64(1, 1))
        yield op, dict(data=arr("float32", 4, 2), indices=i32(), segment_ids=i32())
        yield op, dict(data=arr("float32", 4), indices=i32(4), segment_ids=i32(0))
        yield op, dict(data=arr("float32", 4), indices=i32(0, 1), segment_ids=i32(1, 0))
        yield op + "WithNumSegments", dict(data=arr("float32", 4), indices=i64(0, 1), segment_ids=i64(0, 1), num_segments=np.int64(2))
        yield op + "WithNumSegments", dict(data=arr("float32", 4), indices=i32(0), segment_ids=i32(7), num_segments=np.int32(2))
        grad = op + "Grad"
        for dt in types(grad):
            yield grad, dict(grad=arr(dt, 4, 2), indices=idx, segment_ids=ids, output_dim0=np.int32(5))
        yield grad, dict(grad=arr("float32", 2, 2), indices=i64(0, 1), segment_ids=i64(0, 1), output_dim0=np.int32(2))
        yield grad, dict(grad=arr("float32", 2, 2), indices=i32(9), segment_ids=i32(0), output_dim0=np.int32(2))


def search():
    for op in ("LowerBound", "UpperBound"):
        for dt in types(op):
            if dt in COMPLEX + ["string", "bool"]:
                continue
            yield op, dict(sorted_inputs=np.sort(arr(dt, 2, 7), 1), values=arr(dt, 2, 3))
        yield op, dict(sorted_inputs=np.sort(arr("float32", 1, 9), 1), values=np.float32([[np.inf, -np.inf, 0]]), out_type="int64")
        yield op, dict(sorted_inputs=arr("float32", 2, 0), values=arr("float32", 2, 3))
        yield op, dict(sorted_inputs=arr("float32", 2, 3), values=arr("float32", 1, 3))
    for dt in types("Bucketize"):
        yield "Bucketize", dict(input=edges(dt)[3:], boundaries=[-2., 0., 5.])
    yield "Bucketize", dict(input=arr("float32", 2, 3), boundaries=[])
    yield "Bucketize", dict(input=np.float32([np.nan, np.inf, -np.inf]), boundaries=[1., 2.])
    for dt in types("Bincount"):
        yield "Bincount", dict(arr=i32(1, 3, 3, 9, 0), size=np.int32(5), weights=arr(dt, 0))
        yield "Bincount", dict(arr=i32(1, 3, 3, 9, 0), size=np.int32(5), weights=arr(dt, 5))
        for binary in (False, True):
            yield "DenseBincount", dict(input=i32(1, 0, 1, 1).reshape(2, 2), size=np.int32(3), weights=arr(dt, 2, 2), binary_output=binary)
            yield "DenseBincount", dict(input=i64(1, 0, 1, 7), size=np.int64(3), weights=arr(dt, 0), binary_output=binary)
            yield "SparseBincount", dict(indices=i64(0, 0, 0, 1, 2, 0).reshape(3, 2), values=i32(1, 1, 0), dense_shape=i64(3, 2),
                                         size=np.int32(3), weights=arr(dt, 3), binary_output=binary)
            yield "RaggedBincount", dict(splits=i64(0, 2, 2, 5), values=i32(1, 1, 0, 7, 0), size=np.int32(3), weights=arr(dt, 5), binary_output=binary)
    yield "SparseBincount", dict(indices=i64(0, 0, 1, 1).reshape(2, 2), values=i64(1, 1), dense_shape=i64(2, 2), size=np.int64(3),
                                 weights=arr("float32", 0))
    for splits in ((0, 3), (0, 0, 3, 3), (0, 3, 1, 3), (0,), (1, 3), (0, 2), (0, 4), ()):
        yield "RaggedBincount", dict(splits=i64(*splits), values=i64(1, 0, 1), size=np.int64(2), weights=arr("float32", 0))
    yield "RaggedBincount", dict(splits=i64(0), values=i64(), size=np.int64(2), weights=arr("float32", 0))
    yield "RaggedBincount", dict(splits=i64(0, 1), values=i64(-1), size=np.int64(2), weights=arr("float32", 0))
    yield "RaggedBincount", dict(splits=i64(0, 1), values=i64(0), size=np.int64(-1), weights=arr("float32", 0))
    yield "RaggedBincount", dict(splits=i64(0, 0).reshape(1, 2), values=i64(), size=np.int64(2), weights=arr("float32", 0))
    yield "Bincount", dict(arr=i32(-1), size=np.int32(5), weights=arr("float32", 0))
    yield "Bincount", dict(arr=i32(1), size=np.int32(-1), weights=arr("float32", 0))
    yield "DenseBincount", dict(input=i32(-1), size=np.int32(3), weights=arr("int32", 0))
    for dt in types("HistogramFixedWidth"):
        yield "HistogramFixedWidth", dict(values=arr(dt, 9), value_range=np.array([-4, 4], dt), nbins=np.int32(5))
        yield "HistogramFixedWidth", dict(values=arr(dt, 9), value_range=np.array([-4, 4], dt), nbins=np.int32(3), dtype="int64")
    yield "HistogramFixedWidth", dict(values=arr("float32", 3), value_range=np.float32([4, 4]), nbins=np.int32(5))
    yield "HistogramFixedWidth", dict(values=arr("float32", 3), value_range=np.float32([0, 4]), nbins=np.int32(0))
    for dt in types("IsotonicRegression"):
        if dt not in COMPLEX:
            out = dt if dt in FLOATS else "float32"
            yield "IsotonicRegression", dict(input=arr(dt, 2, 5), output_dtype=out)
    yield "IsotonicRegression", dict(input=arr("float32", 2, 0))
    yield "IsotonicRegression", dict(input=np.float32([[5, 4, 3, 3, 9, 8, 1]]))


def nearest():
    f = "float32"
    for n, m, d, k in ((4, 6, 3, 1), (4, 6, 3, 3), (1, 5, 2, 9), (3, 4, 1, 4), (2, 3, 2, 0), (2, 0, 2, 1), (2, 3, 0, 2), (0, 3, 2, 1)):
        yield "NearestNeighbors", dict(points=arr(f, n, d), centers=arr(f, m, d), k=np.int64(k))
    yield "NearestNeighbors", dict(points=arr(f, 3, 2), centers=np.repeat(arr(f, 2, 2), 3, 0), k=np.int64(5))
    for points, centers, k in (((3, 2), (3, 3), 1), ((3,), (3, 3), 1), ((3, 2), (2,), 1)):
        yield "NearestNeighbors", dict(points=arr(f, *points), centers=arr(f, *centers), k=np.int64(k))
    yield "NearestNeighbors", dict(points=arr(f, 3, 2), centers=arr(f, 3, 2), k=i64(1))
