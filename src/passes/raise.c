/* SPDX-License-Identifier: Apache-2.0 */
/* raise.c -- TF1's loops become While nodes, innermost first.
 *
 * The condition and the body are cut out as functions of the loop's variables and of what comes from outside, which the
 * body hands through. From here on such a loop is what TF2's are. Constants are not handed in but copied: shapes and axes
 * in bodies stay known.
 */
#include <string.h>

#include "base/budget.h"
#include "base/mem.h"
#include "ops/signature.h"
#include "passes/loop_frames.h"

typedef struct raise {
    td_pass *p;
    td_graph *g;
    td_loop_frame *frame;
    td_loop_var **vars; /* by index */
    bool *is_needed;    /* by node id, in the function being cut out */
    td_node **copies;   /* likewise */
    td_edge *outside;   /* distinct values that come from outside */
    uint32_t n_outside, cap_outside;
    td_node **before; /* nodes outside that something inside waits for */
    uint32_t n_before, cap_before;
    bool has_state;
} raise;

/* ---------------------------------------------------------------- what is inside */

static bool is_inside(const raise *r, const td_node *n)
{
    const td_loop_place *const in = td_loop_place_of(n);

    if (in->frame != r->frame || in->var || n == r->frame->cond) return false;
    return !td_node_is(n, "Enter");
}

/* Needs no copy of its own inputs: constants are copied wherever they are. */
static bool is_copied(const raise *r, const td_node *n)
{
    return is_inside(r, n) || (td_node_is(n, "Const") && n->n_ctrl == 0);
}

/* The variable that an edge holds in the round at hand; NULL: none. */
static const td_loop_var *var_of(const raise *r, const td_edge *e)
{
    const td_loop_var *const var = td_loop_place_of(e->node)->var;
    const bool is_now =
        var && var->frame == r->frame && (td_node_is(e->node, "Merge") ? e->index == 0 : e->index == 1);

    return is_now ? var : NULL;
}

/* A value from outside, before it entered. */
static td_edge entered(const raise *r, td_edge e)
{
    return td_node_is(e.node, "Enter") && td_loop_place_of(e.node)->frame == r->frame ? e.node->in[0] : e;
}

static td_status check_edge(const raise *r, const td_node *user, const td_edge *e)
{
    const td_loop_place *const in = td_loop_place_of(e->node);

    if (is_copied(r, e->node) || var_of(r, e)) return NULL;
    if (in->frame == r->frame && !td_node_is(e->node, "Enter"))
        return TD_ERR(INVALID_ARGUMENT, "node %s: loop %s is not well-formed: it needs output %u of %s",
                      user->name, r->frame->name, e->index, e->node->name);
    return NULL;
}

static uint32_t outside_index(raise *r, td_edge e)
{
    uint32_t i = 0;

    while (i < r->n_outside && !td_edge_same(r->outside[i], e))
        i++;
    if (i < r->n_outside) return i;
    if (i == r->cap_outside) {
        r->cap_outside = TD_MAX(2 * i, 16);
        r->outside = td_realloc(r->outside, r->cap_outside * sizeof *r->outside);
    }
    r->outside[r->n_outside++] = e;
    return i;
}

static void wait_for(raise *r, td_node *n)
{
    if (td_loop_place_of(n)->frame == r->frame) return; /* a variable, or what is outside anyway */
    if (r->n_before == r->cap_before) {
        r->cap_before = TD_MAX(2 * r->n_before, 16);
        r->before = td_realloc(r->before, r->cap_before * sizeof *r->before);
    }
    r->before[r->n_before++] = n;
}

static td_status need_edge(raise *r, const td_node *user, const td_edge *e)
{
    TD_TRY(check_edge(r, user, e));
    if (is_copied(r, e->node))
        r->is_needed[e->node->id] = true;
    else if (!var_of(r, e))
        (void)outside_index(r, entered(r, *e));
    return NULL;
}

static void need_order(raise *r, const td_node *n)
{
    for (uint32_t i = 0; i < n->n_ctrl; i++)
        if (is_inside(r, n->ctrl[i]))
            r->is_needed[n->ctrl[i]->id] = true;
        else
            wait_for(r, n->ctrl[i]);
}

