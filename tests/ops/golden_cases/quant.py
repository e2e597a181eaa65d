# SPDX-License-Identifier: Apache-2.0
"""Quantised numbers. Those of quantised types stay inside of graphs; their bits are what is compared."""
import numpy as np
import tensorflow as tf

from golden_values import arr, real
from golden_writer import Graph

R = tf.raw_ops
BITS = {"qint8": tf.int8, "quint8": tf.uint8, "qint16": tf.int16, "quint16": tf.uint16, "qint32": tf.int32}


def fake():
    x = real("float32", 3, 7, lo=-8., hi=8., odd=False)
    for bits in (2, 4, 8, 16):
        for narrow in (False, True):
            more = dict(num_bits=bits, narrow_range=narrow)
            for lo, hi in ((-6., 6.), (-1., 3.), (0., 5.), (1., 5.), (-9., -2.)):
                yield "FakeQuantWithMinMaxArgs", dict(inputs=x, min=lo, max=hi, **more)
                yield "FakeQuantWithMinMaxArgsGradient", dict(gradients=arr("float32", 3, 7), inputs=x, min=lo, max=hi, **more)
                yield "FakeQuantWithMinMaxVars", dict(inputs=x, min=np.float32(lo), max=np.float32(hi), **more)
            lo, hi = -np.abs(arr("float32", 7)) - 1, np.abs(arr("float32", 7))
            yield "FakeQuantWithMinMaxVarsPerChannel", dict(inputs=x, min=lo, max=hi, **more)
            yield "FakeQuantWithMinMaxVarsPerChannel", dict(inputs=x[0], min=lo, max=hi, **more)
    yield "FakeQuantWithMinMaxArgs", dict(inputs=x[:0])
    yield "FakeQuantWithMinMaxArgs", dict(inputs=x[0, 0])
    yield "FakeQuantWithMinMaxArgs", dict(inputs=x, min=3., max=3.)
    yield "FakeQuantWithMinMaxArgs", dict(inputs=x, num_bits=1)
    yield "FakeQuantWithMinMaxVars", dict(inputs=x, min=np.float32(0), max=np.float32(0))
    yield "FakeQuantWithMinMaxVars", dict(inputs=x, min=np.float32([0, 1]), max=np.float32(1))
    yield "FakeQuantWithMinMaxVarsPerChannel", dict(inputs=x, min=np.zeros(7, "float32"), max=np.zeros(7, "float32"))
    yield "FakeQuantWithMinMaxVarsPerChannel", dict(inputs=x, min=np.zeros(6, "float32"), max=np.ones(6, "float32"))
    yield "FakeQuantWithMinMaxArgsGradient", dict(gradients=arr("float32", 3), inputs=x)


