/* SPDX-License-Identifier: Apache-2.0 */
/* op_matrix_diag.c -- diagonals of matrices, taken and put; bands.
 *
 * Diagonal d of a [rows, cols] matrix holds elements (i, i + d). Diagonals of a band [lo, hi] are packed as
 * rows, the highest first, each as long as the longest; `align` says at which end a shorter one leaves a gap.
 * A band of one diagonal has no row dimension. Each diagonal is one strided piece.
 */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "ops/array/array.h"

typedef struct diag_attrs {
    bool upper_right, lower_right; /* shorter diagonals above / below the main one start at the right end */
} diag_attrs;

static td_status diag_parse(td_parse *p)
{
    diag_attrs *const a = p->attrs;
    const td_string s = td_attr_string(p, "align");

    /* "RIGHT_LEFT": superdiagonals are aligned right, subdiagonals left */
    a->upper_right = s.size >= 5 && memcmp(s.data, "RIGHT", 5) == 0;
    a->lower_right = s.size >= 5 && memcmp(s.data + s.size - 5, "RIGHT", 5) == 0;
    return NULL;
}

typedef struct band {
    int64_t lo, hi;
    int64_t rows, cols;
    int64_t longest; /* elements of the longest diagonal */
    int64_t batch;
} band;

static int64_t length_of(const band *b, int64_t d)
{
    return TD_MAX(TD_MIN(b->rows + TD_MIN(d, 0), b->cols - TD_MAX(d, 0)), 0);
}

/* How far into its packed row diagonal d begins. */
static int64_t gap_of(const td_call *c, const band *b, int64_t d)
{
    const diag_attrs *const a = c->attrs;
    const bool right = c->op->parse && (d >= 0 ? a->upper_right : a->lower_right);

    return right ? b->longest - length_of(b, d) : 0;
}

/* lo and hi from input `k`, a scalar or one or two elements; 0 for the ops of old that have no such input. */
static td_status read_band(td_call *c, uint32_t k, band *b)
{
    int64_t v[2];
    size_t n;

    b->lo = b->hi = 0;
    if (!k) return NULL;
    TD_TRY(td_need_list(c, k, v, 2, &n));
    if (n < 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "diag_index must have one or two elements, received 0 elements.");
    b->lo = v[0];
    b->hi = v[n - 1];
    if (b->lo > b->hi)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "lower_diag_index must not be larger than upper_diag_index: %" PRId64 " > %" PRId64,
                         b->lo, b->hi);
    return NULL;
}

/* The band must lie in the matrix. */
static td_status check_band(const td_call *c, band *b)
{
    if (!(b->lo > -b->rows && b->lo < b->cols) && b->lo != 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "lower_diag_index is out of bound: %" PRId64 ". It must be between %" PRId64
                         " and %" PRId64,
                         b->lo, -b->rows, b->cols);
    if (!(b->hi > -b->rows && b->hi < b->cols) && b->hi != 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "upper_diag_index is out of bound: %" PRId64 ". It must be between %" PRId64
                         " and %" PRId64,
                         b->hi, -b->rows, b->cols);
    b->longest = TD_MIN(b->rows + TD_MIN(b->hi, 0), b->cols - TD_MAX(b->lo, 0));
    return NULL;
}

/* Adds a piece per diagonal. to_matrix: from packed diagonals (input from) to output 0;
 * else the other way. */
static void add_diagonals(td_call *c, const band *b, uint32_t from, bool to_matrix)
{
    const int64_t count = b->hi - b->lo + 1, matrix = b->rows * b->cols, packed = count * b->longest;

    for (int64_t d = b->hi; d >= b->lo; d--) {
        const int64_t in_matrix = (d < 0 ? -d * b->cols : d);
        const int64_t in_packed = (b->hi - d) * b->longest + gap_of(c, b, d);
        td_nd_builder n;

        td_nd_start(&n, td_dtype_size(td_in(c, from)->dtype));
        td_nd_add(&n, b->batch, to_matrix ? matrix : packed, to_matrix ? packed : matrix);
        td_nd_add(&n, length_of(b, d), to_matrix ? b->cols + 1 : 1, to_matrix ? 1 : b->cols + 1);
        td_moves_add(c, &n, 0, to_matrix ? in_matrix : in_packed, from, to_matrix ? in_packed : in_matrix);
    }
}

/* ---------------------------------------------------------------- MatrixDiag* */

