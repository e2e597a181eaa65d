/* SPDX-License-Identifier: Apache-2.0 */
/* estimate.c -- a walk over all programs of a model, bodies of control flow included. */
#include "exec/estimate.h"

#include "base/map.h"
#include "base/size.h"
#include "exec/region.h"

typedef struct census {
    td_map seen; /* programs, and elements of weights, by address */
    td_arena *arena;
    size_t bytes;
} census;

static bool is_new(census *c, const void *p)
{
    const void **const key = td_arena_alloc(c->arena, sizeof p);

    *key = p;
    return !td_map_put_n(&c->seen, (const char *)key, sizeof p, c);
}

static void add_weights(census *c, const td_tensor *t)
{
    size_t bytes;

    if (t->shape.rank < 2 || !t->data || !is_new(c, t->data)) return;
    /* packed as floats, whatever the file has */
    if (!td_mul_size((size_t)td_shape_count(&t->shape), sizeof(float), &bytes) ||
        !td_add_size(c->bytes, bytes, &c->bytes))
        c->bytes = SIZE_MAX;
}

static bool is_packed(const td_tensor *t)
{
    return t->dtype == TD_F32 || t->dtype == TD_F16 || t->dtype == TD_BF16;
}

static void walk(census *c, const td_program *prog)
{
    if (!is_new(c, prog)) return;
    for (size_t i = 0; i < prog->n_steps; i++) {
        const td_step *const s = &prog->steps[i];

        for (uint32_t k = 0; (s->op->flags & TD_OP_PACKS) && k < s->n_in; k++)
            if (prog->is_const[s->in[k]] && is_packed(&prog->values[s->in[k]]))
                add_weights(c, &prog->values[s->in[k]]);
        for (uint32_t r = 0; r < s->n_regions; r++)
            walk(c, td_region_program(s->regions[r])); /* no deeper than bodies nest: compile.c's MAX_DEPTH */
    }
}

size_t td_estimate_packs(const td_entry *entries, size_t n)
{
    census c = { .arena = td_arena_make() };

    for (size_t i = 0; i < n; i++)
        if (entries[i].prog) walk(&c, entries[i].prog);
    td_map_fini(&c.seen);
    td_arena_free(c.arena);
    return c.bytes;
}
