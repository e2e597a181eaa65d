/* SPDX-License-Identifier: Apache-2.0 */
/* test_media.c -- lists of preferences, and the form of bodies and replies that they choose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "net/rest/media.h"
#include "net/rest/weigh.h"

static void test_weights(void **state)
{
    static const struct {
        const char *list, *name;
        int weight;
    } cases[] = {
        { "", "gzip", -1 },
        { "gzip", "gzip", 1000 },
        { "GZip", "gzip", 1000 },
        { "x-gzip", "gzip", -1 },
        { "gzip2", "gzip", -1 },
        { "deflate, gzip", "gzip", 1000 },
        { "deflate,gzip;q=0.5", "gzip", 500 },
        { "gzip;q=0", "gzip", 0 },
        { "gzip;q=0.0", "gzip", 0 },
        { "gzip;q=0.001", "gzip", 1 },
        { "gzip;q=0.1239", "gzip", 123 },
        { "gzip;q=1.000", "gzip", 1000 },
        { "gzip ; Q=0.25 , *", "gzip", 250 },
        { "gzip;level=9;q=0.5", "gzip", 500 },
        { "gzip;q=0.5;q=0.7", "gzip", 500 },
        { "gzip;q=", "gzip", 1000 },
        { "gzip;q=x", "gzip", 1000 },
        { "gzip;q", "gzip", 1000 },
        { "gzip;", "gzip", 1000 },
        { ",,gzip", "gzip", 1000 },
        { ";q=0.5,gzip", "gzip", 1000 },
        { "gzip;q=0.2, gzip", "gzip", 200 },
        { "*;q=0.3", "*", 300 },
        { "identity;q=0.5", "*", -1 },
        { "deflate;x=\tgzip", "gzip", -1 },
    };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(cases); i++) {
        const int weight = td_rest_weigh(cases[i].list, cases[i].name);

        if (weight != cases[i].weight)
            fail_msg("\"%s\": %d, want %d", cases[i].list, weight, cases[i].weight);
    }
}

static void test_bodies(void **state)
{
    (void)state;
    assert_int_equal(td_rest_media_of(""), TD_REST_JSON);
    assert_int_equal(td_rest_media_of("application/x-www-form-urlencoded"), TD_REST_JSON);
    assert_int_equal(td_rest_media_of("application/x-protobufs"), TD_REST_JSON);
    assert_int_equal(td_rest_media_of("Application/X-Protobuf"), TD_REST_PROTOBUF);
    assert_int_equal(td_rest_media_of("application/protobuf; message=x"), TD_REST_PROTOBUF);
    assert_int_equal(td_rest_media_of("application/octet-stream;x"), TD_REST_OCTETS);
    assert_int_equal(td_rest_media_of("application/x-npy"), TD_REST_NPY);
}

static void test_replies(void **state)
{
    static const struct {
        const char *accept;
        td_rest_media wanted;
    } cases[] = {
        { "", TD_REST_JSON },
        { "*/*", TD_REST_JSON },
        { "text/html", TD_REST_JSON },
        { "application/x-npy", TD_REST_NPY },
        { "application/x-npy, */*", TD_REST_NPY },
        { "*/*, application/x-npy", TD_REST_NPY },
        { "application/x-npy;q=0.9, */*", TD_REST_JSON },
        { "application/x-npy;q=0.9, */*;q=0.5", TD_REST_NPY },
        { "application/x-npy, application/*", TD_REST_NPY },
        { "application/json, application/x-npy", TD_REST_JSON },
        { "application/json;q=0.5, application/x-protobuf", TD_REST_PROTOBUF },
        { "application/json, application/x-protobuf;q=0.5", TD_REST_JSON },
        { "application/octet-stream;q=0.5, application/x-npy;q=0.6", TD_REST_NPY },
        { "application/octet-stream;q=0", TD_REST_JSON },
        { "application/octet-stream, application/json;q=0", TD_REST_OCTETS },
    };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(cases); i++)
        if (td_rest_media_wanted(cases[i].accept) != cases[i].wanted) fail_msg("%s", cases[i].accept);
    for (int m = TD_REST_JSON; m <= TD_REST_NPY; m++)
        assert_int_equal(td_rest_media_of(td_rest_media_name((td_rest_media)m)), m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_replies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
