/* SPDX-License-Identifier: Apache-2.0 */
/* wire_buf.h -- protobuf fields appended to a td_strbuf: for small messages, built from the inside out. */
#ifndef TD_CODEC_WIRE_BUF_H
#define TD_CODEC_WIRE_BUF_H

#include "base/strbuf.h"
#include "base/wire.h"

uint8_t *td_wire_buf_grow(td_strbuf *b, size_t more); /* `more` bytes at the end, for the caller to fill */
void td_wire_buf_bytes(td_strbuf *b, uint32_t number, const void *data, size_t size);
void td_wire_buf_text(td_strbuf *b, uint32_t number, const char *text); /* NULL and "" are left out */
void td_wire_buf_number(td_strbuf *b, uint32_t number, int64_t v);      /* 0 is left out */
/* Puts value as a message, and empties it. */
void td_wire_buf_message(td_strbuf *b, uint32_t number, td_strbuf *value);
/* Puts a map entry from a text to a message, and empties the message. */
void td_wire_buf_entry(td_strbuf *b, uint32_t number, const char *key, td_strbuf *value);

#endif
