/* SPDX-License-Identifier: Apache-2.0 */
/* deref.c -- TF1's reference variables and tables become resources.
 *
 * VariableV2 becomes a handle, Assign and its kin assign through it and hand the same handle on, and whoever
 * wants the value gets a read of its own, ordered like itself: a reference is read when its reader runs.
 * What chooses among references chooses among handles.
 */
#include <string.h>

#include "base/mem.h"
#include "ops/signature.h"
#include "passes/pass.h"

static const struct {
    const char *ref, *resource;
} twins[] = {
    { "VariableV2", "VarHandleOp" },
    { "Variable", "VarHandleOp" },
    { "HashTable", "HashTableV2" },
    { "MutableHashTable", "MutableHashTableV2" },
    { "MutableHashTableOfTensors", "MutableHashTableOfTensorsV2" },
    { "LookupTableFind", "LookupTableFindV2" },
    { "LookupTableSize", "LookupTableSizeV2" },
    { "LookupTableExport", "LookupTableExportV2" },
    { "LookupTableInsert", "LookupTableInsertV2" },
    { "LookupTableImport", "LookupTableImportV2" },
    { "InitializeTable", "InitializeTableV2" },
    { "InitializeTableFromTextFile", "InitializeTableFromTextFileV2" },
    { "Assign", "AssignVariableOp" },
    { "AssignAdd", "AssignAddVariableOp" },
    { "AssignSub", "AssignSubVariableOp" },
    { "IsVariableInitialized", "VarIsInitializedOp" },
    { "ScatterUpdate", "ResourceScatterUpdate" },
    { "ScatterAdd", "ResourceScatterAdd" },
    { "ScatterSub", "ResourceScatterSub" },
    { "ScatterMul", "ResourceScatterMul" },
    { "ScatterDiv", "ResourceScatterDiv" },
    { "ScatterMin", "ResourceScatterMin" },
    { "ScatterMax", "ResourceScatterMax" },
    { "ScatterNdUpdate", "ResourceScatterNdUpdate" },
    { "ScatterNdAdd", "ResourceScatterNdAdd" },
    { "ScatterNdSub", "ResourceScatterNdSub" },
    { "ScatterNdMin", "ResourceScatterNdMin" },
    { "ScatterNdMax", "ResourceScatterNdMax" },
    { "StridedSliceAssign", "ResourceStridedSliceAssign" },
    { "CountUpTo", "ResourceCountUpTo" },
    { "RefIdentity", "Identity" },
    { "RefSwitch", "Switch" },
    { "RefMerge", "Merge" },
    { "RefSelect", "GatherV2" },
    { "TemporaryVariable", "_OwnVariable" },
    { "DestroyTemporaryVariable", "ReadVariableOp" },
};

static const char *twin_of(const char *op_name)
{
    for (size_t i = 0; i < TD_COUNT(twins); i++)
        if (strcmp(twins[i].ref, op_name) == 0) return twins[i].resource;
    return NULL;
}

static bool makes_ref(const td_edge *e)
{
    return e->index < e->node->n_out && e->node->out_type[e->index] >= TD_DTYPE_REF;
}

/* The source of a reference: a variable or a table. */
static bool is_source(const td_node *n)
{
    return n->n_in == 0 && twin_of(n->op_name);
}

/* What only a run can follow further: a switch may leave a reference dead, others choose one of many. */
static bool is_choice(const td_node *n)
{
    return td_node_is(n, "RefSwitch") || td_node_is(n, "RefMerge") || td_node_is(n, "RefSelect");
}

/* The variable behind a reference: through any number of assignments, up to a choice. False for other sources. */
static bool find_variable(td_edge e, td_edge *out)
{
    for (int hops = 0; hops < 10000; hops++) {
        if (is_source(e.node) || is_choice(e.node)) {
            *out = e;
            return true;
        }
        if (!twin_of(e.node->op_name) || e.node->n_in == 0) return false;
        e = e.node->in[0];
    }
    return false;
}

/* A read of the variable behind *e for `user`; *e becomes its output. */
static td_status add_read(td_graph *g, td_edge *e, const td_node *user)
{
    td_edge var;

    if (!find_variable(*e, &var))
        return TD_ERR(UNIMPLEMENTED, "node %s: a reference made by op %s", e->node->name, e->node->op_name);
    const td_attr dtype = { "dtype",
                            { .kind = TD_ATTR_TYPE, .u.type = e->node->out_type[e->index] % TD_DTYPE_REF } };
    td_node *const read = td_graph_add(g, e->node->name, "ReadVariableOp", 1, 1);

    read->in[0] = var;
    td_node_add_attr(g, read, dtype.name, dtype.value);
    if (e->node != var.node) td_node_add_ctrl(g, read, e->node);
    for (uint32_t i = 0; user && i < user->n_ctrl; i++)
        td_node_add_ctrl(g, read, user->ctrl[i]);
    *e = (td_edge){ read, 0, NULL };
    return NULL;
}

/* The inputs of one node: values are read, references become handles. */
static td_status fix_inputs(td_pass *p, td_graph *g, td_node *n)
{
    td_dtype *const want = TD_ARENA_NEW_N(p->arena, td_dtype, n->n_in + 1);

    if (td_node_is_missing(n)) return NULL;
    td_node_in_types(n, want);
    for (uint32_t i = 0; i < n->n_in; i++)
        if (makes_ref(&n->in[i]) && want[i] < TD_DTYPE_REF) TD_TRY(add_read(g, &n->in[i], n));
    return NULL;
}

