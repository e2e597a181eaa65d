# SPDX-License-Identifier: Apache-2.0
"""Products, contractions, diagonals."""
import numpy as np

from golden_values import ALL, COMPLEX, FLOATS, INTS, arr, edges, i32, i64, real, scalar, types

SOME = ["float32", "int8", "float16", "int64", "complex64", "complex128", "bool"]


def _small(dt, *shape):
    return arr(dt, *shape, lo=-3, hi=4)


def products():
    """Small whole numbers, so that any order of summing is exact."""
    for dt in types("MatMul"):
        for ta, tb in ((False, False), (False, True), (True, False), (True, True)):
            a, b = _small(dt, *((3, 5) if ta else (5, 3))), _small(dt, *((7, 3) if tb else (3, 7)))
            yield "MatMul", dict(a=a, b=b, transpose_a=ta, transpose_b=tb)
    for m, k, n in ((1, 1, 1), (1, 17, 33), (33, 17, 1), (17, 1, 16), (0, 3, 2), (3, 0, 2), (3, 2, 0), (19, 40, 35)):
        yield "MatMul", dict(a=_small("float32", m, k), b=_small("float32", k, n))
        yield "MatMul", dict(a=_small("float64", m, k), b=_small("float64", n, k), transpose_b=True)
    yield "MatMul", dict(a=np.float32([[np.nan, 1], [np.inf, 0]]), b=np.float32([[1, 0], [-np.inf, 2]]))
    yield "MatMul", dict(a=arr("float32", 5, 3), b=arr("float32", 2, 2))
    yield "MatMul", dict(a=arr("float32", 5), b=arr("float32", 5, 2))
    for op in ("BatchMatMul", "BatchMatMulV2"):
        for dt in types(op):
            yield op, dict(x=_small(dt, 2, 4, 3), y=_small(dt, 2, 3, 5))
            if dt in COMPLEX + ["float32"]:
                for ax, ay in ((True, False), (False, True), (True, True)):
                    x, y = _small(dt, 2, *((3, 4) if ax else (4, 3))), _small(dt, 2, *((5, 3) if ay else (3, 5)))
                    yield op, dict(x=x, y=y, adj_x=ax, adj_y=ay)
        yield op, dict(x=_small("float32", 2, 0, 3), y=_small("float32", 2, 3, 5))
        yield op, dict(x=_small("float32", 2, 4, 0), y=_small("float32", 2, 0, 5))
        yield op, dict(x=_small("float32", 2, 1, 5, 3), y=_small("float32", 4, 3, 2))
        yield op, dict(x=_small("float32", 2, 3, 2), y=_small("float32", 3, 2, 2))
        yield op, dict(x=_small("float32", 1, 2, 1, 2, 1, 1, 3, 2), y=_small("float32", 1, 2, 1, 2, 1, 1, 2, 3))
    yield "BatchMatMulV2", dict(x=_small("float32", 5, 3), y=_small("float32", 3, 2))
    yield "BatchMatMulV2", dict(x=_small("float32", 4, 1, 2, 3), y=_small("float32", 3, 3, 2), adj_x=False)
    for dt in ("float32", "float64", "float16", "bfloat16", "complex64"):
        yield "BatchMatMulV3", dict(x=_small(dt, 2, 1, 4, 3), y=_small(dt, 3, 3, 5), Tout=dt)
    yield "BatchMatMulV3", dict(x=_small("float32", 3, 4), y=_small("float32", 5, 3), Tout="float32", adj_x=True, adj_y=True)
    yield "BatchMatMulV3", dict(x=_small("int8", 2, 4, 3), y=_small("int8", 2, 3, 5), Tout="int32")
    yield "BatchMatMulV3", dict(x=_small("uint8", 2, 4, 3), y=_small("int8", 2, 3, 5), Tout="int32")
    yield "BatchMatMulV3", dict(x=_small("bfloat16", 2, 4, 3), y=_small("bfloat16", 2, 3, 5), Tout="float32")


