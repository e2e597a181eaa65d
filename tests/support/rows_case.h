/* SPDX-License-Identifier: Apache-2.0 */
/* rows_case.h -- graphs as text, and what td_rows_judge() has to say of them. */
#ifndef TD_TESTS_SUPPORT_ROWS_CASE_H
#define TD_TESTS_SUPPORT_ROWS_CASE_H

#include <stddef.h>

typedef struct rows_case {
    const char *graph;     /* graph_text.h; all arguments are inputs of the signature */
    const char *why;       /* what the verdict says, or a part of it; NULL: batchable */
    const char *functions; /* "name { graph }" and so on; NULL: none */
} rows_case;

/* Stops the test at the first that is judged otherwise; those that are batchable are run, too: 3 rows and 2 rows alone
 * are what they are together. */
void rows_check(const rows_case *cases, size_t n);
/* The same, and nothing is run. */
void rows_judge(const rows_case *cases, size_t n);

#endif
