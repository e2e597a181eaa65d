/* SPDX-License-Identifier: Apache-2.0 */
/* matrices.c -- see matrices.h. */
#include "ops/linalg/matrices.h"

#include <string.h>

#include "base/macros.h"
#include "ops/array/array.h"
#include "tensor/half.h"

td_status td_matrices_of(td_call *c, uint32_t i, td_matrices *m)
{
    const td_shape *const s = &td_in(c, i)->shape;

    if (s->rank < 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Input tensor %u must have rank >= 2, got %d", i, (int)s->rank);
    *m = (td_matrices){ (size_t)td_shape_span(s, 0, s->rank - 2), (size_t)s->dims[s->rank - 2],
                        (size_t)s->dims[s->rank - 1] };
    if (m->rows > TD_LAPACK_MOST || m->cols > TD_LAPACK_MOST)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "a matrix of %zu x %zu is too large: at most %d rows or columns", m->rows, m->cols,
                         TD_LAPACK_MOST);
    return NULL;
}

td_status td_matrices_square(td_call *c, uint32_t i, td_matrices *m)
{
    TD_TRY(td_matrices_of(c, i, m));
    if (m->rows != m->cols) return TD_OP_ERR(c, INVALID_ARGUMENT, "Input matrix must be square.");
    return NULL;
}

td_shape td_matrices_shape(const td_call *c, uint32_t i, size_t rows, int64_t cols)
{
    td_shape s = td_in(c, i)->shape;

    s.dims[s.rank - 2] = (int64_t)rows;
    s.dims[s.rank - 1] = cols;
    if (cols < 0) s.rank--;
    return s;
}

td_status td_matrices_ready(td_call *c)
{
    if (td_lapack_open()) return NULL;
    return TD_OP_ERR(c, UNAVAILABLE, "%s needs OpenBLAS with LAPACK (libopenblas.so.0), which is not here",
                     c->op->name);
}

bool td_is_complex(td_dtype dtype)
{
    return dtype == TD_C64 || dtype == TD_C128;
}

size_t td_parts_of(td_dtype dtype)
{
    return td_is_complex(dtype) ? 2 : 1;
}

/* ---------------------------------------------------------------- elements */

/* Real number i of elements that are half, float, double, or pairs of the latter. */
static double part_of(const td_tensor *t, size_t i)
{
    if (t->dtype == TD_F16) return (double)td_f16_to_f32(((const td_f16 *)t->data)[i]);
    return t->dtype == TD_F64 || t->dtype == TD_C128 ? ((const double *)t->data)[i]
                                                     : (double)((const float *)t->data)[i];
}

static void set_part(td_tensor *t, size_t i, double v)
{
    if (t->dtype == TD_F16)
        ((td_f16 *)t->data)[i] = td_f32_to_f16((float)v);
    else if (t->dtype == TD_F64 || t->dtype == TD_C128)
        ((double *)t->data)[i] = v;
    else
        ((float *)t->data)[i] = (float)v;
}

void td_matrix_load(double *to, const td_tensor *t, size_t index, size_t rows, size_t cols, bool to_complex)
{
    const size_t in_parts = td_parts_of(t->dtype), out_parts = to_complex ? 2 : in_parts;

    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < cols; c++) {
            const size_t from = (index * rows * cols + r * cols + c) * in_parts;
            double *const v = to + (c * rows + r) * out_parts;

            v[0] = part_of(t, from);
            if (out_parts == 2) v[1] = in_parts == 2 ? part_of(t, from + 1) : 0.0;
        }
}

void td_matrix_store(td_tensor *t, size_t index, const double *from, size_t ld, size_t rows, size_t cols,
                     bool from_complex)
{
    const size_t out_parts = td_parts_of(t->dtype), in_parts = from_complex ? 2 : out_parts;

    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < cols; c++)
            for (size_t k = 0; k < out_parts; k++)
                set_part(t, (index * rows * cols + r * cols + c) * out_parts + k,
                         from[(c * ld + r) * in_parts + k]);
}

double *td_scratch_take(td_scratch *s, size_t n)
{
    char *const at = s->at ? s->at + s->size : NULL;

    s->size += (n * sizeof(double) + TD_ALIGN - 1) / TD_ALIGN * TD_ALIGN;
    return (double *)(void *)at;
}
