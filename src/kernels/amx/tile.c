/* SPDX-License-Identifier: Apache-2.0 */
/* tile.c -- see tile.h. */
#include "kernels/amx/tile.h"

const td_amx_tiles *td_amx_select(td_cpu cpu)
{
#if defined(__x86_64__)
    if (cpu >= TD_CPU_amx) return &td_amx_tiles_amx;
#endif
    (void)cpu;
    return NULL;
}
