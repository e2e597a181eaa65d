/* SPDX-License-Identifier: Apache-2.0 */
/* rows_fact.h -- what is proved of one value of a program, and of what comes from several places. */
#ifndef TD_EXEC_ROWS_FACT_H
#define TD_EXEC_ROWS_FACT_H

#include "ops/rows/rows.h"

typedef struct td_fact {
    td_rows rows;
    td_tensor at
        [TD_ROWS_SIZES]; /* for each number of rows: shape (rank -1: unknown), elements if known; borrowed */
} td_fact;

/* An argument of this shape whose dimension 0 is the rows; other unknown dimensions are taken to be `other`. */
td_fact td_fact_arg(td_dtype dtype, const td_shape *shape, int64_t other);

/* Does what the rule claims fit the shapes and elements that were inferred? If not the fact becomes MIXED; what was
 * said to tell the number of rows and does not becomes SAME. */
void td_fact_check(td_fact *f);

/* *a becomes what holds whichever of the two a value is. Returns whether that changed it. why: if nothing does. */
bool td_fact_join(td_fact *a, const td_fact *b, const char *why);

/* No value at all so far? */
static inline bool td_fact_is_open(const td_fact *f)
{
    return f->rows.kind == TD_ROWS_NONE && !f->rows.is_list;
}

#endif
