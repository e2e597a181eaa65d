/* SPDX-License-Identifier: Apache-2.0 */
/* op_lite_rnn.c -- _LiteRnn: TFLite's plain recurrent layer over floats, y = f(W x + R h + b), with weights of floats or steps. x is
 * [batch, time, inputs], [time, batch, inputs], or [batch, inputs]: one step. The state before is an input, that behind an output. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "ops/quant/lite_product.h"

enum { X = 0, H, W, R, BIAS, AUX, OF_AUX }; /* the last two may be left out */

typedef struct rnn_attrs {
    float scales[3]; /* of W, R, OF_AUX; 0: floats */
    int activation;
    bool time_major, is_backward, is_asymmetric;
} rnn_attrs;

static td_status rnn_parse(td_parse *p)
{
    static const char *const names[] = { "scale_w", "scale_r", "scale_aux" };
    rnn_attrs *const a = p->attrs;

    for (int i = 0; i < 3; i++) {
        a->scales[i] = td_attr_float(p, names[i]);
        if (!(a->scales[i] >= 0) || !isfinite(a->scales[i]))
            return TD_ERR(INVALID_ARGUMENT, "%s: a scale of %g", p->node->name, (double)a->scales[i]);
    }
    a->time_major = td_attr_bool(p, "time_major");
    a->is_backward = td_attr_bool(p, "backward");
    a->is_asymmetric = td_attr_bool(p, "asymmetric");
    if (p->node->n_in != BIAS + 1 && p->node->n_in != OF_AUX + 1)
        return TD_ERR(INVALID_ARGUMENT, "%s has %u inputs", p->node->name, p->node->n_in);
    return td_lite_activation(p, &a->activation);
}

typedef struct sizes {
    size_t batch, time, inputs, aux, units;
} sizes;

static bool is_matrix(const td_tensor *t, float scale, size_t rows, size_t cols)
{
    return t->dtype == (scale > 0 ? TD_I8 : TD_F32) && t->shape.rank == 2 &&
           t->shape.dims[0] == (int64_t)rows && t->shape.dims[1] == (int64_t)cols;
}

static td_status check(const td_call *c, const sizes *s)
{
    const rnn_attrs *const a = c->attrs;
    const td_tensor *const h = td_in(c, H), *const bias = td_in(c, BIAS);

    if (!is_matrix(td_in(c, W), a->scales[0], s->units, s->inputs) ||
        !is_matrix(td_in(c, R), a->scales[1], s->units, s->units) || bias->dtype != TD_F32 ||
        bias->shape.rank != 1 || bias->shape.dims[0] != (int64_t)s->units ||
        (s->aux && !is_matrix(td_in(c, OF_AUX), a->scales[2], s->units, s->aux)))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "weights do not fit %zu units of %zu inputs", s->units,
                         s->inputs);
    if (h->dtype != TD_F32 || td_shape_count(&h->shape) != (int64_t)(s->batch * s->units))
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "the model keeps a state of %" PRId64 " numbers; a batch of %zu needs %zu",
                         td_shape_count(&h->shape), s->batch, s->batch * s->units);
    return NULL;
}

static td_status find_sizes(const td_call *c, sizes *s)
{
    const rnn_attrs *const a = c->attrs;
    const td_shape *const x = &td_in(c, X)->shape, *const w = &td_in(c, W)->shape;
    const td_tensor *const aux = c->n_in > AUX ? td_in(c, AUX) : NULL;

    if (td_in(c, X)->dtype != TD_F32 || x->rank < 2 || x->rank > 3 || w->rank != 2 ||
        (aux && (aux->dtype != TD_F32 || aux->shape.rank != x->rank)))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "input or weights are of other dimensions");
    const bool has_time = x->rank == 3;

    *s = (sizes){ (size_t)x->dims[has_time && a->time_major], has_time ? (size_t)x->dims[!a->time_major] : 1,
                  (size_t)x->dims[x->rank - 1], aux ? (size_t)aux->shape.dims[x->rank - 1] : 0,
                  (size_t)w->dims[0] };
    for (int i = 0; aux && i < x->rank - 1; i++)
        if (aux->shape.dims[i] != x->dims[i])
            return TD_OP_ERR(c, INVALID_ARGUMENT, "the second input is of another batch or time");
    return check(c, s);
}

