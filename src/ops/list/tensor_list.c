/* SPDX-License-Identifier: Apache-2.0 */
/* tensor_list.c -- see tensor_list.h. Invariants:
 *   1. of the versions that share a store, exactly one is the root: it has items, and no next;
 *   2. every other one holds a reference to its next, and following next ends at the root;
 *   3. items at or behind a version's own length are not its business.
 */
#include "ops/list/tensor_list.h"

#include <string.h>

#include "base/macros.h"
#include "base/mem.h"

struct td_list {
    td_object base;
    td_dtype dtype;
    td_shape elem;
    int64_t length;
    int64_t most;       /* elements that pushing may make; -1: any */
    td_list_hint known; /* but for the length */
    td_tensor *items;   /* root */
    int64_t cap;
    td_list *next; /* not the root: as next, but for element `at` (-1: nothing differs), which is `old` */
    int64_t at;
    td_tensor old;
};

/* Frees a version and those that only it keeps; a loop, for chains may be long. */
static void free_list(td_object *o)
{
    td_list *l = (td_list *)(void *)o;

    while (l) {
        td_list *next = l->next;

        for (int64_t i = 0; i < l->cap; i++)
            td_tensor_unref(&l->items[i]);
        td_free(l->items);
        td_tensor_unref(&l->old);
        td_free(l);
        if (next && !td_object_is_unique(&next->base)) {
            td_object_unref(&next->base);
            next = NULL;
        }
        l = next;
    }
}

const td_object_class td_list_class = { .name = "TensorList", .free = free_list };

static td_list *make_version(td_dtype dtype, const td_shape *elem, int64_t length)
{
    td_list *const l = TD_NEW(td_list);

    td_object_init(&l->base, &td_list_class);
    l->dtype = dtype;
    l->elem = *elem;
    l->length = length;
    l->most = -1;
    l->known.shapes = TD_LIST_NONE;
    return l;
}

/* Room for cap items behind those there are. */
static td_status grow(td_list *root, int64_t cap)
{
    enum { MAX_LENGTH = 1 << 28 };

    if (cap <= root->cap) return NULL;
    if (cap > MAX_LENGTH)
        return TD_ERR(RESOURCE_EXHAUSTED, "a TensorList of %lld elements is too long", (long long)cap);
    const int64_t want = TD_MIN(TD_MAX(cap, 2 * root->cap), MAX_LENGTH);
    td_tensor *const items = td_try_alloc((size_t)want * sizeof *items, _Alignof(td_tensor));

    if (!items)
        return TD_ERR(RESOURCE_EXHAUSTED, "no memory for a TensorList of %lld elements", (long long)cap);
    if (root->cap) memcpy(items, root->items, (size_t)root->cap * sizeof *items);
    memset(items + root->cap, 0, (size_t)(want - root->cap) * sizeof *items);
    td_free(root->items);
    root->items = items;
    root->cap = want;
    return NULL;
}

td_status td_list_make(td_dtype dtype, const td_shape *elem, int64_t n, td_list **out)
{
    td_list *const l = make_version(dtype, elem, n);
    const td_status s = grow(l, n);

    if (s) {
        td_list_unref(l);
        return s;
    }
    *out = l;
    return NULL;
}

void td_list_unref(td_list *l)
{
    if (l) td_object_unref(&l->base);
}

td_dtype td_list_dtype(const td_list *l)
{
    return l->dtype;
}

const td_shape *td_list_elem(const td_list *l)
{
    return &l->elem;
}

int64_t td_list_length(const td_list *l)
{
    return l->length;
}

td_list_hint td_list_known(const td_list *l)
{
    td_list_hint h = l->known;

    h.length = l->length;
    return h;
}

static void note(td_list *l, const td_tensor *item)
{
    if (item->dtype != TD_DTYPE_NONE) l->known = td_list_hint_with(l->known, &item->shape);
}

/* The root's store becomes child's, root becomes what differs from it. */
static void hand_over(td_list *root, td_list *child)
{
    root->at = child->at;
    if (child->at >= 0) {
        root->old = root->items[child->at];
        root->items[child->at] = child->old;
        child->old = (td_tensor){ 0 };
    }
    child->items = root->items;
    child->cap = root->cap;
    root->items = NULL;
    root->cap = 0;
    root->next = child;
}

static void make_root(td_list *l)
{
    td_list *back = NULL, *at = l;

    if (!l->next) return;
    while (at) { /* turns the chain around: afterwards next leads from the root to l */
        td_list *const next = at->next;

        at->next = back;
        back = at;
        at = next;
    }
    for (td_list *root = back; root != l;) {
        td_list *const child = root->next;

        hand_over(root, child);
        td_object_ref(&child->base);
        td_object_unref(&root->base); /* child's reference to it */
        root = child;
    }
    l->next = NULL;
}

bool td_list_is_newest(const td_list *l)
{
    return !l->next;
}

const td_tensor *td_list_get(td_list *l, int64_t i)
{
    TD_ASSERT(i >= 0 && i < l->length);
    make_root(l);
    return &l->items[i];
}

void td_list_init(td_list *l, int64_t i, td_tensor t)
{
    TD_ASSERT(i >= 0 && i < l->length && !l->next);
    td_tensor_unref(&l->items[i]);
    l->items[i] = t;
    note(l, &t);
}

/* A version of another length whose element `at`, if any, is t. */
static td_list *derive(td_list *l, int64_t length, int64_t at, td_tensor t)
{
    td_list *const n = make_version(l->dtype, &l->elem, length);

    n->known = l->known;
    n->most = l->most;
    note(n, &t);
    n->at = at;
    n->old = t;
    hand_over(l, n); /* puts t in, takes what was there out */
    td_object_ref(&n->base);
    return n;
}

td_status td_list_set(td_list *l, int64_t i, td_tensor t, td_list **out)
{
    TD_ASSERT(i >= 0 && i < l->length);
    make_root(l);
    *out = derive(l, l->length, i, t);
    return NULL;
}

td_status td_list_push(td_list *l, td_tensor t, td_list **out)
{
    make_root(l);
    const td_status s = grow(l, l->length + 1);

    if (s) {
        td_tensor_unref(&t);
        return s;
    }
    *out = derive(l, l->length + 1, l->length, t);
    return NULL;
}

int64_t td_list_most(const td_list *l)
{
    return l->most;
}

void td_list_limit(td_list *l, int64_t most)
{
    l->most = most;
}

td_status td_list_resize(td_list *l, int64_t n, td_list **out)
{
    td_list *made;

    make_root(l);
    if (n <= l->length) {
        *out = derive(l, n, -1, (td_tensor){ 0 });
        return NULL;
    }
    /* the store may hold newer versions' items behind our length: a list of its own */
    TD_TRY(td_list_make(l->dtype, &l->elem, n, &made));
    for (int64_t i = 0; i < l->length; i++)
        made->items[i] = td_tensor_ref(&l->items[i]);
    made->known = l->known;
    made->most = l->most;
    *out = made;
    return NULL;
}
