/* SPDX-License-Identifier: Apache-2.0 */
/* rules.c -- see rules.h. */
#include "batch/rules.h"

#include "batch/batch.h"

enum { MOST_PADDED_RANK = 6 }; /* TensorFlow's */

static td_status check_input(const td_batching *rules, const td_tensor *t)
{
    if (t->shape.rank < 1)
        return TD_ERR(INVALID_ARGUMENT, "Batching Run() input tensors must have at least one dimension");
    if (rules->pads_variable_length_inputs && t->shape.rank > MOST_PADDED_RANK)
        return TD_ERR(INVALID_ARGUMENT, "Only tensors with rank from 1 to 6 can be padded.");
    return NULL;
}

/* All that are given; -1: none is. */
static td_status count_rows(const td_batching *rules, const td_batch_call *c, int64_t *out)
{
    int64_t rows = -1;

    for (size_t i = 0; i < c->sig->n_inputs; i++) {
        const td_tensor *const t = &c->in[i];

        if (!td_batch_is_given(t)) continue;
        TD_TRY(check_input(rules, t));
        if (rows >= 0 && rows != t->shape.dims[0])
            return TD_ERR(INVALID_ARGUMENT,
                          "Batching Run() input tensors must have equal 0th-dimension size");
        rows = t->shape.dims[0];
    }
    *out = rows;
    return NULL;
}

td_status td_rules_admit(const td_batching *rules, td_batch_call *c)
{
    int64_t rows;

    if (!c->sig->n_inputs)
        return TD_ERR(INVALID_ARGUMENT, "Batching Run() must have at least one input tensor");
    TD_TRY(count_rows(rules, c, &rows));
    c->rows = rows > 0 ? (size_t)rows : 0;
    if (c->rows > rules->max_batch_size)
        return TD_ERR(INVALID_ARGUMENT, "Task size %zu is larger than maximum input batch size %zu", c->rows,
                      rules->max_batch_size);
    return NULL;
}

static bool is_empty(const td_tensor *t)
{
    for (int d = 1; d < t->shape.rank; d++)
        if (t->shape.dims[d] == 0) return true;
    return false;
}

bool td_rules_can_pad(const td_batching *rules, const td_batch_call *a, const td_batch_call *b)
{
    for (size_t i = 0; rules->pads_variable_length_inputs && i < a->sig->n_inputs; i++) {
        const td_tensor *const x = &a->in[i], *const y = &b->in[i];

        if (x->dtype != y->dtype) return false; /* or not given */
        if (!td_batch_is_given(x)) continue;
        if (x->shape.rank != y->shape.rank || is_empty(x) || is_empty(y)) return false;
    }
    return rules->pads_variable_length_inputs;
}

size_t td_rules_round(const td_batching *rules, size_t rows)
{
    for (size_t i = 0; i < rules->n_allowed; i++)
        if (rules->allowed_batch_sizes[i] > 0 && (size_t)rules->allowed_batch_sizes[i] >= rows)
            return (size_t)rules->allowed_batch_sizes[i];
    return rows;
}
