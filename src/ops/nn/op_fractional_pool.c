/* SPDX-License-Identifier: Apache-2.0 */
/* op_fractional_pool.c -- FractionalMaxPool, FractionalAvgPool: rows and columns are cut at random into as many parts as the
 * ratio asks for, each of k or k + 1 of them (B. Graham, Fractional max-pooling).
 *
 * Sequences hold where parts begin, and the end of the last. What is deterministic has the same ones in each run. */
#include <math.h>

#include "base/macros.h"
#include "kernels/array/combine.h"
#include "kernels/random/draw.h"
#include "ops/random/source.h"

typedef struct fractional_attrs {
    td_random_source source;
    float ratio[4];
    bool is_max, is_pseudo, overlaps, is_deterministic;
} fractional_attrs;

static td_status parse_ratio(const td_parse *p, float *ratio)
{
    const td_attr_value *v;
    const size_t n = td_attr_list(p, "pooling_ratio", &v);

    if (n != 4)
        return TD_ERR(INVALID_ARGUMENT, "%s: pooling_ratio field must specify 4 dimensions", p->node->name);
    for (size_t i = 0; i < n; i++) {
        ratio[i] = v[i].u.f;
        if (!(ratio[i] >= 1.0f))
            return TD_ERR(INVALID_ARGUMENT, "%s: pooling_ratio cannot be smaller than 1, got: %g",
                          p->node->name, (double)ratio[i]);
    }
    if (ratio[0] != 1.0f || ratio[3] != 1.0f)
        return TD_ERR(UNIMPLEMENTED,
                      "%s: Fractional pooling is not yet supported on the batch nor channel dimension.",
                      p->node->name);
    return NULL;
}

static td_status parse(td_parse *p, bool is_max)
{
    fractional_attrs *const a = p->attrs;

    TD_TRY(parse_ratio(p, a->ratio));
    a->is_max = is_max;
    a->is_pseudo = td_attr_bool(p, "pseudo_random");
    a->overlaps = td_attr_bool(p, "overlapping");
    a->is_deterministic = td_attr_bool(p, "deterministic");
    if (!a->is_deterministic && (td_attr_int(p, "seed") || td_attr_int(p, "seed2")))
        return TD_ERR(INVALID_ARGUMENT, "%s: Both seed and seed2 should be 0 if deterministic is false.",
                      p->node->name);
    return td_random_source_parse(p, TD_FROM_NODE, 0, &a->source);
}

static td_status max_parse(td_parse *p)
{
    return parse(p, true);
}

static td_status mean_parse(td_parse *p)
{
    return parse(p, false);
}

static td_status fractional_infer(td_call *c)
{
    const fractional_attrs *const a = c->attrs;
    td_shape s = td_in(c, 0)->shape;

    if (s.rank != 4) return TD_OP_ERR(c, INVALID_ARGUMENT, "tensor_in must be 4-dimensional");
    for (int i = 0; i < 4; i++) {
        if ((float)s.dims[i] < a->ratio[i])
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "Pooling ratio is higher than input dimension size for dimension %d.", i);
        if (s.dims[i] > INT32_MAX) return TD_OP_ERR(c, INVALID_ARGUMENT, "dimension %d is too large", i);
        s.dims[i] = TD_MIN((int64_t)floorf((float)s.dims[i] / a->ratio[i]), s.dims[i]);
    }
    td_out(c, 0)->shape = s;
    td_out(c, 1)->shape = (td_shape){ 1, { s.dims[1] + 1 } };
    td_out(c, 2)->shape = (td_shape){ 1, { s.dims[2] + 1 } };
    return NULL;
}

/* ---------------------------------------------------------------- sequences */

/* Parts begin at even steps from a random place, chosen so that none is shorter than k or longer than k + 1. */
static void pseudo_sequence(td_philox *g, size_t in, size_t out, int64_t *seq)
{
    const double step = (double)in / (double)out, k = (double)(in / out);
    const double most = fmin((k + 2) / step - 1, ((double)in + 1 - k) / step - ((double)out - 1));
    uint32_t x[4];

    td_philox_next(g, x);
    const double u = td_uniform_f64(x[0], x[1]) * most;

    for (size_t i = 1; i < out; i++) {
        const int64_t at = (int64_t)ceil(step * ((double)i + u)) - 1;

        seq[i] = TD_MIN(TD_MAX(at, seq[i - 1]), (int64_t)in);
    }
}

/* The parts of k + 1 are shuffled among those of k. */
static void random_sequence(td_philox *g, size_t in, size_t out, uint32_t *order, int64_t *seq)
{
    td_philox own = *g;

    td_permute(&own, order, out);
    td_philox_skip(g, (out + 3) / 4);
    for (size_t i = 0; i + 1 < out; i++)
        seq[i + 1] = seq[i] + (int64_t)(in / out) + (order[i] < in % out);
}

