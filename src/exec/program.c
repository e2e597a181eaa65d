/* SPDX-License-Identifier: Apache-2.0 */
/* program.c -- see program.h. */
#include "exec/program.h"

td_call td_step_call(const td_step *s, td_env *env, td_tensor *values)
{
    return (td_call){ .op = s->op,
                      .node = s->node,
                      .attrs = s->attrs,
                      .values = values,
                      .in = s->in,
                      .out = s->out,
                      .n_in = s->n_in,
                      .n_out = s->n_out,
                      .const_in = s->const_in,
                      .env = env,
                      .threads = env->threads,
                      .regions = s->regions,
                      .n_regions = s->n_regions };
}
