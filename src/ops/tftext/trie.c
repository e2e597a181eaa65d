/* SPDX-License-Identifier: Apache-2.0 */
/* trie.c -- bits of a unit: 0 to 7 are what leads here, 8: has a leaf, 9: the offset is in 256s, 10 and up the offset;
 * 31: a leaf, whose other bits are its number. */
#include "ops/tftext/trie.h"

bool td_trie_at(const td_trie *t, uint32_t id, td_trie_node *out)
{
    if (id >= t->n) return false;
    const uint8_t *const p = t->units + 4 * (size_t)id;

    *out = (td_trie_node){ id, p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24 };
    return true;
}

static uint32_t children(const td_trie_node *node)
{
    return node->id ^ (node->unit >> 10) << ((node->unit & 0x200) >> 6);
}

bool td_trie_walk(const td_trie *t, td_trie_node *node, td_string path)
{
    td_trie_node at = *node;

    for (size_t i = 0; i < path.size; i++) {
        const uint32_t ch = (unsigned char)path.data[i];

        if (!td_trie_at(t, children(&at) ^ ch, &at) || (at.unit & 0x800000ff) != ch) return false;
    }
    *node = at;
    return true;
}

bool td_trie_value(const td_trie *t, const td_trie_node *node, int32_t *out)
{
    td_trie_node leaf;

    if (!(node->unit & 0x100) || !td_trie_at(t, children(node), &leaf)) return false;
    *out = (int32_t)(leaf.unit & 0x7fffffff);
    return true;
}