def round_trips():
    for dt in ("float32", "float64", "float16", "bfloat16"):
        x = real(dt, 3, 4, lo=-4., hi=4., odd=False)
        one, rows = (lambda v: np.array(v).astype(x.dtype)), (lambda *v: np.array(v).astype(x.dtype))
        for op in ("QuantizeAndDequantizeV2", "QuantizeAndDequantizeV4"):
            for given in (False, True):
                for mode in ("HALF_TO_EVEN", "HALF_UP"):
                    for signed, narrow, bits in ((True, False, 8), (True, True, 4), (False, False, 3)):
                        more = dict(signed_input=signed, num_bits=bits, range_given=given, round_mode=mode, narrow_range=narrow)
                        lo = -2.5 if signed else 0
                        yield op, dict(input=x, input_min=one(lo), input_max=one(3), **more)
                        if not given:  # TensorFlow wants scalars there; V3 takes a range along an axis
                            yield op, dict(input=x, input_min=rows(lo, lo / 2, lo, lo), input_max=rows(1, 2, 3, 4), axis=1, **more)
                            yield op, dict(input=x, input_min=rows(lo, lo / 2, lo), input_max=rows(1, 2, 3), axis=0, **more)
        for given in (False, True):
            for bits in (3, 8):
                more = dict(num_bits=np.int32(bits), range_given=given, narrow_range=bits == 3)
                yield "QuantizeAndDequantizeV3", dict(input=x, input_min=one(-3), input_max=one(2), **more)
                yield "QuantizeAndDequantizeV3", dict(input=np.abs(x), input_min=one(0), input_max=one(2), signed_input=False, **more)
                yield "QuantizeAndDequantizeV3", dict(input=x, input_min=rows(-3, -2, -1), input_max=rows(1, 2, 3), axis=0, **more)
    x, zero = arr("float32", 3, 4), np.float32(0)
    for op, more in (("QuantizeAndDequantizeV2", {}), ("QuantizeAndDequantizeV4", {}), ("QuantizeAndDequantizeV3", dict(num_bits=np.int32(8)))):
        yield op, dict(input=x, input_min=np.float32(3), input_max=np.float32(-3), range_given=True, **more)
        yield op, dict(input=x, input_min=zero, input_max=np.float32(1), range_given=True, axis=5, **more)
        yield op, dict(input=x, input_min=np.float32([0, 1]), input_max=np.float32([1, 2]), range_given=True, axis=1, **more)
        yield op, dict(input=x[:0], input_min=zero, input_max=np.float32(1), range_given=True, **more)
    yield "QuantizeAndDequantizeV2", dict(input=x, input_min=zero, input_max=zero, num_bits=63)
    yield "QuantizeAndDequantizeV3", dict(input=x, input_min=zero, input_max=zero, num_bits=np.int32(0))


def _bits(q, name):
    return R.Bitcast(input=q, type=BITS[name])


def steps():
    x = np.float32([-5, -4, -3.3, -1, -.5, -.01, 0, .01, .4, 1, 2.2, 3, 4, 4.4])
    for name in BITS:
        for mode in ("MIN_COMBINED", "MIN_FIRST", "SCALED"):
            for rounding in ("HALF_AWAY_FROM_ZERO", "HALF_TO_EVEN") if mode == "SCALED" else ("HALF_AWAY_FROM_ZERO",):
                for narrow in (False, True) if mode == "SCALED" else (False,):
                    def build(inits, x, lo, hi):
                        q, a, b = R.QuantizeV2(input=x, min_range=lo, max_range=hi, T=tf.as_dtype(name), mode=mode, round_mode=rounding, narrow_range=narrow)
                        back = R.Dequantize(input=q, min_range=a, max_range=b, mode=mode, narrow_range=narrow)
                        return dict(a=a, b=b, back=back, **({} if name == "qint32" else dict(bits=_bits(q, name))))
                    yield Graph("%s %s %s %s" % (name, mode, rounding, narrow), build,
                                *[dict(x=x, lo=np.float32(lo), hi=np.float32(hi)) for lo, hi in ((-4, 4.5), (0, 3), (-2, 0), (1, 1), (2, -2))])

        def short(inits, x, lo, hi):
            q, a, b = R.QuantizeV2(input=x, min_range=lo, max_range=hi, T=tf.as_dtype(name))
            return dict(back=R.Dequantize(input=q, min_range=a, max_range=b, dtype=tf.bfloat16))
        yield Graph(name + " to bfloat16", short, dict(x=x, lo=np.float32(-5), hi=np.float32(5)))

        def along(inits, x, lo, hi):
            q, a, b = R.QuantizeV2(input=x, min_range=lo, max_range=hi, T=tf.as_dtype(name), mode="SCALED", axis=1, ensure_minimum_range=.5)
            return dict(a=a, b=b, back=R.Dequantize(input=q, min_range=a, max_range=b, mode="SCALED", axis=1))
        yield Graph(name + " along an axis", along, dict(x=x.reshape(7, 2), lo=np.float32([-3, -1]), hi=np.float32([2, 2])), shapes=dict(x=(7, 2)))


def _quint8(x, lo, hi):
    return R.QuantizeV2(input=x, min_range=lo, max_range=hi, T=tf.quint8, mode="MIN_FIRST")


