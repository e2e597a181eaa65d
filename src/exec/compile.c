/* SPDX-License-Identifier: Apache-2.0 */
/* compile.c -- from a graph to a program: the passes, then steps and numbered values, then the bodies of its
 * control flow as programs of their own.
 *
 * Arguments of a body that are known constants when it is made (weights that a loop hands through) become constants
 * of the body, so its kernels can pack them; callers still hand all values over.
 */
#include "exec/compile.h"

#include <string.h>

#include "base/mem.h"
#include "exec/cache.h"
#include "exec/region.h"
#include "ops/resources.h"
#include "ops/signature.h"

/* ---------------------------------------------------------------- passes */

/* The function's body, resolved, inlined, ready for td_program_make(). */
static td_status make_body(td_pass *p, const char *name, td_graph **out)
{
    td_graph *g;

    TD_TRY(td_pass_body(p, name, &g));
    TD_TRY(td_pass_inline(p, g));
    TD_TRY(td_pass_deref(p, g));
    TD_TRY(td_pass_gate(p, g));
    *out = g;
    return NULL;
}

/* ---------------------------------------------------------------- regions of one node */

static td_status set_consts(td_pass *p, td_graph *g, const td_tensor *const *consts, size_t n)
{
    for (size_t i = 0; i < n && i < g->n_args; i++) {
        if (!consts || !consts[i]) continue;
        td_tensor value = *consts[i];

        value.buffer = NULL; /* the model keeps it already */
        td_node *const node = td_pass_const(p, g, g->args[i]->name, value);
        td_pass_replace(g, (td_edge){ g->args[i], 0, NULL }, (td_edge){ node, 0, NULL });
    }
    return NULL;
}

/* Bodies within bodies, as deep as real models go; a body that contains itself goes deeper. */
enum { MAX_DEPTH = 64 };

static td_status make_program(td_pass *p, const char *name, const td_tensor *const *consts, size_t n_consts,
                              bool serve, td_program **out)
{
    td_graph *g;

    if (p->region_depth >= MAX_DEPTH)
        return TD_ERR(INVALID_ARGUMENT, "function %s: control flow nests deeper than %d", name, MAX_DEPTH);
    TD_TRY(make_body(p, name, &g));
    TD_TRY(set_consts(p, g, consts, n_consts));
    p->region_depth++;
    const td_status s = td_program_make(p, g, serve, out);
    p->region_depth--;
    return s;
}

/* Small constants by their elements: a body that is read twice has them twice. */
static void put_const(td_strbuf *key, const td_tensor *t)
{
    enum { SMALL = 64 };
    const size_t bytes = td_tensor_bytes(t);
    const int32_t head[] = { (int32_t)t->dtype, t->shape.rank };

    td_strbuf_add(key, head, sizeof head);
    for (int i = 0; i < t->shape.rank; i++)
        td_strbuf_add(key, &t->shape.dims[i], sizeof t->shape.dims[i]);
    if (bytes <= SMALL && t->dtype != TD_STRING)
        td_strbuf_add(key, t->data, bytes);
    else
        td_strbuf_add(key, &t->data, sizeof t->data);
}

/* What a region is made of: the same bodies are compiled once, however often they are named. */
static void put_key(td_strbuf *key, const char *name, const td_tensor *const *consts, size_t n, bool serve)
{
    td_strbuf_printf(key, "%s|%d|", name, serve);
    for (size_t i = 0; consts && i < n; i++) {
        if (!consts[i]) continue;
        td_strbuf_add(key, &i, sizeof i);
        put_const(key, consts[i]);
    }
}

static td_status make_new_region(td_pass *p, const char *name, const td_tensor *const *consts,
                                 size_t n_consts, bool serve, td_region **out)
{
    td_program *prog;

    TD_TRY(td_budget_take(p->env->budget, TD_BUDGET_BODIES, 1, name));
    TD_TRY(make_program(p, name, consts, n_consts, serve, &prog));
    *out = td_region_make(p->arena, prog);
    return NULL;
}

/* The body of function `name` as a region. consts[i] (NULL: none) are arguments known to be constant. */
static td_status make_region(td_pass *p, const char *name, const td_tensor *const *consts, size_t n_consts,
                             bool serve, td_region **out)
{
    td_strbuf key = { 0 };
    td_status s = NULL;

    put_key(&key, name, consts, n_consts, serve);
    td_region *r = td_map_get_n(&p->bodies, td_strbuf_text(&key), key.size);

    if (r)
        r->refs++;
    else
        s = make_new_region(p, name, consts, n_consts, serve, &r);
    /* what lacks ops is compiled again, to say so again */
    if (!s && r->refs == 1 && !p->missing.size) {
        char *const kept = td_arena_strndup(p->arena, td_strbuf_text(&key), key.size);

        r->refs++;
        (void)td_map_put_n(&p->bodies, kept, key.size, r);
    }
    td_strbuf_fini(&key);
    if (!s) *out = r;
    return s;
}

