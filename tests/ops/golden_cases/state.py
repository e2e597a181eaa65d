# SPDX-License-Identifier: Apache-2.0
"""Variables of both kinds, and lookup tables: what one run leaves behind and the next one finds."""
import numpy as np
import tensorflow as tf

from golden_values import arr, edges, i32, i64, text
import golden_writer
from golden_writer import Graph

R = tf.raw_ops
v1 = tf.compat.v1


def _const(v):
    return tf.constant(v, tf.string if np.asarray(v).dtype == object else None)


def _resource(inits, value, name="v"):
    h = R.VarHandleOp(dtype=_const(value).dtype, shape=np.shape(value), shared_name=name)
    inits.append(R.AssignVariableOp(resource=h, value=_const(value)))
    return h


def _reference(inits, value, name="v"):
    h = R.VariableV2(shape=np.shape(value), dtype=_const(value).dtype, shared_name=name)
    inits.append(R.Assign(ref=h, value=_const(value)).op)
    return h


def _after(ops, fn):
    with tf.control_dependencies(ops):
        return fn()


def resource_variables():
    for dt in ("float32", "int64", "bfloat16", "complex64", "uint8"):
        start = arr(dt, 2, 3, lo=0)

        def build(inits, x):
            h = _resource(inits, start)
            before = R.ReadVariableOp(resource=h, dtype=x.dtype)
            add = _after([before], lambda: R.AssignAddVariableOp(resource=h, value=x))
            middle = _after([add], lambda: R.ReadVariableOp(resource=h, dtype=x.dtype))
            sub = _after([middle], lambda: R.AssignSubVariableOp(resource=h, value=x + x))
            return dict(before=before, middle=middle, after=_after([sub], lambda: R.ReadVariableOp(resource=h, dtype=x.dtype)),
                        shape=R.VariableShape(input=h), wide=R.VariableShape(input=h, out_type=tf.int64))
        yield Graph("variable of " + dt, build, dict(x=arr(dt, 2, 3, lo=0, hi=2)), dict(x=arr(dt, 2, 3, lo=0, hi=2)), dict(x=arr(dt, 2, lo=0)))
    for dt in ("string", "bool", "float32"):
        start = edges(dt)

        def build(inits, x):
            h = _resource(inits, start)
            before = R.ReadVariableOp(resource=h, dtype=x.dtype)
            assign = _after([before], lambda: R.AssignVariableOp(resource=h, value=x, validate_shape=True))
            return dict(before=before, after=_after([assign], lambda: R.ReadVariableOp(resource=h, dtype=x.dtype)))
        yield Graph("assigned variable of " + dt, build, dict(x=start[::-1].copy()), dict(x=start))

    def shared(inits, x):
        a, b = _resource(inits, np.float32([1]), "same"), R.VarHandleOp(dtype=tf.float32, shape=[1], shared_name="same")
        other = _resource(inits, np.float32([5]), "other")
        mine = R.VarHandleOp(dtype=tf.float32, shape=[1], shared_name="same", container="mine")
        inits.append(R.AssignVariableOp(resource=mine, value=np.float32([9])))
        add = R.AssignAddVariableOp(resource=a, value=x)
        return {k: _after([add], lambda: R.ReadVariableOp(resource=h, dtype=tf.float32)) for k, h in dict(b=b, other=other, mine=mine).items()}
    yield Graph("handles of one name", shared, dict(x=np.float32([2])), dict(x=np.float32([3])))

    def initialized(inits, x):
        there = _resource(inits, np.float32([1]), "there")
        absent = R.VarHandleOp(dtype=tf.float32, shape=[1], shared_name="absent", debug_name="for people")
        quiet = R.DisableCopyOnRead(resource=there)
        y = {k: R.VarIsInitializedOp(resource=h) for k, h in dict(there=there, absent=absent).items()}
        set_ = _after(list(y.values()) + [quiet], lambda: R.AssignVariableOp(resource=absent, value=x))
        y["then"] = _after([set_], lambda: R.VarIsInitializedOp(resource=absent))
        return y
    yield Graph("initialized or not", initialized, dict(x=np.float32([2])), dict(x=np.float32([2])))

    for ignore in (True, False):
        def destroyed(inits, x):
            h = R.VarHandleOp(dtype=tf.float32, shape=[1], shared_name="short")
            made = R.AssignVariableOp(resource=h, value=x)
            y = _after([made], lambda: R.ReadVariableOp(resource=h, dtype=tf.float32))
            gone = _after([y], lambda: R.DestroyResourceOp(resource=h, ignore_lookup_error=ignore))
            return dict(y=_after([gone], lambda: tf.identity(y)))
        yield Graph("destroyed variable, %s" % ignore, destroyed, dict(x=np.float32([2])), dict(x=np.float32([3])))

    for limit in (2, 5):
        for dt in ("int32", "int64"):
            def counts(inits, x):
                h = _resource(inits, np.array(0, dt))
                n = R.ResourceCountUpTo(resource=h, limit=limit, T=tf.as_dtype(dt))
                return dict(n=n + tf.cast(x, dt))
            yield Graph("counts %s up to %d" % (dt, limit), counts, *[dict(x=np.int32(10))] * 4)


