/* SPDX-License-Identifier: Apache-2.0 */
/* rounds.c -- see rounds.h.
 *
 * How many rounds there are is known before: the condition reads counters and what is kept. Each thread hands its rounds a list of
 * its own to set the element in, and takes the element out; the caller's thread puts all of them into the loop's list.
 * Strings are copied twice: those of a body live as long as its round, those in lists as long as the request.
 */
#include "ops/flow/rounds.h"

#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/mem.h"
#include "device/stop.h"
#include "ops/array/array.h"
#include "ops/flow/cond.h"
#include "ops/list/list_util.h"

enum {
#ifdef TD_DEBUG
    ANY_IS_WORTH = 1, /* so that small models show what large ones would */
#else
    ANY_IS_WORTH = 0,
#endif
    WORTH_NS = 40000, /* less than this is done before others have come */
    SHARD_NS = 20000, /* a shard takes about so long */
};

/* What one thread needs for its rounds. */
typedef struct worker {
    td_tensor *in, *out; /* of the body, n_in each */
    int64_t *counters;   /* what counters of in point to, by argument */
    td_list **lists;     /* likewise, what variants do; one reference each */
    td_arena *strings;
    td_status error; /* of its first round that failed, `failed` */
    int64_t failed;
} worker;

typedef struct rounds {
    td_call *c;
    td_region *cond, *body;
    const td_role *roles;
    uint32_t n, n_lists;
    int64_t n_rounds, shard; /* rounds of a shard */
    td_tensor *items;        /* [n_rounds][n_lists]: what was set */
    worker *workers;
    bool in_run;            /* the caller's thread (base/account.h) */
    td_team *inner;         /* who helps within a round */
    _Atomic int64_t failed; /* the first round known to fail; later ones need not be run */
} rounds;

/* ---------------------------------------------------------------- may they? */

static bool is_same(const td_tensor *a, const td_tensor *b)
{
    enum { SMALL = 64 };

    if (!td_shape_equal(&a->shape, &b->shape) || a->dtype != b->dtype) return false;
    if (a->data == b->data) return true;
    return a->dtype != TD_STRING && td_tensor_bytes(a) <= SMALL &&
           memcmp(a->data, b->data, td_tensor_bytes(a)) == 0;
}

/* A list whose elements are plain; NULL: something else. */
static td_list *plain_list(const td_tensor *t)
{
    if (t->dtype != TD_VARIANT || t->shape.rank != 0 || !t->data) return NULL;
    td_list *const l = (td_list *)(void *)td_object_as(*(td_object **)t->data, &td_list_class);

    return l && td_list_dtype(l) != TD_VARIANT && td_list_dtype(l) != TD_RESOURCE ? l : NULL;
}

/* Lists that rounds read must be the newest of their versions: looking at another changes both. */
static bool may_read(const td_tensor *t)
{
    td_list *const l = plain_list(t);

    return l && td_list_is_newest(l);
}

/* An array's elements are values, not versions of each other. */
static bool may_read_array(const td_tensor *t)
{
    td_dtype dtype;
    int64_t length;

    return !td_tensor_array_look(t, &dtype, &length) || dtype != TD_VARIANT;
}

/* Strings would die with the round that wrote them. No other handle may stand for the same array. */
static bool may_write_array(const rounds *r, uint32_t at)
{
    const td_tensor *const t = td_in(r->c, at);
    td_dtype dtype;
    int64_t length;

    if (!td_tensor_array_look(t, &dtype, &length)) return false;
    if (dtype == TD_STRING || dtype == TD_VARIANT || dtype == TD_RESOURCE) return false;
    for (uint32_t i = 0; i < r->n; i++) {
        const td_tensor *const other = td_in(r->c, i);

        if (i != at && other->dtype == TD_RESOURCE && td_tensor_array_look(other, &dtype, &length) &&
            *(td_object *const *)other->data == *(td_object *const *)t->data)
            return false;
    }
    return true;
}

static bool fits(const rounds *r, uint32_t i)
{
    const td_tensor *const in = td_in(r->c, i);
    const td_role *const role = &r->roles[i];

    switch (role->kind) {
    case TD_ROLE_KEPT:
        if (role->value && !is_same(in, role->value)) return false;
        if (in->dtype == TD_RESOURCE) return may_read_array(in);
        return in->dtype != TD_VARIANT || (!r->cond->reads[i] && may_read(in));
    case TD_ROLE_COUNTER:
        return in->shape.rank == 0;
    case TD_ROLE_LIST:
        return !r->cond->reads[i] && plain_list(in);
    case TD_ROLE_FLOW:
        return may_write_array(r, role->array);
    }
    return false;
}

