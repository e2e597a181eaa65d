/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_ops.c -- calls of single ops, spoiled: what a model file or a client may ask of them.
 *
 * The golden cases are where it starts: the first two bytes choose one, the rest changes integers of
 * attributes and inputs, and shapes of inputs. An op may answer or refuse, nothing else. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/macros.h"
#include "base/mem.h"
#include "driver.h"
#include "golden.h"
#include "ops/kernel.h"

/* A case, and a number that follows from it: a corpus means the same when there are more of them. */
typedef struct entry {
    uint32_t key;
    golden g;
} entry;

static entry *entries;
static size_t n_entries;

static uint32_t key_of(const golden *g)
{
    uint32_t key = td_crc32c(0, g->op, strlen(g->op));

    for (uint32_t i = 0; i < g->n_in; i++) {
        key = td_crc32c(key, &g->in[i].dtype, sizeof g->in[i].dtype);
        key = td_crc32c(key, g->in[i].shape.dims, (size_t)g->in[i].shape.rank * sizeof *g->in[i].shape.dims);
    }
    for (uint32_t i = 0; i < g->n_attrs; i++)
        if (g->attrs[i].value.kind == TD_ATTR_INT)
            key = td_crc32c(key, &g->attrs[i].value.u.i, sizeof g->attrs[i].value.u.i);
    return key & 0xffff;
}

static int by_key(const void *a, const void *b)
{
    const entry *const x = a, *const y = b;

    return x->key < y->key ? -1 : x->key > y->key;
}

static void load_file(td_arena *arena, const char *path)
{
    FILE *const f = fopen(path, "r");

    TD_ASSERT(f);
    for (golden g; golden_read(f, arena, &g);) {
        if ((n_entries & (n_entries - 1)) == 0) /* a power of two: twice as many fit next */
            entries = td_realloc(entries, TD_MAX(2 * n_entries, (size_t)1) * sizeof *entries);
        entries[n_entries++] = (entry){ key_of(&g), g };
    }
    (void)fclose(f);
}

static void load_cases(void)
{
    static td_arena *arena; /* kept: cases point into it */
    const char **files;

    arena = td_arena_make();
    const size_t n = golden_files(arena, ".txt", &files);
    for (size_t i = 0; i < n; i++)
        load_file(arena, files[i]);
    qsort(entries, n_entries, sizeof *entries, by_key);
}

static golden choose(uint32_t key)
{
    size_t i = 0;

    while (i + 1 < n_entries && entries[i].key < key)
        i++;
    return entries[i].g;
}

/* The bytes that are left; zeros when there are none. */
typedef struct bytes {
    const uint8_t *at, *end;
} bytes;

static uint32_t next(bytes *b)
{
    return b->at < b->end ? *b->at++ : 0;
}

static int64_t odd_number(bytes *b)
{
    /* none that asks for gigabytes and rightly gets them */
    static const int64_t numbers[] = {
        0, 1, -1, 2, 3, 5, -2, 7, 100, INT32_MIN, INT64_MAX, INT64_MIN, INT64_MAX / 2, 1LL << 44
    };

    return numbers[next(b) % TD_COUNT(numbers)];
}

/* Numbers of inputs or outputs stay: bind compares them with the node. */
static bool counts_tensors(const char *name)
{
    return strcmp(name, "N") == 0 || strncmp(name, "num", 3) == 0 || strstr(name, "RANK") != NULL;
}

/* A copy of s with another dimension, or another rank. */
static const td_shape *change_dim(td_arena *arena, const td_shape *s, bytes *b)
{
    td_shape *const t = TD_ARENA_NEW(arena, td_shape);

    *t = *s;
    if (next(b) % 4 == 0) t->rank = (int32_t)(next(b) % (TD_MAX_RANK + 2)) - 1;
    if (t->rank > 0) t->dims[next(b) % (uint32_t)t->rank] = odd_number(b);
    /* the reader of models lets no other in */
    for (int i = 0; i < t->rank; i++)
        if (t->dims[i] < -1) t->dims[i] = -1;
    const td_status bad = td_shape_is_known(t) ? td_shape_check(t) : NULL;

    td_status_free(bad);
    return bad ? s : t;
}

