/* SPDX-License-Identifier: Apache-2.0 */
/* cpu_levels.h -- what a CPU is held to by tests: first its own features, then fewer, at last none. */
#ifndef TD_TESTS_SUPPORT_CPU_LEVELS_H
#define TD_TESTS_SUPPORT_CPU_LEVELS_H

#include <stddef.h>

#include "base/cpu.h"

enum { CPU_MOST_LEVELS = 5 };

size_t cpu_levels(void);
td_cpu cpu_level(size_t i); /* i < cpu_levels() */

#endif
