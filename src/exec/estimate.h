/* SPDX-License-Identifier: Apache-2.0 */
/* estimate.h -- what a model will take, told before it takes it. */
#ifndef TD_EXEC_ESTIMATE_H
#define TD_EXEC_ESTIMATE_H

#include "exec/entry.h"

/* Bytes of packed weights that plans of these signatures will make: matrices and filters that are constants of ops which
 * pack them, each once. */
size_t td_estimate_packs(const td_entry *entries, size_t n);

#endif
