/* SPDX-License-Identifier: Apache-2.0 */
/* body.c -- see body.h. */
#include "base/body.h"

#include <stdlib.h>
#include <string.h>

/* The text up to the next comma is "family:body". */
static bool is_of(const char *item, size_t size, const char *family)
{
    const size_t n = strlen(family);

    return size > n && !memcmp(item, family, n) && item[n] == ':';
}

static bool is_named(const char *item, size_t size, const char *family, const char *body)
{
    const size_t n = strlen(family) + 1;

    return size == n + strlen(body) && !memcmp(item + n, body, size - n);
}

bool td_body_is_shunned(const char *family, const char *body)
{
    const char *item = getenv("TENSORD_BODY");
    bool is_asked = false;

    for (; item && *item;) {
        const size_t size = strcspn(item, ",");

        if (is_of(item, size, family)) {
            if (is_named(item, size, family, body)) return false;
            is_asked = true;
        }
        item += size;
        item += *item == ',';
    }
    return is_asked;
}
