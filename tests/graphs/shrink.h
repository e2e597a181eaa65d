/* SPDX-License-Identifier: Apache-2.0 */
/* shrink.h -- a smaller graph with the same fault. */
#ifndef TD_TESTS_GRAPHS_SHRINK_H
#define TD_TESTS_GRAPHS_SHRINK_H

#include "run.h"

/* Does the graph, evaluated afresh, still differ under s? */
bool fz_still_differs(const fz_model *m, const fz_setting *s, bool allows_nan, td_strbuf *why);

/* Cuts values out (they become arguments) and results away while the fault stays; in bodies, too, leaves nodes out and
 * halves strings. Lives in arena. */
fz_model *fz_shrink(const fz_model *m, const fz_setting *s, bool allows_nan, td_arena *arena);

#endif
