/* SPDX-License-Identifier: Apache-2.0 */
/* rnn.c -- see rnn.h: the walk through the sequence.
 *
 * Threads that share a shard's steps do so without a barrier that one of them could hold up before it has come: a part of a
 * step is whose thread claims it, each thread's own first, and a thread that waits for the others' takes what nobody has begun.
 *
 * 1. claimed of a part is the number of its steps that were begun, done of those that were finished: claimed - done is 0 or 1.
 * 2. A part's step s begins when all parts have done s steps. So two states are enough: who writes state s + 1 over s - 1 has seen
 *    that nobody reads that any more.
 * 3. What a part has in its scratch is seen by whoever claims its next step: done was stored behind it (release), and read before
 *    (acquire).
 */
#include "kernels/rnn/rnn.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "base/spin.h"
#include "device/stop.h"
#include "kernels/rnn/body.h"

enum {
    LINE = 64,
    LEAST_ROWS = 4,        /* fewer make the products read weights for too little */
    SHARD_WORK = 1 << 20,  /* multiply-adds that are worth waking a thread */
    PART_BYTES = 1 << 16,  /* of weights, that a part reads in a step: what waiting for the others is worth */
    CACHE_BYTES = 1 << 20, /* of a layer's weights, which a core keeps */
    PAUSES = 64,           /* between two looks for a part that nobody has begun */
    PATIENCE = 1 << 14,    /* pauses after which the core is somebody else's for a while */
};

const td_rnn_variant td_rnn_variants[] = {
    TD_X86(&td_rnn_isa_, avx512),
    TD_X86(&td_rnn_isa_, avx2),
    TD_PLAIN(&td_rnn_isa_ref),
};

size_t td_rnn_gates(td_rnn_kind kind)
{
    return kind == TD_RNN_LSTM ? 4 : 3;
}

/* ---------------------------------------------------------------- the plan */

typedef struct progress {
    _Alignas(LINE) atomic_size_t claimed;
    _Alignas(LINE) atomic_size_t done;
} progress;

/* How many threads share each step; 1: they take rows instead. */
static size_t parts_of(const td_rnn_ask *a, const td_rnn_plan *p)
{
    const size_t weights = p->body->packed_size(a->kind, a->hidden, a->hidden);
    const size_t threads = (size_t)TD_MAX(a->threads, 1);
    const bool has_rows = a->batch >= threads * LEAST_ROWS;

    if (has_rows && weights <= CACHE_BYTES) return 1;
    return TD_MAX(1, TD_MIN(TD_MIN(threads, p->groups), weights / PART_BYTES));
}

static void cut(td_rnn_plan *p)
{
    const td_rnn_ask *const a = &p->ask;
    const double work = (double)a->steps * (double)a->batch * (double)(td_rnn_gates(a->kind) * a->hidden) *
                        (double)(a->inputs + a->hidden);
    const bool is_worth = a->threads > 1 && work >= 2.0 * SHARD_WORK;
    size_t n = 1;

    p->parts = is_worth ? parts_of(a, p) : 1;
    if (is_worth && p->parts == 1) n = TD_MIN((size_t)a->threads, td_div_up(a->batch, LEAST_ROWS));
    n = TD_MAX(n, td_div_up(a->batch, p->body->most_rows));
    p->shard_rows = n ? td_div_up(a->batch, n) : 0;
    p->shards = p->shard_rows ? td_div_up(a->batch, p->shard_rows) : 0;
    p->chunk = p->shard_rows ? TD_MAX(1, TD_MIN(a->steps, p->body->chunk_rows / p->shard_rows)) : 1;
}

static size_t floats(size_t n)
{
    return td_round_up(n * sizeof(float), LINE);
}

td_rnn_plan td_rnn_plan_make(const td_rnn_ask *ask)
{
    td_rnn_plan p = { .ask = *ask, .body = td_rnn_body_choose(ask) };

    p.gates = td_rnn_select(ask->cpu)->gates[ask->kind];
    p.gemm = td_gemm_select(ask->cpu);
    p.tiles = td_amx_select(ask->cpu);
    p.round = td_bf16_round_select(ask->cpu);
    p.groups = td_rnn_groups(ask->hidden);
    p.width = td_rnn_gates(ask->kind) * TD_RNN_GROUP;
    cut(&p);
    const td_rnn_needs needs = p.body->needs(&p);
    p.own_bytes = needs.has_own ? floats(p.shard_rows * p.width) : 0;
    p.body_bytes = td_round_up(needs.part, LINE);
    p.at_bias = p.parts * sizeof(progress);
    p.at_sums = p.at_bias + 2 * floats(p.groups * p.width);
    p.at_own = p.at_sums + floats(p.groups * p.chunk * p.shard_rows * p.width);
    p.at_h = p.at_own + p.parts * p.own_bytes;
    p.at_body = p.at_h + 2 * floats(p.shard_rows * ask->hidden);
    p.at_shared = p.at_body + p.parts * p.body_bytes;
    p.shard_bytes = p.at_shared + td_round_up(needs.shared, LINE);
    return p;
}