static td_status diag_dims(td_call *c, band *b, td_shape *out)
{
    const bool has_k = c->n_in > 1;
    const td_shape *const in = &td_in(c, 0)->shape;
    int64_t rows = -1, cols = -1;

    if (in->rank < 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "diagonal must be at least 1-dim, received shape: []");
    TD_TRY(read_band(c, has_k ? 1 : 0, b));
    if (has_k) {
        TD_TRY(td_need_one(c, 2, &rows));
        TD_TRY(td_need_one(c, 3, &cols));
    }
    const int64_t count = b->hi - b->lo + 1;
    const int outer = in->rank - (count > 1 ? 2 : 1);

    if (outer < 0 || (count > 1 && in->dims[outer] != count))
        return TD_OP_ERR(
            c, INVALID_ARGUMENT,
            "The number of diagonals provided in the input does not match the lower_diag_index and "
            "upper_diag_index range.");
    b->longest = in->dims[in->rank - 1];
    const int64_t least_rows = b->longest - TD_MIN(b->hi, 0), least_cols = b->longest + TD_MAX(b->lo, 0);

    if (rows == -1 && cols == -1) rows = cols = TD_MAX(least_rows, least_cols);
    if (rows == -1) rows = least_rows;
    if (cols == -1) cols = least_cols;
    if (rows < least_rows || cols < least_cols || (rows != least_rows && cols != least_cols))
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "The number of rows or columns is not consistent with the specified d_lower, "
                         "d_upper, and diagonal.");
    b->rows = rows;
    b->cols = cols;
    b->batch = td_shape_span(in, 0, outer);
    int64_t dims[TD_MAX_RANK + 1];

    for (int i = 0; i < outer; i++)
        dims[i] = in->dims[i];
    dims[outer] = rows;
    dims[outer + 1] = cols;
    return td_shape_make(outer + 2, dims, out);
}

static td_status diag_infer(td_call *c)
{
    td_shape out;
    band b;

    TD_TRY(diag_dims(c, &b, &out));
    td_out(c, 0)->shape = out;
    return NULL;
}

static td_status diag_prepare(td_call *c)
{
    td_shape out;
    band b;

    TD_TRY(diag_dims(c, &b, &out));
    TD_TRY(td_moves_init(c, (size_t)(b.hi - b.lo + 1)));
    td_moves_fill(c, c->n_in > 1 ? 4 : TD_FILL_ZERO);
    add_diagonals(c, &b, 0, true);
    return NULL;
}

/* ---------------------------------------------------------------- MatrixDiagPart* */

static td_status matrix_band(td_call *c, uint32_t k, band *b)
{
    const td_shape *const in = &td_in(c, 0)->shape;

    if (in->rank < 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "input must be at least 2-dim, received shape of rank %d",
                         (int)in->rank);
    b->rows = in->dims[in->rank - 2];
    b->cols = in->dims[in->rank - 1];
    b->batch = td_shape_span(in, 0, in->rank - 2);
    TD_TRY(read_band(c, k, b));
    return check_band(c, b);
}

static td_status part_infer(td_call *c)
{
    band b;

    TD_TRY(matrix_band(c, c->n_in > 1 ? 1 : 0, &b));
    td_shape out = td_in(c, 0)->shape;

    out.rank -= 2;
    if (b.hi > b.lo) out.dims[out.rank++] = b.hi - b.lo + 1;
    out.dims[out.rank++] = b.longest;
    td_out(c, 0)->shape = out;
    return NULL;
}

static td_status part_prepare(td_call *c)
{
    band b;

    TD_TRY(matrix_band(c, c->n_in > 1 ? 1 : 0, &b));
    TD_TRY(td_moves_init(c, (size_t)(b.hi - b.lo + 1)));
    td_moves_fill(c, c->n_in > 2 ? 2 : TD_FILL_NONE);
    add_diagonals(c, &b, 0, false);
    return NULL;
}

/* ---------------------------------------------------------------- MatrixSetDiag* */

static td_status set_band(td_call *c, band *b)
{
    const td_shape *const in = &td_in(c, 0)->shape, *const diag = &td_in(c, 1)->shape;
    td_shape want;

    TD_TRY(matrix_band(c, c->n_in > 2 ? 2 : 0, b));
    want = *in;
    want.rank -= 2;
    if (b->hi > b->lo) want.dims[want.rank++] = b->hi - b->lo + 1;
    want.dims[want.rank++] = b->longest;
    if (!td_shape_equal(&want, diag)) {
        char x[TD_SHAPE_TEXT], y[TD_SHAPE_TEXT];

        return TD_OP_ERR(
            c, INVALID_ARGUMENT,
            "Either first dimensions of diagonal don't match input.shape[:-2], or diagonal.shape[:-1] is not "
            "equal to the longests diagonal in range.\nInput shape: %s\nDiagonal shape: %s",
            td_shape_text(in, x, sizeof x), td_shape_text(diag, y, sizeof y));
    }
    return NULL;
}

