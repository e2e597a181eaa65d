/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_rest_head.c -- any bytes as what a client sends: the same bytes pass, whatever pieces they come in; they
 * are those that a plain reading of the whole head lets pass; and a body is left as it is.
 *
 * The first byte chooses the pieces; the second whether the others are repeated, so that limits are reached. */
#include <string.h>
#include <strings.h>

#include "base/macros.h"
#include "driver.h"
#include "net/rest/condense.h"

enum { MOST = 80 << 10, REPEATED = 250, LONG = 5000 };

static char in[MOST + 1], out[MOST + 64], whole[MOST + 64];

/* ---- in pieces ---- */

static uint32_t roll(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 16;
}

/* Behind the bytes stands what must stay; malloc() of each piece would be exact, but slow. */
static size_t feed(td_condenser *c, const char *bytes, size_t n, char *to)
{
    static const char guard[] = "\nOrigin: 1\n\n";
    static char buf[MOST + TD_HEAD_NAME + sizeof guard];
    const size_t room = td_condense_room(c);

    memcpy(buf + room, bytes, n);
    memcpy(buf + room + n, guard, sizeof guard);
    const size_t size = td_condense(c, buf, n);

    TD_ASSERT(size <= room + n && !memcmp(buf + room + n, guard, sizeof guard));
    memcpy(to, buf, size);
    return size;
}

/* Of at most `most` bytes each. with_fill: sometimes a field passes for want of room. */
static size_t feed_all(td_condenser *c, size_t n, size_t most, uint32_t seed, bool with_fill, char *to)
{
    size_t size = 0;

    *c = (td_condenser){ 0 };
    for (size_t at = 0; at < n;) {
        const size_t wish = 1 + roll(&seed) % most, piece = TD_MIN(wish, n - at);
        const size_t room = td_condense_room(c);

        if (with_fill && room && roll(&seed) % 4 == 0) {
            const size_t some = 1 + roll(&seed) % room;

            td_condense_fill(c, to + size, some);
            size += some;
        }
        size += feed(c, in + at, piece, to + size);
        at += piece;
        TD_ASSERT(size <= at);
    }
    return size;
}

/* ---- in one reading ---- */

typedef struct model {
    size_t size, body; /* what passes; where in `in` the body begins, 0: no end of the head yet */
    td_head_verdict verdict;
} model;

static size_t line_at(size_t at, size_t n)
{
    const char *const lf = memchr(in + at, '\n', n - at);

    return lf ? (size_t)(lf - in) + 1 - at : 0;
}

static bool is_empty(size_t at, size_t size)
{
    return size == 1 || (size == 2 && in[at] == '\r');
}

static bool passes(size_t at, size_t name)
{
    static const char all[] = " accept accept-encoding connection content-encoding content-length "
                              "content-type expect origin traceparent "
                              "transfer-encoding x-request-id x-tensord-tensor x-tensord-trace ";
    char word[64] = " ";

    if (name > 30) return false;
    for (size_t i = 0; i < name; i++)
        word[1 + i] = (char)(in[at + i] >= 'A' && in[at + i] <= 'Z' ? in[at + i] + 32 : in[at + i]);
    word[1 + name] = ' ';
    return strstr(all, word);
}

static size_t name_at(size_t at, size_t size)
{
    size_t n = 0;

    while (n < size && (unsigned char)in[at + n] > ' ' && in[at + n] != 127 && in[at + n] != ':')
        n++;
    return n && in[at + n] == ':' ? n : 0;
}

static void put(model *m, char *to, const char *bytes, size_t n)
{
    memcpy(to + m->size, bytes, n);
    m->size += n;
}

/* Complete lines only: of one that is not, nothing is put. */
static model read_whole(size_t n, char *to)
{
    model m = { 0 };
    bool is_begun = false, is_kept = true;
    size_t size;

    for (size_t at = 0; (size = line_at(at, n)) > 0; at += size) {
        if (!is_begun) {
            is_begun = strspn(in + at, "\r\n") < size;
            put(&m, to, in + at, size);
            continue;
        }
        if (is_empty(at, size)) {
            put(&m, to, in + at, size);
            m.body = at + size;
            put(&m, to, in + m.body, n - m.body);
            break;
        }
        if (in[at] != ' ' && in[at] != '\t') {
            const size_t name = name_at(at, size);

            is_kept = name && passes(at, name);
            if (!name) m.verdict = TD_HEAD_ODD;
        }
        if (is_kept) put(&m, to, in + at, size);
    }
    return m;
}

/* ---- both ---- */

static size_t read_input(const uint8_t *data, size_t size)
{
    size_t n = 0;

    do {
        memcpy(in + n, data + 2, size - 2);
        n += size - 2;
    } while (data[1] > REPEATED && n + size - 2 <= MOST);
    in[n] = 0; /* no CR or LF of an earlier input */
    return n;
}

void fuzz_one(const uint8_t *data, size_t size)
{
    static const size_t pieces[] = { 1, 3, 40, 999, 5000 };
    td_condenser c, d;

    if (size < 3 || size - 2 > MOST) return;
    const size_t n = read_input(data, size), passed = feed_all(&c, n, MOST + 1, 0, false, whole);

    for (size_t i = n > LONG ? 3 : 0; i < TD_COUNT(pieces); i++) {
        const size_t again = feed_all(&d, n, pieces[i], data[0], false, out);

        TD_ASSERT(again == passed && !memcmp(out, whole, passed) && c.verdict == d.verdict);
    }

    const model m = read_whole(n, out);

    if (c.verdict == TD_HEAD_LARGE) return;
    TD_ASSERT(m.body ? m.size == passed && c.verdict == m.verdict : m.size <= passed);
    TD_ASSERT(!memcmp(out, whole, m.size));

    const size_t filled = feed_all(&d, n, n > LONG ? 999 : 10, data[0], true, out);

    TD_ASSERT(d.verdict == TD_HEAD_LARGE || !m.body ||
              (filled >= n - m.body && !memcmp(out + filled - (n - m.body), in + m.body, n - m.body)));
}
