/* SPDX-License-Identifier: Apache-2.0 */
/* test_condense.c -- which bytes of heads pass, in one piece and in any other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "net/rest/condense.h"

enum { MOST = 80 << 10 };

/* What passed of the pieces so far. */
typedef struct flow {
    td_condenser c;
    char out[MOST];
    size_t size;
} flow;

static void feed(flow *f, const char *bytes, size_t n)
{
    const size_t room = td_condense_room(&f->c);
    char *const buf = malloc(room + n + !n); /* exact, for ASan */

    memcpy(buf + room, bytes, n);
    const size_t out = td_condense(&f->c, buf, n);

    assert_true(out <= room + n && f->size + out <= MOST);
    memcpy(f->out + f->size, buf, out);
    f->size += out;
    free(buf);
}

static flow *begin(void)
{
    static flow f;

    f.c = (td_condenser){ 0 };
    f.size = 0;
    return &f;
}

static void expect(const flow *f, const char *out, size_t size, td_head_verdict verdict)
{
    assert_int_equal(f->size, size);
    assert_memory_equal(f->out, out, size);
    assert_int_equal(f->c.verdict, verdict);
}

#define GET "GET / HTTP/1.1\r\n"

static const struct {
    const char *in, *out;
    td_head_verdict verdict;
} heads[] = {
    { GET "\r\n", GET "\r\n", TD_HEAD_FINE },
    { GET "Host: x\r\nUser-Agent: y\r\nCookie: z\r\n\r\n", GET "\r\n", TD_HEAD_FINE },
    { "POST / HTTP/1.1\r\nA: 1\r\nContent-Length: 5\r\nB: 2\r\nConnection: close\r\nExpect: "
      "100-continue\r\n\r\nB: 2\r\n",
      "POST / HTTP/1.1\r\nContent-Length: 5\r\nConnection: close\r\nExpect: 100-continue\r\n\r\nB: 2\r\n",
      TD_HEAD_FINE },
    { GET "tRANSFER-eNCODING:chunked\r\ncontent-encoding:\tgzip\r\nORIGIN: http://x\r\n\r\n",
      GET "tRANSFER-eNCODING:chunked\r\ncontent-encoding:\tgzip\r\nORIGIN: http://x\r\n\r\n", TD_HEAD_FINE },
    { GET "Content-Length: 1\r\nX: 1\r\nContent-Length: 2\r\n\r\n",
      GET "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", TD_HEAD_FINE },
    /* nearly ours */
    { GET "Conten: 1\r\nContent-Lengths: 1\r\nContent-Length-: 1\r\nConnectio:\r\nE:\r\nTransfer-Encodings: "
          "x\r\n\r\n",
      GET "\r\n", TD_HEAD_FINE },
    /* line ends */
    { "GET / HTTP/1.1\nX: 1\nExpect: x\n\nbody\n\n", "GET / HTTP/1.1\nExpect: x\n\nbody\n\n", TD_HEAD_FINE },
    { "\r\n\n\r\n" GET "X: 1\r\n\r\n", "\r\n\n\r\n" GET "\r\n", TD_HEAD_FINE },
    { GET "X: 1\rContent-Length: 5\r\n\r\n", GET "\r\n", TD_HEAD_FINE },
    { GET "Expect: 1\rX: 5\r\n\r\n", GET "Expect: 1\rX: 5\r\n\r\n", TD_HEAD_FINE },
    { GET "X: 1\r\r\n\r\n", GET "\r\n", TD_HEAD_FINE },
    /* folded lines */
    { GET "X: 1\r\n Content-Length: 5\r\n\tExpect: x\r\nOrigin: a\r\n b\r\n\t\r\nX: 1\r\n \r\n\r\n",
      GET "Origin: a\r\n b\r\n\t\r\n\r\n", TD_HEAD_FINE },
    { GET " Content-Length: 5\r\nX: 1\r\n\r\n", GET " Content-Length: 5\r\n\r\n",
      TD_HEAD_FINE }, /* for head.c */
    /* malformed */
    { GET "Content-Length : 5\r\n\r\n", GET "\r\n", TD_HEAD_ODD },
    { GET "Content-Length\t: 5\r\nX: 1\r\n\r\n", GET "\r\n", TD_HEAD_ODD },
    { GET "A name that is too long to be kept: 5\r\n\r\n", GET "\r\n", TD_HEAD_ODD },
    { GET "A-name-that-is-too-long-to-be-kept : 5\r\n\r\n", GET "\r\n", TD_HEAD_ODD },
    { GET ": 5\r\n\r\n", GET "\r\n", TD_HEAD_ODD },
    { GET "X\x7f: 5\r\n\r\n", GET "\r\n", TD_HEAD_ODD },
    { GET "Expect\r\nX: 1\r\n\r\n", GET "\r\n", TD_HEAD_ODD },
    { GET "no colon\n\n", GET "\n", TD_HEAD_ODD },
    { GET "\rX: 1\r\n\r\n", GET "\r\n", TD_HEAD_ODD },
    { GET "\r\r\n\r\n", GET "\r\n", TD_HEAD_ODD },
};

