# SPDX-License-Identifier: Apache-2.0
"""Random numbers: the same as TensorFlow's for the same seeds, and generators that go on from run to run."""
import numpy as np
import tensorflow as tf

from golden_values import FLOATS, arr, i32, i64, np_type
from golden_writer import Graph

R = tf.raw_ops
SHAPES = (i32(7), i64(2, 3), i32(), i32(3, 0), i32(33))
INTEGERS = ["int32", "int64", "uint32", "uint64"]
KEY = dict(key=np.array([2**63 + 5], "uint64"), counter=np.array([2**64 - 1, 3], "uint64"))


def _key(alg=1, **kw):
    return dict(KEY, alg=np.int32(alg), **kw)


def stateless():
    for op in ("StatelessRandomUniform", "StatelessRandomNormal", "StatelessTruncatedNormal"):
        for dt in FLOATS:
            for shape in SHAPES:
                yield op, dict(shape=shape, seed=i64(-5, 2**40), dtype=dt)
            yield op + "V2", dict(shape=i64(3, 5), dtype=dt, **_key())
            yield op + "V2", dict(shape=i32(9), dtype=dt, **_key(3))
        yield op, dict(shape=i32(5), seed=i32(-1, 7))
        yield op, dict(shape=i32(5), seed=i32(1, 2, 3))
        yield op, dict(shape=i32(-1), seed=i32(1, 2))
        yield op, dict(shape=np.int32(3), seed=i32(1, 2))
        yield op, dict(shape=i32(1001), seed=i32(1, 2))
        yield op + "V2", dict(shape=i32(3), **_key(2))
        yield op + "V2", dict(shape=i32(3), **_key(9))
        yield op + "V2", dict(shape=i32(3), **dict(_key(), key=np.array([1, 2], "uint64")))
        yield op + "V2", dict(shape=i32(3), **dict(_key(), counter=np.array([1, 2, 3], "uint64")))
        yield op + "V2", dict(shape=i32(3), **dict(_key(), alg=i32(1)))


def integers():
    for dt in INTEGERS:
        low, high = (np.array(v, dt) for v in (3, 103))
        yield "StatelessRandomUniformFullInt", dict(shape=i32(3, 3), seed=i64(9, -9), dtype=dt)
        yield "StatelessRandomUniformFullIntV2", dict(shape=i64(9), dtype=dt, **_key())
        yield "StatelessRandomUniformInt", dict(shape=i32(2, 5), seed=i32(4, 2), minval=low, maxval=high)
        yield "StatelessRandomUniformIntV2", dict(shape=i32(2, 5), minval=low, maxval=high, **_key())
    for dt in ("int32", "int64"):
        info = np.iinfo(dt)
        for low, high in ((info.min, info.max), (-7, -6), (5, 5), (6, 5)):
            for shape in (i32(9), i32(0)):
                yield "StatelessRandomUniformInt", dict(shape=shape, seed=i32(4, 2), minval=np.array(low, dt), maxval=np.array(high, dt))
                yield "RandomUniformInt", dict(shape=shape, seed=5, seed2=1, minval=np.array(low, dt), maxval=np.array(high, dt))
        yield "RandomUniformInt", dict(shape=i64(2, 3), seed=7, seed2=0, minval=np.array(0, dt), maxval=np.array(9, dt))
    yield "StatelessRandomUniformInt", dict(shape=i32(3), seed=i32(4, 2), minval=i32(1), maxval=i32(4))


def stateful():
    for op in ("RandomUniform", "RandomStandardNormal", "TruncatedNormal"):
        for dt in FLOATS:
            for shape in SHAPES:
                yield op, dict(shape=shape, dtype=dt, seed=87654321, seed2=11)
        yield op, dict(shape=i32(6), dtype="float32", seed=0, seed2=-3)
        yield op, dict(shape=i32(6), dtype="float32", seed=-1, seed2=0)
        yield op, dict(shape=i32(6, -1), dtype="float32", seed=1, seed2=1)
        yield op, dict(shape=np.int64(6), dtype="float32", seed=1, seed2=1)


