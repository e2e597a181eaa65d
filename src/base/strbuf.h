/* SPDX-License-Identifier: Apache-2.0 */
/* strbuf.h -- text that grows. All zeros is empty. Always NUL-terminated once something was added. */
#ifndef TD_BASE_STRBUF_H
#define TD_BASE_STRBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/macros.h"

typedef struct td_strbuf {
    char *data; /* NULL while empty */
    size_t size, capacity;
} td_strbuf;

void td_strbuf_fini(td_strbuf *b);
char *td_strbuf_take(td_strbuf *b); /* the caller owns the text (td_free); b is empty again; never NULL */
const char *td_strbuf_text(const td_strbuf *b);    /* "" while empty */
void td_strbuf_reserve(td_strbuf *b, size_t more); /* room for `more` bytes beyond size, and a NUL */
/* Likewise; false without memory: for sizes from outside. */
bool td_strbuf_try_reserve(td_strbuf *b, size_t more);
void td_strbuf_add(td_strbuf *b, const void *data, size_t size);
void td_strbuf_puts(td_strbuf *b, const char *s);
void td_strbuf_putc(td_strbuf *b, char c);
void td_strbuf_printf(td_strbuf *b, const char *fmt, ...) TD_PRINTF(2, 3);

#endif