def sparse_products():
    odd = np.float32([[0, np.nan, 1], [np.inf, 0, 0], [0, 0, -0.]])
    for ta in ("float32", "bfloat16"):
        for tb in ("float32", "bfloat16"):
            for sa, sb in ((False, False), (False, True), (True, False), (True, True)):
                for x, y in ((False, False), (False, True), (True, False), (True, True)):
                    a, b = _small(ta, *((3, 5) if x else (5, 3))), _small(tb, *((7, 3) if y else (3, 7)))
                    yield "SparseMatMul", dict(a=a, b=b, transpose_a=x, transpose_b=y, a_is_sparse=sa, b_is_sparse=sb)
                yield "SparseMatMul", dict(a=odd.astype(a.dtype), b=odd.T.astype(b.dtype), a_is_sparse=sa, b_is_sparse=sb)
    for sa, sb in ((False, False), (False, True), (True, False)):
        for m, k, n in ((1, 1, 1), (0, 3, 2), (3, 0, 2), (3, 2, 0), (70, 40, 35), (1, 600, 3)):
            yield "SparseMatMul", dict(a=_small("float32", m, k), b=_small("float32", k, n), a_is_sparse=sa, b_is_sparse=sb)
        for a, b in (((5, 3), (2, 2)), ((5,), (5, 2)), ((5, 2), (2,))):
            yield "SparseMatMul", dict(a=arr("float32", *a), b=arr("float32", *b), a_is_sparse=sa, b_is_sparse=sb)


def einsum():
    pairs = [("abc,cd->abd", (2, 3, 4), (4, 5)), ("ab,bc->ac", (3, 4), (4, 2)), ("ab,cb->ca", (3, 4), (2, 4)), ("...ij,...jk->...ik", (2, 3, 4), (2, 4, 3)),
             ("...ij,jk->...ik", (2, 2, 3, 4), (4, 3)), ("a,b->ab", (3,), (4,)), ("a,a->", (5,), (5,)), ("ab,ab->b", (3, 4), (3, 4)),
             ("bqhd,bkhd->bhqk", (2, 3, 2, 4), (2, 5, 2, 4)), ("bhqk,bkhd->bqhd", (2, 2, 3, 5), (2, 5, 2, 4)), ("abcd,aecf->adcbef", (2, 3, 2, 2), (2, 2, 2, 3)),
             ("ii,ij->j", (3, 3), (3, 2)), ("a...,a...->...", (3, 2), (3, 2)), ("...,...->...", (2, 1), (3,)), (",ab->ba", (), (2, 3)), ("ab,c->", (2, 3), (4,)),
             ("ab,bc->ac", (0, 3), (3, 2)), ("ab,bc->ac", (2, 0), (0, 3)), ("ab,bc->ac", (2, 3), (4, 2)), ("ab,b->a", (3, 4), (4,)), ("iab,ib->ia", (2, 3, 4), (2, 4))]
    singles = [("ii->i", (3, 3)), ("ii->", (3, 3)), ("abc->cab", (2, 3, 4)), ("abc->b", (2, 3, 4)), ("ab...->...ba", (2, 3, 4)), ("...->...", (2, 3)),
               ("iij->ji", (3, 3, 2)), ("a->", (0,)), ("abcdefgh->hgfedcba", (1, 2, 1, 2, 1, 2, 1, 2)), ("ab->c", (2, 3)), ("a->aa", (3,))]
    for equation, a, b in pairs:
        for dt in ("float32", "int32") if len(equation) < 12 else ("float32",):
            yield "Einsum", dict(inputs=[_small(dt, *a), _small(dt, *b)], equation=equation)
    for equation, a in singles:
        yield "Einsum", dict(inputs=[_small("float32", *a)], equation=equation)
    for dt in ("float64", "bfloat16", "complex64", "complex128", "int64", "float16"):
        yield "Einsum", dict(inputs=[_small(dt, 2, 3), _small(dt, 4, 3)], equation="ab,cb->ac")


