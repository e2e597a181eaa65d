/* SPDX-License-Identifier: Apache-2.0 */
/* encoding.h -- texts to characters and back.
 *
 * UTF-8, UTF-16, UTF-32, ISO-8859-1 and ASCII are read here, by Unicode's rules for what is malformed (each maximal part
 * of a character is one mistake); all others by the C library's iconv. */
#ifndef TD_OPS_ENCODING_H
#define TD_OPS_ENCODING_H

#include "tensord/tensor.h"

typedef struct td_decoder td_decoder;

typedef struct td_char {
    int32_t code; /* -1: malformed */
    size_t size;  /* bytes it was read from; 0: those of the one before it, which are both */
} td_char;

struct td_decoder {
    int32_t (*next)(td_decoder *d); /* at < end */
    const unsigned char *at, *end;
    void *iconv;             /* of other encodings */
    bool is_little, has_bom; /* UTF-16, UTF-32; which of both the text says itself */
    bool has_controls;       /* bytes 0x80 to 0x9f without a meaning are themselves */
};

/* INVALID_ARGUMENT: "Could not create converter for input encoding: X". One thread at a time. */
TD_MUST_USE td_status td_decoder_open(td_string encoding, td_decoder *out);
void td_decoder_close(td_decoder *d);
/* Begins a text. */
void td_decoder_start(td_decoder *d, td_string text);
/* False at the end of the text. */
bool td_decoder_next(td_decoder *d, td_char *out);

/* A decoder of UTF-8, which needs no closing. */
td_decoder td_decoder_utf8(td_string text);

typedef enum td_encoding { TD_UTF8, TD_UTF16_BE, TD_UTF32_BE } td_encoding;

/* "UTF-8", "UTF-16-BE" or "UTF-32-BE"; false: another. */
bool td_encoding_find(td_string name, td_encoding *out);
enum { TD_CHAR_BYTES = 4 }; /* at most, of one character */
/* Writes a character; returns its bytes. out may be NULL. */
size_t td_char_put(td_encoding e, uint32_t code, char *out);

#endif
