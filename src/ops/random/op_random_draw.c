/* SPDX-License-Identifier: Apache-2.0 */
/* op_random_draw.c -- gamma, Poisson, binomial and truncated normal numbers with parameters, and drawn classes.
 *
 * Outputs are [samples, parameters]; the samples of one set of parameters are drawn one after the other. All but
 * truncated normal numbers begin at a place of the generator that is their own. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "kernels/array/combine.h"
#include "kernels/random/draw.h"
#include "ops/array/array.h"
#include "ops/random/source.h"
#include "tensor/type_sets.h"

enum { BLOCKS_OF_NUMBER = 256, BLOCKS_OF_SMALL_BINOMIAL = 42, MOST_TRIES = 1000, BATCH = 100 };

typedef struct draw_attrs {
    td_random_source source;
    uint32_t shape, params, n_params; /* inputs */
    bool appends;                     /* the shape is that of the samples: the parameters' comes behind it */
} draw_attrs;

static const struct {
    const char *op;
    draw_attrs attrs;
} makers[] = {
    { "RandomGamma", { { TD_FROM_NODE, 0, NULL }, 0, 1, 1, true } },
    { "StatelessRandomGammaV2", { { TD_FROM_SEED, 1, NULL }, 0, 2, 1, false } },
    { "StatelessRandomGammaV3", { { TD_FROM_KEY, 1, NULL }, 0, 4, 1, false } },
    { "RandomPoisson", { { TD_FROM_NODE, 0, NULL }, 0, 1, 1, true } },
    { "RandomPoissonV2", { { TD_FROM_NODE, 0, NULL }, 0, 1, 1, true } },
    { "StatelessRandomPoisson", { { TD_FROM_SEED, 1, NULL }, 0, 2, 1, false } },
    { "StatelessRandomBinomial", { { TD_FROM_SEED, 1, NULL }, 0, 2, 2, false } },
    { "StatefulRandomBinomial", { { TD_FROM_VARIABLE, 0, NULL }, 2, 3, 2, false } },
    { "StatelessParameterizedTruncatedNormal", { { TD_FROM_SEED, 1, NULL }, 0, 2, 4, false } },
    { "ParameterizedTruncatedNormal", { { TD_FROM_NODE, 0, NULL }, 0, 1, 4, false } },
    { "Multinomial", { { TD_FROM_NODE, 0, NULL }, 1, 0, 1, false } },
    { "StatelessMultinomial", { { TD_FROM_SEED, 2, NULL }, 1, 0, 1, false } },
};

static td_status draw_parse(td_parse *p)
{
    draw_attrs *const a = p->attrs;
    size_t i = 0;

    while (strcmp(makers[i].op, p->node->op_name) != 0)
        i++;
    *a = makers[i].attrs;
    return td_random_source_parse(p, a->source.from, a->source.first, &a->source);
}

/* ---------------------------------------------------------------- shapes */

/* What the parameters are broadcast to. */
static td_status params_shape(td_call *c, td_shape *out)
{
    const draw_attrs *const a = c->attrs;

    *out = td_in(c, a->params)->shape;
    for (uint32_t i = 1; i < a->n_params; i++)
        if (!td_shape_broadcast(out, &td_in(c, a->params + i)->shape, out))
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "the parameters of %s must have compatible batch dimensions", c->op->name);
    return NULL;
}

static bool ends_with(const td_shape *s, const td_shape *end)
{
    const int skip = s->rank - end->rank;

    for (int i = 0; skip >= 0 && i < end->rank; i++)
        if (s->dims[skip + i] != end->dims[i]) return false;
    return skip >= 0;
}

static td_status append(td_shape *s, const td_shape *end)
{
    int64_t dims[2 * TD_MAX_RANK];
    const int rank = s->rank + end->rank;

    for (int i = 0; i < rank; i++)
        dims[i] = i < s->rank ? s->dims[i] : end->dims[i - s->rank];
    return td_shape_make(rank, dims, s);
}

