/* SPDX-License-Identifier: Apache-2.0 */
/* cpu.h -- what this CPU can do, found once, at run time; and how many cores the process may use. */
#ifndef TD_BASE_CPU_H
#define TD_BASE_CPU_H

#include <stdbool.h>

/* A set of features. Each name is that of a feature with all that it is never without, so that one says what a kernel's body
 * needs; a CPU's set is a union of them. Lower-case names are parts of bodies' (base/variant.h). */
typedef enum td_cpu {
    TD_CPU_ref = 0,
    TD_CPU_avx2 = 1 << 0,                                   /* AVX2, FMA, F16C, BMI2 */
    TD_CPU_avx_vnni = TD_CPU_avx2 | 1 << 1,                 /* without AVX-512 */
    TD_CPU_avx512 = TD_CPU_avx2 | 1 << 2,                   /* F, BW, DQ, VL, CD */
    TD_CPU_vnni = TD_CPU_avx512 | 1 << 3,                   /* AVX512_VNNI */
    TD_CPU_avx512_bf16 = TD_CPU_avx512 | 1 << 4,            /* AVX512_BF16 */
    TD_CPU_amx = TD_CPU_vnni | TD_CPU_avx512_bf16 | 1 << 5, /* AMX tiles allowed by the kernel */
    TD_CPU_neon = 1 << 6,
    TD_CPU_neon_dot = TD_CPU_neon | 1 << 7,
    TD_CPU_neon_bf16 = TD_CPU_neon | 1 << 8,
    TD_CPU_sve = TD_CPU_neon | 1 << 9,
} td_cpu;

/* Cached. Environment TENSORD_CPU lowers it (tests): names joined by +, such as avx512+bf16. */
td_cpu td_cpu_detect(void);

static inline bool td_cpu_has(td_cpu cpu, td_cpu needs)
{
    return !(needs & ~cpu);
}

typedef struct td_cpu_text {
    char text[48];
} td_cpu_text;

td_cpu_text td_cpu_name(td_cpu cpu);              /* as TENSORD_CPU takes it */
bool td_cpu_parse(const char *name, td_cpu *out); /* false: of what is not known */
bool td_cpu_has_bf16(td_cpu cpu);                 /* products of bfloat16 that are worth it */
bool td_cpu_has_crc32(void);                      /* the SSE4.2 instruction */

/* Cores for compute: the affinity mask, cut by the cgroup's CPU quota; at least 1. */
int td_cpu_cores(void);

#endif