/* ---------------------------------------------------------------- a part of a step */

/* One shard. */
typedef struct walk {
    const td_rnn *r;
    size_t row0, rows;
    char *scratch;
} walk;

static float *floats_at(const walk *w, size_t at)
{
    return (float *)(void *)(w->scratch + at);
}

static td_rnn_part part_of(const walk *w, size_t number)
{
    const td_rnn_plan *const p = w->r->plan;
    float *const bias = floats_at(w, p->at_bias);

    return (td_rnn_part){
        .r = w->r,
        .row0 = w->row0,
        .rows = w->rows,
        .group0 = p->groups * number / p->parts,
        .group1 = p->groups * (number + 1) / p->parts,
        .bx = bias,
        .bh = bias + floats(p->groups * p->width) / sizeof(float),
        .sums = floats_at(w, p->at_sums),
        .own = p->own_bytes ? floats_at(w, p->at_own + number * p->own_bytes) : NULL,
        .body = w->scratch + p->at_body + number * p->body_bytes,
        .shared = w->scratch + p->at_shared,
    };
}

/* The state behind so many steps, of the shard's rows. */
static float *state_at(const walk *w, size_t steps)
{
    const td_rnn *const r = w->r;
    const td_rnn_ask *const a = &r->plan->ask;

    if (r->seq) return r->seq + ((steps - 1) * a->batch + w->row0) * a->hidden;
    return floats_at(w, r->plan->at_h) + steps % 2 * (floats(w->rows * a->hidden) / sizeof(float));
}

static const float *state_before(const walk *w, size_t step)
{
    return step ? state_at(w, step) : w->r->h0 + w->row0 * w->r->plan->ask.hidden;
}

static void copy_units(float *to, const float *from, size_t rows, size_t hidden, size_t unit, size_t units)
{
    for (size_t i = 0; i < rows; i++)
        memcpy(to + i * hidden + unit, from + i * hidden + unit, units * sizeof(float));
}

/* What a group needs before its first step. */
static void begin_group(const td_rnn_part *p, size_t group, size_t gap)
{
    const td_rnn *const r = p->r;
    const td_rnn_ask *const a = &r->plan->ask;
    const size_t at = p->row0 * a->hidden, of_bias = group * r->plan->width;

    td_rnn_gather(a->kind, 1, a->hidden, group, gap, p->bx + of_bias, r->bx);
    if (a->kind == TD_RNN_GRU)
        td_rnn_gather(a->kind, 1, a->hidden, group, gap, p->bh + of_bias, r->bh);
    else
        copy_units(r->c + at, r->c0 + at, p->rows, a->hidden, group * TD_RNN_GROUP,
                   td_rnn_group_units(a->hidden, group));
}

static size_t gap_of(const td_rnn_plan *p, size_t units)
{
    return p->body->pads ? TD_RNN_GROUP : units;
}

static void step_group(const walk *w, const td_rnn_part *p, size_t step, size_t group)
{
    const td_rnn *const r = w->r;
    const td_rnn_plan *const plan = r->plan;
    const td_rnn_ask *const a = &plan->ask;
    const size_t hidden = a->hidden, unit = group * TD_RNN_GROUP, units = td_rnn_group_units(hidden, group);
    const size_t in_chunk = step % plan->chunk;
    float *const sums = p->sums + (group * plan->chunk * plan->shard_rows + in_chunk * w->rows) * plan->width;
    const float *const h = state_before(w, step);
    float *const next = state_at(w, step + 1), *const c = r->c ? r->c + w->row0 * hidden : NULL;

    plan->body->state(p, step, group, sums, h);
    plan->gates(&(td_rnn_cells){ .rows = w->rows,
                                 .units = units,
                                 .sums = sums,
                                 .own = p->own,
                                 .gap = gap_of(plan, units),
                                 .sums_ld = plan->width,
                                 .c = c ? c + unit : NULL,
                                 .h = h + unit,
                                 .out = next + unit,
                                 .ld = hidden });
    if (plan->body->keep) plan->body->keep(p, step + 1, group, next);
    if (step + 1 == a->steps) copy_units(r->h + w->row0 * hidden, next, w->rows, hidden, unit, units);
}

/* Step by step from the other end: what a core's cache still has of the weights is used first. */
static void step_part(const walk *w, const td_rnn_part *p, size_t step)
{
    const td_rnn_plan *const plan = w->r->plan;
    const size_t n = p->group1 - p->group0;

    for (size_t i = p->group0; step == 0 && i < p->group1; i++)
        begin_group(p, i, gap_of(plan, td_rnn_group_units(plan->ask.hidden, i)));
    if (step % plan->chunk == 0) plan->body->inputs(p, step, TD_MIN(plan->chunk, plan->ask.steps - step));
    if (plan->body->begin) plan->body->begin(p);
    for (size_t i = 0; i < n; i++)
        step_group(w, p, step, step % 2 ? p->group1 - 1 - i : p->group0 + i);
}

