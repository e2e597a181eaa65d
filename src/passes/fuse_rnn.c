/* SPDX-License-Identifier: Apache-2.0 */
/* fuse_rnn.c -- Keras' LSTM and GRU loops become one node each; seq_loop.h has the loop, here are the cells.
 *
 * Whatever does not match to the last node stays a loop.
 */
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "passes/affine.h"
#include "passes/fuse.h"
#include "passes/seq_loop.h"
#include "passes/users.h"

/* A product of a value with constant weights and what is added to it, in the body. */
typedef struct sum {
    td_edge a;
    const td_tensor *w, *b; /* b NULL: none */
} sum;

static bool is_op(td_edge e, const char *op)
{
    return e.index == 0 && td_node_is(e.node, op);
}

static bool is_add(td_edge e)
{
    return is_op(e, "AddV2") || is_op(e, "Add");
}

static td_edge operand(td_edge e, uint32_t i)
{
    return td_edge_source(e.node->in[i]);
}

static int64_t int_attr(const td_node *n, const char *name)
{
    const td_attr_value *const v = td_node_attr(n, name);
    return v && v->kind == TD_ATTR_INT ? v->u.i : 0;
}

static const td_tensor *floats(td_edge e, int rank)
{
    const td_tensor *const t = td_edge_const(&e);
    return t && t->dtype == TD_F32 && t->shape.rank == rank ? t : NULL;
}

static bool read_product(td_edge e, sum *out)
{
    if (!is_op(e, "MatMul") || td_node_attr_true(e.node, "transpose_a") ||
        td_node_attr_true(e.node, "transpose_b"))
        return false;
    out->a = operand(e, 0);
    out->w = floats(operand(e, 1), 2);
    out->b = NULL;
    return out->w != NULL;
}

/* e is x + b for a constant vector b. */
static bool read_bias(td_edge e, td_edge *x, const td_tensor **b)
{
    if (!is_op(e, "BiasAdd") && !is_add(e)) return false;
    for (uint32_t i = 0; i < (is_add(e) ? 2U : 1U); i++) {
        *x = operand(e, i);
        *b = floats(operand(e, 1 - i), 1);
        if (*b) return true;
    }
    return false;
}

static bool read_sum(td_edge e, sum *out)
{
    const td_tensor *b = NULL;
    td_edge x = e;

    if (!is_op(e, "MatMul") && !read_bias(e, &x, &b)) return false;
    if (!read_product(x, out)) return false;
    out->b = b;
    return true;
}

static bool int32s(td_edge e, size_t n, const int32_t **out)
{
    const td_tensor *const t = td_edge_const(&e);

    if (!t || t->dtype != TD_I32 || !t->data || td_shape_count(&t->shape) != (int64_t)n) return false;
    *out = t->data;
    return true;
}

/* Is e part `part` of `parts` equal parts, each `width` wide, of the columns of `whole`? */
static bool is_part(td_edge e, int part, int parts, int64_t width, td_edge whole)
{
    const td_node *const n = e.node;
    const int32_t *begin, *end, *step, *axis;

    if (td_node_is(n, "Split"))
        return int_attr(n, "num_split") == parts && e.index == (uint32_t)part &&
               int32s(operand(e, 0), 1, &axis) && (*axis == 1 || *axis == -1) &&
               td_edge_same(operand(e, 1), whole);
    if (!is_op(e, "StridedSlice") || !td_edge_same(operand(e, 0), whole)) return false;
    if (!int32s(operand(e, 1), 2, &begin) || !int32s(operand(e, 2), 2, &end) ||
        !int32s(operand(e, 3), 2, &step))
        return false;
    const int64_t begin_mask = int_attr(n, "begin_mask"), end_mask = int_attr(n, "end_mask");
    const int64_t from = begin_mask & 2 ? 0 : begin[1], to = end_mask & 2 ? parts * width : end[1];
    return !int_attr(n, "ellipsis_mask") && !int_attr(n, "new_axis_mask") &&
           !int_attr(n, "shrink_axis_mask") && step[0] == 1 && step[1] == 1 && (begin_mask & 1) &&
           (end_mask & 1) && from == part * width && to == (part + 1) * width;
}

/* ---------------------------------------------------------------- cells */

typedef struct cell {
    const char *op;
    td_edge x;          /* in g */
    uint32_t states[2]; /* loop variables: h, c */
    uint32_t n_states;
    sum of_x, of_h;
} cell;

/* Both operands of a commutative node, in either order: fn(a, b) or fn(b, a). */
#define EITHER(e, a, b, test)                                                                                \
    (((a) = operand(e, 0), (b) = operand(e, 1), (test)) || ((a) = operand(e, 1), (b) = operand(e, 0), (test)))

