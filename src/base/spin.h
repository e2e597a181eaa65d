/* SPDX-License-Identifier: Apache-2.0 */
/* spin.h -- what a thread does between two looks at what another thread is about to write. */
#ifndef TD_BASE_SPIN_H
#define TD_BASE_SPIN_H

static inline void td_spin_pause(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif
