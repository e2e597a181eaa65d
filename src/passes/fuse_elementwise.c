/* SPDX-License-Identifier: Apache-2.0 */
/* fuse_elementwise.c -- neighbouring elementwise ops become one _FusedElementwise, which goes over memory
 * once.
 *
 * Groups grow backwards from a node whose value is needed outside: a producer joins when all users of its
 * value are in the group already. As candidates are taken in falling order of position, that is decided for
 * good when a candidate's turn comes; and no path can leave a group and come back, so fusing makes no cycle.
 */
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "kernels/elt/chain.h"
#include "ops/math/elementwise_info.h"
#include "passes/fuse.h"
#include "passes/users.h"
#include "passes/values.h"

enum { MAX_LINKS = 12, MAX_ARGS = 8, WORDS = 8 };

typedef struct group {
    td_pass *p;
    td_graph *g;
    const td_users *users;
    td_node *nodes[MAX_LINKS]; /* last first */
    td_elementwise_info infos[MAX_LINKS];
    unsigned n;
    td_edge args[MAX_ARGS + TD_ELT_MAX_IN];
    unsigned n_args;
} group;

static int find_node(const group *gr, const td_node *n)
{
    for (unsigned i = 0; i < gr->n; i++)
        if (gr->nodes[i] == n) return (int)i;
    return -1;
}

static int find_arg(const group *gr, td_edge e)
{
    for (unsigned i = 0; i < gr->n_args; i++)
        if (td_edge_same(gr->args[i], e)) return (int)i;
    return -1;
}

/* Operands that come from outside, with node n (described by info) as a further member. */
static unsigned count_args(const group *gr, const td_node *n, const td_elementwise_info *info)
{
    unsigned count = gr->n_args;

    for (unsigned i = 0; i < gr->n_args; i++)
        if (gr->args[i].node == n) count--;
    for (unsigned k = 0; k < info->n_in; k++)
        if (find_arg(gr, td_edge_source(n->in[k])) < 0) count++;
    return count;
}

static void take(group *gr, td_node *n, const td_elementwise_info *info)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < gr->n_args; i++)
        if (gr->args[i].node != n) gr->args[kept++] = gr->args[i];
    gr->n_args = kept;
    for (unsigned k = 0; k < info->n_in; k++) {
        const td_edge e = td_edge_source(n->in[k]);
        if (find_arg(gr, e) < 0) gr->args[gr->n_args++] = e;
    }
    gr->nodes[gr->n] = n;
    gr->infos[gr->n++] = *info;
}

static bool may_join(const group *gr, const td_node *n, td_elementwise_info *info)
{
    if (n->mark || n->n_ctrl || gr->n == MAX_LINKS || !td_elementwise_describe(n, info)) return false;
    for (size_t i = 0; i < td_users_count(gr->users, n); i++) {
        const td_node *const user = td_users_at(gr->users, n, i);
        if (!user || find_node(gr, user) < 0) return false;
    }
    return count_args(gr, n, info) <= MAX_ARGS;
}

/* The outside operand that comes last in the graph, of those before `below`. */
static td_node *next_candidate(const group *gr, uint32_t below)
{
    td_node *best = NULL;

    for (unsigned i = 0; i < gr->n_args; i++) {
        td_node *const n = gr->args[i].node;
        if (n->id < below && (!best || n->id > best->id)) best = n;
    }
    return best;
}

static void grow(group *gr, td_node *root, const td_elementwise_info *info)
{
    td_elementwise_info more;

    take(gr, root, info);
    for (td_node *n = next_candidate(gr, root->id); n; n = next_candidate(gr, n->id))
        if (may_join(gr, n, &more)) take(gr, n, &more);
}

/* ---------------------------------------------------------------- the new node */

static int64_t operand_code(const group *gr, td_edge e)
{
    const int member = find_node(gr, e.node);

    return member >= 0 ? -1 - ((int64_t)gr->n - 1 - member) : find_arg(gr, e);
}

