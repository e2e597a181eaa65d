/* SPDX-License-Identifier: Apache-2.0 */
/* result.c -- see result.h. */
#include "exec/result.h"

#include <stdatomic.h>

#include "exec/cache.h"

/* Lies in its frame's strings. */
struct td_result {
    atomic_uint refs;
    td_frame *frame;
    td_tensor *out;
    size_t n_out;
};

td_result *td_result_make(td_frame *f, const size_t *want, size_t n_want)
{
    td_result *const r = TD_ARENA_NEW(f->strings, td_result);

    atomic_init(&r->refs, 1);
    r->frame = f;
    r->out = TD_ARENA_NEW_N(f->strings, td_tensor, n_want + 1);
    r->n_out = n_want;
    for (size_t i = 0; i < n_want; i++)
        r->out[i] = *td_frame_ret(f, want[i]);
    return r;
}

td_result *td_result_ref(td_result *r)
{
    (void)atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
    return r;
}

void td_result_free(td_result *r)
{
    if (r && atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) == 1) td_frame_leave(r->frame);
}

const td_tensor *td_result_outputs(const td_result *r)
{
    return r->out;
}

static td_status no_such_rows(const td_tensor *t, size_t i, size_t first, size_t n)
{
    char text[TD_SHAPE_TEXT];

    return TD_ERR(OUT_OF_RANGE, "output %zu of shape %s has no rows %zu to %zu", i,
                  td_shape_text(&t->shape, text, sizeof text), first, first + n);
}

td_status td_result_rows(const td_result *r, size_t first, size_t n, td_tensor *out)
{
    for (size_t i = 0; i < r->n_out; i++) {
        const td_tensor *const t = &r->out[i];
        const size_t rows = t->shape.rank > 0 ? (size_t)t->shape.dims[0] : 0;

        if (t->shape.rank < 1 || n > rows || first > rows - n) return no_such_rows(t, i, first, n);
    }
    for (size_t i = 0; i < r->n_out; i++) {
        const td_tensor *const t = &r->out[i];
        const size_t rows = (size_t)t->shape.dims[0];

        out[i] = (td_tensor){ .dtype = t->dtype, .shape = t->shape, .data = t->data };
        out[i].shape.dims[0] = (int64_t)n;
        if (rows && t->data) out[i].data = (char *)t->data + first * (td_tensor_bytes(t) / rows);
    }
    return NULL;
}