/* In two pieces cut at each place, in three at each second pair of places, and byte by byte. */
static void test_heads_in_all_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < TD_COUNT(heads); i++) {
        const char *const in = heads[i].in;
        const size_t n = strlen(in), size = strlen(heads[i].out);

        for (size_t a = 0; a <= n; a++)
            for (size_t b = a; b <= n; b += 2) {
                flow *const f = begin();

                feed(f, in, a);
                feed(f, in + a, b - a);
                feed(f, in + b, n - b);
                expect(f, heads[i].out, size, heads[i].verdict);
            }
        flow *const f = begin();

        for (size_t at = 0; at < n; at++)
            feed(f, in + at, 1);
        expect(f, heads[i].out, size, heads[i].verdict);
    }
}

static void test_a_nul_ends_nothing(void **state)
{
    static const char in[] = GET "\0X: 1\r\nY\0: 1\r\nZ: \0\r\nContent-Length: 5\r\n\r\n";
    static const char out[] = GET "Content-Length: 5\r\n\r\n";
    flow *const f = begin();

    (void)state;
    feed(f, in, sizeof in - 1);
    expect(f, out, sizeof out - 1, TD_HEAD_ODD);
}

/* ---------------------------------------------------------------- limits */

/* A head of that many bytes and fields, all but the last of which are named `name`; then four bytes of a body. */
static size_t make_head(char *out, const char *name, size_t size, size_t fields)
{
    char *p = out;

    p += sprintf(p, GET);
    for (size_t left = fields; left > 0; left--) {
        const size_t n = (size - 2 - (size_t)(p - out)) / left;

        memset(p, 'v', n);
        memcpy(p, name, strlen(name));
        p[strlen(name)] = ':';
        memcpy(p + n - 2, "\r\n", 2);
        p += n;
    }
    p += sprintf(p, "\r\nbody");
    assert_int_equal(p - out, size + 4);
    return size + 4;
}

static void feed_by(flow *f, const char *in, size_t n, size_t piece)
{
    for (size_t at = 0; at < n; at += piece)
        feed(f, in + at, TD_MIN(piece, n - at));
}

static const size_t pieces[] = { 1, 7, 1000, 1 << 16, MOST };

static void test_limits(void **state)
{
    static const struct {
        size_t size, fields;
        td_head_verdict verdict;
    } all[] = {
        { TD_HEAD_BYTES, TD_HEAD_FIELDS, TD_HEAD_FINE },
        { TD_HEAD_BYTES, 1, TD_HEAD_FINE },
        { TD_HEAD_BYTES + 1, TD_HEAD_FIELDS, TD_HEAD_LARGE },
        { TD_HEAD_BYTES + 1, 1, TD_HEAD_LARGE },
        { TD_HEAD_BYTES + 2, 1, TD_HEAD_LARGE },
        { TD_HEAD_BYTES + 3, 1, TD_HEAD_LARGE },
        { TD_HEAD_BYTES, TD_HEAD_FIELDS + 1, TD_HEAD_LARGE },
        { TD_HEAD_BYTES + 5000, 2000, TD_HEAD_LARGE },
        { 8 << 10, TD_HEAD_FIELDS + 1, TD_HEAD_LARGE },
        { 8 << 10, TD_HEAD_FIELDS, TD_HEAD_FINE },
    };
    static char in[MOST];

    (void)state;
    for (size_t i = 0; i < TD_COUNT(all); i++)
        for (size_t k = 0; k < TD_COUNT(pieces); k++) {
            const size_t n = make_head(in, "X", all[i].size, all[i].fields);
            const char *const want = all[i].verdict == TD_HEAD_FINE ? GET "\r\nbody" : GET "\n";
            flow *const f = begin();

            feed_by(f, in, n, pieces[k]);
            expect(f, want, strlen(want), all[i].verdict);
            assert_int_equal(td_condense_is_over(&f->c), all[i].verdict == TD_HEAD_LARGE);
        }
}

