# SPDX-License-Identifier: Apache-2.0
"""Functions, branches, loops; what only checks or prints."""
import numpy as np
import tensorflow as tf

from golden_values import ALL, arr, edges, i32, i64, text
from golden_writer import Graph

R = tf.raw_ops
v1 = tf.compat.v1


def _function(fn, *args):
    """fn as a library function of the current graph."""
    return tf.function(fn, autograph=False).get_concrete_function(*[tf.TensorSpec(None, tf.as_dtype(a)) for a in args])


def calls():
    for op in ("PartitionedCall", "StatefulPartitionedCall"):
        for n in range(1):
            def build(inits, x, y):
                f = _function(lambda a, b: (a * b, a + b), "float32", "float32")
                f.add_to_graph()
                out = getattr(R, op)(args=[x, y], Tout=[tf.float32, tf.float32], f=f)
                return dict(product=out[0], sum=out[1])
            yield Graph("%s, %d" % (op, n), build, dict(x=arr("float32", 3), y=arr("float32", 3)), dict(x=arr("float32", 2, 1), y=arr("float32", 2)), dict(x=arr("float32", 2), y=arr("float32", 3)))

    def nested(inits, x):
        inner = tf.function(lambda a: a * 2 + 1, autograph=False)
        outer = tf.function(lambda a: inner(inner(a)) - a, autograph=False)
        return dict(y=outer(x))
    yield Graph("a function in a function", nested, dict(x=arr("float32", 3)), dict(x=arr("float32", 0)))


def branches():
    for op in ("If", "StatelessIf"):
        for cond in ("bool", "int32", "float32", "string"):
            def build(inits, c, x):
                a, b = _function(lambda v: v + 1, "float32"), _function(lambda v: tf.reduce_sum(v) * tf.ones([2]), "float32")
                a.add_to_graph(), b.add_to_graph()
                return dict(y=getattr(R, op)(cond=c, input=[x], Tout=[tf.float32], then_branch=a, else_branch=b, output_shapes=[tf.TensorShape(None)])[0])
            values = dict(bool=(True, False), int32=(3, 0), float32=(.5, 0.), string=(b"q", b""))[cond]
            kind = object if cond == "string" else cond
            yield Graph("%s on %s" % (op, cond), build, *[dict(c=np.array(v, kind), x=arr("float32", 3)) for v in values], dict(c=np.array([], kind), x=arr("float32", 3)))
    for op in ("Case", "StatelessCase"):
        def build(inits, i, x):
            fs = [_function(lambda v, k=k: v * (k + 1.0), "float32") for k in range(3)]
            [f.add_to_graph() for f in fs]
            return dict(y=getattr(R, op)(branch_index=i, input=[x], Tout=[tf.float32], branches=fs, output_shapes=[tf.TensorShape([None])])[0])
        yield Graph(op, build, *[dict(i=np.int32(k), x=arr("float32", 2)) for k in (0, 1, 2, 3, -1)])

    def switch(inits, x, p):
        f, t = R.Switch(data=x, pred=p)
        y, index = R.Merge(inputs=[f * 2, t + 1])
        with tf.control_dependencies([R.ControlTrigger()]):
            z = tf.identity(y)
        return dict(y=y, index=index, z=z)
    for dt in ("float32", "int64", "complex64"):
        yield Graph("switch and merge of " + dt, switch, dict(x=arr(dt, 3), p=np.array(True)), dict(x=arr(dt, 3), p=np.array(False)))

    def dead(inits, x, p):
        f, t = R.Switch(data=x, pred=p)
        a, b = R.Switch(data=t, pred=x[0] > 0)
        y, index = R.Merge(inputs=[f, a + 10, b + 100])
        return dict(y=y, index=index)
    yield Graph("switches in a switch", dead, *[dict(x=np.float32([v, 2]), p=np.array(p)) for v in (1, -1) for p in (True, False)])

    def reference(inits, x, p):
        v = R.VariableV2(shape=[2], dtype=tf.float32, shared_name="v")
        inits.append(R.Assign(ref=v, value=np.float32([1, 2])).op)
        f, t = R.RefSwitch(data=v, pred=p)
        y, index = R.Merge(inputs=[tf.identity(f) * x, tf.identity(t) + x])
        return dict(y=y, index=index)
    yield Graph("a reference in a switch", reference, dict(x=np.float32([3, 4]), p=np.array(True)), dict(x=np.float32([3, 4]), p=np.array(False)))

    def called(inits, x, p):
        f, t = R.Switch(data=x, pred=p)
        ones, twos = [_function(lambda v, k=k: (tf.fill([2], k), v * k), "float32") for k in (1., 2.)]
        ones.add_to_graph(), twos.add_to_graph()
        a, b = [R.PartitionedCall(args=[v], Tout=[tf.float32] * 2, f=g) for v, g in ((f, ones), (t, twos))]
        return dict(constant=R.Merge(inputs=[a[0], b[0]])[0], product=R.Merge(inputs=[a[1], b[1]])[0])
    yield Graph("calls in branches", called, *[dict(x=arr("float32", 3), p=np.array(p)) for p in (True, False)])

    def partly(inits, x, p):
        f, t = R.Switch(data=x, pred=p)
        return dict(y=R.Merge(inputs=[tf.strings.length(f), tf.strings.length(t) * 10])[0])
    yield Graph("a branch of strings", partly, dict(x=text(b"a", b"bcd"), p=np.array(True)), dict(x=text(b"a", b""), p=np.array(False)))