static bool is_loop(const td_node *n)
{
    return td_node_is(n, "While") || td_node_is(n, "StatelessWhile");
}

/* The first input that is a body's argument: those of branches come after a condition; of For, whose body takes a counter
 * first, the one in its place. */
static uint32_t first_arg(const td_node *n)
{
    return is_loop(n) || td_node_is(n, "BatchFunction") ? 0 : td_node_is(n, "For") ? 2 : 1;
}

/* The first input that bodies get as it is: a BatchFunction pads and cuts what it batches. */
static uint32_t first_plain(const td_node *n)
{
    const td_attr_value *const batched = td_node_is(n, "BatchFunction") ? td_node_attr(n, "Tin") : NULL;

    return batched ? (uint32_t)batched->u.list.count : first_arg(n);
}

/* Does the body hand argument `arg` through unchanged, so that it keeps its first value? */
static bool is_invariant(const td_graph *body, uint32_t arg)
{
    if (arg >= body->n_rets || arg >= body->n_args) return false;
    const td_node *from = body->rets[arg].node;

    while (td_node_is(from, "Identity"))
        from = from->in[0].node;
    return from == body->args[arg];
}

/* Which inputs of n are constants for its bodies; consts[] lines up with the bodies' arguments. */
static td_status find_consts(td_pass *p, const td_node *n, const td_tensor **consts)
{
    const uint32_t first = first_arg(n);
    td_graph *body = NULL;

    for (uint32_t i = first_plain(n); i < n->n_in; i++) {
        const td_tensor *const value = td_edge_const(&n->in[i]);

        if (!value) continue;
        if (is_loop(n) && !body) TD_TRY(make_body(p, td_node_attr(n, "body")->u.func, &body));
        if (!body || is_invariant(body, i)) consts[i - first] = value;
    }
    return NULL;
}

static td_status make_regions(td_pass *p, const td_node *n, bool serve, td_step *s)
{
    const char *at = n->op->attrs;
    const uint32_t first = first_arg(n);
    /* For's body does not return the counter, so its results are not in the places of its arguments. */
    const bool keeps_places = !td_node_is(n, "For");
    const td_tensor **consts = NULL;

    for (td_sig_attr decl; td_sig_attr_next(&at, &decl);) {
        const bool is_list = decl.kind == TD_ATTR_LIST && decl.item == TD_ATTR_FUNC;

        if (decl.kind != TD_ATTR_FUNC && !is_list) continue;
        char *const name = td_arena_strndup(p->arena, decl.name.data, decl.name.size);
        const td_attr_value *const v = td_node_attr(n, name);
        const size_t count = is_list ? v->u.list.count : 1;
        td_region **const regions = TD_ARENA_NEW_N(p->arena, td_region *, s->n_regions + count);

        if (!consts) {
            consts = TD_ARENA_NEW_N(p->arena, const td_tensor *, n->n_in + 1);
            if (serve && keeps_places && td_env_does(p->env, TD_PASS_body_consts))
                TD_TRY(find_consts(p, n, consts));
        }
        if (s->n_regions) memcpy(regions, s->regions, s->n_regions * sizeof(td_region *));
        s->regions = regions;
        for (size_t k = 0; k < count; k++) {
            const char *const f = is_list ? v->u.list.items[k].u.func : v->u.func;

            TD_TRY(make_region(p, f, consts, n->n_in - first, serve, &s->regions[s->n_regions]));
            s->n_regions++;
        }
    }
    return NULL;
}

/* Do the body's argument and result types fit node n, whose inputs from `first` on are handed over? */
static td_status check_types(const td_region *r, const td_node *n, uint32_t first, bool is_cond)
{
    const td_program *const prog = td_region_program(r);

    if (prog->is_broken) return NULL;
    for (uint32_t i = 0; i < r->n_in; i++) {
        const td_edge *const e = &n->in[i + first];

        if (prog->values[prog->args[i]].dtype != e->node->out_type[e->index] % TD_DTYPE_REF)
            return TD_ERR(INVALID_ARGUMENT, "node %s (op %s): argument %u of %s has another type", n->name,
                          n->op_name, i, prog->name);
    }
    for (uint32_t i = 0; !is_cond && i < r->n_out; i++)
        if (prog->values[prog->rets[i]].dtype != n->out_type[i] % TD_DTYPE_REF)
            return TD_ERR(INVALID_ARGUMENT, "node %s (op %s): result %u of %s has another type", n->name,
                          n->op_name, i, prog->name);
    return NULL;
}

