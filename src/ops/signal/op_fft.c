/* SPDX-License-Identifier: Apache-2.0 */
/* op_fft.c -- Fourier transforms over the last one, two or three dimensions, or over given ones.
 *
 * The spectrum is kept in complex double while one axis after the other is transformed; of one axis, lines are enough. Of real signals, the last axis
 * holds the half of a spectrum that says it all: it is the first to be transformed there, and the last on the way back.
 *
 * passes/fuse_fft makes _FusedRFFT, which sees zeros behind its input. */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "kernels/fft/fft.h"
#include "ops/array/array.h"
#include "tensor/type_sets.h"

typedef struct fft_attrs {
    bool inverse, is_real, has_axes, is_padded;
    int rank;                /* axes to transform; of those with axes: known at run time */
    int64_t in_rank, behind; /* is_padded: the input's rank, and zeros behind its last dimension */
} fft_attrs;

static const char fused[] = "_Fused";

/* "IRFFT2D": inverse, of real signals, two axes. */
static td_status fft_parse(td_parse *p)
{
    const char *name = p->node->op_name;
    fft_attrs *const a = p->attrs;

    a->is_padded = strncmp(name, fused, strlen(fused)) == 0;
    if (a->is_padded) {
        name += strlen(fused);
        a->in_rank = td_attr_int(p, "rank");
        a->behind = td_attr_int(p, "behind");
    }
    a->inverse = *name == 'I';
    name += a->inverse;
    a->is_real = *name == 'R';
    name += a->is_real + strlen("FFT");
    a->has_axes = *name == 'N';
    a->rank = *name >= '1' && *name <= '9' ? *name - '0' : 1;
    return NULL;
}

static td_status fft_type_check(td_call *c)
{
    const bool in_wide = td_in(c, 0)->dtype == TD_F64 || td_in(c, 0)->dtype == TD_C128;
    const bool out_wide = td_out(c, 0)->dtype == TD_F64 || td_out(c, 0)->dtype == TD_C128;

    if (in_wide == out_wide) return NULL;
    return TD_OP_ERR(c, INVALID_ARGUMENT, "Treal and Tcomplex must have the same precision");
}

/* The input's, with the zeros behind it. */
static td_status read_shape(td_call *c, td_shape *s)
{
    const fft_attrs *const a = c->attrs;

    *s = td_in(c, 0)->shape;
    if (!a->is_padded) return NULL;
    if (s->rank != a->in_rank || s->rank == 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "The first dimension of paddings must be the rank of inputs: %" PRId64 " %d",
                         a->in_rank, (int)s->rank);
    if (a->behind < 0 || !td_add_i64(s->dims[s->rank - 1], a->behind, &s->dims[s->rank - 1]))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "paddings are too large");
    return td_shape_check(s);
}

/* What is transformed: axes, in the order that they are given, and the signal's lengths along them. */
typedef struct fft_axes {
    int n, axis[TD_MAX_RANK];
    int64_t length[TD_MAX_RANK];
} fft_axes;

static td_status read_axes(td_call *c, const td_shape *in, fft_axes *x)
{
    const fft_attrs *const a = c->attrs;
    int64_t axes[TD_MAX_RANK];
    size_t n = (size_t)a->rank;

    if (a->has_axes) TD_TRY(td_need_list(c, 2, axes, TD_MAX_RANK, &n));
    x->n = (int)n;
    if (in->rank < x->n)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Input must have rank of at least %d but got: %d", x->n,
                         (int)in->rank);
    for (int i = 0; i < x->n; i++) {
        const int64_t axis = !a->has_axes ? in->rank - x->n + i : axes[i] < 0 ? axes[i] + in->rank : axes[i];

        if (axis < 0 || axis >= in->rank)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "axis %" PRId64 " is not one of %d", axes[i],
                             (int)in->rank);
        for (int k = 0; k < i; k++)
            if (x->axis[k] == axis)
                return TD_OP_ERR(c, INVALID_ARGUMENT, "axis %" PRId64 " is given twice", axis);
        x->axis[i] = (int)axis;
        x->length[i] = in->dims[axis];
    }
    return NULL;
}

