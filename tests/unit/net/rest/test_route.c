/* SPDX-License-Identifier: Apache-2.0 */
/* test_route.c -- URLs as TensorFlow Serving reads them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "net/rest/route.h"

#define ODD         "%21%23%24%25%26%27%28%29%2A%2B%2C%2F%3A%3B%3D%3F%40%5B%5D"
#define ODD_DECODED "!#$%&'()*+,/:;=?@[]"

typedef struct url {
    const char *method, *path;
    td_rest_verb verb;
    const char *name, *label; /* NULL: none */
    int64_t version;          /* -1: none */
} url;

static const url urls[] = {
    { "GET", "/v1/models/m" ODD, TD_REST_STATUS, "m" ODD_DECODED, NULL, -1 },
    { "GET", "/v1/models/m/versions/99", TD_REST_STATUS, "m", NULL, 99 },
    { "GET", "/v1/models/m/labels/latest", TD_REST_STATUS, "m", "latest", -1 },
    { "GET", "/v1/models/m/labels/l" ODD, TD_REST_STATUS, "m", "l" ODD_DECODED, -1 },
    { "GET", "/v1/models/m/metadata", TD_REST_METADATA, "m", NULL, -1 },
    { "GET", "/v1/models/m/labels/latest/metadata", TD_REST_METADATA, "m", "latest", -1 },
    { "GET", "/v1/models/m" ODD "/labels/l" ODD "/metadata", TD_REST_METADATA, "m" ODD_DECODED,
      "l" ODD_DECODED, -1 },
    { "GET", "/V1/Models/M/VERSIONS/007", TD_REST_STATUS, "M", NULL, 7 },
    { "GET", "/v1/models/metadata", TD_REST_STATUS, "metadata", NULL, -1 },
    { "GET", "/v1/models/m?x=1", TD_REST_STATUS, "m?x=1", NULL, -1 },
    { "GET", "/v1/models", TD_REST_NO_MODEL, NULL, NULL, -1 },
    { "GET", "/v1/models/versions/3", TD_REST_NO_MODEL, NULL, NULL, 3 },
    { "GET", "/v1/models/versions/3/metadata", TD_REST_NO_MODEL, NULL, NULL, 3 },
    { "GET", "/v1/foo", TD_REST_MALFORMED, NULL, NULL, -1 },
    { "GET", "/v1/", TD_REST_MALFORMED, NULL, NULL, -1 },
    { "GET", "/v1/models/", TD_REST_MALFORMED, NULL, NULL, -1 },
    { "GET", "/v1/models/foo:predict", TD_REST_MALFORMED, NULL, NULL, -1 },
    { "GET", "/v1/models/foo/version/50:predict", TD_REST_MALFORMED, NULL, NULL, -1 },
    { "GET", "/v1/models/foo/versions/99999999999999999999", TD_REST_BAD_VERSION, "foo", NULL, -2 },

    { "POST", "/v1/models/m" ODD ":predict", TD_REST_PREDICT, "m" ODD_DECODED, NULL, -1 },
    { "POST", "/v1/models/m/versions/99:predict", TD_REST_PREDICT, "m", NULL, 99 },
    { "POST", "/v1/models/m/labels/latest:predict", TD_REST_PREDICT, "m", "latest", -1 },
    { "POST", "/v1/models/m/labels/l" ODD ":predict", TD_REST_PREDICT, "m", "l" ODD_DECODED, -1 },
    { "POST", "/v1/models/m" ODD "/labels/l" ODD ":predict", TD_REST_PREDICT, "m" ODD_DECODED,
      "l" ODD_DECODED, -1 },
    { "POST", "/v1/models/m:classify", TD_REST_CLASSIFY, "m", NULL, -1 },
    { "POST", "/v1/models/m/versions/9223372036854775807:regress", TD_REST_REGRESS, "m", NULL, INT64_MAX },
    { "POST", "/v1/models/a%2:predict", TD_REST_PREDICT, "a%2", NULL, -1 },
    { "POST", "/v1/foo", TD_REST_MALFORMED, NULL, NULL, -1 },
    { "POST", "/v1/models", TD_REST_MALFORMED, NULL, NULL, -1 },
    { "POST", "/v1/models/m", TD_REST_MALFORMED, NULL, NULL, -1 },
    { "POST", "/v1/models/m:PREDICT", TD_REST_MALFORMED, NULL, NULL, -1 },
    { "POST", "/v1/models/m:predict?x=1", TD_REST_MALFORMED, NULL, NULL, -1 },
    { "POST", "/v1/models/foo/version/50:predict", TD_REST_MALFORMED, NULL, NULL, -1 },
    { "POST", "/v1/models/foo/versions/string:predict", TD_REST_MALFORMED, NULL, NULL, -1 },
    { "POST", "/v1/models/foo/versions/18446744073709551615:predict", TD_REST_BAD_VERSION, "foo", NULL, -2 },
    { "POST", "/v1/models/foo/metadata", TD_REST_MALFORMED, NULL, NULL, -1 },
    { "POST", "/v1/models/foo/versions/50/labels/some_label:regress", TD_REST_MALFORMED, NULL, NULL, -1 },

    { "HEAD", "/v1/models/m", TD_REST_STATUS, "m", NULL, -1 },
    { "HEAD", "/v1/models/m/versions/3/metadata", TD_REST_METADATA, "m", NULL, 3 },
    { "HEAD", "/v1/models/m:predict", TD_REST_MALFORMED, NULL, NULL, -1 },
    { "PUT", "/v1/models/m:predict", TD_REST_MALFORMED, NULL, NULL, -1 },
    { "OPTIONS", "/v1/models/m:predict", TD_REST_OPTIONS, NULL, NULL, -1 },
    { "TRACE", "/v1/models/m", TD_REST_BAD_METHOD, NULL, NULL, -1 },
    { "BREW", "/v1/models/m", TD_REST_BAD_METHOD, NULL, NULL, -1 },
    { "GET", "/", TD_REST_ELSEWHERE, NULL, NULL, -1 },
    { "GET", "/v1", TD_REST_ELSEWHERE, NULL, NULL, -1 },
    { "GET", "/healthz", TD_REST_HEALTHZ, NULL, NULL, -1 },
    { "HEAD", "/readyz?verbose", TD_REST_READYZ, NULL, NULL, -1 },
    { "POST", "/readyz", TD_REST_ELSEWHERE, NULL, NULL, -1 },
    { "GET", "/readyzz", TD_REST_ELSEWHERE, NULL, NULL, -1 },

    { "GET", "http://host/v1/models/m", TD_REST_STATUS, "m", NULL, -1 },
    { "GET", "HTTPS://host:8501/v1/models/m/versions/3", TD_REST_STATUS, "m", NULL, 3 },
    { "POST", "http://[::1]:8501/v1/models/m:predict", TD_REST_PREDICT, "m", NULL, -1 },
    { "GET", "http://user@host/readyz?verbose", TD_REST_READYZ, NULL, NULL, -1 },
    { "GET", "http://host", TD_REST_ELSEWHERE, NULL, NULL, -1 },
    { "GET", "http:/host/v1/models/m", TD_REST_ELSEWHERE, NULL, NULL, -1 },
    { "GET", "ftp://host/v1/models/m", TD_REST_ELSEWHERE, NULL, NULL, -1 },

    { "GET", "/v1/models/m%00", TD_REST_MALFORMED, NULL, NULL, -1 },
    { "GET", "/v1/models/m%00x/versions/3/metadata", TD_REST_MALFORMED, NULL, NULL, -1 },
    { "POST", "/v1/models/%00:predict", TD_REST_MALFORMED, NULL, NULL, -1 },
    { "POST", "/v1/models/m/labels/l%00:predict", TD_REST_MALFORMED, NULL, NULL, -1 },
};

static void assert_text(td_string got, const char *want)
{
    assert_int_equal(got.size, strlen(want));
    if (got.size) assert_memory_equal(got.data, want, got.size);
}

static void test_urls(void **state)
{
    td_arena *const arena = td_arena_make();

    (void)state;
    for (size_t i = 0; i < TD_COUNT(urls); i++) {
        const url *const u = &urls[i];
        td_rest_route route;

        print_message("%s %s\n", u->method, u->path);
        td_rest_route_find(u->method, u->path, arena, &route);
        assert_int_equal(route.verb, u->verb);
        if (u->verb > TD_REST_METADATA) continue; /* the rest is of no use then */
        assert_text(route.model.name, u->name);
        assert_text(route.model.label, u->label ? u->label : "");
        assert_int_equal(route.model.has_version, u->version >= 0);
        if (u->version >= 0) assert_int_equal(route.model.version, u->version);
    }
    td_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_urls) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