/* Marks what the values of `end`, LoopCond or NextIterations, need. The graph is sorted. */
static td_status need_all(raise *r, td_node *const *end, size_t n)
{
    memset(r->is_needed, 0, r->g->n_nodes * sizeof *r->is_needed);
    for (size_t i = 0; i < n; i++) {
        TD_TRY(need_edge(r, end[i], &end[i]->in[0]));
        need_order(r, end[i]);
    }
    for (size_t i = r->g->n_nodes; i > 0; i--) {
        const td_node *const node = r->g->nodes[i - 1];

        if (!r->is_needed[node->id]) continue;
        r->has_state = r->has_state || (node->op->flags & TD_OP_STATEFUL);
        for (uint32_t k = 0; k < node->n_in; k++)
            TD_TRY(need_edge(r, node, &node->in[k]));
        need_order(r, node);
    }
    return NULL;
}

/* ---------------------------------------------------------------- functions */

static td_status add_arg(raise *r, td_graph *to, td_edge like)
{
    td_node *const arg = td_graph_add(to, td_arena_format(r->p->arena, "arg%zu", to->n_args), "_Arg", 0, 2);
    const td_dtype type = like.node->out_type[like.index];

    td_node_add_attr(to, arg, "T", (td_attr_value){ .kind = TD_ATTR_TYPE, .u.type = type });
    td_node_add_attr(to, arg, "index", (td_attr_value){ .kind = TD_ATTR_INT, .u.i = (int64_t)to->n_args });
    to->args[to->n_args++] = arg;
    return td_node_bind(arg, r->p->arena);
}

static td_status add_args(raise *r, td_graph *to)
{
    to->args = TD_ARENA_NEW_N(r->p->arena, td_node *, r->frame->n_vars + r->n_outside);
    for (uint32_t i = 0; i < r->frame->n_vars; i++)
        TD_TRY(add_arg(r, to, (td_edge){ r->vars[i]->merge, 0, NULL }));
    for (uint32_t i = 0; i < r->n_outside; i++)
        TD_TRY(add_arg(r, to, r->outside[i]));
    return NULL;
}

static td_edge copied_edge(raise *r, const td_graph *to, const td_edge *e)
{
    const td_loop_var *const var = var_of(r, e);

    if (var) return (td_edge){ to->args[var->index], 0, NULL };
    if (is_copied(r, e->node)) return (td_edge){ r->copies[e->node->id], e->index, NULL };
    return (td_edge){ to->args[r->frame->n_vars + outside_index(r, entered(r, *e))], 0, NULL };
}

static void copy_node(raise *r, td_graph *to, const td_node *n)
{
    td_node *const copy = td_graph_add(to, n->name, n->op_name, n->n_in, n->n_attrs);

    copy->op = n->op;
    copy->device = n->device;
    copy->n_out = n->n_out;
    copy->out_type = n->out_type;
    for (uint32_t i = 0; i < n->n_attrs; i++)
        td_node_add_attr(to, copy, n->attrs[i].name, n->attrs[i].value);
    for (uint32_t i = 0; i < n->n_in; i++)
        copy->in[i] = copied_edge(r, to, &n->in[i]);
    for (uint32_t i = 0; i < n->n_ctrl; i++)
        if (is_inside(r, n->ctrl[i])) td_node_add_ctrl(to, copy, r->copies[n->ctrl[i]->id]);
    r->copies[n->id] = copy;
}

static void add_results(raise *r, td_graph *to, td_node *const *end, size_t n)
{
    size_t order = 0;

    for (size_t i = 0; i < n; i++)
        order += end[i]->n_ctrl;
    to->rets = TD_ARENA_NEW_N(r->p->arena, td_edge, n + r->n_outside);
    to->ctrl_rets = TD_ARENA_NEW_N(r->p->arena, td_node *, order);
    for (size_t i = 0; i < n; i++) {
        to->rets[to->n_rets++] = copied_edge(r, to, &end[i]->in[0]);
        for (uint32_t k = 0; k < end[i]->n_ctrl; k++)
            if (is_inside(r, end[i]->ctrl[k]))
                to->ctrl_rets[to->n_ctrl_rets++] = r->copies[end[i]->ctrl[k]->id];
    }
}

