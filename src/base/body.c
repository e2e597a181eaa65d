/* SPDX-License-Identifier: Apache-2.0 */
/* body.c -- see body.h. */
#include "base/body.h"

#include <stdlib.h>
#include <string.h>

/* Does the item, which a comma or the end follows, say "family:body"? */
static bool says(const char *item, size_t size, const char *family, const char *body)
{
    const size_t n = strlen(family);

    if (size <= n || memcmp(item, family, n) != 0 || item[n] != ':') return false;
    return !body || (size == n + 1 + strlen(body) && !memcmp(item + n + 1, body, size - n - 1));
}

bool td_body_is_named(const char *family, const char *body)
{
    const char *item = getenv("TENSORD_BODY");

    while (item && *item) {
        const size_t size = strcspn(item, ",");

        if (says(item, size, family, body)) return true;
        item += size;
        item += *item == ',';
    }
    return false;
}
