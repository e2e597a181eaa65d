/* SPDX-License-Identifier: Apache-2.0 */
/* call.c -- what ops ask of a call: values while planning, outputs and helpers while running. */
#include <string.h>

#include "base/mem.h"
#include "device/stop.h"
#include "ops/op.h"
#include "tensor/type_sets.h"

td_status td_need(td_call *c, uint32_t i)
{
    const td_tensor *const t = td_in(c, i);

    if (i >= 64 || !(c->fixed_in >> i & 1)) c->read_values = true;
    if (t->data || td_shape_count(&t->shape) == 0) return NULL;
    c->is_deferred = true;
    return TD_ERR(INTERNAL, "%s: input %u is not known before the run", c->node, i);
}

static int64_t read_int(const td_tensor *t, int64_t i)
{
    switch (t->dtype) {
    case TD_I32:
        return ((const int32_t *)t->data)[i];
    case TD_I64:
        return ((const int64_t *)t->data)[i];
    case TD_I16:
        return ((const int16_t *)t->data)[i];
    case TD_I8:
        return ((const int8_t *)t->data)[i];
    case TD_U8:
        return ((const uint8_t *)t->data)[i];
    case TD_U16:
        return ((const uint16_t *)t->data)[i];
    case TD_U32:
        return ((const uint32_t *)t->data)[i];
    default:
        return 0;
    }
}

static bool is_int(td_dtype d)
{
    return ((TD_INT_TYPES & ~TD_DTYPE_BIT(TD_U64)) >> d & 1) != 0;
}

td_status td_need_ints(td_call *c, uint32_t i, int64_t *out, size_t max, size_t *count)
{
    const td_tensor *const t = td_in(c, i);

    TD_TRY(td_need(c, i));
    if (!is_int(t->dtype) || t->shape.rank > 1)
        return TD_ERR(INVALID_ARGUMENT, "%s: input %u must be a vector of integers", c->node, i);
    const int64_t n = td_shape_count(&t->shape);

    if ((uint64_t)n > max)
        return TD_ERR(INVALID_ARGUMENT, "%s: input %u has %lld elements, at most %zu make sense", c->node, i,
                      (long long)n, max);
    for (int64_t k = 0; k < n; k++)
        out[k] = read_int(t, k);
    *count = (size_t)n;
    return NULL;
}

td_status td_need_int(td_call *c, uint32_t i, int64_t *out)
{
    const td_tensor *const t = td_in(c, i);

    TD_TRY(td_need(c, i));
    if (!is_int(t->dtype) || td_shape_count(&t->shape) != 1)
        return TD_ERR(INVALID_ARGUMENT, "%s: input %u must be a scalar integer", c->node, i);
    *out = read_int(t, 0);
    return NULL;
}

td_status td_need_shape(td_call *c, uint32_t i, bool minus_one_ok, td_shape *out)
{
    td_shape s = { 0 };
    size_t n = 0;

    TD_TRY(td_need_ints(c, i, s.dims, TD_MAX_RANK, &n));
    s.rank = (int32_t)n;
    bool is_known = true;
    for (size_t k = 0; k < n; k++) {
        if (s.dims[k] == -1 && minus_one_ok)
            is_known = false;
        else if (s.dims[k] < 0)
            return TD_ERR(INVALID_ARGUMENT, "Dimension %lld must be >= 0", (long long)s.dims[k]);
    }
    if (is_known) TD_TRY(td_shape_check(&s));
    *out = s;
    return NULL;
}

static td_status take_bytes(td_call *c, td_dtype dtype, const td_shape *shape)
{
    if (!c->out_most) return NULL;
    TD_TRY(td_shape_check(shape));
    const size_t bytes = td_tensor_bytes(&(td_tensor){ .dtype = dtype, .shape = *shape });

    if (bytes >= c->out_most)
        return TD_ERR(RESOURCE_EXHAUSTED, "%s: more than %zu bytes", c->node, c->out_most);
    c->out_most -= bytes;
    return NULL;
}

td_status td_out_make(td_call *c, uint32_t i, const td_shape *shape)
{
    if (!td_out_is_used(c, i)) return NULL;
    td_tensor *const out = td_out(c, i);
    td_tensor made = { 0 };

    TD_TRY(take_bytes(c, out->dtype, shape));
    TD_TRY(td_tensor_make(out->dtype, shape, &made));
    if (out->buffer) td_buffer_unref(out->buffer);
    *out = made;
    return NULL;
}

td_status td_out_set(td_call *c, uint32_t i, const td_tensor *t)
{
    td_tensor held;

    if (!td_out_is_used(c, i)) return NULL;
    if (t->buffer)
        held = td_tensor_ref(t);
    else
        TD_TRY(td_tensor_copy_flat(t, &held));
    td_tensor *const out = td_out(c, i);
    if (out->buffer) td_buffer_unref(out->buffer);
    *out = held;
    return NULL;
}

char *td_string_alloc(td_call *c, size_t size)
{
    return td_arena_try_alloc(c->arena, size ? size : 1, 1);
}

typedef struct parallel_for {
    size_t n, grain;
    void (*fn)(void *ctx, size_t begin, size_t end);
    void *ctx;
} parallel_for;

static void run_shard(void *ctx, size_t shard, int thread)
{
    const parallel_for *const p = ctx;
    const size_t begin = shard * p->grain;

    (void)thread;
    p->fn(p->ctx, begin, TD_MIN(begin + p->grain, p->n));
}

void td_call_parallel(const td_call *c, size_t n, size_t grain,
                      void (*fn)(void *ctx, size_t begin, size_t end), void *ctx)
{
    parallel_for p = { n, TD_MAX(grain, 1), fn, ctx };

    if (n == 0) return;
    if (n <= p.grain || !(c->team || td_stop_here())) {
        fn(ctx, 0, n);
        return;
    }
    td_team_run(c->team, (n + p.grain - 1) / p.grain, run_shard, &p);
}
