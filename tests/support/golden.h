/* SPDX-License-Identifier: Apache-2.0 */
/* golden.h -- TensorFlow's answers to calls of single ops and to small graphs, read from tests/ops/goldens/. */
#ifndef TD_TESTS_GOLDEN_H
#define TD_TESTS_GOLDEN_H

#include <stdio.h>

#include "graph/graph.h"

enum { GOLDEN_TENSORS = 32, GOLDEN_ATTRS = 32, GOLDEN_RUNS = 16, GOLDEN_FILES = 8 };

/* Paths of all files of goldens that end so (".txt": calls, ".graphs": graphs), in arena, sorted. */
size_t golden_files(td_arena *arena, const char *ending, const char ***out);
const char *golden_file_name(const char *path); /* "math/unary.txt" */

/* One call of an op. */
typedef struct golden {
    char op[64];
    td_attr attrs[GOLDEN_ATTRS];
    td_tensor in[GOLDEN_TENSORS], out[GOLDEN_TENSORS];
    uint32_t n_attrs, n_in, n_out;
    int error; /* the code TensorFlow answers with; 0: outputs */
} golden;

/* Reads the next call; everything in it lives in arena. False at the end. Stops the test on a damaged file. */
bool golden_read(FILE *f, td_arena *arena, golden *g);

/* The call as a node with an argument for each input, bound. */
TD_MUST_USE td_status golden_node(td_arena *arena, const golden *g, td_node **out);

typedef struct golden_named {
    const char *name;
    td_tensor t;
} golden_named;

typedef struct golden_run {
    golden_named feeds[GOLDEN_TENSORS], fetches[GOLDEN_TENSORS];
    uint32_t n_feeds, n_fetches;
    int error;
} golden_run;

typedef struct golden_file {
    const char *name;
    td_string bytes;
} golden_file;

/* A SavedModel in text format, and what its signature "s" answers, run by run on one session. */
typedef struct golden_graph {
    const char *title, *model;
    td_string file;                  /* what is to be found at %FILE% of the model; NULL: there is none */
    golden_file files[GOLDEN_FILES]; /* in folder %FOLDER% */
    uint32_t n_files;
    golden_run runs[GOLDEN_RUNS];
    uint32_t n_runs;
} golden_graph;

bool golden_read_graph(FILE *f, td_arena *arena, golden_graph *g);

/* Want may be a cleared one: anything will do. Are they of one type and shape, and alike to the type's tolerance? *at: the first element that is not. */
bool golden_same(const td_tensor *got, const td_tensor *want, size_t *at);
const char *golden_difference(const td_tensor *got, const td_tensor *want,
                              size_t at); /* for people; static */

bool golden_is_integer(td_dtype d); /* bool, too */

#endif