static td_status read_lengths(td_call *c, const td_shape *in, fft_axes *x)
{
    const fft_attrs *const a = c->attrs;
    size_t n;

    TD_TRY(read_axes(c, in, x));
    if (!a->is_real && !a->has_axes) return NULL;
    if (td_in(c, 1)->shape.rank != 1 || td_in(c, 1)->shape.dims[0] != x->n)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "fft_length must have shape [%d]", x->n);
    TD_TRY(td_need_list(c, 1, x->length, TD_MAX_RANK, &n));
    for (int i = 0; i < x->n; i++) {
        const bool is_half = a->is_real && a->inverse && i == x->n - 1;
        const int64_t least = is_half && x->length[i] != 0 ? x->length[i] / 2 + 1 : x->length[i];

        if (x->length[i] < 0)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "fft_length[%d] must >= 0, but got: %" PRId64, i,
                             x->length[i]);
        if (td_shape_count(in) != 0 && in->dims[x->axis[i]] < least)
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "Input dimension %d must have length of at least %" PRId64 " but got: %" PRId64,
                             x->axis[i], least, in->dims[x->axis[i]]);
    }
    return NULL;
}

/* Of the half of a spectrum that a real signal of n numbers has. */
static int64_t half_of(int64_t n)
{
    return n == 0 ? 0 : n / 2 + 1;
}

static td_status fft_infer(td_call *c)
{
    const fft_attrs *const a = c->attrs;
    td_shape s;
    fft_axes x;

    TD_TRY(fft_type_check(c));
    TD_TRY(read_shape(c, &s));
    TD_TRY(read_lengths(c, &s, &x));
    for (int i = 0; i < x.n; i++)
        s.dims[x.axis[i]] = a->is_real && !a->inverse && i == x.n - 1 ? half_of(x.length[i]) : x.length[i];
    TD_TRY(td_shape_check(&s));
    td_out(c, 0)->shape = s;
    return NULL;
}

typedef struct fft_state {
    td_shape spectrum;
    fft_axes x;
    td_fft *plan[TD_MAX_RANK];
    const td_fft_body *body[TD_MAX_RANK]; /* how many lines of an axis are transformed at once */
    size_t grain[TD_MAX_RANK];            /* lines of a shard */
    size_t kept; /* doubles of the spectrum; 0: one axis, from the input to the output */
    size_t work; /* doubles that a shard works with: two lines of each lane, and what a transform needs */
} fft_state;

enum {
    SHARD_NUMBERS = 4096,
    LANE_BYTES = 1 << 20, /* of a shard, at most: what its core's cache holds */
    FEW_LINES = 2,        /* one is not worth the lanes */
    ALIGNED = TD_ALIGN / sizeof(double)
};

typedef struct fft_lines {
    size_t count, n, step; /* n numbers a line, `step` apart */
} fft_lines;

static fft_lines lines_of(const td_shape *s, int axis)
{
    const size_t n = (size_t)s->dims[axis], step = (size_t)td_shape_span(s, axis + 1, s->rank);

    return (fft_lines){ (size_t)td_shape_count(s) / n, n, step };
}

/* Doubles of one lane. */
static size_t lane_size(const fft_state *s, int i)
{
    return 2 * (2 * (size_t)s->x.length[i] + td_fft_scratch(s->plan[i]));
}

/* Lines of axis i together, where there are enough of them for each thread; at most `most` shards, all of whose lanes
 * but those of the last one are full. Returns how many there are. */
static size_t cut_axis(const td_call *c, fft_state *s, int i, size_t most)
{
    const size_t count = lines_of(&s->spectrum, s->x.axis[i]).count;
    const size_t threads = TD_MIN((size_t)TD_MAX(c->threads, 1), most);
    const td_fft_body *b = td_fft_select(c->env->cpu);

    if (count / FEW_LINES < threads || lane_size(s, i) > LANE_BYTES / sizeof(double) / b->lanes)
        b = &td_fft_ref;
    s->body[i] = b;
    s->work = TD_MAX(s->work, lane_size(s, i) * b->lanes);
    s->grain[i] = ((count + most - 1) / most + b->lanes - 1) / b->lanes * b->lanes;
    return (count + s->grain[i] - 1) / s->grain[i];
}

static td_status fft_prepare(td_call *c)
{
    const fft_attrs *const a = c->attrs;
    fft_state *const s = c->state;
    td_shape in;

    TD_TRY(read_shape(c, &in));
    TD_TRY(read_lengths(c, &in, &s->x));
    s->spectrum = td_out(c, 0)->shape;
    if (td_shape_count(&s->spectrum) == 0 || td_shape_count(&td_in(c, 0)->shape) == 0 || s->x.n == 0)
        return NULL;
    if (a->is_real) s->spectrum.dims[s->x.axis[s->x.n - 1]] = half_of(s->x.length[s->x.n - 1]);
    const size_t n = (size_t)td_shape_count(&s->spectrum);

    const size_t most = TD_MIN(4 * (size_t)TD_MAX(c->threads, 1), n / SHARD_NUMBERS + 1);
    size_t shards = 0;

    s->kept = s->x.n > 1 ? 2 * n : 0;
    for (int i = 0; i < s->x.n; i++) {
        const size_t length = (size_t)s->x.length[i];

        s->plan[i] =
            (a->is_real && !a->inverse && i == s->x.n - 1 ? td_fft_make_real : td_fft_make)(c->arena, length);
        if (!s->plan[i])
            return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "no memory for a transform of %zu numbers", length);
        const size_t cuts = cut_axis(c, s, i, most);

        shards = TD_MAX(shards, cuts);
    }
    s->kept = (s->kept + ALIGNED - 1) / ALIGNED * ALIGNED;
    s->work = (s->work + ALIGNED - 1) / ALIGNED * ALIGNED;
    c->scratch_size = (s->kept + shards * s->work) * sizeof(double);
    return NULL;
}

