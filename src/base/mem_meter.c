/* SPDX-License-Identifier: Apache-2.0 */
/* mem_meter.c -- see mem_meter.h. Sizes are what malloc() says that it gave. */
#include "base/mem_meter.h"

#include <malloc.h>

static _Thread_local td_mem_meter *meter;

td_mem_meter *td_mem_meter_swap(td_mem_meter *m)
{
    td_mem_meter *const before = meter;

    meter = m;
    return before;
}

bool td_mem_meter_is_on(void)
{
    return meter != NULL;
}

bool td_mem_meter_refuses(size_t size)
{
    td_mem_meter *const m = meter;

    if (!m || (size <= INT64_MAX && m->used <= m->most - (int64_t)size)) return false;
    m->is_over = true;
    return true;
}

void td_mem_meter_take(void *p)
{
    if (!meter || !p) return;
    meter->used += (int64_t)malloc_usable_size(p);
    if (meter->used > meter->most) meter->is_over = true;
}

void td_mem_meter_give(void *p)
{
    if (meter && p) meter->used -= (int64_t)malloc_usable_size(p);
}
