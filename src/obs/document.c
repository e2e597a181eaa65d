/* SPDX-License-Identifier: Apache-2.0 */
/* document.c -- see document.h. */
#include "obs/document.h"

#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "obs/labels.h"

static _Thread_local bool is_short; /* of memory, since the document was begun */

static void *take(size_t size)
{
    void *const p = td_try_alloc(size, _Alignof(max_align_t));

    is_short |= !p;
    return p;
}

static void set_hooks(void)
{
    cJSON_InitHooks(&(cJSON_Hooks){ take, td_free });
}

cJSON *td_document_make(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, set_hooks);
    is_short = false;
    return cJSON_CreateObject();
}

/* text, with "?" for each byte that makes no UTF-8. */
static td_strbuf make_valid(const char *text)
{
    const char *const end = text + strlen(text);
    td_strbuf valid = { 0 };

    for (const char *p = text; p < end;) {
        const size_t n = td_utf8_size(p, (size_t)(end - p));

        if (n)
            td_strbuf_add(&valid, p, n);
        else
            td_strbuf_putc(&valid, '?');
        p += n ? n : 1;
    }
    return valid;
}

static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text > 0x7f) return false;
    return true;
}

cJSON *td_document_string(const char *text)
{
    if (is_ascii(text)) return cJSON_CreateString(text);
    td_strbuf valid = make_valid(text);
    cJSON *const string = cJSON_CreateString(td_strbuf_text(&valid));

    td_strbuf_fini(&valid);
    return string;
}

void td_document_text(cJSON *object, const char *name, const char *text)
{
    cJSON *const string = td_document_string(text);

    if (!cJSON_AddItemToObject(object, name, string)) cJSON_Delete(string);
}

void td_document_member(cJSON *object, const char *name, cJSON *item)
{
    if (!cJSON_AddItemToObjectCS(object, name, item)) cJSON_Delete(item);
}

cJSON *td_document_object(cJSON *object, const char *name)
{
    td_strbuf valid = make_valid(name);
    cJSON *const added = cJSON_AddObjectToObject(object, td_strbuf_text(&valid));

    td_strbuf_fini(&valid);
    return added;
}

/* item NULL: there was no memory for it. */
static cJSON *add_item(cJSON *array, cJSON *item)
{
    if (cJSON_AddItemToArray(array, item)) return item;
    cJSON_Delete(item);
    return NULL;
}

cJSON *td_document_next(cJSON *array)
{
    return add_item(array, cJSON_CreateObject());
}

void td_document_item(cJSON *array, const char *text)
{
    (void)add_item(array, td_document_string(text));
}

void td_document_number(cJSON *object, const char *name, int64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRId64, value);
    (void)cJSON_AddStringToObject(object, name, text);
}

td_status td_document_end(cJSON *d, char **text)
{
    char *const printed = d && !is_short ? cJSON_Print(d) : NULL;

    cJSON_Delete(d);
    if (!printed) return TD_ERR(RESOURCE_EXHAUSTED, "No memory for a JSON document");
    *text = printed;
    return NULL;
}

size_t td_document_end_line(cJSON *d, char *line, size_t room)
{
    const bool is_printed = d && !is_short && room > 1 &&
                            cJSON_PrintPreallocated(d, line, (int)TD_MIN(room - 1, (size_t)INT_MAX), false);
    const size_t n = is_printed ? strlen(line) : 0;

    cJSON_Delete(d);
    if (n) line[n] = '\n';
    return n ? n + 1 : 0;
}
