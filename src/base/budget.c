/* SPDX-License-Identifier: Apache-2.0 */
/* budget.c -- see budget.h. */
#include "base/budget.h"

#include <inttypes.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/macros.h"

static const struct {
    const char *name, *flag;
} kinds[TD_BUDGET_KINDS + 1] = {
    [TD_BUDGET_NODES] = { "nodes", "--max_load_nodes" },
    [TD_BUDGET_BODIES] = { "bodies of control flow", "--max_load_bodies" },
    [TD_BUDGET_BYTES] = { "bytes of constants", "--max_load_bytes" },
    [TD_BUDGET_STATE] = { "bytes of variables and tables", "--max_load_bytes" },
    [TD_BUDGET_KINDS] = { "seconds", "--max_load_seconds" },
};

void td_budget_begin(td_budget *b, int64_t nodes, int64_t bodies, int64_t bytes, int64_t seconds)
{
    const int64_t limits[TD_BUDGET_KINDS] = { nodes, bodies, bytes, bytes };
    const int64_t longest = INT64_MAX / 4 / 1000000000;

    *b = (td_budget){ .seconds = TD_MIN(seconds, longest) };
    for (int k = 0; k < TD_BUDGET_KINDS; k++)
        b->limit[k] = limits[k] > 0 ? (uint64_t)limits[k] : UINT64_MAX;
    if (seconds > 0) b->end_ns = td_now_ns() + b->seconds * 1000000000;
}

static td_status refuse(td_budget *b, td_budget_kind kind, const char *what)
{
    b->is_over = true;
    b->over = kind;
    if (kind == TD_BUDGET_KINDS)
        return TD_ERR(DEADLINE_EXCEEDED, "loading takes more than %" PRId64 " seconds (%s)", b->seconds,
                      kinds[kind].flag);
    return TD_ERR(INVALID_ARGUMENT, "loading takes more than %" PRIu64 " %s (%s)%s%s", b->limit[kind],
                  kinds[kind].name, kinds[kind].flag, what ? ": " : "", what ? what : "");
}

static td_status check_time(td_budget *b)
{
    return b->end_ns && td_now_ns() > b->end_ns ? refuse(b, TD_BUDGET_KINDS, NULL) : NULL;
}

td_status td_budget_take(td_budget *b, td_budget_kind kind, uint64_t n, const char *what)
{
    if (!b) return NULL;
    if (n > td_budget_left(b, kind)) return refuse(b, kind, what);
    b->used[kind] += n;
    return check_time(b);
}

uint64_t td_budget_left(const td_budget *b, td_budget_kind kind)
{
    return b->limit[kind] - b->used[kind];
}

void td_budget_give(td_budget *b, td_budget_kind kind, uint64_t n)
{
    if (b) b->used[kind] -= TD_MIN(n, b->used[kind]);
}

td_status td_budget_check(td_budget *b)
{
    if (!b) return NULL;
    return b->is_over ? refuse(b, b->over, NULL) : check_time(b);
}