def resource_scatter():
    for op in "Update Add Sub Mul Div Min Max".split():
        for dt in ("float32", "int64", "float16") + (("string", "bool") if op == "Update" else ()):
            start = arr(dt, 4, 2, lo=1)

            def build(inits, indices, updates):
                h = _resource(inits, start)
                done = getattr(R, "ResourceScatter" + op)(resource=h, indices=indices, updates=updates)
                return dict(y=_after([done], lambda: R.ReadVariableOp(resource=h, dtype=updates.dtype)))
            up = lambda *s: arr(dt, *s, lo=1, hi=4)
            t = i64 if dt == "float16" else i32
            yield Graph("ResourceScatter%s of %s" % (op, dt), build, dict(indices=t(3, 0), updates=up(2, 2)), dict(indices=t(1, 1), updates=up(2, 2)),
                        dict(indices=t(), updates=up(0, 2)), dict(indices=t(4), updates=up(1, 2)), dict(indices=t(2), updates=up(1, 2)))
    for op in "Update Add Sub Min Max".split():
        for policy in ("", "ERROR", "IGNORE", "DEFAULT"):
            for locking in (True, False) if policy == "" else (True,):
                def build(inits, indices, updates):
                    h = _resource(inits, np.float32([[1, 2], [3, 4], [5, 6]]))
                    done = getattr(R, "ResourceScatterNd" + op)(ref=h, indices=indices, updates=updates, use_locking=locking, bad_indices_policy=policy)
                    return dict(y=_after([done], lambda: R.ReadVariableOp(resource=h, dtype=tf.float32)))
                yield Graph("ResourceScatterNd%s, %s %s" % (op, policy, locking), build, dict(indices=i32(2, 0).reshape(2, 1), updates=arr("float32", 2, 2)),
                            dict(indices=i32(1, 3).reshape(2, 1), updates=arr("float32", 2, 2)), dict(indices=i32(-1).reshape(1, 1), updates=arr("float32", 1, 2)))

    for dims, validate in ((0, True), (1, True), (0, False)):
        def build(inits, indices):
            h = _resource(inits, np.arange(24, dtype="float32").reshape(2, 3, 4))
            return dict(y=R.ResourceGather(resource=h, indices=indices, dtype=tf.float32, batch_dims=dims, validate_indices=validate),
                        nd=R.ResourceGatherNd(resource=h, indices=indices, dtype=tf.float32))
        yield Graph("ResourceGather, %d %s" % (dims, validate), build, dict(indices=i32(1, 0).reshape(2, 1)), dict(indices=i32(0, 1, 1, 2).reshape(2, 2)), dict(indices=i32(9, 0).reshape(2, 1)))

    for g in _strided("ResourceStridedSliceAssign"):
        yield g