def loops():
    for op in ("While", "StatelessWhile"):
        for parallel in (10, 1):
            def build(inits, n, x):
                cond, body = _function(lambda i, v: i > 0, "int32", "float32"), _function(lambda i, v: (i - 1, v * 2), "int32", "float32")
                cond.add_to_graph(), body.add_to_graph()
                out = getattr(R, op)(input=[n, x], cond=cond, body=body, output_shapes=[[], tf.TensorShape(None)], parallel_iterations=parallel)
                return dict(n=out[0], x=out[1])
            yield Graph("%s, %d" % (op, parallel), build, *[dict(n=np.int32(k), x=arr("float32", 2)) for k in (0, 1, 5, -3)])

    def grows(inits, n):
        cond, body = _function(lambda i, v: tf.shape(v)[0] < i, "int32", "float32"), _function(lambda i, v: (i, tf.concat([v, [tf.reduce_sum(v)]], 0)), "int32", "float32")
        cond.add_to_graph(), body.add_to_graph()
        return dict(y=R.StatelessWhile(input=[n, np.float32([1])], cond=cond, body=body, output_shapes=[[], [None]])[1])
    yield Graph("a loop that grows", grows, *[dict(n=np.int32(k)) for k in (0, 1, 4)])


def plain():
    for dt in ALL:
        yield Graph("constant of " + dt, lambda inits, x: dict(y=R.Pack(values=[tf.constant(edges(dt), tf.string if dt == "string" else None), x])), dict(x=edges(dt)[::-1].copy()))
    for value in (arr("float32"), arr("float32", 0, 3), np.full((2, 3), 7, "int64")):
        yield Graph("constant of shape %s" % (value.shape,), lambda inits, x: dict(y=R.Pack(values=[tf.constant(value), x])), dict(x=value))
    for shape in ([None], [2], None):
        yield Graph("placeholders, %s" % shape, lambda inits, x: dict(y=x + 1, d=R.PlaceholderWithDefault(input=np.float32([5, 6]), shape=shape)), dict(x=np.float32([1, 2])), shapes=dict(x=shape))

    def nothing(inits, x):
        with tf.control_dependencies([R.NoOp()]):
            return dict(y=tf.identity(x))
    yield Graph("nothing", nothing, dict(x=arr("float32", 2)))
    for n in (3, 0):
        def checked(inits, x):
            check = R.Assert(condition=tf.reduce_all(x > 0), data=[x, "is not above 0"], summarize=n)
            with tf.control_dependencies([check]):
                return dict(y=tf.identity(x))
        yield Graph("assertion, %d" % n, checked, dict(x=np.float32([1, 2])), dict(x=np.float32([1, -2])))
    for message, first, n in (("", -1, 3), ("said: ", 1, 0)):
        yield Graph("printed, %r" % message, lambda inits, x: dict(y=R.Print(input=x, data=[x, tf.size(x)], message=message, first_n=first, summarize=n)), dict(x=np.float32([1, 2])), dict(x=np.float32([3])))
    for stream, end in (("stderr", "\n"), ("stdout", ""), ("log(info)", "\n")):
        def prints(inits, x):
            with tf.control_dependencies([R.PrintV2(input=x, output_stream=stream, end=end)]):
                return dict(y=tf.identity(x))
        yield Graph("printed to %s" % stream, prints, dict(x=np.array(b"said by a golden", object)))


