/* SPDX-License-Identifier: Apache-2.0 */
/* weigh.c -- see weigh.h. */
#include "net/rest/weigh.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const char *skip_blanks(const char *p)
{
    return p + strspn(p, " \t");
}

/* "0.123", "1.0"; what is no such number is 1. */
static int read_weight(const char *p)
{
    int weight = *p == '0' ? 0 : TD_WEIGHT_MOST;

    if (*p != '0' || p[1] != '.') return weight;
    p += 2;
    for (int place = 100; place && *p >= '0' && *p <= '9'; place /= 10, p++)
        weight += (*p - '0') * place;
    return weight;
}

/* p is behind an element's name. */
static int weight_of(const char *p)
{
    for (p += strcspn(p, ";,"); *p == ';'; p += strcspn(p, ";,")) {
        p = skip_blanks(p + 1);
        if ((*p == 'q' || *p == 'Q') && p[1] == '=') return read_weight(p + 2);
    }
    return TD_WEIGHT_MOST;
}

int td_rest_weigh(const char *list, const char *name)
{
    const size_t size = strlen(name);

    for (const char *p = list;; p++) {
        p = skip_blanks(p);
        const size_t n = strcspn(p, " \t;,");

        if (n == size && !strncasecmp(p, name, n)) return weight_of(p + n);
        p += strcspn(p, ",");
        if (!*p) return TD_WEIGHT_NONE;
    }
}
