/* SPDX-License-Identifier: Apache-2.0 */
/* cpu.h -- what this CPU can do, found once, at run time; and how many cores the process may use. */
#ifndef TD_BASE_CPU_H
#define TD_BASE_CPU_H

#include <stdbool.h>

/* Levels of kernel bodies, each containing those before it. Lower-case names are used by .inc lists. */
typedef enum td_cpu {
    TD_CPU_ref = 0,
    TD_CPU_avx2,   /* AVX2, FMA, F16C, BMI2 */
    TD_CPU_avx512, /* F, BW, DQ, VL, CD */
    TD_CPU_vnni,   /* + AVX512_VNNI */
    TD_CPU_amx,    /* + AVX512_BF16, AMX tiles allowed by the kernel */
} td_cpu;

td_cpu td_cpu_detect(void); /* cached; environment TENSORD_CPU=ref|avx2|avx512|vnni|amx lowers it (tests) */
const char *td_cpu_name(td_cpu level);
bool td_cpu_has_bf16(td_cpu level); /* products of bfloat16 that are worth it */
bool td_cpu_has_crc32(void);        /* the SSE4.2 instruction */

/* Cores for compute: the affinity mask, cut by the cgroup's CPU quota; at least 1. */
int td_cpu_cores(void);

#endif