static td_status check_region(const td_node *n, const td_step *s)
{
    const uint32_t first = first_arg(n), n_in = n->n_in - first;

    if (n->n_in < first && s->n_regions > 0)
        return TD_ERR(INVALID_ARGUMENT, "node %s (op %s) has no condition", n->name, n->op_name);
    for (uint32_t r = 0; r < s->n_regions; r++) {
        const uint32_t n_out = is_loop(n) && r == 0 ? 1 : n->n_out;

        if (s->regions[r]->n_in != n_in || s->regions[r]->n_out != n_out)
            return TD_ERR(INVALID_ARGUMENT,
                          "node %s (op %s): body %u takes %u values and returns %u, %u and %u are needed",
                          n->name, n->op_name, r, s->regions[r]->n_in, s->regions[r]->n_out, n_in, n_out);
        TD_TRY(check_types(s->regions[r], n, first, is_loop(n) && r == 0));
    }
    if (td_node_is(n, "Case") && s->n_regions == 0)
        return TD_ERR(INVALID_ARGUMENT, "node %s (op Case) has no branch", n->name);
    return NULL;
}

/* ---------------------------------------------------------------- steps and values */

typedef struct builder {
    td_pass *p;
    td_graph *g;
    td_program *prog;
    uint32_t *first; /* node id -> number of its output 0 */
    bool *is_used;   /* value -> somebody reads it */
    bool serve;
} builder;

static uint32_t value_of(const builder *b, const td_edge *e)
{
    return b->first[e->node->id] + e->index;
}

static void number_values(builder *b)
{
    td_graph *const g = b->g;
    size_t n = 0;

    td_graph_number(g);
    b->first = TD_ARENA_NEW_N(b->p->arena, uint32_t, g->n_nodes + 1);
    for (size_t i = 0; i < g->n_nodes; i++) {
        b->first[i] = (uint32_t)n;
        n += g->nodes[i]->n_out;
    }
    td_program *const prog = b->prog;
    prog->n_values = n;
    prog->values = TD_ARENA_NEW_N(b->p->arena, td_tensor, n + 1);
    prog->is_const = TD_ARENA_NEW_N(b->p->arena, bool, n + 1);
    b->is_used = TD_ARENA_NEW_N(b->p->arena, bool, n + 1);
    for (size_t i = 0; i < g->n_nodes; i++)
        for (uint32_t k = 0; k < g->nodes[i]->n_out; k++) {
            td_tensor *const t = &prog->values[b->first[i] + k];

            t->dtype = g->nodes[i]->out_type[k] % TD_DTYPE_REF;
            t->shape.rank = -1;
        }
    for (size_t i = 0; i < g->n_nodes; i++)
        for (uint32_t k = 0; k < g->nodes[i]->n_in; k++)
            b->is_used[value_of(b, &g->nodes[i]->in[k])] = true;
    for (size_t i = 0; i < g->n_rets; i++)
        b->is_used[value_of(b, &g->rets[i])] = true;
}

static void set_ends(builder *b)
{
    td_graph *const g = b->g;
    td_program *const prog = b->prog;

    prog->n_args = g->n_args;
    prog->n_rets = g->n_rets;
    prog->args = TD_ARENA_NEW_N(b->p->arena, uint32_t, g->n_args + 1);
    prog->rets = TD_ARENA_NEW_N(b->p->arena, uint32_t, g->n_rets + 1);
    for (size_t i = 0; i < g->n_args; i++)
        prog->args[i] = b->first[g->args[i]->id];
    for (size_t i = 0; i < g->n_rets; i++)
        prog->rets[i] = value_of(b, &g->rets[i]);
}

/* What a served program reads had its chance to get a value: the checkpoint and the init op are done with. */
static void note_unset(const builder *b, const td_node *n, const td_step *s)
{
    if (!b->serve || !(n->op->flags & TD_OP_READS) || !b->prog->is_const[s->in[0]]) return;
    const char *const name = td_resource_lacks_value(&b->prog->values[s->in[0]]);

    if (name) td_pass_note_unset(b->p, name);
}

