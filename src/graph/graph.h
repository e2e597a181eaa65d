/* SPDX-License-Identifier: Apache-2.0 */
/* graph.h -- the one intermediate representation that every file format lowers to.
 *
 * A graph is a list of nodes in no particular order; edges point from a consumer to a producer's output.
 * Function bodies are graphs, too. Everything in a graph lives in its arena. The graph knows no op by name:
 * `op_name` is text until passes/resolve binds it to a declaration of the ops room.
 *
 * Finished graphs may be read by any thread; a pass that changes one owns it.
 */
#ifndef TD_GRAPH_GRAPH_H
#define TD_GRAPH_GRAPH_H

#include <stdint.h>

#include "tensord/tensor.h"

#include "base/arena.h"
#include "base/map.h"
#include "base/strbuf.h"

typedef struct td_node td_node;
typedef struct td_graph td_graph;

/* One value: output `index` of `node`. Files name outputs of function bodies by argument
 * ("values:0"): then port holds the argument's name and index counts within it, until
 * passes/resolve turns both into a plain index. */
typedef struct td_edge {
    td_node *node;
    uint32_t index;
    const char *port; /* NULL: index is final */
} td_edge;

typedef enum td_attr_kind {
    TD_ATTR_NONE = 0, /* a placeholder or an empty value */
    TD_ATTR_STRING,
    TD_ATTR_INT,
    TD_ATTR_FLOAT,
    TD_ATTR_BOOL,
    TD_ATTR_TYPE,
    TD_ATTR_SHAPE,
    TD_ATTR_TENSOR,
    TD_ATTR_FUNC,
    TD_ATTR_LIST, /* of one of the above; the items tell which */
} td_attr_kind;

typedef struct td_attr_value td_attr_value;
struct td_attr_value {
    td_attr_kind kind;
    union {
        td_string s;
        int64_t i;
        float f;
        bool b;
        td_dtype type;
        const td_shape *shape;   /* rank -1: unknown; reading refuses ranks beyond TD_MAX_RANK */
        const td_tensor *tensor; /* elements may lie in the mapped file */
        const char *func;        /* name of a library function; its attributes are not kept */
        struct {
            const td_attr_value *items;
            size_t count;
        } list;
    } u;
};

typedef struct td_attr {
    const char *name;
    td_attr_value value;
} td_attr;

struct td_op; /* ops/op.h */

struct td_node {
    const char *name;
    const char *op_name;
    const struct td_op *op; /* NULL until resolved */
    const char *device;     /* as in the file; "" mostly */
    td_edge *in;
    uint32_t n_in;
    td_node **ctrl; /* must run before this node */
    uint32_t n_ctrl, cap_ctrl;
    td_attr *attrs;
    uint32_t n_attrs, cap_attrs;
    uint32_t n_out;           /* valid once resolved */
    const td_dtype *out_type; /* n_out, once resolved; a reference type has TD_DTYPE_REF added */
    uint32_t id;              /* a pass's scratch; dense after td_graph_number() */
    void *mark;               /* a pass's scratch */
};

struct td_graph {
    td_arena *arena;
    const char *name; /* function name, or "" for a main graph */
    td_node **nodes;
    size_t n_nodes, cap_nodes;
    /* Function bodies: argument nodes (op "_Arg", attribute T) in order, the values returned, and the nodes
     * that must run although nobody uses them (control_ret). */
    td_node **args;
    size_t n_args;
    td_edge *rets;
    size_t n_rets;
    td_node **ctrl_rets;
    size_t n_ctrl_rets;
};

/* Functions by name, lowered when first asked for:
 * most of a library is never served. One thread at a time. */
typedef struct td_library td_library;
struct td_library {
    /* Lowers function `name` into a new graph in `arena`. NOT_FOUND when there is none. */
    td_status (*lower)(td_library *lib, const char *name, td_arena *arena, td_graph **out);
    void *ctx;
};

td_graph *td_graph_make(td_arena *arena, const char *name);
/* A copy that may be changed: of nodes and edges, in arena. Names, types and attributes' values are shared, so g's arena
 * has to live as long. Numbers g, whose edges lead to its own nodes only. */
td_graph *td_graph_copy(td_graph *g, td_arena *arena);
/* A node with n_in inputs (cleared) and room for n_attrs attributes, added to g. Strings are borrowed. */
td_node *td_graph_add(td_graph *g, const char *name, const char *op_name, uint32_t n_in, uint32_t n_attrs);
void td_node_add_ctrl(td_graph *g, td_node *node, td_node *before);
/* Replaces one of that name. */
void td_node_add_attr(td_graph *g, td_node *node, const char *name, td_attr_value value);
const td_attr_value *td_node_attr(const td_node *node, const char *name); /* NULL: absent */
bool td_node_attr_true(const td_node *node, const char *name);            /* a bool, there and true */

void td_graph_number(td_graph *g); /* node->id = its position */

/* Reorders g->nodes so that producers and control inputs come before their users, and drops what `roots` do
 * not need. INVALID_ARGUMENT names a node on a cycle. Iterative: depth is the file's. */
TD_MUST_USE td_status td_graph_sort(td_graph *g, td_node *const *roots, size_t n_roots);

/* Drops the nodes that neither args nor what the graph returns needs; the others keep their order. Cycles are
 * fine. */
void td_graph_drop_unneeded(td_graph *g);

/* One line a node, for people and tests. */
void td_graph_dump(const td_graph *g, td_strbuf *out);

#endif
