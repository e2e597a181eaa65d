/* SPDX-License-Identifier: Apache-2.0 */
/* trees.c -- see trees.h. Nodes are read twice: what they take is counted first, so that each array is made once, of its
 * size. No depth is a danger: what is still to be read hangs in the nodes themselves. */
#include "formats/ydf/trees.h"

#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"

enum { FILE_HEAD = 8, BLOB_HEAD = 4 };
enum { NODE_CLASSIFIER = 1, NODE_REGRESSOR = 2, NODE_CONDITION = 3, NODE_UPLIFT = 5, NODE_ANOMALY = 6 };
enum { CLASSIFIER_TOP = 1, CLASSIFIER_SHARES = 2, SHARES_COUNT = 1, SHARES_SUM = 2 };
enum { REGRESSOR_VALUE = 1, UPLIFT_EFFECT = 4, ANOMALY_EXAMPLES = 1 };

/* ---------------------------------------------------------------- blobs */

/* Shard after shard. */
typedef struct blobs {
    const td_string *shards;
    size_t n, shard;
    const unsigned char *at, *end;
} blobs;

static blobs blobs_of(const td_ydf_trees *t)
{
    return (blobs){ .shards = t->shards, .n = t->n_shards };
}

static td_status open_shard(blobs *b)
{
    const td_string s = b->shards[b->shard++];
    const unsigned char *const head = (const unsigned char *)s.data;

    if (s.size < FILE_HEAD || head[0] != 'B' || head[1] != 'S')
        return td_ydf_damaged("its nodes are no sequence of blobs");
    const unsigned version = head[2] | (unsigned)head[3] << 8;

    if (version > 1) return TD_ERR(UNIMPLEMENTED, "version %u of sequences of blobs is not known", version);
    if (version == 1 && head[4] != 0)
        return TD_ERR(UNIMPLEMENTED, "compressed nodes of decision forests are not supported");
    b->at = head + FILE_HEAD;
    b->end = head + s.size;
    return NULL;
}

/* *found false: there are no more. */
static td_status next_blob(blobs *b, td_wire *out, bool *found)
{
    *found = false;
    while (b->at == b->end) {
        if (b->shard == b->n) return NULL;
        TD_TRY(open_shard(b));
    }
    if ((size_t)(b->end - b->at) < BLOB_HEAD) return td_ydf_damaged("its nodes end early");
    const size_t size = b->at[0] | (size_t)b->at[1] << 8 | (size_t)b->at[2] << 16 | (size_t)b->at[3] << 24;

    b->at += BLOB_HEAD;
    if ((size_t)(b->end - b->at) < size) return td_ydf_damaged("its nodes end early");
    *out = td_wire_of(b->at, size);
    b->at += size;
    *found = true;
    return NULL;
}

/* ---------------------------------------------------------------- one node */

typedef struct builder {
    const td_ydf_trees *t;
    td_ydf_parts parts;
    td_forest_node *nodes;
    float *values;
    uint32_t *classes;
    uint32_t *roots, *first_leaf;
    size_t n_nodes, n_leaves;
    uint32_t kinds; /* bits: of all conditions */
} builder;

/* The fields of a node that matter. */
typedef struct record {
    td_wire condition, output;
    bool has_condition, has_output;
} record;

static uint32_t output_field(td_ydf_leaf leaf)
{
    static const uint32_t fields[] = { [TD_YDF_LEAF_CLASS] = NODE_CLASSIFIER,
                                       [TD_YDF_LEAF_SHARES] = NODE_CLASSIFIER,
                                       [TD_YDF_LEAF_NUMBER] = NODE_REGRESSOR,
                                       [TD_YDF_LEAF_EFFECT] = NODE_UPLIFT,
                                       [TD_YDF_LEAF_DEPTH] = NODE_ANOMALY };

    return fields[leaf];
}