def order():
    """Effects that only control edges ask for, of values that fold, fuse or freeze; and what they order."""
    def counted(wants):
        def build(inits, x):
            v = R.VariableV2(shape=[], dtype=tf.float32, shared_name="v")
            inits.append(R.Assign(ref=v, value=0.).op)
            with tf.control_dependencies([R.AssignAdd(ref=v, value=1.).op]):
                y = wants(x)
            with tf.control_dependencies([y]):
                return dict(y=y, count=tf.identity(v))
        return build

    values = [dict(x=np.float32([k, .5])) for k in (1, 2)]
    for name, wants in dict(constant=lambda x: tf.constant(3.), sum=lambda x: tf.constant(1.) + 2., identity=lambda x: tf.identity(x),
                            chain=lambda x: tf.tanh(x) * 2 + 1, shape=lambda x: tf.cast(tf.shape(x), tf.float32)).items():
        yield Graph("a counter behind a " + name, counted(wants), *values)

    def checked(inits, x, p):
        y = tf.tanh(x) - 1
        with tf.control_dependencies([R.Assert(condition=p, data=[x])]):
            z = tf.identity(y)
        return dict(y=z * z + 2, other=tf.reduce_sum(y))
    yield Graph("an assertion in a chain", checked, *[dict(x=np.float32([1, 2]), p=np.array(p)) for p in (True, False)])

    def gated(inits, x, p):
        v = R.VariableV2(shape=[], dtype=tf.float32, shared_name="v")
        inits.append(R.Assign(ref=v, value=0.).op)
        f, t = R.Switch(data=x, pred=p)
        pivot = R.Identity(input=R.Switch(data=p, pred=p)[1])
        with tf.control_dependencies([pivot, R.AssignAdd(ref=v, value=1.).op]):
            c = tf.constant(10.)
        y, _ = R.Merge(inputs=[f, t + c])
        with tf.control_dependencies([y]):
            return dict(y=y, count=tf.identity(v))
    yield Graph("a constant of a branch that waits", gated, *[dict(x=np.float32([1, 2]), p=np.array(True)) for _ in range(2)])


def fused():
    """What becomes one node, at the edges of its sizes."""
    def attention(inits, q, k, v, mask):
        heads = [tf.transpose(t, [0, 2, 1, 3]) for t in (q, k, v)]
        s = tf.matmul(heads[0], heads[1], transpose_b=True) * .5 + mask
        return dict(y=tf.transpose(tf.matmul(tf.nn.softmax(s), heads[2]), [0, 2, 1, 3]))
    yield Graph("attention", attention, *[dict(q=arr("float32", 2, r, 2, d), k=arr("float32", 2, n, 2, d), v=arr("float32", 2, n, 2, 3),
                                               mask=arr("float32", *m)) for r, n, d, m in
                                          ((2, 3, 4, (3,)), (2, 3, 0, (3,)), (2, 0, 4, (1,)), (0, 3, 4, (3,)), (1, 3, 4, (5, 3)), (2, 1, 2, (2, 2, 2, 1)))])

    def norm(inits, x):
        m = tf.reduce_mean(x, -1, keepdims=True)
        d = x - m
        r = tf.math.rsqrt(tf.reduce_mean(d * d, -1, keepdims=True) + .001)
        return dict(y=d * r * np.float32([2, -1, 3]) + np.float32([1, 0, 5]))
    yield Graph("layer normalisation", norm, *[dict(x=arr("float32", *s)) for s in ((2, 3), (3,), (2, 2, 3), (0, 3), (2, 1), (2, 2))])

    def dense(inits, x):
        w = np.zeros([0, 3], np.float32)
        return dict(y=tf.nn.relu(tf.nn.bias_add(tf.matmul(x, w), np.float32([1, -2, 3]))))
    yield Graph("a product of no inputs", dense, *[dict(x=arr("float32", n, 0)) for n in (2, 0)])


