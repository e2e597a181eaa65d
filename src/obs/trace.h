/* SPDX-License-Identifier: Apache-2.0 */
/* trace.h -- where the time of one run of a model went, for a client that asked for it.
 *
 * Names are borrowed from whoever writes them, which the model outlives the trace by. One thread at a time.
 */
#ifndef TD_OBS_TRACE_H
#define TD_OBS_TRACE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"

typedef struct td_trace_op {
    const void *key; /* what tells it from all others */
    const char *op, *node;
    const char *body; /* which way to compute it was chosen; NULL: there is but one */
    double work;      /* floating-point operations, of all its runs; 0: nobody counts them */
    int64_t ns;       /* its own: without those of bodies that it ran */
    size_t runs;      /* more than one in the body of a loop */
} td_trace_op;

typedef struct td_trace_segment {
    size_t first, n; /* of the run's ops in order, from 0 on */
    int64_t ns;
} td_trace_segment;

typedef struct td_trace {
    int64_t plan_ns; /* looking up what was decided for these shapes, or deciding it */
    int64_t core_ns; /* waiting for a core */
    td_vec segments; /* td_trace_segment, in order */
    td_vec ops;      /* td_trace_op *, in the order in which they ran first */

    td_arena *arena;
    td_map by_key;
    int64_t inner_ns; /* what bodies took that have run by now */
} td_trace;

td_trace *td_trace_make(void);
void td_trace_free(td_trace *t); /* NULL is fine */

/* One more run of it; what->ns and what->runs are not looked at. */
void td_trace_add_op(td_trace *t, const td_trace_op *what, int64_t ns);
void td_trace_add_segment(td_trace *t, size_t first, size_t n, int64_t ns);

#endif
