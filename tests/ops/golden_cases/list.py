# SPDX-License-Identifier: Apache-2.0
"""Lists, arrays, stacks, maps and optionals of tensors."""
import numpy as np
import tensorflow as tf

from golden_values import arr, i32, i64, text
from golden_writer import Graph

R = tf.raw_ops
KINDS = ("float32", "string", "int64", "bool", "complex64")


def _t(dt):
    return tf.as_dtype(dt)


def _stack(l, dt, shape=(), n=-1):
    return R.TensorListStack(input_handle=l, element_shape=i32(*shape), element_dtype=_t(dt), num_elements=n)


def lists():
    for dt in KINDS:
        def build(inits, x):
            l = R.TensorListFromTensor(tensor=x, element_shape=i32(2))
            l = R.TensorListPushBack(input_handle=l, tensor=x[0])
            n = R.TensorListLength(input_handle=l)
            popped, last = R.TensorListPopBack(input_handle=l, element_shape=i32(2), element_dtype=_t(dt))
            set_ = R.TensorListSetItem(input_handle=popped, index=1, item=x[2])
            return dict(n=n, last=last, y=_stack(set_, dt, (2,)), item=R.TensorListGetItem(input_handle=set_, index=0, element_shape=i32(2), element_dtype=_t(dt)),
                        some=R.TensorListGather(input_handle=set_, indices=i32(2, 0, 1), element_shape=i32(2), element_dtype=_t(dt)),
                        shape=R.TensorListElementShape(input_handle=l, shape_type=tf.int32), wide=R.TensorListElementShape(input_handle=l, shape_type=tf.int64))
        yield Graph("list of " + dt, build, dict(x=arr(dt, 3, 2)), dict(x=arr(dt, 4, 2)))

        def reserved(inits, x, at):
            l = R.TensorListReserve(element_shape=i32(-1), num_elements=3, element_dtype=_t(dt))
            l = R.TensorListSetItem(input_handle=l, index=at, item=x)
            return dict(y=_stack(l, dt, (2,)), item=R.TensorListGetItem(input_handle=l, index=at, element_shape=i32(-1), element_dtype=_t(dt)), n=R.TensorListLength(input_handle=l))
        yield Graph("reserved list of " + dt, reserved, dict(x=arr(dt, 2), at=np.int32(1)), dict(x=arr(dt, 2), at=np.int32(0)), dict(x=arr(dt, 2), at=np.int32(3)), dict(x=arr(dt, 2), at=np.int32(-1)))

        def scattered(inits, x, at):
            a = R.TensorListScatter(tensor=x, indices=at, element_shape=i32(2))
            b = R.TensorListScatterV2(tensor=x, indices=at, element_shape=i32(2), num_elements=5)
            c = R.TensorListScatterIntoExistingList(input_handle=b, tensor=x, indices=i32(0, 4))
            return dict(a=_stack(a, dt, (2,)), b=_stack(b, dt, (2,)), c=_stack(c, dt, (2,)))
        yield Graph("scattered list of " + dt, scattered, dict(x=arr(dt, 2, 2), at=i32(1, 0)), dict(x=arr(dt, 2, 2), at=i32(3, 1)))

        def joined(inits, x):
            l = R.TensorListSplit(tensor=x, element_shape=i32(-1, 2), lengths=i64(2, 0, 3))
            y, lengths = R.TensorListConcat(input_handle=l, element_dtype=_t(dt), element_shape=[None, 2])
            z, _ = R.TensorListConcatV2(input_handle=l, element_shape=i32(-1, 2), leading_dims=i64(), element_dtype=_t(dt))
            item = R.TensorListGetItem(input_handle=l, index=2, element_shape=i32(-1, 2), element_dtype=_t(dt))
            both = R.TensorListConcatLists(input_a=tf.reshape(l, []), input_b=tf.reshape(l, []), element_dtype=_t(dt))
            return dict(y=y, lengths=lengths, z=z, item=item, n=R.TensorListLength(input_handle=both))
        yield Graph("split list of " + dt, joined, dict(x=arr(dt, 5, 2)), dict(x=arr(dt, 4, 2)))

    for shape in ([2], [None]):
        def concat(inits, x):
            y, n = R.TensorListConcat(input_handle=R.TensorListFromTensor(tensor=x, element_shape=i32(2)), element_dtype=tf.float32, element_shape=shape)
            return dict(y=y, n=n)
        yield Graph("concat of a list, %s" % shape, concat, dict(x=arr("float32", 3, 2)))

    for n in (-1, 2, 3):
        def stacked(inits, x):
            return dict(y=_stack(R.TensorListFromTensor(tensor=x, element_shape=i32()), "float32", (), n))
        yield Graph("stack of %d" % n, stacked, dict(x=arr("float32", 2)), dict(x=arr("float32", 3)))

    for grow in (False, True):
        def sets(inits, x, at):
            l = R.TensorListFromTensor(tensor=x, element_shape=i32())
            l = R.TensorListSetItem(input_handle=l, index=at, item=x[0], resize_if_index_out_of_bounds=grow)
            return dict(y=_stack(l, "float32"), n=R.TensorListLength(input_handle=l))
        yield Graph("set beyond the end, %s" % grow, sets, dict(x=arr("float32", 2), at=np.int32(1)), dict(x=arr("float32", 2), at=np.int32(4)))

    def empty(inits, x, most):
        l = R.EmptyTensorList(element_shape=i32(2), max_num_elements=most, element_dtype=tf.float32)
        a = R.TensorListPushBack(input_handle=l, tensor=x)
        b = R.TensorListPushBack(input_handle=a, tensor=x + 1)
        c = R.TensorListResize(input_handle=b, size=3)
        return dict(n=R.TensorListLength(input_handle=l), y=_stack(b, "float32", (2,)), z=_stack(c, "float32", (2,)), none=_stack(l, "float32", (2,)))
    yield Graph("grown list", empty, dict(x=arr("float32", 2), most=np.int32(-1)), dict(x=arr("float32", 2), most=np.int32(2)), dict(x=arr("float32", 2), most=np.int32(1)))
    yield Graph("list of other shapes", lambda inits, x: dict(y=_stack(R.TensorListPushBack(input_handle=R.EmptyTensorList(element_shape=i32(2), max_num_elements=-1, element_dtype=tf.float32), tensor=x),
                                                                       "float32", (2,))), dict(x=arr("float32", 2)), dict(x=arr("float32", 3)))

    def pops(inits, x):
        l, y = R.TensorListPopBack(input_handle=R.TensorListFromTensor(tensor=x, element_shape=i32()), element_shape=i32(), element_dtype=tf.float32)
        return dict(y=y, n=R.TensorListLength(input_handle=l))
    yield Graph("popped list", pops, dict(x=arr("float32", 1)), dict(x=arr("float32", 0)))

    def batch(inits, x):
        a = R.EmptyTensorList(element_shape=i32(), max_num_elements=-1, element_dtype=tf.float32)
        b = R.TensorListFromTensor(tensor=x, element_shape=i32())
        both = R.TensorListPushBackBatch(input_handles=tf.stack([a, b]), tensor=np.float32([7, 8]))
        return dict(a=_stack(both[0], "float32"), b=_stack(both[1], "float32"))
    yield Graph("lists pushed to at once", batch, dict(x=arr("float32", 2)))