static td_status read_record(const builder *b, td_wire w, record *out)
{
    const uint32_t output = output_field(b->t->leaf);

    *out = (record){ .condition = td_wire_of(NULL, 0), .output = td_wire_of(NULL, 0) };
    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (td_wire_is(&f, NODE_CONDITION, TD_WIRE_BYTES)) {
            out->condition = td_wire_inside(&f);
            out->has_condition = true;
        }
        if (td_wire_is(&f, output, TD_WIRE_BYTES)) {
            out->output = td_wire_inside(&f);
            out->has_output = true;
        }
    }
    return w.bad ? td_ydf_damaged("a node") : NULL;
}

/* ---------------------------------------------------------------- leaves */

static td_status read_shares(td_wire w, size_t n, float *out)
{
    td_ydf_list l = td_ydf_list_of(w, SHARES_COUNT, TD_WIRE_FIXED64);
    double sum = 0;
    size_t n_counts;

    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, SHARES_SUM, TD_WIRE_FIXED64)) sum = td_ydf_double(&f);
    TD_TRY(td_ydf_list_count(l, &n_counts));
    if (w.bad || n_counts != n) return td_ydf_damaged("a leaf has too many classes or too few");
    for (uint64_t bits; out && sum != 0 && td_ydf_list_next(&l, &bits);)
        *out++ = (float)(td_ydf_bits_double(bits) / sum);
    return NULL;
}

static td_status read_classifier(const builder *b, td_wire w, float *shares, uint32_t *class)
{
    td_wire distribution = td_wire_of(NULL, 0);
    uint64_t top = 0;

    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, CLASSIFIER_TOP, TD_WIRE_VARINT))
            top = f.value;
        else if (td_wire_is(&f, CLASSIFIER_SHARES, TD_WIRE_BYTES))
            distribution = td_wire_inside(&f);
    if (w.bad || top >= b->t->n_classes) return td_ydf_damaged("a leaf of a class that is not there");
    if (class) *class = (uint32_t)top;
    return read_shares(distribution, b->t->n_classes, shares);
}

static td_status read_regressor(td_wire w, float *out)
{
    float value = 0;

    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, REGRESSOR_VALUE, TD_WIRE_FIXED32)) value = td_ydf_float(&f);
    if (out) *out = value;
    return w.bad ? td_ydf_damaged("a leaf") : NULL;
}

static td_status read_effect(td_wire w, size_t n, float *out)
{
    td_ydf_list l = td_ydf_list_of(w, UPLIFT_EFFECT, TD_WIRE_FIXED32);
    size_t n_effects;

    TD_TRY(td_ydf_list_count(l, &n_effects));
    if (n_effects != n) return td_ydf_damaged("a leaf has too many effects or too few");
    for (uint64_t bits; out && td_ydf_list_next(&l, &bits);)
        *out++ = td_ydf_bits_float(bits);
    return NULL;
}

/* The mean depth of a leaf in a tree of n random splits, with an estimate of the harmonic number. */
float td_ydf_depth_of(uint64_t n)
{
    const float x = (float)n;

    if (n > 2) return 2.0f * (logf(x - 1.0f) + 0.5772156649f) - 2.0f * (x - 1.0f) / x;
    return n == 2 ? 1.0f : 0.0f;
}

static td_status read_anomaly(td_wire w, uint32_t depth, float *out)
{
    uint64_t examples = 0;

    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, ANOMALY_EXAMPLES, TD_WIRE_VARINT)) examples = f.value;
    if (out) *out = (float)depth + td_ydf_depth_of(examples);
    return w.bad ? td_ydf_damaged("a leaf") : NULL;
}

static size_t width_of(const td_ydf_trees *t)
{
    return t->leaf == TD_YDF_LEAF_SHARES || t->leaf == TD_YDF_LEAF_EFFECT ? t->n_classes : 1;
}