/* The function whose values are those that `end` takes. Its name is registered. */
static td_status cut_out(raise *r, const char *part, td_node *const *end, size_t n, td_graph **out)
{
    const char *const name = td_arena_format(r->p->arena, "%s/%s/%u", r->frame->name, part, r->p->n_raised++);
    td_graph *const to = td_graph_make(r->p->arena, name);

    TD_TRY(need_all(r, end, n));
    TD_TRY(td_budget_take(r->p->env ? r->p->env->budget : NULL, TD_BUDGET_NODES, r->g->n_nodes, name));
    TD_TRY(add_args(r, to));
    for (size_t i = 0; i < r->g->n_nodes; i++)
        if (r->is_needed[i]) copy_node(r, to, r->g->nodes[i]);
    add_results(r, to, end, n);
    td_pass_add_body(r->p, name, to);
    *out = to;
    return NULL;
}

/* ---------------------------------------------------------------- the While node */

static td_status make_functions(raise *r, td_graph **cond, td_graph **body)
{
    const uint32_t n = r->frame->n_vars;
    td_node **const next = TD_ARENA_NEW_N(r->p->arena, td_node *, n);

    for (uint32_t i = 0; i < n; i++)
        next[i] = r->vars[i]->next;
    TD_TRY(need_all(r, &r->frame->cond, 1)); /* both have all arguments of either */
    TD_TRY(need_all(r, next, n));
    TD_TRY(cut_out(r, "cond", &r->frame->cond, 1, cond));
    TD_TRY(cut_out(r, "body", next, n, body));
    for (uint32_t i = 0; i < r->n_outside; i++)
        (*body)->rets[(*body)->n_rets++] = (td_edge){ (*body)->args[n + i], 0, NULL };
    return NULL;
}

static td_status make_while(raise *r, const td_graph *cond, const td_graph *body, td_node **out)
{
    const uint32_t n = r->frame->n_vars + r->n_outside;
    td_edge *const in = TD_ARENA_NEW_N(r->p->arena, td_edge, n);
    td_attr_value *const types = TD_ARENA_NEW_N(r->p->arena, td_attr_value, n);

    for (uint32_t i = 0; i < n; i++) {
        in[i] = i < r->frame->n_vars ? r->vars[i]->enter->in[0] : r->outside[i - r->frame->n_vars];
        types[i] = (td_attr_value){ .kind = TD_ATTR_TYPE, .u.type = body->args[i]->out_type[0] };
    }
    const td_attr attrs[] = {
        { "T", { .kind = TD_ATTR_LIST, .u.list = { types, n } } },
        { "cond", { .kind = TD_ATTR_FUNC, .u.func = cond->name } },
        { "body", { .kind = TD_ATTR_FUNC, .u.func = body->name } },
    };

    TD_TRY(td_pass_node(r->p, r->g, r->frame->name, r->has_state ? "While" : "StatelessWhile", in, n, attrs,
                        TD_COUNT(attrs), out));
    for (uint32_t i = 0; i < r->n_before; i++)
        td_node_add_ctrl(r->g, *out, r->before[i]);
    td_loop_frames_put(r->p, *out, r->frame->parent);
    return NULL;
}

/* Which variable an Exit of the loop gives; NULL: it is none. */
static const td_loop_var *exit_var(const raise *r, const td_node *n)
{
    const td_loop_var *const var = td_node_is(n, "Exit") ? td_loop_place_of(n->in[0].node)->var : NULL;
    return var && var->frame == r->frame && td_node_is(n->in[0].node, "Switch") ? var : NULL;
}

/* Who uses an Exit uses the While. */
static void use_while(const raise *r, td_node *loop)
{
    for (size_t i = 0; i < r->g->n_nodes; i++) {
        td_node *const n = r->g->nodes[i];

        for (uint32_t k = 0; k < n->n_in; k++) {
            const td_loop_var *const var = exit_var(r, n->in[k].node);
            if (var) n->in[k] = (td_edge){ loop, var->index, NULL };
        }
        for (uint32_t k = 0; k < n->n_ctrl; k++)
            if (exit_var(r, n->ctrl[k])) n->ctrl[k] = loop;
    }
    for (size_t i = 0; i < r->g->n_rets; i++) {
        const td_loop_var *const var = exit_var(r, r->g->rets[i].node);
        if (var) r->g->rets[i] = (td_edge){ loop, var->index, NULL };
    }
    for (size_t i = 0; i < r->g->n_ctrl_rets; i++)
        if (exit_var(r, r->g->ctrl_rets[i])) r->g->ctrl_rets[i] = loop;
}