def _strided(op):
    """Assignments to slices, each mask at work."""
    for b, e, s, masks, out in (((0, 1), (2, 4), (1, 2), {}, (2, 2)), ((1, 1), (0, 0), (1, 1), dict(begin_mask=1, end_mask=2), (0, 3)), ((1, 1), (0, 0), (-1, 2), dict(begin_mask=1, end_mask=3), (3, 2)),
                                ((0, 0), (0, 2), (1, 1), dict(ellipsis_mask=1), (3, 2)), ((0, 0, 0), (1, 2, 3), (1, 1, 1), dict(new_axis_mask=1), (1, 2, 3)), ((1, 1), (2, 3), (1, 1), dict(shrink_axis_mask=1), (2,))):
        def build(inits, x):
            start = np.arange(12, dtype="float32").reshape(3, 4)
            if op[0] == "R":
                h = _resource(inits, start)
                done = R.ResourceStridedSliceAssign(ref=h, begin=i32(*b), end=i32(*e), strides=i32(*s), value=x, **masks)
                return dict(y=_after([done], lambda: R.ReadVariableOp(resource=h, dtype=tf.float32)))
            h = _reference(inits, start)
            return dict(y=tf.identity(R.StridedSliceAssign(ref=h, begin=i32(*b), end=i32(*e), strides=i32(*s), value=x, **masks)))
        yield Graph("%s, %s" % (op, masks), build, dict(x=arr("float32", *out)), dict(x=arr("float32", *out)))


def reference_variables():
    for dt in ("float32", "int32"):
        for locking in (True, False):
            def build(inits, x):
                v = _reference(inits, arr(dt, 2, 3))
                before = tf.identity(v) + 0
                add = _after([before], lambda: R.AssignAdd(ref=v, value=x, use_locking=locking))
                middle = add + 0
                sub = _after([middle], lambda: R.AssignSub(ref=v, value=x + x, use_locking=locking))
                after = sub + 0
                there = _after([after], lambda: R.IsVariableInitialized(ref=v))
                return dict(before=before, middle=middle, after=after, there=there)
            yield Graph("reference variable of %s, %s" % (dt, locking), build, dict(x=arr(dt, 2, 3)), dict(x=arr(dt, 2, 3)))
    def names(inits, x):
        out = {}
        for i, (name, container) in enumerate((("a", ""), ("b", ""), ("a", "c"))):
            for op in ("Variable", "VariableV2"):
                v = getattr(R, op)(shape=[i + 1], dtype=tf.float32, shared_name=op + name, container=container)
                inits.append(R.Assign(ref=v, value=np.full(i + 1, i, "float32")).op)
                out["v%d%s" % (i, op)] = R.AssignAdd(ref=v, value=tf.fill([i + 1], x)) + 0
        return out
    def chosen(inits, p, x):
        v = _reference(inits, arr("float32", 3))
        f, t = R.RefSwitch(data=v, pred=p)
        y, index = R.Merge(inputs=[tf.identity(f) * x, R.AssignAdd(ref=t, value=x) + 0])
        return dict(y=y, index=index)
    yield Graph("a reference behind a switch", chosen, *[dict(p=np.array(p), x=np.float32([1, 2, x])) for p, x in ((True, 3), (False, -1), (True, 0))])

    yield Graph("reference variables by name", names, dict(x=np.float32(10)), dict(x=np.float32(100)))
    for validate, locking in ((True, True), (False, True), (True, False)):
        def build(inits, x):
            v = R.Variable(shape=[2], dtype=tf.float32, shared_name="old", container="there")
            inits.append(R.Assign(ref=v, value=np.float32([1, 2])).op)
            before = tf.identity(v) + 0
            set_ = _after([before], lambda: R.Assign(ref=v, value=x, validate_shape=validate, use_locking=locking))
            return dict(before=before, after=set_ + 0)
        runs = [dict(x=np.float32([3, 4])), dict(x=np.float32([5, 6]))] + ([] if not validate else [dict(x=np.float32([7, 8, 9]))])
        yield Graph("assigned reference, %s %s" % (validate, locking), build, *runs)
    for op in "Update Add Sub Mul Div Min Max".split():
        for dt in ("float32", "int64"):
            def build(inits, indices, updates):
                v = _reference(inits, arr(dt, 4, 2, lo=1))
                return dict(y=tf.identity(getattr(R, "Scatter" + op)(ref=v, indices=indices, updates=updates)))
            up = lambda *s: arr(dt, *s, lo=1, hi=4)
            yield Graph("Scatter%s of %s" % (op, dt), build, dict(indices=i32(3, 0), updates=up(2, 2)), dict(indices=i32(1, 1), updates=up(2, 2)), dict(indices=i32(4), updates=up(1, 2)))
    for op, policy in [(op, p) for op in "Update Add Sub Min Max".split() for p in ("", "ERROR", "IGNORE", "DEFAULT")]:
        def build(inits, indices, updates):
            v = _reference(inits, arr("float32", 4, 2, lo=1))
            return dict(y=tf.identity(getattr(R, "ScatterNd" + op)(ref=v, indices=indices, updates=updates, bad_indices_policy=policy)))
        yield Graph("ScatterNd%s, %s" % (op, policy), build, dict(indices=i32(3, 0, 1, 1).reshape(2, 2), updates=arr("float32", 2)), dict(indices=i32(0, 1).reshape(1, 2), updates=arr("float32", 1)),
                    dict(indices=i32(4, 0).reshape(1, 2), updates=arr("float32", 1)))
    for g in _strided("StridedSliceAssign"):
        yield g
    for limit in (2, 5):
        def counts(inits, x):
            v = _reference(inits, np.int32(0))
            return dict(n=R.CountUpTo(ref=v, limit=limit) + x)
        yield Graph("counts a reference up to %d" % limit, counts, *[dict(x=np.int32(10))] * 4)


