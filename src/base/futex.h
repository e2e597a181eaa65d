/* SPDX-License-Identifier: Apache-2.0 */
/* futex.h -- sleeping on a 32-bit word, as the kernel offers it. The word itself carries all ordering. */
#ifndef TD_BASE_FUTEX_H
#define TD_BASE_FUTEX_H

#include <stdatomic.h>

/* Sleeps while *word == expected, until td_futex_wake() on it; may also return for no reason. */
void td_futex_wait(atomic_uint *word, unsigned expected);
void td_futex_wake(atomic_uint *word, int sleepers); /* wakes at most so many */

#endif