/* Looks at each list once, so that it is the newest of its versions if another has not been looked at since. */
static void refresh(const rounds *r)
{
    for (uint32_t i = 0; i < r->n; i++) {
        td_list *const l = plain_list(td_in(r->c, i));

        if (l && r->roles[i].kind == TD_ROLE_KEPT && td_list_length(l) > 0) (void)td_list_get(l, 0);
    }
}

static bool all_fit(const rounds *r)
{
    refresh(r);
    for (uint32_t i = 0; i < r->n; i++)
        if (!fits(r, i)) return false;
    return true;
}

/* Of the list or array that rounds set elements of. */
static int64_t length_of(const rounds *r, uint32_t i)
{
    td_dtype dtype;
    int64_t length = 0;

    if (r->roles[i].kind == TD_ROLE_LIST) return td_list_length(plain_list(td_in(r->c, i)));
    (void)td_tensor_array_look(td_in(r->c, r->roles[i].array), &dtype, &length);
    return length;
}

/* Rounds that set elements that there are: a loop that goes on beyond them fails at one of them, in its own way. */
static int64_t most_rounds(const rounds *r)
{
    int64_t most = INT64_MAX;

    for (uint32_t i = 0; i < r->n; i++) {
        if (r->roles[i].kind != TD_ROLE_LIST && r->roles[i].kind != TD_ROLE_FLOW) continue;
        const int64_t first = td_tensor_int(td_in(r->c, r->roles[i].counter), 0);
        const int64_t length = length_of(r, i);

        most = TD_MIN(most, first < 0 || first > length ? 0 : length - first);
    }
    return most;
}

/* ---------------------------------------------------------------- workers */

static void set_counters(const rounds *r, const worker *w, int64_t round)
{
    for (uint32_t i = 0; i < r->n; i++) {
        if (r->roles[i].kind != TD_ROLE_COUNTER) continue;
        /* wraps as the op does */
        const uint64_t now = (uint64_t)td_tensor_int(td_in(r->c, i), 0) + (uint64_t)round;

        if (w->in[i].dtype == TD_I32)
            *(int32_t *)(void *)&w->counters[i] = (int32_t)(uint32_t)now;
        else
            w->counters[i] = (int64_t)now;
    }
}

static void init_worker(const rounds *r, worker *w)
{
    *w = (worker){ .in = TD_NEW_N(td_tensor, 2 * r->n),
                   .counters = TD_NEW_N(int64_t, r->n),
                   .lists = TD_NEW_N(td_list *, r->n),
                   .strings = td_arena_make() };
    w->out = w->in + r->n;
    for (uint32_t i = 0; i < r->n; i++) {
        w->in[i] = *td_in(r->c, i);
        if (r->roles[i].kind != TD_ROLE_COUNTER && r->roles[i].kind != TD_ROLE_LIST) continue;
        w->in[i].buffer = NULL;
        w->in[i].data = r->roles[i].kind == TD_ROLE_COUNTER ? (void *)&w->counters[i] : (void *)&w->lists[i];
    }
}

static td_status make_lists(const rounds *r, worker *w)
{
    for (uint32_t i = 0; i < r->n; i++) {
        if (r->roles[i].kind != TD_ROLE_LIST) continue;
        const td_list *const like = plain_list(td_in(r->c, i));

        TD_TRY(td_list_make(td_list_dtype(like), td_list_elem(like), td_list_length(like), &w->lists[i]));
    }
    return NULL;
}

static void free_worker(const rounds *r, worker *w)
{
    if (!w->in) return;
    for (uint32_t i = 0; i < r->n; i++)
        td_list_unref(w->lists[i]);
    td_arena_free(w->strings);
    td_free(w->lists);
    td_free(w->counters);
    td_free(w->in);
    td_status_free(w->error);
}

/* ---------------------------------------------------------------- one round */

/* As if the body had been called by the thread of the worker. */
static td_call call_of(const rounds *r, const worker *w)
{
    td_call c = *r->c;

    c.team = r->inner;
    c.arena = w->strings;
    return c;
}

static td_status keep_item(td_list *l, int64_t at, td_tensor *to)
{
    const td_tensor *const t = td_list_get(l, at);

    if (t->dtype == TD_STRING) return td_tensor_copy(t, to);
    *to = td_tensor_ref(t);
    return NULL;
}

