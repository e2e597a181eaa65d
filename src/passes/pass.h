/* SPDX-License-Identifier: Apache-2.0 */
/* pass.h -- graph to graph. A program's graph is a function: args, rets, and control rets that must run.
 *
 * Passes run in this order, on the graph of a signature and on the body of every region:
 *
 *   extract  cuts what a signature needs out of the main graph
 *   resolve  binds nodes to ops, edges to output indices, checks types
 *   raise    makes While nodes of TF1's loops; on the body of every function, too, before it is inlined
 *   inline   replaces calls by bodies, level by level
 *   deref    turns TF1's reference variables into resource variables with explicit reads
 *   gate     constants in branches of TF1's conditionals die with their branch
 *   prune    topological order; drops what nobody needs
 *   freeze   reads of variables that no signature assigns become constants
 *   relax    control edges that order nothing go; passes after this one leave nodes with others alone
 *   fold     pure nodes on constants become constants
 *   choose   If and Case with a constant condition become a call of their branch, and unswitch does the same
 *            for Switch and Merge; then it goes on at inline until nothing is left to choose
 *   missing  what is there now is needed: which of its ops does tensord lack?
 *   fuse_*   patterns become fused ops (fuse.h lists them)
 *   narrow   values between convolutions and products in bfloat16 become bfloat16
 */
#ifndef TD_PASSES_PASS_H
#define TD_PASSES_PASS_H

#include "graph/graph.h"
#include "ops/op.h"
#include "ops/resources.h"

/* What passes share for one model. One thread at a time. */
typedef struct td_pass {
    td_arena *arena; /* of the model: nodes live here */
    td_library *library;
    td_env *env;
    td_map missing_set; /* ops that tensord lacks, of what was noted since td_pass_missing() */
    td_strbuf missing;  /* their names with a node each, in order of appearance */
    td_map all_missing_set;
    td_strbuf all_missing;   /* the same, of all that was ever noted */
    struct td_object **lost; /* resources that could not be made ready (td_pass_excise) */
    size_t n_lost, cap_lost;
    int region_depth;  /* bodies within bodies that are being compiled */
    td_map functions;  /* what body.c knows of the library's, by name */
    uint32_t n_raised; /* functions that td_pass_raise() made, for their names */
    td_map bodies;     /* regions that were compiled, by function and constants; one reference each */
    td_map unset_set;  /* variables and tables that are read and have no value */
    td_strbuf unset;   /* the names of the first ones, for people */
    size_t n_unset;
    td_tensor *owned; /* constants made by passes; their buffers are given back with the model */
    size_t n_owned, cap_owned;
} td_pass;

void td_pass_fini(td_pass *p);          /* gives back owned constants */
void td_pass_forget_bodies(td_pass *p); /* nothing more is compiled */

typedef struct td_feed {
    const char *tensor; /* "x:0"; the node's output is replaced by an argument */
    td_dtype dtype;
} td_feed;

/* Cuts out of `main` a function with args for feeds, rets for fetches ("y:0"), and control rets for targets
 * (node names). NOT_FOUND names a tensor that the graph lacks. */
TD_MUST_USE td_status td_pass_extract(td_pass *p, const td_graph *main, const td_feed *feeds, size_t n_feeds,
                                      const char *const *fetches, size_t n_fetches,
                                      const char *const *targets, size_t n_targets, td_graph **out);

TD_MUST_USE td_status td_pass_resolve(td_pass *p, td_graph *g);
/* Of a resolved graph. INVALID_ARGUMENT names what is wrong with a loop. */
TD_MUST_USE td_status td_pass_raise(td_pass *p, td_graph *g);
TD_MUST_USE td_status td_pass_inline(td_pass *p, td_graph *g);
TD_MUST_USE td_status td_pass_deref(td_pass *p, td_graph *g);
TD_MUST_USE td_status td_pass_gate(td_pass *p, td_graph *g);
TD_MUST_USE td_status td_pass_prune(td_pass *p, td_graph *g);
/* Marks the variables that g (sorted), or the functions it reaches, assigns; before any graph is frozen. */
TD_MUST_USE td_status td_pass_mark_assigned(td_pass *p, td_graph *g);
/* Marks the variables whose handles g has. */
TD_MUST_USE td_status td_pass_mark_reached(td_pass *p, td_graph *g);
/* The variable behind a VarHandleOp or a constant handle, made if need be; *out is NULL when e is something else. */
TD_MUST_USE td_status td_pass_variable(td_pass *p, const td_edge *e, td_variable **out);
/* Assignments to variables that no marked graph reaches become nothing:
 * half of a Keras 3 file restores dead copies. */
