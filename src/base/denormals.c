/* SPDX-License-Identifier: Apache-2.0 */
/* denormals.c -- the bits of the floating point control register. */
#include "base/denormals.h"

#if defined(__x86_64__)
#include <xmmintrin.h>

enum { FLUSH_TO_ZERO = 0x8000, DENORMALS_ARE_ZERO = 0x0040 };

unsigned long td_denormals_flush(void)
{
    const unsigned before = _mm_getcsr();

    _mm_setcsr(before | FLUSH_TO_ZERO | DENORMALS_ARE_ZERO);
    return before;
}

void td_denormals_restore(unsigned long before)
{
    _mm_setcsr((unsigned)before);
}

#elif defined(__aarch64__)

#define FLUSH_BOTH (1ul << 24) /* FPCR.FZ */

unsigned long td_denormals_flush(void)
{
    unsigned long before;

    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    td_denormals_restore(before | FLUSH_BOTH);
    return before;
}

void td_denormals_restore(unsigned long before)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(before));
}

#else

unsigned long td_denormals_flush(void)
{
    return 0;
}

void td_denormals_restore(unsigned long before)
{
    (void)before;
}

#endif