/* The lists that the round made take the place of those that it got. */
static td_status take_items(const rounds *r, worker *w, int64_t round)
{
    td_tensor *item = &r->items[(size_t)round * r->n_lists];

    for (uint32_t i = 0; i < r->n; i++) {
        if (r->roles[i].kind != TD_ROLE_LIST) continue;
        const int64_t at = td_tensor_int(td_in(r->c, r->roles[i].counter), 0) + round;
        td_list *const made = *(td_list **)w->out[i].data;

        TD_TRY(keep_item(made, at, item++));
        td_object_ref((td_object *)(void *)made);
        td_list_unref(w->lists[i]);
        w->lists[i] = made;
    }
    return NULL;
}

static td_status run_round(const rounds *r, worker *w, int64_t round)
{
    td_call c = call_of(r, w);
    td_region_frame *frame;

    set_counters(r, w, round);
    TD_TRY(r->body->enter(r->body, &c, w->in, w->out, &frame));
    const td_status s = take_items(r, w, round);
    r->body->leave(r->body, frame);
    td_arena_reset(w->strings);
    return s;
}

static void note_error(rounds *r, worker *w, int64_t round, td_status s)
{
    int64_t first = atomic_load(&r->failed);

    while (round < first && !atomic_compare_exchange_weak(&r->failed, &first, round))
        ;
    if (w->error && w->failed < round) {
        td_status_free(s);
        return;
    }
    td_status_free(w->error);
    w->error = s;
    w->failed = round;
}

/* Rounds [1 + shard * r->shard, ...): the first has been run. */
static void run_shard(void *ctx, size_t shard, int thread)
{
    rounds *const r = ctx;
    const int64_t first = 1 + (int64_t)shard * r->shard, end = TD_MIN(first + r->shard, r->n_rounds);
    const bool was_in_run = td_account_run_swap(r->in_run);

    for (int64_t i = first; i < end && i < atomic_load(&r->failed); i++) {
        if (i > first && td_stop_asked()) break;
        const td_status s = run_round(r, &r->workers[thread], i);

        if (s) note_error(r, &r->workers[thread], i, s);
    }
    (void)td_account_run_swap(was_in_run);
}

/* ---------------------------------------------------------------- all of them */

static td_status test_round(const rounds *r, worker *w, int64_t round, bool *goes_on)
{
    td_call c = call_of(r, w);
    td_region_frame *frame;
    td_tensor go;

    set_counters(r, w, round);
    TD_TRY(r->cond->enter(r->cond, &c, w->in, &go, &frame));
    *goes_on = td_cond_is_true(&go);
    r->cond->leave(r->cond, frame);
    td_arena_reset(w->strings);
    return NULL;
}

/* Rounds until the condition no longer holds. -1: there are more than `most`, or it fails, or there is no time. */
static int64_t count_rounds(const rounds *r, int64_t most)
{
    for (int64_t n = 0; n <= most; n++) {
        bool goes_on = false;
        const td_status s = test_round(r, &r->workers[0], n, &goes_on);

        if (s || (n % 64 == 63 && td_stop_asked())) {
            td_status_free(s);
            return -1;
        }
        if (!goes_on) return n;
    }
    return -1;
}

static td_status first_error(const rounds *r)
{
    const int threads = td_team_threads(r->c->team);

    for (int t = 0; t < threads; t++) {
        worker *const w = &r->workers[t];

        if (!w->error || w->failed != atomic_load(&r->failed)) continue;
        const td_status s = w->error;
        w->error = NULL;
        return s;
    }
    return td_stop_status(td_stop_here());
}

/* Fewer rounds than threads would leave threads idle that can help within a round. */
static bool is_worth(int threads, int64_t left, int64_t one_ns)
{
    if (threads < 2 || left < 2) return false;
    return ANY_IS_WORTH || (left >= threads && left > WORTH_NS / one_ns);
}

/* The first round alone: it makes plans, and tells what the others will take. */
static td_status run_rounds(rounds *r)
{
    const int threads = td_team_threads(r->c->team);
    const int64_t start = td_now_ns();

    r->inner = r->c->team;
    TD_TRY(run_round(r, &r->workers[0], 0));
    const int64_t one = TD_MAX(td_now_ns() - start, 1), left = r->n_rounds - 1;
    const bool are_apart = is_worth(threads, left, one);

    r->shard = TD_MIN(TD_MAX(SHARD_NS / one, 1), TD_MAX(left / (4 * threads), 1));
    if (are_apart) r->inner = NULL; /* a team helps one thread at a time */
    td_team_run(are_apart ? r->c->team : NULL, (size_t)((left + r->shard - 1) / r->shard), run_shard, r);
    return first_error(r);
}