def drawn():
    for dt in ("float32", "float64", "float16"):
        alpha = np.array([.3, 1, 2.5, 40]).astype(np_type(dt))
        yield "RandomGamma", dict(shape=i32(5), alpha=alpha, seed=3, seed2=8)
        yield "RandomGamma", dict(shape=i64(2, 2), alpha=alpha.reshape(2, 2), seed=4, seed2=0)
        yield "StatelessRandomGammaV2", dict(shape=i32(5, 4), seed=i64(1, 2), alpha=alpha)
        yield "StatelessRandomGammaV3", dict(shape=i32(3, 4), alpha=alpha, **_key())
    yield "RandomGamma", dict(shape=i32(0), alpha=np.float32([1]), seed=3, seed2=8)
    yield "RandomGamma", dict(shape=i32(2), alpha=np.float32([]), seed=3, seed2=8)
    yield "StatelessRandomGammaV2", dict(shape=i32(0, 2), seed=i32(1, 2), alpha=np.float32([1, 2]))
    yield "StatelessRandomGammaV2", dict(shape=i32(2, 3), seed=i32(1, 2), alpha=np.float32([1, 2]))
    yield "StatelessRandomGammaV2", dict(shape=i64(4), seed=i32(1, 2), alpha=np.float32(2))
    for rate in ("float32", "float64", "float16", "int32", "int64"):
        for dt in ("int64", "int32", "float32", "float64", "float16"):
            lam = np.array([0, 1, 9, 10, 35, 400]).astype(rate)
            yield "RandomPoissonV2", dict(shape=i32(6), rate=lam, dtype=dt, seed=2, seed2=6)
            yield "StatelessRandomPoisson", dict(shape=i32(6, 6), seed=i32(3, 3), lam=lam, dtype=dt)
    yield "RandomPoissonV2", dict(shape=i64(2), rate=np.float64([[1.5], [20]]), seed=7, seed2=0)
    yield "RandomPoissonV2", dict(shape=i32(0), rate=np.float64([1.5]), seed=7, seed2=2)
    yield "StatelessRandomPoisson", dict(shape=i64(4, 2), seed=i32(3, 3), lam=np.float32([1, 2, 3]), dtype="int32")
    for dt in ("float32", "float64", "float16"):
        yield "RandomPoisson", dict(shape=i32(7), rate=np.array([.5, 12]).astype(dt), seed=1, seed2=5)
    yield "RandomPoisson", dict(shape=i64(3), rate=np.float32(3), seed=9, seed2=2)
    for dt in ("int64", "int32", "float32", "float64"):
        counts, probs = np.float64([[5], [100], [0], [40]]), np.float64([.02, .3, .5, .7, .97, 0, 1, 1.5])
        yield "StatelessRandomBinomial", dict(shape=i32(3, 4, 8), seed=i64(1, 1), counts=counts, probs=probs, dtype=dt)
    yield "StatelessRandomBinomial", dict(shape=i32(9), seed=i32(1, 1), counts=np.float32(50), probs=np.float32(.4))
    yield "StatelessRandomBinomial", dict(shape=i32(9), seed=i32(1, 1), counts=np.float64([50, 2]), probs=np.float64(.4))
    yield "StatelessRandomBinomial", dict(shape=i32(3), seed=i32(1, 1), counts=np.float64([50, 2]), probs=np.float64([.4, .2, .1]))
    yield "StatelessRandomBinomial", dict(shape=i32(0, 2), seed=i32(1, 1), counts=np.float64([50, 2]), probs=np.float64(.4))


BOUNDS = ((0, 1, -1, 2), (2, 3, -np.inf, 0), (0, 1, 3, np.inf), (0, 1, 1, 1.1), (5, 2, -9, 5.5), (0, 1, -4, -3), (0, 1, 2, 1), (0, 0, 1, 2), (0, 1, -np.inf, np.inf),
          (np.nan, 1, 0, 1))