KINDS = (("string", "int64"), ("int64", "string"), ("string", "float32"), ("int32", "float64"), ("string", "bool"), ("int64", "int64"))


def tables():
    for key, value in KINDS:
        k, v = (text(b"a", b"b", b"") if key == "string" else np.array([7, -1, 0], key)), arr(value, 3)

        def build(inits, keys):
            t = R.HashTableV2(key_dtype=tf.as_dtype(key), value_dtype=tf.as_dtype(value), shared_name="t")
            inits.append(R.InitializeTableV2(table_handle=t, keys=_const(k), values=_const(v)))
            return dict(values=R.LookupTableFindV2(table_handle=t, keys=keys, default_value=_const(arr(value)[()])), size=R.LookupTableSizeV2(table_handle=t))
        asked = k[[1, 2, 0]], (text(b"a", b"no") if key == "string" else np.array([7, 5], key)), k[:0]
        yield Graph("static table, %s to %s" % (key, value), build, *[dict(keys=a) for a in asked],
                    dict(keys=k.reshape(3, 1)))

        def one(inits, keys):
            t = R.HashTable(key_dtype=tf.as_dtype(key), value_dtype=tf.as_dtype(value), shared_name="t")
            inits.append(R.InitializeTable(table_handle=t, keys=_const(k), values=_const(v)))
            return dict(values=R.LookupTableFind(table_handle=t, keys=keys, default_value=_const(arr(value)[()])), size=R.LookupTableSize(table_handle=t))
        yield Graph("static reference table, %s to %s" % (key, value), one, *[dict(keys=a) for a in asked])

        def mutable(inits, keys, put):
            t = R.MutableHashTableV2(key_dtype=tf.as_dtype(key), value_dtype=tf.as_dtype(value), shared_name="t")
            before = R.LookupTableFindV2(table_handle=t, keys=keys, default_value=_const(arr(value)[()]))
            insert = _after([before], lambda: R.LookupTableInsertV2(table_handle=t, keys=keys, values=put))
            size = _after([insert], lambda: R.LookupTableSizeV2(table_handle=t))
            after = _after([insert], lambda: R.LookupTableFindV2(table_handle=t, keys=keys, default_value=_const(arr(value)[()])))
            out = _after([insert], lambda: R.LookupTableExportV2(table_handle=t, Tkeys=tf.as_dtype(key), Tvalues=tf.as_dtype(value)))
            gone = _after([after, size, out[0], out[1]], lambda: R.LookupTableRemoveV2(table_handle=t, keys=keys[:1]))
            left = _after([gone], lambda: R.LookupTableSizeV2(table_handle=t))
            return dict(before=before, after=after, size=size, left=left, exported=tf.size(out[0]) + tf.size(out[1]))
        yield Graph("mutable table, %s to %s" % (key, value), mutable, dict(keys=k, put=v), dict(keys=k, put=v[::-1].copy()), dict(keys=k[:0], put=v[:0]), dict(keys=k, put=v[:2]))

    for dt in ("float32", "int64"):
        def tensors(inits, keys, put, none):
            t = R.MutableHashTableOfTensorsV2(key_dtype=tf.string, value_dtype=tf.as_dtype(dt), value_shape=[2], shared_name="t")
            imported = R.LookupTableImportV2(table_handle=t, keys=keys, values=put)
            found = _after([imported], lambda: R.LookupTableFindV2(table_handle=t, keys=text(b"a", b"no"), default_value=none))
            return dict(found=found, size=_after([imported], lambda: R.LookupTableSizeV2(table_handle=t)))
        none = arr(dt, 2)
        yield Graph("table of tensors of " + dt, tensors, dict(keys=text(b"a", b"b"), put=arr(dt, 2, 2), none=none), dict(keys=text(b"b"), put=arr(dt, 1, 2), none=arr(dt, 2, 2)),
                    dict(keys=text(b"a"), put=arr(dt, 2, 2), none=none), dict(keys=text(b"a"), put=arr(dt, 1, 2), none=arr(dt, 3)))

    def old(inits, keys, put):
        t = R.MutableHashTable(key_dtype=tf.string, value_dtype=tf.float32, shared_name="t", container="c")
        insert = R.LookupTableInsert(table_handle=t, keys=keys, values=put)
        out = _after([insert], lambda: R.LookupTableExport(table_handle=t, Tkeys=tf.string, Tvalues=tf.float32))
        again = _after([out[0], out[1]], lambda: R.LookupTableImport(table_handle=t, keys=keys[:1], values=put[:1]))
        return dict(n=tf.size(out[0]), sum=tf.reduce_sum(out[1]), left=_after([again], lambda: R.LookupTableSize(table_handle=t)))
    yield Graph("mutable reference table", old, dict(keys=text(b"a", b"b"), put=np.float32([1, 2])), dict(keys=text(b"c", b"d"), put=np.float32([4, 8])))

    def old_tensors(inits, keys, put):
        t = R.MutableHashTableOfTensors(key_dtype=tf.string, value_dtype=tf.float32, value_shape=[2], shared_name="t")
        insert = R.LookupTableInsert(table_handle=t, keys=keys, values=put)
        return dict(y=_after([insert], lambda: R.LookupTableFind(table_handle=t, keys=text(b"a", b"c"), default_value=np.float32([0, 0]))))
    yield Graph("reference table of tensors", old_tensors, dict(keys=text(b"a", b"b"), put=np.float32([[1, 2], [3, 4]])), dict(keys=text(b"c"), put=np.float32([[4, 8]])))

    def wrong(inits, keys):
        t = R.MutableHashTableV2(key_dtype=tf.string, value_dtype=tf.int64, shared_name="t")
        return dict(y=R.LookupTableFindV2(table_handle=t, keys=keys, default_value=i64(5, 6)))
    yield Graph("mutable table that nobody filled", wrong, dict(keys=text(b"a")), dict(keys=text(b"a", b"b")))

    def refused(inits, keys):
        t = R.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64, shared_name="t")
        inits.append(R.InitializeTableV2(table_handle=t, keys=text(b"a"), values=i64(1)))
        insert = R.LookupTableInsertV2(table_handle=t, keys=keys, values=i64(2))
        return dict(y=_after([insert], lambda: R.LookupTableSizeV2(table_handle=t)))
    yield Graph("insert into a static table", refused, dict(keys=text(b"a")))

    def names(inits, keys):
        out = {}
        for i, (shared, container, by_node) in enumerate((("t", "", False), ("t", "c", False), ("", "", True), ("u", "", False))):
            for op in ("HashTableV2", "MutableHashTableV2", "MutableHashTableOfTensorsV2", "HashTable", "MutableHashTable", "MutableHashTableOfTensors"):
                old = "V2" not in op
                name = shared and shared + op
                more = dict(value_shape=[i]) if "Tensors" in op else {}
                t = getattr(R, op)(key_dtype=tf.string, value_dtype=tf.float32, shared_name=name, container=container, use_node_name_sharing=by_node, **more)
                if "Mutable" not in op:
                    init = R.InitializeTable if old else R.InitializeTableV2
                    inits.append(init(table_handle=t, keys=text(b"a"), values=np.float32([i])))
                    out["v%d%s" % (i, op)] = (R.LookupTableFind if old else R.LookupTableFindV2)(table_handle=t, keys=keys, default_value=np.float32(-1))
                else:
                    out["n%d%s" % (i, op)] = (R.LookupTableSize if old else R.LookupTableSizeV2)(table_handle=t)
        return out
    yield Graph("tables by name", names, dict(keys=text(b"a", b"b")))


