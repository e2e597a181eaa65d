/* SPDX-License-Identifier: Apache-2.0 */
/* op_rnn_cell.c -- LSTMBlockCell, BlockLSTM, BlockLSTMV2 and GRUBlockCell: TF1's fused recurrent cells.
 *
 * Gates lie as [i, ci, f, o] in w and b (BlockLSTMV2: [i, f, ci, o], and no forget bias). Computed plainly,
 * in double: models of today unroll or loop over MatMul, for which passes have kernels.
 */
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "kernels/wide/wide.h"
#include "ops/op.h"

typedef struct cell_attrs {
    double forget_bias, clip;
    bool peeps, is_v2;
} cell_attrs;

static td_status lstm_parse(td_parse *p)
{
    cell_attrs *const a = p->attrs;

    a->forget_bias = (double)td_attr_float(p, "forget_bias");
    a->clip = (double)td_attr_float(p, "cell_clip");
    a->peeps = td_attr_bool(p, "use_peephole");
    return NULL;
}

static td_status v2_parse(td_parse *p)
{
    cell_attrs *const a = p->attrs;

    a->is_v2 = true;
    a->clip = (double)td_attr_float(p, "cell_clip");
    a->peeps = td_attr_bool(p, "use_peephole");
    return NULL;
}

/* ---------------------------------------------------------------- LSTM */

/* Sizes of x, cs_prev, h_prev, w, wci, wcf, wco, b at inputs [first, first + 8);
 * steps is 0 for a single cell. */
typedef struct sizes {
    int64_t steps, batch, in, cell;
} sizes;

static bool is_shape(const td_call *c, uint32_t i, int rank, int64_t d0, int64_t d1)
{
    const td_shape *const s = &td_in(c, i)->shape;
    return s->rank == rank && s->dims[0] == d0 && (rank == 1 || s->dims[1] == d1);
}

static td_status lstm_sizes(const td_call *c, uint32_t first, sizes *out)
{
    const cell_attrs *const a = c->attrs;
    const td_shape *const x = &td_in(c, first)->shape, *const h = &td_in(c, first + 2)->shape;
    const int lead = first ? 1 : 0; /* a series has time in front */

    if (x->rank != 2 + lead || h->rank != 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "x must be %dD and h_prev 2D", 2 + lead);
    const sizes z = { lead ? x->dims[0] : 1, x->dims[lead], x->dims[lead + 1], h->dims[1] };
    bool fits = is_shape(c, first + 1, 2, z.batch, z.cell) && is_shape(c, first + 2, 2, z.batch, z.cell) &&
                is_shape(c, first + 3, 2, z.in + z.cell, 4 * z.cell) &&
                is_shape(c, first + 7, 1, 4 * z.cell, 0);
    for (uint32_t i = 4; a->peeps && i < 7; i++)
        fits = fits && is_shape(c, first + i, 1, z.cell, 0);
    if (!fits)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "the shapes of x, cs_prev, h_prev, w and b do not fit each other");
    *out = z;
    return NULL;
}

static td_status lstm_infer_at(td_call *c, uint32_t first)
{
    sizes z;

    TD_TRY(lstm_sizes(c, first, &z));
    for (uint32_t i = 0; i < c->n_out; i++)
        if (td_out_is_used(c, i))
            td_out(c, i)->shape =
                first ? (td_shape){ 3, { z.steps, z.batch, z.cell } } : (td_shape){ 2, { z.batch, z.cell } };
    return NULL;
}

static td_status cell_infer(td_call *c)
{
    return lstm_infer_at(c, 0);
}

static td_status series_infer(td_call *c)
{
    if (td_in(c, 0)->shape.rank != 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "seq_len_max must be a scalar");
    return lstm_infer_at(c, 1);
}

static size_t count(const td_call *c, uint32_t i)
{
    return (size_t)td_shape_count(&td_in(c, i)->shape);
}

static td_status lstm_prepare(td_call *c)
{
    size_t n = 0;
    sizes z;

    TD_TRY(lstm_sizes(c, c->n_in == 9 ? 1 : 0, &z));
    for (uint32_t i = 0; i < c->n_in; i++)
        n += count(c, i);
    n += (size_t)(7 * z.steps * z.batch * z.cell + 4 * z.cell);
    c->scratch_size = n * sizeof(double);
    return NULL;
}

static double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

/* Operands and results of one step, widened; results are i, cs, f, o, ci, co, h. */
typedef struct step {
    const sizes *z;
    const double *x, *cs, *h, *w, *wci, *wcf, *wco, *b;
    double *out[7], *gates;
} step;