static td_status set_infer(td_call *c)
{
    band b;

    TD_TRY(set_band(c, &b));
    return td_infer_same(c);
}

static td_status set_prepare(td_call *c)
{
    td_nd_builder n;
    band b;

    TD_TRY(set_band(c, &b));
    TD_TRY(td_moves_init(c, (size_t)(b.hi - b.lo + 1) + 1));
    td_nd_start(&n, td_dtype_size(td_in(c, 0)->dtype));
    td_nd_add(&n, td_shape_count(&td_in(c, 0)->shape), 1, 1);
    td_moves_add(c, &n, 0, 0, 0, 0);
    add_diagonals(c, &b, 1, true);
    return NULL;
}

/* ------------------------------------------------------------- Diag, DiagPart: tensors as square matrices */

static td_status square_infer(td_call *c)
{
    const td_shape *const in = &td_in(c, 0)->shape;
    int64_t dims[2 * TD_MAX_RANK];
    td_shape out;

    if (in->rank < 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "Input must be at least rank 1, got 0");
    for (int i = 0; i < in->rank; i++)
        dims[i] = dims[i + in->rank] = in->dims[i];
    TD_TRY(td_shape_make(2 * in->rank, dims, &out));
    td_out(c, 0)->shape = out;
    return NULL;
}

static td_status square_part_infer(td_call *c)
{
    td_shape s = td_in(c, 0)->shape;
    char text[TD_SHAPE_TEXT];
    const int half = s.rank / 2;

    if (s.rank < 2 || s.rank % 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "The rank of the tensor should be even and positive, got shape %s",
                         td_shape_text(&s, text, sizeof text));
    for (int i = 0; i < half; i++)
        if (s.dims[i] != s.dims[i + half])
            return TD_OP_ERR(c, INVALID_ARGUMENT, "Invalid shape %s: dimensions %d and %d do not match.",
                             td_shape_text(&s, text, sizeof text), i, i + half);
    s.rank = half;
    td_out(c, 0)->shape = s;
    return NULL;
}

static td_status square_prepare(td_call *c)
{
    const td_shape *const in = &td_in(c, 0)->shape;
    const bool part = c->op->infer == square_part_infer;
    const int64_t n = td_shape_span(in, 0, part ? in->rank / 2 : in->rank);
    td_nd_builder b;

    TD_TRY(td_moves_init(c, 1));
    td_moves_fill(c, part ? TD_FILL_NONE : TD_FILL_ZERO);
    td_nd_start(&b, td_dtype_size(td_in(c, 0)->dtype));
    td_nd_add(&b, n, part ? 1 : n + 1, part ? n + 1 : 1);
    td_moves_add(c, &b, 0, 0, 0, 0);
    return NULL;
}

/* ---------------------------------------------------------------- MatrixBandPart */

static td_status band_part_infer(td_call *c)
{
    for (uint32_t i = 1; i < 3; i++)
        if (td_in(c, i)->shape.rank != 0)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "num_%s must be scalar, got a tensor of rank %d",
                             i == 1 ? "lower" : "upper", (int)td_in(c, i)->shape.rank);
    if (td_in(c, 0)->shape.rank < 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "input must be at least 2-dim, received shape of rank %d",
                         (int)td_in(c, 0)->shape.rank);
    return td_infer_same(c);
}

