/* SPDX-License-Identifier: Apache-2.0 */
/* join.c -- see join.h. */
#include "batch/join.h"

#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/size.h"

td_shape td_join_row(const td_batch_call *first, size_t n, size_t i)
{
    td_shape row = first->in[i].shape;

    for (const td_batch_call *c = first; n--; c = c->next)
        for (int d = 1; d < row.rank; d++)
            row.dims[d] = TD_MAX(row.dims[d], c->in[i].shape.dims[d]);
    row.dims[0] = 1;
    return row;
}

/* count times the size bytes at `what`. */
static void fill(char *to, const char *what, size_t size, size_t count)
{
    if (!count || !size) return;
    memcpy(to, what, size);
    for (size_t done = 1; done < count; done *= 2) /* by what is there already */
        memcpy(to + done * size, to, TD_MIN(done, count - done) * size);
}

/* A block of dimensions d and on into one that is as large or larger. Sizes are in bytes. */
static void copy_block(char *to, const td_shape *wide, const char *from, const td_shape *shape, int d,
                       size_t element)
{
    size_t step_to = element, step_from = element;

    if (d == shape->rank - 1) {
        memcpy(to, from, (size_t)shape->dims[d] * element);
        return;
    }
    for (int k = d + 1; k < shape->rank; k++) {
        step_to *= (size_t)wide->dims[k];
        step_from *= (size_t)shape->dims[k];
    }
    for (int64_t i = 0; i < shape->dims[d]; i++)
        copy_block(to + (size_t)i * step_to, wide, from + (size_t)i * step_from, shape, d + 1, element);
}

/* t's rows, each as wide as row. */
static void put_rows(char *to, const td_tensor *t, const td_shape *row, size_t row_bytes, size_t element)
{
    td_shape wide = *row;

    wide.dims[0] = t->shape.dims[0];
    if (td_shape_equal(&wide, &t->shape)) {
        if (row_bytes) memcpy(to, t->data, row_bytes * (size_t)wide.dims[0]);
        return;
    }
    fill(to, t->data, element, row_bytes / element * (size_t)wide.dims[0]);
    copy_block(to, &wide, t->data, &t->shape, 0, element);
}

td_status td_join_input(const td_batch_call *first, size_t n, size_t i, size_t rows, td_account *a,
                        td_workspace *memory, td_tensor *out)
{
    const td_tensor *const head = &first->in[i];
    const size_t element = td_dtype_size(head->dtype);
    td_tensor joined = { .dtype = head->dtype, .shape = td_join_row(first, n, i) };
    size_t last = 0, done = 0, bytes;

    TD_TRY(td_shape_check(&joined.shape));
    const size_t row = td_tensor_bytes(&joined);
    if (!td_mul_size(row, rows, &bytes)) return TD_ERR(RESOURCE_EXHAUSTED, "A batch is too large");
    TD_TRY(td_workspace_take_other(a, TD_MAX(bytes, (size_t)1), "a batch", memory));
    char *const to = memory->data;
    for (const td_batch_call *c = first; n--; c = c->next) {
        put_rows(to + done * row, &c->in[i], &joined.shape, row, element);
        last = done;
        done += c->rows;
    }
    fill(to + done * row, to + last * row, row, rows - done);
    joined.shape.dims[0] = (int64_t)rows;
    joined.data = to;
    *out = joined;
    return NULL;
}
