/* SPDX-License-Identifier: Apache-2.0 */
/* op_fft.c -- Fourier transforms over the last one, two or three dimensions, or over given ones.
 *
 * The spectrum is kept in complex double while one axis after the other is transformed; of one axis, lines are enough. Of real signals, the last axis
 * holds the half of a spectrum that says it all: it is the first to be transformed there, and the last on the way back. */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "kernels/fft/fft.h"
#include "ops/array/array.h"
#include "tensor/type_sets.h"

typedef double complex number;

typedef struct fft_attrs {
    bool inverse, is_real, has_axes;
    int rank; /* axes to transform; of those with axes: known at run time */
} fft_attrs;

/* "IRFFT2D": inverse, of real signals, two axes. */
static td_status fft_parse(td_parse *p)
{
    const char *name = p->node->op_name;
    fft_attrs *const a = p->attrs;

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

/* What is transformed: axes, in the order that they are given, and the signal's lengths along them. */
typedef struct fft_axes {
    int n, axis[TD_MAX_RANK];
    int64_t length[TD_MAX_RANK];
} fft_axes;

static td_status read_axes(td_call *c, fft_axes *x)
{
    const fft_attrs *const a = c->attrs;
    const td_shape *const in = &td_in(c, 0)->shape;
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

static td_status read_lengths(td_call *c, fft_axes *x)
{
    const fft_attrs *const a = c->attrs;
    const td_shape *const in = &td_in(c, 0)->shape;
    size_t n;

    TD_TRY(read_axes(c, x));
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
    td_shape s = td_in(c, 0)->shape;
    fft_axes x;

    TD_TRY(fft_type_check(c));
    TD_TRY(read_lengths(c, &x));
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
    size_t kept; /* numbers of the spectrum; 0: one axis, which goes from the input to the output */
    size_t shards,
        work; /* numbers that each of the shards works with: two lines, and what a transform needs */
    size_t longest;
} fft_state;

enum { SHARD_NUMBERS = 4096 };

static td_status fft_prepare(td_call *c)
{
    const fft_attrs *const a = c->attrs;
    fft_state *const s = c->state;

    TD_TRY(read_lengths(c, &s->x));
    s->spectrum = td_out(c, 0)->shape;
    if (td_shape_count(&s->spectrum) == 0 || s->x.n == 0) return NULL;
    if (a->is_real) s->spectrum.dims[s->x.axis[s->x.n - 1]] = half_of(s->x.length[s->x.n - 1]);
    for (int i = 0; i < s->x.n; i++) {
        const size_t n = (size_t)s->x.length[i];

        s->plan[i] =
            (a->is_real && !a->inverse && i == s->x.n - 1 ? td_fft_make_real : td_fft_make)(c->arena, n);
        if (!s->plan[i])
            return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "no memory for a transform of %zu numbers", n);
        s->longest = TD_MAX(s->longest, n);
        s->work = TD_MAX(s->work, td_fft_scratch(s->plan[i]));
    }
    const size_t n = (size_t)td_shape_count(&s->spectrum);

    s->work += 2 * s->longest;
    s->shards = TD_MIN(4 * (size_t)TD_MAX(c->threads, 1), n / SHARD_NUMBERS + 1);
    s->kept = s->x.n > 1 ? n : 0;
    c->scratch_size = (s->kept + s->shards * s->work) * sizeof(number);
    return NULL;
}

/* ---------------------------------------------------------------- elements */

static number element(const td_tensor *t, size_t i)
{
    switch (t->dtype) {
    case TD_F32:
        return CMPLX((double)((const float *)t->data)[i], 0);
    case TD_F64:
        return CMPLX(((const double *)t->data)[i], 0);
    case TD_C64:
        return CMPLX((double)((const float *)t->data)[2 * i], (double)((const float *)t->data)[2 * i + 1]);
    default:
        return CMPLX(((const double *)t->data)[2 * i], ((const double *)t->data)[2 * i + 1]);
    }
}

static void put(td_tensor *t, size_t i, number v)
{
    if (t->dtype == TD_F32)
        ((float *)t->data)[i] = (float)creal(v);
    else if (t->dtype == TD_F64)
        ((double *)t->data)[i] = creal(v);
    else if (t->dtype == TD_C64) {
        ((float *)t->data)[2 * i] = (float)creal(v);
        ((float *)t->data)[2 * i + 1] = (float)cimag(v);
    } else {
        ((double *)t->data)[2 * i] = creal(v);
        ((double *)t->data)[2 * i + 1] = cimag(v);
    }
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

/* ---------------------------------------------------------------- lines along an axis */

typedef struct fft_run {
    td_call *c;
    const fft_state *s;
    number *spectrum;
    int i;          /* which of the axes is transformed */
    size_t grain;   /* lines of a shard */
    bool is_packed; /* the spectrum has the input's shape */
} fft_run;

/* What one shard works with. */
typedef struct fft_work {
    number *line, *to, *scratch;
} fft_work;

static fft_work work_of(const fft_run *r, size_t begin)
{
    number *const first = (number *)r->c->scratch + r->s->kept + begin / r->grain * r->s->work;

    return (fft_work){ first, first + r->s->longest, first + 2 * r->s->longest };
}

typedef struct fft_lines {
    size_t count, n, step; /* n numbers a line, `step` apart */
} fft_lines;

static fft_lines lines_of(const td_shape *s, int axis)
{
    const size_t n = (size_t)s->dims[axis], step = (size_t)td_shape_span(s, axis + 1, s->rank);

    return (fft_lines){ (size_t)td_shape_count(s) / n, n, step };
}

static size_t line_start(const fft_lines *l, size_t i)
{
    return i / l->step * l->n * l->step + i % l->step;
}

/* Of the spectrum, or of what it would be of. */
static inline number load(const fft_run *r, size_t i)
{
    const td_tensor *const in = td_in(r->c, 0);

    if (r->s->kept) return r->spectrum[i];
    return element(in, r->is_packed ? i : place_in(&in->shape, &r->s->spectrum, i));
}

static inline void store(const fft_run *r, size_t i, number v)
{
    if (r->s->kept)
        r->spectrum[i] = v;
    else
        put(td_out(r->c, 0), i, v);
}

static void transform_lines(void *ctx, size_t begin, size_t end)
{
    const fft_run *const r = ctx;
    const fft_lines l = lines_of(&r->s->spectrum, r->s->x.axis[r->i]);
    const fft_work w = work_of(r, begin);

    for (size_t k = begin; k < end; k++) {
        const size_t first = line_start(&l, k);

        for (size_t j = 0; j < l.n; j++)
            w.line[j] = load(r, first + j * l.step);
        td_fft_run(r->s->plan[r->i], ((const fft_attrs *)r->c->attrs)->inverse, w.line, w.to, w.scratch);
        for (size_t j = 0; j < l.n; j++)
            store(r, first + j * l.step, w.to[j]);
    }
}

/* The input's real lines become halves of spectra. */
static void split_lines(void *ctx, size_t begin, size_t end)
{
    const fft_run *const r = ctx;
    const td_tensor *const in = td_in(r->c, 0);
    const int axis = r->s->x.axis[r->i];
    const fft_lines l = lines_of(&r->s->spectrum, axis);
    const size_t n = (size_t)r->s->x.length[r->i];
    /* not l.step: what lies behind the axis may be longer than what of it is transformed */
    const size_t step = (size_t)td_shape_span(&in->shape, axis + 1, in->shape.rank);
    const fft_work w = work_of(r, begin);

    for (size_t k = begin; k < end; k++) {
        const size_t first = line_start(&l, k), from = place_in(&in->shape, &r->s->spectrum, first);

        for (size_t j = 0; j < n; j++)
            w.line[j] = element(in, from + j * step);
        td_fft_run_real(r->s->plan[r->i], w.line, w.to, w.scratch);
        for (size_t j = 0; j < l.n; j++)
            store(r, first + j * l.step, w.to[j]);
    }
}

/* Halves of spectra become the output's real lines. */
static void join_lines(void *ctx, size_t begin, size_t end)
{
    const fft_run *const r = ctx;
    td_tensor *const out = td_out(r->c, 0);
    const fft_lines half = lines_of(&r->s->spectrum, r->s->x.axis[r->i]),
                    whole = lines_of(&out->shape, r->s->x.axis[r->i]);
    const fft_work w = work_of(r, begin);

    for (size_t k = begin; k < end; k++) {
        const size_t first = line_start(&half, k), start = line_start(&whole, k);

        for (size_t j = 0; j < half.n; j++)
            w.line[j] = load(r, first + j * half.step);
        for (size_t j = half.n; j < whole.n; j++)
            w.line[j] = conj(w.line[whole.n - j]);
        w.line[0] = creal(w.line[0]);
        if (whole.n % 2 == 0) w.line[whole.n / 2] = creal(w.line[whole.n / 2]);
        td_fft_run(r->s->plan[r->i], true, w.line, w.to, w.scratch);
        for (size_t j = 0; j < whole.n; j++)
            put(out, start + j * whole.step, w.to[j]);
    }
}

/* All lines along axis i, the same number in each shard. */
static void over_lines(fft_run *r, int i, void (*fn)(void *ctx, size_t begin, size_t end))
{
    const size_t count = lines_of(&r->s->spectrum, r->s->x.axis[i]).count;

    r->i = i;
    r->grain = (count + r->s->shards - 1) / r->s->shards;
    td_call_parallel(r->c, count, r->grain, fn, r);
}

static void take_elements(void *ctx, size_t begin, size_t end)
{
    const fft_run *const r = ctx;
    const td_tensor *const in = td_in(r->c, 0);

    for (size_t i = begin; i < end; i++)
        r->spectrum[i] = element(in, r->is_packed ? i : place_in(&in->shape, &r->s->spectrum, i));
}

static void put_elements(void *ctx, size_t begin, size_t end)
{
    const fft_run *const r = ctx;

    for (size_t i = begin; i < end; i++)
        put(td_out(r->c, 0), i, r->spectrum[i]);
}

static td_status fft_run_call(td_call *c)
{
    const fft_attrs *const a = c->attrs;
    const fft_state *const s = c->state;
    const size_t n = (size_t)td_shape_count(&s->spectrum);
    fft_run r = {
        .c = c, .s = s, .spectrum = c->scratch, .is_packed = td_shape_equal(&td_in(c, 0)->shape, &s->spectrum)
    };

    if (td_shape_count(&td_out(c, 0)->shape) == 0) return NULL;
    if (s->x.n == 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "no axes are given");
    /* Nothing may be transformed to something: TensorFlow leaves what memory holds. */
    if (td_shape_count(&td_in(c, 0)->shape) == 0) {
        memset(td_out(c, 0)->data, 0, td_tensor_bytes(td_out(c, 0)));
        return NULL;
    }
    if (a->is_real && !a->inverse)
        over_lines(&r, s->x.n - 1, split_lines);
    else if (s->kept)
        td_call_parallel(c, n, 8 * SHARD_NUMBERS, take_elements, &r);
    for (int i = s->x.n - 1 - a->is_real; i >= 0; i--)
        over_lines(&r, i, transform_lines);
    if (a->is_real && a->inverse)
        over_lines(&r, s->x.n - 1, join_lines);
    else if (s->kept)
        td_call_parallel(c, n, 8 * SHARD_NUMBERS, put_elements, &r);
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
    TO_HALF("RFFT2D", ""),
    TO_HALF("RFFT3D", ""),
    TO_HALF("RFFTND", AXES),
    TO_REAL("IRFFT", ""),
    TO_REAL("IRFFT2D", ""),
    TO_REAL("IRFFT3D", ""),
    TO_REAL("IRFFTND", AXES),
    { 0 },
};
