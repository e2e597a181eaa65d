/* SPDX-License-Identifier: Apache-2.0 */
/* rows_proof.c -- see rows_proof.h.
 *
 * A program's steps are walked once in their order with what is known of their inputs: shapes and small values as
 * infer.h finds them, for three numbers of rows side by side, and the rows by the rules of ops/rows. Branches are both
 * walked and joined; a loop is walked until its variables stay what they are. Nothing is run but what a plan would
 * work out, too.
 */
#include "exec/rows_proof.h"

#include <string.h>

#include "base/macros.h"
#include "base/vec.h"
#include "exec/infer.h"
#include "exec/region.h"

enum { MAX_STEPS = 1 << 17, MAX_ROUNDS = 32 };

typedef struct prover {
    td_arena *arena;   /* texts, and elements while the proof lasts */
    td_arena *scratch; /* of one step */
    td_vec owned;      /* td_buffer *: of what was worked out */
    size_t known[TD_ROWS_SIZES];
    int left;           /* steps */
    const char *effect; /* the first that is not the rows' own */
} prover;

/* One program's walk. */
typedef struct walk {
    prover *p;
    td_program *prog;
    td_arena *memory;
    td_inference inf[TD_ROWS_SIZES];
    td_rows *rows; /* by value */
} walk;

static void prove(prover *p, td_program *prog, const td_fact *args, td_fact *rets);

static const char *blame(prover *p, const td_step *s, const char *text)
{
    return td_arena_format(p->arena, "node %s (%s) %s", s->node, s->op->name, text);
}

static td_fact fact_of(const walk *w, uint32_t v)
{
    td_fact f = { .rows = w->rows[v] };

    for (int s = 0; s < TD_ROWS_SIZES; s++) {
        f.at[s] = w->inf[s].values[v];
        f.at[s].buffer = NULL;
    }
    return f;
}

static void set_fact(walk *w, uint32_t v, const td_fact *f)
{
    if (v == UINT32_MAX) return;
    w->rows[v] = f->rows;
    for (int s = 0; s < TD_ROWS_SIZES; s++) {
        w->inf[s].values[v].shape = f->at[s].shape;
        w->inf[s].values[v].data = f->at[s].data;
    }
}

static void mix_outputs(walk *w, const td_step *s, const char *why)
{
    for (uint32_t i = 0; i < s->n_out; i++)
        if (s->out[i] != UINT32_MAX) w->rows[s->out[i]] = (td_rows){ .kind = TD_ROWS_MIXED, .why = why };
}

static const char *find_mixed(const walk *w, const td_step *s)
{
    for (uint32_t i = 0; i < s->n_in; i++)
        if (w->rows[s->in[i]].kind == TD_ROWS_MIXED) return w->rows[s->in[i]].why;
    return NULL;
}

static void note_effect(prover *p, const char *why)
{
    if (!p->effect) p->effect = why;
}

/* ---------------------------------------------------------------- branches and loops */

static td_fact *inputs_of(const walk *w, const td_step *s, uint32_t first)
{
    td_fact *const f = TD_ARENA_NEW_N(w->memory, td_fact, s->n_in + 1);

    for (uint32_t i = first; i < s->n_in; i++)
        f[i - first] = fact_of(w, s->in[i]);
    return f;
}

/* Whether, or how often, hangs on the rows: so do the results, and what the bodies do beyond them. */
static void refuse_flow(walk *w, const td_step *s, const td_rows *condition)
{
    const char *const why = condition->kind == TD_ROWS_MIXED
                                ? condition->why
                                : blame(w->p, s, "decides by what rows hold or how many");

    mix_outputs(w, s, why);
    if (s->op->flags & TD_OP_STATEFUL) note_effect(w->p, why);
}