def diagonals():
    for dt in SOME + ["float64", "bfloat16", "int32", "string"]:
        x = arr(dt, 2, 3, 4)
        yield "MatrixBandPart", dict(input=x, num_lower=np.int64(0), num_upper=np.int64(-1))
        yield "MatrixDiag", dict(diagonal=arr(dt, 2, 3))
        yield "MatrixDiagPart", dict(input=x)
        yield "MatrixSetDiag", dict(input=x, diagonal=arr(dt, 2, 3))
        pad = arr(dt)[()]
        yield "MatrixDiagPartV2", dict(input=x, k=i32(-1, 2), padding_value=pad)
        yield "MatrixDiagV2", dict(diagonal=arr(dt, 2, 3, 3), k=i32(-1, 1), num_rows=np.int32(4), num_cols=np.int32(-1), padding_value=pad)
        yield "MatrixSetDiagV2", dict(input=x, diagonal=arr(dt, 2, 2, 3), k=i32(0, 1))
        for align in ("LEFT_RIGHT", "RIGHT_LEFT", "LEFT_LEFT", "RIGHT_RIGHT"):
            yield "MatrixDiagPartV3", dict(input=x, k=i32(-2, 1), padding_value=pad, align=align)
            yield "MatrixDiagV3", dict(diagonal=arr(dt, 2, 3, 3), k=i32(-1, 1), num_rows=np.int32(-1), num_cols=np.int32(4),
                                       padding_value=pad, align=align)
            yield "MatrixSetDiagV3", dict(input=x, diagonal=arr(dt, 2, 2, 3), k=i32(-1, 0), align=align)
    for dt in types("Diag"):
        yield "Diag", dict(diagonal=arr(dt, 2, 2))
        yield "DiagPart", dict(input=arr(dt, 2, 3, 2, 3))
    yield "Diag", dict(diagonal=arr("float32", 0))
    yield "Diag", dict(diagonal=arr("float32"))
    yield "DiagPart", dict(input=arr("float32", 2, 3))
    yield "DiagPart", dict(input=arr("float32", 2))
    for lower, upper in ((4, 0), (-1, 0), (0, 0), (1, 1), (-1, -1), (-2, 0)):
        yield "MatrixBandPart", dict(input=arr("float32", 3, 3), num_lower=np.int64(lower), num_upper=np.int64(upper))
    yield "MatrixBandPart", dict(input=arr("float32", 3, 4), num_lower=np.int32(1), num_upper=np.int32(0))
    yield "MatrixBandPart", dict(input=arr("float32", 2, 0, 4), num_lower=np.int64(0), num_upper=np.int64(0))
    yield "MatrixBandPart", dict(input=arr("float32", 3), num_lower=np.int64(0), num_upper=np.int64(0))
    for k in (0, 1, -2, 5):
        yield "MatrixDiagPartV3", dict(input=arr("float32", 3, 4), k=i32(k), padding_value=np.float32(0))
        yield "MatrixDiagV3", dict(diagonal=arr("float32", 3), k=np.int32(k), num_rows=np.int32(-1), num_cols=np.int32(-1), padding_value=np.float32(7))
    yield "MatrixDiagPart", dict(input=arr("float32", 0, 3, 3))
    yield "MatrixDiag", dict(diagonal=arr("float32"))
    yield "MatrixSetDiag", dict(input=arr("float32", 2, 3), diagonal=arr("float32", 3))
    yield "MatrixDiagPartV3", dict(input=arr("float32", 3, 4), k=i32(1, 0), padding_value=np.float32(0))
    yield "MatrixDiagV3", dict(diagonal=arr("float32", 3), k=i32(0), num_rows=np.int32(2), num_cols=np.int32(2), padding_value=np.float32(0))


def _well(dt, n, *batch):
    """Far from singular, with eigenvalues that differ; small whole numbers, so that any type holds them."""
    a = arr(dt, *batch, n, n, lo=-3, hi=4)
    return (a + (np.arange(n) + 9) * np.eye(n)).astype(a.dtype)


def _positive(dt, n, *batch):
    a = arr(dt, *batch, n, n, lo=-2, hi=3)
    return (a @ np.conj(np.swapaxes(a, -1, -2)) + n * np.eye(n)).astype(a.dtype)


DECOMPOSED = ["float32", "float64", "complex64", "complex128"]


def factors():
    for dt in DECOMPOSED:
        for n, batch in ((1, ()), (4, ()), (3, (2,)), (9, ()), (2, (1, 3)), (0, ()), (3, (0,))):
            yield "Cholesky", dict(input=_positive(dt, n, *batch))
            yield "Lu", dict(input=_well(dt, n, *batch), output_idx_type="int64" if n == 4 else "int32")
            for op in ("MatrixDeterminant", "LogMatrixDeterminant"):
                yield op, dict(input=_well(dt, n, *batch) / np.array(n + 5, dt))
            for adjoint in (False, True):
                yield "MatrixInverse", dict(input=_well(dt, n, *batch), adjoint=adjoint)
        yield "Lu", dict(input=np.array([[0, 1, 2], [3, 4, 5], [6, 7, 9]], dt))
        yield "Lu", dict(input=np.array([[1, 2], [2, 4]], dt))
        yield "MatrixDeterminant", dict(input=np.array([[1, 2], [2, 4]], dt))
        yield "LogMatrixDeterminant", dict(input=np.array([[1, 2], [2, 4]], dt))
        yield "LogMatrixDeterminant", dict(input=np.array([[1, 2], [2, -4]], dt))
        yield "MatrixInverse", dict(input=np.ones([2, 2], dt))
        yield "Cholesky", dict(input=np.array([[4, 99], [2, 5]], dt))
    for n in (1, 3):
        yield "MatrixInverse", dict(input=_well("float16", n))
        yield "Cholesky", dict(input=_positive("float16", n))
        yield "Qr", dict(input=_positive("float16", n))
    for op in ("Cholesky", "Lu", "MatrixDeterminant", "LogMatrixDeterminant", "MatrixInverse", "MatrixExponential", "MatrixSquareRoot"):
        yield op, dict(input=arr("float32", 3, 4))
        yield op, dict(input=arr("float32", 3))


