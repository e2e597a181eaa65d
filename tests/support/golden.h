/* golden.h -- single calls of ops with TensorFlow's answers, read from tests/ops/goldens/. */
#ifndef TD_TESTS_GOLDEN_H
#define TD_TESTS_GOLDEN_H

#include <stdio.h>

#include "graph/graph.h"

enum { GOLDEN_TENSORS = 16, GOLDEN_ATTRS = 16 };

typedef struct golden {
    char op[64];
    td_attr attrs[GOLDEN_ATTRS];
    td_tensor in[GOLDEN_TENSORS], out[GOLDEN_TENSORS];
    uint32_t n_attrs, n_in, n_out;
    int error; /* the code TensorFlow answers with; 0: outputs */
} golden;

FILE *golden_open(const char *family); /* tests/ops/goldens/<family>.txt; NULL: there is none */
/* Reads the next case; everything in it lives in arena. False at the end.
 * Stops the test on a damaged file. */
bool golden_read(FILE *f, td_arena *arena, golden *g);

/* The call as a node with an argument for each input, bound. */
TD_MUST_USE td_status golden_node(td_arena *arena, const golden *g, td_node **out);

bool golden_is_integer(td_dtype d); /* bool, too */

#endif