/* What e is a part of. */
static td_edge whole_of(td_edge e)
{
    if (td_node_is(e.node, "Split")) return operand(e, 1);
    return is_op(e, "StridedSlice") ? operand(e, 0) : e;
}

/* Finds the variable whose next value is e; -1: none. */
static int var_of_next(const td_seq_loop *s, td_edge e)
{
    for (uint32_t i = 0; i < s->body->n_rets; i++)
        if (td_edge_same(td_seq_loop_next(s, i), e)) return (int)i;
    return -1;
}

/* Do the two products have the shapes of one layer? Returns its width; 0: no. */
static int64_t width_of(const cell *l, int gates)
{
    const int64_t hidden = l->of_h.w->shape.dims[0], columns = gates * hidden;
    const td_tensor *const bx = l->of_x.b, *const bh = l->of_h.b;

    if (l->of_x.w->shape.dims[1] != columns || l->of_h.w->shape.dims[1] != columns) return 0;
    if ((bx && bx->shape.dims[0] != columns) || (bh && bh->shape.dims[0] != columns)) return 0;
    return hidden;
}

/* sums = x Wx + h Wh (+ b). */
static bool read_lstm_sums(const td_seq_loop *s, td_edge sums, int h, cell *l)
{
    const td_tensor *b = NULL;
    td_edge both = sums, x, y;

    if (!read_bias(sums, &both, &b)) both = sums;
    if (!is_add(both)) return false;
    if (!EITHER(both, x, y,
                read_product(x, &l->of_x) && td_seq_loop_is_input(s, l->of_x.a, &l->x) &&
                    read_product(y, &l->of_h) && td_seq_loop_var(s, l->of_h.a) == h))
        return false;
    l->of_x.b = b;
    return true;
}

static bool is_gate(td_edge e, int part, int parts, int64_t width, td_edge sums)
{
    return is_part(operand(e, 0), part, parts, width, sums);
}

/* c' = f c + i g, h' = o tanh(c') */
static bool read_lstm(const td_seq_loop *s, cell *l)
{
    const td_edge next = s->written;
    const int h = var_of_next(s, next);
    td_edge o, squashed, keep, add, f, c, i, g;

    if (h < 0 || !is_op(next, "Mul")) return false;
    if (!EITHER(next, o, squashed, is_op(o, "Sigmoid") && is_op(squashed, "Tanh"))) return false;
    const td_edge c_next = operand(squashed, 0);
    const int c_var = var_of_next(s, c_next);
    if (c_var < 0 || c_var == h || !is_add(c_next)) return false;
    if (!is_op(operand(c_next, 0), "Mul") || !is_op(operand(c_next, 1), "Mul")) return false;
    if (!EITHER(c_next, keep, add,
                EITHER(keep, f, c, is_op(f, "Sigmoid") && td_seq_loop_var(s, c) == c_var) &&
                    EITHER(add, i, g, is_op(i, "Sigmoid") && is_op(g, "Tanh"))))
        return false;
    const td_edge sums = whole_of(operand(i, 0));
    if (!read_lstm_sums(s, sums, h, l)) return false;
    const int64_t width = width_of(l, 4);
    *l = (cell){ "_FusedLSTM", l->x, { (uint32_t)h, (uint32_t)c_var }, 2, l->of_x, l->of_h };
    return width && is_gate(i, 0, 4, width, sums) && is_gate(f, 1, 4, width, sums) &&
           is_gate(g, 2, 4, width, sums) && is_gate(o, 3, 4, width, sums);
}

/* sigmoid(x part + h part) */
static bool is_gru_gate(td_edge e, int part, int64_t width, td_edge of_x, td_edge of_h)
{
    const td_edge both = operand(e, 0);
    td_edge x, y;

    return is_add(both) &&
           EITHER(both, x, y, is_part(x, part, 3, width, of_x) && is_part(y, part, 3, width, of_h));
}

static bool is_one_minus(td_edge e, td_edge z)
{
    const td_edge one = is_op(e, "Sub") ? operand(e, 0) : e;
    double v;

    return is_op(e, "Sub") && td_edge_scalar(&one, &v) && v == 1.0 && td_edge_same(operand(e, 1), z);
}