def loops_of_old():
    """TensorFlow 1's: Enter, Merge, LoopCond, Switch, NextIteration, Exit."""
    def old(make):
        def build(inits, **inputs):
            v1.disable_control_flow_v2()
            try:
                return make(inits, **inputs)
            finally:
                v1.enable_control_flow_v2()
        return build

    def loop(*args, **how):
        return v1.while_loop(*args, **how)
    counts = lambda *n, **more: [dict(n=np.int32(k), x=arr("float32", 3), **more) for k in n]
    yield Graph("old: counted", old(lambda inits, n, x: dict(y=loop(lambda i, y: i < n, lambda i, y: (i + 1, y * .5 + x), [0, x])[1])), *counts(0, 1, 5, 20))
    yield Graph("old: in TensorFlow's own frames", old(lambda inits, n, x: dict(zip("iy", loop(lambda i, y: i < n, lambda i, y: (i + 1, y + 1), [0, x], parallel_iterations=1)))), *counts(0, 3))
    yield Graph("old: a shape that grows", old(lambda inits, n, x: dict(y=loop(lambda i, y: i < n, lambda i, y: (i + 1, tf.concat([y, y[:1] + 1], 0)), [0, x], shape_invariants=[tf.TensorShape([]), tf.TensorShape([None])])[1])), *counts(0, 1, 4), shapes=dict(x=[3]))

    def nested(inits, n, x):
        inner = lambda i, y: loop(lambda j, z: j < i, lambda j, z: (j + 1, z * .5 + tf.cast(j, tf.float32) + x), [0, y])[1]
        return dict(y=loop(lambda i, y: i < n, lambda i, y: (i + 1, inner(i, y)), [0, x])[1])
    yield Graph("old: a loop in a loop", old(nested), *counts(0, 1, 4))

    def deep(inits, n, x):
        third = lambda y: loop(lambda k, z: k < 2, lambda k, z: (k + 1, z + x), [0, y])[1]
        second = lambda y: loop(lambda j, z: j < n, lambda j, z: (j + 1, third(z) * .5), [0, y])[1]
        return dict(y=loop(lambda i, y: i < n, lambda i, y: (i + 1, second(third(y))), [0, x])[1])
    yield Graph("old: loops in loops in a loop", old(deep), *counts(0, 3))
    yield Graph("old: a condition in a loop", old(lambda inits, n, x: dict(y=loop(lambda i, y: i < n, lambda i, y: (i + 1, v1.cond(i % 2 < 1, lambda: y + 1, lambda: y * 2 + x)), [0, x])[1])), *counts(0, 5))
    yield Graph("old: a loop in a condition", old(lambda inits, n, x: dict(y=v1.cond(n > 2, lambda: loop(lambda i, y: i < n, lambda i, y: (i + 1, y + x), [0, x])[1], lambda: loop(lambda i, y: i < 2, lambda i, y: (i + 1, y * 3), [0, x])[1]))), *counts(0, 2, 5))
    yield Graph("old: one loop after another", old(lambda inits, n, x: dict(y=loop(lambda i, y: i < n, lambda i, y: (i + 1, y - 1), [0, loop(lambda i, y: i < n, lambda i, y: (i + 1, y * 2), [0, x])[1]])[1])), *counts(0, 3))
    yield Graph("old: two in one, by their values", old(lambda inits, n, x: dict(y=loop(lambda i, a, b: tf.reduce_sum(a) < 100, lambda i, a, b: (i + 1, b, a + b + tf.cast(n, tf.float32)), [0, tf.abs(x), tf.abs(x) + 1])[2])), *counts(1, 7))

    def recurrent(inits, n, x):
        out = tf.TensorArray(tf.float32, size=n, dynamic_size=True, clear_after_read=False)
        source = tf.TensorArray(tf.float32, size=tf.shape(x)[0]).unstack(x)
        _, h, out = loop(lambda i, h, out: i < n, lambda i, h, out: (i + 1, tf.tanh(source.read(i) + h), out.write(i, h)), [0, tf.zeros([]), out])
        return dict(last=h, all=out.stack())
    yield Graph("old: arrays", old(recurrent), *counts(1, 3), shapes=dict(x=[3]))

    def checks(inits, n, x):
        def body(i, y):
            with tf.control_dependencies([v1.Assert(i < 3, [i])]):
                return i + 1, y * 2
        return dict(y=loop(lambda i, y: i < n, body, [0, x])[1])
    yield Graph("old: a check in a loop", old(checks), *counts(0, 3, 4))

    def counter(inits, n, x):
        v = R.VarHandleOp(dtype=tf.int32, shape=[], shared_name="v")
        inits.append(R.AssignVariableOp(resource=v, value=np.int32(10)))

        def body(i, y):
            with tf.control_dependencies([R.AssignAddVariableOp(resource=v, value=i)]):
                return i + 1, y + 1
        y = loop(lambda i, y: i < n, body, [0, x])[1]
        with tf.control_dependencies([y]):
            return dict(y=y, v=R.ReadVariableOp(resource=v, dtype=tf.int32))
    yield Graph("old: a variable that a loop changes", old(counter), *counts(0, 3, 2))

    def waiting(inits, n, x):
        with tf.control_dependencies([v1.Assert(n < 4, [n])]):
            return dict(y=loop(lambda i, y: i < n, lambda i, y: (i + 1, y + 1), [tf.constant(0), x])[1])
    yield Graph("old: a loop that waits", old(waiting), *counts(3, 4))