static td_status rnn_infer(td_call *c)
{
    sizes s;

    TD_TRY(find_sizes(c, &s));
    td_out(c, 0)->shape = td_in(c, X)->shape;
    td_out(c, 0)->shape.dims[td_in(c, X)->shape.rank - 1] = (int64_t)s.units;
    td_out(c, 1)->shape = td_in(c, H)->shape;
    return td_shape_check(&td_out(c, 0)->shape);
}

static td_status rnn_prepare(td_call *c)
{
    sizes *const s = c->state;

    TD_TRY(find_sizes(c, s));
    c->work = 2.0 * (double)(s->batch * s->time * s->units) * (double)(s->inputs + s->units);
    if (!td_mul_size(s->inputs + s->aux + s->units, s->batch, &c->scratch_size))
        return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "the layer is too large");
    return NULL;
}

typedef struct part {
    td_lite_matrix m;
    td_lite_row row;
} part;

static part part_of(const td_call *c, uint32_t i, float scale, int8_t *steps)
{
    const td_tensor *const w = td_in(c, i);

    return (part){ { w->data, (size_t)w->shape.dims[0], (size_t)w->shape.dims[1], scale },
                   { .steps = scale > 0 ? steps : NULL } };
}

static void add_part(part *p, float *out, const float *x, bool asymmetric)
{
    td_lite_row_set(&p->row, x, p->m.cols, asymmetric);
    td_lite_multiply(out, &p->m, &p->row);
}

static void run_row(const td_call *c, size_t b)
{
    const rnn_attrs *const a = c->attrs;
    const sizes *const s = c->state;
    int8_t *const steps = (int8_t *)c->scratch + b * (s->inputs + s->aux + s->units);
    part x = part_of(c, W, a->scales[0], steps), h = part_of(c, R, a->scales[1], steps + s->inputs);
    part aux = s->aux ? part_of(c, OF_AUX, a->scales[2], steps + s->inputs + s->units) : (part){ 0 };
    float *const state = (float *)td_out(c, 1)->data + b * s->units;

    for (size_t i = 0; i < s->time; i++) {
        const size_t at = a->is_backward ? s->time - 1 - i : i;
        const size_t row = a->time_major ? at * s->batch + b : b * s->time + at;
        float *const out = (float *)td_out(c, 0)->data + row * s->units;

        memcpy(out, td_in(c, BIAS)->data, s->units * sizeof *out);
        add_part(&x, out, (const float *)td_in(c, X)->data + row * s->inputs, a->is_asymmetric);
        if (s->aux) add_part(&aux, out, (const float *)td_in(c, AUX)->data + row * s->aux, a->is_asymmetric);
        add_part(&h, out, state, a->is_asymmetric);
        td_lite_activate(out, s->units, a->activation);
        memcpy(state, out, s->units * sizeof *out);
    }
}

static void run_rows(void *ctx, size_t begin, size_t end)
{
    for (size_t b = begin; b < end; b++)
        run_row(ctx, b);
}

static td_status rnn_run(td_call *c)
{
    const sizes *const s = c->state;

    memcpy(td_out(c, 1)->data, td_in(c, H)->data, s->batch * s->units * sizeof(float));
    td_call_parallel(c, s->batch, 1, run_rows, c);
    return NULL;
}

static const td_kernel rnn_kernels[] = {
    { TD_DEVICE_CPU, 0, sizeof(sizes), rnn_prepare, rnn_run, NULL },
    { 0 },
};

const td_op td_ops_lite_rnn[] = {
    { .name = "_LiteRnn",
      .sig = "in: Tin -> output: float, h: float",
      .attrs = "Tin: list(type), scale_w: float, scale_r: float, scale_aux: float, activation: int, "
               "time_major: bool, backward: bool, asymmetric: bool",
      .attrs_size = sizeof(rnn_attrs),
      .parse = rnn_parse,
      .infer = rnn_infer,
      .kernels = rnn_kernels },
    { 0 },
};
