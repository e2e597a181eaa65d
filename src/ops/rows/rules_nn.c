/* SPDX-License-Identifier: Apache-2.0 */
/* rules_nn.c -- rules of the layers of neural networks. */
#include "ops/rows/rules.h"

static const char *const mixes_images = "works across the batch dimension";

static int map_bias(const td_rows_call *c, uint32_t i, int axis)
{
    (void)c;
    return i == 0 ? axis : -1;
}

const char *td_rows_bias(td_rows_call *c)
{
    return td_rows_join(c, map_bias, 0, "adds another bias to each row");
}

/* Dimension 0 of the images; what a fused node adds to the result has its shape, or is broadcast to it. */
static int map_images(const td_rows_call *c, uint32_t i, int axis)
{
    if (i == 0) return axis == 0 ? 0 : -1;
    return i >= 2 && td_node_attr(c->node, "fused_ops") ? td_rows_map_broadcast(c, i, axis) : -1;
}

const char *td_rows_images(td_rows_call *c)
{
    return td_rows_join(c, map_images, 0, mixes_images);
}

static int map_first_of_all(const td_rows_call *c, uint32_t i, int axis)
{
    (void)c, (void)i;
    return axis == 0 ? 0 : -1;
}

const char *td_rows_images_many(td_rows_call *c)
{
    return td_rows_join(c, map_first_of_all, 0, mixes_images);
}

/* images, boxes, and colors that all have in common */
static int map_drawn(const td_rows_call *c, uint32_t i, int axis)
{
    (void)c;
    return i < 2 && axis == 0 ? 0 : -1;
}

const char *td_rows_drawn_images(td_rows_call *c)
{
    return td_rows_join(c, map_drawn, 0, mixes_images);
}

static int map_not_last_three(const td_rows_call *c, uint32_t i, int axis)
{
    return axis < td_rows_rank(c, i) - 3 ? axis : -1;
}

const char *td_rows_not_last_three(td_rows_call *c)
{
    return td_rows_join(c, map_not_last_three, 0, mixes_images);
}

/* input_sizes, filter, out_backprop, and what a fused node adds */
static int map_conv_back(const td_rows_call *c, uint32_t i, int axis)
{
    if (i == 2) return axis == 0 ? 0 : -1;
    return i >= 3 && td_node_attr(c->node, "fused_ops") ? td_rows_map_broadcast(c, i, axis) : -1;
}

const char *td_rows_conv_back(td_rows_call *c)
{
    return td_rows_join(c, map_conv_back, 1, mixes_images);
}

/* ---------------------------------------------------------------- pooling */

static bool is_one_by_attr(const td_rows_call *c, const char *name)
{
    const td_attr_value *const v = td_node_attr(c->node, name);

    return v && v->kind == TD_ATTR_LIST && v->u.list.count > 0 && v->u.list.items[0].u.i == 1;
}

static bool is_one_by_input(const td_rows_call *c, uint32_t i)
{
    int64_t v[TD_MAX_RANK];
    size_t n;

    return td_rows_ints(c, i, v, TD_MAX_RANK, &n) && n > 0 && v[0] == 1;
}

const char *td_rows_pool(td_rows_call *c)
{
    const bool is_one = c->n_in == 3 ? is_one_by_input(c, 1) && is_one_by_input(c, 2)
                                     : is_one_by_attr(c, "ksize") && is_one_by_attr(c, "strides");

    if (!is_one) return "pools over the batch dimension";
    return td_rows_join(c, td_rows_map_first, 0, mixes_images);
}

const char *td_rows_argmax_pool(td_rows_call *c)
{
    const char *const why = td_rows_pool(c);

    if (!why && td_rows_attr_true(c, "include_batch_in_index"))
        c->out[1] = (td_rows){ .kind = TD_ROWS_MIXED, .why = "numbers elements across the rows" };
    return why;
}

/* ---------------------------------------------------------------- normalisation */

static int channel_axis(const td_rows_call *c)
{
    const td_attr_value *const v = td_node_attr(c->node, "data_format");
    const bool is_second = v && v->kind == TD_ATTR_STRING && v->u.s.size > 1 && v->u.s.data[1] == 'C';

    return is_second ? 1 : td_rows_rank(c, 0) - 1;
}

static int map_norm(const td_rows_call *c, uint32_t i, int axis)
{
    return i == 0 && axis != channel_axis(c) ? axis : -1;
}

const char *td_rows_batch_norm(td_rows_call *c)
{
    if (td_rows_attr_true(c, "is_training")) return "normalises over the batch";
    const char *const why = td_rows_join(c, map_norm, 0, "has parameters that differ from row to row");

    for (uint32_t i = 1; !why && i < c->n_out; i++)
        c->out[i] = td_rows_same(td_rows_most_sized(c, 1, c->n_in - 1)); /* mean and variance, handed on */
    return why;
}

const char *td_rows_global_norm(td_rows_call *c)
{
    return td_rows_join(c, map_norm, 0, "has parameters that differ from row to row");
}

static int map_layer_norm(const td_rows_call *c, uint32_t i, int axis)
{
    return i == 0 ? td_rows_map_not_last(c, i, axis) : -1;
}

const char *td_rows_layer_norm(td_rows_call *c)
{
    return td_rows_join(c, map_layer_norm, 0, "normalises over the batch");
}

/* ---------------------------------------------------------------- attention, recurrent layers */

/* All of rank 4, the batch first. */
static int map_attention(const td_rows_call *c, uint32_t i, int axis)
{
    return axis == 0 && td_rows_rank(c, i) == 4 ? 0 : -1;
}

const char *td_rows_attention(td_rows_call *c)
{
    return td_rows_join(c, map_attention, 0, "attends across the batch dimension");
}

/* Sequences are [time, batch, ...], states [batch, ...]: of inputs [state, state + 2) and of outputs whose rank is 2. */
static const char *join_sequence(td_rows_call *c, uint32_t x, uint32_t state, uint32_t n_states)
{
    if (c->in[x].kind != TD_ROWS_APART || c->in[x].axis != 1 || td_rows_rank(c, x) != 3)
        return "walks along the batch dimension";
    for (uint32_t i = 0; i < c->n_in; i++) {
        const bool is_state = i >= state && i < state + n_states;
        const td_rows *const in = &c->in[i];

        if (i == x) continue;
        if (is_state ? in->kind != TD_ROWS_APART || in->axis != 0 || in->before != c->in[x].before
                     : in->kind != TD_ROWS_SAME)
            return "has states or weights that are not the rows' own";
    }
    for (uint32_t i = 0; i < c->n_out; i++)
        c->out[i] = td_rows_apart(td_rows_out_rank(c, i) == 3 ? 1 : 0, c->in[x].before);
    return NULL;
}

/* x, h0 and for an LSTM c0, weights */
const char *td_rows_rnn(td_rows_call *c)
{
    return join_sequence(c, 0, 1, c->n_out - 1);
}

/* seq_len_max, x, cs_prev, h_prev, weights */
const char *td_rows_block_rnn(td_rows_call *c)
{
    return join_sequence(c, 1, 2, 2);
}

/* x and states, then weights: of rank 2 and 1; a batch of weights would have the rows elsewhere. */
const char *td_rows_cell(td_rows_call *c)
{
    const uint32_t n_states = c->node->n_in == 8 ? 3 : 2; /* LSTM: x, cs_prev, h_prev */

    for (uint32_t i = n_states; i < c->n_in; i++)
        if (c->in[i].kind != TD_ROWS_SAME) return "has weights that are not the same for all rows";
    return td_rows_join(c, map_first_of_all, 0, mixes_images);
}