def batches():
    """Ids are random; what is made with them is not."""
    def whole(most, allowed, n=1):
        def build(inits, x):
            more = [tf.strings.as_string(x[:, 0])] if n > 1 else []
            b = R.Batch(in_tensors=[x] + more, num_batch_threads=1, max_batch_size=most, batch_timeout_micros=100, grad_timeout_micros=100, allowed_batch_sizes=allowed,
                        shared_name="b%d %s %d" % (most, allowed, n))
            out = {"x%d" % i: t for i, t in enumerate(b.batched_tensors)}
            out.update({"u%d" % i: R.Unbatch(batched_tensor=t, batch_index=b.batch_index, id=b.id, timeout_micros=100, shared_name="u%d %s %d %d" % (most, allowed, n, i))
                        for i, t in enumerate(b.batched_tensors)})
            return dict(out, rows=b.batch_index[:, 1:])
        return build
    for most, allowed, n, rows in ((4, [], 1, (2, 4, 5)), (8, [2, 8], 2, (1, 2, 3, 8)), (3, [1, 3], 1, (2,)), (3, [2, 4], 1, (1,)), (4, [2, 3], 1, (1,)), (4, [4, 4], 1, (1,))):
        yield Graph("Batch, %d, %s, %d" % (most, allowed, n), whole(most, allowed, n), *[dict(x=arr("float32", r, 2)) for r in rows])

    def parts(inits, x, i, id):
        return dict(y=R.Unbatch(batched_tensor=x, batch_index=i, id=id, timeout_micros=100, shared_name="parts"))
    yield Graph("Unbatch", parts, *[dict(x=arr("string", 4, 2), i=i64(*i).reshape(-1, 3), id=np.int64(k)) for i, k in (((7, 0, 1, 8, 1, 4), 8), ((7, 1, 3), 7), ((7, 2, 2), 7), ((7, 0, 1), 8))])

    def refused(inits, a, b):
        batch = R.Batch(in_tensors=[a, b], num_batch_threads=1, max_batch_size=4, batch_timeout_micros=100, grad_timeout_micros=100, shared_name="refused")
        return dict(a=batch.batched_tensors[0])
    yield Graph("Batch of what does not fit", refused, *[dict(a=arr("float32", *a), b=arr("float32", *b)) for a, b in (((3, 2), (3,)), ((3, 2), (2,)), ((), (1,)), ((1,), ()))], shapes=dict(a=None, b=None))

    def function(most, allowed, splits, body):
        def build(inits, x):
            f = tf.function(lambda a, k: body(a, k), autograph=False).get_concrete_function(tf.TensorSpec(None, tf.float32), tf.TensorSpec([], tf.float32))
            f.add_to_graph()
            y = R.BatchFunction(in_tensors=[x], captured_tensors=[tf.constant(2.)], f=f, num_batch_threads=1, max_batch_size=most, batch_timeout_micros=100,
                                Tout=[t.dtype for t in f.outputs], allowed_batch_sizes=allowed, enable_large_batch_splitting=splits, shared_name="f%d %s %s" % (most, allowed, splits))
            return {"y%d" % i: t for i, t in enumerate(y)}
        return build

    def rows(a, k):
        return [a * k + 1., tf.strings.as_string(a)]
    for i, (most, allowed, splits, body, sizes) in enumerate((
            (4, [], False, rows, (1, 3, 4, 5, 0)), (4, [2, 4], False, rows, (1, 3)), (8, [], True, rows, (3, 9)), (8, [2, 3], True, rows, (1, 2, 3, 4, 5, 7, 8, 9)), (8, [2, 3], False, rows, (1,)),
            (4, [2, 4], False, lambda a, k: [a + tf.reduce_sum(a) * k], (1, 3)), (4, [], False, lambda a, k: [tf.reduce_sum(a) * k], (2,)), (4, [], False, lambda a, k: [a[1:] * k], (2,)),
            (8, [2], True, lambda a, k: [a + tf.reduce_sum(a) * k], (1, 3, 6)))):
        yield Graph("BatchFunction %d, %d, %s, %s" % (i, most, allowed, splits), function(most, allowed, splits, body), *[dict(x=arr("float32", n, 2)) for n in sizes])
    yield Graph("BatchFunction of scalars", function(4, [], False, rows), dict(x=np.float32(2)), shapes=dict(x=None))


