/* SPDX-License-Identifier: Apache-2.0 */
/* trees.h -- nodes of trees (model.decision_tree.proto.Node), one blob each, as a flat forest. */
#ifndef TD_FORMATS_YDF_TREES_H
#define TD_FORMATS_YDF_TREES_H

#include "formats/ydf/spec.h"

/* What leaves say. */
typedef enum td_ydf_leaf {
    TD_YDF_LEAF_CLASS = 0, /* the first class of most examples: one vote for it */
    TD_YDF_LEAF_SHARES,    /* the examples' classes */
    TD_YDF_LEAF_NUMBER,
    TD_YDF_LEAF_EFFECT, /* of treatments */
    TD_YDF_LEAF_DEPTH,  /* how deep it is, and how deep its examples would be */
} td_ydf_leaf;

typedef struct td_ydf_trees {
    const td_ydf_spec *spec;
    const td_string *shards;
    size_t n_shards;
    uint64_t n_trees;
    td_ydf_leaf leaf;
    bool asks_each_node; /* as in td_ydf_source */
    size_t n_classes;    /* CLASS, SHARES: with the one that is none; EFFECT: effects */
} td_ydf_trees;

/* Sets what of *out the nodes say: all but n_cells, n_sums, width and step. */
TD_MUST_USE td_status td_ydf_trees_read(const td_ydf_trees *t, td_arena *arena, td_forest *out);

/* How deep n examples would be in a tree of their own, on average. */
float td_ydf_depth_of(uint64_t n);

/* ---------------------------------------------------------------- conditions.c */

/* The parts of a forest while they are counted (no memory yet), and while they are filled. */
typedef struct td_ydf_parts {
    const td_ydf_spec *spec;
    uint32_t *bits, *items;
    td_forest_list *lists;
    td_forest_term *terms;
    td_forest_slope *slopes;
    size_t n_bits /* words */, n_items, n_lists, n_terms, n_slopes;
    /* Do missing values answer otherwise than usual ones? Not asked of nodes below oblique ones. */
    bool numbers_differ, others_differ, is_below_slope;
    bool numbers_are_usual, others_are_usual; /* missing ones are to be that, whatever a node says */
} td_ydf_parts;

/* The condition of a node (NodeCondition): its kind, its cell, and what it compares with; and adds to the parts.
 * UNIMPLEMENTED names a condition that is not known. */
TD_MUST_USE td_status td_ydf_condition_read(td_wire w, td_ydf_parts *p, td_forest_node *out);

#endif