static void lstm_row(const cell_attrs *a, const step *s, size_t r)
{
    const size_t n = (size_t)s->z->cell, in = (size_t)s->z->in;
    /* where each gate lies */
    const size_t at_i = 0, at_ci = a->is_v2 ? 2 * n : n, at_f = a->is_v2 ? n : 2 * n, at_o = 3 * n;

    for (size_t k = 0; k < 4 * n; k++) {
        double sum = s->b[k];
        for (size_t j = 0; j < in; j++)
            sum += s->x[r * in + j] * s->w[j * 4 * n + k];
        for (size_t j = 0; j < n; j++)
            sum += s->h[r * n + j] * s->w[(in + j) * 4 * n + k];
        s->gates[k] = sum;
    }
    for (size_t k = 0; k < n; k++) {
        const size_t at = r * n + k;
        const double old = s->cs[at];
        const double i = sigmoid(s->gates[at_i + k] + (a->peeps ? old * s->wci[k] : 0.0));
        const double f = sigmoid(s->gates[at_f + k] + a->forget_bias + (a->peeps ? old * s->wcf[k] : 0.0));
        const double ci = tanh(s->gates[at_ci + k]);
        double cs = ci * i + old * f;
        if (a->clip > 0.0) cs = cs < -a->clip ? -a->clip : cs > a->clip ? a->clip : cs;
        const double o = sigmoid(s->gates[at_o + k] + (a->peeps ? cs * s->wco[k] : 0.0)), co = tanh(cs);
        const double results[] = { i, cs, f, o, ci, co, co * o };
        for (size_t v = 0; v < 7; v++)
            s->out[v][at] = results[v];
    }
}

static double *widen(const td_call *c, uint32_t i, double **at)
{
    double *const to = *at;

    td_to_double(td_in(c, i)->dtype, td_in(c, i)->data, count(c, i), to);
    *at += count(c, i);
    return to;
}

/* Steps [0, steps) of the series, the rest zeros. */
static td_status lstm_run_at(td_call *c, uint32_t first, int64_t steps)
{
    const cell_attrs *const a = c->attrs;
    double *at = c->scratch, *in[8], *out[7];
    sizes z;

    TD_TRY(lstm_sizes(c, first, &z));
    for (uint32_t i = 0; i < 8; i++)
        in[i] = widen(c, first + i, &at);
    const size_t state = (size_t)(z.batch * z.cell), all = state * (size_t)z.steps;
    for (size_t v = 0; v < 7; v++, at += all)
        out[v] = at;
    memset(out[0], 0, 7 * all * sizeof(double));
    step s = { .z = &z, .w = in[3], .wci = in[4], .wcf = in[5], .wco = in[6], .b = in[7], .gates = at };
    for (size_t t = 0; t < (size_t)steps; t++) {
        s.x = in[0] + t * (size_t)(z.batch * z.in);
        s.cs = t ? out[1] + (t - 1) * state : in[1];
        s.h = t ? out[6] + (t - 1) * state : in[2];
        for (size_t v = 0; v < 7; v++)
            s.out[v] = out[v] + t * state;
        for (size_t r = 0; r < (size_t)z.batch; r++)
            lstm_row(a, &s, r);
    }
    for (uint32_t v = 0; v < 7; v++)
        if (td_out_is_used(c, v)) td_from_double(td_out(c, v)->dtype, out[v], all, td_out(c, v)->data);
    return NULL;
}

static td_status cell_run(td_call *c)
{
    return lstm_run_at(c, 0, 1);
}

static td_status series_run(td_call *c)
{
    const int64_t steps = td_in(c, 1)->shape.dims[0], most = *(const int64_t *)td_in(c, 0)->data;
    return lstm_run_at(c, 1, most < 0 ? 0 : TD_MIN(most, steps));
}

/* ---------------------------------------------------------------- GRU: x, h_prev, w_ru, w_c, b_ru, b_c */

static td_status gru_infer(td_call *c)
{
    const td_shape *const x = &td_in(c, 0)->shape, *const h = &td_in(c, 1)->shape;

    if (x->rank != 2 || h->rank != 2 || x->dims[0] != h->dims[0])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "x and h_prev must be 2D, of one batch size");
    const int64_t n = h->dims[1], in = x->dims[1];
    if (!is_shape(c, 2, 2, in + n, 2 * n) || !is_shape(c, 3, 2, in + n, n) || !is_shape(c, 4, 1, 2 * n, 0) ||
        !is_shape(c, 5, 1, n, 0))
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "the shapes of w_ru, w_c, b_ru and b_c do not fit x and h_prev");
    for (uint32_t i = 0; i < c->n_out; i++)
        if (td_out_is_used(c, i)) td_out(c, i)->shape = *h;
    return NULL;
}

