/* SPDX-License-Identifier: Apache-2.0 */
/* deref.c -- TF1's reference variables and tables become resources.
 *
 * VariableV2 becomes a handle, Assign and its kin assign through it and hand the same handle on, and whoever
 * wants the value gets a read of its own, ordered like itself: a reference is read when its reader runs.
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
    { "RefSwitch", "Switch" },
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

/* The variable behind a reference: through any number of assignments, up to a switch, which may leave it dead.
 * False for other sources (RefMerge...). */
static bool find_variable(td_edge e, td_edge *out)
{
    for (int hops = 0; hops < 10000; hops++) {
        if (is_source(e.node) || td_node_is(e.node, "RefSwitch")) {
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

static td_status convert(td_graph *g, td_node *n)
{
    const char *const twin = twin_of(n->op_name);
    const td_attr_value *const T = td_node_attr(n, "T");
    td_edge var = { 0 };

    if (!twin) return NULL;
    if (n->n_in > 0 && !find_variable(n->in[0], &var))
        return TD_ERR(UNIMPLEMENTED, "node %s (op %s): a reference made by op %s", n->name, n->op_name,
                      n->in[0].node->op_name);
    if (T) td_node_add_attr(g, n, "dtype", *T);
    if (td_node_is(n, "RefSwitch"))
        td_node_add_attr(g, n, "T", (td_attr_value){ .kind = TD_ATTR_TYPE, .u.type = TD_RESOURCE });
    if (n->n_in > 0) {
        td_node *const before = n->in[0].node;

        if (before != var.node) td_node_add_ctrl(g, n, before);
        n->in[0] = var;
    }
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
        TD_TRY(convert(g, g->nodes[i]));
    for (size_t i = 0; i < n; i++)
        if (g->nodes[i]->mark) g->nodes[i]->op_name = g->nodes[i]->mark;
    for (size_t i = 0; i < g->n_nodes; i++)
        if (i >= n || g->nodes[i]->mark) TD_TRY(td_node_bind(g->nodes[i], p->arena));
    return NULL;
}
