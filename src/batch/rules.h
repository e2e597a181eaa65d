/* SPDX-License-Identifier: Apache-2.0 */
/* rules.h -- what TensorFlow Serving's BatchingParameters say of one call, and of one run. */
#ifndef TD_BATCH_RULES_H
#define TD_BATCH_RULES_H

#include "batch/batcher.h"
#include "config/batching.h"

/* Counts c->rows; 0: none, as no input has one, or none was given but for defaults: it runs alone. INVALID_ARGUMENT
 * with TensorFlow Serving's texts: no input, inputs without rows or with unequal ones, too many. */
TD_MUST_USE td_status td_rules_admit(const td_batching *rules, td_batch_call *c);

/* May the two share a run, their rows padded? Of the same inputs and ranks, and none of them without elements. */
bool td_rules_can_pad(const td_batching *rules, const td_batch_call *a, const td_batch_call *b);

/* The rows of a run, its padding included, for calls of so many: the first of the allowed sizes that holds them. */
size_t td_rules_round(const td_batching *rules, size_t rows);

#endif
