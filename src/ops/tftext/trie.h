/* SPDX-License-Identifier: Apache-2.0 */
/* trie.h -- strings to numbers, as a double array of 32-bit units that lies in a model's bytes (the format of
 * Darts-clone).
 *
 * A node is a unit: its offset leads to its children (child c is at node ^ offset ^ c, and says c itself), and to a
 * leaf (at node ^ offset), which holds the number of the string that ends here. Units outside the array are nobody's
 * children, so any bytes will do. */
#ifndef TD_OPS_TRIE_H
#define TD_OPS_TRIE_H

#include "tensord/tensor.h"

typedef struct td_trie {
    const uint8_t *units; /* little endian, at any address */
    size_t n;
} td_trie;

typedef struct td_trie_node {
    uint32_t id, unit;
} td_trie_node;

/* Node `id`, 0 being the root. False: there is none. */
bool td_trie_at(const td_trie *t, uint32_t id, td_trie_node *out);
/* To the node that all of path leads to. False: there is none, and the node stays. */
bool td_trie_walk(const td_trie *t, td_trie_node *node, td_string path);
/* The number of the string that ends here. False: none does. */
bool td_trie_value(const td_trie *t, const td_trie_node *node, int32_t *out);

#endif
