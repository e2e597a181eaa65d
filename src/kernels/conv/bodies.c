/* SPDX-License-Identifier: Apache-2.0 */
/* bodies.c -- see body.h. */
#include "kernels/conv/body.h"

#include "base/body.h"

const td_conv_body *const td_conv_bodies[] = {
    &td_conv_body_int8,     &td_conv_body_half,      &td_conv_body_depthwise, &td_conv_body_amx,
    &td_conv_body_amx_taps, &td_conv_body_dnnl_bf16, &td_conv_body_winograd,  &td_conv_body_matrix,
    &td_conv_body_dnnl,     &td_conv_body_phases,    &td_conv_body_panels,    NULL,
};

/* Those that are named run whatever they can. */
static bool is_wanted(const td_conv_body *b, const td_conv_ask *ask)
{
    return b->can(ask) && (td_body_is_named("conv", NULL) ? td_body_is_named("conv", b->name) : b->pays(ask));
}

static bool take(const td_conv_body *b, const td_conv_ask *ask, td_conv_plan *out)
{
    const bool takes = b->takes && b->takes(ask);
    td_conv_ask own = *ask;

    own.reads_bf16 &= takes;
    own.writes_bf16 &= takes;
    own.adds_bf16 &= takes;
    *out = (td_conv_plan){ b, b->make(&own), own.reads_bf16, own.writes_bf16, own.adds_bf16 };
    return out->state;
}

bool td_conv_body_choose(const td_conv_ask *ask, td_conv_plan *out)
{
    for (const td_conv_body *const *b = td_conv_bodies; *b; b++) {
        if (!is_wanted(*b, ask)) continue;
        if (take(*b, ask, out)) return true;
        if (!(*b)->may_refuse) return false;
    }
    return take(&td_conv_body_panels, ask, out);
}

void td_conv_plan_free(td_conv_plan *p)
{
    if (p->state) p->body->free(p->state);
    *p = (td_conv_plan){ 0 };
}