static td_status draw_infer(td_call *c)
{
    const draw_attrs *const a = c->attrs;
    td_shape s, params;

    TD_TRY(td_random_source_check(c, &a->source));
    TD_TRY(td_random_shape(c, a->shape, &s));
    TD_TRY(params_shape(c, &params));
    if (a->appends)
        TD_TRY(append(&s, &params));
    else if (!ends_with(&s, &params))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Shape passed in must end with broadcasted shape.");
    td_out(c, 0)->shape = s;
    return NULL;
}

/* Where element `at` of the broadcast parameters is in one that has fewer. */
static size_t index_of(const td_shape *param, const td_shape *whole, size_t at)
{
    size_t index = 0, step = 1;

    for (int i = 1; i <= whole->rank; i++) {
        const size_t n = (size_t)whole->dims[whole->rank - i], place = at % n;

        at /= n;
        if (i > param->rank) continue;
        const size_t own = (size_t)param->dims[param->rank - i];

        if (own > 1) index += place * step;
        step *= own;
    }
    return index;
}

/* ---------------------------------------------------------------- draws that begin at a place of their own */

typedef double draw_fn(const double *params, const td_philox *start, uint64_t at);

static td_draws draws_at(const td_philox *start, uint64_t block)
{
    td_draws d = { .gen = *start };

    td_philox_skip(&d.gen, block);
    return d;
}

static double draw_gamma(const double *params, const td_philox *start, uint64_t at)
{
    td_draws d = draws_at(start, BLOCKS_OF_NUMBER * at);

    return td_draw_gamma(&d, params[0]);
}

static double draw_poisson(const double *params, const td_philox *start, uint64_t at)
{
    td_draws d = draws_at(start, BLOCKS_OF_NUMBER * at);

    return td_draw_poisson(&d, params[0]);
}

static double draw_binomial(const double *params, const td_philox *start, uint64_t at)
{
    const double count = params[0], prob = params[1], less = prob <= 0.5 ? prob : 1 - prob;
    const bool is_large = count * less >= 10;

    if (isnan(prob) || isnan(count)) return NAN;
    if (count <= 0 || prob <= 0) return 0;
    if (prob >= 1 || isinf(count)) return count;
    td_draws d = draws_at(start, (is_large ? BLOCKS_OF_NUMBER : BLOCKS_OF_SMALL_BINOMIAL) * at);
    const double n = td_draw_binomial(&d, count, less, is_large);

    return prob <= 0.5 ? n : count - n;
}

/* As a cast does on x86: what an integer cannot be is the lowest one. */
static void put(td_dtype dtype, double v, void *out)
{
    if (dtype == TD_I32)
        *(int32_t *)out = v > -0x1p31 - 1 && v < 0x1p31 ? (int32_t)v : INT32_MIN;
    else if (dtype == TD_I64)
        *(int64_t *)out = v >= -0x1p63 && v < 0x1p63 ? (int64_t)v : INT64_MIN;
    else
        td_number_put(dtype, v, out);
}

typedef struct draw_job {
    td_call *c;
    draw_fn *draw;
    td_philox start;
    td_shape whole; /* of the parameters */
    size_t n_params, samples;
} draw_job;

static void draw_shard(void *ctx, size_t begin, size_t end)
{
    const draw_job *const j = ctx;
    const draw_attrs *const a = j->c->attrs;
    td_tensor *const out = td_out(j->c, 0);
    const size_t elem = td_dtype_size(out->dtype);

    for (size_t at = begin; at < end; at++) {
        const size_t set = at / j->samples, sample = at % j->samples;
        double params[4];

        for (uint32_t i = 0; i < a->n_params; i++) {
            const td_tensor *const t = td_in(j->c, a->params + i);

            params[i] = td_random_real(t, index_of(&t->shape, &j->whole, set));
        }
        put(out->dtype, j->draw(params, &j->start, at),
            (char *)out->data + (sample * j->n_params + set) * elem);
    }
}

