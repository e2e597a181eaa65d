/* SPDX-License-Identifier: Apache-2.0 */
/* bodies.c -- see body.h. */
#include "kernels/rnn/body.h"

#include <string.h>

#include "base/body.h"
#include "base/macros.h"
#include "base/size.h"

const td_rnn_body *const td_rnn_bodies[] = { &td_rnn_body_amx, &td_rnn_body_panels, NULL };

/* Those that are named run whatever they can. */
static bool is_wanted(const td_rnn_body *b, const td_rnn_ask *ask)
{
    return b->can(ask) && (td_body_is_named("rnn", NULL) ? td_body_is_named("rnn", b->name) : b->pays(ask));
}

const td_rnn_body *td_rnn_body_choose(const td_rnn_ask *ask)
{
    for (const td_rnn_body *const *b = td_rnn_bodies; *b; b++)
        if (is_wanted(*b, ask)) return *b;
    return &td_rnn_body_panels;
}

size_t td_rnn_groups(size_t hidden)
{
    return td_div_up(hidden, TD_RNN_GROUP);
}

size_t td_rnn_group_units(size_t hidden, size_t group)
{
    return TD_MIN(TD_RNN_GROUP, hidden - group * TD_RNN_GROUP);
}

void td_rnn_gather(td_rnn_kind kind, size_t k, size_t hidden, size_t group, size_t gap, float *out,
                   const float *w)
{
    const size_t gates = td_rnn_gates(kind), units = td_rnn_group_units(hidden, group);

    for (size_t i = 0; i < k; i++)
        for (size_t g = 0; g < gates; g++)
            memcpy(out + (i * gates + g) * gap, w + (i * gates + g) * hidden + group * TD_RNN_GROUP,
                   units * sizeof(float));
}