def equations():
    for dt in DECOMPOSED:
        for n, k, batch in ((1, 1, ()), (4, 2, ()), (3, 5, (2,)), (9, 1, ()), (0, 2, ()), (2, 0, ()), (3, 1, (0,))):
            a, b = _well(dt, n, *batch), arr(dt, *batch, n, k)
            for flag in (False, True):
                yield "MatrixSolve", dict(matrix=a, rhs=b, adjoint=flag)
                for lower in (False, True):
                    yield "MatrixTriangularSolve", dict(matrix=a, rhs=b, lower=lower, adjoint=flag)
        for lower in (False, True):
            yield "MatrixTriangularSolve", dict(matrix=_well(dt, 3, 2, 1), rhs=arr(dt, 4, 3, 2), lower=lower)
            yield "MatrixTriangularSolve", dict(matrix=_well(dt, 3), rhs=arr(dt, 2, 3, 2), lower=lower, adjoint=True)
            for count in (1, 2, 3):
                bands = arr(dt, 2, count, 5, lo=-2, hi=3)
                bands[:, 0 if lower else count - 1] = 3
                for d in range(1, count):
                    bands[:, d if lower else count - 1 - d, :d] = 0
                for adjoint in (False, True):
                    yield "BandedTriangularSolve", dict(matrix=bands, rhs=arr(dt, 2, 5, 3), lower=lower, adjoint=adjoint)
        for m, n, batch in ((5, 3, ()), (3, 5, ()), (4, 4, (2,)), (4, 0, ()), (2, 2, (0,))):
            a = arr(dt, *batch, m, n, lo=-3, hi=4)
            a[..., :min(m, n), :min(m, n)] += (7 * np.eye(min(m, n))).astype(a.dtype)
            for l2 in (0., .5):
                for fast in (True, False):
                    yield "MatrixSolveLs", dict(matrix=a, rhs=arr(dt, *batch, m, 2), l2_regularizer=np.float64(l2), fast=fast)
        d = arr(dt, 2, 3, 6, lo=-3, hi=4)
        d[:, 1] += 9
        for pivots in (True, False):
            yield "TridiagonalSolve", dict(diagonals=d, rhs=arr(dt, 2, 6, 3), partial_pivoting=pivots)
            yield "TridiagonalSolve", dict(diagonals=d[0, :, :1], rhs=arr(dt, 1, 2), partial_pivoting=pivots)
            yield "TridiagonalSolve", dict(diagonals=d[0, :, :2], rhs=arr(dt, 2, 2), partial_pivoting=pivots)
        yield "TridiagonalSolve", dict(diagonals=np.array([[2, 1, 3, 0], [0, 1, 1, 5], [0, 4, 7, 2]], dt), rhs=arr(dt, 4, 1))
        yield "TridiagonalMatMul", dict(superdiag=arr(dt, 2, 1, 5), maindiag=arr(dt, 2, 1, 5), subdiag=arr(dt, 2, 1, 5), rhs=arr(dt, 2, 5, 3))
        yield "TridiagonalMatMul", dict(superdiag=arr(dt, 1, 1), maindiag=arr(dt, 1, 1), subdiag=arr(dt, 1, 1), rhs=arr(dt, 1, 3))
    one = np.ones([2, 2], "float32")
    for op in ("MatrixSolve", "MatrixTriangularSolve", "BandedTriangularSolve"):
        yield op, dict(matrix=_well("float32", 3), rhs=arr("float32", 4, 1))
        yield op, dict(matrix=_well("float32", 3, 2), rhs=arr("float32", 3, 3, 1))
        yield op, dict(matrix=arr("float32", 3), rhs=arr("float32", 3, 1))
    yield "MatrixSolve", dict(matrix=one, rhs=one)
    yield "MatrixSolve", dict(matrix=arr("float32", 2, 3), rhs=one)
    yield "MatrixTriangularSolve", dict(matrix=arr("float32", 2, 3), rhs=one)
    yield "MatrixSolveLs", dict(matrix=one, rhs=one, l2_regularizer=np.float64(0))
    yield "MatrixSolveLs", dict(matrix=one, rhs=one, l2_regularizer=np.float64(0), fast=False)
    for odd in (np.nan, np.inf, -np.inf):
        for dt in ("float32", "float64", "complex128"):
            yield "MatrixSolveLs", dict(matrix=np.array([[1, 2], [3, odd], [5, 7]], dt), rhs=arr(dt, 3, 1), l2_regularizer=np.float64(0), fast=False)
    yield "MatrixSolveLs", dict(matrix=one, rhs=one, l2_regularizer=np.float64(-1))
    yield "MatrixSolveLs", dict(matrix=one, rhs=arr("float32", 3, 1), l2_regularizer=np.float64(0))
    yield "TridiagonalSolve", dict(diagonals=np.zeros([3, 2], "float32"), rhs=one)
    yield "TridiagonalSolve", dict(diagonals=np.zeros([3, 2], "float32"), rhs=one, partial_pivoting=False)
    yield "TridiagonalSolve", dict(diagonals=np.float32([[1, 1], [1, 1], [1, 1]]), rhs=one, partial_pivoting=False)
    yield "TridiagonalSolve", dict(diagonals=np.float32([[1, 1], [1, 1], [1, 1]]), rhs=one)
    yield "TridiagonalSolve", dict(diagonals=np.zeros([2, 2], "float32"), rhs=one)
    yield "TridiagonalSolve", dict(diagonals=np.zeros([3, 3], "float32"), rhs=one)
    yield "TridiagonalMatMul", dict(superdiag=arr("float32", 1, 4), maindiag=arr("float32", 1, 5), subdiag=arr("float32", 1, 5), rhs=arr("float32", 5, 3))


