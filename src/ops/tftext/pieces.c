/* SPDX-License-Identifier: Apache-2.0 */
/* pieces.c -- an array that grows in the arena of a run, and the outputs that it becomes. */
#include "ops/tftext/pieces.h"

#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "ops/array/array.h"
#include "ops/strings.h"

td_status td_pieces_add(td_pieces *p, const td_piece *piece)
{
    TD_TRY(td_text_grow(p->call, p->n, sizeof *p->items, &p->room, &p->items));
    p->items[p->n++] = *piece;
    return NULL;
}

td_status td_pieces_join(const td_pieces *p, td_string prefix, td_string text, td_string *out)
{
    size_t size;
    char *bytes;

    if (!prefix.size) {
        *out = text;
        return NULL;
    }
    if (!td_add_size(prefix.size, text.size, &size)) return TD_ERR(RESOURCE_EXHAUSTED, "a token is too long");
    TD_TRY(td_text_alloc(p->call, size, &bytes));
    memcpy(bytes, prefix.data, prefix.size);
    if (text.size) memcpy(bytes + prefix.size, text.data, text.size);
    *out = (td_string){ bytes, size };
    return NULL;
}

td_status td_pieces_start_splits(td_call *c, uint32_t i, int64_t rows)
{
    TD_TRY(td_out_make(c, i, &(td_shape){ 1, { rows + 1 } }));
    td_tensor_set_int(td_out(c, i), 0, 0);
    return NULL;
}

td_status td_pieces_end_row(const td_pieces *p, uint32_t i, int64_t row)
{
    td_tensor *const splits = td_out(p->call, i);

    if (splits->dtype == TD_I32 && p->n > INT32_MAX)
        return TD_ERR(RESOURCE_EXHAUSTED, "%s: too many tokens for int32 splits", p->call->node);
    td_tensor_set_int(splits, (size_t)row + 1, (int64_t)p->n);
    return NULL;
}

td_status td_pieces_put_texts(const td_pieces *p, uint32_t i)
{
    TD_TRY(td_out_make(p->call, i, &(td_shape){ 1, { (int64_t)p->n } }));
    td_string *const out = td_out(p->call, i)->data;

    for (size_t k = 0; k < p->n; k++)
        out[k] = p->items[k].text;
    return NULL;
}

/* The number that is `at` bytes into each piece. */
static td_status put_numbers(const td_pieces *p, uint32_t i, size_t at)
{
    TD_TRY(td_out_make(p->call, i, &(td_shape){ 1, { (int64_t)p->n } }));
    td_tensor *const out = td_out(p->call, i);

    for (size_t k = 0; k < p->n; k++)
        td_tensor_set_int(out, k, *(const int64_t *)((const char *)&p->items[k] + at));
    return NULL;
}

td_status td_pieces_put_ids(const td_pieces *p, uint32_t i)
{
    return put_numbers(p, i, offsetof(td_piece, id));
}

td_status td_pieces_put_begins(const td_pieces *p, uint32_t i)
{
    return put_numbers(p, i, offsetof(td_piece, begin));
}

td_status td_pieces_put_ends(const td_pieces *p, uint32_t i)
{
    return put_numbers(p, i, offsetof(td_piece, end));
}

td_status td_splits_check(const td_call *c, uint32_t i, int64_t n)
{
    const td_tensor *const splits = td_in(c, i);
    int64_t before = 0;

    TD_TRY(td_vector_check(c, i, "splits"));
    if (splits->shape.dims[0] < 1)
        return TD_ERR(INVALID_ARGUMENT, "%s: splits must have 1 element or more", c->node);
    for (int64_t k = 0; k < splits->shape.dims[0]; k++) {
        const int64_t v = td_tensor_int(splits, (size_t)k);

        if (v < before || v > n)
            return TD_ERR(INVALID_ARGUMENT, "%s: splits must not fall, and be from 0 to %lld", c->node,
                          (long long)n);
        before = v;
    }
    return NULL;
}

td_status td_vector_check(const td_call *c, uint32_t i, const char *what)
{
    char text[TD_SHAPE_TEXT];

    if (td_in(c, i)->shape.rank == 1) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "%s must be a vector, got shape: %s", what,
                  td_shape_text(&td_in(c, i)->shape, text, sizeof text));
}