static td_status band_part_run(td_call *c)
{
    const td_tensor *const in = td_in(c, 0);
    const td_shape *const s = &in->shape;
    const int64_t batch = td_shape_span(s, 0, s->rank - 2), rows = s->dims[s->rank - 2],
                  cols = s->dims[s->rank - 1];
    int64_t lower = td_tensor_int(td_in(c, 1), 0), upper = td_tensor_int(td_in(c, 2), 0);
    const size_t elem = td_dtype_size(in->dtype);

    if (lower > rows)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "num_lower must be negative or less or equal to number of rows (%" PRId64
                         ") got: %" PRId64,
                         rows, lower);
    if (upper > cols)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "num_upper must be negative or less or equal to number of columns (%" PRId64
                         ") got: %" PRId64,
                         cols, upper);
    if (!cols) return NULL; /* no memory, not even for nothing */
    if (lower < 0) lower = rows;
    if (upper < 0) upper = cols;
    for (int64_t r = 0; r < batch * rows; r++) {
        const int64_t i = r % rows;
        const int64_t from = TD_MIN(TD_MAX(i - lower, 0), cols),
                      to = TD_MAX(TD_MIN(i + upper + 1, cols), from);
        const char *const src = (const char *)in->data + (size_t)(r * cols) * elem;
        char *const dst = (char *)td_out(c, 0)->data + (size_t)(r * cols) * elem;

        memset(dst, 0, (size_t)from * elem);
        memcpy(dst + (size_t)from * elem, src + (size_t)from * elem, (size_t)(to - from) * elem);
        memset(dst + (size_t)to * elem, 0, (size_t)(cols - to) * elem);
    }
    return NULL;
}

TD_MOVE_KERNELS(diag_kernels, diag_prepare);
TD_MOVE_KERNELS(part_kernels, part_prepare);
TD_MOVE_KERNELS(set_kernels, set_prepare);
TD_MOVE_KERNELS(square_kernels, square_prepare);
static const td_kernel band_part_kernels[] = {
    { .dtypes = TD_MOVABLE & ~TD_DTYPE_BIT(TD_STRING), .run = band_part_run },
    { 0 },
};

const td_op td_ops_matrix_diag[] = {
    { .name = "MatrixDiag",
      .sig = "diagonal: T -> output: T",
      .attrs = "T: type",
      .infer = diag_infer,
      .kernels = diag_kernels },
    { .name = "MatrixDiagV2",
      .sig = "diagonal: T, k: int32, num_rows: int32, num_cols: int32, padding_value: T -> output: T",
      .attrs = "T: type",
      .infer = diag_infer,
      .kernels = diag_kernels },
    { .name = "MatrixDiagV3",
      .sig = "diagonal: T, k: int32, num_rows: int32, num_cols: int32, padding_value: T -> output: T",
      .attrs = "T: type, align: string = 'RIGHT_LEFT'",
      .attrs_size = sizeof(diag_attrs),
      .parse = diag_parse,
      .infer = diag_infer,
      .kernels = diag_kernels },
    { .name = "MatrixDiagPart",
      .sig = "input: T -> diagonal: T",
      .attrs = "T: type",
      .infer = part_infer,
      .kernels = part_kernels },
    { .name = "MatrixDiagPartV2",
      .sig = "input: T, k: int32, padding_value: T -> diagonal: T",
      .attrs = "T: type",
      .infer = part_infer,
      .kernels = part_kernels },
    { .name = "MatrixDiagPartV3",
      .sig = "input: T, k: int32, padding_value: T -> diagonal: T",
      .attrs = "T: type, align: string = 'RIGHT_LEFT'",
      .attrs_size = sizeof(diag_attrs),
      .parse = diag_parse,
      .infer = part_infer,
      .kernels = part_kernels },
    { .name = "MatrixSetDiag",
      .sig = "input: T, diagonal: T -> output: T",
      .attrs = "T: type",
      .infer = set_infer,
      .kernels = set_kernels },
    { .name = "MatrixSetDiagV2",
      .sig = "input: T, diagonal: T, k: int32 -> output: T",
      .attrs = "T: type",
      .infer = set_infer,
      .kernels = set_kernels },
    { .name = "MatrixSetDiagV3",
      .sig = "input: T, diagonal: T, k: int32 -> output: T",
      .attrs = "T: type, align: string = 'RIGHT_LEFT'",
      .attrs_size = sizeof(diag_attrs),
      .parse = diag_parse,
      .infer = set_infer,
      .kernels = set_kernels },
    { .name = "MatrixBandPart",
      .sig = "input: T, num_lower: Tindex, num_upper: Tindex -> band: T",
      .attrs = "T: type, Tindex: type = int64",
      .infer = band_part_infer,
      .kernels = band_part_kernels },
    { .name = "Diag",
      .sig = "diagonal: T -> output: T",
      .attrs = "T: type",
      .infer = square_infer,
      .kernels = square_kernels },
    { .name = "DiagPart",
      .sig = "input: T -> diagonal: T",
      .attrs = "T: type",
      .infer = square_part_infer,
      .kernels = square_kernels },
    { 0 },
};
