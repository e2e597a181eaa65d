/* SPDX-License-Identifier: Apache-2.0 */
/* route.c -- TensorFlow Serving matches these paths by regular expressions; here they are walked,
 * with the one place where an expression would try again (a model named like a keyword) spelled out. */
#include "net/rest/route.h"

#include <string.h>
#include <strings.h>

#include "base/macros.h"

/* Moves *p behind word, letters in either case. */
static bool take(const char **p, const char *word)
{
    const size_t n = strlen(word);

    if (strncasecmp(*p, word, n) != 0) return false;
    *p += n;
    return true;
}

/* One or more bytes other than '/' and ':'. */
static bool take_name(const char **p, td_string *out)
{
    const size_t n = strcspn(*p, "/:");

    if (!n) return false;
    *out = (td_string){ *p, n };
    *p += n;
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* A percent sign that no two digits follow stays. */
static td_string decode(td_string s, td_arena *arena)
{
    if (!s.size || !memchr(s.data, '%', s.size)) return s;
    char *const text = td_arena_strndup(arena, s.data, s.size);
    char *out = text;

    for (size_t i = 0; i < s.size; i++) {
        const int high = s.data[i] == '%' && i + 2 < s.size ? hex_digit(s.data[i + 1]) : -1;
        const int low = high >= 0 ? hex_digit(s.data[i + 2]) : -1;

        *out++ = (char)(low >= 0 ? high << 4 | low : s.data[i]);
        if (low >= 0) i += 2;
    }
    return (td_string){ text, (size_t)(out - text) };
}

/* Digits, at least one. They may be too many for a version. */
static bool take_version(const char **p, td_model_spec *spec, bool *is_bad)
{
    const size_t n = strspn(*p, "0123456789");
    int64_t v = 0;

    if (!n) return false;
    for (size_t i = 0; i < n; i++)
        *is_bad |= __builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (*p)[i] - '0', &v);
    spec->has_version = true;
    spec->version = v;
    *p += n;
    return true;
}

/* "/versions/3", "/labels/x" or nothing. */
static void take_selector(const char **p, td_model_spec *spec, bool *is_bad)
{
    const char *at = *p;

    if (take(&at, "/versions/") && take_version(&at, spec, is_bad)) *p = at;
    at = *p;
    if (!spec->has_version && take(&at, "/labels/") && take_name(&at, &spec->label)) *p = at;
}

static td_rest_verb route_post(const char *p, td_rest_route *out)
{
    static const struct {
        const char *name;
        td_rest_verb verb;
    } verbs[] = { { ":predict", TD_REST_PREDICT },
                  { ":classify", TD_REST_CLASSIFY },
                  { ":regress", TD_REST_REGRESS } };
    bool is_bad = false;

    if (!take(&p, "/v1/models/") || !take_name(&p, &out->model.name)) return TD_REST_MALFORMED;
    take_selector(&p, &out->model, &is_bad);
    for (size_t i = 0; i < TD_COUNT(verbs); i++) {
        if (strcasecmp(p, verbs[i].name) != 0) continue;
        if (is_bad) return TD_REST_BAD_VERSION;
        return strcmp(p, verbs[i].name) ? TD_REST_MALFORMED : verbs[i].verb; /* ":PREDICT" matches, in vain */
    }
    return TD_REST_MALFORMED;
}

/* Behind the model's name, or where it would stand. */
static td_rest_verb route_get_tail(const char *p, td_rest_route *out)
{
    bool is_bad = false;

    take_selector(&p, &out->model, &is_bad);
    const bool is_metadata = take(&p, "/metadata");

    if (*p) return TD_REST_MALFORMED;
    if (is_bad) return TD_REST_BAD_VERSION;
    if (!out->model.name.size) return TD_REST_NO_MODEL;
    return is_metadata ? TD_REST_METADATA : TD_REST_STATUS;
}

static td_rest_verb route_get(const char *p, td_rest_route *out)
{
    if (!take(&p, "/v1/models")) return TD_REST_MALFORMED;
    const char *named = p + 1;

    if (*p == '/' && take_name(&named, &out->model.name)) {
        const td_rest_verb verb = route_get_tail(named, out);

        if (verb != TD_REST_MALFORMED) return verb;
        out->model = (td_model_spec){ 0 }; /* "/v1/models/versions/3": a version of nobody */
    }
    return route_get_tail(p, out);
}

static bool is_probe(const char *path, const char *want)
{
    const size_t n = strlen(want);

    return !strncmp(path, want, n) && (!path[n] || path[n] == '?');
}

static td_rest_verb route_any(const char *method, const char *path, td_rest_route *out)
{
    static const char *const malformed[] = { "PUT", "DELETE", "PATCH" };
    const char *p = path;
    const bool is_post = !strcmp(method, "POST"), is_options = !strcmp(method, "OPTIONS");
    const bool is_read = !strcmp(method, "GET") || !strcmp(method, "HEAD");
    bool is_known = is_post || is_read || is_options;

    for (size_t i = 0; i < TD_COUNT(malformed); i++)
        is_known |= !strcmp(method, malformed[i]);
    if (!is_known) return TD_REST_BAD_METHOD;
    if (is_read && is_probe(path, "/healthz")) return TD_REST_HEALTHZ;
    if (is_read && is_probe(path, "/readyz")) return TD_REST_READYZ;
    if (!take(&p, "/v1/")) return TD_REST_ELSEWHERE;
    if (is_options) return TD_REST_OPTIONS;
    if (is_post) return route_post(path, out);
    return is_read ? route_get(path, out) : TD_REST_MALFORMED;
}

/* The path and query of "http://host:port/path?query", which clients send to proxies and servers must take. */
const char *td_rest_route_path(const char *target)
{
    const char *p = target;

    if (!take(&p, "http://") && !take(&p, "https://")) return target;
    p += strcspn(p, "/?");
    return *p ? p : "/";
}

static bool has_nul(td_string s)
{
    return s.size && memchr(s.data, '\0', s.size);
}

void td_rest_route_find(const char *method, const char *target, td_arena *arena, td_rest_route *out)
{
    *out = (td_rest_route){ 0 };
    out->verb = route_any(method, td_rest_route_path(target), out);
    out->model.name = decode(out->model.name, arena);
    out->model.label = decode(out->model.label, arena);
    if (!has_nul(out->model.name) && !has_nul(out->model.label)) return;
    *out = (td_rest_route){ .verb = TD_REST_MALFORMED }; /* "%00": texts about it would end there */
}