static td_status gru_prepare(td_call *c)
{
    size_t n = 0;

    for (uint32_t i = 0; i < c->n_in; i++)
        n += count(c, i);
    c->scratch_size = (n + 4 * count(c, 1)) * sizeof(double);
    return NULL;
}

/* b[k] + [x, h] w, one column. */
static double affine(const double *x, size_t in, const double *h, size_t n, const double *w, const double *b,
                     size_t cols, size_t k)
{
    double sum = b[k];

    for (size_t j = 0; j < in; j++)
        sum += x[j] * w[j * cols + k];
    for (size_t j = 0; j < n; j++)
        sum += h[j] * w[(in + j) * cols + k];
    return sum;
}

static td_status gru_run(td_call *c)
{
    const size_t batch = (size_t)td_in(c, 0)->shape.dims[0], in = (size_t)td_in(c, 0)->shape.dims[1];
    const size_t n = (size_t)td_in(c, 1)->shape.dims[1], all = batch * n;
    double *at = c->scratch, *v[6], *out[4];

    for (uint32_t i = 0; i < 6; i++)
        v[i] = widen(c, i, &at);
    for (size_t i = 0; i < 4; i++, at += all)
        out[i] = at; /* r, u, c, h; h holds r * h_prev for a while */
    for (size_t row = 0; row < batch; row++) {
        const double *const x = v[0] + row * in, *const h = v[1] + row * n;
        double *const r = out[0] + row * n, *const u = out[1] + row * n, *const cc = out[2] + row * n;
        double *const next = out[3] + row * n;
        for (size_t k = 0; k < n; k++) {
            r[k] = sigmoid(affine(x, in, h, n, v[2], v[4], 2 * n, k));
            u[k] = sigmoid(affine(x, in, h, n, v[2], v[4], 2 * n, n + k));
            next[k] = r[k] * h[k];
        }
        for (size_t k = 0; k < n; k++)
            cc[k] = tanh(affine(x, in, next, n, v[3], v[5], n, k));
        for (size_t k = 0; k < n; k++)
            next[k] = u[k] * h[k] + (1.0 - u[k]) * cc[k];
    }
    for (uint32_t i = 0; i < 4; i++)
        if (td_out_is_used(c, i)) td_from_double(td_out(c, i)->dtype, out[i], all, td_out(c, i)->data);
    return NULL;
}

/* ---------------------------------------------------------------- the table */

static const td_kernel cell_kernels[] = { { TD_DEVICE_CPU, TD_SINGLE_TYPES, 0, lstm_prepare, cell_run, NULL },
                                          { 0 } };
static const td_kernel series_kernels[] = {
    { TD_DEVICE_CPU, TD_SINGLE_TYPES, 0, lstm_prepare, series_run, NULL }, { 0 }
};
static const td_kernel gru_kernels[] = { { TD_DEVICE_CPU, TD_SINGLE_TYPES, 0, gru_prepare, gru_run, NULL },
                                         { 0 } };

#define LSTM_IN  "x: T, cs_prev: T, h_prev: T, w: T, wci: T, wcf: T, wco: T, b: T"
#define LSTM_OUT " -> i: T, cs: T, f: T, o: T, ci: T, co: T, h: T"

const td_op td_ops_rnn_cell[] = {
    { .name = "LSTMBlockCell",
      .sig = LSTM_IN LSTM_OUT,
      .attrs = "forget_bias: float = 1.0, cell_clip: float = 3.0, use_peephole: bool = false, T: type",
      .key = "T",
      .attrs_size = sizeof(cell_attrs),
      .parse = lstm_parse,
      .infer = cell_infer,
      .kernels = cell_kernels },
    { .name = "BlockLSTM",
      .sig = "seq_len_max: int64, " LSTM_IN LSTM_OUT,
      .attrs = "forget_bias: float = 1.0, cell_clip: float = 3.0, use_peephole: bool = false, T: type",
      .key = "T",
      .attrs_size = sizeof(cell_attrs),
      .parse = lstm_parse,
      .infer = series_infer,
      .kernels = series_kernels },
    { .name = "BlockLSTMV2",
      .sig = "seq_len_max: int64, " LSTM_IN LSTM_OUT,
      .attrs = "cell_clip: float = 0.0, use_peephole: bool = false, T: type",
      .key = "T",
      .attrs_size = sizeof(cell_attrs),
      .parse = v2_parse,
      .infer = series_infer,
      .kernels = series_kernels },
    { .name = "GRUBlockCell",
      .sig = "x: T, h_prev: T, w_ru: T, w_c: T, b_ru: T, b_c: T -> r: T, u: T, c: T, h: T",
      .attrs = "T: type",
      .infer = gru_infer,
      .kernels = gru_kernels },
    { 0 },
};
