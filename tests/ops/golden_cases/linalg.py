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
