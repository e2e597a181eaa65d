/* SPDX-License-Identifier: Apache-2.0 */
/* array.c -- see array.h. */
#include "ops/array/array.h"

#include "base/macros.h"
#include "base/size.h"
#include "tensor/object.h"

void td_shape_strides(const td_shape *s, int64_t *strides)
{
    int64_t n = 1;

    for (int i = s->rank - 1; i >= 0; i--) {
        strides[i] = n;
        n *= s->dims[i];
    }
}

int64_t td_shape_span(const td_shape *s, int from, int to)
{
    int64_t n = 1;

    for (int i = from; i < to; i++)
        n *= s->dims[i];
    return n;
}

/* ---------------------------------------------------------------- integers */

int64_t td_tensor_int(const td_tensor *t, size_t at)
{
    switch (t->dtype) {
    case TD_I64:
        return ((const int64_t *)t->data)[at];
    case TD_I32:
        return ((const int32_t *)t->data)[at];
    case TD_I16:
        return ((const int16_t *)t->data)[at];
    case TD_U16:
        return ((const uint16_t *)t->data)[at];
    case TD_I8:
        return ((const int8_t *)t->data)[at];
    case TD_U8:
        return ((const uint8_t *)t->data)[at];
    case TD_U32:
        return ((const uint32_t *)t->data)[at];
    default:
        TD_ASSERT(t->dtype == TD_U64);
        return (int64_t)((const uint64_t *)t->data)[at];
    }
}

void td_tensor_set_int(td_tensor *t, size_t at, int64_t v)
{
    switch (t->dtype) {
    case TD_I64:
        ((int64_t *)t->data)[at] = v;
        break;
    case TD_I16:
    case TD_U16:
        ((int16_t *)t->data)[at] = (int16_t)v;
        break;
    case TD_I8:
    case TD_U8:
        ((int8_t *)t->data)[at] = (int8_t)v;
        break;
    case TD_U64:
        ((uint64_t *)t->data)[at] = (uint64_t)v;
        break;
    default:
        TD_ASSERT(t->dtype == TD_I32 || t->dtype == TD_U32);
        ((int32_t *)t->data)[at] = (int32_t)v;
    }
}

td_status td_need_list(td_call *c, uint32_t i, int64_t *out, size_t max, size_t *count)
{
    TD_TRY(td_need(c, i));
    const td_tensor *const t = td_in(c, i);
    const size_t n = (size_t)td_shape_count(&t->shape);

    if (n > max)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "input %u has %zu elements, at most %zu are supported", i, n,
                         max);
    for (size_t k = 0; k < n; k++)
        out[k] = td_tensor_int(t, k);
    *count = n;
    return NULL;
}

td_status td_need_one(td_call *c, uint32_t i, int64_t *out)
{
    const td_shape *const s = &td_in(c, i)->shape;
    size_t n;

    if (td_shape_count(s) != 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "input %u of %s must be a scalar, but has %lld elements", i,
                         c->op->name, (long long)td_shape_count(s));
    return td_need_list(c, i, out, 1, &n);
}

/* ---------------------------------------------------------------- moves */

td_status td_moves_init(td_call *c, size_t n)
{
    td_moves *const s = c->state;
    size_t bytes;

    s->n = 0;
    s->move = td_mul_size(n + 1, sizeof(td_move), &bytes) ? td_arena_try_alloc(c->arena, bytes, 16) : NULL;
    return s->move ? NULL : TD_OP_ERR(c, RESOURCE_EXHAUSTED, "no memory for %zu pieces", n);
}

void td_moves_add(td_call *c, td_nd_builder *b, uint32_t out, int64_t out_at, uint32_t in, int64_t in_at)
{
    td_moves *const s = c->state;
    td_move *const m = &s->move[s->n];

    td_nd_finish(b, c->arena, c->env->cpu, &m->nd);
    if (m->nd.body == TD_ND_EMPTY) return;
    m->in = in;
    m->out = out;
    m->in_at = in_at * b->elem;
    m->out_at = out_at * b->elem;
    s->n++;
}

void td_moves_fill(td_call *c, int fill)
{
    td_moves_fill_parts(c, fill);
    ((td_moves *)c->state)->fills_all = fill != TD_FILL_NONE;
}

void td_moves_fill_parts(td_call *c, int fill)
{
    ((td_moves *)c->state)->fill = fill;
}

enum { PARALLEL_BYTES = 256 * 1024 }; /* below this, waking a thread costs more than the copy */

typedef struct fill_shard {
    char *out;
    size_t elem;
    const void *value;
} fill_shard;

static void run_fill_shard(void *ctx, size_t begin, size_t end)
{
    const fill_shard *const s = ctx;

    td_fill(s->out + begin * s->elem, s->elem, s->value, end - begin);
}

static void fill_all(td_call *c, const void *value)
{
    td_tensor *const out = td_out(c, 0);
    fill_shard shard = { out->data, td_dtype_size(out->dtype), value };

    td_call_parallel(c, (size_t)td_shape_count(&out->shape), PARALLEL_BYTES / shard.elem, run_fill_shard,
                     &shard);
}

static td_status find_fill(td_call *c, int fill, const void **value)
{
    static const char zeros[16];

    *value = fill <= TD_FILL_NONE ? zeros : td_in(c, (uint32_t)fill)->data;
    if (fill > TD_FILL_NONE && td_shape_count(&td_in(c, (uint32_t)fill)->shape) != 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "the padding value must be a scalar");
    return NULL;
}

typedef struct move_shard {
    const td_nd *nd;
    char *out;
    const char *in;
} move_shard;

static void run_shard(void *ctx, size_t begin, size_t end)
{
    const move_shard *const s = ctx;

    td_nd_copy_units(s->nd, s->out, s->in, begin, end);
}

/* Variants: outputs have no place of their own, and own what their elements point to. */
static td_status open_variants(td_call *c)
{
    for (uint32_t i = 0; i < c->n_out; i++)
        if (td_out_is_used(c, i) && td_out(c, i)->dtype == TD_VARIANT)
            TD_TRY(td_out_make(c, i, &td_out(c, i)->shape));
    return NULL;
}

static void ref_variants(td_call *c)
{
    for (uint32_t i = 0; i < c->n_out; i++) {
        if (!td_out_is_used(c, i) || td_out(c, i)->dtype != TD_VARIANT) continue;
        td_object **const objects = td_out(c, i)->data;

        for (int64_t k = 0; k < td_shape_count(&td_out(c, i)->shape); k++)
            td_object_ref(objects[k]);
    }
}

td_status td_moves_run(td_call *c)
{
    const td_moves *const s = c->state;

    const void *value;

    TD_TRY(open_variants(c));
    TD_TRY(find_fill(c, s->fill, &value));
    if (s->fills_all) fill_all(c, value);
    for (size_t i = 0; i < s->n; i++) {
        const td_move *const m = &s->move[i];
        move_shard shard = { &m->nd, (char *)td_out(c, m->out)->data + m->out_at,
                             m->in == TD_MOVE_FILL ? value : (const char *)td_in(c, m->in)->data + m->in_at };

        if (m->nd.bytes < 2 * PARALLEL_BYTES || m->nd.units < 2 || !c->team) {
            td_nd_copy(&m->nd, shard.out, shard.in);
            continue;
        }
        const size_t per_unit = TD_MAX(m->nd.bytes / m->nd.units, 1);

        td_call_parallel(c, m->nd.units, TD_MAX(PARALLEL_BYTES / per_unit, 1), run_shard, &shard);
    }
    ref_variants(c);
    return NULL;
}
