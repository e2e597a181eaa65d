/* SPDX-License-Identifier: Apache-2.0 */
/* source.c -- see source.h. */
#include "ops/random/source.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <sys/random.h>
#include <time.h>

#include "ops/array/array.h"
#include "ops/resources.h"
#include "tensor/half.h"

/* Algorithms by TensorFlow's numbers, and the elements of a Philox state: counter, key. */
enum { ALG_PHILOX = 1, ALG_ANY = 3, STATE_SIZE = 3 };

struct td_generator {
    uint64_t key, high;    /* the key, and the upper half of the counter */
    _Atomic uint64_t used; /* the lower half: blocks that were taken */
};

uint64_t td_random_system(void)
{
    uint64_t bits;
    struct timespec now;

    if (getrandom(&bits, sizeof bits, 0) == (ssize_t)sizeof bits) return bits;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec << 32 ^ (uint64_t)now.tv_nsec ^ (uint64_t)(uintptr_t)&bits;
}

td_status td_random_source_parse(td_parse *p, td_random_from from, uint32_t first, td_random_source *s)
{
    *s = (td_random_source){ from, first, NULL };
    if (from != TD_FROM_NODE) return NULL;
    s->own = TD_ARENA_NEW(p->arena, td_generator);
    s->own->key = (uint64_t)td_attr_int(p, "seed");
    s->own->high = (uint64_t)td_attr_int(p, "seed2");
    if (s->own->key == 0 && s->own->high == 0) {
        s->own->key = td_random_system();
        s->own->high = td_random_system();
    }
    atomic_init(&s->own->used, 0);
    return NULL;
}

/* ---------------------------------------------------------------- shapes */

static td_status check_vector(td_call *c, uint32_t i, const char *what, int64_t size, bool may_be_more)
{
    const td_shape *const s = &td_in(c, i)->shape;
    char text[TD_SHAPE_TEXT];

    if (s->rank == 1 && (s->dims[0] == size || (may_be_more && s->dims[0] > size))) return NULL;
    return TD_OP_ERR(c, INVALID_ARGUMENT, "%s must have shape [%" PRId64 "]%s, not %s", what, size,
                     may_be_more ? " or more" : "", td_shape_text(s, text, sizeof text));
}

static td_status check_scalar(td_call *c, uint32_t i, const char *what)
{
    const td_shape *const s = &td_in(c, i)->shape;
    char text[TD_SHAPE_TEXT];

    if (s->rank == 0) return NULL;
    return TD_OP_ERR(c, INVALID_ARGUMENT, "%s must be of shape [], not %s", what,
                     td_shape_text(s, text, sizeof text));
}

td_status td_random_source_check(td_call *c, const td_random_source *s)
{
    switch (s->from) {
    case TD_FROM_SEED:
        return check_vector(c, s->first, "seed", 2, false);
    case TD_FROM_KEY:
        TD_TRY(check_vector(c, s->first, "key", 1, false));
        TD_TRY(check_vector(c, s->first + 1, "counter", 2, true));
        return check_scalar(c, s->first + 2, "alg");
    case TD_FROM_VARIABLE:
        return check_scalar(c, s->first + 1, "algorithm");
    default:
        return NULL;
    }
}

/* ---------------------------------------------------------------- generators */

td_philox td_random_source_start(const td_random_source *s)
{
    return td_philox_make(s->own->key, 0, s->own->high);
}

td_philox td_random_of_seeds(const td_tensor *seed)
{
    const uint64_t a = (uint64_t)td_tensor_int(seed, 0), b = (uint64_t)td_tensor_int(seed, 1);
    td_philox g = td_philox_make(UINT64_C(0x02461e293ec8f720), a, b);
    uint32_t x[4];

    td_philox_next(&g, x);
    return td_philox_make((uint64_t)x[1] << 32 | x[0], 0, (uint64_t)x[3] << 32 | x[2]);
}