static void change_attr(td_arena *arena, golden *g, bytes *b)
{
    if (!g->n_attrs) return;
    td_attr *const a = &g->attrs[next(b) % g->n_attrs];

    if (a->value.kind == TD_ATTR_INT && !counts_tensors(a->name)) a->value.u.i = odd_number(b);
    if (a->value.kind == TD_ATTR_BOOL) a->value.u.b = !a->value.u.b;
    if (a->value.kind == TD_ATTR_SHAPE) a->value.u.shape = change_dim(arena, a->value.u.shape, b);
    if (a->value.kind != TD_ATTR_LIST || !a->value.u.list.count) return;
    const td_attr_kind kind = a->value.u.list.items[0].kind;

    if (kind != TD_ATTR_INT && kind != TD_ATTR_SHAPE) return;
    td_attr_value *const items = TD_ARENA_NEW_N(arena, td_attr_value, a->value.u.list.count);

    memcpy(items, a->value.u.list.items, a->value.u.list.count * sizeof *items);
    td_attr_value *const item = &items[next(b) % a->value.u.list.count];

    if (kind == TD_ATTR_INT)
        item->u.i = odd_number(b);
    else
        item->u.shape = change_dim(arena, item->u.shape, b);
    a->value.u.list.items = items;
}

/* Another shape, its elements being the old ones again and again. Exactly as long as it says: ASan looks. */
static void change_shape(td_tensor *t, bytes *b)
{
    const size_t old = (size_t)td_shape_count(&t->shape), elem = td_dtype_size(t->dtype);
    td_shape s = { .rank = (int32_t)(next(b) % 5) };

    for (int i = 0; i < s.rank; i++)
        s.dims[i] = next(b) % 5;
    td_tensor made;

    td_status_free(td_tensor_make(t->dtype, &s, &made));
    const size_t n = (size_t)td_shape_count(&s);

    for (size_t i = 0; i < n && old; i++)
        memcpy((char *)made.data + i * elem, (const char *)t->data + i % old * elem, elem);
    if (!old && n) memset(made.data, 0, n * elem);
    td_tensor_unref(t);
    *t = made;
}

static void change_element(td_tensor *t, bytes *b)
{
    const uint64_t n = (uint64_t)td_shape_count(&t->shape);
    const int64_t v = odd_number(b);
    const size_t elem = td_dtype_size(t->dtype);

    if (n && golden_is_integer(t->dtype) && t->dtype != TD_BOOL)
        memcpy((char *)t->data + next(b) % n * elem, &v, elem);
}

static void spoil(td_arena *arena, golden *g, bytes *b)
{
    for (uint32_t changes = 1 + next(b) % 4; changes; changes--) {
        const uint32_t what = next(b);
        td_tensor *const t = g->n_in ? &g->in[next(b) % g->n_in] : NULL;

        if (what % 4 == 0 || !t)
            change_attr(arena, g, b);
        else if (what % 4 == 1)
            change_shape(t, b);
        else
            change_element(t, b);
    }
}

void fuzz_one(const uint8_t *data, size_t size)
{
    bytes b = { data, data + size };

    fuzz_pause();
    if (!n_entries) load_cases();
    td_arena *const arena = td_arena_make();
    const uint32_t key = next(&b) << 8;
    golden g = choose(key | next(&b));
    td_env env = { .cpu = td_cpu_detect(), .threads = 1, .model_arena = arena };
    td_tensor out[GOLDEN_TENSORS] = { { 0 } };
    td_node *node = NULL;

    for (uint32_t i = 0; i < g.n_in; i++) /* copies of their own, on the heap */
        td_status_free(td_tensor_copy_flat(&g.in[i], &g.in[i]));
    spoil(arena, &g, &b);
    fuzz_resume();
    td_status s = golden_node(arena, &g, &node);

    if (!s && node->n_out <= GOLDEN_TENSORS) s = td_node_eval(node, &env, g.in, out);
    (void)fuzz_end(s);
    for (uint32_t i = 0; i < GOLDEN_TENSORS; i++)
        td_tensor_unref(&out[i]);
    for (uint32_t i = 0; i < g.n_in; i++)
        td_tensor_unref(&g.in[i]);
    td_arena_free(arena);
}