def arrays():
    for dt in KINDS:
        def build(inits, x):
            h, flow = R.TensorArrayV3(size=3, dtype=_t(dt))
            flow = R.TensorArrayWriteV3(handle=h, index=0, value=x[0], flow_in=flow)
            flow = R.TensorArrayWriteV3(handle=h, index=2, value=x[1], flow_in=flow)
            flow = R.TensorArrayWriteV3(handle=h, index=1, value=x[2], flow_in=flow)
            n = R.TensorArraySizeV3(handle=h, flow_in=flow)
            some = R.TensorArrayGatherV3(handle=h, indices=i32(2, 0), flow_in=flow, dtype=_t(dt))
            with tf.control_dependencies([some, n]):
                one = R.TensorArrayReadV3(handle=h, index=1, flow_in=flow, dtype=_t(dt))
            with tf.control_dependencies([one]):
                close = R.TensorArrayCloseV3(handle=h)
            with tf.control_dependencies([close]):
                return dict(n=n, some=some, one=tf.identity(one))
        yield Graph("array of " + dt, build, dict(x=arr(dt, 3, 2)), dict(x=arr(dt, 3, 2)))

        def moved(inits, x, lengths):
            h, flow = R.TensorArrayV3(size=3, dtype=_t(dt), element_shape=[2], dynamic_size=False)
            flow = R.TensorArrayScatterV3(handle=h, indices=i32(1, 2, 0), value=x, flow_in=flow)
            g, other = R.TensorArrayV3(size=2, dtype=_t(dt), identical_element_shapes=False)
            other = R.TensorArraySplitV3(handle=g, value=x, lengths=lengths, flow_in=other)
            y, sizes = R.TensorArrayConcatV3(handle=g, flow_in=other, dtype=_t(dt))
            return dict(a=R.TensorArrayGatherV3(handle=h, indices=i32(0, 1, 2), flow_in=flow, dtype=_t(dt), element_shape=[2]), y=y, sizes=sizes)
        yield Graph("scattered array of " + dt, moved, dict(x=arr(dt, 3, 2), lengths=i64(1, 2)), dict(x=arr(dt, 3, 2), lengths=i64(3, 0)), dict(x=arr(dt, 3, 2), lengths=i64(1, 1)))
    for dynamic in (False, True):
        for clear in (False, True):
            for infer in (False, True):
                def grows(inits, x, at):
                    h, flow = R.TensorArrayV3(size=1, dtype=tf.float32, dynamic_size=dynamic, clear_after_read=clear, identical_element_shapes=infer, tensor_array_name="a" if clear else "")
                    flow = R.TensorArrayWriteV3(handle=h, index=at, value=x, flow_in=flow)
                    a = R.TensorArrayReadV3(handle=h, index=at, flow_in=flow, dtype=tf.float32)
                    b = a
                    if not clear:
                        with tf.control_dependencies([a]):
                            b = R.TensorArrayReadV3(handle=h, index=at, flow_in=flow, dtype=tf.float32)
                    return dict(a=a, b=b, n=R.TensorArraySizeV3(handle=h, flow_in=flow))
                yield Graph("array grows %s, clears %s, %s" % (dynamic, clear, infer), grows, dict(x=arr("float32", 2), at=np.int32(0)), dict(x=arr("float32", 2), at=np.int32(4)))
    for shape in (None, [None, 2], [1, 2]):
        def concat(inits, x):
            h, flow = R.TensorArrayV3(size=2, dtype=tf.float32, clear_after_read=False)
            flow = R.TensorArrayScatterV3(handle=h, indices=i32(0, 1), value=x, flow_in=flow)
            y, n = R.TensorArrayConcatV3(handle=h, flow_in=flow, dtype=tf.float32, element_shape_except0=shape and shape[1:])
            return dict(y=y, n=n, g=R.TensorArrayGatherV3(handle=h, indices=i32(1), flow_in=flow, dtype=tf.float32, element_shape=shape))
        yield Graph("concat of %s" % shape, concat, dict(x=arr("float32", 2, 1, 2)))


