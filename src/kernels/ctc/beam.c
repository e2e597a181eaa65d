/* SPDX-License-Identifier: Apache-2.0 */
/* beam.c -- see beam.h. The recurrence is that of Graves (2012), section 7.5.3. */
#include "kernels/ctc/beam.h"

#include <math.h>
#include <string.h>

#include "base/macros.h"

typedef struct odds {
    double total, blank, label;
} odds;

static const odds none = { -INFINITY, -INFINITY, -INFINITY };

typedef struct entry entry;
struct entry {
    entry *parent; /* NULL: the root */
    entry **child; /* by label; NULL until there is one */
    int64_t label; /* -1: the root's */
    odds before, now;
};

struct td_beam {
    td_arena *arena;
    size_t classes, width, size;
    bool is_float;
    entry *root;
    entry **best, **last; /* [width + 1]: of this step, best first; of the one before */
};

/* Arithmetic is that of the logits' type. */
static double fit(const td_beam *b, double x)
{
    return b->is_float ? (double)(float)x : x;
}

/* log(exp(x) + exp(y)), the small part of which is a float for doubles, too. */
static double log_sum(const td_beam *b, double x, double y)
{
    if (x == -INFINITY) return y;
    if (y == -INFINITY) return x;
    return fit(b, fmax(x, y) + (double)log1pf(expf((float)(fmin(x, y) - fmax(x, y)))));
}

static bool is_active(const entry *e)
{
    return e->now.total != -INFINITY;
}

/* ---------------------------------------------------------------- the tree */

static entry *make_entry(td_beam *b, entry *parent, int64_t label)
{
    entry *const e = td_arena_try_alloc(b->arena, sizeof *e, 16);

    if (e) *e = (entry){ .parent = parent, .label = label, .before = none, .now = none };
    return e;
}

/* The place for e's child; NULL without memory. */
static entry **child_of(td_beam *b, entry *e, size_t label)
{
    const size_t bytes = b->classes * sizeof(entry *);

    if (!e->child && (e->child = td_arena_try_alloc(b->arena, bytes, 16))) memset(e->child, 0, bytes);
    return e->child ? &e->child[label] : NULL;
}

td_beam *td_beam_make(td_arena *arena, size_t classes, size_t width, bool is_float)
{
    td_beam *const b = td_arena_try_alloc(arena, sizeof *b, 16);
    entry **const best = td_arena_try_alloc(arena, (width + 1) * sizeof(entry *), 16);
    entry **const last = td_arena_try_alloc(arena, (width + 1) * sizeof(entry *), 16);

    if (!b || !best || !last) return NULL;
    *b = (td_beam){ arena, classes, width, 0, is_float, NULL, best, last };
    return b;
}

bool td_beam_start(td_beam *b)
{
    b->root = make_entry(b, NULL, -1);
    if (!b->root) return false;
    b->root->now = (odds){ 0.0, 0.0, -INFINITY };
    b->best[0] = b->root;
    b->size = 1;
    return true;
}

/* ---------------------------------------------------------------- the beam */

/* Where it belongs; behind its equals. What is too many falls off. */
static void push(td_beam *b, entry *e)
{
    size_t at = b->size;

    for (; at > 0 && b->best[at - 1]->now.total < e->now.total; at--)
        b->best[at] = b->best[at - 1];
    b->best[at] = e;
    b->size = TD_MIN(b->size + 1, b->width);
}

static bool is_candidate(const td_beam *b, const odds *o)
{
    return o->total > -INFINITY && (b->size < b->width || o->total > b->best[b->size - 1]->now.total);
}

/* The last two labels are the same: there was a blank between them. */
static double reached_from(const entry *parent, int64_t label)
{
    return label == parent->label ? parent->before.blank : parent->before.total;
}

/* A sequence stays what it is with its label once more, or a blank. */
static void stay(td_beam *b, entry *e, const double *logits, double norm)
{
    if (e->parent) {
        if (is_active(e->parent)) e->now.label = log_sum(b, e->now.label, reached_from(e->parent, e->label));
        e->now.label = fit(b, e->now.label + fit(b, logits[e->label] - norm));
    }
    e->now.blank = fit(b, e->before.total + fit(b, logits[b->classes - 1] - norm));
    e->now.total = log_sum(b, e->now.blank, e->now.label);
    push(b, e);
}

static bool grow_by(td_beam *b, entry *e, size_t label, double logit)
{
    entry **const place = child_of(b, e, label);

    if (!place) return false;
    if (*place && is_active(*place)) return true;
    const double likely = fit(b, logit + reached_from(e, (int64_t)label));
    const odds now = { likely, -INFINITY, likely };

    if (!is_candidate(b, &now)) return true;
    if (!*place && !(*place = make_entry(b, e, (int64_t)label))) return false;
    if (b->size == b->width) b->best[--b->size]->now = none; /* it leaves */
    (*place)->now = now;
    push(b, *place);
    return true;
}

static bool grow(td_beam *b, entry *e, const double *logits, double norm)
{
    if (!is_candidate(b, &e->before)) return true;
    for (size_t label = 0; label + 1 < b->classes; label++)
        if (!grow_by(b, e, label, fit(b, logits[label] - norm))) return false;
    return true;
}

/* The logarithm of what the logits' exponentials sum up to. */
static double norm_of(const td_beam *b, const double *logits)
{
    double most = logits[0], sum = 0.0;

    for (size_t i = 1; i < b->classes; i++)
        most = TD_MAX(most, logits[i]);
    for (size_t i = 0; i < b->classes; i++)
        sum = fit(b, sum + fit(b, exp(fit(b, logits[i] - most))));
    return fit(b, most + fit(b, log(sum)));
}

bool td_beam_step(td_beam *b, const double *logits)
{
    const double norm = norm_of(b, logits);
    const size_t n = b->size;
    entry **const from = b->best;

    b->best = b->last;
    b->last = from;
    b->size = 0;
    for (size_t i = 0; i < n; i++)
        from[i]->before = from[i]->now;
    for (size_t i = 0; i < n; i++)
        stay(b, from[i], logits, norm);
    for (size_t i = 0; i < n; i++)
        if (!grow(b, from[i], logits, norm)) return false;
    return true;
}

/* ---------------------------------------------------------------- what came out */

size_t td_beam_size(const td_beam *b)
{
    return b->size;
}

double td_beam_log(const td_beam *b, size_t i)
{
    return b->best[i]->now.total;
}

/* Does the label that e adds count? Of equal ones in a row the last does when they are merged. */
static bool counts(const entry *e, const entry *next, bool merges)
{
    return !merges || !next || e->label != next->label;
}

size_t td_beam_length(const td_beam *b, size_t i, bool merges)
{
    const entry *next = NULL;
    size_t n = 0;

    for (const entry *e = b->best[i]; e->parent; next = e, e = e->parent)
        n += counts(e, next, merges);
    return n;
}

void td_beam_labels(const td_beam *b, size_t i, bool merges, int64_t *out)
{
    const entry *next = NULL;
    size_t n = td_beam_length(b, i, merges);

    for (const entry *e = b->best[i]; e->parent; next = e, e = e->parent)
        if (counts(e, next, merges)) out[--n] = e->label;
}