static void walk_branches(walk *w, const td_step *s)
{
    const td_rows *const condition = &w->rows[s->in[0]];
    td_fact *const args = inputs_of(w, s, 1);
    td_fact *const all = TD_ARENA_NEW_N(w->memory, td_fact, s->n_out + 1);
    td_fact *const rets = TD_ARENA_NEW_N(w->memory, td_fact, s->n_out + 1);
    const char *const why = blame(w->p, s, "has branches that do unlike things to the rows");

    if (condition->kind != TD_ROWS_SAME) {
        refuse_flow(w, s, condition);
        return;
    }
    for (uint32_t r = 0; r < s->n_regions; r++) {
        prove(w->p, td_region_program(s->regions[r]), args, rets);
        for (uint32_t i = 0; i < s->n_out; i++)
            (void)td_fact_join(&all[i], &rets[i], why);
    }
    for (uint32_t i = 0; i < s->n_out; i++)
        set_fact(w, s->out[i], &all[i]);
}

/* One round; returns whether it changed what is known of the variables. False, too, when it goes no further. */
static bool walk_round(walk *w, const td_step *s, td_fact *vars, td_rows *condition)
{
    td_fact *const rets = TD_ARENA_NEW_N(w->memory, td_fact, s->n_out + 1);
    const char *const why = blame(w->p, s, "does unlike things to the rows from round to round");
    td_fact goes_on;
    bool changed = false;

    prove(w->p, td_region_program(s->regions[0]), vars, &goes_on);
    *condition = goes_on.rows;
    if (condition->kind != TD_ROWS_SAME) return false;
    prove(w->p, td_region_program(s->regions[1]), vars, rets);
    for (uint32_t i = 0; i < s->n_out; i++)
        changed = td_fact_join(&vars[i], &rets[i], why) || changed;
    return changed;
}

static void walk_loop(walk *w, const td_step *s)
{
    td_fact *const vars = inputs_of(w, s, 0);
    td_rows condition = { .kind = TD_ROWS_SAME };
    int rounds = 0;

    while (rounds < MAX_ROUNDS && !w->p->effect && walk_round(w, s, vars, &condition))
        rounds++;
    if (rounds == MAX_ROUNDS || condition.kind != TD_ROWS_SAME) {
        refuse_flow(w, s, &condition);
        return;
    }
    for (uint32_t i = 0; i < s->n_out; i++)
        set_fact(w, s->out[i], &vars[i]);
}

/* Either side may be the dead one. */
static void walk_switch(walk *w, const td_step *s)
{
    const td_fact data = fact_of(w, s->in[0]);
    const td_rows *const condition = &w->rows[s->in[1]];

    if (condition->kind != TD_ROWS_SAME) {
        refuse_flow(w, s, condition);
        return;
    }
    for (uint32_t i = 0; i < s->n_out; i++)
        set_fact(w, s->out[i], &data);
}

static void walk_merge(walk *w, const td_step *s)
{
    td_fact all = { 0 }, index = { .rows = td_rows_same(TD_ROWS_OPAQUE) };
    const char *const why = blame(w->p, s, "has branches that do unlike things to the rows");

    for (uint32_t i = 0; i < s->n_in; i++) {
        const td_fact f = fact_of(w, s->in[i]);
        (void)td_fact_join(&all, &f, why);
    }
    set_fact(w, s->out[0], &all);
    set_fact(w, s->out[1], &index);
}

/* True: the step was one of control flow. */
static bool walk_flow(walk *w, const td_step *s)
{
    if (td_step_is(s, "While") || td_step_is(s, "StatelessWhile"))
        walk_loop(w, s);
    else if (td_step_is(s, "For"))
        refuse_flow(w, s, &w->rows[s->in[0]]);
    else if (s->n_regions > 0)
        walk_branches(w, s);
    else if (td_step_is(s, "Switch"))
        walk_switch(w, s);
    else if (td_step_is(s, "Merge"))
        walk_merge(w, s);
    else
        return false;
    return true;
}

/* ---------------------------------------------------------------- other steps */

/* An Assert of what is known to be true is none, and one of what all rows have in common fails for each of them alone,
 * too. */
static void check_assert(walk *w, const td_step *s)
{
    const td_fact condition = fact_of(w, s->in[0]);
    bool is_true = true;

    for (int k = 0; k < TD_ROWS_SIZES; k++)
        is_true = is_true && condition.at[k].data && td_tensor_bytes(&condition.at[k]) == 1 &&
                  *(const bool *)condition.at[k].data;
    if (!is_true && condition.rows.kind != TD_ROWS_SAME)
        note_effect(w->p, blame(w->p, s, "asserts something of the rows"));
}

