/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_vocabulary.c -- any bytes as a vocabulary file, into a static table.
 *
 * The first bytes choose columns, size, offset, delimiter and the table's types; the rest is the file. */
#include "base/macros.h"
#include "driver.h"
#include "ops/state/lookup.h"
#include "ops/state/vocabulary.h"

enum { FUZZ_HEAD = 7 };

static void fill(const td_vocabulary *v, const td_lookup_kind *kind, td_string text, td_arena *arena)
{
    td_tensor keys = { .dtype = kind->key }, values = { .dtype = kind->value };

    if (!fuzz_end(td_vocabulary_check(v, kind->key, kind->value)) ||
        !fuzz_end(td_vocabulary_read(v, text, arena, &keys, &values)))
        return;
    TD_ASSERT(keys.shape.dims[0] > 0 && keys.shape.dims[0] == values.shape.dims[0]);
    TD_ASSERT(v->size < 0 || keys.shape.dims[0] == v->size);
    td_lookup *const t = td_lookup_make(kind, "t");

    if (fuzz_end(td_lookup_fill(t, &keys, &values)))
        TD_ASSERT(td_lookup_size(t) <= keys.shape.dims[0]);
    else
        TD_ASSERT(td_lookup_size(t) == 0);
    td_object_unref((td_object *)t);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    static const td_dtype types[] = { TD_STRING, TD_I64, TD_I32, TD_F32, TD_F64, TD_BOOL };

    if (size < FUZZ_HEAD) return;
    const td_vocabulary v = { .key_index = data[0] % 6 - 2,
                              .value_index = data[1] % 6 - 2,
                              .size = data[2] % 8 - 1,
                              .offset = data[3] == 0xff ? INT64_MAX : (int8_t)data[3],
                              .delimiter = (char)data[4],
                              .name = "F" };
    const td_lookup_kind kind = { .key = types[data[5] % 3], .value = types[data[6] % TD_COUNT(types)] };
    td_arena *const arena = td_arena_make();

    fill(&v, &kind, (td_string){ (const char *)data + FUZZ_HEAD, size - FUZZ_HEAD }, arena);
    td_arena_free(arena);
}