/* ---------------------------------------------------------------- lines along an axis */

/* Where an axis' lines are loaded from or stored to. */
typedef struct fft_end {
    void *data;
    td_dtype dtype;
    const td_shape *shape;
} fft_end;

typedef struct fft_run {
    td_call *c;
    const fft_state *s;
    int i; /* which of the axes is transformed */
    fft_end from, to;
} fft_run;

static size_t line_start(const fft_lines *l, size_t i)
{
    return i / l->step * l->n * l->step + i % l->step;
}

/* Where element `at` of a shape is in one whose dimensions are as long or longer. */
static size_t place_in(const td_shape *in, const td_shape *s, size_t at)
{
    size_t place = 0, step = 1;

    for (int d = s->rank - 1; d >= 0; d--) {
        place += at % (size_t)s->dims[d] * step;
        at /= (size_t)s->dims[d];
        step *= (size_t)in->dims[d];
    }
    return place;
}

static bool is_wide(td_dtype t)
{
    return t == TD_F64 || t == TD_C128;
}

/* Lines k .. k + count of the spectrum, at that end; `n` elements of each. */
static td_fft_lines lines_at(const fft_run *r, const fft_end *e, size_t k, size_t count, size_t n)
{
    const int axis = r->s->x.axis[r->i];
    const fft_lines l = lines_of(&r->s->spectrum, axis);
    td_fft_lines at = { .count = count, .n = n, .parts = e->dtype == TD_F32 || e->dtype == TD_F64 ? 1 : 2 };

    /* not l.step: what lies behind the axis may be longer than what of it is transformed */
    at.step = (size_t)td_shape_span(e->shape, axis + 1, e->shape->rank);
    for (size_t i = 0; i < TD_FFT_MOST_LANES; i++)
        at.first[i] =
            i < count ? place_in(e->shape, &r->s->spectrum, line_start(&l, k + i)) : at.first[i - 1];
    return at;
}

/* Half a spectrum, in lanes, becomes the whole of `n` numbers that real ones have. */
static void complete(double *numbers, size_t half, size_t n, size_t lanes)
{
    for (size_t k = half; k < n; k++)
        for (size_t i = 0; i < lanes; i++) {
            numbers[2 * k * lanes + i] = numbers[2 * (n - k) * lanes + i];
            numbers[(2 * k + 1) * lanes + i] = -numbers[(2 * (n - k) + 1) * lanes + i];
        }
    memset(numbers + lanes, 0, lanes * sizeof *numbers);
    if (n % 2 == 0) memset(numbers + (n + 1) * lanes, 0, lanes * sizeof *numbers);
}

static void transform_some(const fft_run *r, const td_fft_body *b, double *work, size_t k, size_t count)
{
    const fft_attrs *const a = r->c->attrs;
    const td_fft *const plan = r->s->plan[r->i];
    const size_t n = (size_t)r->s->x.length[r->i];
    const bool is_real = a->is_real && r->i == r->s->x.n - 1;
    const size_t half = is_real ? (size_t)half_of((int64_t)n) : n;
    /* what the input lacks is zero */
    const size_t wanted = a->inverse ? half : n,
                 found = TD_MIN(wanted, (size_t)r->from.shape->dims[r->s->x.axis[r->i]]);
    const td_fft_lines from = lines_at(r, &r->from, k, count, found);
    const td_fft_lines to = lines_at(r, &r->to, k, count, a->inverse ? n : half);
    double *const line = work, *const out = line + 2 * n * b->lanes, *const scratch = out + 2 * n * b->lanes;

    (is_wide(r->from.dtype) ? b->load_f64 : b->load_f32)(line, r->from.data, &from);
    memset(line + from.parts * found * b->lanes, 0, from.parts * (wanted - found) * b->lanes * sizeof *line);
    if (is_real && !a->inverse) {
        b->run_real(plan, line, out, scratch);
    } else {
        if (is_real) complete(line, half, n, b->lanes);
        b->run(plan, a->inverse, line, out, scratch);
    }
    (is_wide(r->to.dtype) ? b->store_f64 : b->store_f32)(r->to.data, out, &to);
}