static bool has_list(const walk *w, const td_step *s)
{
    for (uint32_t i = 0; i < s->n_in; i++)
        if (w->rows[s->in[i]].is_list) return true;
    for (uint32_t i = 0; i < s->n_out; i++)
        if (s->out[i] != UINT32_MAX && w->prog->values[s->out[i]].dtype == TD_VARIANT) return true;
    return false;
}

/* Of plain inputs that all have one of these kinds. */
static bool are_all(const td_rows_call *c, unsigned kinds)
{
    for (uint32_t i = 0; i < c->n_in; i++)
        if (!(kinds >> c->in[i].kind & 1)) return false;
    return true;
}

static void put_same(td_rows_call *c, const td_rows_op *op)
{
    td_rows_sized sized = td_rows_most_sized(c, 0, c->n_in);

    if (sized && !(op && op->counts)) sized = TD_ROWS_OPAQUE; /* who knows what becomes of the sizes */
    td_rows_all_out(c, td_rows_same(sized));
}

/* Arithmetic with the number of rows: by inputs that may hold it, with parameters that hang on nothing. */
static bool put_count(td_rows_call *c, const td_rows_op *op)
{
    if (!op || !op->counts) return false;
    for (uint32_t i = 0; i < c->n_in; i++) {
        const bool may_count = i >= 64 || (op->counts >> i & 1) != 0;

        if (!may_count && (c->in[i].kind == TD_ROWS_COUNT || c->in[i].sized)) return false;
    }
    td_rows_all_out(c, (td_rows){ .kind = TD_ROWS_COUNT, .sized = td_rows_most_sized(c, 0, c->n_in) });
    return true;
}

/* What the step makes of its inputs, as far as rules say. NULL: c->out is filled. */
static const char *apply(walk *w, const td_step *s, td_rows_call *c)
{
    const td_rows_op *const op = td_rows_op_of(s->op);
    const unsigned same = 1U << TD_ROWS_SAME, count = 1U << TD_ROWS_COUNT;
    const bool is_plain = (op || !(s->op->flags & TD_OP_STATEFUL)) && !has_list(w, s);

    if (is_plain && are_all(c, same)) {
        put_same(c, op);
        return NULL;
    }
    if (is_plain && are_all(c, same | count) && put_count(c, op)) return NULL;
    if (!op) return "is not known to keep rows apart";
    return op->rule(c);
}

static void finish(walk *w, const td_step *s, const td_rows_call *c, const char *why)
{
    if (why) {
        mix_outputs(w, s, blame(w->p, s, why));
        return;
    }
    for (uint32_t i = 0; i < s->n_out; i++) {
        if (s->out[i] == UINT32_MAX) continue;
        td_fact f = fact_of(w, s->out[i]);

        f.rows = c->out[i];
        td_fact_check(&f);
        if (f.rows.kind == TD_ROWS_MIXED) f.rows.why = blame(w->p, s, f.rows.why);
        set_fact(w, s->out[i], &f);
    }
}

static bool is_open(const walk *w, const td_step *s)
{
    for (uint32_t i = 0; i < s->n_in; i++)
        if (w->rows[s->in[i]].kind == TD_ROWS_NONE && !w->rows[s->in[i]].is_list) return true;
    return false;
}

/* A state or an effect that no rule is known for. */
static const char *refuse_effect(const walk *w, const td_step *s)
{
    if (!(s->op->flags & TD_OP_STATEFUL) || td_rows_op_of(s->op)) return NULL;
    return blame(w->p, s,
                 s->op->flags & TD_OP_ASSIGNS ? "changes a variable or a table"
                                              : "has a state, or does something besides its answer");
}

