/* SPDX-License-Identifier: Apache-2.0 */
/* variant.h -- a family of kernels' bodies for one purpose, and which of them a CPU gets.
 *
 *     TD_VARIANTS(softmax, td_softmax_fn *)              in the header, declares
 *     td_softmax_select(cpu)                             the body; and
 *     const td_softmax_variant td_softmax_variants[] = { what it chooses from, best first:
 *         TD_X86(td_softmax_, avx512),
 *         TD_X86(td_softmax_, avx2),
 *         TD_PLAIN(td_softmax_ref),
 *     };
 *
 * Checks walk the list: a new variant joins them by its line.
 */
#ifndef TD_BASE_VARIANT_H
#define TD_BASE_VARIANT_H

#include <stddef.h>

#include "base/cpu.h"

#define TD_VARIANTS(family, type)                                                                            \
    struct td_##family##_variant {                                                                           \
        const char *name;                                                                                    \
        td_cpu needs;                                                                                        \
        type body;                                                                                           \
    };                                                                                                       \
    extern const struct td_##family##_variant td_##family##_variants[]; /* the last one needs nothing */     \
    static inline type td_##family##_select(td_cpu cpu)                                                      \
    {                                                                                                        \
        const struct td_##family##_variant *v = td_##family##_variants;                                      \
                                                                                                             \
        while (!td_cpu_has(cpu, v->needs))                                                                   \
            v++;                                                                                             \
        return v->body;                                                                                      \
    }                                                                                                        \
    typedef struct td_##family##_variant td_##family##_variant

/* For each that the CPU can run, best first. */
#define TD_EACH_VARIANT(family, v, cpu)                                                                      \
    for (const td_##family##_variant *v = td_##family##_variants; v; v = v->needs ? v + 1 : NULL)            \
        if (td_cpu_has(cpu, v->needs))

/* The body is named after what it needs. Elsewhere there is none, nor a CPU to choose it. */
#if defined(__x86_64__)
#define TD_X86(body, isa)                                                                                    \
    {                                                                                                        \
#isa, TD_CPU_##isa, body##isa                                                                        \
    }
#else
#define TD_X86(body, isa)                                                                                    \
    {                                                                                                        \
#isa, TD_CPU_##isa, NULL                                                                             \
    }
#endif
#define TD_PLAIN(body)                                                                                       \
    {                                                                                                        \
        "ref", TD_CPU_ref, body                                                                              \
    }

#endif
