/* SPDX-License-Identifier: Apache-2.0 */
/* feed.c -- see feed.h. */
#include "cli/feed.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/size.h"
#include "kernels/wide/wide.h"

/* Numbers in [-1, 1), the same in every run. */
static float noise(uint32_t *state)
{
    *state = *state * 1664525U + 1013904223U;
    return (float)(*state >> 8) / (float)(1 << 23) - 1.0f;
}

/* What follows "NAME=", or NULL. */
static const char *said_shape(const td_words *shapes, const char *alias)
{
    const size_t n = strlen(alias);

    for (size_t i = shapes->n; i-- > 0;)
        if (!strncmp(shapes->all[i], alias, n) && shapes->all[i][n] == '=') return shapes->all[i] + n + 1;
    return NULL;
}

static td_status parse_shape(const char *alias, const char *text, td_shape *out)
{
    const char *at = text;

    out->rank = 0;
    while (*at && out->rank < TD_MAX_RANK) {
        char *end;
        const long long dim = strtoll(at, &end, 10);

        if (end == at || dim < 0 || (*end && *end != ',')) break;
        out->dims[out->rank++] = dim;
        at = *end ? end + 1 : end;
    }
    return *at ? TD_ERR(INVALID_ARGUMENT, "--shape=%s=%s: dimensions, separated by commas", alias, text)
               : NULL;
}

static td_status shape_of(const td_tensor_info *info, int64_t rows, const td_words *shapes, td_shape *out)
{
    const char *const said = said_shape(shapes, info->alias);

    *out = info->shape;
    if (said) TD_TRY(parse_shape(info->alias, said, out));
    if (out->rank < 0)
        return TD_ERR(INVALID_ARGUMENT, "the signature does not say of which shape %s is: --shape=%s=DIMS",
                      info->alias, info->alias);
    if (out->rank && out->dims[0] <= 0) out->dims[0] = rows;
    for (int32_t i = 1; i < out->rank; i++)
        if (out->dims[i] < 0)
            return TD_ERR(INVALID_ARGUMENT,
                          "dimension %d of %s may be any: --shape=%s=0,... says how large it is", (int)i,
                          info->alias, info->alias);
    return td_shape_check(out);
}

static void *make_elements(td_dtype type, size_t n)
{
    size_t bytes;
    uint32_t state = 1;

    if (!td_mul_size(n, td_dtype_size(type), &bytes)) return NULL;
    void *const to = td_try_alloc(bytes + 1, 64);
    if (!to) return NULL;
    memset(to, 0, bytes + 1);
    for (size_t i = 0; td_is_single(type) && i < n; i++) {
        const float x = noise(&state);
        td_from_float(type, &x, 1, (char *)to + i * td_dtype_size(type));
    }
    return to;
}

td_status td_feed_make(const td_signature *s, int64_t rows, const td_words *shapes, td_feed_list *out)
{
    out->tensors = TD_NEW_N(td_tensor, s->n_inputs + 1);
    out->elements = TD_NEW_N(void *, s->n_inputs + 1);
    for (; out->n < s->n_inputs; out->n++) {
        const td_tensor_info *const info = &s->inputs[out->n];
        td_tensor *const t = &out->tensors[out->n];

        t->dtype = info->dtype;
        TD_TRY(shape_of(info, rows, shapes, &t->shape));
        out->elements[out->n] = make_elements(t->dtype, (size_t)td_shape_count(&t->shape));
        if (!out->elements[out->n]) return TD_ERR(RESOURCE_EXHAUSTED, "no memory for %s", info->alias);
        t->data = out->elements[out->n];
    }
    return NULL;
}

void td_feed_free(td_feed_list *f)
{
    for (size_t i = 0; i < f->n; i++)
        td_free(f->elements[i]);
    td_free(f->elements);
    td_free(f->tensors);
    *f = (td_feed_list){ 0 };
}