/* The line that is not complete ends, too. */
static void test_limits_of_what_passes(void **state)
{
    static const struct {
        size_t size, fields;
        td_head_verdict verdict;
    } all[] = { { 8000, 1, TD_HEAD_FINE },  { 9000, 1, TD_HEAD_LARGE },  { 60000, 1, TD_HEAD_LARGE },
                { 5000, 50, TD_HEAD_FINE }, { 7000, 50, TD_HEAD_LARGE }, { 7000, 200, TD_HEAD_LARGE } };
    static char in[MOST];

    (void)state;
    for (size_t i = 0; i < TD_COUNT(all); i++)
        for (size_t k = 0; k < TD_COUNT(pieces); k++) {
            const size_t n = make_head(in, "Origin", all[i].size, all[i].fields);
            const bool is_fine = all[i].verdict == TD_HEAD_FINE;
            flow *const f = begin();

            feed_by(f, in, n, pieces[k]);
            assert_int_equal(f->c.verdict, all[i].verdict);
            const size_t head = is_fine ? all[i].size - 2 : f->size - 2;

            assert_true(head <= strlen(GET) + (8 << 10));
            assert_memory_equal(f->out, in, head);
            assert_memory_equal(f->out + head, is_fine ? "\r\nbody" : "\n\n", is_fine ? 6 : 2);
        }
}

/* ---------------------------------------------------------------- one request after the other */

static void step(flow *f, td_head_part part, const char *in, const char *out)
{
    f->size = 0;
    td_condense_from(&f->c, part);
    feed(f, in, strlen(in));
    assert_int_equal(f->size, strlen(out));
    assert_memory_equal(f->out, out, f->size);
}

static const char post[] = "POST / HTTP/1.1\r\nX: 1\r\nContent-Length: 8\r\n\r\n",
                  post_out[] = "POST / HTTP/1.1\r\nContent-Length: 8\r\n\r\n";

static void test_bodies_are_left_alone(void **state)
{
    flow *const f = begin();

    (void)state;
    step(f, TD_AT_LINE, post, post_out);
    step(f, TD_AT_BODY, "\r\nX: ", "\r\nX: ");
    step(f, TD_AT_BODY, "1\r\n", "1\r\n");
}

static void test_a_head_behind_a_body(void **state)
{
    flow *const f = begin();

    (void)state;
    for (int i = 0; i < 3; i++) {
        step(f, TD_AT_LINE, post, post_out);
        step(f, TD_AT_BODY, "X: 1", "X: 1");
        step(f, TD_AT_BODY, "X: 2", "X: 2");
        td_condense_end(&f->c, 100, 8);
    }
    step(f, TD_AT_LINE, GET "X : 1\r\n\r\n", GET "\r\n");
    assert_int_equal(f->c.verdict, TD_HEAD_ODD);
    step(f, TD_AT_LINE, GET "X: 1\r\n\r\n", GET "\r\n");
    assert_int_equal(f->c.verdict, TD_HEAD_FINE);
}

static void test_a_head_behind_chunks(void **state)
{
    static const char head[] = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
                      chunks[] = "1\r\nx\r\n0\r\n\r\n";
    flow *const f = begin();

    (void)state;
    step(f, TD_AT_LINE, head, head);
    step(f, TD_AT_BODY, chunks, chunks);
    td_condense_end(&f->c, 100, 0);
    step(f, TD_AT_LINE, GET "X: 1\r\n\r\n", GET "\r\n");
}

/* Who sends requests behind requests: what comes with them passes; heads go on being condensed where they are read
 * on. In each case libmicrohttpd has what stands before the bar when it reads on. */