/* ---------------------------------------------------------------- loops */

/* Switches that the condition of the loop decides are its own. */
static td_status find_switches(raise *r)
{
    for (size_t i = 0; i < r->g->n_nodes; i++) {
        td_node *const n = r->g->nodes[i];

        if (!td_node_is(n, "Switch") || n->in[1].node != r->frame->cond) continue;
        const td_loop_var *const var = var_of(r, &n->in[0]);

        if (!var)
            return TD_ERR(INVALID_ARGUMENT, "node %s: a loop's Switch needs a Merge of loop %s", n->name,
                          r->frame->name);
        td_loop_place_of(n)->var = r->vars[var->index];
    }
    return NULL;
}

static void list_vars(raise *r)
{
    r->vars = TD_ARENA_NEW_N(r->p->arena, td_loop_var *, r->frame->n_vars);
    for (td_loop_var *v = r->frame->vars; v; v = v->next_var)
        r->vars[v->index] = v;
}

/* The NextIterations of a loop that is raised are nobody's roots any more. */
static void forget(td_loop_frames *f, const td_loop_frame *frame)
{
    size_t kept = 0;

    for (size_t i = 0; i < f->n_next; i++)
        if (td_loop_place_of(f->next[i])->frame != frame) f->next[kept++] = f->next[i];
    f->n_next = kept;
}

static td_status raise_loop(td_pass *p, td_graph *g, td_loop_frames *f, td_loop_frame *frame)
{
    raise r = { .p = p, .g = g, .frame = frame };
    td_graph *cond, *body;
    td_node *loop;

    if (!frame->cond) return TD_ERR(INVALID_ARGUMENT, "loop %s has no condition (LoopCond)", frame->name);
    list_vars(&r);
    r.is_needed = TD_NEW_N(bool, g->n_nodes);
    r.copies = TD_NEW_N(td_node *, g->n_nodes);
    td_status s = find_switches(&r);
    if (!s) s = make_functions(&r, &cond, &body);
    if (!s) s = make_while(&r, cond, body, &loop);
    if (!s) use_while(&r, loop);
    td_free(r.is_needed);
    td_free(r.copies);
    td_free(r.outside);
    td_free(r.before);
    if (s) return s;
    forget(f, frame);
    return td_loop_frames_sort(p, g, f);
}

static td_loop_frame *deepest(const td_loop_frames *f, const td_loop_frame *below)
{
    td_loop_frame *found = NULL;

    for (td_loop_frame *x = f->first; x; x = x->next_frame)
        if ((!below || x->depth < below->depth) && (!found || x->depth > found->depth)) found = x;
    return found;
}

/* Loops of one depth are not within each other. */
static td_status raise_all(td_pass *p, td_graph *g, td_loop_frames *f)
{
    for (const td_loop_frame *level = deepest(f, NULL); level; level = deepest(f, level))
        for (td_loop_frame *x = f->first; x; x = x->next_frame)
            if (x->depth == level->depth) TD_TRY(raise_loop(p, g, f, x));
    return NULL;
}

static const td_node *leftover(const td_graph *g)
{
    static const char *const ops[] = { "Enter", "Exit", "NextIteration", "LoopCond" };

    for (size_t i = 0; i < g->n_nodes; i++)
        for (size_t k = 0; k < TD_COUNT(ops); k++)
            if (td_node_is(g->nodes[i], ops[k])) return g->nodes[i];
    return NULL;
}

td_status td_pass_raise(td_pass *p, td_graph *g)
{
    td_loop_frames f;

    if (!leftover(g)) return NULL;
    TD_TRY(td_loop_frames_find(p, g, &f));
    TD_TRY(raise_all(p, g, &f));
    const td_node *const n = leftover(g);

    for (size_t i = 0; i < g->n_nodes; i++)
        g->nodes[i]->mark = NULL;
    if (n) return TD_ERR(INVALID_ARGUMENT, "node %s: a loop that is not well-formed", n->name);
    return NULL;
}
