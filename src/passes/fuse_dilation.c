/* SPDX-License-Identifier: Apache-2.0 */
/* fuse_dilation.c -- SpaceToBatchND, a convolution, BatchToSpaceND: how TensorFlow writes a dilated convolution, with two
 * copies of the image around it. Here the convolution itself is dilated.
 *
 *     SpaceToBatchND(d, p) [-> ExpandDims] -> Conv2D -> [Squeeze ->] BatchToSpaceND(d, c)
 *
 * (ExpandDims and Squeeze: of one-dimensional ones.) Pixels of a block lie d apart in the image. It is padded by p, and of the
 * result c is left out: padding by p - c, where that is not negative. How much c was goes along: only whole blocks are let through.
 */
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "passes/fuse.h"
#include "passes/users.h"
#include "passes/values.h"

enum { MOST_ATTRS = 32, MOST_BLOCK = 1 << 20, MOST_PADDING = 1 << 28 };

typedef struct pattern {
    td_node *split, *expand, *conv, *squeeze, *merge; /* expand, squeeze: both or none */
    int64_t dilation[2], pads[2][2], crops[2];        /* of height and width */
} pattern;

/* A list of ones, or none. */
static bool attr_is_ones(const td_node *n, const char *name)
{
    const td_attr_value *const v = td_node_attr(n, name);

    if (!v) return true;
    if (v->kind != TD_ATTR_LIST) return false;
    for (size_t i = 0; i < v->u.list.count; i++)
        if (v->u.list.items[i].u.i != 1) return false;
    return true;
}

static bool is_plain(const td_node *n, const char *op)
{
    return td_node_is(n, op) && !n->n_ctrl;
}

static bool take_conv(pattern *m, td_node *n)
{
    if (!is_plain(n, "Conv2D") && !is_plain(n, "DepthwiseConv2dNative")) return false;
    if (!td_node_attr_is(n, "data_format", "NHWC") || !td_node_attr_is(n, "padding", "VALID")) return false;
    if (!attr_is_ones(n, "strides") || !attr_is_ones(n, "dilations")) return false;
    m->conv = n;
    return true;
}

/* How many dimensions the blocks have; 0: more than are understood. */
static int64_t block_dims(const pattern *m)
{
    const td_edge from = td_edge_source(m->merge->in[1]);
    const td_tensor *const t = td_edge_const(&from);
    const int64_t n = t ? td_shape_count(&t->shape) : 0;

    return n <= (m->squeeze ? 1 : 2) ? n : 0;
}

/* Dilation and padding, of width alone where there is but one dimension. */
static bool read_blocks(pattern *m)
{
    const int64_t n = block_dims(m);
    int64_t block[2], same[2], pads[4], crops[4];

    if (n < 1) return false;
    if (!td_edge_ints(m->split->in[1], n, 1, MOST_BLOCK, block) ||
        !td_edge_ints(m->merge->in[1], n, 1, MOST_BLOCK, same))
        return false;
    if (!td_edge_ints(m->split->in[2], 2 * n, 0, MOST_PADDING, pads) ||
        !td_edge_ints(m->merge->in[2], 2 * n, 0, MOST_PADDING, crops))
        return false;
    m->dilation[0] = m->dilation[1] = 1;
    for (int64_t i = 0; i < n; i++) {
        const int64_t dim = m->squeeze ? 1 : i;
        if (block[i] != same[i]) return false;
        m->dilation[dim] = block[i];
        m->crops[dim] = crops[2 * i] + crops[2 * i + 1];
        for (int64_t side = 0; side < 2; side++) {
            m->pads[dim][side] = pads[2 * i + side] - crops[2 * i + side];
            if (m->pads[dim][side] < 0) return false;
        }
    }
    return true;
}

