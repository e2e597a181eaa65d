/* SPDX-License-Identifier: Apache-2.0 */
/* spec.h -- a graph as the fuzzer holds it: text for each node, elements for each argument.
 *
 * It can be built again and again, for every setting it is compiled with, printed, and cut down. Nodes come in
 * order: inputs of a node lie before it. Arguments have elements for each feed: 0 is what the graph was made with,
 * 1 other elements of the same shapes, 2 another batch.
 */
#ifndef TD_TESTS_GRAPHS_SPEC_H
#define TD_TESTS_GRAPHS_SPEC_H

#include "graph/graph.h"

/* Of noise: units are those of the tensor's largest element, as of a difference of two of that size. */
enum { FZ_OF_LARGEST = 1 << 16 };

enum { FZ_FEEDS = 3, FZ_MAX_IN = 12, FZ_MAX_NODES = 128, FZ_MAX_ENDS = 24, FZ_MAX_FUNCTIONS = 24 };

typedef struct fz_ref {
    uint32_t node, out;
} fz_ref;

typedef enum fz_kind { FZ_OP, FZ_ARG, FZ_CONST } fz_kind;

typedef struct fz_node {
    fz_kind kind;
    const char *text; /* FZ_OP: as node_text.h takes it */
    fz_ref in[FZ_MAX_IN];
    uint32_t n_in;
    td_dtype dtype;           /* of FZ_ARG, FZ_CONST */
    bool is_variable;         /* FZ_CONST: programs read it from a variable that nobody assigns */
    bool is_lowered;          /* an If or a While: programs have what TensorFlow 1 wrote for it instead */
    bool is_table;            /* FZ_OP, a handle: data are the keys and values that the table holds */
    td_tensor data[FZ_FEEDS]; /* FZ_CONST: data[0]; arguments of functions have none */
    /* FZ_OF_LARGEST and units in the last place that rounding may cost; 0: moves elements, or is exact. */
    unsigned noise;
} fz_node;

typedef struct fz_graph {
    const char *name;
    fz_node nodes[FZ_MAX_NODES];
    uint32_t n_nodes;
    uint32_t args[FZ_MAX_ENDS];
    uint32_t n_args;
    fz_ref rets[FZ_MAX_ENDS];
    uint32_t n_rets;
} fz_graph;

/* The graph and the bodies that its nodes name. All of it lives in arena. */
typedef struct fz_model {
    td_arena *arena;
    fz_graph *main;
    fz_graph *functions[FZ_MAX_FUNCTIONS];
    uint32_t n_functions;
} fz_model;

const fz_graph *fz_function(const fz_model *m, const char *name); /* NULL: there is none */

/* used[i]: node i is needed for what the graph returns. */
void fz_find_used(const fz_graph *f, bool *used);

/* named[k]: function k is reached from the main graph. */
void fz_find_named(const fz_model *m, bool *named);

/* A copy without the nodes that nobody needs; functions are shared. */
fz_model *fz_prune(const fz_model *m, td_arena *arena);

void fz_dump(const fz_model *m, td_strbuf *out);

#endif
