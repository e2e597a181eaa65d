/* SPDX-License-Identifier: Apache-2.0 */
/* cpu_levels.c -- see cpu_levels.h. */
#include "cpu_levels.h"

#include "base/macros.h"

static size_t find_levels(td_cpu out[CPU_MOST_LEVELS])
{
    static const td_cpu lower[] = { TD_CPU_avx512_bf16, TD_CPU_avx512, TD_CPU_avx2, TD_CPU_ref };
    size_t n = 0;

    out[n++] = td_cpu_detect();
    for (size_t i = 0; i < TD_COUNT(lower); i++)
        if (lower[i] != out[0] && td_cpu_has(out[0], lower[i])) out[n++] = lower[i];
    return n;
}

size_t cpu_levels(void)
{
    td_cpu all[CPU_MOST_LEVELS];

    return find_levels(all);
}

td_cpu cpu_level(size_t i)
{
    td_cpu all[CPU_MOST_LEVELS];

    return i < find_levels(all) ? all[i] : TD_CPU_ref;
}