static void transform_lines(void *ctx, size_t begin, size_t end)
{
    const fft_run *const r = ctx;
    double *const work = (double *)r->c->scratch + r->s->kept + begin / r->s->grain[r->i] * r->s->work;
    const td_fft_body *b = r->s->body[r->i];

    for (size_t k = begin, count; k < end; k += count) {
        if (end - k < FEW_LINES) b = &td_fft_ref;
        count = TD_MIN(b->lanes, end - k);
        transform_some(r, b, work, k, count);
    }
}

/* All lines along an axis. */
static void over_lines(fft_run *r)
{
    const size_t count = lines_of(&r->s->spectrum, r->s->x.axis[r->i]).count;

    td_call_parallel(r->c, count, r->s->grain[r->i], transform_lines, r);
}

static fft_end end_of(const td_tensor *t)
{
    return (fft_end){ t->data, t->dtype, &t->shape };
}

static td_status fft_run_call(td_call *c)
{
    const fft_attrs *const a = c->attrs;
    const fft_state *const s = c->state;
    const fft_end kept = { c->scratch, TD_C128, &s->spectrum };
    const bool is_last_last = a->is_real && a->inverse; /* of the axes */
    fft_run r = { .c = c, .s = s, .from = end_of(td_in(c, 0)) };

    if (td_shape_count(&td_out(c, 0)->shape) == 0) return NULL;
    if (s->x.n == 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "no axes are given");
    /* Nothing may be transformed to something: TensorFlow leaves what memory holds. */
    if (td_shape_count(&td_in(c, 0)->shape) == 0) {
        memset(td_out(c, 0)->data, 0, td_tensor_bytes(td_out(c, 0)));
        return NULL;
    }
    for (int k = 0; k < s->x.n; k++, r.from = kept) {
        r.i = is_last_last ? (s->x.n - 2 - k + s->x.n) % s->x.n : s->x.n - 1 - k;
        r.to = k == s->x.n - 1 ? end_of(td_out(c, 0)) : kept;
        over_lines(&r);
    }
    return NULL;
}

#define FFT_TYPES (TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F64) | TD_COMPLEX_TYPES)
static const td_kernel fft_kernels[] = {
    { .dtypes = FFT_TYPES, .state_size = sizeof(fft_state), .prepare = fft_prepare, .run = fft_run_call },
    { 0 }
};

#define FFT_OP(name_, sig_, attrs_)                                                                          \
    {                                                                                                        \
        .name = (name_), .sig = (sig_), .attrs = (attrs_), .attrs_size = sizeof(fft_attrs),                  \
        .parse = fft_parse, .infer = fft_infer, .kernels = fft_kernels                                       \
    }
#define COMPLEX(name) FFT_OP(name, "input: Tcomplex -> output: Tcomplex", "Tcomplex: type = complex64")
#define REAL_ATTRS    "Treal: type = float, Tcomplex: type = complex64"
#define TO_HALF(name, axes)                                                                                  \
    FFT_OP(name, "input: Treal, fft_length: int32" axes " -> output: Tcomplex", REAL_ATTRS)
#define TO_REAL(name, axes)                                                                                  \
    FFT_OP(name, "input: Tcomplex, fft_length: int32" axes " -> output: Treal", REAL_ATTRS)
#define AXES ", axes: int32"

const td_op td_ops_fft[] = {
    COMPLEX("FFT"),
    COMPLEX("FFT2D"),
    COMPLEX("FFT3D"),
    COMPLEX("IFFT"),
    COMPLEX("IFFT2D"),
    COMPLEX("IFFT3D"),
    FFT_OP("FFTND", "input: Tcomplex, fft_length: int32, axes: int32 -> output: Tcomplex",
           "Tcomplex: type = complex64"),
    FFT_OP("IFFTND", "input: Tcomplex, fft_length: int32, axes: int32 -> output: Tcomplex",
           "Tcomplex: type = complex64"),
    TO_HALF("RFFT", ""),
    FFT_OP("_FusedRFFT", "input: Treal, fft_length: int32 -> output: Tcomplex",
           REAL_ATTRS ", rank: int, behind: int"),
    TO_HALF("RFFT2D", ""),
    TO_HALF("RFFT3D", ""),
    TO_HALF("RFFTND", AXES),
    TO_REAL("IRFFT", ""),
    TO_REAL("IRFFT2D", ""),
    TO_REAL("IRFFT3D", ""),
    TO_REAL("IRFFTND", AXES),
    { 0 },
};