/* h' = z h + (1 - z) tanh(x_n + r h_n) */
static bool read_gru(const td_seq_loop *s, cell *l)
{
    const td_edge next = s->written;
    const int h = var_of_next(s, next);
    td_edge keep, add, z, old, rest, fresh, xn, gated, r, hn;

    if (h < 0 || !is_add(next)) return false;
    if (!is_op(operand(next, 0), "Mul") || !is_op(operand(next, 1), "Mul")) return false;
    if (!EITHER(next, keep, add,
                EITHER(keep, z, old, is_op(z, "Sigmoid") && td_seq_loop_var(s, old) == h) &&
                    EITHER(add, rest, fresh, is_one_minus(rest, z) && is_op(fresh, "Tanh"))))
        return false;
    const td_edge both = operand(fresh, 0);
    if (!is_add(both) || !EITHER(both, xn, gated, is_op(gated, "Mul"))) return false;
    if (!EITHER(gated, r, hn, is_op(r, "Sigmoid"))) return false;
    const td_edge of_x = whole_of(xn), of_h = whole_of(hn);
    if (!read_sum(of_x, &l->of_x) || !td_seq_loop_is_input(s, l->of_x.a, &l->x)) return false;
    if (!read_sum(of_h, &l->of_h) || td_seq_loop_var(s, l->of_h.a) != h) return false;
    const int64_t width = width_of(l, 3);
    *l = (cell){ "_FusedGRU", l->x, { (uint32_t)h }, 1, l->of_x, l->of_h };
    return width && is_part(xn, 2, 3, width, of_x) && is_part(hn, 2, 3, width, of_h) &&
           is_gru_gate(z, 0, width, of_x, of_h) && is_gru_gate(r, 1, width, of_x, of_h);
}

/* ---------------------------------------------------------------- the new node */

static td_edge weights(const td_seq_loop *s, const char *what, const td_tensor *t)
{
    td_tensor copy = *t;

    copy.buffer = NULL; /* the model keeps it */
    const char *const name = td_arena_format(s->p->arena, "%s/%s", s->loop->name, what);
    return (td_edge){ .node = td_pass_const(s->p, s->g, name, copy) };
}

static td_status bias(const td_seq_loop *s, const char *what, const sum *of, td_edge *out)
{
    const td_shape shape = { 1, { of->w->shape.dims[1] } };
    td_tensor zeros = { 0 };

    if (of->b) {
        *out = weights(s, what, of->b);
        return NULL;
    }
    TD_TRY(td_tensor_make(TD_F32, &shape, &zeros));
    memset(zeros.data, 0, td_tensor_bytes(&zeros));
    out->node = td_pass_const(s->p, s->g, td_arena_format(s->p->arena, "%s/%s", s->loop->name, what), zeros);
    return NULL;
}

static td_status make_node(const td_seq_loop *s, const cell *l, td_node **out)
{
    td_edge in[7 + TD_SEQ_MAX_LIMITS] = { l->x };
    const td_attr attrs[] = {
        { "T", { .kind = TD_ATTR_TYPE, .u.type = TD_F32 } },
        { "num_limits", { .kind = TD_ATTR_INT, .u.i = s->n_limits } },
        { "keeps_last", { .kind = TD_ATTR_BOOL, .u.b = s->keeps_last } },
        { "is_open", { .kind = TD_ATTR_BOOL, .u.b = s->is_open } },
    };
    uint32_t n = 1;

    for (uint32_t i = 0; i < l->n_states; i++)
        in[n++] = s->loop->in[l->states[i]];
    in[n++] = weights(s, "kernel", l->of_x.w);
    in[n++] = weights(s, "recurrent_kernel", l->of_h.w);
    TD_TRY(bias(s, "bias", &l->of_x, &in[n++]));
    if (l->n_states == 1) TD_TRY(bias(s, "recurrent_bias", &l->of_h, &in[n++]));
    in[n++] = s->size;
    for (uint32_t i = 0; i < s->n_limits; i++)
        in[n++] = s->limits[i];
    return td_pass_node(s->p, s->g, s->loop->name, l->op, in, n, attrs, TD_COUNT(attrs), out);
}

static bool are_floats(const td_seq_loop *s, const cell *l)
{
    for (uint32_t i = 0; i < l->n_states; i++)
        if (s->loop->out_type[l->states[i]] != TD_F32) return false;
    return l->x.node->out_type[l->x.index] == TD_F32;
}

td_status td_fuse_rnn(td_pass *p, td_graph *g, bool *changed)
{
    const size_t n = g->n_nodes;

    for (size_t i = 0; i < n; i++) {
        td_node *const node = g->nodes[i];
        td_seq_loop s;
        bool matches;
        cell l = { 0 };
        td_node *made;

        if (!td_node_is(node, "While") && !td_node_is(node, "StatelessWhile")) continue;
        TD_TRY(td_seq_loop_read(p, g, node, &s, &matches));
        if (!matches || (!read_lstm(&s, &l) && !read_gru(&s, &l)) || !are_floats(&s, &l)) continue;
        TD_TRY(make_node(&s, &l, &made));
        TD_TRY(td_seq_loop_replace(&s, made, l.states, l.n_states));
        *changed = true;
    }
    return NULL;
}