static td_attr_value code_of(const group *gr)
{
    td_attr_value *const words = TD_ARENA_NEW_N(gr->p->arena, td_attr_value, (size_t)gr->n * WORDS);

    for (unsigned i = 0; i < gr->n; i++) {
        const unsigned at = gr->n - 1 - i; /* members are listed last first */
        const td_elementwise_info *const info = &gr->infos[at];
        td_attr_value *const w = words + (size_t)i * WORDS;
        int32_t bits;
        memcpy(&bits, &info->alpha, sizeof bits);
        const int64_t head[4] = { info->id, info->in, info->out, info->n_in | info->rule << 2 };
        for (unsigned k = 0; k < WORDS; k++)
            w[k] = (td_attr_value){ .kind = TD_ATTR_INT, .u.i = k < 4 ? head[k] : 0 };
        for (unsigned k = 0; k < info->n_in; k++)
            w[4 + k].u.i = operand_code(gr, td_edge_source(gr->nodes[at]->in[k]));
        w[7].u.i = bits;
    }
    return (td_attr_value){ .kind = TD_ATTR_LIST, .u.list = { words, (size_t)gr->n * WORDS } };
}

/* For errors: whose shapes did not fit. */
static td_attr_value names_of(const group *gr)
{
    td_attr_value *const names = TD_ARENA_NEW_N(gr->p->arena, td_attr_value, (size_t)gr->n);

    for (unsigned i = 0; i < gr->n; i++) {
        const char *const name = gr->nodes[gr->n - 1 - i]->name;

        names[i] = td_value_text(name);
    }
    return (td_attr_value){ .kind = TD_ATTR_LIST, .u.list = { names, (size_t)gr->n } };
}

static td_attr_value types_of(const group *gr)
{
    td_attr_value *const types = TD_ARENA_NEW_N(gr->p->arena, td_attr_value, gr->n_args);

    for (unsigned i = 0; i < gr->n_args; i++)
        types[i] =
            (td_attr_value){ .kind = TD_ATTR_TYPE, .u.type = gr->args[i].node->out_type[gr->args[i].index] };
    return (td_attr_value){ .kind = TD_ATTR_LIST, .u.list = { types, gr->n_args } };
}

static td_status fuse_group(group *gr, td_node **out)
{
    const td_node *const root = gr->nodes[0];
    const td_attr attrs[] = {
        { "Tin", types_of(gr) },
        { "Tout", { .kind = TD_ATTR_TYPE, .u.type = root->out_type[0] } },
        { "code", code_of(gr) },
        { "names", names_of(gr) },
    };

    return td_pass_node(gr->p, gr->g, root->name, "_FusedElementwise", gr->args, gr->n_args, attrs,
                        TD_COUNT(attrs), out);
}

/* Small integers are mostly shapes, worked out while a plan is made. */
static bool may_be_root(const td_node *n)
{
    return !n->mark && !n->n_ctrl && n->n_out == 1 && n->out_type[0] != TD_I32 && n->out_type[0] != TD_I64;
}

static td_status fuse_all(td_pass *p, td_graph *g, const td_users *users, td_node **fused, bool *changed)
{
    for (size_t i = g->n_nodes; i-- > 0;) {
        td_node *const n = g->nodes[i];
        td_elementwise_info info;
        group gr = { .p = p, .g = g, .users = users };
        if (!may_be_root(n) || !td_elementwise_describe(n, &info)) continue;
        grow(&gr, n, &info);
        if (gr.n < 2) continue;
        TD_TRY(fuse_group(&gr, &fused[i]));
        for (unsigned k = 0; k < gr.n; k++)
            gr.nodes[k]->mark = fused[i];
        *changed = true;
    }
    return NULL;
}

td_status td_fuse_elementwise(td_pass *p, td_graph *g, bool *changed)
{
    td_users users = td_users_make(g);
    const size_t n_nodes = g->n_nodes;
    td_node **const fused = TD_NEW_N(td_node *, n_nodes);

    for (size_t i = 0; i < n_nodes; i++)
        g->nodes[i]->mark = NULL;
    const td_status s = fuse_all(p, g, &users, fused, changed);
    if (!s) td_users_replace(g, fused, n_nodes);
    td_users_free(&users);
    td_free(fused);
    return s;
}
