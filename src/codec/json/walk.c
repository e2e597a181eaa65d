/* SPDX-License-Identifier: Apache-2.0 */
/* walk.c -- see walk.h. */
#include "codec/json/walk.h"

#include <string.h>

bool td_json_raw_says(const td_json_raw *raw, const char *want)
{
    return td_json_raw_is(raw, (td_string){ want, strlen(want) });
}

const char *td_json_read_name(const char *p, td_json_raw *name)
{
    td_json_fault fault;

    if (*p != '"') return NULL;
    p = td_json_skip_string(p, name, &fault);
    if (!p) return NULL;
    p = td_json_skip_space(p);
    return *p == ':' ? td_json_skip_space(p + 1) : NULL;
}

const char *td_json_read_comma(const char *p, bool *is_over)
{
    p = td_json_skip_space(p);
    *is_over = *p == '}';
    return *p == ',' ? td_json_skip_space(p + 1) : NULL;
}

static td_status parse_error(const char *start, const char *end, const td_json_fault *fault)
{
    if (end == start) return TD_ERR(INVALID_ARGUMENT, "JSON Parse error: The document is empty");
    return TD_ERR(INVALID_ARGUMENT, "JSON Parse error: %s at offset: %td", fault->text, fault->at - start);
}

td_status td_json_check(const char *start, const char *end)
{
    const char *const p = td_json_start(start);
    td_json_fault fault = { "The document is empty.", p };

    if (!*p || strchr(",:]}", *p)) return parse_error(start, end, &fault);
    return td_json_skip(p, end, &fault) ? NULL : parse_error(start, end, &fault);
}

void td_json_list_keys(const char *p, const char *end, td_strbuf *out)
{
    enum { KEYS = 8, KEY_SIZE = 100 };
    td_json_fault fault;
    td_json_raw name;
    bool is_over = false;
    int n = 0;

    for (p = td_json_skip_space(p + 1); p && *p == '"' && n <= KEYS; n++) {
        p = td_json_read_name(p, &name);
        if (n < KEYS)
            td_strbuf_printf(out, "%s%.*s", n ? ", " : "", (int)TD_MIN(name.size, (size_t)KEY_SIZE),
                             name.data);
        p = td_json_read_comma(td_json_skip(p, end, &fault), &is_over);
    }
    td_strbuf_puts(out, !n ? "none" : n > KEYS ? " and more" : "");
}