static td_status draw_run(td_call *c, draw_fn *draw, uint64_t blocks)
{
    const draw_attrs *const a = c->attrs;
    const size_t n = (size_t)td_shape_count(&td_out(c, 0)->shape);
    draw_job j = { .c = c, .draw = draw };

    if (n == 0 && a->source.from != TD_FROM_VARIABLE) return NULL;
    TD_TRY(td_random_source_take(c, &a->source, blocks, &j.start));
    TD_TRY(params_shape(c, &j.whole));
    j.n_params = (size_t)td_shape_count(&j.whole);
    j.samples = n / TD_MAX(j.n_params, 1);
    td_call_parallel(c, n, 256, draw_shard, &j);
    return NULL;
}

static td_status gamma_run(td_call *c)
{
    return draw_run(c, draw_gamma, (uint64_t)td_shape_count(&td_out(c, 0)->shape) * BLOCKS_OF_NUMBER);
}

static td_status poisson_run(td_call *c)
{
    return draw_run(c, draw_poisson, (uint64_t)td_shape_count(&td_out(c, 0)->shape) * BLOCKS_OF_NUMBER);
}

static td_status binomial_run(td_call *c)
{
    const td_shape *const out = &td_out(c, 0)->shape;
    td_shape params;

    TD_TRY(params_shape(c, &params));
    const uint64_t sets = (uint64_t)td_shape_count(&params);
    const uint64_t samples = sets ? (uint64_t)td_shape_count(out) / sets : 0;

    /* what TensorFlow sets aside, in its own words: num_batches * 2 * 100 * (samples_per_batch + 3) / 4 */
    return draw_run(c, draw_binomial, sets * 2 * 100 * (samples + 3) / 4 * BLOCKS_OF_NUMBER);
}

/* ---------------------------------------------------------------- truncated normal numbers */

static td_status draw_truncated(td_call *c, td_philox *g, const double *p, size_t n, void *out, size_t stride)
{
    const td_truncated t = { p[0], p[1], p[2], p[3] };

    if (!td_truncated_is_valid(&t)) return TD_OP_ERR(c, INVALID_ARGUMENT, "Invalid parameters");
    if (td_draw_truncated(g, td_out(c, 0)->dtype, &t, n, out, stride)) return NULL;
    return TD_OP_ERR(c, INTERNAL, "TruncatedNormal rejection sampler failed to accept a sample.");
}

static td_status truncated_run(td_call *c)
{
    const draw_attrs *const a = c->attrs;
    td_tensor *const out = td_out(c, 0);
    const size_t n = (size_t)td_shape_count(&out->shape);
    td_shape whole;
    td_philox g;
    double p[4];

    if (n == 0) return NULL;
    TD_TRY(params_shape(c, &whole));
    TD_TRY(td_random_source_take(c, &a->source, 0, &g));
    const size_t sets = (size_t)td_shape_count(&whole);

    for (size_t set = 0; set < sets; set++) {
        for (uint32_t i = 0; i < 4; i++) {
            const td_tensor *const t = td_in(c, a->params + i);

            p[i] = td_random_real(t, index_of(&t->shape, &whole, set));
        }
        TD_TRY(draw_truncated(c, &g, p, n / sets, (char *)out->data + set * td_dtype_size(out->dtype), sets));
    }
    return NULL;
}

/* The old op: parameters are vectors along the first dimension, or one for all. */
static td_status rows_infer(td_call *c)
{
    td_shape s;

    TD_TRY(td_random_shape(c, 0, &s));
    for (uint32_t i = 1; i < 5; i++) {
        const td_shape *const param = &td_in(c, i)->shape;
        char text[TD_SHAPE_TEXT];

        if (param->rank > 1 || s.rank == 0 ||
            (param->rank == 1 && param->dims[0] != 1 && param->dims[0] != s.dims[0]))
            return TD_OP_ERR(
                c, INVALID_ARGUMENT,
                "Input means, stddevs, minvals and maxvals should have length 1 or shape[0], got "
                "shape: %s",
                td_shape_text(param, text, sizeof text));
    }
    td_out(c, 0)->shape = s;
    return NULL;
}

/* One set of parameters is drawn in batches of a fixed size, so that runs with more threads could agree. */
static size_t batch_size(const td_call *c, size_t n)
{
    for (uint32_t i = 1; i < 5; i++)
        if (td_in(c, i)->shape.rank == 1 && (i > 2 || td_in(c, i)->shape.dims[0] != 1))
            return n / (size_t)td_out(c, 0)->shape.dims[0];
    return BATCH;
}