def networks():
    """What TF1's quantised graphs are made of, one op at a time."""
    x, y = real("float32", 4, 6, lo=-2., hi=3., odd=False), real("float32", 4, 6, lo=-1., hi=4., odd=False)

    def result(z, lo, hi, **more):
        return dict(z=R.Bitcast(input=z, type=BITS[z.dtype.name]), lo=lo, hi=hi, **more)

    def pair(make):
        def build(inits, x, y):
            a, b = _quint8(x, -2., 3.), _quint8(y, -1., 4.)
            return result(*make(a, b))
        return build
    for op, names in ((R.QuantizedAdd, "xyz"), (R.QuantizedMul, "xyz")):
        def make(a, b):
            return op(x=a[0], y=b[0], min_x=a[1], max_x=a[2], min_y=b[1], max_y=b[2], Toutput=tf.qint32)
        yield Graph(op.__name__, pair(make), dict(x=x, y=y), dict(x=x, y=y[0]), dict(x=x, y=y[:, 0]))
    for ta in (False, True):
        for tb in (False, True):
            def make(a, b):
                return R.QuantizedMatMul(a=a[0], b=b[0], min_a=a[1], max_a=a[2], min_b=b[1], max_b=b[2], Toutput=tf.qint32, transpose_a=ta, transpose_b=tb)
            p, q = x.T if ta else x, y if tb else y.T
            yield Graph("QuantizedMatMul %s %s" % (ta, tb), pair(make), dict(x=p, y=q), dict(x=p, y=q[:1]))

    def bias(a, b):
        return R.QuantizedBiasAdd(input=a[0], bias=b[0], min_input=a[1], max_input=a[2], min_bias=b[1], max_bias=b[2], out_type=tf.qint32)
    yield Graph("QuantizedBiasAdd", pair(bias), dict(x=x, y=y[0]), dict(x=x, y=y[0, :3]))

    def relu(inits, x):
        a = _quint8(x, -3., 8.)
        one, six = (f(features=a[0], min_features=a[1], max_features=a[2], out_type=tf.quint8) for f in (R.QuantizedRelu, R.QuantizedRelu6))
        shaped = R.QuantizedReshape(tensor=a[0], shape=tf.constant([3, -1]), input_min=a[1], input_max=a[2])
        return dict(one=_bits(one[0], "quint8"), lo=one[1], hi=one[2], six=_bits(six[0], "quint8"), lo_6=six[1], hi_6=six[2],
                    shaped=_bits(shaped[0], "quint8"), lo_s=shaped[1], hi_s=shaped[2])
    yield Graph("activations", relu, dict(x=x * 3), dict(x=x[:0]), dict(x=x[0, :4]))

    def ranges(inits, x, y, lo, hi):
        a, b = _quint8(x, -2., 3.), _quint8(y, -1., 4.)
        p = R.QuantizedMatMul(a=a[0], b=b[0], min_a=a[1], max_a=a[2], min_b=b[1], max_b=b[2], Toutput=tf.qint32, transpose_b=True)
        s = R.QuantizeDownAndShrinkRange(input=p[0], input_min=p[1], input_max=p[2], out_type=tf.quint8)
        r = R.RequantizationRange(input=p[0], input_min=p[1], input_max=p[2])
        q = R.Requantize(input=p[0], input_min=p[1], input_max=p[2], requested_output_min=lo, requested_output_max=hi, out_type=tf.quint8)
        return dict(s=_bits(s[0], "quint8"), s_lo=s[1], s_hi=s[2], lo=r[0], hi=r[1], q=_bits(q[0], "quint8"), q_lo=q[1], q_hi=q[2])
    yield Graph("ranges", ranges, *[dict(x=x, y=y, lo=np.float32(lo), hi=np.float32(hi)) for lo, hi in ((-9, 20), (0, 5), (1, 2), (-1, -2))])