static bool find(const td_users *users, td_node *merge, pattern *m)
{
    int64_t dim;
    td_node *n;

    *m = (pattern){ .merge = merge };
    if (!is_plain(merge, "BatchToSpaceND")) return false;
    n = td_edge_source(merge->in[0]).node;
    if (td_node_squeezes(n, &dim)) {
        if ((dim != 1 && dim != -3) || !td_users_only(users, n)) return false;
        m->squeeze = n;
        n = td_edge_source(n->in[0]).node;
    }
    if (!take_conv(m, n) || !td_users_only(users, n)) return false;
    n = td_edge_source(n->in[0]).node;
    if (m->squeeze) {
        if (!td_node_makes_images(n)) return false;
        m->expand = n;
        n = td_edge_source(n->in[0]).node;
    }
    if (!is_plain(n, "SpaceToBatchND")) return false;
    m->split = n;
    return read_blocks(m);
}

static td_status make_conv(td_pass *p, td_graph *g, const pattern *m, td_edge image, td_node **out)
{
    const td_node *const old = m->conv;
    const int64_t dilations[] = { 1, m->dilation[0], m->dilation[1], 1 };
    const int64_t pads[] = { 0, 0, m->pads[0][0], m->pads[0][1], m->pads[1][0], m->pads[1][1], 0, 0 };
    const td_edge in[] = { image, old->in[1] };
    const bool pads_any = m->pads[0][0] || m->pads[0][1] || m->pads[1][0] || m->pads[1][1];
    td_attr attrs[MOST_ATTRS];
    uint32_t n = 0;

    for (uint32_t i = 0; i < old->n_attrs && n < MOST_ATTRS - 4; i++) {
        const char *const name = old->attrs[i].name;
        if (strcmp(name, "dilations") && strcmp(name, "padding") && strcmp(name, "explicit_paddings") &&
            strcmp(name, "crops"))
            attrs[n++] = old->attrs[i];
    }
    attrs[n++] = (td_attr){ "dilations", td_value_ints(p->arena, dilations, TD_COUNT(dilations)) };
    attrs[n++] = (td_attr){ "crops", td_value_ints(p->arena, m->crops, TD_COUNT(m->crops)) };
    attrs[n++] = (td_attr){ "padding", td_value_text(pads_any ? "EXPLICIT" : "VALID") };
    if (pads_any)
        attrs[n++] = (td_attr){ "explicit_paddings", td_value_ints(p->arena, pads, TD_COUNT(pads)) };
    return td_pass_node(p, g, old->name, old->op_name, in, TD_COUNT(in), attrs, n, out);
}

static td_status replace(td_pass *p, td_graph *g, const pattern *m, td_node **made)
{
    td_edge image = m->split->in[0];
    td_node *n;

    if (m->expand) {
        const td_edge in[] = { image, m->expand->in[1] };
        TD_TRY(td_pass_node(p, g, m->expand->name, "ExpandDims", in, 2, m->expand->attrs, m->expand->n_attrs,
                            &n));
        image = (td_edge){ .node = n };
    }
    TD_TRY(make_conv(p, g, m, image, &n));
    if (m->squeeze) {
        const td_edge in[] = { { .node = n } };
        TD_TRY(td_pass_node(p, g, m->squeeze->name, "Squeeze", in, 1, m->squeeze->attrs, m->squeeze->n_attrs,
                            &n));
    }
    *made = n;
    return NULL;
}

td_status td_fuse_dilation(td_pass *p, td_graph *g, bool *changed)
{
    const size_t count = g->n_nodes;
    td_users users = td_users_make(g);
    td_node **const to = TD_NEW_N(td_node *, count);
    td_status s = NULL;
    pattern m;

    for (size_t i = 0; i < count && !s; i++)
        if (find(&users, g->nodes[i], &m)) {
            s = replace(p, g, &m, &to[g->nodes[i]->id]);
            *changed = true;
        }
    if (!s) td_users_replace(g, to, count);
    td_users_free(&users);
    td_free(to);
    return s;
}