static td_status rows_run(td_call *c)
{
    const draw_attrs *const a = c->attrs;
    td_tensor *const out = td_out(c, 0);
    const size_t n = (size_t)td_shape_count(&out->shape);
    td_philox g;
    double p[4];

    if (n == 0) return NULL;
    const size_t batch = batch_size(c, n), batches = (n + batch - 1) / batch;

    TD_TRY(td_random_source_take(c, &a->source, batches * 2 * MOST_TRIES * (batch + 3) / 4, &g));
    for (size_t b = 0; b < batches; b++) {
        for (uint32_t i = 0; i < 4; i++) {
            const td_tensor *const t = td_in(c, i + 1);

            p[i] = td_random_real(t, td_shape_count(&t->shape) == 1 ? 0 : b);
        }
        TD_TRY(draw_truncated(c, &g, p, TD_MIN(batch, n - b * batch),
                              (char *)out->data + b * batch * td_dtype_size(out->dtype), 1));
    }
    return NULL;
}

/* ---------------------------------------------------------------- classes */

static td_status classes_infer(td_call *c)
{
    const draw_attrs *const a = c->attrs;
    const td_shape *const logits = &td_in(c, 0)->shape;
    int64_t n;
    td_shape s;

    TD_TRY(td_random_source_check(c, &a->source));
    if (logits->rank != 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "logits should be a matrix, got rank %d", (int)logits->rank);
    if (td_in(c, 1)->shape.rank != 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "num_samples should be a scalar, got rank %d",
                         (int)td_in(c, 1)->shape.rank);
    TD_TRY(td_need_one(c, 1, &n));
    if (n < 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "num_samples should be nonnegative, got %" PRId64, n);
    if (logits->dims[1] <= 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "num_classes should be positive, got %" PRId64,
                         logits->dims[1]);
    TD_TRY(td_shape_make(2, (int64_t[]){ logits->dims[0], n }, &s));
    td_out(c, 0)->shape = s;
    return NULL;
}

static td_status classes_prepare(td_call *c)
{
    c->scratch_size = 2 * sizeof(double) * (size_t)td_in(c, 0)->shape.dims[1];
    return NULL;
}

static td_status classes_run(td_call *c)
{
    const draw_attrs *const a = c->attrs;
    const td_tensor *const logits = td_in(c, 0);
    td_tensor *const out = td_out(c, 0);
    const size_t rows = (size_t)out->shape.dims[0], samples = (size_t)out->shape.dims[1];
    const size_t n = (size_t)logits->shape.dims[1];
    double *const cdf = c->scratch, *const own = cdf + n;
    td_draws d = { 0 };
    uint32_t x[4];

    if (rows * samples == 0) return NULL;
    TD_TRY(
        td_random_source_take(c, &a->source, rows * ((samples + 3) / 4 * 4) * 2 * BLOCKS_OF_NUMBER, &d.gen));
    for (size_t r = 0, at = 0; r < rows; r++) {
        for (size_t i = 0; i < n; i++)
            own[i] = td_random_real(logits, r * n + i);
        td_class_weights(own, n, cdf);
        for (size_t i = 0; i < samples; i++, at++) {
            if (at % 2 == 0) td_philox_next(&d.gen, x);
            const double u = td_uniform_f64(x[2 * (at % 2)], x[2 * (at % 2) + 1]);

            td_tensor_set_int(out, at, (int64_t)td_class_find(cdf, n, u));
        }
    }
    return NULL;
}

#define COUNT_TYPES     (TD_FLOAT_TYPES | TD_DTYPE_BIT(TD_I32) | TD_DTYPE_BIT(TD_I64))
#define TRUNCATED_TYPES (TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F64))

