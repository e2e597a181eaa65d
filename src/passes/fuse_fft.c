/* SPDX-License-Identifier: Apache-2.0 */
/* fuse_fft.c -- Pad, of zeros behind the last dimension, goes into the RFFT that reads it: tf.signal.stft and dct pad each
 * window up to the transform's length. What else reads the padded signal still has its Pad. */
#include "base/macros.h"
#include "passes/fuse.h"
#include "passes/users.h"

/* Zeros behind the last of `rank` dimensions, and nowhere else? */
static bool read_paddings(td_edge e, int64_t *rank, int64_t *behind)
{
    const td_edge from = td_edge_source(e);
    const td_tensor *const t = td_edge_const(&from);

    if (!t || !t->data || (t->dtype != TD_I32 && t->dtype != TD_I64)) return false;
    if (t->shape.rank != 2 || t->shape.dims[0] == 0 || t->shape.dims[1] != 2) return false;
    const int64_t n = td_shape_count(&t->shape);

    for (int64_t i = 0; i < n; i++) {
        *behind = t->dtype == TD_I32 ? ((const int32_t *)t->data)[i] : ((const int64_t *)t->data)[i];
        if (*behind < 0 || (*behind > 0 && i < n - 1)) return false;
    }
    *rank = t->shape.dims[0];
    return true;
}

td_status td_fuse_fft(td_pass *p, td_graph *g, bool *changed)
{
    const size_t count = g->n_nodes;

    for (size_t i = 0; i < count; i++) {
        td_node *const fft = g->nodes[i];
        int64_t rank = 0, behind = 0;
        td_node *made;

        if (!td_node_is(fft, "RFFT") || fft->n_ctrl) continue;
        const td_node *const pad = td_edge_source(fft->in[0]).node;

        if (!td_node_is(pad, "Pad") || pad->n_ctrl || !read_paddings(pad->in[1], &rank, &behind)) continue;
        const td_edge in[] = { pad->in[0], fft->in[1] };
        const td_attr attrs[] = {
            { "Treal", { .kind = TD_ATTR_TYPE, .u.type = pad->out_type[0] } },
            { "Tcomplex", { .kind = TD_ATTR_TYPE, .u.type = fft->out_type[0] } },
            { "rank", { .kind = TD_ATTR_INT, .u.i = rank } },
            { "behind", { .kind = TD_ATTR_INT, .u.i = behind } },
        };

        TD_TRY(td_pass_node(p, g, fft->name, "_FusedRFFT", in, TD_COUNT(in), attrs, TD_COUNT(attrs), &made));
        td_pass_replace(g, (td_edge){ .node = fft }, (td_edge){ .node = made });
        *changed = true;
    }
    return NULL;
}