/* The bytes of t's strings, too, become the request's. */
static td_status settle_strings(td_call *c, const td_tensor *t)
{
    td_string *const strings = t->data;

    for (int64_t i = 0; i < td_shape_count(&t->shape); i++) {
        char *const bytes = td_string_alloc(c, strings[i].size);

        if (!bytes) return TD_ERR(RESOURCE_EXHAUSTED, "no memory for the strings of a loop");
        if (strings[i].size) memcpy(bytes, strings[i].data, strings[i].size);
        strings[i].data = bytes;
    }
    return NULL;
}

static td_status put_list(rounds *r, uint32_t i, uint32_t at)
{
    td_list *l = plain_list(td_in(r->c, i));
    const int64_t first = td_tensor_int(td_in(r->c, r->roles[i].counter), 0);

    td_object_ref((td_object *)(void *)l);
    for (int64_t round = 0; round < r->n_rounds; round++) {
        td_tensor *const item = &r->items[(size_t)round * r->n_lists + at];
        td_list *next = NULL;
        td_status s = item->dtype == TD_STRING ? settle_strings(r->c, item) : NULL;

        if (!s) {
            s = td_list_set(l, first + round, *item, &next);
            *item = (td_tensor){ 0 }; /* taken, also on failure */
        }
        td_list_unref(l);
        if (s) return s;
        l = next;
    }
    return td_list_put(r->c, i, l);
}

static td_status put_counter(const rounds *r, uint32_t i)
{
    const uint64_t last = (uint64_t)td_tensor_int(td_in(r->c, i), 0) + (uint64_t)r->n_rounds;

    TD_TRY(td_out_make(r->c, i, &(td_shape){ 0 }));
    td_tensor_set_int(td_out(r->c, i), 0, (int64_t)last);
    return NULL;
}

static td_status put_all(rounds *r)
{
    uint32_t lists = 0;

    for (uint32_t i = 0; i < r->n; i++) {
        if (r->roles[i].kind == TD_ROLE_LIST)
            TD_TRY(put_list(r, i, lists++));
        else if (r->roles[i].kind == TD_ROLE_COUNTER)
            TD_TRY(put_counter(r, i));
        else
            TD_TRY(td_out_set(r->c, i, td_in(r->c, i)));
    }
    return NULL;
}

/* As many as the lists have, which are there. */
static td_status make_items(rounds *r)
{
    const size_t bytes = (size_t)r->n_rounds * r->n_lists * sizeof *r->items;

    r->items = td_try_alloc(bytes, _Alignof(td_tensor));
    if (!r->items)
        return TD_ERR(RESOURCE_EXHAUSTED, "no memory for %lld rounds of a loop", (long long)r->n_rounds);
    memset(r->items, 0, bytes);
    return NULL;
}

static td_status try_rounds(rounds *r, bool *done)
{
    init_worker(r, &r->workers[0]);
    r->n_rounds = count_rounds(r, most_rounds(r));
    if (r->n_rounds < 2) return NULL;
    for (int t = 1; t < td_team_threads(r->c->team); t++)
        init_worker(r, &r->workers[t]);
    for (int t = 0; t < td_team_threads(r->c->team); t++)
        TD_TRY(make_lists(r, &r->workers[t]));
    if (r->n_lists) TD_TRY(make_items(r));
    *done = true;
    TD_TRY(run_rounds(r));
    return put_all(r);
}

td_status td_rounds_run(td_call *c, td_region *cond, td_region *body, bool *done)
{
    rounds r = { .c = c,
                 .cond = cond,
                 .body = body,
                 .roles = body->roles,
                 .n = c->n_in,
                 .in_run = td_account_in_run(),
                 .failed = INT64_MAX };

    *done = false;
    if (!body->roles || !cond->is_pure || c->trace || !all_fit(&r)) return NULL;
    for (uint32_t i = 0; i < r.n; i++)
        r.n_lists += r.roles[i].kind == TD_ROLE_LIST;
    r.workers = TD_NEW_N(worker, (size_t)td_team_threads(c->team));
    const td_status s = try_rounds(&r, done);

    for (int64_t i = 0; r.items && i < r.n_rounds * r.n_lists; i++)
        td_tensor_unref(&r.items[i]);
    td_free(r.items);
    for (int t = 0; t < td_team_threads(c->team); t++)
        free_worker(&r, &r.workers[t]);
    td_free(r.workers);
    return s;
}