TD_RUN_KERNEL(gamma_kernels, TD_FLOAT_TYPES, gamma_run);
TD_RUN_KERNEL(poisson_kernels, COUNT_TYPES, poisson_run);
TD_RUN_KERNEL(binomial_kernels, COUNT_TYPES, binomial_run);
TD_RUN_KERNEL(truncated_kernels, TRUNCATED_TYPES, truncated_run);
TD_RUN_KERNEL(rows_kernels, TRUNCATED_TYPES, rows_run);
static const td_kernel classes_kernels[] = {
    { .dtypes = TD_REAL_TYPES, .prepare = classes_prepare, .run = classes_run }, { 0 }
};

#define DRAW_OP(name_, sig_, attrs_, key_, flags_, infer_, kernels_)                                         \
    {                                                                                                        \
        .name = (name_), .sig = (sig_), .attrs = (attrs_), .key = (key_), .flags = (flags_),                 \
        .attrs_size = sizeof(draw_attrs), .parse = draw_parse, .infer = (infer_), .kernels = (kernels_)      \
    }
#define SEEDS "seed: int = 0, seed2: int = 0, "

const td_op td_ops_random_draw[] = {
    DRAW_OP("RandomGamma", "shape: S, alpha: T -> output: T", SEEDS "S: type, T: type", "T", TD_OP_STATEFUL,
            draw_infer, gamma_kernels),
    DRAW_OP("StatelessRandomGammaV2", "shape: T, seed: Tseed, alpha: dtype -> output: dtype",
            "dtype: type, T: type, Tseed: type = int64", "dtype", 0, draw_infer, gamma_kernels),
    DRAW_OP("StatelessRandomGammaV3",
            "shape: shape_dtype, key: uint64, counter: uint64, alg: int32, alpha: dtype -> output: dtype",
            "dtype: type, shape_dtype: type = int32", "dtype", 0, draw_infer, gamma_kernels),
    DRAW_OP("RandomPoisson", "shape: S, rate: dtype -> output: dtype", SEEDS "S: type, dtype: type", "dtype",
            TD_OP_STATEFUL, draw_infer, poisson_kernels),
    DRAW_OP("RandomPoissonV2", "shape: S, rate: R -> output: dtype",
            SEEDS "S: type, R: type = double, dtype: type = int64", "dtype", TD_OP_STATEFUL, draw_infer,
            poisson_kernels),
    DRAW_OP("StatelessRandomPoisson", "shape: T, seed: Tseed, lam: Rtype -> output: dtype",
            "Rtype: type, dtype: type, T: type, Tseed: type = int64", "dtype", 0, draw_infer,
            poisson_kernels),
    DRAW_OP("StatelessRandomBinomial", "shape: S, seed: Tseed, counts: T, probs: T -> output: dtype",
            "S: type, Tseed: type = int64, T: type = double, dtype: type = int64", "dtype", 0, draw_infer,
            binomial_kernels),
    DRAW_OP("StatefulRandomBinomial",
            "resource: resource, algorithm: int64, shape: S, counts: T, probs: T -> output: dtype",
            "S: type, T: type = double, dtype: type = int64", "dtype",
            TD_OP_STATEFUL | TD_OP_ASSIGNS | TD_OP_READS | TD_OP_ALLOCATES, draw_infer, binomial_kernels),
    DRAW_OP("StatelessParameterizedTruncatedNormal",
            "shape: S, seed: Tseed, means: dtype, stddevs: dtype, minvals: dtype, maxvals: dtype -> output: "
            "dtype",
            "S: type, Tseed: type = int64, dtype: type", "dtype", 0, draw_infer, truncated_kernels),
    DRAW_OP("ParameterizedTruncatedNormal",
            "shape: T, means: dtype, stdevs: dtype, minvals: dtype, maxvals: dtype -> output: dtype",
            SEEDS "dtype: type, T: type", "dtype", TD_OP_STATEFUL, rows_infer, rows_kernels),
    DRAW_OP("Multinomial", "logits: T, num_samples: int32 -> output: output_dtype",
            SEEDS "T: type, output_dtype: type = int64", "T", TD_OP_STATEFUL, classes_infer, classes_kernels),
    DRAW_OP("StatelessMultinomial", "logits: T, num_samples: int32, seed: Tseed -> output: output_dtype",
            "T: type, Tseed: type = int64, output_dtype: type = int64", "T", 0, classes_infer,
            classes_kernels),
    { 0 },
};