def windows():
    image, filters = real("float32", 2, 5, 6, 3, lo=-2., hi=3., odd=False), real("float32", 3, 2, 3, 4, lo=-1., hi=4., odd=False)
    for padding in ("SAME", "VALID"):
        for strides in ([1, 1, 1, 1], [1, 2, 2, 1], [1, 2, 1, 1]):
            def conv(inits, x, f):
                a, b = _quint8(x, -2., 3.), _quint8(f, -1., 4.)
                z, lo, hi = R.QuantizedConv2D(input=a[0], filter=b[0], min_input=a[1], max_input=a[2], min_filter=b[1], max_filter=b[2], out_type=tf.qint32,
                                              strides=strides, padding=padding)
                return dict(z=_bits(z, "qint32"), lo=lo, hi=hi)
            if strides[1] == strides[2]:  # TensorFlow has no others
                yield Graph("QuantizedConv2D %s %s" % (padding, strides), conv, dict(x=image, f=filters), dict(x=image[:, :4, :4], f=filters[:1, :1]),
                            dict(x=image, f=filters[:, :, :2]))

            def pool(inits, x, k=2 if padding == "SAME" else 3):
                a = _quint8(x, -2., 3.)
                most, lo, hi = R.QuantizedMaxPool(input=a[0], min_input=a[1], max_input=a[2], ksize=[1, 3, k, 1], strides=strides, padding=padding)
                mean, low, high = R.QuantizedAvgPool(input=a[0], min_input=a[1], max_input=a[2], ksize=[1, k, 2, 1], strides=strides, padding=padding)
                return dict(most=_bits(most, "quint8"), lo=lo, hi=hi, mean=_bits(mean, "quint8"), low=low, high=high)
            yield Graph("pools %s %s" % (padding, strides), pool, dict(x=image), dict(x=image[:, :3, :3]), dict(x=image[0]))
    for dim in (0, 1, -1, 2):
        def concat(inits, x, y):
            a, b = _quint8(x, -2., 3.), _quint8(y, -1., 4.)
            z, lo, hi = R.QuantizedConcat(concat_dim=dim, values=[a[0], b[0]], input_mins=[a[1], b[1]], input_maxes=[a[2], b[2]])
            return dict(z=_bits(z, "quint8"), lo=lo, hi=hi)
        x = real("float32", 2, 3, lo=-2., hi=3., odd=False)
        yield Graph("QuantizedConcat %d" % dim, concat, dict(x=x, y=x[::-1].copy()), dict(x=x, y=x[:1]), dict(x=x, y=x[:, :1]))


