/* SPDX-License-Identifier: Apache-2.0 */
/* cache.c -- see cache.h. */
#include "exec/cache.h"

#include <string.h>

#include "base/mem.h"
#include "device/stop.h"
#include "exec/files.h"
#include "ops/list_hint.h"

/* Plans a program keeps; idle frames a plan keeps, and their bytes when there are two or more. */
enum { MAX_PLANS = 32, MAX_IDLE = 16, MAX_IDLE_BYTES = 2 << 20 };

static struct {
    td_mutex mu;
    td_cache *first;
} caches = { .mu = TD_MUTEX_INIT(exec_caches) };

/* ---------------------------------------------------------------- plans */

static void plan_ref(td_plan *p)
{
    (void)atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
}

static void free_frames(td_frame *f)
{
    for (td_frame *next; f; f = next) {
        next = f->next;
        td_frame_free(f);
    }
}

static void plan_unref(td_plan *p)
{
    if (!p || atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) != 1) return;
    free_frames(p->idle);
    td_plan_free(p);
}

/* The cache's lock is held. */
static td_frame *pop_frame(td_plan *p)
{
    td_frame *const f = p->idle;

    p->idle = f->next;
    p->idle_bytes -= f->bytes;
    p->n_idle--;
    return f;
}

static bool plan_fits(const td_plan *plan, const td_tensor *in)
{
    const td_program *const prog = plan->prog;

    for (size_t i = 0; i < prog->n_args; i++) {
        const td_tensor *const arg = &plan->values[prog->args[i]];

        if (!td_shape_equal(&arg->shape, &in[i].shape)) return false;
        if (arg->dtype == TD_VARIANT && !td_list_hint_equal(&arg->shape, &in[i].shape)) return false;
    }
    return true;
}

/* The plan for in, moved to the front; NULL: none. */
static td_plan *find_plan_locked(td_program *prog, const td_tensor *in) TD_REQUIRES(prog->cache.mu)
{
    for (size_t i = 0; i < prog->cache.n_plans; i++) {
        td_plan *const plan = prog->cache.plans[i];

        if (!plan_fits(plan, in)) continue;
        memmove(prog->cache.plans + 1, prog->cache.plans, i * sizeof(td_plan *));
        prog->cache.plans[0] = plan;
        return plan;
    }
    return NULL;
}

int64_t td_cache_expect(td_program *prog, const td_tensor *in)
{
    td_mutex_lock(&prog->cache.mu);
    const td_plan *const plan = find_plan_locked(prog, in);
    const int64_t ns = plan ? td_plan_expected(plan) : 0;

    td_mutex_unlock(&prog->cache.mu);
    return ns;
}

static double input_elements(const td_plan *p)
{
    double n = 1;

    for (size_t i = 0; i < p->prog->n_args; i++)
        n += (double)td_shape_count(&p->values[p->prog->args[i]].shape);
    return n;
}

/* By runs with other shapes: smaller inputs take no longer, larger ones hardly more than in proportion. */
static int64_t guess_locked(const td_program *prog, const td_plan *plan) TD_REQUIRES(prog->cache.mu)
{
    const td_cache *const c = &prog->cache;
    const double elements = input_elements(plan);
    double least = 0;

    for (size_t i = 0; i < c->n_plans; i++) {
        const double guess =
            (double)td_plan_expected(c->plans[i]) * TD_MAX(1, elements / input_elements(c->plans[i]));

        if (guess > 0 && (least <= 0 || guess < least)) least = guess;
    }
    return (int64_t)TD_MIN(least, 1e18);
}

/* Evicts a plan when there are too many; the caller's then. */
static td_plan *insert_plan_locked(td_program *prog, td_plan *plan) TD_REQUIRES(prog->cache.mu)
{
    td_plan *evicted = NULL;

    if (!prog->cache.plans) prog->cache.plans = TD_NEW_N(td_plan *, MAX_PLANS);
    if (prog->cache.n_plans == MAX_PLANS) evicted = prog->cache.plans[--prog->cache.n_plans];
    memmove(prog->cache.plans + 1, prog->cache.plans, prog->cache.n_plans * sizeof(td_plan *));
    prog->cache.plans[0] = plan;
    prog->cache.n_plans++;
    return evicted;
}

static void list_cache(td_cache *c)
{
    td_mutex_lock(&caches.mu);
    if (!c->is_listed) {
        c->next = caches.first;
        if (c->next) c->next->before = c;
        caches.first = c;
        c->is_listed = true;
    }
    td_mutex_unlock(&caches.mu);
}

static void unlist_cache(td_cache *c)
{
    td_mutex_lock(&caches.mu);
    if (c->is_listed) {
        if (c->next) c->next->before = c->before;
        *(c->before ? &c->before->next : &caches.first) = c->next;
    }
    td_mutex_unlock(&caches.mu);
}

/* Planning reads weights again: once they are packed, it is too late to ask. */
static td_status make_plan(td_program *prog, const td_tensor *in, td_plan **out)
{
    td_plan *plan;

    td_stop *const stop = td_stop_swap(NULL); /* what a plan computes outlives the run that needs it first */
    const td_status made = td_plan_make(prog, in, &plan);

    (void)td_stop_swap(stop);
    if (made) return made;
    const td_status s = td_files_look(prog->env);

    if (s)
        plan_unref(plan);
    else
        *out = plan;
    return s;
}

