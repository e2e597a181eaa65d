/* SPDX-License-Identifier: Apache-2.0 */
/* forest_model.c -- see forest_model.h. */
#include "ops/forest/forest_model.h"

#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"

/* What a load leaves; never changes. */
typedef struct loaded {
    td_arena *arena; /* has all of it */
    td_forest_place from;
    const td_ydf_model *model;
} loaded;

typedef struct forest {
    td_object base;
    char *name;
    _Atomic(loaded *) loaded; /* NULL until it is loaded */
} forest;

static loaded *loaded_of(td_object *o)
{
    /* acquire: what the load has written is seen */
    return atomic_load_explicit(&((forest *)(void *)o)->loaded, memory_order_acquire);
}

static void free_loaded(loaded *l)
{
    if (l) td_arena_free(l->arena);
}

static void free_forest(td_object *o)
{
    forest *const f = (forest *)(void *)o;

    free_loaded(loaded_of(o));
    td_free(f->name);
    td_free(f);
}

static const char *forest_lacks(td_object *o)
{
    return loaded_of(o) ? NULL : ((const forest *)(const void *)o)->name;
}

const td_object_class td_forest_class = { .name = "YggdrasilModelResource",
                                          .free = free_forest,
                                          .lacks_value = forest_lacks };

td_object *td_forest_make(const char *name)
{
    forest *const f = TD_NEW(forest);

    td_object_init(&f->base, &td_forest_class);
    f->name = td_strdup(name);
    atomic_init(&f->loaded, NULL);
    return &f->base;
}

static bool is_same(const td_forest_place *a, const td_forest_place *b)
{
    return a->has_leaves == b->has_leaves && strcmp(a->dir, b->dir) == 0 &&
           a->prefix.size == b->prefix.size && memcmp(a->prefix.data, b->prefix.data, a->prefix.size) == 0;
}

static td_status check_same(const loaded *l, const td_forest_place *from)
{
    if (is_same(&l->from, from)) return NULL;
    return TD_ERR(FAILED_PRECONDITION, "the model of decision forests is loaded already, from %s",
                  l->from.dir);
}

static td_status load(const td_forest_place *from, loaded **out)
{
    td_arena *const arena = td_arena_make();
    loaded *const l = TD_ARENA_NEW(arena, loaded);

    l->arena = arena;
    l->from = (td_forest_place){ td_arena_strdup(arena, from->dir),
                                 { td_arena_strndup(arena, from->prefix.data, from->prefix.size),
                                   from->prefix.size },
                                 from->has_leaves };
    const td_status s = td_ydf_load(l->from.dir, l->from.prefix, from->has_leaves, arena, &l->model);
    if (s)
        td_arena_free(arena);
    else
        *out = l;
    return s;
}

td_status td_forest_load(td_object *o, const td_forest_place *from)
{
    loaded *before = loaded_of(o), *made;

    if (before) return check_same(before, from);
    TD_TRY(td_status_prefix(load(from, &made), "loading decision forests from %s: ", from->dir));
    /* release: publishes what was read */
    if (atomic_compare_exchange_strong_explicit(&((forest *)(void *)o)->loaded, &before, made,
                                                memory_order_release, memory_order_acquire))
        return NULL;
    free_loaded(made); /* somebody else was faster */
    return check_same(before, from);
}

td_status td_forest_of(td_object *o, const td_ydf_model **out, bool *has_leaves)
{
    const loaded *const l = loaded_of(o);

    if (!l)
        return TD_ERR(FAILED_PRECONDITION, "the model of decision forests %s is not loaded",
                      ((const forest *)(const void *)o)->name);
    *out = l->model;
    *has_leaves = l->from.has_leaves;
    return NULL;
}
