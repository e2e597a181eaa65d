/* SPDX-License-Identifier: Apache-2.0 */
/* rows.h -- what the engine proves of rows (exec/rows_proof.h) against the references: rows of a graph's values, with all
 * rows there and with a part of them. */
#ifndef TD_TESTS_GRAPHS_ROWS_H
#define TD_TESTS_GRAPHS_ROWS_H

#include "run.h"

typedef struct fz_rows_counts {
    uint64_t graphs, apart, same; /* with something proved; values of each kind that were compared */
} fz_rows_counts;

/* m with some of its arguments' dimensions taken for rows; others become constants. m has no infinities. False: *why says which value is not
 * what was proved. right is scratch. */
bool fz_rows_check(const fz_model *m, uint64_t seed, fz_right *right, fz_rows_counts *counts, td_strbuf *why);

#endif