static void walk_plain(walk *w, const td_step *s)
{
    td_rows_call c = { .node = s->source,
                       .n_in = s->n_in,
                       .n_out = s->n_out,
                       .out = TD_ARENA_NEW_N(w->p->scratch, td_rows, s->n_out + 1),
                       .arena = w->p->arena };
    td_rows *const in = TD_ARENA_NEW_N(w->p->scratch, td_rows, s->n_in + 1);
    const char *const mixed = find_mixed(w, s), *const effect = refuse_effect(w, s);

    for (uint32_t i = 0; i < s->n_in; i++)
        in[i] = w->rows[s->in[i]];
    for (int k = 0; k < TD_ROWS_SIZES; k++) {
        (void)td_infer_step(&w->inf[k], s);
        c.at[k] = &w->inf[k].call;
    }
    c.in = in;
    if (td_step_is(s, "Assert")) {
        check_assert(w, s);
    } else if (effect) {
        note_effect(w->p, effect);
        mix_outputs(w, s, effect);
    } else if (mixed) {
        mix_outputs(w, s, mixed);
    } else {
        finish(w, s, &c, apply(w, s, &c));
    }
}

static void walk_step(walk *w, const td_step *s)
{
    if (is_open(w, s)) return;
    if (w->p->left-- <= 0) {
        note_effect(w->p, "its graph is too large to look for who mixes rows");
        return;
    }
    if (!walk_flow(w, s)) walk_plain(w, s);
    td_arena_reset(w->p->scratch);
}

/* ---------------------------------------------------------------- programs */

static void open_walk(walk *w, prover *p, td_program *prog, const td_fact *args)
{
    *w = (walk){ .p = p, .prog = prog, .memory = td_arena_make() };
    w->rows = TD_ARENA_NEW_N(w->memory, td_rows, prog->n_values + 1);
    for (int s = 0; s < TD_ROWS_SIZES; s++) {
        td_inference *const inf = &w->inf[s];

        *inf = (td_inference){ .prog = prog, .arena = p->arena, .scratch = p->scratch, .known = p->known[s] };
        inf->values = TD_ARENA_NEW_N(w->memory, td_tensor, prog->n_values + 1);
        memcpy(inf->values, prog->values, prog->n_values * sizeof *inf->values);
    }
    for (size_t v = 0; v < prog->n_values; v++)
        if (prog->is_const[v]) w->rows[v] = td_rows_same(TD_ROWS_UNSIZED);
    for (size_t i = 0; i < prog->n_args; i++)
        set_fact(w, prog->args[i], &args[i]);
}

/* Elements that were worked out may be in facts of other walks. */
static void close_walk(walk *w)
{
    for (int s = 0; s < TD_ROWS_SIZES; s++) {
        w->p->known[s] = TD_MAX(w->p->known[s], w->inf[s].known);
        for (size_t v = 0; v < w->prog->n_values; v++)
            if (w->inf[s].values[v].buffer)
                *(td_buffer **)td_vec_push(&w->p->owned) = w->inf[s].values[v].buffer;
    }
    td_arena_free(w->memory);
}

static void check_time(prover *p, td_budget *budget)
{
    const td_status s = td_budget_check(budget);

    if (s) note_effect(p, "there was no time left to look for who mixes rows");
    td_status_free(s);
}

static void prove(prover *p, td_program *prog, const td_fact *args, td_fact *rets)
{
    walk w;

    check_time(p, prog->env->budget);
    open_walk(&w, p, prog, args);
    for (size_t i = 0; i < prog->n_steps && !p->effect; i++)
        walk_step(&w, &prog->steps[i]);
    for (size_t i = 0; i < prog->n_rets; i++)
        rets[i] = fact_of(&w, prog->rets[i]);
    close_walk(&w);
}

const char *td_rows_proof(td_program *prog, const td_fact *args, td_fact *rets, td_arena *arena)
{
    prover p = {
        .arena = arena, .scratch = td_arena_make(), .owned = TD_VEC(td_buffer *), .left = MAX_STEPS
    };

    prove(&p, prog, args, rets);
    for (size_t i = 0; i < prog->n_rets; i++)
        for (int s = 0; s < TD_ROWS_SIZES; s++)
            rets[i].at[s].data = NULL;
    for (size_t i = 0; i < p.owned.size; i++)
        td_buffer_unref(*TD_VEC_AT(&p.owned, td_buffer *, i));
    td_vec_fini(&p.owned);
    td_arena_free(p.scratch);
    return p.effect;
}
