/* SPDX-License-Identifier: Apache-2.0 */
/* reduce.c -- joins dimensions, and loops over what is left around the bodies. */
#include "kernels/reduce/reduce.h"

#include <stdalign.h>

#include "base/macros.h"

const td_reduce_variant td_reduce_variants[] = {
    TD_X86(td_reduce_, avx512),
    TD_X86(td_reduce_, avx2),
    TD_PLAIN(td_reduce_ref),
};

static const td_reduce_row *find_body(td_reduce_id id, td_dtype dtype, td_cpu cpu)
{
    TD_EACH_VARIANT(reduce, v, cpu) {
        for (const td_reduce_row *const *rows = v->body; *rows; rows++)
            for (const td_reduce_row *row = *rows; row->id; row++)
                if (row->id == id && row->dtype == dtype) return row;
    }
    return NULL;
}

enum { CHUNK = 256 }; /* columns at a time: their accumulators stay in the first cache */

bool td_reduce_make(td_reduce *r, td_reduce_id id, td_dtype dtype, td_cpu cpu, const td_shape *in,
                    const bool *is_reduced)
{
    td_reduce_loop joined[TD_MAX_RANK];
    bool reduced[TD_MAX_RANK];
    size_t stride = 1;
    int n = 0;

    *r = (td_reduce){
        .body = find_body(id, dtype, cpu), .elt_size = td_dtype_size(dtype), .count = 1, .units = 1
    };
    for (int d = in->rank - 1; d >= 0; d--) { /* innermost first */
        const size_t dim = (size_t)in->dims[d];
        if (is_reduced[d]) r->count *= dim;
        if (dim == 1) continue;
        if (n > 0 && reduced[n - 1] == is_reduced[d]) {
            joined[n - 1].dim *= dim;
        } else {
            reduced[n] = is_reduced[d];
            joined[n++] = (td_reduce_loop){ dim, stride };
        }
        stride *= dim;
    }
    r->by_row = n == 0 || reduced[0];
    r->inner = n > 0 ? joined[0].dim : 1;
    r->rows = !r->by_row && n > 1 ? joined[1].dim : 1;
    r->row_stride = !r->by_row && n > 1 ? joined[1].stride : 0;
    for (int i = n - 1; i >= (r->by_row ? 1 : 2); i--) {
        if (reduced[i])
            r->reduced[r->n_reduced++] = joined[i];
        else
            r->kept[r->n_kept++] = joined[i];
    }
    for (int i = 0; i < r->n_kept; i++)
        r->units *= r->kept[i].dim;
    r->chunks = r->by_row ? 1 : (r->inner + CHUNK - 1) / CHUNK;
    r->units *= r->chunks;
    return r->body != NULL;
}

/* Offset of the i-th iteration of nested loops. */
static size_t offset_of(const td_reduce_loop *loops, int n, size_t i)
{
    size_t offset = 0;

    for (int d = n - 1; d >= 0; d--) {
        offset += i % loops[d].dim * loops[d].stride;
        i /= loops[d].dim;
    }
    return offset;
}

static void run_by_row(const td_reduce *r, char *out, const char *in, size_t begin, size_t end)
{
    alignas(64) char acc[64];
    const size_t around = r->inner ? r->count / r->inner : 0;

    for (size_t u = begin; u < end; u++) {
        const size_t base = offset_of(r->kept, r->n_kept, u);
        r->body->start(acc, 1);
        for (size_t i = 0; i < around; i++) {
            const size_t at = base + (r->n_reduced ? offset_of(r->reduced, r->n_reduced, i) : 0);
            r->body->row(acc, in + at * r->elt_size, r->inner);
        }
        r->body->finish(out + u * r->elt_size, acc, 1, r->count);
    }
}

static void run_by_column(const td_reduce *r, char *out, const char *in, size_t begin, size_t end)
{
    alignas(64) char acc[CHUNK * 16];
    const size_t around = r->rows ? r->count / r->rows : 0;

    for (size_t u = begin; u < end; u++) {
        const size_t outer = u / r->chunks, column = u % r->chunks * CHUNK;
        const size_t n = TD_MIN((size_t)CHUNK, r->inner - column);
        const size_t base = offset_of(r->kept, r->n_kept, outer) + column;
        r->body->start(acc, n);
        for (size_t i = 0; i < around; i++) {
            const size_t at = base + offset_of(r->reduced, r->n_reduced, i);
            r->body->columns(acc, in + at * r->elt_size, r->rows, r->row_stride, n);
        }
        r->body->finish(out + (outer * r->inner + column) * r->elt_size, acc, n, r->count);
    }
}

void td_reduce_run(const td_reduce *r, void *out, const void *in, size_t begin, size_t end)
{
    if (r->by_row)
        run_by_row(r, out, in, begin, end);
    else
        run_by_column(r, out, in, begin, end);
}
