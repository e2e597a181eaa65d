/* SPDX-License-Identifier: Apache-2.0 */
/* wire_buf.c -- protobuf fields appended to a td_strbuf. */
#include "codec/pb/wire_buf.h"

#include <string.h>

uint8_t *td_wire_buf_grow(td_strbuf *b, size_t more)
{
    td_strbuf_reserve(b, more);
    b->size += more;
    b->data[b->size] = '\0';
    return (uint8_t *)b->data + b->size - more;
}

void td_wire_buf_bytes(td_strbuf *b, uint32_t number, const void *data, size_t size)
{
    (void)td_wire_put_bytes(td_wire_buf_grow(b, td_wire_bytes_size(number, size)), number, data, size);
}

void td_wire_buf_text(td_strbuf *b, uint32_t number, const char *text)
{
    if (text && *text) td_wire_buf_bytes(b, number, text, strlen(text));
}

void td_wire_buf_number(td_strbuf *b, uint32_t number, int64_t v)
{
    if (!v) return;
    (void)td_wire_put_number(td_wire_buf_grow(b, td_wire_number_size(number, (uint64_t)v)), number,
                             (uint64_t)v);
}

void td_wire_buf_message(td_strbuf *b, uint32_t number, td_strbuf *value)
{
    td_wire_buf_bytes(b, number, value->data, value->size);
    td_strbuf_fini(value);
}

void td_wire_buf_entry(td_strbuf *b, uint32_t number, const char *key, td_strbuf *value)
{
    td_strbuf entry = { 0 };

    td_wire_buf_text(&entry, 1, key);
    td_wire_buf_message(&entry, 2, value);
    td_wire_buf_message(b, number, &entry);
}
