/* SPDX-License-Identifier: Apache-2.0 */
/* op.c -- the table of ops, by name, and attribute readers for parse. */
#include "ops/op.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"

#define TD_OPS(family) extern const td_op td_ops_##family[];
#include "ops/ops.inc"
#undef TD_OPS

static const td_op *const families[] = {
#define TD_OPS(family) td_ops_##family,
#include "ops/ops.inc"
#undef TD_OPS
};

static td_map by_name;
static const td_op **sorted;
static size_t n_ops;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int compare_names(const void *a, const void *b)
{
    const td_op *const *x = a, *const *y = b;

    return strcmp((*x)->name, (*y)->name);
}

static void build_table(void)
{
    for (size_t f = 0; f < TD_COUNT(families); f++)
        for (const td_op *op = families[f]; op->name; op++)
            n_ops++;
    sorted = TD_NEW_N(const td_op *, n_ops);
    size_t n = 0;
    for (size_t f = 0; f < TD_COUNT(families); f++)
        for (const td_op *op = families[f]; op->name; op++) {
            sorted[n++] = op;
            const void *const twice = td_map_put(&by_name, op->name, (void *)(uintptr_t)op);
            TD_ASSERT(!twice);
        }
    qsort(sorted, n_ops, sizeof(const td_op *), compare_names);
}

const td_op *td_op_find(const char *name)
{
    (void)pthread_once(&once, build_table);
    return td_map_get(&by_name, name);
}

size_t td_op_list(const td_op *const **ops)
{
    (void)pthread_once(&once, build_table);
    *ops = sorted;
    return n_ops;
}

static const td_attr_value *attr_of(const td_parse *p, const char *name, td_attr_kind kind)
{
    const td_attr_value *const v = td_node_attr(p->node, name);

    TD_ASSERT(v && v->kind == kind); /* declared in op->attrs, so bind checked it */
    return v;
}

int64_t td_attr_int(const td_parse *p, const char *name)
{
    return attr_of(p, name, TD_ATTR_INT)->u.i;
}

float td_attr_float(const td_parse *p, const char *name)
{
    return attr_of(p, name, TD_ATTR_FLOAT)->u.f;
}

bool td_attr_bool(const td_parse *p, const char *name)
{
    return attr_of(p, name, TD_ATTR_BOOL)->u.b;
}

td_dtype td_attr_type(const td_parse *p, const char *name)
{
    return attr_of(p, name, TD_ATTR_TYPE)->u.type;
}

td_string td_attr_string(const td_parse *p, const char *name)
{
    return attr_of(p, name, TD_ATTR_STRING)->u.s;
}

bool td_attr_string_is(const td_parse *p, const char *name, const char *text)
{
    return td_string_is(td_attr_string(p, name), text);
}

const td_shape *td_attr_shape(const td_parse *p, const char *name)
{
    return attr_of(p, name, TD_ATTR_SHAPE)->u.shape;
}

size_t td_attr_list(const td_parse *p, const char *name, const td_attr_value **items)
{
    const td_attr_value *const v = attr_of(p, name, TD_ATTR_LIST);

    *items = v->u.list.items;
    return v->u.list.count;
}

td_status td_attr_ints(const td_parse *p, const char *name, int64_t *out, size_t max, size_t *count)
{
    const td_attr_value *items;
    const size_t n = td_attr_list(p, name, &items);

    if (n > max)
        return TD_ERR(INVALID_ARGUMENT, "%s: attribute %s has %zu items, at most %zu are meaningful",
                      p->node->name, name, n, max);
    for (size_t i = 0; i < n; i++)
        out[i] = items[i].u.i;
    *count = n;
    return NULL;
}
