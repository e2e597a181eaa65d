/* SPDX-License-Identifier: Apache-2.0 */
/* values.h -- constants and attributes that patterns look at, and that new nodes get. */
#ifndef TD_PASSES_VALUES_H
#define TD_PASSES_VALUES_H

#include "passes/pass.h"

/* The elements of a constant of `count` int32 or int64, each between least and most; false: it is not one. */
bool td_edge_ints(td_edge e, int64_t count, int64_t least, int64_t most, int64_t *out);
bool td_node_attr_is(const td_node *n, const char *name, const char *text);

/* The only dim that a Squeeze names. */
bool td_node_squeezes(const td_node *n, int64_t *dim);
/* ExpandDims of [batch, width, channels] to images of one row, as in front of one-dimensional convolutions. */
bool td_node_makes_images(const td_node *n);

td_attr_value td_value_text(const char *s); /* borrowed */
td_attr_value td_value_ints(td_arena *arena, const int64_t *v, size_t n);

#endif