VOCABULARY = b"a,1,x\nb,2,y\nc,3,z\n"


def vocabularies():
    """A text file is a model's asset; here the path is what the test feeds as FILE."""
    for old in (False, True):
        for key, value, at in (("string", "int64", dict(key_index=0, value_index=1)), ("string", "int64", dict(key_index=-2, value_index=-1)), ("string", "string", dict(key_index=2, value_index=0)),
                               ("int64", "string", dict(key_index=-1, value_index=-2)), ("string", "int64", dict(key_index=0, value_index=-1, offset=5)),
                               ("string", "int64", dict(key_index=-2, value_index=-1, vocab_size=2, offset=-1)), ("int64", "string", dict(key_index=1, value_index=2, vocab_size=3))):
            def build(inits, keys):
                make, init, find, size = (R.HashTable, R.InitializeTableFromTextFile, R.LookupTableFind, R.LookupTableSize) if old else (
                    R.HashTableV2, R.InitializeTableFromTextFileV2, R.LookupTableFindV2, R.LookupTableSizeV2)
                t = make(key_dtype=tf.as_dtype(key), value_dtype=tf.as_dtype(value), shared_name="t")
                inits.append(init(table_handle=t, filename=golden_writer.FILE, delimiter="," if "vocab_size" not in at or key == "int64" else "\t", **at))
                return dict(y=find(table_handle=t, keys=keys, default_value=_const(arr(value)[()])), n=size(table_handle=t))
            yield Graph("vocabulary %s to %s, %s %s" % (key, value, at, old), build,
                        dict(keys=text(b"a", b"b", b"x", b"y", b"a,1,x", b"b,2,y", b"c,3,z") if key == "string" else np.array([0, 1, 2, 3], key)), file=VOCABULARY)


