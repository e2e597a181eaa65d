/* SPDX-License-Identifier: Apache-2.0 */
/* excise.c -- init and restore without the parts that tensord lacks ops for.
 *
 * Files initialise more than they serve: iterators, counters and summaries of the training. What hangs on a
 * missing op's output cannot run either; both go. A variable or table that it would have changed is lost, and
 * a signature that has the handle of a lost one is refused.
 */
#include "base/mem.h"
#include "obs/log.h"
#include "ops/kernel.h"
#include "passes/pass.h"
#include "tensor/object.h"

/* The resource whose handle e is; NULL when it is none that a node without inputs makes. */
static td_status resource_at(td_pass *p, td_edge e, td_object **out)
{
    const td_tensor *handle;
    td_tensor made = { 0 };

    *out = NULL;
    while (td_node_is(e.node, "Identity"))
        e = e.node->in[0];
    handle = td_edge_const(&e);
    if (e.node->n_out == 0 || e.node->out_type[0] != TD_RESOURCE || e.node->n_in > 0) return NULL;
    if (td_node_is(e.node, "_Arg") || td_node_is(e.node, "Placeholder")) return NULL;
    if (!handle) {
        TD_TRY(td_node_eval(e.node, p->env, NULL, &made));
        handle = &made;
    }
    *out = *(td_object **)handle->data;
    td_tensor_unref(&made);
    return NULL;
}

static bool is_lost(const td_pass *p, const td_object *o)
{
    for (size_t i = 0; i < p->n_lost; i++)
        if (p->lost[i] == o) return true;
    return false;
}

static td_status lose_inputs(td_pass *p, const td_node *n)
{
    for (uint32_t i = 0; i < n->n_in; i++) {
        td_object *o;

        TD_TRY(resource_at(p, n->in[i], &o));
        if (!o || is_lost(p, o)) continue;
        if (p->n_lost == p->cap_lost) {
            p->cap_lost = p->cap_lost ? 2 * p->cap_lost : 16;
            p->lost = td_realloc(p->lost, p->cap_lost * sizeof(td_object *));
        }
        p->lost[p->n_lost++] = o;
    }
    return NULL;
}

static bool hangs_on(const bool *is_cut, const td_node *n)
{
    if (td_node_is_missing(n)) return true;
    for (uint32_t i = 0; i < n->n_in; i++)
        if (is_cut[n->in[i].node->id]) return true;
    return false;
}

static void cut_ctrl(const bool *is_cut, td_node **nodes, size_t n, uint32_t *n_kept)
{
    uint32_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (!is_cut[nodes[i]->id]) nodes[kept++] = nodes[i];
    *n_kept = kept;
}

td_status td_pass_excise(td_pass *p, td_graph *g)
{
    uint32_t kept;

    if (!td_pass_note_missing(p, g)) return NULL;
    td_warning("exec",
               "model_dir=%s left_out=\"%s\" why=\"ops that tensord lacks, in what prepares the model\"",
               p->env->dir, td_strbuf_text(&p->missing));
    td_graph_number(g);
    bool *const is_cut = TD_ARENA_NEW_N(p->arena, bool, g->n_nodes);
    for (size_t i = 0; i < g->n_nodes; i++) { /* sorted: inputs come first */
        is_cut[i] = hangs_on(is_cut, g->nodes[i]);
        if (is_cut[i]) TD_TRY(lose_inputs(p, g->nodes[i]));
    }
    for (size_t i = 0; i < g->n_nodes; i++)
        cut_ctrl(is_cut, g->nodes[i]->ctrl, g->nodes[i]->n_ctrl, &g->nodes[i]->n_ctrl);
    cut_ctrl(is_cut, g->ctrl_rets, g->n_ctrl_rets, &kept);
    g->n_ctrl_rets = kept;
    td_status_free(td_pass_missing(p)); /* what is left runs */
    return td_pass_prune(p, g);
}

td_status td_pass_check_lost(td_pass *p, const td_graph *g)
{
    for (size_t i = 0; p->n_lost && i < g->n_nodes; i++) {
        td_object *o;

        TD_TRY(resource_at(p, (td_edge){ g->nodes[i], 0, NULL }, &o));
        if (o && is_lost(p, o))
            return TD_ERR(UNIMPLEMENTED,
                          "Op type not registered in tensord, needed to make node %s (op %s) ready: %s",
                          g->nodes[i]->name, g->nodes[i]->op_name, td_strbuf_text(&p->all_missing));
    }
    return NULL;
}