def uniform():
    x = real("float32", 3, 4, lo=-4., hi=4., odd=False)
    one, rows, cols = (np.float32(.05), np.int32(3)), (np.float32([.05, .02, .1]), np.array([3, -2, 0], "int32")), (np.float32([.1, .2, .3, .4]), np.array([0, 1, 2, 3], "int32"))
    for name, low, high in (("qint8", -128, 127), ("qint8", -100, 90), ("qint32", -2**31, 2**31 - 1)):
        for axis, (scales, zeros) in ((-1, one), (0, rows), (1, cols), (2, one), (-1, rows)):
            def there(inits, x, s, z):
                attrs = dict(quantization_axis=axis, quantization_min_val=low, quantization_max_val=high)
                q = R.UniformQuantize(input=x, scales=s, zero_points=z, Tout=tf.as_dtype(name), **attrs)
                back = R.UniformDequantize(input=q, scales=s, zero_points=z, Tout=tf.float32, **attrs)
                return dict(q=_bits(q, name), back=back)
            yield Graph("uniform %s %d %d" % (name, low, axis), there, dict(x=x, s=scales, z=zeros), dict(x=x, s=scales * 0, z=zeros))
    for before, after in ((-1, -1), (0, 0), (0, -1), (-1, 1), (1, 1)):
        for name, low in (("qint8", -128), ("qint32", -1000)):
            def again(inits, x, s, z, t, y):
                q = R.UniformQuantize(input=x, scales=s, zero_points=z, Tout=tf.as_dtype(name), quantization_axis=before, quantization_min_val=low,
                                      quantization_max_val=-1 - low)
                r = R.UniformRequantize(input=q, input_scales=s, input_zero_points=z, output_scales=t, output_zero_points=y, Tout=tf.qint8,
                                        input_quantization_axis=before, input_quantization_min_val=low, input_quantization_max_val=-1 - low,
                                        output_quantization_axis=after, output_quantization_min_val=low // 8, output_quantization_max_val=127 + low // 100)
                return dict(r=_bits(r, "qint8"))
            s, t = ({-1: one, 0: rows, 1: cols}[a] for a in (before, after))
            yield Graph("uniform again %s %d %d" % (name, before, after), again, dict(x=x, s=s[0], z=s[1], t=t[0] * np.float32(1.7), y=t[1]))
    for axis, (scales, zeros) in ((-1, one), (0, rows), (1, cols)):
        for high in (2**31 - 1, 99):
            def clip(inits, x, s, z):
                attrs = dict(quantization_axis=axis, quantization_min_val=-1 - high, quantization_max_val=high)
                q = R.UniformQuantize(input=x, scales=s, zero_points=z, Tout=tf.qint32, **attrs)
                low, most = (R.Bitcast(input=z * 0 + v, type=tf.qint32) for v in (-20, 30))
                return dict(q=_bits(R.UniformQuantizedClipByValue(operand=q, min=low, max=most, scales=s, zero_points=z, **attrs), "qint32"))
            yield Graph("uniform clip %d %d" % (axis, high), clip, dict(x=x, s=scales, z=zeros))


def uniform_sums():
    one, cols = (np.float32(.05), np.int32(3)), (np.float32([.01, .02, .03, .04]), np.array([0, 1, 2, 3], "int32"))
    for left, right, out in ((-1, -1, -1), (1, 1, 1), (-1, 0, -1), (1, -1, -1)):  # TensorFlow dies of (-1, -1, 1)
        for high in (2**31 - 1, 99):
            def add(inits, x, y, s, z, t, u, v, w):
                q, r = R.Bitcast(input=x, type=tf.qint32), R.Bitcast(input=y, type=tf.qint32)
                k = dict(lhs_quantization_min_val=-high, lhs_quantization_max_val=high, rhs_quantization_min_val=-high, rhs_quantization_max_val=high)
                return dict(z=_bits(R.UniformQuantizedAdd(lhs=q, rhs=r, lhs_scales=s, lhs_zero_points=z, rhs_scales=t, rhs_zero_points=u, output_scales=v,
                                                          output_zero_points=w, lhs_quantization_axis=left, rhs_quantization_axis=right,
                                                          output_quantization_axis=out, output_quantization_min_val=-high,
                                                          output_quantization_max_val=high, **k), "qint32"))
            s, t, v = (one if a < 0 else cols for a in (left, right, out))
            yield Graph("uniform add %d %d %d %d" % (left, right, out, high), add,
                        dict(x=arr("int32", 3, 4, lo=-900, hi=900), y=arr("int32", *((4,) if right == 0 else (3, 4))), s=s[0], z=s[1], t=t[0], u=t[1], v=v[0], w=v[1]))
    for right, out in ((-1, -1), (1, 1), (1, -1)):
        for low in (-128, -127):
            def dot(inits, x, y, s, z, t, u, v, w):
                q, r = R.Bitcast(input=x, type=tf.qint8), R.Bitcast(input=y, type=tf.qint8)
                k = dict(lhs_quantization_min_val=low, lhs_quantization_max_val=-1 - low, rhs_quantization_min_val=low, rhs_quantization_max_val=-1 - low)
                return dict(z=_bits(R.UniformQuantizedDot(lhs=q, rhs=r, lhs_scales=s, lhs_zero_points=z, rhs_scales=t, rhs_zero_points=u, output_scales=v,
                                                          output_zero_points=w, Tout=tf.qint32, rhs_quantization_axis=right, output_quantization_axis=out,
                                                          output_quantization_min_val=low * 3, output_quantization_max_val=-low * 4, **k), "qint32"))
            t, v = (one if a < 0 else cols for a in (right, out))
            yield Graph("uniform dot %d %d %d" % (right, out, low), dot,
                        dict(x=arr("int8", 3, 5, lo=-99, hi=99), y=arr("int8", 5, 4, lo=-99, hi=99), s=one[0], z=one[1], t=t[0], u=t[1] * 0, v=v[0], w=v[1]))


def images():
    x = real("float32", 2, 4, 5, 3, lo=-2., hi=3., odd=False)
    for corners in (False, True):
        for half in (False, True):
            def resize(inits, x, n):
                a = _quint8(x, -2., 3.)
                small = R.QuantizedResizeBilinear(images=a[0], size=n, min=a[1], max=a[2], align_corners=corners, half_pixel_centers=half)
                wide = R.QuantizedResizeBilinear(images=R.Bitcast(input=x, type=tf.qint32), size=n, min=-1., max=1., align_corners=corners, half_pixel_centers=half)
                plain = R.QuantizedResizeBilinear(images=x, size=n, min=-1., max=1., align_corners=corners, half_pixel_centers=half)
                return dict(small=_bits(small[0], "quint8"), lo=small[1], hi=small[2], wide=_bits(wide[0], "qint32"), plain=plain[0])
            yield Graph("QuantizedResizeBilinear %s %s" % (corners, half), resize,
                        *[dict(x=x, n=np.array(n, "int32")) for n in ((7, 6), (2, 3), (4, 5), (1, 9), (0, 3), (3,))], dict(x=x[0], n=np.array([3, 3], "int32")))
    for given, more in ((False, {}), (True, dict(given_y_min=-1.5, given_y_max=2.5)), (False, dict(variance_epsilon=.5, min_separation=9.))):
        def norm(inits, x, lo, hi):
            a = _quint8(x, -2., 3.)
            y, low, high = R.QuantizedInstanceNorm(x=a[0], x_min=lo, x_max=hi, output_range_given=given, **more)
            return dict(y=_bits(y, "quint8"), lo=low, hi=high)
        yield Graph("QuantizedInstanceNorm %s" % sorted(more), norm, *[dict(x=v, lo=np.float32(lo), hi=np.float32(2)) for v, lo in ((x, -2), (x[:1], 0), (x[:, :1, :1], -2), (x, 3))])


def _numbers(lhs, rhs, out):
    from tensorflow.core.util.quantization import uniform_quant_ops_attr_pb2 as pb
    m = pb.UniformQuantizedConvolutionDimensionNumbersAttr()
    for n, (b, f, spatial) in (("input", lhs), ("output", out)):
        setattr(m, n + "_batch_dimension", b)
        setattr(m, n + "_feature_dimension", f)
        getattr(m, n + "_spatial_dimensions").extend(spatial)
    m.kernel_input_feature_dimension, m.kernel_output_feature_dimension = rhs[:2]
    m.kernel_spatial_dimensions.extend(rhs[2])
    return m.SerializeToString()


def uniform_windows():
    last = _numbers((0, 3, (1, 2)), (2, 3, (0, 1)), (0, 3, (1, 2)))
    odd = _numbers((2, 0, (3, 1)), (1, 0, (3, 2)), (3, 2, (0, 1)))
    kinds = [dict(padding="SAME", dimension_numbers=last), dict(padding="VALID", window_strides=[2, 1], dimension_numbers=last),
             dict(padding="EXPLICIT", explicit_padding=[1, 0, 2, 1], dimension_numbers=last, rhs_dilation=[1, 2]), dict(padding="SAME", lhs_dilation=[2, 3], dimension_numbers=last),
             dict(padding="VALID", feature_group_count=2, dimension_numbers=last), dict(padding="VALID", batch_group_count=2, dimension_numbers=last),
             dict(padding="VALID", dimension_numbers=odd), dict(padding="VALID"), dict(padding="SAME", window_strides=[2])]
    bad = [dict(padding="VALID", window_strides=[1]), dict(padding="VALID", feature_group_count=3, dimension_numbers=last), dict(padding="EXPLICIT", explicit_padding=[1], dimension_numbers=last)]
    for i, kind in enumerate(kinds + bad):
        one_dim, groups = kind.get("window_strides") == [2], kind.get("feature_group_count", 1)
        numbers = kind.get("dimension_numbers")
        lhs, rhs = ((2, 2, 7), (4, 2, 3)) if one_dim else ((2, 5, 6, 2), (3, 2, 2 // groups if groups < 3 else 2, 4)) if numbers == last else ((2, 5, 2, 6), (4, 2, 2, 3)) if numbers else ((2, 2, 5, 6), (4, 2, 2, 3))
        x, w = arr("int8", *lhs, lo=-99, hi=99), arr("int8", *rhs, lo=-99, hi=99)
        f = real("float32", *lhs, odd=False)
        feature = {last: (3, 3), odd: (0, 2)}.get(numbers, (0, 1))
        for per in (0, 1, 2):
            a, o = feature[0] if per else -1, feature[1] if per == 2 else -1
            s, t = (np.float32([.02, .03, .05, .01]), np.array([1, -2, 0, 3], "int32")) if per else (np.float32(.02), np.int32(2))
            v, z = (np.float32([.5, .3, .2, .1]), np.array([0, 1, 2, -3], "int32")) if per == 2 else (np.float32(.25), np.int32(-4))
            ends = dict(rhs_quantization_min_val=-128 + i % 2, rhs_quantization_max_val=127 - i % 3, rhs_quantization_axis=a)

            def conv(inits, x, w, s, t, v, z):
                q, r = R.Bitcast(input=x, type=tf.qint8), R.Bitcast(input=w, type=tf.qint8)
                return dict(y=_bits(R.UniformQuantizedConvolution(lhs=q, rhs=r, lhs_scales=.05, lhs_zero_points=3, rhs_scales=s, rhs_zero_points=t, output_scales=v, output_zero_points=z,
                                                                  Tout=tf.qint32, lhs_quantization_min_val=-128 + i % 2, lhs_quantization_max_val=127 - i % 3, output_quantization_axis=o,
                                                                  output_quantization_min_val=-900 - i, output_quantization_max_val=800 + i, **ends, **kind), "qint32"))

            def hybrid(inits, x, w, s, t):
                return dict(y=R.UniformQuantizedConvolutionHybrid(lhs=x, rhs=R.Bitcast(input=w, type=tf.qint8), rhs_scales=s, rhs_zero_points=t, Tout=tf.float32, **ends, **kind))
            yield Graph("uniform conv %d %d" % (i, per), conv, dict(x=x, w=w, s=s, t=t, v=v, z=z), dict(x=x, w=w, s=s * 0, t=t, v=v, z=z), dict(x=x[0], w=w, s=s, t=t, v=v, z=z))
            if per < 2:
                yield Graph("uniform hybrid conv %d %d" % (i, per), hybrid, dict(x=f, w=w, s=s, t=t), dict(x=f * 0, w=w, s=s, t=t), dict(x=f, w=w, s=-s, t=t))
    for axis, (s, t) in ((-1, (np.float32(.05), np.int32(3))), (1, (np.float32([.1, .2, .3]), np.array([0, 1, -2], "int32"))), (1, (np.float32([.1, .2]), np.array([0, 1], "int32")))):
        def dot(inits, x, w, s, t):
            return dict(y=R.UniformQuantizedDotHybrid(lhs=x, rhs=R.Bitcast(input=w, type=tf.qint8), rhs_scales=s, rhs_zero_points=t, Tout=tf.float32, rhs_quantization_axis=axis,
                                                      rhs_quantization_min_val=-127 - axis, rhs_quantization_max_val=126 + axis))
        x, w = real("float32", 4, 5, odd=False), arr("int8", 5, 3, lo=-99, hi=99)
        x[2] = np.abs(x[2])
        yield Graph("uniform hybrid dot %d" % axis, dot, dict(x=x, w=w, s=s, t=t), dict(x=x * 0, w=w, s=s, t=t), dict(x=x[:0], w=w, s=s, t=t), dict(x=x, w=w[:4], s=s, t=t), dict(x=x[0], w=w, s=s, t=t))
