/* SPDX-License-Identifier: Apache-2.0 */
/* op_random.c -- tensors of uniform, normal and truncated normal numbers, and of integers.
 *
 * What is drawn and where the generator comes from (source.h) is a line of a table; the numbers are TensorFlow's. */
#include <inttypes.h>
#include <string.h>

#include "kernels/random/fill.h"
#include "ops/array/array.h"
#include "ops/random/source.h"
#include "tensor/type_sets.h"

/* Blocks of a generator that a number takes, as far as the next run is concerned. */
enum { BLOCKS_OF_NUMBER = 256 };

static const struct {
    const char *op;
    td_random_kind kind;
    td_random_from from;
} makers[] = {
    { "StatelessRandomUniform", TD_RANDOM_UNIFORM, TD_FROM_SEED },
    { "StatelessRandomNormal", TD_RANDOM_NORMAL, TD_FROM_SEED },
    { "StatelessTruncatedNormal", TD_RANDOM_TRUNCATED, TD_FROM_SEED },
    { "StatelessRandomUniformInt", TD_RANDOM_RANGE, TD_FROM_SEED },
    { "StatelessRandomUniformFullInt", TD_RANDOM_INTEGER, TD_FROM_SEED },
    { "StatelessRandomUniformV2", TD_RANDOM_UNIFORM, TD_FROM_KEY },
    { "StatelessRandomNormalV2", TD_RANDOM_NORMAL, TD_FROM_KEY },
    { "StatelessTruncatedNormalV2", TD_RANDOM_TRUNCATED, TD_FROM_KEY },
    { "StatelessRandomUniformIntV2", TD_RANDOM_RANGE, TD_FROM_KEY },
    { "StatelessRandomUniformFullIntV2", TD_RANDOM_INTEGER, TD_FROM_KEY },
    { "RandomUniform", TD_RANDOM_UNIFORM, TD_FROM_NODE },
    { "RandomStandardNormal", TD_RANDOM_NORMAL, TD_FROM_NODE },
    { "TruncatedNormal", TD_RANDOM_TRUNCATED, TD_FROM_NODE },
    { "RandomUniformInt", TD_RANDOM_RANGE, TD_FROM_NODE },
    { "StatefulUniform", TD_RANDOM_UNIFORM, TD_FROM_VARIABLE },
    { "StatefulStandardNormalV2", TD_RANDOM_NORMAL, TD_FROM_VARIABLE },
    { "StatefulTruncatedNormal", TD_RANDOM_TRUNCATED, TD_FROM_VARIABLE },
    { "StatefulUniformInt", TD_RANDOM_RANGE, TD_FROM_VARIABLE },
    { "StatefulUniformFullInt", TD_RANDOM_INTEGER, TD_FROM_VARIABLE },
};

typedef struct random_attrs {
    td_random_source source;
    td_random_kind kind;
    uint32_t shape, range; /* inputs; range: minval, then maxval */
} random_attrs;

static td_status random_parse(td_parse *p)
{
    /* by td_random_from */
    static const uint32_t first[] = { 1, 1, 0, 0 }, shape[] = { 0, 0, 0, 2 }, range[] = { 2, 4, 1, 3 };
    random_attrs *const a = p->attrs;
    size_t i = 0;

    while (strcmp(makers[i].op, p->node->op_name) != 0)
        i++;
    const td_random_from from = makers[i].from;

    a->kind = makers[i].kind;
    a->shape = shape[from];
    a->range = range[from];
    return td_random_source_parse(p, from, first[from], &a->source);
}

static td_status check_range_input(td_call *c, uint32_t i, const char *name)
{
    char text[TD_SHAPE_TEXT];

    if (td_in(c, i)->shape.rank == 0) return NULL;
    return TD_OP_ERR(c, INVALID_ARGUMENT, "%s must be 0-D, got shape %s", name,
                     td_shape_text(&td_in(c, i)->shape, text, sizeof text));
}

static td_status random_infer(td_call *c)
{
    const random_attrs *const a = c->attrs;
    td_shape s;

    TD_TRY(td_random_source_check(c, &a->source));
    TD_TRY(td_random_shape(c, a->shape, &s));
    if (a->kind == TD_RANDOM_RANGE) {
        TD_TRY(check_range_input(c, a->range, "minval"));
        TD_TRY(check_range_input(c, a->range + 1, "maxval"));
    }
    td_out(c, 0)->shape = s;
    return NULL;
}

/* Integers of all types order alike with the sign bit of signed ones turned. */
static td_status read_range(td_call *c, td_random *r)
{
    const random_attrs *const a = c->attrs;
    const td_tensor *const min = td_in(c, a->range), *const max = td_in(c, a->range + 1);
    const int64_t low = td_tensor_int(min, 0), high = td_tensor_int(max, 0);
    const uint64_t sign = min->dtype == TD_U64 ? 0 : UINT64_C(1) << 63;

    if (((uint64_t)low ^ sign) >= ((uint64_t)high ^ sign))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Need minval < maxval, got %" PRId64 " >= %" PRId64, low, high);
    r->low = (uint64_t)low;
    r->range = (uint64_t)high - (uint64_t)low;
    return NULL;
}

typedef struct fill_job {
    const td_random *r;
    void *out;
    size_t n;
} fill_job;

