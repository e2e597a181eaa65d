/* SPDX-License-Identifier: Apache-2.0 */
/* strbuf.c -- text that grows, doubling. */
#include "base/strbuf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/size.h"

enum { STRBUF_FIRST = 64 };

void td_strbuf_fini(td_strbuf *b)
{
    td_free(b->data);
    *b = (td_strbuf){ 0 };
}

char *td_strbuf_take(td_strbuf *b)
{
    char *const text = b->data ? b->data : td_strdup("");

    *b = (td_strbuf){ 0 };
    return text;
}

const char *td_strbuf_text(const td_strbuf *b)
{
    return b->data ? b->data : "";
}

/* The capacity for `want` bytes and a NUL. */
static size_t capacity_for(const td_strbuf *b, size_t want)
{
    const size_t doubled = TD_MAX(b->capacity * 2, (size_t)STRBUF_FIRST);

    return TD_MAX(doubled, want + 1);
}

void td_strbuf_reserve(td_strbuf *b, size_t more)
{
    size_t want;

    TD_ASSERT(td_add_size(b->size, more, &want) && want < PTRDIFF_MAX / 2);
    if (TD_LIKELY(want < b->capacity)) return;
    b->capacity = capacity_for(b, want);
    b->data = td_realloc(b->data, b->capacity);
    b->data[b->size] = 0;
}

bool td_strbuf_try_reserve(td_strbuf *b, size_t more)
{
    size_t want;

    if (!td_add_size(b->size, more, &want) || want >= PTRDIFF_MAX / 2) return false;
    if (TD_LIKELY(want < b->capacity)) return true;
    const size_t capacity = capacity_for(b, want);
    char *const data = td_try_realloc(b->data, capacity);

    if (!data) return false;
    data[b->size] = 0;
    b->data = data;
    b->capacity = capacity;
    return true;
}

void td_strbuf_add(td_strbuf *b, const void *data, size_t size)
{
    td_strbuf_reserve(b, size);
    if (size) memcpy(b->data + b->size, data, size);
    b->size += size;
    b->data[b->size] = 0;
}

void td_strbuf_puts(td_strbuf *b, const char *s)
{
    td_strbuf_add(b, s, strlen(s));
}

void td_strbuf_putc(td_strbuf *b, char c)
{
    td_strbuf_add(b, &c, 1);
}

void td_strbuf_printf(td_strbuf *b, const char *fmt, ...)
{
    va_list args, again;

    td_strbuf_reserve(b, 0);
    va_start(args, fmt);
    va_copy(again, args);
    const int n = vsnprintf(b->data + b->size, b->capacity - b->size, fmt, args);
    va_end(args);
    TD_ASSERT(n >= 0);

    const size_t size = (size_t)n;
    if (size >= b->capacity - b->size) { /* it was cut: once more, with room */
        td_strbuf_reserve(b, size);
        vsnprintf(b->data + b->size, b->capacity - b->size, fmt, again);
    }
    va_end(again);
    b->size += size;
}
