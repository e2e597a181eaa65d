/* SPDX-License-Identifier: Apache-2.0 */
/* split.h -- one call of many rows as several of fewer, each run wherever there is room, and their results joined. */
#ifndef TD_BATCH_SPLIT_H
#define TD_BATCH_SPLIT_H

#include "batch/batcher.h"

typedef struct td_split td_split;

/* Calls for the first `first` rows of c (0: no such call), and for each `most` of the others, linked by next; all have
 * rows. c is done when all of them are, whatever threads end them: with their outputs' rows one behind the other, or
 * with the error of one. FAILED_PRECONDITION: their outputs differ in more than rows. c->split keeps them. */
td_batch_call *td_split_make(td_batch_call *c, size_t first, size_t most);

/* Of the part that ended last, or nearly so; NULL: nobody asked. */
const td_trace *td_split_trace(const td_split *s);
void td_split_free(td_split *s); /* NULL is fine */

#endif