/* A referenced plan, and a frame of it when one is idle. */
static td_status take_plan(td_program *prog, const td_tensor *in, td_plan **out, td_frame **frame)
{
    td_plan *evicted = NULL, *made = NULL;

    td_mutex_lock(&prog->cache.mu);
    td_plan *plan = find_plan_locked(prog, in);
    if (!plan) {
        td_mutex_unlock(&prog->cache.mu);
        TD_TRY(make_plan(prog, in, &made));
        list_cache(&prog->cache);
        td_mutex_lock(&prog->cache.mu);
        plan = find_plan_locked(prog, in); /* somebody else may have been faster */
        if (!plan) {
            made->guess_ns = guess_locked(prog, made);
            evicted = insert_plan_locked(prog, made);
            plan = made;
            made = NULL;
        }
    }
    plan_ref(plan);
    plan->was_used = true;
    *frame = plan->idle ? pop_frame(plan) : NULL;
    td_mutex_unlock(&prog->cache.mu);
    plan_unref(evicted);
    plan_unref(made);
    *out = plan;
    return NULL;
}

/* ---------------------------------------------------------------- frames */

td_status td_frame_enter(td_program *prog, const td_tensor *in, td_frame **out)
{
    td_plan *plan;
    td_frame *f;

    TD_TRY(take_plan(prog, in, &plan, &f));
    if (!f) {
        const td_status s = td_frame_make(plan, &f);

        if (s) {
            plan_unref(plan);
            return s;
        }
    }
    td_frame_set_args(f, in);
    *out = f;
    return NULL;
}

void td_frame_leave(td_frame *f)
{
    td_plan *const plan = f->plan;
    td_program *const prog = plan->prog;

    td_frame_clear(f); /* inv. 3 */
    td_mutex_lock(&prog->cache.mu);
    const bool is_kept =
        !plan->n_idle || (plan->n_idle < MAX_IDLE && plan->idle_bytes + f->bytes <= MAX_IDLE_BYTES);
    if (is_kept) {
        f->next = plan->idle;
        plan->idle = f;
        plan->idle_bytes += f->bytes;
        plan->n_idle++;
    }
    td_mutex_unlock(&prog->cache.mu);
    if (!is_kept) td_frame_free(f);
    plan_unref(plan);
}

/* ---------------------------------------------------------------- tidying up */

/* What one cache gives up; freed when its lock is not held any more. */
typedef struct rest {
    td_frame *frames;
    td_plan *plans[MAX_PLANS]; /* references: frames name their plan */
    size_t n_plans;
} rest;

/* All plans but the latest that nobody runs: the cache has the only reference. */
static void pick_plans_locked(td_cache *c, rest *out) TD_REQUIRES(c->mu)
{
    size_t n = TD_MIN(c->n_plans, (size_t)1);

    for (size_t i = 1; i < c->n_plans; i++) {
        td_plan *const p = c->plans[i];

        /* relaxed: new ones are taken under the lock only */
        if (atomic_load_explicit(&p->refs, memory_order_relaxed) == 1)
            out->plans[out->n_plans++] = p;
        else
            c->plans[n++] = p;
    }
    c->n_plans = n;
}

static void pick_frames_locked(td_cache *c, td_plan *p, size_t keep, rest *out) TD_REQUIRES(c->mu)
{
    (void)c;
    if (p->n_idle <= keep) return;
    plan_ref(p);
    out->plans[out->n_plans++] = p;
    while (p->n_idle > keep) {
        td_frame *const f = pop_frame(p);

        f->next = out->frames;
        out->frames = f;
    }
}

static void pick_rest_locked(td_cache *c, bool all, rest *out) TD_REQUIRES(c->mu)
{
    if (all) pick_plans_locked(c, out);
    for (size_t i = 0; i < c->n_plans; i++) {
        td_plan *const p = c->plans[i];

        if (all || !p->was_used) pick_frames_locked(c, p, i == 0 && !all ? 1 : 0, out);
        p->was_used = false;
    }
}

static bool tidy(td_cache *c, bool all)
{
    rest r = { .frames = NULL };

    td_mutex_lock(&c->mu);
    pick_rest_locked(c, all, &r);
    td_mutex_unlock(&c->mu);
    free_frames(r.frames);
    for (size_t i = 0; i < r.n_plans; i++)
        plan_unref(r.plans[i]);
    return r.n_plans > 0;
}

bool td_caches_tidy(bool all)
{
    bool any = false;

    td_mutex_lock(&caches.mu);
    for (td_cache *c = caches.first; c; c = c->next)
        any = tidy(c, all) || any;
    td_mutex_unlock(&caches.mu);
    return any;
}

/* ---------------------------------------------------------------- all of it */

void td_cache_init(td_cache *c)
{
    td_mutex_init(&c->mu, TD_LOCK_exec_plans);
}

void td_program_drop_plans(td_program *prog)
{
    unlist_cache(&prog->cache);
    for (size_t i = 0; i < prog->cache.n_plans; i++)
        plan_unref(prog->cache.plans[i]);
    td_free(prog->cache.plans);
    td_mutex_fini(&prog->cache.mu);
}

void td_program_free(td_program *prog)
{
    if (!prog) return;
    td_program_drop_plans(prog);
    for (size_t i = 0; i < prog->n_steps; i++)
        for (uint32_t r = 0; r < prog->steps[i].n_regions; r++)
            if (prog->steps[i].regions[r]) prog->steps[i].regions[r]->unref(prog->steps[i].regions[r]);
}
