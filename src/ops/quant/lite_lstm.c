/* SPDX-License-Identifier: Apache-2.0 */
/* lite_lstm.c -- see lite_lstm.h. */
#include "ops/quant/lite_lstm.h"

#include <inttypes.h>

enum { X = TD_LITE_LSTM_X, H = TD_LITE_LSTM_H, CELL = TD_LITE_LSTM_CELL };

td_status td_lite_lstm_places(const td_parse *p, int n, int32_t *out)
{
    const td_attr_value *places;

    if (p->node->n_in <= CELL) return TD_ERR(INVALID_ARGUMENT, "%s: there are no states", p->node->name);
    if (td_attr_list(p, "places", &places) != (size_t)n)
        return TD_ERR(INVALID_ARGUMENT, "%s: there are not %d places", p->node->name, n);
    for (int i = 0; i < n; i++) {
        if (places[i].u.i < -1 || places[i].u.i >= (int64_t)p->node->n_in)
            return TD_ERR(INVALID_ARGUMENT, "%s: place %d is no input", p->node->name, i);
        out[i] = (int32_t)places[i].u.i;
    }
    return NULL;
}

td_status td_lite_lstm_sizes(const td_call *c, td_dtype of_x, bool time_major, const td_tensor *w,
                             const td_tensor *r, td_lite_lstm *out)
{
    const td_shape *const x = &td_in(c, X)->shape;

    if (td_in(c, X)->dtype != of_x || x->rank < 2 || x->rank > 3 || !w || w->shape.rank != 2 || !r ||
        r->shape.rank != 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "input or weights of an LSTM are of other dimensions");
    const bool has_time = x->rank == 3;

    *out = (td_lite_lstm){ .batch = (size_t)x->dims[has_time && time_major],
                           .time = has_time ? (size_t)x->dims[!time_major] : 1,
                           .inputs = (size_t)x->dims[x->rank - 1],
                           .cells = (size_t)w->shape.dims[0],
                           .outputs = (size_t)r->shape.dims[1] };
    if (!out->inputs || !out->cells || !out->outputs)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "an LSTM of no inputs, cells or outputs");
    return NULL;
}

td_status td_lite_lstm_states(const td_call *c, const td_lite_lstm *s, td_dtype of_h, td_dtype of_cell)
{
    const td_tensor *const h = td_in(c, H), *const cell = td_in(c, CELL);

    if (h->dtype == of_h && cell->dtype == of_cell &&
        td_shape_count(&h->shape) == (int64_t)(s->batch * s->outputs) &&
        td_shape_count(&cell->shape) == (int64_t)(s->batch * s->cells))
        return NULL;
    return TD_OP_ERR(c, INVALID_ARGUMENT,
                     "the model keeps states of %" PRId64 " and %" PRId64
                     " numbers; a batch of %zu needs %zu and %zu",
                     td_shape_count(&h->shape), td_shape_count(&cell->shape), s->batch, s->batch * s->outputs,
                     s->batch * s->cells);
}

td_status td_lite_lstm_shapes(td_call *c, const td_lite_lstm *s)
{
    const td_shape *const x = &td_in(c, X)->shape;

    td_out(c, 0)->shape = *x;
    td_out(c, 0)->shape.dims[x->rank - 1] = (int64_t)s->outputs;
    td_out(c, 1)->shape = td_in(c, H)->shape;
    td_out(c, 2)->shape = td_in(c, CELL)->shape;
    return td_shape_check(&td_out(c, 0)->shape);
}

double td_lite_lstm_work(const td_lite_lstm *s)
{
    return 2.0 * (double)(s->batch * s->time * s->cells) * (double)(s->inputs + s->outputs) *
           TD_LITE_LSTM_GATES;
}