static td_status read_leaf(builder *b, const record *r, uint32_t depth)
{
    float *const value = b->values ? b->values + b->n_leaves * width_of(b->t) : NULL;
    uint32_t *const class = b->classes ? b->classes + b->n_leaves : NULL;

    if (!r->has_output) return td_ydf_damaged("a leaf without an output of the model's task");
    b->n_leaves++;
    switch (b->t->leaf) {
    case TD_YDF_LEAF_CLASS:
        return read_classifier(b, r->output, NULL, class);
    case TD_YDF_LEAF_SHARES:
        return read_classifier(b, r->output, value, NULL);
    case TD_YDF_LEAF_NUMBER:
        return read_regressor(r->output, value);
    case TD_YDF_LEAF_EFFECT:
        return read_effect(r->output, b->t->n_classes, value);
    case TD_YDF_LEAF_DEPTH:
        return read_anomaly(r->output, depth, value);
    }
    return NULL;
}

/* ---------------------------------------------------------------- all nodes */

/* How many subtrees below an oblique node are still to come. */
static size_t skip_below_slope(size_t below, bool is_leaf, bool is_slope)
{
    if (below) return is_leaf ? below - 1 : below + 1;
    return is_slope ? 2 : 0;
}

static bool is_slope(const td_forest_node *n)
{
    return (n->what & TD_FOREST_KIND_MASK) == TD_FOREST_SLOPE;
}

static td_status count_nodes(builder *b)
{
    size_t below = 0;
    blobs all = blobs_of(b->t);
    record r;
    td_wire w;
    bool found;

    for (;;) {
        TD_TRY(next_blob(&all, &w, &found));
        if (!found) return NULL;
        if (++b->n_nodes > TD_FOREST_MAX_NODES)
            return TD_ERR(RESOURCE_EXHAUSTED, "decision forests have too many nodes");
        td_forest_node node = { 0 };

        TD_TRY(read_record(b, w, &r));
        b->parts.is_below_slope = below > 0;
        TD_TRY(r.has_condition ? td_ydf_condition_read(r.condition, &b->parts, &node) : read_leaf(b, &r, 0));
        below = skip_below_slope(below, !r.has_condition, is_slope(&node));
    }
}

/* The library's fast engines put usual values in place of missing ones. They are taken where that makes no difference: by a
 * look at all nodes but those below oblique ones, which have no rule of their own there. A number that is missing and has
 * no usual value fails an oblique node. So says the release that TensorFlow Decision Forests ends with. */
static void choose_engine(builder *b)
{
    td_ydf_parts *const p = &b->parts;

    p->others_are_usual = p->n_slopes > 0 && !p->others_differ && !b->t->asks_each_node;
    p->numbers_are_usual = p->others_are_usual && !p->numbers_differ;
}

static td_status make_room(builder *b, td_arena *arena)
{
    td_ydf_parts *const p = &b->parts;
    size_t values;

    if (!td_mul_size(b->n_leaves, width_of(b->t), &values)) values = SIZE_MAX / 2;
    TD_TRY(td_ydf_alloc(arena, b->n_nodes, sizeof *b->nodes, &b->nodes));
    if (b->t->leaf == TD_YDF_LEAF_CLASS)
        TD_TRY(td_ydf_alloc(arena, b->n_leaves, sizeof *b->classes, &b->classes));
    else
        TD_TRY(td_ydf_alloc(arena, values, sizeof *b->values, &b->values));
    TD_TRY(td_ydf_alloc(arena, (size_t)b->t->n_trees, sizeof *b->roots, &b->roots));
    TD_TRY(td_ydf_alloc(arena, (size_t)b->t->n_trees, sizeof *b->first_leaf, &b->first_leaf));
    TD_TRY(td_ydf_alloc(arena, p->n_bits, sizeof *p->bits, &p->bits));
    TD_TRY(td_ydf_alloc(arena, p->n_items, sizeof *p->items, &p->items));
    TD_TRY(td_ydf_alloc(arena, p->n_lists, sizeof *p->lists, &p->lists));
    TD_TRY(td_ydf_alloc(arena, p->n_terms, sizeof *p->terms, &p->terms));
    TD_TRY(td_ydf_alloc(arena, p->n_slopes, sizeof *p->slopes, &p->slopes));
    p->n_bits = p->n_items = p->n_lists = p->n_terms = p->n_slopes = 0;
    b->n_leaves = 0;
    return NULL;
}

