/* SPDX-License-Identifier: Apache-2.0 */
/* join.h -- one input of several calls as one tensor.
 *
 *   rows of the first call | rows of the second | ... | the last call's first row, again and again
 *
 * What fills up the rows is known to be a row that the model takes. Where rows differ in their other dimensions each
 * call's are widened to the largest with that call's own first element, as TensorFlow Serving does it.
 */
#ifndef TD_BATCH_JOIN_H
#define TD_BATCH_JOIN_H

#include "batch/batcher.h"
#include "exec/workspace.h"

/* Input i of the n calls of the list, with rows added up to `rows`. They were all given it, with the same type and
 * rank. out's elements lie in *memory, which is taken at a's expense and is the caller's to give back. RESOURCE_EXHAUSTED
 * without memory. */
TD_MUST_USE td_status td_join_input(const td_batch_call *first, size_t n, size_t i, size_t rows,
                                    td_account *a, td_workspace *memory, td_tensor *out);

/* The row that holds those of all of them: the largest of each dimension but the first. */
td_shape td_join_row(const td_batch_call *first, size_t n, size_t i);

#endif
