/* SPDX-License-Identifier: Apache-2.0 */
/* elt.c -- finds elementwise bodies, and runs float ones on 16-bit floats. */
#include "kernels/elt/elt.h"

#include <stdalign.h>

#include "base/macros.h"

#define TD_ELT_TABLE(family, isa) extern const td_elt_row *const td_##family##_##isa[];
#include "kernels/elt/tables.inc"
#undef TD_ELT_TABLE

const td_elt_table td_elt_tables[] = {
#define TD_ELT_TABLE(family, isa) { TD_CPU_##isa, td_##family##_##isa },
#include "kernels/elt/tables.inc"
#undef TD_ELT_TABLE
};
const size_t td_elt_table_count = TD_COUNT(td_elt_tables);

static const td_elt_row *find_row(const td_elt_table *table, td_elt_id id, td_dtype dtype)
{
    for (const td_elt_row *const *rows = table->rows; *rows; rows++) {
        if ((*rows)->in != dtype) continue;
        for (const td_elt_row *row = *rows; row->id; row++)
            if (row->id == id) return row;
    }
    return NULL;
}

bool td_elt_find(td_elt_id id, td_dtype dtype, td_cpu cpu, td_elt *out)
{
    td_widen_fn *const widen = td_widen_find(dtype, cpu);
    const td_dtype computed = widen ? TD_F32 : dtype;
    const td_elt_row *best = NULL;

    for (size_t i = td_elt_table_count; i-- > 0 && !best;)
        if (td_cpu_has(cpu, td_elt_tables[i].cpu)) best = find_row(&td_elt_tables[i], id, computed);
    if (!best) return false;

    *out = (td_elt){ .fn = best->fn, .widen = widen, .n_in = best->n_in, .out_size = best->out_size };
    if (widen && !best->is_fixed) {
        out->narrow = td_narrow_find(dtype, cpu);
        out->out_size = td_dtype_size(dtype);
    }
    for (unsigned i = 0; i < best->n_in; i++)
        out->in_size[i] = td_dtype_size(dtype);
    return true;
}

enum { PIECE = 512 }; /* floats: a piece of every input and the output stay in the first cache */

/* Through float: what is not float is widened before the body, narrowed after it. */
static int run_through_f32(const td_elt *m, char *out, const void *const in[], size_t n,
                           const td_elt_arg *arg)
{
    alignas(64) float wide[TD_ELT_MAX_IN][PIECE];
    const void *piece_in[TD_ELT_MAX_IN] = { wide[0], wide[1], wide[2] };
    int bits = 0;

    for (size_t done = 0; done < n; done += PIECE) {
        const size_t count = TD_MIN((size_t)PIECE, n - done);
        for (unsigned k = 0; k < m->n_in; k++) {
            const char *const from = (const char *)in[k] + done * m->in_size[k];
            if (m->widen)
                m->widen(wide[k], from, count);
            else
                piece_in[k] = from;
        }
        char *const to = out + done * m->out_size;
        bits |= m->fn(m->narrow ? (void *)wide[0] : to, piece_in, count, arg);
        if (m->narrow) m->narrow(to, wide[0], count);
    }
    return bits;
}

int td_elt_run(const td_elt *m, void *out, const void *const in[], size_t n, const td_elt_arg *arg)
{
    return m->widen || m->narrow ? run_through_f32(m, out, in, n, arg) : m->fn(out, in, n, arg);
}
