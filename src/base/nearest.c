/* SPDX-License-Identifier: Apache-2.0 */
/* nearest.c -- edit distance (insertions, deletions, changes, swaps of neighbours), and lists ordered by it. */
#include "base/nearest.h"

#include <stdlib.h>

enum { LOOKED_AT = 64, LISTED = 8, LISTED_BYTES = 400 };

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

size_t td_edit_distance(td_string a, td_string b)
{
    const size_t n = TD_MIN(a.size, (size_t)LOOKED_AT), m = TD_MIN(b.size, (size_t)LOOKED_AT);
    size_t rows[3][LOOKED_AT + 1]; /* row i % 3: the distances of a's first i bytes from b's first 0 .. m */

    for (size_t k = 0; k <= m; k++)
        rows[0][k] = k;
    for (size_t i = 1; i <= n; i++) {
        size_t *const now = rows[i % 3];
        const size_t *const last = rows[(i - 1) % 3], *const before = rows[(i + 1) % 3];

        now[0] = i;
        for (size_t k = 1; k <= m; k++) {
            const int x = lower(a.data[i - 1]), y = lower(b.data[k - 1]);

            now[k] = TD_MIN(TD_MIN(last[k], now[k - 1]) + 1, last[k - 1] + (x != y));
            if (i > 1 && k > 1 && x == lower(b.data[k - 2]) && y == lower(a.data[i - 2]))
                now[k] = TD_MIN(now[k], before[k - 2] + 1);
        }
    }
    return rows[n % 3][m];
}

static td_string text_of(const char *s)
{
    return (td_string){ s, strlen(s) };
}

static bool begins_or_ends(td_string whole, td_string part)
{
    enum { SHORTEST = 3 };

    if (part.size < SHORTEST || part.size > whole.size) return false;
    return !memcmp(whole.data, part.data, part.size) ||
           !memcmp(whole.data + whole.size - part.size, part.data, part.size);
}

/* Whoever writes "base_path" for "model_base_path" is as near as with one wrong letter. */
static size_t unlikeness(td_string wanted, td_string name)
{
    const size_t distance = td_edit_distance(wanted, name);

    return begins_or_ends(name, wanted) ? TD_MIN(distance, (size_t)1) : distance;
}

static bool is_near(td_string wanted, td_string name, size_t unlike)
{
    const size_t size = TD_MAX(wanted.size, name.size);

    if (unlike >= size) return false; /* nothing in common */
    return unlike <= TD_MAX(size / 4, (size_t)1) || (unlike == 2 && size >= 4) ||
           begins_or_ends(wanted, name);
}

const char *td_nearest(td_string wanted, const char *const *names, size_t n)
{
    const char *best = NULL;
    size_t least = SIZE_MAX;

    for (size_t i = 0; i < n; i++) {
        const size_t unlike = unlikeness(wanted, text_of(names[i]));

        if (unlike >= least || !is_near(wanted, text_of(names[i]), unlike)) continue;
        least = unlike;
        best = names[i];
    }
    return best;
}

typedef struct candidate {
    const char *name;
    size_t unlike;
} candidate;

/* Puts c where it belongs among the n nearest so far; returns how many there are now. */
static size_t insert(candidate *best, size_t n, candidate c)
{
    size_t at = n;

    while (at > 0 && best[at - 1].unlike > c.unlike)
        at--;
    if (at == LISTED) return n;
    memmove(best + at + 1, best + at, (TD_MIN(n, (size_t)LISTED - 1) - at) * sizeof *best);
    best[at] = c;
    return TD_MIN(n + 1, (size_t)LISTED);
}

void td_nearest_list(td_string wanted, const char *const *names, size_t n, td_strbuf *out)
{
    candidate best[LISTED];
    const size_t start = out->size;
    size_t n_best = 0, listed = 0;

    for (size_t i = 0; i < n; i++)
        n_best = insert(best, n_best, (candidate){ names[i], unlikeness(wanted, text_of(names[i])) });
    for (; listed < n_best; listed++) {
        if (listed && out->size - start + strlen(best[listed].name) > LISTED_BYTES) break;
        td_strbuf_printf(out, "%s%.*s", listed ? ", " : "", LISTED_BYTES, best[listed].name);
    }
    if (!n) td_strbuf_puts(out, "none");
    if (listed < n) td_strbuf_printf(out, " and %zu more", n - listed);
}
