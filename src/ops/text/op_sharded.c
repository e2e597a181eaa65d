/* SPDX-License-Identifier: Apache-2.0 */
/* op_sharded.c -- ShardedFilename, ShardedFilespec: the names of the parts that a file is written in. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ops/strings.h"

static td_status sharded_infer(td_call *c)
{
    static const char *const names[] = { "basename", "shard", "num_shards" };
    char text[TD_SHAPE_TEXT];

    for (uint32_t i = 0; i < c->n_in; i++)
        if (td_in(c, i)->shape.rank != 0)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "%s must be a scalar, got shape %s",
                             names[i == 0 ? 0 : i + 3 - c->n_in],
                             td_shape_text(&td_in(c, i)->shape, text, sizeof text));
    td_out(c, 0)->shape = (td_shape){ 0 };
    return NULL;
}

static td_status put_name(td_call *c, const char *tail)
{
    td_string base = *td_strings_in(c, 0);
    td_string *const out = td_out(c, 0)->data;
    const char *const zero = base.size ? memchr(base.data, 0, base.size) : NULL;
    const size_t more = strlen(tail);
    char *to;

    if (zero) base.size = (size_t)(zero - base.data); /* the name of a file ends there */
    TD_TRY(td_text_alloc(c, base.size + more, &to));
    if (base.size) memcpy(to, base.data, base.size);
    memcpy(to + base.size, tail, more);
    *out = (td_string){ to, base.size + more };
    return NULL;
}

static td_status name_run(td_call *c)
{
    char tail[64];

    (void)snprintf(tail, sizeof tail, "-%05" PRId32 "-of-%05" PRId32, *(const int32_t *)td_in(c, 1)->data,
                   *(const int32_t *)td_in(c, 2)->data);
    return put_name(c, tail);
}

static td_status spec_run(td_call *c)
{
    char tail[64];

    (void)snprintf(tail, sizeof tail,
                   "-????"
                   "?-of-%05" PRId32 /* apart, or it were a trigraph */,
                   *(const int32_t *)td_in(c, 1)->data);
    return put_name(c, tail);
}

TD_RUN_KERNEL(name_kernels, 0, name_run);
TD_RUN_KERNEL(spec_kernels, 0, spec_run);

const td_op td_ops_sharded[] = {
    { .name = "ShardedFilename",
      .sig = "basename: string, shard: int32, num_shards: int32 -> filename: string",
      .infer = sharded_infer,
      .kernels = name_kernels },
    { .name = "ShardedFilespec",
      .sig = "basename: string, num_shards: int32 -> filename: string",
      .infer = sharded_infer,
      .kernels = spec_kernels },
    { 0 },
};