/* ---------------------------------------------------------------- steps that threads share */

static progress *progress_of(const walk *w)
{
    return (progress *)(void *)w->scratch;
}

static bool claim(const walk *w, size_t part, size_t step)
{
    size_t expected = step;

    /* acquire: inv. 3 */
    return atomic_compare_exchange_strong_explicit(&progress_of(w)[part].claimed, &expected, step + 1,
                                                   memory_order_acquire, memory_order_relaxed);
}

static void take_part(const walk *w, size_t part, size_t step)
{
    if (!claim(w, part, step)) return;
    const td_rnn_part p = part_of(w, part);

    step_part(w, &p, step);
    atomic_store_explicit(&progress_of(w)[part].done, step + 1, memory_order_release); /* inv. 3 */
}

/* The steps that all parts have done. */
static size_t steps_done(const walk *w)
{
    size_t least = SIZE_MAX;

    for (size_t i = 0; i < w->r->plan->parts; i++) {
        /* read once: it may grow meanwhile */
        const size_t done = atomic_load_explicit(&progress_of(w)[i].done, memory_order_acquire);

        least = TD_MIN(least, done);
    }
    return least;
}

/* Until all parts have done more than `step` steps; false: the run is to stop. */
static bool finish_step(const walk *w, size_t own, size_t step)
{
    const size_t parts = w->r->plan->parts;

    for (size_t i = 1; steps_done(w) <= step; i++) {
        td_spin_pause();
        for (size_t k = 1; i % PAUSES == 0 && k < parts; k++)
            take_part(w, (own + k) % parts, step);
        if (i % PATIENCE) continue;
        if (td_stop_asked()) return false;
        sched_yield();
    }
    return true;
}

static void share_steps(void *ctx, size_t part, int thread)
{
    const walk *const w = ctx;
    const size_t steps = w->r->plan->ask.steps;

    (void)thread;
    /* who comes late begins where the others are */
    for (size_t step = steps_done(w); step < steps; step++) {
        if (step > 0 && td_stop_asked()) break;
        take_part(w, part, step);
        if (!finish_step(w, part, step)) break;
    }
    if (w->r->plan->body->end) w->r->plan->body->end();
}

/* ---------------------------------------------------------------- shards */

static walk walk_of(const td_rnn *r, size_t shard)
{
    const td_rnn_plan *const p = r->plan;
    const size_t row0 = shard * p->shard_rows;

    return (walk){ r, row0, TD_MIN(p->shard_rows, p->ask.batch - row0),
                   (char *)r->scratch + shard * p->shard_bytes };
}

/* What all parts read of the state before the first step. */
static void begin_shard(const walk *w)
{
    const td_rnn_plan *const p = w->r->plan;
    const td_rnn_part any = part_of(w, 0);

    for (size_t i = 0; p->body->keep && i < p->groups; i++)
        p->body->keep(&any, 0, i, state_before(w, 0));
}

static void run_shard(void *ctx, size_t shard, int thread)
{
    const td_rnn *const r = ctx;
    const walk w = walk_of(r, shard);
    const td_rnn_part all = part_of(&w, 0);

    (void)thread;
    begin_shard(&w);
    for (size_t step = 0; step < r->plan->ask.steps; step++) {
        if (step > 0 && step % r->plan->chunk == 0 && td_stop_asked()) break;
        step_part(&w, &all, step);
    }
    if (r->plan->body->end) r->plan->body->end();
}

static void share_shard(const td_rnn *r, size_t shard, td_team *team)
{
    walk w = walk_of(r, shard);

    begin_shard(&w);
    for (size_t i = 0; i < r->plan->parts; i++) {
        atomic_init(&progress_of(&w)[i].claimed, 0);
        atomic_init(&progress_of(&w)[i].done, 0);
    }
    td_team_run(team, r->plan->parts, share_steps, &w);
}

void td_rnn_run(const td_rnn *r, td_team *team)
{
    const td_rnn_plan *const p = r->plan;
    const size_t bytes = p->ask.batch * p->ask.hidden * sizeof(float);
    td_rnn all = *r;

    if (!bytes) return;
    if (!p->ask.steps) {
        memcpy(r->h, r->h0, bytes);
        if (r->c) memcpy(r->c, r->c0, bytes);
        return;
    }
    if (p->parts == 1) {
        td_team_run(team, p->shards, run_shard, &all);
        return;
    }
    for (size_t i = 0; i < p->shards; i++)
        share_shard(r, i, team);
}
