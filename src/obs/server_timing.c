/* SPDX-License-Identifier: Apache-2.0 */
/* server_timing.c -- see server_timing.h. */
#include "obs/server_timing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"

enum {
    SEGMENTS = 12,
    NAME = 96,  /* characters of a node's name: its end tells most */
    DESC = 256, /* of what is told of one op */
    ENTRY = 384,
    REST = 96 /* what put_others() takes at most */
};

typedef struct out {
    char *text;
    size_t size, most; /* without the NUL */
} out;

/* number, desc: 0, "" for none. False: there was no room, and nothing was added. */
static bool put(out *o, const char *name, size_t number, int64_t ns, const char *desc)
{
    char entry[ENTRY], digits[24] = "";

    if (number) snprintf(digits, sizeof digits, "%zu", number);
    const int size = snprintf(entry, sizeof entry, "%s%s%s;dur=%.4f%s%s%s", o->size ? ", " : "", name, digits,
                              (double)ns * 1e-6, *desc ? ";desc=\"" : "", desc, *desc ? "\"" : "");

    TD_ASSERT(size < (int)sizeof entry);
    if (o->size + (size_t)size > o->most) return false;
    memcpy(o->text + o->size, entry, (size_t)size + 1);
    o->size += (size_t)size;
    return true;
}

/* What was left out of n, in the room that is kept for it. */
static void put_others(out *o, const char *name, size_t n, int64_t ns)
{
    char desc[48];

    if (!n) return;
    snprintf(desc, sizeof desc, "%zu others", n);
    (void)put(o, name, 0, ns, desc);
}

/* ---- stages ---- */

static void put_stage(out *o, const char *name, int64_t from, int64_t to)
{
    if (from && to) (void)put(o, name, 0, TD_MAX(to - from, 0), "");
}

static void put_stages(out *o, const td_timing *t)
{
    const td_request_times *const at = &t->times;
    char rows[48];

    put_stage(o, "total", at->arrived, at->written);
    put_stage(o, "parse", at->arrived, at->parsed);
    put_stage(o, "model", at->parsed, at->acquired);
    put_stage(o, "fill", at->acquired, at->filled);
    put_stage(o, "queue", at->filled, at->queued);
    snprintf(rows, sizeof rows, "%zu row%s", t->batch, t->batch == 1 ? "" : "s");
    if (at->ran) (void)put(o, "run", 0, at->ran - at->queued, rows);
    put_stage(o, "write", at->ran, at->written);
}

/* ---- segments ---- */

static int rising(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* What a segment must have taken to be among the slowest. */
static int64_t least_ns(const td_vec *segments)
{
    int64_t *const all = TD_NEW_N(int64_t, segments->size);

    for (size_t i = 0; i < segments->size; i++)
        all[i] = TD_VEC_AT(segments, td_trace_segment, i)->ns;
    qsort(all, segments->size, sizeof *all, rising);
    const int64_t least = all[segments->size - SEGMENTS];

    td_free(all);
    return least;
}

static void put_segments(out *o, const td_vec *segments)
{
    const int64_t least = segments->size > SEGMENTS ? least_ns(segments) : 0;
    size_t told = 0;
    int64_t rest_ns = 0;
    char desc[48];

    for (size_t i = 0; i < segments->size; i++) {
        const td_trace_segment *const g = TD_VEC_AT(segments, td_trace_segment, i);

        if (told == SEGMENTS || g->ns < least) {
            rest_ns += g->ns;
            continue;
        }
        snprintf(desc, sizeof desc, "ops %zu-%zu", g->first + 1, g->first + g->n);
        (void)put(o, "segment", i + 1, g->ns, desc);
        told++;
    }
    put_others(o, "segments", segments->size - told, rest_ns);
}

/* ---- ops ---- */

static int slowest_first(const void *a, const void *b)
{
    const td_trace_op *const x = *(const td_trace_op *const *)a, *const y = *(const td_trace_op *const *)b;

    return (x->ns < y->ns) - (x->ns > y->ns);
}

/* The end of it, without what would end a quoted text, or is none. */
static void copy_name(const char *name, char to[NAME + 1])
{
    const size_t size = strlen(name), from = size > NAME ? size - NAME : 0;

    for (size_t i = from; i <= size; i++)
        to[i - from] = name[i];
    for (char *p = to; *p; p++)
        if (*p < ' ' || *p > '~' || *p == '"' || *p == '\\') *p = '?';
    if (from) memcpy(to, "...", 3);
}

static bool put_op(out *o, size_t number, const td_trace_op *op)
{
    char node[NAME + 1], kind[NAME + 1], times[32] = "", desc[DESC];

    copy_name(op->node, node);
    copy_name(op->op, kind);
    if (op->runs > 1) snprintf(times, sizeof times, ", %zu times", op->runs);
    snprintf(desc, sizeof desc, "%s %s%s", kind, node, times);
    return put(o, "op", number, op->ns, desc);
}

static void put_ops(out *o, const td_vec *ops)
{
    td_trace_op **const all = TD_NEW_N(td_trace_op *, ops->size);
    size_t told = 0;
    int64_t rest_ns = 0;

    memcpy(all, ops->data, ops->size * sizeof *all);
    qsort(all, ops->size, sizeof *all, slowest_first);
    o->most -= REST;
    while (told < ops->size && put_op(o, told + 1, all[told]))
        told++;
    o->most += REST;
    for (size_t i = told; i < ops->size; i++)
        rest_ns += all[i]->ns;
    put_others(o, "ops", ops->size - told, rest_ns);
    td_free(all);
}

void td_server_timing(const td_timing *t, char text[TD_SERVER_TIMING])
{
    out o = { .text = text, .most = TD_SERVER_TIMING - 1 };

    *text = '\0';
    put_stages(&o, t);
    if (!t->trace) return;
    (void)put(&o, "plan", 0, t->trace->plan_ns, "");
    (void)put(&o, "core", 0, t->trace->core_ns, "");
    put_segments(&o, &t->trace->segments);
    if (t->trace->ops.size) put_ops(&o, &t->trace->ops);
}