static const td_attr_value handle_type = { .kind = TD_ATTR_TYPE, .u.type = TD_RESOURCE };

/* *e becomes the handle behind the reference it is; *before: what is to be done first, NULL when that is nothing. */
static td_status follow(const td_node *n, td_edge *e, td_node **before)
{
    td_edge var = { 0 };

    if (!find_variable(*e, &var))
        return TD_ERR(UNIMPLEMENTED, "node %s (op %s): a reference made by op %s", n->name, n->op_name,
                      e->node->op_name);
    *before = e->node == var.node ? NULL : e->node;
    *e = var;
    return NULL;
}

/* The handle behind one of many references; where something comes before, a node of its own waits for it, since not
 * all of them need be alive. */
static td_status follow_one(td_pass *p, td_graph *g, const td_node *n, td_edge *e)
{
    const td_attr type = { "T", handle_type };
    td_node *before, *wait;

    TD_TRY(follow(n, e, &before));
    if (!before) return NULL;
    TD_TRY(td_pass_node(p, g, before->name, "Identity", e, 1, &type, 1, &wait));
    td_node_add_ctrl(g, wait, before);
    *e = (td_edge){ wait, 0, NULL };
    return NULL;
}

/* RefSelect, of an index and references, gathers one of the packed handles. */
static td_status select_handle(td_pass *p, td_graph *g, td_node *n)
{
    const td_attr_value int32 = { .kind = TD_ATTR_TYPE, .u.type = TD_I32 },
                        zero = { .kind = TD_ATTR_INT, .u.i = 0 },
                        count = { .kind = TD_ATTR_INT, .u.i = (int64_t)n->n_in - 1 };
    const td_attr pack[] = { { "N", count }, { "T", handle_type }, { "axis", zero } };
    td_edge *const in = TD_ARENA_NEW_N(p->arena, td_edge, 3);
    int32_t *const axis = TD_ARENA_NEW(p->arena, int32_t);
    td_node *all;

    TD_TRY(td_pass_node(p, g, n->name, "Pack", n->in + 1, n->n_in - 1, pack, 3, &all));
    in[0] = (td_edge){ all, 0, NULL };
    in[1] = n->in[0];
    in[2].node = td_pass_const(p, g, n->name, (td_tensor){ .dtype = TD_I32, .data = axis });
    n->in = in;
    n->n_in = 3;
    td_node_add_attr(g, n, "Tparams", handle_type);
    td_node_add_attr(g, n, "Tindices", int32);
    td_node_add_attr(g, n, "Taxis", int32);
    td_node_add_attr(g, n, "batch_dims", zero);
    return NULL;
}

/* A node of one reference, its first input; what comes before that comes before the node. */
static td_status convert_one(td_graph *g, td_node *n)
{
    td_node *before = NULL;

    if (n->n_in > 0) TD_TRY(follow(n, &n->in[0], &before));
    if (before) td_node_add_ctrl(g, n, before);
    return NULL;
}

static td_status convert_many(td_pass *p, td_graph *g, td_node *n)
{
    for (uint32_t i = td_node_is(n, "RefSelect") ? 1 : 0; i < n->n_in; i++)
        TD_TRY(follow_one(p, g, n, &n->in[i]));
    return td_node_is(n, "RefSelect") ? select_handle(p, g, n) : NULL;
}

static td_status convert(td_pass *p, td_graph *g, td_node *n)
{
    const char *const twin = twin_of(n->op_name);
    const td_attr_value *const T = td_node_attr(n, "T");

    if (!twin) return NULL;
    if (T) td_node_add_attr(g, n, "dtype", *T);
    if (is_choice(n) || td_node_is(n, "RefIdentity")) td_node_add_attr(g, n, "T", handle_type);
    if (td_node_is(n, "RefMerge") || td_node_is(n, "RefSelect"))
        TD_TRY(convert_many(p, g, n));
    else
        TD_TRY(convert_one(g, n));
    n->mark = (void *)(uintptr_t)twin;
    return NULL;
}

td_status td_pass_deref(td_pass *p, td_graph *g)
{
    bool any = false;

    for (size_t i = 0; i < g->n_nodes; i++)
        any = any || twin_of(g->nodes[i]->op_name);
    if (!any) return NULL;

    const size_t n = g->n_nodes; /* reads are appended */
    for (size_t i = 0; i < n; i++) {
        g->nodes[i]->mark = NULL;
        TD_TRY(fix_inputs(p, g, g->nodes[i]));
    }
    for (size_t i = 0; i < g->n_rets; i++)
        if (makes_ref(&g->rets[i])) TD_TRY(add_read(g, &g->rets[i], NULL));
    for (size_t i = 0; i < n; i++)
        TD_TRY(convert(p, g, g->nodes[i]));
    for (size_t i = 0; i < n; i++)
        if (g->nodes[i]->mark) g->nodes[i]->op_name = g->nodes[i]->mark;
    for (size_t i = 0; i < g->n_nodes; i++)
        if (i >= n || g->nodes[i]->mark) TD_TRY(td_node_bind(g->nodes[i], p->arena));
    return NULL;
}
