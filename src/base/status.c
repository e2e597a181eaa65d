/* SPDX-License-Identifier: Apache-2.0 */
/* status.c -- an error is one heap record: code, place, text. */
#include "tensord/status.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem_fault.h"

struct td_status_rec {
    td_code code;
    int line;
    bool is_overload;
    int64_t retry_ns; /* then; 0: not known */
    const char *file; /* a string literal: where the error was made */
    const char *text; /* the bytes after this struct, or a literal */
};

/* What is given out when there is no memory for a record; never freed. */
static struct td_status_rec status_no_memory = { .code = TD_RESOURCE_EXHAUSTED,
                                                 .line = __LINE__,
                                                 .file = __FILE__,
                                                 .text = "out of memory (while reporting another error)" };

/* A record with room for size bytes of text; NULL without memory. */
static td_status rec_make(td_code code, const char *file, int line, size_t size, char **text)
{
    const td_status s = malloc(sizeof *s + size);

    if (!s) return NULL;
    s->code = code;
    s->file = file;
    s->line = line;
    s->is_overload = false;
    s->retry_ns = 0;
    s->text = *text = (char *)(s + 1);
    return s;
}

/* "<head><formatted><tail>" */
static td_status rec_format(td_code code, const char *file, int line, const char *head, const char *tail,
                            const char *fmt, va_list args)
{
    va_list again;
    char *text;

    va_copy(again, args);
    const int n = vsnprintf(NULL, 0, fmt, args);
    const size_t head_size = strlen(head), size = n < 0 ? 0 : (size_t)n, tail_size = strlen(tail) + 1;
    const td_status s = rec_make(code, file, line, head_size + size + tail_size, &text);

    if (s) {
        memcpy(text, head, head_size);
        if (size) vsnprintf(text + head_size, size + 1, fmt, again);
        memcpy(text + head_size + size, tail, tail_size);
    }
    va_end(again);
    return s;
}

td_status td_status_make(td_code code, const char *file, int line, const char *fmt, ...)
{
    va_list args;

    TD_ASSERT(code != TD_OK);
    va_start(args, fmt);
    const td_status s = td_mem_fault(0) ? NULL : rec_format(code, file, line, "", "", fmt, args);
    va_end(args);
    return s ? s : &status_no_memory;
}

/* s with its new text; as it was without memory for that. */
static td_status replaced(td_status s, td_status longer)
{
    if (!longer) return s;
    longer->is_overload = s->is_overload;
    longer->retry_ns = s->retry_ns;
    free(s);
    return longer;
}

td_status td_status_prefix(td_status s, const char *fmt, ...)
{
    va_list args;

    if (!s || s == &status_no_memory) return s;
    va_start(args, fmt);
    const td_status longer = rec_format(s->code, s->file, s->line, "", s->text, fmt, args);
    va_end(args);
    return replaced(s, longer);
}

td_status td_status_suffix(td_status s, const char *fmt, ...)
{
    va_list args;

    if (!s || s == &status_no_memory) return s;
    va_start(args, fmt);
    const td_status longer = rec_format(s->code, s->file, s->line, s->text, "", fmt, args);
    va_end(args);
    return replaced(s, longer);
}

td_status td_status_overload(td_status s, int64_t retry_ns)
{
    if (!s || s == &status_no_memory) return s;
    s->is_overload = true;
    s->retry_ns = retry_ns;
    return s;
}

bool td_status_is_overload(td_status s, int64_t *retry_ns)
{
    if (!s || !s->is_overload) return false;
    *retry_ns = s->retry_ns;
    return true;
}

td_status td_status_copy(td_status s)
{
    int64_t retry_ns;
    char *text;

    if (!s || s == &status_no_memory) return s;
    const size_t size = strlen(s->text) + 1;
    const td_status copy = td_mem_fault(0) ? NULL : rec_make(s->code, s->file, s->line, size, &text);

    if (!copy) return &status_no_memory;
    memcpy(text, s->text, size);
    return td_status_is_overload(s, &retry_ns) ? td_status_overload(copy, retry_ns) : copy;
}

void td_status_free(td_status s)
{
    if (s != &status_no_memory) free(s);
}

td_code td_status_code(td_status s)
{
    return s ? s->code : TD_OK;
}

const char *td_status_text(td_status s)
{
    return s ? s->text : "";
}

const char *td_status_place(td_status s, int *line)
{
    *line = s ? s->line : 0;
    return s ? s->file : "";
}

const char *td_code_name(td_code code)
{
    switch (code) {
#define X(name, number)                                                                                      \
    case TD_##name:                                                                                          \
        return #name;
        TD_CODES(X)
#undef X
    }
    return "UNKNOWN";
}
