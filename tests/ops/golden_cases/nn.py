# SPDX-License-Identifier: Apache-2.0
"""Layers: what slides, what normalizes, what recurs. Small whole numbers, so that any order of summing is exact."""
import numpy as np

from golden_values import FLOATS, arr, i32, i64, real, types
from golden_writer import Graph, Like

F = "float32"


def _small(dt, *shape):
    return arr(dt, *shape, lo=-3, hi=4)


def conv():
    yield "Conv2D", dict(input=_small("int32", 2, 5, 6, 3), filter=_small("int32", 2, 3, 3, 4), strides=[1, 2, 1, 1], padding="SAME")
    for dt in FLOATS:
        yield "Conv2D", dict(input=_small(dt, 2, 5, 6, 3), filter=_small(dt, 2, 3, 3, 4), strides=[1, 2, 1, 1], padding="SAME")
        yield "DepthwiseConv2dNative", dict(input=_small(dt, 1, 5, 6, 2), filter=_small(dt, 3, 2, 2, 2), strides=[1, 1, 1, 1], padding="VALID")
        yield "Conv3D", dict(input=_small(dt, 1, 3, 4, 4, 2), filter=_small(dt, 2, 2, 2, 2, 3), strides=[1, 1, 2, 1, 1], padding="SAME")
    for s, padding in ((1, "SAME"), (2, "VALID"), (1, "VALID"), (3, "SAME")):
        yield "Conv2D", dict(input=_small(F, 2, 7, 6, 3), filter=_small(F, 2, 3, 3, 4), strides=[1, s, s, 1], padding=padding)
        yield "DepthwiseConv2dNative", dict(input=_small(F, 1, 7, 6, 3), filter=_small(F, 3, 2, 3, 2), strides=[1, s, s, 1], padding=padding)
        yield "Conv3D", dict(input=_small(F, 1, 5, 6, 7, 2), filter=_small(F, 2, 2, 3, 2, 3), strides=[1, s, s, s, 1], padding=padding)
    for op, depth in (("Conv2D", 3), ("DepthwiseConv2dNative", 1)):
        yield op, dict(input=_small(F, 1, 4, 5, 3), filter=_small(F, 3, 3, 3, 2), strides=[1, 1, 1, 1], padding="EXPLICIT", explicit_paddings=[0, 0, 1, 2, 0, 1, 0, 0])
        yield op, dict(input=_small(F, 1, 4, 5, 3), filter=_small(F, 1, 1, 3, 2), strides=[1, 2, 2, 1], padding="VALID")
        yield op, dict(input=_small(F, 1, 4, 4, 3), filter=_small(F, 9, 9, 3, 2), strides=[1, 1, 1, 1], padding="VALID")
        yield op, dict(input=_small(F, 0, 4, 4, 3), filter=_small(F, 2, 2, 3, 2), strides=[1, 1, 1, 1], padding="VALID")
        yield op, dict(input=_small(F, 1, 4, 4, 3), filter=_small(F, 2, 2, 2, 2), strides=[1, 1, 1, 1], padding="VALID")
        yield op, dict(input=_small(F, 1, 4, 4), filter=_small(F, 2, 2, 4, 2), strides=[1, 1, 1, 1], padding="VALID")
        yield op, dict(input=_small(F, 1, 4, 4, 17), filter=_small(F, 2, 2, 17, 1), strides=[1, 1, 1, 1], padding="SAME")
    for groups in (2, 4):
        yield "Conv2D", dict(input=_small(F, 1, 5, 4, 8), filter=_small(F, 3, 3, 8 // groups, 8), strides=[1, 1, 1, 1], padding="SAME")
    yield "Conv2D", dict(input=_small(F, 1, 9, 9, 20), filter=_small(F, 3, 3, 20, 35), strides=[1, 1, 1, 1], padding="SAME")
    yield "Conv2D", dict(input=_small(F, 1, 5, 4, 3), filter=_small(F, 3, 3, 3, 2), strides=[1, 1, 1, 1], padding="SAME", dilations=[1, 2, 1, 1])


def _raw(op, **args):
    import tensorflow as tf
    return getattr(tf.raw_ops, op)(**args).numpy()


def _sparse_filter(w, dims, d):
    """A filter with d - 1 zeros between its elements: what dilation means."""
    out = np.zeros([(n - 1) * d + 1 if i < dims else n for i, n in enumerate(w.shape)], w.dtype)
    out[tuple(slice(None, None, d) for _ in range(dims))] = w
    return out


def dilated():
    """TensorFlow's plain kernels refuse most dilations; a filter with zeros in it gives their answers."""
    for op, dims, filters in (("DepthwiseConv2dNative", 2, (2, 3, 3, 2)), ("Conv3D", 3, (2, 2, 2, 3, 2)), ("Conv2D", 2, (2, 3, 3, 2))):
        for d, padding in ((2, "VALID"), (3, "SAME")):
            x, w = _small(F, 1, *[7, 8, 6][:dims], 3), _small(F, *filters)
            one = [1] * (dims + 2)
            yield Like(op, dict(input=x, filter=w, strides=one, padding=padding, dilations=[1] + [d] * dims + [1]),
                       lambda: _raw(op, input=x, filter=_sparse_filter(w, dims, d), strides=one, padding=padding))
    for op, dims, filters, out in (("Conv2D", 2, (2, 3, 3, 2), 2), ("Conv3D", 3, (2, 2, 2, 3, 2), 2), ("DepthwiseConv2dNative", 2, (2, 3, 3, 2), 6)):
        sizes, w, d, one = (1,) + (7, 8, 6)[:dims] + (3,), _small(F, *filters), 2, [1] * (dims + 2)
        wide = _sparse_filter(w, dims, d)
        g = _small(F, 1, *[n - k + 1 for n, k in zip(sizes[1:], wide.shape[:dims])], out)
        x, kind = _small(F, *sizes), dict(strides=one, padding="VALID")
        names = ("BackpropInputV2", "BackpropFilterV2") if dims == 3 else ("BackpropInput", "BackpropFilter")
        yield Like(op + names[0], dict(input_sizes=i32(*sizes), filter=w, out_backprop=g, dilations=[1] + [d] * dims + [1], **kind),
                   lambda: _raw(op + names[0], input_sizes=i32(*sizes), filter=wide, out_backprop=g, **kind))
        yield Like(op + names[1], dict(input=x, filter_sizes=i32(*filters), out_backprop=g, dilations=[1] + [d] * dims + [1], **kind),
                   lambda: _raw(op + names[1], input=x, filter_sizes=i32(*wide.shape), out_backprop=g, **kind)[tuple(slice(None, None, d) for _ in range(dims))])


def _first(a):
    """Channels from last to second."""
    return np.ascontiguousarray(np.moveaxis(a, -1, 1))


def _order(v):
    return [v[0], v[-1], *v[1:-1]]


def channels_first():
    """TensorFlow's plain kernels have no NCHW: what they answer for the turned call, turned back."""
    lists = ("strides", "dilations", "ksize")

    def turned(op, data_format, images, result=True, **args):
        last = {k: v for k, v in args.items()}
        first = {k: _first(v) if k in images else _order(v) if k in lists else i32(*_order(list(v))) if k in ("input_sizes", "orig_input_shape") else v for k, v in args.items()}
        if "explicit_paddings" in args:
            p = args["explicit_paddings"]
            first["explicit_paddings"] = p[:2] + p[-2:] + p[2:-2]
        return Like(op, dict(first, data_format=data_format), lambda: _first(_raw(op, **last)) if result else _raw(op, **last))
    for s, padding in ((1, "SAME"), (2, "VALID")):
        flat, deep = [1, s, s, 1], [1, s, s, s, 1]
        x, x3, odd = _small(F, 2, 5, 6, 3), _small(F, 1, 4, 5, 4, 2), dict(strides=flat, padding=padding)
        yield turned("Conv2D", "NCHW", ["input"], input=x, filter=_small(F, 2, 3, 3, 4), **odd)
        yield turned("DepthwiseConv2dNative", "NCHW", ["input"], input=x, filter=_small(F, 2, 3, 3, 2), **odd)
        yield turned("Conv3D", "NCDHW", ["input"], input=x3, filter=_small(F, 2, 2, 2, 2, 3), strides=deep, padding=padding)
        yield turned("MaxPool", "NCHW", ["input"], input=x, ksize=[1, 2, 3, 1], **odd)
        yield turned("AvgPool", "NCHW", ["value"], value=x, ksize=[1, 2, 3, 1], **odd)
        yield turned("MaxPool3D", "NCDHW", ["input"], input=x3, ksize=[1, 2, 2, 2, 1], strides=deep, padding=padding)
        yield turned("AvgPool3D", "NCDHW", ["input"], input=x3, ksize=[1, 2, 2, 2, 1], strides=deep, padding=padding)
        k = 2
        y = _raw("MaxPool", input=x, ksize=[1, k, k, 1], **odd)
        yield Like("MaxPoolV2", dict(input=_first(x), ksize=i32(1, 1, k, k), strides=i32(1, 1, s, s), padding=padding, data_format="NCHW"), lambda: _first(y))
        w, w3 = _small(F, 2, 2, 3, 4), _small(F, 2, 2, 2, 2, 3)
        gc = _small(F, *_raw("Conv2D", input=x, filter=w, **odd).shape)
        g3c = _small(F, *_raw("Conv3D", input=x3, filter=w3, strides=deep, padding=padding).shape)
        yield turned("Conv2DBackpropInput", "NCHW", ["out_backprop"], input_sizes=i32(*x.shape), filter=w, out_backprop=gc, **odd)
        yield turned("Conv2DBackpropFilter", "NCHW", ["input", "out_backprop"], False, input=x, filter_sizes=i32(*w.shape), out_backprop=gc, **odd)
        yield turned("Conv3DBackpropInputV2", "NCDHW", ["out_backprop"], input_sizes=i32(*x3.shape), filter=w3, out_backprop=g3c, strides=deep, padding=padding)
        yield turned("Conv3DBackpropFilterV2", "NCDHW", ["input", "out_backprop"], False, input=x3, filter_sizes=i32(*w3.shape), out_backprop=g3c, strides=deep, padding=padding)
    x = _small(F, 1, 4, 5, 2)
    yield turned("Conv2D", "NCHW", ["input"], input=x, filter=_small(F, 3, 2, 2, 3), strides=[1, 1, 1, 1], padding="EXPLICIT", explicit_paddings=[0, 0, 1, 2, 0, 1, 0, 0])
    yield turned("MaxPool", "NCHW", ["input"], input=x, ksize=[1, 3, 2, 1], strides=[1, 1, 1, 1], padding="EXPLICIT", explicit_paddings=[0, 0, 1, 1, 0, 1, 0, 0])
    scale, offset, mean, var = (arr(F, 3, lo=1, hi=4) for _ in range(4))
    x = arr(F, 2, 4, 5, 3)
    for op in ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"):
        for train in (False, True):
            a = dict(scale=scale, offset=offset, mean=mean[:0] if train else mean, variance=var[:0] if train else var, is_training=train)

            def answer(op=op, a=a):
                import tensorflow as tf
                y, *rest = getattr(tf.raw_ops, op)(x=x, **a)
                return [_first(y.numpy())] + [r.numpy() for r in rest]
            yield Like(op, dict(a, x=_first(x), data_format="NCHW"), answer)


def conv_grad():
    for dt in FLOATS:
        yield "Conv2DBackpropInput", dict(input_sizes=i32(1, 5, 6, 3), filter=_small(dt, 2, 3, 3, 4), out_backprop=_small(dt, 1, 3, 3, 4), strides=[1, 2, 2, 1], padding="SAME")
        yield "Conv2DBackpropFilter", dict(input=_small(dt, 1, 5, 6, 3), filter_sizes=i32(2, 3, 3, 4), out_backprop=_small(dt, 1, 4, 4, 4), strides=[1, 1, 1, 1], padding="VALID")
        yield "Conv3DBackpropInputV2", dict(input_sizes=i32(1, 3, 4, 4, 2), filter=_small(dt, 2, 2, 2, 2, 3), out_backprop=_small(dt, 1, 3, 2, 4, 3), strides=[1, 1, 2, 1, 1], padding="SAME")
        yield "Conv3DBackpropFilterV2", dict(input=_small(dt, 1, 3, 4, 4, 2), filter_sizes=i32(2, 2, 2, 2, 3), out_backprop=_small(dt, 1, 2, 3, 3, 3), strides=[1, 1, 1, 1, 1], padding="VALID")
        yield "DepthwiseConv2dNativeBackpropInput", dict(input_sizes=i32(1, 5, 6, 3), filter=_small(dt, 2, 3, 3, 2), out_backprop=_small(dt, 1, 3, 3, 6), strides=[1, 2, 2, 1], padding="SAME")
        yield "DepthwiseConv2dNativeBackpropFilter", dict(input=_small(dt, 1, 5, 6, 3), filter_sizes=i32(2, 3, 3, 2), out_backprop=_small(dt, 1, 4, 4, 6), strides=[1, 1, 1, 1], padding="VALID")
    pads = dict(strides=[1, 1, 1, 1], padding="EXPLICIT", explicit_paddings=[0, 0, 1, 0, 0, 2, 0, 0])
    for kind, out in ((pads, (1, 5, 6)),):
        yield "Conv2DBackpropInput", dict(input_sizes=i32(1, 5, 6, 3), filter=_small(F, 2, 3, 3, 4), out_backprop=_small(F, *out, 4), **kind)
        yield "Conv2DBackpropFilter", dict(input=_small(F, 1, 5, 6, 3), filter_sizes=i32(2, 3, 3, 4), out_backprop=_small(F, *out, 4), **kind)
        yield "DepthwiseConv2dNativeBackpropInput", dict(input_sizes=i32(1, 5, 6, 3), filter=_small(F, 2, 3, 3, 2), out_backprop=_small(F, *out, 6), **kind)
        yield "DepthwiseConv2dNativeBackpropFilter", dict(input=_small(F, 1, 5, 6, 3), filter_sizes=i32(2, 3, 3, 2), out_backprop=_small(F, *out, 6), **kind)
    yield "Conv3DBackpropInputV2", dict(input_sizes=i64(1, 4, 4, 4, 2), filter=_small(F, 2, 2, 2, 2, 3), out_backprop=_small(F, 1, 2, 2, 2, 3), strides=[1, 2, 2, 2, 1], padding="VALID")
    yield "DepthwiseConv2dNativeBackpropFilter", dict(input=_small(F, 1, 5, 6, 3), filter_sizes=i32(2, 3, 3, 2), out_backprop=_small(F, 1, 3, 3, 6), strides=[1, 2, 2, 1], padding="SAME")
    yield "Conv2DBackpropInput", dict(input_sizes=i32(5, 6), filter=_small(F, 3, 3, 2, 4), out_backprop=_small(F, 2, 5, 6, 4), strides=[1, 1, 1, 1], padding="SAME")
    yield "Conv2DBackpropInput", dict(input_sizes=i32(1, 5, 6, 3), filter=_small(F, 2, 3, 3, 4), out_backprop=_small(F, 1, 9, 9, 4), strides=[1, 1, 1, 1], padding="SAME")


def pool():
    for dt in types("MaxPool"):
        x = arr(dt, 2, 5, 6, 3)
        yield "MaxPool", dict(input=x, ksize=[1, 2, 3, 1], strides=[1, 2, 1, 1], padding="SAME")
        yield "MaxPool", dict(input=x, ksize=[1, 3, 2, 1], strides=[1, 1, 2, 1], padding="VALID")
        yield "MaxPoolV2", dict(input=x, ksize=i32(1, 3, 3, 1), strides=i32(1, 1, 2, 1), padding="VALID")
        yield "MaxPoolV2", dict(input=x, ksize=i32(1, 2, 2, 1), strides=i32(1, 2, 2, 1), padding="SAME")
    for dt in FLOATS:
        x = arr(dt, 2, 5, 6, 3)
        kind3 = dict(ksize=[1, 2, 2, 2, 1], strides=[1, 1, 2, 2, 1])
        yield "AvgPool", dict(value=x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID")
        yield "AvgPool", dict(value=x, ksize=[1, 3, 2, 1], strides=[1, 1, 1, 1], padding="SAME")
        yield "AvgPoolGrad", dict(orig_input_shape=i32(1, 4, 4, 2), grad=arr(dt, 1, 2, 2, 2), ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID")
        yield "MaxPoolWithArgmax", dict(input=x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")
        if dt != "float64":
            yield "MaxPool3D", dict(input=arr(dt, 1, 3, 4, 4, 2), padding="SAME", **kind3)
        yield "AvgPool3D", dict(input=arr(dt, 1, 3, 4, 4, 2), padding="VALID", **kind3)
    x = arr(F, 1, 4, 5, 2)
    for include in (False, True):
        yield "MaxPoolWithArgmax", dict(input=arr(F, 2, 4, 4, 2), ksize=[1, 3, 2, 1], strides=[1, 1, 2, 1], padding="VALID", include_batch_in_index=include, Targmax="int32")
    yield "MaxPool", dict(input=x, ksize=[1, 2, 2, 1], strides=[1, 1, 1, 1], padding="EXPLICIT", explicit_paddings=[0, 0, 1, 0, 0, 1, 0, 0])
    yield "MaxPool", dict(input=np.float32([np.nan, 1, 2, np.nan, -np.inf, -np.inf, 3, np.nan, np.nan]).reshape(1, 1, 9, 1), ksize=[1, 1, 2, 1], strides=[1, 1, 1, 1], padding="VALID")
    yield "MaxPool", dict(input=x, ksize=[1, 9, 9, 1], strides=[1, 1, 1, 1], padding="VALID")
    yield "MaxPool", dict(input=x, ksize=[1, 1, 1, 2], strides=[1, 1, 1, 2], padding="VALID")
    yield "AvgPool", dict(value=arr(F, 0, 4, 4, 2), ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID")
    yield "AvgPool", dict(value=arr(F, 4, 4, 2), ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID")
    for padding in ("SAME", "VALID"):
        yield "MaxPool3D", dict(input=arr(F, 1, 4, 5, 4, 2), ksize=[1, 3, 2, 3, 1], strides=[1, 2, 1, 1, 1], padding=padding)
        yield "AvgPool3D", dict(input=arr(F, 1, 4, 5, 4, 2), ksize=[1, 3, 2, 3, 1], strides=[1, 2, 1, 1, 1], padding=padding)


def pool_grad():
    def pooled(padding, n, k, s):
        return -(-n // s) if padding == "SAME" else (n - k) // s + 1
    for dt in FLOATS:
        for padding, k, s in (("VALID", 2, 2), ("SAME", 3, 1)):
            n = pooled(padding, 5, k, s)
            ks = dict(ksize=[1, k, k, 1], strides=[1, s, s, 1], padding=padding)
            x = np.arange(50).reshape(1, 5, 5, 2) * 7 % 50
            x = x.astype(arr(dt).dtype)
            y = arr(dt, 1, n, n, 2)
            sums = padding == "VALID" or dt not in ("float16", "bfloat16")   # in 16 bits the order shows
            if sums:
                yield "AvgPoolGrad", dict(orig_input_shape=i32(1, 5, 5, 2), grad=arr(dt, 1, n, n, 2), **ks)
            yield "MaxPoolGrad", dict(orig_input=x, orig_output=y, grad=arr(dt, 1, n, n, 2), **ks)
            yield "MaxPoolGradV2", dict(orig_input=x, orig_output=y, grad=arr(dt, 1, n, n, 2), ksize=i32(1, k, k, 1), strides=i32(1, s, s, 1), padding=padding)
            ks = dict(ksize=[1, k, k, k, 1], strides=[1, s, s, s, 1], padding=padding)
            x = (np.arange(250).reshape(1, 5, 5, 5, 2) * 7 % 250).astype(arr(dt).dtype)
            y = _max3(x, padding, k, s)
            if sums:
                yield "AvgPool3DGrad", dict(orig_input_shape=i32(1, 5, 5, 5, 2), grad=arr(dt, 1, n, n, n, 2), **ks)
            if dt != "float64":
                yield "MaxPool3DGrad", dict(orig_input=x, orig_output=y, grad=arr(dt, 1, n, n, n, 2), **ks)
    yield "MaxPoolGrad", dict(orig_input=arr(F, 1, 4, 4, 1), orig_output=arr(F, 1, 4, 4, 1), grad=arr(F, 1, 4, 4, 1), ksize=[1, 2, 2, 1], strides=[1, 1, 1, 1],
                              padding="EXPLICIT", explicit_paddings=[0, 0, 1, 0, 0, 1, 0, 0])


def _max3(x, padding, k, s):
    import tensorflow as tf
    return tf.raw_ops.MaxPool3D(input=x.astype("float32"), ksize=[1, k, k, k, 1], strides=[1, s, s, s, 1], padding=padding).numpy().astype(x.dtype)


def patches():
    for dt in types("ExtractImagePatches"):
        for padding, s, r in (("SAME", 2, 1), ("VALID", 1, 2)):
            yield "ExtractImagePatches", dict(images=arr(dt, 1, 5, 6, 2), ksizes=[1, 2, 3 if s == 2 else 2, 1], strides=[1, s, 1, 1], rates=[1, r, 1, 1], padding=padding)
    for dt in types("ExtractVolumePatches"):
        yield "ExtractVolumePatches", dict(input=arr(dt, 1, 4, 3, 3, 1), ksizes=[1, 2, 3, 1, 1], strides=[1, 2, 1, 1, 1], padding="SAME")
    yield "ExtractVolumePatches", dict(input=arr(F, 1, 4, 5, 3, 2), ksizes=[1, 2, 2, 2, 1], strides=[1, 1, 1, 1, 1], padding="VALID")
    yield "ExtractImagePatches", dict(images=arr(F, 0, 5, 6, 2), ksizes=[1, 2, 3, 1], strides=[1, 1, 1, 1], rates=[1, 1, 1, 1], padding="VALID")
    for dt in types("Dilation2D"):
        for padding, s, r in (("SAME", 1, 1), ("VALID", 2, 1), ("SAME", 1, 2)):
            yield "Dilation2D", dict(input=arr(dt, 1, 6, 5, 2), filter=arr(dt, 2, 3, 2), strides=[1, s, s, 1], rates=[1, r, r, 1], padding=padding)


def bias():
    for dt in types("BiasAdd"):
        yield "BiasAdd", dict(value=arr(dt, 2, 3, 4), bias=arr(dt, 4))
        yield "BiasAddV1", dict(value=arr(dt, 2, 3), bias=arr(dt, 3))
        yield "BiasAdd", dict(value=arr(dt, 2, 3, 2, 2), bias=arr(dt, 3), data_format="NCHW")
    for shape in ((2, 5), (2, 5, 3), (2, 5, 1, 2, 3), (0, 5)):
        yield "BiasAdd", dict(value=arr(F, *shape), bias=arr(F, 5), data_format="NCHW")
    for value, b in (((2, 3), (2,)), ((3,), (3,)), ((2, 3), (1, 3))):
        yield "BiasAdd", dict(value=arr(F, *value), bias=arr(F, *b))


def normalize():
    for dt in ("float32", "float16", "bfloat16"):
        u = "float32"
        scale, offset, mean, var = (arr(u, 3, lo=1, hi=4) for _ in range(4))
        x = arr(dt, 2, 4, 5, 3)
        for op in ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"):
            if op == "FusedBatchNorm" and dt != "float32":
                continue
            for eps in (.0001, .25):
                yield op, dict(x=x, scale=scale, offset=offset, mean=mean, variance=var, epsilon=eps, is_training=False)
            yield op, dict(x=x, scale=scale, offset=offset, mean=arr(u, 0), variance=arr(u, 0), is_training=True)
            yield op, dict(x=x, scale=scale, offset=offset, mean=mean, variance=var, is_training=True, exponential_avg_factor=.5)
    for op in ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"):
        p = lambda n=3: arr(F, n, lo=1, hi=4)
        yield op, dict(x=arr(F, 0, 4, 5, 3), scale=p(), offset=p(), mean=p(), variance=p(), is_training=False)
        yield op, dict(x=arr(F, 1, 2, 2, 3), scale=p(2), offset=p(), mean=p(), variance=p(), is_training=False)
        yield op, dict(x=arr(F, 2, 3), scale=p(), offset=p(), mean=p(), variance=p(), is_training=False)
    for after in (False, True):
        for eps in (.001, .5):
            t, m, v, beta, gamma = arr(F, 1, 2, 3, 4), arr(F, 4), arr(F, 4, lo=1), arr(F, 4), arr(F, 4)
            yield Like("BatchNormWithGlobalNormalization", dict(t=t, m=m, v=v, beta=beta, gamma=gamma, variance_epsilon=eps, scale_after_normalization=after),
                       lambda: (t - m) / np.sqrt(v + np.float32(eps)) * (gamma if after else np.float32(1)) + beta)
    for dt in types("LRN"):
        for radius, b, alpha, beta in ((2, 1., 1., .5), (5, 1., .1, .75), (1, 2., .5, 1.), (0, 1., 1., .3), (9, .5, 2., .5)):
            yield "LRN", dict(input=arr(dt, 1, 2, 2, 7), depth_radius=radius, bias=b, alpha=alpha, beta=beta)
            yield "LRNGrad", dict(input_grads=arr(dt, 1, 2, 1, 5), input_image=arr(dt, 1, 2, 1, 5), output_image=arr(dt, 1, 2, 1, 5), depth_radius=radius, bias=b, alpha=alpha, beta=beta)
    yield "LRN", dict(input=arr(F, 2, 2, 7))


def softmax():
    for dt in FLOATS:
        for op in ("Softmax", "LogSoftmax"):
            yield op, dict(logits=real(dt, 3, 5, odd=False))
            yield op, dict(logits=real(dt, 2, 1, 33, odd=False))
        yield "SoftmaxCrossEntropyWithLogits", dict(features=real(dt, 3, 5, odd=False), labels=abs(real(dt, 3, 5, odd=False)))
        yield "SparseSoftmaxCrossEntropyWithLogits", dict(features=real(dt, 3, 4, odd=False), labels=i32(0, 3, 1))
    for op in ("Softmax", "LogSoftmax"):
        yield op, dict(logits=np.float32([[np.nan, 1, 2], [np.inf, 1, 2], [-np.inf, 1, 2], [1e30, -1e30, 0], [-1e30, -1e30, -1e30]]))
        yield op, dict(logits=arr(F, 0, 3))
        yield op, dict(logits=arr(F, 3, 0))
        yield op, dict(logits=arr(F, 7))
        yield op, dict(logits=arr(F))
        yield op, dict(logits=real(F, 1, 2, 1, 2, 1, 1, 2, 3, odd=False))
    yield "SoftmaxCrossEntropyWithLogits", dict(features=real(F, 1, 5, odd=False), labels=real(F, 3, 5, odd=False))
    yield "SoftmaxCrossEntropyWithLogits", dict(features=real(F, 0, 5), labels=real(F, 0, 5))
    yield "SoftmaxCrossEntropyWithLogits", dict(features=real(F, 2, 5, odd=False), labels=real(F, 3, 4, odd=False))
    yield "SparseSoftmaxCrossEntropyWithLogits", dict(features=real(F, 2, 4, odd=False), labels=i64(4, -1))
    yield "SparseSoftmaxCrossEntropyWithLogits", dict(features=real(F, 0, 4), labels=i64())
    yield "SparseSoftmaxCrossEntropyWithLogits", dict(features=real(F, 2, 4, odd=False), labels=i64(1))
    for dt in ("float16", "bfloat16"):  # more rows than a run has parts; TensorFlow's logarithms of halves are worse than ours
        yield "Softmax", dict(logits=real(dt, 131, 3, odd=False))
    yield "Softmax", dict(logits=np.float16([[np.nan, 1, 2], [np.inf, 1, 2], [-np.inf, 1, 2]]))


def recurrent():
    r = lambda dt, *s: real(dt, *s, lo=-1, hi=1, odd=False)
    for dt in ("float32",):
        for peephole in (False, True):
            for clip in (3., -1., .2):
                common = dict(x=r(dt, 3, 2, 4), cs_prev=r(dt, 2, 3), h_prev=r(dt, 2, 3), w=r(dt, 7, 12), wci=r(dt, 3), wcf=r(dt, 3), wco=r(dt, 3), b=r(dt, 12), use_peephole=peephole,
                              cell_clip=clip)
                yield "BlockLSTM", dict(seq_len_max=np.int64(3), forget_bias=1. if clip == 3. else .25, **common)
                yield "BlockLSTMV2", dict(seq_len_max=np.int64(3), **common)
                one = dict(common, x=common["x"][0])
                yield "LSTMBlockCell", dict(forget_bias=1. if clip == 3. else .25, **one)
        yield "GRUBlockCell", dict(x=r(dt, 2, 4), h_prev=r(dt, 2, 3), w_ru=r(dt, 7, 6), w_c=r(dt, 7, 3), b_ru=r(dt, 6), b_c=r(dt, 3))
    yield "BlockLSTM", dict(seq_len_max=np.int64(0), x=r(F, 0, 2, 4), cs_prev=r(F, 2, 3), h_prev=r(F, 2, 3), w=r(F, 7, 12), wci=r(F, 3), wcf=r(F, 3), wco=r(F, 3), b=r(F, 12))
    yield "LSTMBlockCell", dict(x=r(F, 2, 4), cs_prev=r(F, 2, 3), h_prev=r(F, 2, 3), w=r(F, 6, 12), wci=r(F, 3), wcf=r(F, 3), wco=r(F, 3), b=r(F, 12))
    yield "GRUBlockCell", dict(x=r(F, 2, 4), h_prev=r(F, 2, 3), w_ru=r(F, 6, 6), w_c=r(F, 7, 3), b_ru=r(F, 6), b_c=r(F, 3))


def gradients():
    for dt in types("BiasAddGrad"):
        yield "BiasAddGrad", dict(out_backprop=_small(dt, 3, 5))
        yield "BiasAddGrad", dict(out_backprop=_small(dt, 2, 3, 2, 4), data_format="NCHW")
    for shape in ((0, 3), (2, 0), (2, 3, 0, 2), (2, 1, 1, 2, 3), (3,), ()):
        yield "BiasAddGrad", dict(out_backprop=_small(F, *shape))
        yield "BiasAddGrad", dict(out_backprop=_small(F, *shape), data_format="NCHW")
    for dt in types("Dilation2DBackpropInput"):
        for s, r, padding, out in ((1, 1, "SAME", (5, 6)), (2, 1, "VALID", (2, 2)), (1, 2, "VALID", (3, 2)), (2, 2, "SAME", (3, 3))):
            args = dict(input=_small(dt, 2, 5, 6, 2), filter=_small(dt, 2, 3, 2), out_backprop=_small(dt, 2, *out, 2), strides=[1, s, s, 1], rates=[1, r, r, 1], padding=padding)
            yield "Dilation2DBackpropInput", args
            yield "Dilation2DBackpropFilter", args
    for op in ("Dilation2DBackpropInput", "Dilation2DBackpropFilter"):
        one = dict(strides=[1] * 4, rates=[1] * 4, padding="SAME")
        x = _small(F, 1, 3, 3, 1)
        x[0, 1, 1] = np.nan
        yield op, dict(input=x, filter=_small(F, 2, 2, 1), out_backprop=_small(F, 1, 3, 3, 1), **one)
        yield op, dict(input=_small(F, 0, 3, 3, 2), filter=_small(F, 2, 2, 2), out_backprop=_small(F, 0, 3, 3, 2), **one)
        yield op, dict(input=_small(F, 1, 3, 3, 2), filter=_small(F, 2, 2, 2), out_backprop=_small(F, 1, 3, 2, 2), **one)
        yield op, dict(input=_small(F, 1, 3, 3, 2), filter=_small(F, 2, 2, 1), out_backprop=_small(F, 1, 3, 3, 2), **one)
        yield op, dict(input=_small(F, 1, 3, 3, 2), filter=_small(F, 2, 2), out_backprop=_small(F, 1, 3, 3, 2), **one)
    for op in ("FusedBatchNormGrad", "FusedBatchNormGradV2", "FusedBatchNormGradV3"):
        third = dict(reserve_space_3=np.zeros(0, F)) if op[-1] == "3" else {}
        for dt in types(op):
            for train, epsilon in ((True, 0.25), (False, 0.001)):
                x, dy = real(dt, 2, 3, 2, 4, odd=False), real(dt, 2, 3, 2, 4, odd=False)
                moments = dict(scale=real(F, 4), reserve_space_1=real(F, 4), reserve_space_2=real(F, 4, lo=1), is_training=train, epsilon=epsilon, **third)
                yield op, dict(y_backprop=dy, x=x, **moments)
                if dt != "bfloat16":
                    yield Like(op, dict(y_backprop=_first(dy), x=_first(x), data_format="NCHW", **moments), lambda: _turned_grad(op, dy, x, moments))
        vectors = dict(scale=real(F, 2), reserve_space_1=real(F, 2), reserve_space_2=real(F, 2, lo=1), **third)
        yield op, dict(y_backprop=arr(F, 0, 3, 3, 2), x=arr(F, 0, 3, 3, 2), **vectors)
        yield op, dict(y_backprop=arr(F, 1, 3, 3, 2), x=arr(F, 1, 3, 2, 2), **vectors)
        yield op, dict(y_backprop=arr(F, 3, 3, 2), x=arr(F, 3, 3, 2), **vectors)
        yield op, dict(y_backprop=arr(F, 1, 3, 3, 3), x=arr(F, 1, 3, 3, 3), **vectors)
    yield "FusedBatchNormGradV3", dict(y_backprop=arr(F, 1, 2, 2, 2, 2), x=arr(F, 1, 2, 2, 2, 2), data_format="NDHWC", **vectors)


def _turned_grad(op, dy, x, moments):
    import tensorflow as tf
    dx, *rest = getattr(tf.raw_ops, op)(y_backprop=dy, x=x, **moments)
    return [_first(dx.numpy())] + [r.numpy() for r in rest]


def conv_any():
    """Conv is Conv2D or Conv3D by the rank of its filter."""
    for dt in types("Conv"):
        yield "Conv", dict(input=_small(dt, 2, 5, 6, 3), filter=_small(dt, 2, 3, 3, 4), strides=[1, 2, 1, 1], padding="SAME")
        yield "Conv", dict(input=_small(dt, 2, 3, 4, 5, 2), filter=_small(dt, 2, 2, 3, 2, 3), strides=[1, 1, 1, 2, 1], padding="VALID")
    valid = dict(strides=[1, 1, 1, 1], padding="VALID")
    yield "Conv", dict(input=_small(F, 2, 3, 5, 6, 3), filter=_small(F, 2, 2, 3, 4), batch_dims=2, **valid)
    yield "Conv", dict(input=_small(F, 5, 6, 3), filter=_small(F, 2, 2, 3, 4), batch_dims=0, **valid)
    yield "Conv", dict(input=_small(F, 2, 1, 2, 3, 4, 2), filter=_small(F, 2, 2, 2, 2, 3), batch_dims=2, strides=[1] * 5, padding="SAME")
    yield "Conv", dict(input=_small(F, 1, 5, 6, 3), filter=_small(F, 2, 2, 3, 4), dilations=[1, 2, 1, 1], **valid)
    yield "Conv", dict(input=_small(F, 1, 5, 6, 3), filter=_small(F, 2, 2, 3, 4), strides=[1, 1, 1, 1], padding="EXPLICIT", explicit_paddings=[0, 0, 1, 2, 0, 1, 0, 0])
    yield "Conv", dict(input=_small(F, 0, 5, 6, 3), filter=_small(F, 2, 2, 3, 4), **valid)
    for x, f, b in (((5, 6, 3), (2, 2, 3, 4), 1), ((2, 5, 6, 3), (2, 2, 3, 4), 2), ((1, 5, 6, 4), (2, 2, 2, 4), 1), ((1, 5, 6, 3), (2, 3, 4), 1)):
        yield "Conv", dict(input=_small(F, *x), filter=_small(F, *f), batch_dims=b, **valid)
    x, w = _small(F, 2, 5, 6, 3), _small(F, 2, 2, 3, 4)
    yield Like("Conv", dict(input=_first(x), filter=w, data_format="CHANNELS_FIRST", **valid), lambda: _first(_raw("Conv2D", input=x, filter=w, **valid)))


def _padded_conv(x, w, edges, mode, s, padding):
    return _raw("Conv2D", input=_raw("MirrorPad", input=x, paddings=edges, mode=mode), filter=w, strides=[1, s, s, 1], padding=padding)


def conv_image():
    import tensorflow as tf
    R = tf.raw_ops
    edges = i32(0, 0, 1, 1, 2, 1, 0, 0).reshape(4, 2)
    for dt in types("FusedPadConv2D"):
        for mode, s, padding in (("REFLECT", 1, "VALID"), ("SYMMETRIC", 2, "SAME")):
            args = dict(input=_small(dt, 1, 4, 5, 2), paddings=edges, filter=_small(dt, 2, 3, 2, 3), mode=mode, strides=[1, s, s, 1], padding=padding)
            yield "FusedPadConv2D", args
            for corners in (False, True) if dt in types("FusedResizeAndPadConv2D") else ():
                half = i32(7, 9) if corners else i32(8, 10)          # steps of a half are exact in 16 bits
                yield "FusedResizeAndPadConv2D", dict(args, size=half if dt == "float16" else i32(7, 5), resize_align_corners=corners)
    x, w = _small(F, 3, 4, 5, 2), _small(F, 2, 3, 2, 3)       # of many images TensorFlow takes rows of the first for those of others
    for mode, s, padding in (("REFLECT", 1, "VALID"), ("SYMMETRIC", 2, "SAME")):
        args = dict(input=x, paddings=edges, filter=w, mode=mode, strides=[1, s, s, 1], padding=padding)
        yield Like("FusedPadConv2D", args, lambda: _padded_conv(x, w, edges, mode, s, padding))
        yield Like("FusedResizeAndPadConv2D", dict(args, size=i32(7, 5)), lambda: _padded_conv(_raw("ResizeBilinear", images=x, size=i32(7, 5)), w, edges, mode, s, padding))
    one = np.ones([2, 2, 1, 1], F)
    none = np.zeros([4, 2], "int32")
    for s in (3, 4, 5, 6, 7, 9):       # windows lie in the middle
        yield "FusedPadConv2D", dict(input=arr(F, 1, 17, 12, 1), paddings=none, filter=one, mode="REFLECT", strides=[1, s, s, 1], padding="VALID")
    x = arr(F, 1, 3, 3, 1)
    x[0, 1, 1], x[0, 2, 2] = np.inf, np.nan
    yield "FusedPadConv2D", dict(input=x, paddings=edges, filter=one[:1, :1], mode="REFLECT", strides=[1] * 4, padding="VALID")
    k = dict(mode="REFLECT", strides=[1] * 4, padding="VALID")
    runs = [dict(x=arr(F, *x), f=arr(F, *f)) for x, f in (((1, 5, 6, 3), (2, 2, 3, 4)), ((1, 5, 6, 4), (2, 2, 2, 4)), ((0, 5, 6, 3), (2, 2, 3, 4)), ((1, 5, 6, 3), (2, 2, 3, 0)),
                                                          ((1, 5, 6, 3), (9, 9, 3, 4)), ((1, 5, 6, 3), (2, 2, 3)), ((1, 2, 2, 3), (2, 2, 3, 4)))]
    yield Graph("FusedPadConv2D", lambda inits, x, f: dict(y=R.FusedPadConv2D(input=x, paddings=edges, filter=f, **k)), *runs)
    sizes = [dict(r, s=i32(*size)) for r, size in zip(runs + runs[:2], ((6, 7), (6, 7), (6, 7), (6, 7), (6, 7), (6, 7), (1, 7), (0, 7), (6, -1)))]
    yield Graph("FusedResizeAndPadConv2D", lambda inits, x, f, s: dict(y=R.FusedResizeAndPadConv2D(input=x, size=s, paddings=edges, filter=f, **k)), *sizes)


def fractional():
    for op in ("FractionalMaxPool", "FractionalAvgPool"):
        for dt in types(op):
            for pseudo in (False, True):
                for overlap in (False, True):
                    yield op, dict(value=arr(dt, 2, 7, 9, 3), pooling_ratio=[1., 1.5, 1.7, 1.], pseudo_random=pseudo, overlapping=overlap, deterministic=True, seed=3, seed2=5)
        for seed in range(1, 7):
            for pseudo in (False, True):
                yield op, dict(value=arr(F, 1, 23, 31, 1), pooling_ratio=[1., 1 + seed / 3, 2.3, 1.], pseudo_random=pseudo, deterministic=True, seed=seed, seed2=seed * seed)
        x = arr(F, 1, 6, 6, 2)
        x[0, 1], x[0, 4, :, 0] = np.nan, -np.inf
        for ratio in (1., 2., 3., 6.):
            yield op, dict(value=x, pooling_ratio=[1., ratio, ratio, 1.], overlapping=True, deterministic=True, seed=1, seed2=1)
        yield op, dict(value=x, pooling_ratio=[1., 1., 1., 1.], deterministic=False)
        yield op, dict(value=arr("int64", 1, 2, 2, 1) + 2 ** 60, pooling_ratio=[1., 2., 2., 1.], deterministic=False)
        yield op, dict(value=arr(F, 1, 4, 4, 0), pooling_ratio=[1., 2., 2., 1.], deterministic=False)
        for shape, ratio, seed in (((1, 6, 6, 2), [1., .5, 1., 1.], 0), ((1, 6, 6, 2), [2., 1., 1., 1.], 0), ((1, 6, 6, 2), [1., 1., 1., 2.], 0), ((1, 6, 6, 2), [1., 7., 1., 1.], 0),
                                   ((0, 6, 6, 2), [1., 2., 1., 1.], 0), ((6, 6, 2), [1., 2., 1., 1.], 0), ((1, 6, 6, 2), [1., 2., 1., 1.], 1)):
            yield op, dict(value=arr(F, *shape), pooling_ratio=ratio, seed=seed)
