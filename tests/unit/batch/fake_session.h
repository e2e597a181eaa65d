/* SPDX-License-Identifier: Apache-2.0 */
/* fake_session.h -- a session that doubles x and counts its runs, and calls of it, each from a thread of its own. */
#ifndef TEST_FAKE_SESSION_H
#define TEST_FAKE_SESSION_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/mutex.h"
#include "batch/batcher.h"
#include "exec/joint.h"
#include "exec/memory.h"

/* ---------------------------------------------------------------- a session: y = 2 x, z = -x; rows of any width */

enum { BAD = 13, SLOW = 14 }; /* values of x: the run fails; takes 20 ms */
enum {
    JOINED,
    SINGLE,
    PAIRS,
    TWO,
    NONE,
    SCALAR,
    MORE
}; /* signatures; SCALAR and MORE: outputs without rows, and one too many */

struct td_result {
    atomic_int refs;
    size_t n;
    td_tensor out[2];
};

static const td_tensor_info x_info = { .alias = "x", .dtype = TD_F32, .shape.rank = -1 };
static const td_tensor_info pair_info = { .alias = "x", .dtype = TD_F32, .shape = { 2, { -1, 2 } } };
static const td_tensor_info y_info[] = { { .alias = "y", .dtype = TD_F32 },
                                         { .alias = "z", .dtype = TD_F32 } };
static const td_tensor two_default = { .dtype = TD_F32 };
static const td_tensor_info two_info[] = {
    { .alias = "x", .dtype = TD_F32, .shape.rank = -1 },
    { .alias = "w", .dtype = TD_F32, .shape.rank = -1, .default_value = &two_default }
};
static const td_signature signatures[] = {
    [JOINED] = { "joined", "", &x_info, y_info, 1, 2 },  [SINGLE] = { "single", "", &x_info, y_info, 1, 2 },
    [PAIRS] = { "pairs", "", &pair_info, y_info, 1, 2 }, [TWO] = { "two", "", two_info, y_info, 2, 2 },
    [NONE] = { "none", "", NULL, y_info, 0, 2 },         [SCALAR] = { "scalar", "", &x_info, y_info, 1, 2 },
    [MORE] = { "more", "", &x_info, y_info, 1, 2 },
};

static atomic_int runs, results, largest, at_once, most_at_once;
static int64_t known_rows = INT64_MAX,
               row_ns = 1000; /* what td_session_expect() says: so much a row, up to so many */
static bool is_crowded;       /* no core is free for who does not wait */

/* The x of the last run. */
static pthread_mutex_t seen_mu = PTHREAD_MUTEX_INITIALIZER;
static td_shape seen_shape;
static float seen_x[256];

const td_signature *td_session_signatures(const td_session *s, size_t *n)
{
    (void)s;
    *n = TD_COUNT(signatures);
    return signatures;
}

const td_signature *td_joint_signatures(const td_session *s, size_t *n)
{
    return td_session_signatures(s, n);
}

const td_signature *td_joint_of(const td_session *s, const td_signature *sig, size_t *first)
{
    (void)s, (void)sig, (void)first;
    return NULL;
}

void td_joints_make(td_session *s)
{
    (void)s;
}

td_account *td_session_account(td_session *s)
{
    (void)s;
    return NULL;
}

bool td_session_is_batchable(const td_session *s, const td_signature *sig, const char **why_not)
{
    (void)s, (void)why_not;
    return sig == &signatures[JOINED] || sig == &signatures[PAIRS];
}

int64_t td_session_expect(const td_session *s, const td_signature *sig, const td_tensor *in)
{
    (void)s, (void)sig;
    return in->shape.dims[0] <= known_rows ? row_ns * in->shape.dims[0] : 0;
}

static td_tensor scaled(const td_tensor *x, float by)
{
    td_tensor t = *x;
    const size_t n = (size_t)td_shape_count(&x->shape);

    t.data = malloc(n * sizeof(float) + 1);
    for (size_t i = 0; i < n; i++)
        ((float *)t.data)[i] = by * ((const float *)x->data)[i];
    return t;
}

static void see(const td_tensor *x)
{
    pthread_mutex_lock(&seen_mu);
    seen_shape = x->shape;
    if (x->data) memcpy(seen_x, x->data, TD_MIN(td_tensor_bytes(x), sizeof seen_x));
    pthread_mutex_unlock(&seen_mu);
}

td_status td_session_run(td_session *s, const td_signature *sig, const td_tensor *in, const size_t *want,
                         size_t n_want, const td_run_options *opts, td_result **out)
{
    const size_t n = (size_t)td_shape_count(&in->shape);
    const float *const x = in->data;
    bool is_bad = false;

    (void)s;
    *out = NULL;
    if (is_crowded && opts->never_waits) return NULL;
    see(in);
    atomic_fetch_add(&runs, 1);
    if (atomic_fetch_add(&at_once, 1) >= atomic_load(&most_at_once))
        atomic_store(&most_at_once, atomic_load(&at_once));
    if (in->shape.dims[0] > atomic_load(&largest)) atomic_store(&largest, (int)in->shape.dims[0]);
    for (size_t i = 0; i < n; i++) {
        is_bad |= x[i] == (float)BAD;
        if (x[i] == (float)SLOW) td_sleep_ns(20000000);
    }
    atomic_fetch_sub(&at_once, 1);
    if (opts->trace) td_trace_add_segment(opts->trace, 0, (size_t)in->shape.dims[0], 1);
    if (is_bad) return TD_ERR(OUT_OF_RANGE, "bad");
    if (opts->deadline_ns && td_now_ns() > opts->deadline_ns) return TD_ERR(DEADLINE_EXCEEDED, "late");
    td_result *const r = calloc(1, sizeof *r);
    atomic_init(&r->refs, 1);
    r->n = n_want;
    for (size_t i = 0; i < n_want; i++) {
        r->out[i] = scaled(in, want[i] ? -1.0f : 2.0f);
        if (sig == &signatures[SCALAR]) r->out[i].shape.rank = 0;
        if (sig == &signatures[MORE]) r->out[i].shape.dims[0]++;
    }
    atomic_fetch_add(&results, 1);
    *out = r;
    return NULL;
}