def spectra():
    """Vectors are right up to their signs or phases, so what is compared is what they make."""
    import tensorflow as tf
    from golden_writer import Graph
    R = tf.raw_ops

    def far(x):
        """Rounding errors of numbers near 0 are not compared."""
        return x + tf.cast(tf.complex(100., 100.) if x.dtype.is_complex else 100., x.dtype)

    def diag(s, like):
        return tf.linalg.diag(tf.cast(s, like.dtype))
    for dt in DECOMPOSED:
        for shape in ((4, 4), (5, 3), (3, 5), (2, 3, 2), (1, 4), (4, 1)) if dt == "float32" else ((4, 3), (2, 2, 3)):
            x = arr(dt, *shape, lo=-3, hi=4)
            x[..., :min(shape[-2:]), :min(shape[-2:])] += (5 * np.eye(min(shape[-2:]))).astype(x.dtype)
            yield "Svd", dict(input=x, compute_uv=False)
            for full in (False, True):
                def qr(inits, x):
                    q, r = R.Qr(input=x, full_matrices=full)
                    return dict(product=far(tf.matmul(q, r)), ones=far(tf.matmul(q, q, adjoint_a=True)), size=far(tf.abs(r)))
                yield Graph("Qr %s %s %s" % (dt, shape, full), qr, dict(x=x))

                def svd(inits, x):
                    s, u, v = R.Svd(input=x, full_matrices=full)
                    k = min(shape[-2:])
                    return dict(s=s, product=far(tf.matmul(tf.matmul(u[..., :k], diag(s, u)), v[..., :k], adjoint_b=True)),
                                u=far(tf.matmul(u, u, adjoint_a=True)), v=far(tf.matmul(v, v, adjoint_a=True)))
                yield Graph("Svd %s %s %s" % (dt, shape, full), svd, dict(x=x), shapes=dict(x=shape))
        for n, batch in ((1, ()), (4, ()), (3, (2,)), (9, ()), (0, ()), (3, (0,))) if dt == "float32" else ((4, ()), (3, (2,))):
            yield "SelfAdjointEigV2", dict(input=_positive(dt, n, *batch), compute_v=False)

            def eigh(inits, x):
                e, v = R.SelfAdjointEigV2(input=x)
                return dict(e=e, product=far(tf.matmul(tf.matmul(v, diag(e, v)), v, adjoint_b=True)))
            yield Graph("SelfAdjointEigV2 %s %d %s" % (dt, n, batch), eigh, dict(x=_positive(dt, n, *batch)))
            out = {"float32": tf.complex64, "complex64": tf.complex64}.get(dt, tf.complex128)

            def eig(inits, x):
                e, v = R.Eig(input=x, Tout=out)
                only = R.Eig(input=x, Tout=out, compute_v=False)
                order = lambda e: tf.sort(tf.math.real(e))
                return dict(e=order(e), only=order(only.e), none=tf.shape(only.v), rest=far(tf.matmul(tf.cast(x, out), v) - tf.matmul(v, tf.linalg.diag(e))))
            yield Graph("Eig %s %d %s" % (dt, n, batch), eig, dict(x=_well(dt, n, *batch)))
    for dt in ("float32", "float64"):     # of complex ones, TensorFlow's NaN is 0
        yield Graph("Cholesky of what is not positive, " + dt, lambda inits, x: dict(lower=tf.linalg.band_part(R.Cholesky(input=x), -1, 0)),
                    dict(x=np.array([[1, 2], [2, 1]], dt)))
    yield "Svd", dict(input=arr("float32", 0, 3), full_matrices=True)
    yield "Svd", dict(input=arr("float32", 2, 3, 0), full_matrices=True)
    yield "Svd", dict(input=arr("float32", 2, 3, 0))
    yield "Svd", dict(input=arr("float32", 3))
    yield "Svd", dict(input=np.float32([[1, np.nan], [0, 1]]))
    yield "Qr", dict(input=arr("float32", 3, 0), full_matrices=True)
    yield "Qr", dict(input=arr("float32", 0, 3))
    yield "Qr", dict(input=arr("float32", 3))
    for op in ("SelfAdjointEigV2", "Eig"):
        more = dict(Tout="complex64") if op == "Eig" else {}
        yield op, dict(input=arr("float32", 2, 3), **more)
        yield op, dict(input=arr("float32", 2), **more)
    yield "Eig", dict(input=np.float32([[3]]), Tout="complex64")
    yield "SelfAdjointEigV2", dict(input=np.float32([[3]]))