static void test_pipelines(void **state)
{
    static const struct {
        const char *raw;
        td_head_part part;
        const char *in, *out;
    } all[] = {
        { GET "X: 1\r\n\r\n" GET, TD_AT_FIELDS, "X: 1\r\nExpect: x\r\n\r\n", "Expect: x\r\n\r\n" },
        { GET "X: 1", TD_AT_FIELDS, "2\r\nX: 1\r\n\r\n", "2\r\n\r\n" },
        { GET "X: 1\r", TD_AT_FIELDS, "\nX: 1\r\n\r\n", "\n\r\n" },
        { GET "Content-Le", TD_AT_FIELDS, "ngth: 5\r\nX: 1\r\n\r\nX: 1\r\n", "ngth: 5\r\n\r\nX: 1\r\n" },
        { GET "X: 1\r\n", TD_AT_FIELDS, " X: 1\r\nX: 1\r\n y\r\n\r\n", " X: 1\r\n\r\n" },
        { GET "X: 1\r\n\r", TD_AT_FIELDS, "\nX: 1", "\nX: 1" },
        { GET "X: 1\r\n\r", TD_AT_FIELDS, "X: 1\r\n\r\n", "\r\n" },
        { GET "X: 1\r\n\r\n", TD_AT_LINE, GET "X: 1\r\n\r\n", GET "\r\n" },
        { "GET /", TD_AT_LINE, " HTTP/1.1\r\nX: 1\r\n\r\n", " HTTP/1.1\r\nX: 1\r\n\r\n" },
        { "GET / HTTP/1.1\r", TD_AT_LINE, "\nX: 1\r\n\r\n", "\nX: 1\r\n\r\n" },
    };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(all); i++) {
        flow *const f = begin();

        step(f, TD_AT_LINE, GET "X: 1\r\n\r\n", GET "\r\n");
        step(f, TD_AT_BODY, all[i].raw, all[i].raw);
        step(f, all[i].part, all[i].in, all[i].out);
    }
}

/* A line of which nothing is known yet passes, too; then its fields are looked at. */
static void test_half_a_line_behind_a_body(void **state)
{
    flow *const f = begin();

    (void)state;
    step(f, TD_AT_LINE, post, post_out);
    step(f, TD_AT_BODY, "X: 1X: 2GE", "X: 1X: 2GE");
    td_condense_end(&f->c, 100, 8);
    step(f, TD_AT_LINE, "T / HTTP/1.1\r\nX: 1\r\nY: 1", "T / HTTP/1.1\r\nX: 1\r\nY: 1");
    step(f, TD_AT_FIELDS, "2\r\nX: 1\r\n\r\n", "2\r\n\r\n");
    step(f, TD_AT_LINE, GET "X: 1\r\n\r\n", GET "\r\n");
}

/* Whole requests behind a request. */
static void test_a_head_behind_a_pipeline(void **state)
{
    static const char more[] = "POST / HTTP/1.1\r\nX: 1\r\nContent-Length: 8\r\n\r\nX: 1X: 2";
    flow *const f = begin();

    (void)state;
    step(f, TD_AT_LINE, post, post_out);
    step(f, TD_AT_BODY, "X: 1X: 2", "X: 1X: 2");
    step(f, TD_AT_BODY, more, more);
    step(f, TD_AT_BODY, more, more);
    td_condense_end(&f->c, 100, 8);
    td_condense_end(&f->c, sizeof more - 9, 8);
    td_condense_end(&f->c, sizeof more - 9, 8);
    step(f, TD_AT_LINE, GET "X: 1\r\n\r\n", GET "\r\n");
}

/* ---------------------------------------------------------------- little room */

static void test_a_field_that_passes_for_want_of_room(void **state)
{
    char buf[TD_HEAD_NAME];
    flow *const f = begin();

    (void)state;
    step(f, TD_AT_LINE, GET "Content-", GET);
    assert_int_equal(td_condense_room(&f->c), 8);
    td_condense_fill(&f->c, buf, 3);
    assert_memory_equal(buf, "Con", 3);
    assert_int_equal(td_condense_room(&f->c), 5);
    td_condense_fill(&f->c, buf, 1);
    assert_memory_equal(buf, "t", 1);
    step(f, TD_AT_FIELDS, "Test: x\r\n", "ent-Test: x\r\n");
    step(f, TD_AT_FIELDS, " y\r\nContent-Test: x\r\n\r\n", " y\r\n\r\n");
}

static void test_an_end_for_want_of_room(void **state)
{
    char buf[TD_HEAD_NAME];
    flow *const f = begin();

    (void)state;
    step(f, TD_AT_LINE, GET "X: 1\r\n\r", GET);
    td_condense_fill(&f->c, buf, 1);
    assert_memory_equal(buf, "\r", 1);
    step(f, TD_AT_FIELDS, "\nX: 1\r\n", "\nX: 1\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads_in_all_pieces),
        cmocka_unit_test(test_a_nul_ends_nothing),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_limits_of_what_passes),
        cmocka_unit_test(test_bodies_are_left_alone),
        cmocka_unit_test(test_a_head_behind_a_body),
        cmocka_unit_test(test_a_head_behind_chunks),
        cmocka_unit_test(test_pipelines),
        cmocka_unit_test(test_half_a_line_behind_a_body),
        cmocka_unit_test(test_a_head_behind_a_pipeline),
        cmocka_unit_test(test_a_field_that_passes_for_want_of_room),
        cmocka_unit_test(test_an_end_for_want_of_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