td_result *td_result_ref(td_result *r)
{
    atomic_fetch_add(&r->refs, 1);
    return r;
}

void td_result_free(td_result *r)
{
    if (!r || atomic_fetch_sub(&r->refs, 1) != 1) return;
    for (size_t i = 0; i < r->n; i++)
        free(r->out[i].data);
    free(r);
    atomic_fetch_sub(&results, 1);
}

const td_tensor *td_result_outputs(const td_result *r)
{
    return r->out;
}

td_status td_result_rows(const td_result *r, size_t first, size_t n, td_tensor *out)
{
    for (size_t i = 0; i < r->n; i++) {
        out[i] = r->out[i];
        out[i].shape.dims[0] = (int64_t)n;
        out[i].data =
            (float *)out[i].data + first * (size_t)(out[i].shape.rank > 1 ? out[i].shape.dims[1] : 1);
    }
    return NULL;
}

/* ---------------------------------------------------------------- calls */

typedef struct call {
    td_batch_call c;
    td_batcher *batcher;
    float x[128];
    td_tensor in, out[2];
    size_t want[2];
    atomic_bool is_unwanted;
    atomic_bool is_in; /* submit has returned */
    pthread_t thread;

    td_mutex mu;
    td_cond ended;
    bool has_ended; /* guarded by mu */
    td_status error;
} call;

static void done(td_batch_call *c, td_status error)
{
    call *const me = (call *)(void *)c;

    td_mutex_lock(&me->mu);
    me->error = error;
    me->has_ended = true;
    td_cond_signal(&me->ended);
    td_mutex_unlock(&me->mu);
}

/* The last call's end may be its batcher's: a version that is no longer wanted goes with its last request. */
static inline void end_and_free(td_batch_call *c, td_status error)
{
    call *const me = (call *)(void *)c;

    td_batcher_free(me->batcher);
    done(c, error);
}

static bool asks_unwanted(void *ctx)
{
    call *const me = ctx;

    return atomic_load(&me->is_unwanted);
}

/* rows x cols of the value v; cols 0: a vector. */
static void fill(call *me, size_t rows, size_t cols, float v)
{
    *me = (call){ .in = { .dtype = TD_F32, .shape = { cols ? 2 : 1, { (int64_t)rows, (int64_t)cols } } } };
    me->in.data = me->x;
    for (size_t i = 0; i < rows * TD_MAX(cols, (size_t)1); i++)
        me->x[i] = v;
    me->want[1] = 1;
    me->c = (td_batch_call){ .sig = &signatures[0],
                             .in = &me->in,
                             .want = me->want,
                             .n_want = 2,
                             .out = me->out,
                             .options = { .cancelled = asks_unwanted, .cancelled_ctx = me },
                             .done = done };
    td_mutex_init(&me->mu, TD_LOCK_leaf);
    td_cond_init(&me->ended);
}

static inline void *submit_it(void *arg)
{
    call *const me = arg;

    td_batcher_submit(me->batcher, &me->c);
    atomic_store(&me->is_in, true);
    return NULL;
}

static inline void submit(call *me, td_batcher *b)
{
    me->batcher = b;
    assert_int_equal(pthread_create(&me->thread, NULL, submit_it, me), 0);
}

/* All n have been submitted, and wait if nothing runs. */
static inline void await_in(call *c, size_t n)
{
    for (size_t i = 0; i < n; i++)
        while (!atomic_load(&c[i].is_in))
            td_sleep_ns(100000);
}

/* Until it is over: its error, or none. */
static inline td_status await_end(call *me)
{
    td_mutex_lock(&me->mu);
    while (!me->has_ended)
        td_cond_wait(&me->ended, &me->mu);
    td_mutex_unlock(&me->mu);
    pthread_join(me->thread, NULL);
    return me->error;
}

static void close_call(call *me)
{
    td_batch_call_close(&me->c);
    td_cond_fini(&me->ended);
    td_mutex_fini(&me->mu);
}

/* Waits; checks what came. */
static inline td_code finish(call *me)
{
    const td_code code = td_status_code(await_end(me));
    const size_t n = (size_t)td_shape_count(&me->in.shape);

    for (size_t k = 0; !me->error && k < me->c.n_want; k++) {
        assert_true(td_shape_equal(&me->out[k].shape, &me->in.shape));
        for (size_t i = 0; i < n; i++)
            assert_true(((const float *)me->out[k].data)[i] == me->x[i] * (me->want[k] ? -1.0f : 2.0f));
    }
    td_status_free(me->error);
    close_call(me);
    return code;
}

#endif