def truncated():
    for dt in ("float32", "float64"):
        for bounds in BOUNDS:
            m, s, lo, hi = (np.array(v, dt) for v in bounds)
            yield "StatelessParameterizedTruncatedNormal", dict(shape=i32(3, 5), seed=i32(6, 1), means=m, stddevs=s, minvals=lo, maxvals=hi)
            yield "ParameterizedTruncatedNormal", dict(shape=i32(150), means=m, stdevs=s, minvals=lo, maxvals=hi, seed=5, seed2=5)
            yield "ParameterizedTruncatedNormal", dict(shape=i32(2, 5), means=m[None], stdevs=s[None], minvals=lo[None], maxvals=hi[None], seed=5, seed2=0)
        m, lo = np.array([[0], [4]], dt), np.array([-1, -2, 3], dt)
        yield "StatelessParameterizedTruncatedNormal", dict(shape=i64(4, 2, 3), seed=i64(6, 1), means=m, stddevs=np.array(1, dt), minvals=lo, maxvals=lo + 4)
        yield "ParameterizedTruncatedNormal", dict(shape=i32(3, 7), means=lo, stdevs=np.array(1, dt), minvals=lo - 1, maxvals=lo + 4, seed=3, seed2=1)
    one = np.float32(1)
    yield "StatelessParameterizedTruncatedNormal", dict(shape=i32(0), seed=i32(6, 1), means=one, stddevs=one, minvals=one, maxvals=one)
    yield "StatelessParameterizedTruncatedNormal", dict(shape=i32(4), seed=i32(6, 1), means=np.float32([1, 2]), stddevs=one, minvals=one, maxvals=one)
    yield "ParameterizedTruncatedNormal", dict(shape=i32(4), means=np.float32([1, 2]), stdevs=one, minvals=one, maxvals=one, seed=1, seed2=2)


def classes():
    for dt in ("float32", "float64", "float16", "bfloat16"):
        logits = np.log(np.array([[1, 2, 3, 4], [9, 1e-3, 5, 1], [1, 1, 1, 1]])).astype(np_type(dt))
        for n in (1, 5, 32):
            yield "Multinomial", dict(logits=logits, num_samples=np.int32(n), seed=1, seed2=9, output_dtype="int32")
            yield "StatelessMultinomial", dict(logits=logits, num_samples=np.int32(n), seed=i64(5, n), output_dtype="int32")
    logits = np.float32([[np.nan, 1, -np.inf, 2], [-np.inf] * 4])
    for op, seeds in (("Multinomial", dict(seed=2, seed2=0)), ("StatelessMultinomial", dict(seed=i32(2, 2)))):
        yield op, dict(logits=logits, num_samples=np.int32(9), **seeds)
        yield op, dict(logits=logits, num_samples=np.int32(0), **seeds)
        yield op, dict(logits=logits, num_samples=np.int32(-1), **seeds)
        yield op, dict(logits=logits[0], num_samples=np.int32(2), **seeds)
        yield op, dict(logits=logits[:, :0], num_samples=np.int32(2), **seeds)
        yield op, dict(logits=logits[:0], num_samples=np.int32(2), **seeds)
        yield op, dict(logits=logits, num_samples=i32(2), **seeds)


