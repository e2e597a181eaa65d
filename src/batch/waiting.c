/* SPDX-License-Identifier: Apache-2.0 */
/* waiting.c -- see waiting.h. */
#include "batch/waiting.h"

#include "base/macros.h"
#include "base/mem.h"
#include "base/size.h"
#include "batch/batch.h"
#include "batch/join.h"
#include "batch/rules.h"
#include "batch/split.h"

/* What padding may make of a batch's bytes: so many times of them, and so many more. */
enum { PADDED_TIMES = 4, PADDED_BYTES = 64 << 20 };

void td_waiting_init(td_batch_waiting *w, const td_batching *rules)
{
    *w = (td_batch_waiting){ .rules = rules };
    w->last = &w->first;
}

void td_group_init(td_batch_group *g)
{
    *g = (td_batch_group){ .soonest_ns = INT64_MAX };
    g->last = &g->first;
}

static void add_call(td_batch_group *g, td_batch_call *c)
{
    c->next = NULL;
    *g->last = c;
    g->last = &c->next;
    g->n++;
    g->rows += c->rows;
    g->bytes += td_batch_row_bytes(c) * c->rows;
    if (c->options.deadline_ns) g->soonest_ns = TD_MIN(g->soonest_ns, c->options.deadline_ns);
}

/* ---- coming ---- */

static size_t most_rows(const td_batch_waiting *w)
{
    return w->rules->max_execution_batch_size;
}

/* Bytes of g's rows with c's, each as wide as the widest; SIZE_MAX: too many. */
static size_t padded_bytes(const td_batch_group *g, td_batch_call *c)
{
    size_t all = 0;

    for (size_t i = 0; i < c->sig->n_inputs; i++) {
        if (!td_batch_is_given(&c->in[i])) continue;
        td_tensor row = { .dtype = c->in[i].dtype, .shape = td_join_row(g->first, g->n, i) };
        size_t bytes;

        for (int d = 1; d < row.shape.rank; d++)
            row.shape.dims[d] = TD_MAX(row.shape.dims[d], c->in[i].shape.dims[d]);
        const td_status error = td_shape_check(&row.shape);
        const bool fits = !error && td_mul_size(td_tensor_bytes(&row), g->rows + c->rows, &bytes) &&
                          td_add_size(all, bytes, &all);
        td_status_free(error);
        if (!fits) return SIZE_MAX;
    }
    return all;
}

/* Long rows beside wide ones may take far more room together than apart. */
static bool is_worth_padding(const td_batch_group *g, td_batch_call *c)
{
    const size_t own = g->bytes + td_batch_row_bytes(c) * c->rows;

    return padded_bytes(g, c) <= PADDED_TIMES * own + PADDED_BYTES;
}

static bool may_join(const td_batch_waiting *w, const td_batch_group *g, td_batch_call *c)
{
    if (td_batch_agree(g->first, c)) return true;
    return td_rules_can_pad(w->rules, g->first, c) && is_worth_padding(g, c);
}

static td_batch_group *find_open(const td_batch_waiting *w, td_batch_call *c)
{
    for (td_batch_group *g = w->first; g; g = g->next)
        if (!g->is_closed && c->rows && may_join(w, g, c)) return g;
    return NULL;
}

static void close_group(td_batch_waiting *w, td_batch_group *g)
{
    g->is_closed = true;
    w->n_open--;
    w->n_closed++;
}

static td_batch_group *open_group(td_batch_waiting *w, int64_t now_ns)
{
    td_batch_group *const g = TD_NEW(td_batch_group);

    td_group_init(g);
    g->since_ns = now_ns;
    *w->last = g;
    w->last = &g->next;
    w->n_open++;
    return g;
}

/* Rows that g and the batches to come may still take. */
static size_t capacity(const td_batch_waiting *w, const td_batch_group *g)
{
    const size_t most = w->rules->max_enqueued_batches, waiting = w->n_closed + 1;
    size_t rows;

    if (!td_mul_size(most > waiting ? most - waiting : 0, most_rows(w), &rows) ||
        !td_add_size(rows, most_rows(w) - (g ? g->rows : 0), &rows))
        return SIZE_MAX;
    return rows;
}

static td_status refuse_split(const td_batch_waiting *w, const td_batch_group *g, const td_batch_call *c)
{
    if (c->rows <= capacity(w, g)) return NULL;
    const td_status s =
        TD_ERR(UNAVAILABLE,
               "The batch scheduling queue to which this task was submitted is full; task size is %zu but "
               "scheduling capacity is only %zu (num_enqueued_batches=%zu, max_enqueued_batches=%zu, "
               "open_batch_size=%zu, max_execution_batch_size=%zu)",
               c->rows, capacity(w, g), w->n_closed + 1, w->rules->max_enqueued_batches, g ? g->rows : 0,
               most_rows(w));

    return td_status_overload(s, 0);
}

