/* SPDX-License-Identifier: Apache-2.0 */
/* op_ambient.c -- DeviceIndex, Timestamp: where and when a graph runs. */
#include <time.h>

#include "ops/op.h"

static td_status index_parse(td_parse *p)
{
    const td_attr_value *names;
    const size_t n = td_attr_list(p, "device_names", &names);
    int32_t i = 0;

    while ((size_t)i < n && !td_string_is(names[i].u.s, "CPU"))
        i++;
    *(int32_t *)p->attrs = i; /* as many as there are: none of them */
    return NULL;
}

static td_status index_run(td_call *c)
{
    *(int32_t *)td_out(c, 0)->data = *(const int32_t *)c->attrs;
    return NULL;
}

static td_status timestamp_run(td_call *c)
{
    struct timespec now;

    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return TD_OP_ERR(c, INTERNAL, "no time is to be had");
    *(double *)td_out(c, 0)->data = (double)now.tv_sec + (double)(now.tv_nsec / 1000) / 1e6;
    return NULL;
}

TD_RUN_KERNEL(index_kernels, 0, index_run);
TD_RUN_KERNEL(timestamp_kernels, 0, timestamp_run);

const td_op td_ops_ambient[] = {
    { .name = "DeviceIndex",
      .sig = "-> index: int32",
      .attrs = "device_names: list(string)",
      .attrs_size = sizeof(int32_t),
      .parse = index_parse,
      .infer = td_infer_scalar,
      .kernels = index_kernels },
    { .name = "Timestamp",
      .sig = "-> ts: double",
      .flags = TD_OP_STATEFUL,
      .infer = td_infer_scalar,
      .kernels = timestamp_kernels },
    { 0 },
};
