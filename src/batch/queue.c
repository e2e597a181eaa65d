/* SPDX-License-Identifier: Apache-2.0 */
/* queue.c -- see queue.h. */
#include "batch/queue.h"

#include "base/macros.h"
#include "batch/batch.h"

enum { MOST_BYTES = 64 << 20 /* of joined inputs */ };

/* Runs take longer than expected at times, and one that is cut off at the deadlines of its calls was for nothing: so much
 * more time than expected is to be left. */
static const double slack = 1.25;

void td_batch_list_init(td_batch_list *l)
{
    *l = (td_batch_list){ .last = &l->first };
}

void td_batch_list_add(td_batch_list *l, td_batch_call *c)
{
    c->next = NULL;
    *l->last = c;
    l->last = &c->next;
    l->n++;
    l->rows += c->rows;
}

/* Takes *at, which is c, out. */
static td_batch_call *unlink(td_batch_list *l, td_batch_call **at)
{
    td_batch_call *const c = *at;

    *at = c->next;
    if (!*at) l->last = at;
    l->n--;
    l->rows -= c->rows;
    return c;
}

void td_queue_init(td_batch_queue *q)
{
    *q = (td_batch_queue){ .max_rows = 1, .max_waiting = SIZE_MAX, .most_running = 1 };
    td_batch_list_init(&q->calls);
}

/* ---- what things take ---- */

/* A run that begins with first. */
static double expect(const td_batch_queue *q, const td_batch_call *first, size_t rows)
{
    return first->rows ? td_batch_sizes_run_ns(&q->sizes, rows) : first->expected_ns;
}

/* Core time of c's rows as part of a run that is worth it. */
static double share_of(const td_batch_queue *q, const td_batch_call *c)
{
    return c->rows ? td_batch_sizes_row_ns(&q->sizes) * (double)c->rows : c->expected_ns;
}

/* Would it be in time in a run of so many rows that begins now? */
static bool is_in_time(const td_batch_queue *q, const td_batch_call *c, size_t rows, int64_t now_ns)
{
    const int64_t deadline = c->options.deadline_ns;

    return !deadline || (double)(deadline - now_ns) >= slack * expect(q, c, rows);
}

/* ---- coming ---- */

td_status td_queue_refuse(const td_batch_queue *q, const td_batch_call *c, int64_t now_ns)
{
    /* Runs that have begun are half done, as they go. */
    const double before_ns = (q->waiting_ns + q->running_ns / 2.0) / (double)q->most_running;
    const double in_ns = slack * (before_ns + expect(q, c, c->rows));
    const int64_t left_ns = c->options.deadline_ns - now_ns;
    td_status s = NULL;

    if (q->calls.n >= q->max_waiting)
        s = TD_ERR(RESOURCE_EXHAUSTED, "%zu requests wait for this model already", q->calls.n);
    else if (left_ns > 0 && (double)left_ns < in_ns) /* who is late already hears that, and no refusal */
        s = TD_ERR(RESOURCE_EXHAUSTED,
                   "%zu requests wait for this model: it may take %.0f ms, longer than the deadline",
                   q->calls.n, in_ns * 1e-6);
    return td_status_overload(s, (int64_t)before_ns);
}

void td_queue_push(td_batch_queue *q, td_batch_call *c)
{
    c->expected_ns = share_of(q, c);
    q->waiting_ns += c->expected_ns;
    td_batch_list_add(&q->calls, c);
}

/* ---- going ---- */

size_t td_queue_goal(td_batch_queue *q, const td_batch_call *c, size_t rows)
{
    const size_t fit = MOST_BYTES / TD_MAX(td_batch_row_bytes(c), (size_t)1);
    const size_t most = TD_MAX(TD_MIN(q->max_rows, fit), (size_t)1);

    return td_batch_sizes_choose(&q->sizes, c->rows, rows, most);
}

/* The rows of a run that begins with c, which is in time with them. */
static size_t goal_in_time(td_batch_queue *q, const td_batch_call *c, int64_t now_ns)
{
    size_t goal = c->rows ? td_queue_goal(q, c, q->calls.rows) : 1;

    while (goal / 2 >= TD_MAX(c->rows, (size_t)1) && !is_in_time(q, c, goal, now_ns))
        goal /= 2;
    return TD_MAX(goal, c->rows);
}

/* Nobody waits for it any more, or it would be late; if no other is there for the core, it may as well be tried. */
static bool is_lost(const td_batch_queue *q, const td_batch_call *c, bool has_others, int64_t now_ns)
{
    return td_batch_is_over(c, now_ns) || (has_others && !is_in_time(q, c, c->rows, now_ns));
}

static void move(td_batch_queue *q, td_batch_call **at, td_batch_list *to)
{
    td_batch_call *const c = unlink(&q->calls, at);

    q->waiting_ns = q->calls.n ? q->waiting_ns - c->expected_ns : 0.0; /* no rounding is left behind */
    td_batch_list_add(to, c);
}

double td_queue_take(td_batch_queue *q, int64_t now_ns, td_batch_list *run, td_batch_list *over)
{
    size_t goal = 1;

    td_batch_list_init(run);
    td_batch_list_init(over);
    for (td_batch_call **at = &q->calls.first; *at && run->rows < goal;) {
        td_batch_call *const c = *at;

        if (is_lost(q, c, run->n || q->calls.n > 1, now_ns)) {
            move(q, at, over);
        } else if (!run->n) {
            goal = goal_in_time(q, c, now_ns);
            move(q, at, run);
            if (!c->rows) break; /* alone */
        } else if (c->rows && run->rows + c->rows <= goal && td_batch_agree(run->first, c) &&
                   is_in_time(q, c, goal, now_ns)) {
            move(q, at, run);
        } else {
            at = &c->next;
        }
    }
    const double expected_ns = run->n ? expect(q, run->first, run->rows) : 0.0;
    q->running_ns += expected_ns;
    return expected_ns;
}

void td_queue_ran(td_batch_queue *q, double expected_ns)
{
    q->running_ns = TD_MAX(q->running_ns - expected_ns, 0.0);
}

td_status td_queue_why_over(const td_batch_call *c, int64_t now_ns)
{
    if (td_batch_is_unwanted(c)) return TD_ERR(CANCELLED, "The call was cancelled");
    if (td_batch_is_over(c, now_ns)) return TD_ERR(DEADLINE_EXCEEDED, "Deadline exceeded");
    return td_status_overload(TD_ERR(RESOURCE_EXHAUSTED, "Too little of the deadline is left for a run"), 0);
}