static td_status refuse(const td_batch_waiting *w)
{
    const td_status s = TD_ERR(
        UNAVAILABLE,
        "The batch scheduling queue to which this task was submitted is full; currently %zu batches enqueued "
        "and max_enqueued_batches is %zu",
        w->n_closed + w->n_open, w->rules->max_enqueued_batches);

    return td_status_overload(s, 0);
}

/* Room for a batch that is to be opened for other shapes than those of the open ones: the oldest of these may have to
 * close for it. */
static td_status make_room(td_batch_waiting *w)
{
    td_batch_group *g = w->first;

    if (w->n_open < w->rules->max_enqueued_batches) return NULL;
    if (w->n_closed >= w->rules->max_enqueued_batches) return refuse(w);
    while (g->is_closed)
        g = g->next; /* one is open */
    close_group(w, g);
    return NULL;
}

static td_status check_room(td_batch_waiting *w, const td_batch_group *g, const td_batch_call *c)
{
    const size_t most = w->rules->max_enqueued_batches;

    if (!c->rows) return w->n_closed < most ? NULL : refuse(w); /* a batch of its own, closed at once */
    if (w->rules->splits_large_batches) TD_TRY(refuse_split(w, g, c));
    if (!g) return make_room(w);
    if (w->rules->splits_large_batches || g->rows + c->rows <= most_rows(w)) return NULL;
    return w->n_closed + 1 < most ? NULL : refuse(w);
}

/* c as a list of calls, each of which fits into a batch, the first into g. */
static td_batch_call *in_parts(const td_batch_waiting *w, const td_batch_group *g, td_batch_call *c)
{
    const size_t most = most_rows(w), room = g && g->rows < most ? most - g->rows : most;

    c->next = NULL;
    if (!w->rules->splits_large_batches || c->rows <= room) return c;
    return td_split_make(c, room < most ? room : 0, most);
}

td_status td_waiting_push(td_batch_waiting *w, td_batch_call *c, int64_t now_ns)
{
    td_batch_group *g = find_open(w, c);

    TD_TRY(check_room(w, g, c));
    td_batch_call *part = in_parts(w, g, c);
    for (td_batch_call *next; part; part = next) {
        next = part->next;
        part->came_ns = now_ns;
        if (g && g->rows + part->rows > most_rows(w)) {
            close_group(w, g);
            g = NULL;
        }
        if (!g) g = open_group(w, now_ns);
        add_call(g, part);
    }
    if (!c->rows) close_group(w, g);
    return NULL;
}

void td_waiting_flush(td_batch_waiting *w)
{
    for (td_batch_group *g = w->first; g; g = g->next)
        if (!g->is_closed) close_group(w, g);
}

/* ---- going ---- */

static int64_t timeout_of(const td_batch_waiting *w, const td_batch_group *g)
{
    return g->is_closed || g->rows >= most_rows(w) ? INT64_MIN : g->since_ns + w->rules->batch_timeout_ns;
}

/* Moves those that need no run any more. */
static void sweep(td_batch_group *g, int64_t now_ns, td_batch_group *over)
{
    td_batch_call *c = g->first;
    td_batch_group left;

    td_group_init(&left);
    for (td_batch_call *next; c; c = next) {
        next = c->next;
        add_call(td_batch_is_over(c, now_ns) ? over : &left, c);
    }
    left.next = g->next;
    left.since_ns = g->since_ns;
    left.is_closed = g->is_closed;
    *g = left;
    g->last = g->first ? g->last : &g->first;
}

/* Takes *at out. */
static td_batch_group *unlink_group(td_batch_waiting *w, td_batch_group **at)
{
    td_batch_group *const g = *at;

    *at = g->next;
    if (!*at) w->last = at;
    if (g->is_closed)
        w->n_closed--;
    else
        w->n_open--;
    return g;
}

td_batch_group *td_waiting_take(td_batch_waiting *w, int64_t now_ns, td_batch_group *over)
{
    for (td_batch_group **at = &w->first; *at;) {
        const bool is_due = now_ns >= timeout_of(w, *at);

        if (!is_due && now_ns < (*at)->soonest_ns) {
            at = &(*at)->next;
            continue;
        }
        sweep(*at, now_ns, over);
        if (!(*at)->n)
            td_free(unlink_group(w, at));
        else if (is_due)
            return unlink_group(w, at);
        else
            at = &(*at)->next;
    }
    return NULL;
}

int64_t td_waiting_due(const td_batch_waiting *w)
{
    int64_t due = INT64_MAX;

    for (const td_batch_group *g = w->first; g; g = g->next) {
        due = TD_MIN(due, timeout_of(w, g));
        due = TD_MIN(due, g->soonest_ns);
    }
    return due;
}
