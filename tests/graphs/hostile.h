/* SPDX-License-Identifier: Apache-2.0 */
/* hostile.h -- graphs that were right, spoiled: numbers of attributes and constants, edges, types, names of functions,
 * results. Compiling and running one may fail in any way that has a status. */
#ifndef TD_TESTS_GRAPHS_HOSTILE_H
#define TD_TESTS_GRAPHS_HOSTILE_H

#include "random.h"
#include "spec.h"

/* A spoiled copy in arena. Edges may lead to any node, also to later ones. */
fz_model *fz_spoil(const fz_model *m, fz_random *r, td_arena *arena);

#endif