static void fill_shard(void *ctx, size_t begin, size_t end)
{
    const fill_job *const j = ctx;

    td_random_fill(j->r, j->out, j->n, begin, end);
}

static td_status random_run(td_call *c)
{
    const random_attrs *const a = c->attrs;
    td_tensor *const out = td_out(c, 0);
    const size_t n = (size_t)td_shape_count(&out->shape);
    td_random r;

    if (!td_random_find(a->kind, out->dtype, &r))
        return TD_ERR(UNIMPLEMENTED, "%s of %s", c->op->name, td_dtype_name(out->dtype));
    if (n == 0 && a->source.from != TD_FROM_VARIABLE) return NULL;
    if (a->kind == TD_RANDOM_RANGE) TD_TRY(read_range(c, &r));
    TD_TRY(td_random_source_take(c, &a->source, (uint64_t)n * BLOCKS_OF_NUMBER, &r.start));
    fill_job job = { &r, out->data, n };

    td_call_parallel(c, (n + r.group - 1) / r.group, 1024, fill_shard, &job);
    return NULL;
}

#define TYPES_32 (TD_DTYPE_BIT(TD_I32) | TD_DTYPE_BIT(TD_U32))
#define TYPES_64 (TD_DTYPE_BIT(TD_I64) | TD_DTYPE_BIT(TD_U64))

TD_RUN_KERNEL(float_kernels, TD_FLOAT_TYPES, random_run);
TD_RUN_KERNEL(range_kernels, TD_DTYPE_BIT(TD_I32) | TD_DTYPE_BIT(TD_I64), random_run);
TD_RUN_KERNEL(integer_kernels, TYPES_32 | TYPES_64, random_run);

#define RANDOM_OP(name_, sig_, attrs_, key_, flags_, kernels_)                                               \
    {                                                                                                        \
        .name = (name_), .sig = (sig_), .attrs = (attrs_), .key = (key_), .flags = (flags_),                 \
        .attrs_size = sizeof(random_attrs), .parse = random_parse, .infer = random_infer,                    \
        .kernels = (kernels_)                                                                                \
    }
#define BY_SEED(name, kernels, extra, default)                                                               \
    RANDOM_OP(name, "shape: T, seed: Tseed" extra " -> output: dtype",                                       \
              "dtype: type" default ", T: type = int32, Tseed: type = int64", "dtype", 0, kernels)
#define BY_KEY(name, kernels, extra, default)                                                                \
    RANDOM_OP(name, "shape: Tshape, key: uint64, counter: uint64, alg: int32" extra " -> output: dtype",     \
              "dtype: type" default ", Tshape: type = int32", "dtype", 0, kernels)
#define BY_NODE(name)                                                                                        \
    RANDOM_OP(name, "shape: T -> output: dtype", "seed: int = 0, seed2: int = 0, dtype: type, T: type",      \
              "dtype", TD_OP_STATEFUL, float_kernels)
#define BY_VARIABLE(name, kernels, extra, default)                                                           \
    RANDOM_OP(name, "resource: resource, algorithm: int64, shape: shape_dtype" extra " -> output: dtype",    \
              "dtype: type" default ", shape_dtype: type = int64", "dtype",                                  \
              TD_OP_STATEFUL | TD_OP_ASSIGNS | TD_OP_READS | TD_OP_ALLOCATES, kernels)
#define RANGE ", minval: dtype, maxval: dtype"

const td_op td_ops_random[] = {
    BY_SEED("StatelessRandomUniform", float_kernels, "", " = float"),
    BY_SEED("StatelessRandomNormal", float_kernels, "", " = float"),
    BY_SEED("StatelessTruncatedNormal", float_kernels, "", " = float"),
    BY_SEED("StatelessRandomUniformInt", range_kernels, RANGE, ""),
    BY_SEED("StatelessRandomUniformFullInt", integer_kernels, "", " = uint64"),
    BY_KEY("StatelessRandomUniformV2", float_kernels, "", " = float"),
    BY_KEY("StatelessRandomNormalV2", float_kernels, "", " = float"),
    BY_KEY("StatelessTruncatedNormalV2", float_kernels, "", " = float"),
    BY_KEY("StatelessRandomUniformIntV2", integer_kernels, RANGE, ""),
    BY_KEY("StatelessRandomUniformFullIntV2", integer_kernels, "", " = uint64"),
    BY_NODE("RandomUniform"),
    BY_NODE("RandomStandardNormal"),
    BY_NODE("TruncatedNormal"),
    RANDOM_OP("RandomUniformInt", "shape: T, minval: Tout, maxval: Tout -> output: Tout",
              "seed: int = 0, seed2: int = 0, Tout: type, T: type", "Tout", TD_OP_STATEFUL, range_kernels),
    BY_VARIABLE("StatefulUniform", float_kernels, "", " = float"),
    BY_VARIABLE("StatefulStandardNormalV2", float_kernels, "", " = float"),
    BY_VARIABLE("StatefulTruncatedNormal", float_kernels, "", " = float"),
    BY_VARIABLE("StatefulUniformInt", integer_kernels, RANGE, " = int64"),
    BY_VARIABLE("StatefulUniformFullInt", integer_kernels, "", " = uint64"),
    { 0 },
};
