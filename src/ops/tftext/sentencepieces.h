/* SPDX-License-Identifier: Apache-2.0 */
/* sentencepieces.h -- a model of SentencePiece (sentencepiece.ModelProto): pieces of texts, with a score each.
 *
 * A text is normalized first, its spaces become U+2581, and every byte of that remembers where in the text it is from.
 * Then it is taken apart by the best sum of scores (unigram), by merges of the best pair (BPE), by words or characters.
 */
#ifndef TD_OPS_SENTENCEPIECES_H
#define TD_OPS_SENTENCEPIECES_H

#include "ops/op.h"
#include "ops/tftext/pieces.h"
#include "ops/tftext/trie.h"

/* As the protocol counts. */
typedef enum td_sp_type {
    TD_SP_NORMAL = 1,
    TD_SP_UNKNOWN,
    TD_SP_CONTROL,
    TD_SP_USER_DEFINED,
    TD_SP_UNUSED,
    TD_SP_BYTE
} td_sp_type;

typedef enum td_sp_kind { TD_SP_UNIGRAM = 1, TD_SP_BPE, TD_SP_WORD, TD_SP_CHAR } td_sp_kind;

typedef struct td_sp_piece {
    td_string text;
    float score;
    td_sp_type type;
} td_sp_piece;

/* Some of a model's pieces, by their bytes. */
typedef struct td_sp_set {
    const uint32_t *ids;
    uint32_t n;
} td_sp_set;

typedef struct td_sp_rules {
    td_trie trie; /* of what is replaced, to where in `texts` what stands for it is, up to a NUL */
    td_string texts;
    bool adds_prefix, removes_spaces, escapes_spaces, puts_prefix_last;
    const td_sp_set *kept; /* pieces that stay as they are; NULL: none */
} td_sp_rules;

typedef struct td_sentencepieces {
    td_sp_piece *pieces;
    uint32_t n;
    td_sp_set in_texts, reserved, user_defined; /* the last is part of the first */
    td_sp_kind kind;
    td_sp_rules rules, denormal; /* denormal.trie.n == 0: none */
    td_string unknown_surface, bos, eos;
    uint32_t unknown;
    uint32_t bytes[256];   /* pieces of bytes, when falls_back */
    bool falls_back;       /* characters that are unknown are bytes */
    float lowest, highest; /* scores of normal pieces */
} td_sentencepieces;

/* Reads a model; *out, in the arena, has views of its bytes. INTERNAL, INVALID_ARGUMENT: it is none. */
TD_MUST_USE td_status td_sentencepieces_open(td_string bytes, td_arena *arena, const td_sentencepieces **out);

/* The piece of that text, the unknown one where there is none. */
uint32_t td_sentencepieces_find(const td_sentencepieces *m, td_string text);

/* The byte that a piece of one says, "<0x41>"; -1: it is none. */
int td_sp_byte_of(td_string piece);

/* A search for pieces that begin as a text does, byte by byte. */
typedef struct td_sp_search {
    const td_sentencepieces *model;
    const td_sp_set *set;
    uint32_t first, end; /* what is left of the set */
    size_t depth;
} td_sp_search;

td_sp_search td_sp_search_in(const td_sentencepieces *m, const td_sp_set *set);
/* Leaves those that go on with byte. False: none does. */
bool td_sp_search_next(td_sp_search *s, char byte);
/* Is all of one matched? */
bool td_sp_search_found(const td_sp_search *s, uint32_t *id);

/* The bytes of the character at the begin of text, of 1 or more, as its first byte says. */
size_t td_sp_char_size(td_string text);
/* Of the longest piece of set there; 0: none. */
size_t td_sp_longest(const td_sentencepieces *m, const td_sp_set *set, td_string text);

/* A normalized text, in the arena of a run. */
typedef struct td_sp_text {
    td_call *call;
    char *text;
    uint32_t *from; /* of each byte, and of the end; NULL where there is no text */
    size_t size, text_room, from_room;
} td_sp_text;

TD_MUST_USE td_status td_sp_normalize(const td_sentencepieces *m, const td_sp_rules *rules, td_string text,
                                      td_sp_text *out);

typedef struct td_sp_options {
    bool adds_bos, adds_eos, reverses;
} td_sp_options;

/* Adds the pieces of text. */
TD_MUST_USE td_status td_sp_encode(const td_sentencepieces *m, td_string text, const td_sp_options *options,
                                   td_pieces *out);
/* The text of pieces: their id and text. */
TD_MUST_USE td_status td_sp_decode(const td_sentencepieces *m, td_pieces *pieces,
                                   const td_sp_options *options, td_string *out);

#endif