td_status td_random_check_alg(td_call *c, int64_t alg)
{
    if (alg == ALG_PHILOX || alg == ALG_ANY) return NULL;
    if (c->op->flags & TD_OP_STATEFUL)
        return TD_OP_ERR(c, UNIMPLEMENTED, "Unsupported algorithm id: %" PRId64, alg);
    return TD_OP_ERR(c, INVALID_ARGUMENT, "Unsupported algorithm id: %" PRId64, alg);
}

typedef struct state_move {
    td_call *c;
    uint64_t blocks;
    td_philox was;
} state_move;

static td_status move_state(void *ctx, td_tensor *value)
{
    state_move *const m = ctx;

    if (value->dtype != TD_I64)
        return TD_OP_ERR(m->c, INVALID_ARGUMENT, "dtype of RNG state variable must be int64, not %s",
                         td_dtype_name(value->dtype));
    if (value->shape.rank != 1)
        return TD_OP_ERR(m->c, INVALID_ARGUMENT, "RNG state must have one and only one dimension, not %d",
                         (int)value->shape.rank);
    if (value->shape.dims[0] < STATE_SIZE)
        return TD_OP_ERR(m->c, INVALID_ARGUMENT,
                         "For the Philox algorithm, the size of state must be at least %d; got %" PRId64,
                         STATE_SIZE, value->shape.dims[0]);
    uint64_t *const state = value->data;

    m->was = td_philox_make(state[2], state[0], state[1]);
    td_philox next = m->was;

    td_philox_skip(&next, m->blocks);
    state[0] = (uint64_t)next.counter[1] << 32 | next.counter[0];
    state[1] = (uint64_t)next.counter[3] << 32 | next.counter[2];
    return NULL;
}

td_status td_random_move_variable(td_call *c, uint64_t blocks, td_philox *out)
{
    state_move m = { .c = c, .blocks = blocks };
    td_variable *v;

    TD_TRY(td_variable_of(td_in(c, 0), &v));
    TD_TRY(td_variable_update(v, move_state, &m));
    *out = m.was;
    return NULL;
}

td_status td_random_source_take(td_call *c, const td_random_source *s, uint64_t blocks, td_philox *out)
{
    const td_tensor *const t = td_in(c, s->first);

    switch (s->from) {
    case TD_FROM_SEED:
        *out = td_random_of_seeds(t);
        return NULL;
    case TD_FROM_KEY: {
        const uint64_t *const counter = td_in(c, s->first + 1)->data;

        TD_TRY(td_random_check_alg(c, td_tensor_int(td_in(c, s->first + 2), 0)));
        *out = td_philox_make(*(const uint64_t *)t->data, counter[0], counter[1]);
        return NULL;
    }
    case TD_FROM_NODE: {
        const uint64_t used = atomic_fetch_add_explicit(&s->own->used, blocks, memory_order_relaxed);

        *out = td_philox_make(s->own->key, used, s->own->high);
        return NULL;
    }
    case TD_FROM_VARIABLE:
        TD_TRY(td_random_check_alg(c, td_tensor_int(td_in(c, s->first + 1), 0)));
        break;
    }
    return td_random_move_variable(c, blocks, out);
}

/* ---------------------------------------------------------------- other inputs */

td_status td_random_shape(td_call *c, uint32_t i, td_shape *out)
{
    char text[TD_SHAPE_TEXT];

    if (td_in(c, i)->shape.rank != 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "shape must be a vector of {int32,int64}, got shape %s",
                         td_shape_text(&td_in(c, i)->shape, text, sizeof text));
    return td_need_shape(c, i, false, out);
}

double td_random_real(const td_tensor *t, size_t i)
{
    switch (t->dtype) {
    case TD_F64:
        return ((const double *)t->data)[i];
    case TD_F32:
        return (double)((const float *)t->data)[i];
    case TD_F16:
        return (double)td_f16_to_f32(((const td_f16 *)t->data)[i]);
    case TD_BF16:
        return (double)td_bf16_to_f32(((const td_bf16 *)t->data)[i]);
    default:
        return (double)td_tensor_int(t, i);
    }
}