def shuffled():
    for dt in ("float32", "int8", "string", "complex128", "bool"):
        for shape in ((9,), (5, 2), (0, 3), (1, 2), ()):
            x = arr(dt, *shape)
            yield "RandomShuffle", dict(value=x, seed=1, seed2=2)
            yield "StatelessShuffle", dict(value=x, **_key())
    yield "RandomShuffle", dict(value=np.arange(40), seed=0, seed2=3)
    yield "StatelessShuffle", dict(value=np.arange(40), **_key(3))
    yield "StatelessShuffle", dict(value=np.arange(4), **_key(2))
    for dt in INTEGERS:
        for most in (0, 1, 9, 65535, 65536, 10**6, np.iinfo(dt).max):
            index = np.array([0, int(most) // 2, int(most)], dt)
            yield "RandomIndexShuffle", dict(index=index, seed=np.array([7, 8, 9], dt), max_index=np.array(most, dt), rounds=4)
            yield "RandomIndexShuffle", dict(index=index[1], seed=np.array([2**31 - 1, 8, 0], dt), max_index=np.array(most, dt), rounds=24)
    seeds = arr("uint32", 4, 3)
    yield "RandomIndexShuffle", dict(index=i32(0, 1, 2, 3), seed=seeds, max_index=i32(3, 4, 5, 6))
    yield "RandomIndexShuffle", dict(index=np.int32(2), seed=seeds, max_index=np.int32(9))
    yield "RandomIndexShuffle", dict(index=i32(0, 1, 2), seed=seeds, max_index=np.int32(9))
    yield "RandomIndexShuffle", dict(index=np.int32(2), seed=i32(1, 2), max_index=np.int32(9))
    yield "RandomIndexShuffle", dict(index=np.int32(2), seed=i32(1, 2, 3), max_index=i32(9, 9))


def keys():
    for seed in (i32(0, 0), i32(-1, 5), i64(2**62, -2**62), i64(1, 2, 3), np.int32(4)):
        yield "StatelessRandomGetKeyCounter", dict(seed=seed)
        yield "StatelessRandomGetKeyCounterAlg", dict(seed=seed)
    yield "StatelessRandomGetAlg", {}


def sequences():
    """Each op goes on where the run before it stopped; a second one in the graph is not disturbed."""
    def build(inits, n):
        d = dict(
            uniform=R.RandomUniform(shape=n, dtype=tf.float32, seed=5, seed2=6), again=R.RandomUniform(shape=n, dtype=tf.float32, seed=5, seed2=6),
            normal=R.RandomStandardNormal(shape=n, dtype=tf.float64, seed=5, seed2=6), truncated=R.TruncatedNormal(shape=n, dtype=tf.float32, seed=1, seed2=6),
            whole=R.RandomUniformInt(shape=n, minval=0, maxval=1000, seed=3, seed2=3), gamma=R.RandomGamma(shape=n, alpha=[.5, 2.], seed=3, seed2=3),
            poisson=R.RandomPoissonV2(shape=n, rate=[3., 30.], seed=3, seed2=3), classes=R.Multinomial(logits=[[.1, .2, .3]], num_samples=n[0], seed=1, seed2=3),
            shuffled=R.RandomShuffle(value=tf.range(9), seed=1, seed2=2),
            bounded=R.ParameterizedTruncatedNormal(shape=n, means=[0.], stdevs=[1.], minvals=[-1.], maxvals=[3.], seed=2, seed2=2))
        return d
    yield Graph("generators of ops", build, dict(n=i32(3)), dict(n=i32(3)), dict(n=i32(9)), dict(n=i32(2)))

    def looped(inits, n):
        step = lambda i, s: (i + 1, s + R.RandomUniform(shape=tf.constant([2]), dtype=tf.float32, seed=5, seed2=6))
        return dict(sum=tf.while_loop(lambda i, s: i < n, step, [0, tf.zeros([2])])[1])
    yield Graph("a generator in a loop", looped, dict(n=np.int32(1)), dict(n=np.int32(4)))


def _after(first, make):
    with tf.control_dependencies([first]):
        return make()


def variables():
    """Generators in variables: what they give, and what they leave."""
    state = i64(2**62, -9, 2**50 + 1)

    def held(op, out, shapes=(i64(3), i64(2, 2), i64(0)), states=(state, i64(-1, -1, 3)), **kw):
        def build(inits, state, shape):
            h = R.VarHandleOp(dtype=tf.int64, shape=tf.TensorShape(None), shared_name="state")
            assign = R.AssignVariableOp(resource=h, value=state + tf.constant(0, tf.int64))  # a buffer of its own
            first = _after(assign, lambda: op(resource=h, shape=shape, **kw))
            second = _after(first, lambda: op(resource=h, shape=shape, **kw))
            return dict(first=first, second=second, state=_after(second, lambda: R.ReadVariableOp(resource=h, dtype=tf.int64)))
        return Graph(out, build, *[dict(state=s, shape=n) for s in states for n in shapes])
    for dt in FLOATS:
        d = tf.as_dtype(dt)
        yield held(R.StatefulUniform, "uniform " + dt, algorithm=1, dtype=d)
        yield held(R.StatefulStandardNormalV2, "normal " + dt, algorithm=1, dtype=d)
        yield held(R.StatefulTruncatedNormal, "truncated " + dt, algorithm=1, dtype=d)
    for dt in INTEGERS:
        d = tf.as_dtype(dt)
        yield held(R.StatefulUniformFullInt, "integer " + dt, algorithm=1, dtype=d)
        yield held(R.StatefulUniformInt, "range " + dt, algorithm=1, minval=np.array(1, dt), maxval=np.array(99, dt))
    for title, states in (("longer", i64(5, -1, 3, 4)), ("shorter", i64(1, 2)), ("matrix", state[None])):
        yield held(R.StatefulUniform, title + " state", states=(states,), algorithm=1, dtype=tf.float32)
    yield held(R.StatefulUniform, "threefry", algorithm=2, dtype=tf.float32)
    yield held(R.StatefulUniform, "any", algorithm=3, dtype=tf.float32)
    yield held(R.StatefulUniformInt, "no range", algorithm=1, minval=np.int64(1), maxval=np.int64(1))
    for dt in ("int32", "int64", "float64"):
        yield held(R.StatefulRandomBinomial, "binomial " + dt, (i32(3), i32(2, 2), i32(0)), algorithm=1, counts=np.float64(60), probs=np.float64(.4),
                   dtype=tf.as_dtype(dt))

    def skipped(inits, state, delta):
        h = R.VarHandleOp(dtype=tf.int64, shape=tf.TensorShape(None), shared_name="state")
        assign = R.AssignVariableOp(resource=h, value=state)
        skip = _after(assign, lambda: R.RngSkip(resource=h, algorithm=1, delta=delta))
        old = _after(skip, lambda: R.RngReadAndSkip(resource=h, alg=1, delta=tf.cast(delta, tf.uint64)))
        return dict(old=old, new=_after(old, lambda: R.ReadVariableOp(resource=h, dtype=tf.int64)))
    yield Graph("skipping", skipped, *[dict(state=s, delta=np.int64(n)) for s in (i64(-1, -1, 5), i64(0, 0, 0)) for n in (0, 1, 2**56, -1)],
                dict(state=i64(1, 2, 3, 4), delta=i64(1)))

    def unknown(inits, n):
        return {dt: tf.shape(R.NonDeterministicInts(shape=n, dtype=tf.as_dtype(dt))) for dt in INTEGERS}
    yield Graph("the system's numbers", unknown, dict(n=i64(2, 3)), dict(n=i64(0)), dict(n=i64(-1)))


def sobol():
    for dim, n, skip in ((1, 9, 0), (3, 8, 2), (40, 5, 1), (337, 3, 0), (2, 3, 4097), (5, 2, 2**29)):
        for dt in ("float32", "float64"):
            yield "SobolSample", dict(dim=np.int32(dim), num_results=np.int32(n), skip=np.int32(skip), dtype=dt)
    for dim, n, skip in ((0, 1, 0), (1, 0, 0), (1, 1, -1), (1, 2**31 - 1, 0), (1, 1, 2**31 - 2), (21201, 1, 0)):
        yield "SobolSample", dict(dim=np.int32(dim), num_results=np.int32(n), skip=np.int32(skip))
    yield "SobolSample", dict(dim=i32(2), num_results=np.int32(3), skip=np.int32(0))


def candidates():
    for true, drawn in (((4, 2), 6), ((3, 1), 0), ((0, 2), 3), ((5, 3), 40)):
        yield "ComputeAccidentalHits", dict(true_classes=arr("int64", *true), sampled_candidates=arr("int64", drawn), num_true=true[1], seed=drawn, seed2=1 + drawn)
    yield "ComputeAccidentalHits", dict(true_classes=i64(2**40, -1, 0, 7).reshape(2, 2), sampled_candidates=i64(7, 7, -1, 2**40, 7, 3), num_true=2)
    yield "ComputeAccidentalHits", dict(true_classes=arr("int64", 3), sampled_candidates=arr("int64", 3), num_true=3)
    yield "ComputeAccidentalHits", dict(true_classes=arr("int64", 3, 2), sampled_candidates=arr("int64", 3), num_true=3)
    yield "ComputeAccidentalHits", dict(true_classes=arr("int64", 3, 2), sampled_candidates=arr("int64", 3, 1), num_true=2)