static td_status add_step(builder *b, const td_node *n)
{
    td_program *const prog = b->prog;
    td_step *const s = &prog->steps[prog->n_steps];

    *s = (td_step){ .op = n->op, .node = n->name, .source = n, .n_in = n->n_in, .n_out = n->n_out };
    prog->n_steps++; /* from here on td_program_free() gives back what the step has */
    s->kernel = td_node_kernel(n, TD_DEVICE_CPU);
    if (!s->kernel && !(n->op->flags & TD_OP_ALIAS)) return td_node_no_kernel(n);
    TD_TRY(td_node_parse(n, b->p->arena, &s->attrs));
    s->in = TD_ARENA_NEW_N(b->p->arena, uint32_t, n->n_in + 1);
    s->out = TD_ARENA_NEW_N(b->p->arena, uint32_t, n->n_out + 1);
    for (uint32_t i = 0; i < n->n_in; i++) {
        s->in[i] = value_of(b, &n->in[i]);
        if (i < 64 && prog->is_const[s->in[i]]) s->const_in |= UINT64_C(1) << i;
    }
    for (uint32_t i = 0; i < n->n_out; i++) {
        const uint32_t v = b->first[n->id] + i;

        s->out[i] = (n->op->flags & TD_OP_SKIPS_UNUSED) && !b->is_used[v] ? UINT32_MAX : v;
    }
    note_unset(b, n, s);
    TD_TRY(make_regions(b->p, n, b->serve, s));
    TD_TRY(check_region(n, s));
    prog->has_switch = prog->has_switch || td_node_is(n, "Switch") || td_node_is(n, "Merge");
    prog->has_state = prog->has_state || (n->op->flags & TD_OP_ASSIGNS);
    for (uint32_t r = 0; r < s->n_regions; r++)
        prog->has_state = prog->has_state || s->regions[r]->has_state;
    return NULL;
}

static td_status add_steps(builder *b)
{
    td_graph *const g = b->g;

    b->prog->steps = TD_ARENA_NEW_N(b->p->arena, td_step, g->n_nodes + 1);
    for (size_t i = 0; i < g->n_nodes; i++) {
        const td_node *const n = g->nodes[i];
        const td_tensor *const value = td_node_const(n);

        if (value) {
            const uint32_t v = b->first[n->id];

            b->prog->values[v] = *value;
            b->prog->values[v].buffer = NULL; /* the model keeps it */
            b->prog->is_const[v] = true;
            continue;
        }
        if (td_node_is(n, "_Arg") || td_node_is(n, "NoOp") || td_node_is(n, "ControlTrigger")) continue;
        if (td_node_is(n, "Placeholder") || td_node_is(n, "PlaceholderV2"))
            return TD_ERR(
                INVALID_ARGUMENT,
                "You must feed a value for placeholder tensor '%s' with dtype %s\n\t [[{{node %s}}]]",
                n->name, td_dtype_name(n->out_type[0]), n->name);
        TD_TRY(add_step(b, n));
    }
    return NULL;
}

/* A program that lacks ops is never run: only what its bodies lack is wanted, to say all of it at once. */
static td_status note_bodies(builder *b)
{
    for (size_t i = 0; i < b->g->n_nodes; i++) {
        const td_node *const n = b->g->nodes[i];
        td_step s = { .op = n->op };

        const td_status status = make_regions(b->p, n, b->serve, &s);
        for (uint32_t r = 0; r < s.n_regions; r++)
            s.regions[r]->unref(s.regions[r]);
        TD_TRY(status);
    }
    return NULL;
}

/* What a Switch may leave out, and what is made of it. Steps are in order. */
static void mark_may_die(builder *b)
{
    td_program *const prog = b->prog;

    if (!prog->has_switch) return;
    prog->may_die = TD_ARENA_NEW_N(b->p->arena, bool, prog->n_values + 1);
    for (size_t i = 0; i < prog->n_steps; i++) {
        const td_step *const s = &prog->steps[i];
        bool may_die = strcmp(s->op->name, "Switch") == 0;

        for (uint32_t k = 0; k < s->n_in; k++)
            may_die = may_die || prog->may_die[s->in[k]];
        for (uint32_t k = 0; k < s->n_out; k++)
            if (s->out[k] != UINT32_MAX) prog->may_die[s->out[k]] = may_die;
    }
}

static td_status build(builder *b)
{
    const td_status st = td_pass_settle(b->p, b->g, b->serve);

    b->prog->is_broken = td_pass_note_missing(b->p, b->g); /* that explains any error, too */
    if (st && !b->prog->is_broken) return st;
    td_status_free(st);
    if (b->serve && !b->prog->is_broken) {
        TD_TRY(td_pass_fuse(b->p, b->g));
        TD_TRY(td_pass_narrow(b->p, b->g));
    }
    number_values(b);
    set_ends(b);
    if (b->prog->is_broken) return note_bodies(b);
    TD_TRY(add_steps(b));
    mark_may_die(b);
    return NULL;
}

td_status td_program_make(td_pass *p, td_graph *g, bool serve, td_program **out)
{
    td_program *const prog = TD_ARENA_NEW(p->arena, td_program);
    builder b = { .p = p, .g = g, .prog = prog, .serve = serve };

    prog->name = g->name;
    prog->env = p->env;
    td_cache_init(&prog->cache);
    const td_status s = build(&b);
    if (s) {
        td_program_free(prog);
        return s;
    }
    *out = prog;
    return NULL;
}