TD_MUST_USE td_status td_pass_drop_dead_assigns(td_pass *p, td_graph *g);
TD_MUST_USE td_status td_pass_freeze(td_pass *p, td_graph *g);
void td_pass_relax(td_graph *g); /* which is sorted */
TD_MUST_USE td_status td_pass_fold(td_pass *p, td_graph *g);
/* Sets *changed where it made calls; the caller inlines them. */
TD_MUST_USE td_status td_pass_choose(td_pass *p, td_graph *g, bool *changed);
TD_MUST_USE td_status td_pass_unswitch(td_pass *p, td_graph *g, bool *changed);
/* Prunes an inlined graph and chooses wherever a condition is constant. If `serve`, reads of variables freeze
 * and everything else folds on the way. */
TD_MUST_USE td_status td_pass_settle(td_pass *p, td_graph *g, bool serve);
/* Cuts out of a settled init or restore graph what cannot run for lack of ops; the resources it would have changed
 * are lost. */
TD_MUST_USE td_status td_pass_excise(td_pass *p, td_graph *g);
/* UNIMPLEMENTED when g has the handle of a lost resource. */
TD_MUST_USE td_status td_pass_check_lost(td_pass *p, const td_graph *g);
/* Every fusion, in order. */
TD_MUST_USE td_status td_pass_fuse(td_pass *p, td_graph *g);
/* Where the session computes in bfloat16: values between ops that round what they read become bfloat16. */
TD_MUST_USE td_status td_pass_narrow(td_pass *p, td_graph *g);

/* Notes the variables that g assigns, marked graphs reach, and nothing has given a value. */
TD_MUST_USE td_status td_pass_note_unrestored(td_pass *p, td_graph *g);

/* ---------------------------------------------------------------- tools for passes */

/* body.c: the body of a library function, resolved, for the caller to change. However often it is called, it is read
 * twice at most. NOT_FOUND when there is none. */
TD_MUST_USE td_status td_pass_body(td_pass *p, const char *name, td_graph **out);
/* The same to look at only, maybe not resolved; until the next call of either. */
TD_MUST_USE td_status td_pass_look_at_body(td_pass *p, const char *name, const td_graph **out);

/* A function that a pass made, resolved; nobody changes it any more. The name is borrowed. */
void td_pass_add_body(td_pass *p, const char *name, td_graph *g);

/* missing.c: nodes of ops that tensord lacks have one output, of no type, and may be where no run comes. */
void td_node_set_missing(td_node *n, td_arena *arena);
bool td_node_is_missing(const td_node *n);
/* Notes g's; says whether there are any. */
bool td_pass_note_missing(td_pass *p, const td_graph *g);
/* UNIMPLEMENTED, naming all that was noted since the last time, with a node each; NULL when that is nothing. */
TD_MUST_USE td_status td_pass_missing(td_pass *p);

/* Adds a name to p->unset, once. */
void td_pass_note_unset(td_pass *p, const char *name);

/* A Const node with value t; p keeps t's buffer (takes the reference) until the model goes. */
td_node *td_pass_const(td_pass *p, td_graph *g, const char *name, td_tensor t);
/* The same, but the caller sees to the buffer, if only by: */
td_node *td_pass_const_of(td_pass *p, td_graph *g, const char *name, td_tensor t);
void td_pass_own(td_pass *p, td_tensor t);
bool td_edge_same(td_edge a, td_edge b);
/* The value of a Const node; NULL for another op. */
const td_tensor *td_node_const(const td_node *n);
/* The same of the node that the edge comes from; NULL, too, where that has to wait for something: who uses the value
 * wants what it waits for. */
const td_tensor *td_edge_const(const td_edge *e);
bool td_node_is(const td_node *n, const char *op_name);
/* A bound node of op `op_name` with these inputs; INTERNAL when that op's declaration is contradicted.
 * Attributes are added by the caller before, in attrs. */
TD_MUST_USE td_status td_pass_node(td_pass *p, td_graph *g, const char *name, const char *op_name,
                                   const td_edge *in, uint32_t n_in, const td_attr *attrs, uint32_t n_attrs,
                                   td_node **out);

/* Makes every consumer of `from` (and rets) use `to` instead. O(edges of g). */
void td_pass_replace(td_graph *g, td_edge from, td_edge to);

#endif