def functions():
    for dt in DECOMPOSED:
        for n, batch in ((1, ()), (3, ()), (2, (2,)), (5, ()), (0, ()), (2, (0,))):
            yield "MatrixExponential", dict(input=_well(dt, n, *batch) / np.array(8, dt))
            for op in ("MatrixLogarithm", "MatrixSquareRoot")["f" in dt:]:
                yield op, dict(input=_positive(dt, n, *batch))
        yield "MatrixExponential", dict(input=np.array([[0, 7], [0, 0]], dt))
        yield "MatrixExponential", dict(input=np.array([[1, 20], [-20, 1]], dt))
        yield "MatrixSquareRoot", dict(input=np.array([[4, 1], [0, 4]], dt))
        if "c" in dt:
            yield "MatrixLogarithm", dict(input=np.array([[4, 1], [0, 4]], dt))
    yield "MatrixLogarithm", dict(input=np.complex64([[0, -1], [1, 0]]))
    yield "MatrixLogarithm", dict(input=np.complex64([[1, 2, 3]]))


def cholesky_grad():
    for dt in ("float16", "float32", "float64"):
        for shape in ((1, 1), (4, 4), (2, 3, 3)):
            a = real("float64", *shape, odd=False)
            l = np.linalg.cholesky(a @ np.swapaxes(a, -1, -2) + 3 * np.eye(shape[-1])) + np.triu(real("float64", *shape, odd=False), 1)
            yield "CholeskyGrad", dict(l=l.astype(dt), grad=real(dt, *shape, odd=False))
    f = "float32"
    yield "CholeskyGrad", dict(l=arr(f, 0, 0), grad=arr(f, 0, 0))
    yield "CholeskyGrad", dict(l=arr(f, 0, 2, 2), grad=arr(f, 0, 2, 2))
    for a, b in (((2, 3), (2, 3)), ((3,), (3,)), ((2, 2), (3, 3)), ((1, 2, 2), (2, 2)), ((2, 2, 2), (1, 2, 2))):
        yield "CholeskyGrad", dict(l=arr(f, *a), grad=arr(f, *b))