def stacks():
    for swap in (False, True):
        def build(inits, x):
            h = R.StackV2(max_size=2, elem_type=tf.float32, stack_name="s" if swap else "")
            a = R.StackPushV2(handle=h, elem=x, swap_memory=swap)
            with tf.control_dependencies([a]):
                b = R.StackPushV2(handle=h, elem=x + 1, swap_memory=swap)
            with tf.control_dependencies([b]):
                c = R.StackPopV2(handle=h, elem_type=tf.float32)
            with tf.control_dependencies([c]):
                d = R.StackPopV2(handle=h, elem_type=tf.float32)
            with tf.control_dependencies([d]):
                close = R.StackCloseV2(handle=h)
            with tf.control_dependencies([close]):
                return dict(a=a, c=tf.identity(c), d=tf.identity(d))
        yield Graph("stack, %s" % swap, build, dict(x=arr("float32", 2)), dict(x=arr("float32", 3)))

    def maps(inits, k, v):
        m = R.EmptyTensorMap()
        a = R.TensorMapInsert(input_handle=m, key=k, value=v)
        b = R.TensorMapInsert(input_handle=a, key=np.int64(7), value=v + 1)
        c = R.TensorMapErase(input_handle=b, key=k, value_dtype=tf.float32)
        return dict(n=R.TensorMapSize(input_handle=b), none=R.TensorMapSize(input_handle=m), has=R.TensorMapHasKey(input_handle=b, key=k), gone=R.TensorMapHasKey(input_handle=c, key=k),
                    v=R.TensorMapLookup(input_handle=b, key=k, value_dtype=tf.float32), keys=tf.sort(R.TensorMapStackKeys(input_handle=b, key_dtype=tf.int64)))
    yield Graph("map", maps, dict(k=np.int64(3), v=arr("float32", 2)), dict(k=np.int64(7), v=arr("float32", 2)))
    yield Graph("map without the key", lambda inits, k: dict(y=R.TensorMapLookup(input_handle=R.EmptyTensorMap(), key=k, value_dtype=tf.float32)), dict(k=np.int64(3)))

    def optional(inits, x, s):
        o, none = R.OptionalFromValue(components=[x, s]), R.OptionalNone()
        y = R.OptionalGetValue(optional=o, output_types=[tf.float32, tf.string], output_shapes=[[2], []])
        return dict(x=y[0], s=y[1], has=R.OptionalHasValue(optional=o), none=R.OptionalHasValue(optional=none))
    yield Graph("optional", optional, dict(x=arr("float32", 2), s=np.array(b"q", object)))
    yield Graph("optional of any shape", lambda inits, x: dict(y=R.OptionalGetValue(optional=R.OptionalFromValue(components=[x]), output_types=[tf.float32], output_shapes=[tf.TensorShape(None)])[0]),
                dict(x=arr("float32", 2)), dict(x=arr("float32")))
    yield Graph("nothing", lambda inits, x: dict(y=R.OptionalGetValue(optional=R.OptionalNone(), output_types=[tf.float32], output_shapes=[[]])[0] + x), dict(x=np.float32(1)))