def counted():
    def build(inits, a, b, d, x, y):
        f = _function(lambda i, v, w, s: (tf.cast(i, tf.float32) + v * 2, v, i + 1), "int32", "float32", "float32", "int32")
        f.add_to_graph()
        out = R.For(start=a, limit=b, delta=d, input=[x, y, a * 10], body=f)
        return dict(x=out[0], y=out[1], i=out[2])
    runs = [dict(a=np.int32(a), b=np.int32(b), d=np.int32(d), x=arr("float32", 3), y=arr("float32", 3))
            for a, b, d in ((0, 4, 1), (3, 3, 0), (9, 0, -4), (0, 5, 3), (-2**31, -2**31 + 2, 1), (0, 3, 0), (0, 3, -1), (3, 0, 1))]
    yield Graph("For", build, *runs, dict(runs[0], a=i32(1)))

    def growing(inits, n, x):
        f = _function(lambda i, v: tf.concat([v, [tf.cast(i, tf.float32)]], 0), "int32", "float32")
        f.add_to_graph()
        return dict(x=R.For(start=0, limit=n, delta=1, input=[x], body=f)[0])
    yield Graph("For whose variable grows", growing, dict(n=np.int32(3), x=arr("float32", 2)), dict(n=np.int32(0), x=arr("float32", 2)))

    def inner(inits, n, x):
        add = _function(lambda i, v: v + tf.cast(i, tf.float32), "int32", "float32")
        outer = _function(lambda i, v: R.For(start=i, limit=n0, delta=1, input=[v], body=add)[0], "int32", "float32")
        add.add_to_graph(), outer.add_to_graph()
        return dict(x=R.For(start=0, limit=n, delta=1, input=[x], body=outer)[0])
    n0 = 3
    yield Graph("For in For", inner, dict(n=np.int32(3), x=arr("float32", 2)))


def ambient():
    for names in (["GPU", "CPU"], ["CPU"], ["GPU"], []):
        yield "DeviceIndex", dict(device_names=names)
    yield Graph("Timestamp", lambda inits, x: dict(later=R.Timestamp() > x), dict(x=np.float64(1.6e9)), dict(x=np.float64(1e11)))
    for dt in ("float32", "int8", "string", "complex64"):
        def fake(inits, c, x):
            a, b = _function(lambda v: v, dt), _function(lambda v: R.FakeParam(dtype=dt, shape=[2]), dt)
            a.add_to_graph(), b.add_to_graph()
            return dict(y=R.StatelessIf(cond=c, input=[x], Tout=[dt], then_branch=a, else_branch=b)[0])
        yield Graph("FakeParam of " + dt, fake, dict(c=np.array(True), x=arr(dt, 2)))
    for shape in ([2, 0], [], None):
        yield Graph("FakeParam of shape %s" % shape, lambda inits, x: dict(n=tf.shape(R.FakeParam(dtype=tf.float32, shape=tf.TensorShape(shape))) + x), dict(x=np.int32(0)))