static void make_sequence(const td_call *c, td_philox *g, size_t in, size_t out, int64_t *seq)
{
    seq[0] = 0;
    if (((const fractional_attrs *)c->attrs)->is_pseudo)
        pseudo_sequence(g, in, out, seq);
    else
        random_sequence(g, in, out, c->scratch, seq);
    seq[out] = (int64_t)in;
}

/* ---------------------------------------------------------------- run */

static td_status fractional_prepare(td_call *c)
{
    const td_shape *const out = &td_out(c, 0)->shape;

    c->scratch_size = (size_t)TD_MAX(out->dims[1], out->dims[2]) * sizeof(uint32_t);
    return NULL;
}

/* Part i of a sequence: [begin, end). */
typedef struct part {
    size_t begin, end;
} part;

static part part_of(const td_call *c, const int64_t *seq, size_t i, int64_t in)
{
    const int64_t more = ((const fractional_attrs *)c->attrs)->overlaps;

    return (part){ (size_t)seq[i], (size_t)TD_MIN(seq[i + 1] + more, in) };
}

static void pool_pixel(const td_call *c, size_t image, part rows, part cols, char *out)
{
    const bool is_max = ((const fractional_attrs *)c->attrs)->is_max;
    const td_tensor *const x = td_in(c, 0);
    const td_combine how = is_max ? TD_COMBINE_MAX : TD_COMBINE_ADD;
    td_combine_fn *const add = td_combine_find(how, x->dtype);
    const size_t elem = td_dtype_size(x->dtype), channels = (size_t)x->shape.dims[3];
    unsigned char count[sizeof(double)];

    for (size_t i = 0; i < channels; i++)
        td_combine_start(how, x->dtype, out + i * elem);
    for (size_t r = rows.begin; r < rows.end; r++)
        for (size_t k = cols.begin; k < cols.end; k++) {
            const size_t at = (image * (size_t)x->shape.dims[1] + r) * (size_t)x->shape.dims[2] + k;

            add(out, (const char *)x->data + at * channels * elem, channels, 1);
        }
    if (is_max) return;
    td_number_put(x->dtype, (double)((rows.end - rows.begin) * (cols.end - cols.begin)), count);
    td_combine_find(TD_COMBINE_DIV, x->dtype)(out, count, channels, 0);
}

/* Pixels [begin, end) of the output. */
static void run_pixels(void *ctx, size_t begin, size_t end)
{
    const td_call *const c = ctx;
    const td_shape *const x = &td_in(c, 0)->shape;
    const td_tensor *const out = td_out(c, 0);
    const size_t rows = (size_t)out->shape.dims[1], cols = (size_t)out->shape.dims[2];
    const size_t pixel = (size_t)x->dims[3] * td_dtype_size(out->dtype);

    for (size_t i = begin; i < end; i++)
        pool_pixel(c, i / cols / rows, part_of(c, td_out(c, 1)->data, i / cols % rows, x->dims[1]),
                   part_of(c, td_out(c, 2)->data, i % cols, x->dims[2]), (char *)out->data + i * pixel);
}

static td_status fractional_run(td_call *c)
{
    const fractional_attrs *const a = c->attrs;
    const td_shape *const x = &td_in(c, 0)->shape, *const y = &td_out(c, 0)->shape;
    const size_t rows = (size_t)y->dims[1], cols = (size_t)y->dims[2];
    td_philox g = td_random_source_start(&a->source);

    if (!a->is_deterministic)
        TD_TRY(td_random_source_take(c, &a->source, (rows + 3) / 4 + (cols + 3) / 4, &g));
    make_sequence(c, &g, (size_t)x->dims[1], rows, td_out(c, 1)->data);
    make_sequence(c, &g, (size_t)x->dims[2], cols, td_out(c, 2)->data);
    const float area = a->ratio[1] * a->ratio[2] * (float)x->dims[3];

    td_call_parallel(c, (size_t)y->dims[0] * rows * cols, (size_t)TD_MAX(1.0f, 100000.0f / area), run_pixels,
                     c);
    return NULL;
}

static const td_kernel fractional_kernels[] = {
    { .dtypes = TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F64) | TD_DTYPE_BIT(TD_I32) | TD_DTYPE_BIT(TD_I64),
      .prepare = fractional_prepare,
      .run = fractional_run },
    { 0 },
};

#define FRACTIONAL_OP(name_, parse_)                                                                         \
    {                                                                                                        \
        .name = (name_),                                                                                     \
        .sig = "value: T -> output: T, row_pooling_sequence: int64, col_pooling_sequence: int64",            \
        .attrs = "pooling_ratio: list(float), pseudo_random: bool = false, overlapping: bool = false, "      \
                 "deterministic: bool = false, seed: int = 0, seed2: int = 0, T: type",                      \
        .flags = TD_OP_STATEFUL, .attrs_size = sizeof(fractional_attrs), .parse = (parse_),                  \
        .infer = fractional_infer, .kernels = fractional_kernels                                             \
    }

const td_op td_ops_fractional_pool[] = {
    FRACTIONAL_OP("FractionalMaxPool", max_parse),
    FRACTIONAL_OP("FractionalAvgPool", mean_parse),
    { 0 },
};
