/* SPDX-License-Identifier: Apache-2.0 */
/* wordpieces.h -- a vocabulary of pieces of words as TensorFlow Text compiles it (FastWordpieceTokenizerConfig, a
 * FlatBuffer): a trie that is walked once, byte after byte, whatever the pieces.
 *
 * Where the trie leads no further, a node's `failure` says which pieces the bytes so far are for sure (its pops), and
 * the node of what is left of them. Pieces are encoded: bits 0 to 7 their bytes - 1, 8 to 29 the number, 30 whether they
 * go on with a word, behind the indicator ("##").
 */
#ifndef TD_OPS_WORDPIECES_H
#define TD_OPS_WORDPIECES_H

#include "formats/flatbuffer.h"
#include "ops/tftext/pieces.h"
#include "ops/tftext/trie.h"

typedef struct td_wordpieces {
    td_trie trie;
    td_flat_vector failures; /* by node: the link, the pops as where in the pool << 8 | how many - 1 */
    td_flat_vector pops;
    td_flat_vector of_indicator; /* the pieces of a word that is the indicator itself */
    td_string indicator, unknown;
    int32_t unknown_id, most_bytes;  /* of a word */
    uint32_t suffix_root, mark_root; /* where nothing is left, of a word, of a punctuation mark */
    bool takes_texts;                /* parts words itself */
    bool gives_texts;                /* has the vocabulary: */
    td_flat_vector vocabulary, goes_on;
} td_wordpieces;

/* Views of the bytes. INVALID_ARGUMENT: they are none. */
TD_MUST_USE td_status td_wordpieces_open(const void *bytes, size_t size, td_wordpieces *out);

/* Adds the pieces of a word, or of a text. INVALID_ARGUMENT: the model is damaged. INTERNAL: it leads nowhere. */
TD_MUST_USE td_status td_wordpieces_split(const td_wordpieces *m, td_string text, td_pieces *out);

#endif