def other_tables():
    """Tables of one run, and those of open addressing."""
    for key, value in (("string", "int64"), ("int64", "string"), ("int64", "float32"), ("string", "string"), ("int32", "float64")):
        k, v = (text(b"a", b"b", b"") if key == "string" else np.array([7, -1, 0], key)), arr(value, 3)
        types = dict(key_dtype=tf.as_dtype(key), value_dtype=tf.as_dtype(value))
        empty, deleted = (text(b"<e>", b"<d>") if key == "string" else np.array([-99, -98], key))

        def found(t, keys, inserted, shape=()):
            values = _after([inserted], lambda: R.LookupTableFindV2(table_handle=t, keys=keys, default_value=_const(arr(value, *shape))))
            return dict(values=values, size=_after([inserted], lambda: R.LookupTableSizeV2(table_handle=t)))

        def static(inits, keys, put, ask):
            t = R.AnonymousHashTable(**types)
            return found(t, ask, R.InitializeTableV2(table_handle=t, keys=keys, values=put))

        def mutable(inits, keys, put, ask):
            t = R.AnonymousMutableHashTable(**types)
            return found(t, ask, R.LookupTableInsertV2(table_handle=t, keys=keys, values=put))
        runs = [dict(keys=k, put=v, ask=k[[2, 0]]), dict(keys=k[:2], put=v[1:], ask=k), dict(keys=k[:1], put=v[:1], ask=k.reshape(3, 1)), dict(keys=k[:0], put=v[:0], ask=k)]
        yield Graph("static table of a run, %s to %s" % (key, value), static, *runs[:3])
        yield Graph("mutable table of a run, %s to %s" % (key, value), mutable, *runs)

        for shape in ((), (2,)):
            more = dict(value_shape=list(shape))
            w = arr(value, 3, *shape)
            runs = [dict(keys=k, put=w, ask=k[[2, 0]]), dict(keys=k[:1], put=w[1:2], ask=k), dict(keys=k[:1], put=w[:1], ask=np.array([k[0], empty], k.dtype)),
                    dict(keys=np.array([deleted, k[1]], k.dtype), put=w[:2], ask=k)]

            def tensors(inits, keys, put, ask):
                t = R.AnonymousMutableHashTableOfTensors(**types, **more)
                return found(t, ask, R.LookupTableInsertV2(table_handle=t, keys=keys, values=put), shape)

            def own_dense(inits, keys, put, ask):
                t = R.AnonymousMutableDenseHashTable(empty_key=_const(np.array(empty, k.dtype)), deleted_key=_const(np.array(deleted, k.dtype)), value_dtype=tf.as_dtype(value), **more)
                return found(t, ask, R.LookupTableInsertV2(table_handle=t, keys=keys, values=put), shape)

            def dense(inits, keys, put, ask):
                t = R.MutableDenseHashTableV2(empty_key=_const(np.array(empty, k.dtype)), deleted_key=_const(np.array(deleted, k.dtype)), value_dtype=tf.as_dtype(value), shared_name="t", container="c" * len(shape), **more)
                gone = _after([R.LookupTableInsertV2(table_handle=t, keys=keys, values=put)], lambda: R.LookupTableRemoveV2(table_handle=t, keys=k[1:2]))
                return found(t, ask, gone, shape)
            title = "%s to %s%s" % (key, value, list(shape))
            yield Graph("table of tensors of a run, " + title, tensors, *runs[:2])
            yield Graph("dense table of a run, " + title, own_dense, *runs)
            yield Graph("dense table, " + title, dense, *runs)

    def same(inits, keys):
        t = R.MutableDenseHashTableV2(empty_key=np.int64(1), deleted_key=np.int64(1), value_dtype=tf.float32, shared_name="", use_node_name_sharing=True)
        return dict(size=_after([keys], lambda: R.LookupTableSizeV2(table_handle=t)))
    yield Graph("dense table whose two keys are one", same, dict(keys=i64(1)))