/* Where a tree's reader is. A node that waits says in `next` which one waits before it, and in `leaf` how deep it is. */
typedef struct place {
    uint32_t at, depth, waiting, end; /* end: the first free node */
} place;

static const uint32_t nobody = UINT32_MAX;

static void go_down(builder *b, place *p)
{
    td_forest_node *const waits = &b->nodes[p->end + 1];

    b->nodes[p->at].next = p->end;
    p->depth++;
    waits->next = p->waiting;
    waits->leaf = p->depth;
    p->waiting = p->end + 1;
    p->at = p->end;
    p->end += 2;
}

/* False: the tree ends here. */
static bool go_on(const builder *b, place *p)
{
    if (p->waiting == nobody) return false;
    p->at = p->waiting;
    p->depth = b->nodes[p->at].leaf;
    p->waiting = b->nodes[p->at].next;
    return true;
}

static td_status read_node(builder *b, td_wire w, place *p, bool *goes_on)
{
    td_forest_node node = { .u.threshold = NAN };
    record r;

    TD_TRY(read_record(b, w, &r));
    *goes_on = true;
    if (r.has_condition) {
        if (b->n_nodes - p->end < 2) return td_ydf_damaged("its trees end early");
        TD_TRY(td_ydf_condition_read(r.condition, &b->parts, &node));
        b->kinds |= UINT32_C(1) << (node.what & TD_FOREST_KIND_MASK);
        b->nodes[p->at] = node;
        go_down(b, p);
        return NULL;
    }
    const uint32_t at = p->at;

    node.leaf = (uint32_t)b->n_leaves;
    node.next = at;
    TD_TRY(read_leaf(b, &r, p->depth));
    *goes_on = go_on(b, p);
    b->nodes[at] = node;
    return NULL;
}

static td_status read_tree(builder *b, blobs *all, uint32_t *end)
{
    place p = { .at = *end, .waiting = nobody, .end = *end + 1 };
    bool found, goes_on = true;
    td_wire w;

    if (*end >= b->n_nodes) return td_ydf_damaged("its trees end early");
    while (goes_on) {
        TD_TRY(next_blob(all, &w, &found));
        if (!found) return td_ydf_damaged("its trees end early");
        TD_TRY(read_node(b, w, &p, &goes_on));
    }
    *end = p.end;
    return NULL;
}

static td_status read_trees(builder *b)
{
    blobs all = blobs_of(b->t);
    uint32_t end = 0;

    for (size_t i = 0; i < b->t->n_trees; i++) {
        b->roots[i] = end;
        b->first_leaf[i] = (uint32_t)b->n_leaves;
        TD_TRY(read_tree(b, &all, &end));
    }
    return NULL;
}

td_status td_ydf_trees_read(const td_ydf_trees *t, td_arena *arena, td_forest *out)
{
    const uint32_t numbers = 1U << TD_FOREST_NUMBER | 1U << TD_FOREST_NUMBER_OR_NA;
    builder b = { .t = t, .parts = { .spec = t->spec } };

    TD_TRY(count_nodes(&b));
    if (t->n_trees > b.n_nodes) return td_ydf_damaged("its trees end early");
    choose_engine(&b);
    TD_TRY(make_room(&b, arena));
    TD_TRY(read_trees(&b));
    out->nodes = b.nodes;
    out->roots = b.roots;
    out->first_leaf = b.first_leaf;
    out->n_trees = (size_t)t->n_trees;
    out->n_leaves = b.n_leaves;
    out->bits = b.parts.bits;
    out->items = b.parts.items;
    out->lists = b.parts.lists;
    out->terms = b.parts.terms;
    out->slopes = b.parts.slopes;
    out->values = b.values;
    out->classes = b.classes;
    out->has_numbers_only = !(b.kinds & ~numbers);
    out->is_plain = !(b.kinds & ~(numbers | 1U << TD_FOREST_BITS));
    return NULL;
}
