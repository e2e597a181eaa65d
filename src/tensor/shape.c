/* SPDX-License-Identifier: Apache-2.0 */
/* shape.c -- dims, counted with care. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tensord/tensor.h"

#include "base/macros.h"
#include "base/size.h"

/* Counts up to here times the largest element (16 bytes) stay below 2^62. */
#define SHAPE_COUNT_MAX (INT64_C(1) << 58)

int64_t td_shape_count(const td_shape *s)
{
    int64_t n = 1;

    for (int32_t i = 0; i < s->rank; i++)
        n *= s->dims[i];
    return n;
}

bool td_shape_equal(const td_shape *a, const td_shape *b)
{
    if (a->rank != b->rank) return false;
    for (int32_t i = 0; i < a->rank; i++)
        if (a->dims[i] != b->dims[i]) return false;
    return true;
}

bool td_shape_is_known(const td_shape *s)
{
    if (s->rank < 0) return false;
    for (int32_t i = 0; i < s->rank; i++)
        if (s->dims[i] < 0) return false;
    return true;
}

/* Zero dims count as one: then the product of any part of the dims fits,
 * too, which is what kernels multiply. */
td_status td_shape_check(const td_shape *s)
{
    int64_t n = 1;

    if (s->rank < 0 || s->rank > TD_MAX_RANK)
        return TD_ERR(INVALID_ARGUMENT, "shape has rank %" PRId32 ", at most %d is supported", s->rank,
                      TD_MAX_RANK);
    for (int32_t i = 0; i < s->rank; i++) {
        const int64_t dim = s->dims[i];

        if (dim < 0)
            return TD_ERR(INVALID_ARGUMENT, "Dimension %" PRId32 " must be >= 0, got %" PRId64, i, dim);
        if (!td_mul_i64(n, TD_MAX(dim, 1), &n) || n > SHAPE_COUNT_MAX) {
            char text[TD_SHAPE_TEXT];

            return TD_ERR(INVALID_ARGUMENT, "shape %s has too many elements",
                          td_shape_text(s, text, sizeof text));
        }
    }
    return NULL;
}

td_status td_shape_make(int64_t rank, const int64_t *dims, td_shape *out)
{
    td_shape s = { 0 };

    if (rank < 0 || rank > TD_MAX_RANK)
        return TD_ERR(INVALID_ARGUMENT, "shape has rank %" PRId64 ", at most %d is supported", rank,
                      TD_MAX_RANK);
    s.rank = (int32_t)rank;
    if (rank) memcpy(s.dims, dims, (size_t)rank * sizeof *dims);
    TD_TRY(td_shape_check(&s));
    *out = s;
    return NULL;
}

/* Appends text at *n as far as it fits; *n always grows by its length. */
static void text_add(char *buf, size_t size, size_t *n, const char *text)
{
    const size_t length = strlen(text);

    for (size_t i = 0; i < length; i++)
        if (*n + i + 1 < size) buf[*n + i] = text[i];
    *n += length;
}

char *td_shape_text(const td_shape *s, char *buf, size_t size)
{
    size_t n = 0;

    if (s->rank < 0) text_add(buf, size, &n, "<unknown>");
    if (s->rank >= 0) text_add(buf, size, &n, "[");
    for (int32_t i = 0; i < s->rank; i++) {
        char dim[24] = "?";

        if (s->dims[i] >= 0) snprintf(dim, sizeof dim, "%" PRId64, s->dims[i]);
        if (i) text_add(buf, size, &n, ",");
        text_add(buf, size, &n, dim);
    }
    if (s->rank >= 0) text_add(buf, size, &n, "]");
    if (size) buf[TD_MIN(n, size - 1)] = 0;
    return buf;
}