def chosen_references():
    """What chooses among references: reads and assignments go to the variable that it chose."""
    def pair(inits):
        return [_reference(inits, np.float32(x), name) for x, name in (([1, 2, 3], "v"), ([10, 20, 30], "w"))]

    def identity(inits, x):
        v = _reference(inits, arr("float32", 3))
        same = R.RefIdentity(input=R.Assign(ref=v, value=x))
        y = same + 0
        return dict(y=y, z=_after([y], lambda: R.AssignAdd(ref=same, value=x)) + 0)
    yield Graph("RefIdentity", identity, dict(x=np.float32([1, 2, 3])), dict(x=np.float32([4, 5, 6])))

    def merge(inits, p, x):
        v = _reference(inits, arr("float32", 3))
        f, t = R.RefSwitch(data=v, pred=p)
        both = R.RefMerge(inputs=[R.AssignAdd(ref=f, value=x), R.AssignSub(ref=t, value=x)])
        added = R.AssignAdd(ref=both.output, value=[1., 1., 1.])
        return dict(y=added + 0, index=both.value_index)
    yield Graph("RefMerge of two branches", merge, *[dict(p=np.array(p), x=np.float32([1, 2, x])) for p, x in ((True, 3), (False, -1), (True, 0))])

    def one_alive(inits, p, x):
        v, w = pair(inits)
        a, b = R.RefSwitch(data=v, pred=p)[1], R.RefSwitch(data=w, pred=p)[0]
        both = R.RefMerge(inputs=[a, b])
        return dict(y=R.AssignAdd(ref=both.output, value=x) + 0, index=both.value_index)
    yield Graph("RefMerge of two variables", one_alive, *[dict(p=np.array(p), x=np.float32([1, 2, 3])) for p in (True, False, True)])

    def select(inits, i, x):
        v, w = pair(inits)
        before = R.RefSelect(index=i, inputs=[v, w]) + 0
        added = _after([before], lambda: R.AssignAdd(ref=R.RefSelect(index=i, inputs=[v, R.RefIdentity(input=w)]), value=x))
        with tf.control_dependencies([added]):
            return dict(before=before, v=tf.identity(v) + 0, w=tf.identity(w) + 0)
    yield Graph("RefSelect of two variables", select, *[dict(i=np.int32(i), x=np.float32([1, 2, 3])) for i in (0, 1, 1, 2, -1, 0)])

    def only(inits, i):
        v, w = pair(inits)
        return dict(y=R.RefSelect(index=i, inputs=[v, w]) + 0, z=R.RefSelect(index=tf.constant(0), inputs=[w]) + 0)
    yield Graph("RefSelect of what nobody assigns", only, dict(i=np.int32(0)), dict(i=np.int32(1)))


def temporary():
    def sums(inits, x):
        t = R.TemporaryVariable(shape=[2], dtype=x.dtype, var_name="sum")
        first = R.Assign(ref=t, value=x)
        added = R.AssignAdd(ref=first, value=x)
        return dict(y=R.DestroyTemporaryVariable(ref=R.AssignSub(ref=added, value=[1, 1]), var_name="sum"))
    for dt in ("float32", "int64"):
        yield Graph("TemporaryVariable of " + dt, sums, dict(x=arr(dt, 2)), dict(x=arr(dt, 2)))

    def ordered(inits, x):
        t = R.TemporaryVariable(shape=tf.TensorShape(None), dtype=x.dtype)
        set_ = R.Assign(ref=t, value=x, validate_shape=False)
        name = t.op.name
        read = set_ + 0
        again = _after([read], lambda: R.Assign(ref=set_, value=read + read, validate_shape=False))
        return dict(read=read, y=R.DestroyTemporaryVariable(ref=again, var_name=name))
    yield Graph("TemporaryVariable of any shape", ordered, dict(x=arr("float32", 3)), dict(x=arr("float32", 2, 2)), shapes=dict(x=None))
