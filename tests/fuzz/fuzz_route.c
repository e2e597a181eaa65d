/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_route.c -- any bytes as a request's target, by each method:
 * what is found lies in the target's bytes. */
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "driver.h"
#include "net/rest/route.h"

static void check(const td_string *s, size_t size)
{
    TD_ASSERT(s->size <= size && (!s->size || (s->data && !memchr(s->data, '\0', s->size))));
}

void fuzz_one(const uint8_t *data, size_t size)
{
    static const char *const methods[] = { "GET", "POST", "HEAD", "OPTIONS", "PUT", "BREW" };
    td_arena *const arena = td_arena_make();
    char *const path = malloc(size + 1);

    if (size) memcpy(path, data, size);
    path[size] = 0;
    for (size_t i = 0; i < TD_COUNT(methods); i++) {
        td_rest_route r;

        td_rest_route_find(methods[i], path, arena, &r);
        check(&r.model.name, size);
        check(&r.model.label, size);
        TD_ASSERT(r.verb > TD_REST_METADATA || r.model.version >= 0);
        TD_ASSERT(r.verb > TD_REST_METADATA || r.model.name.size);
    }
    free(path);
    td_arena_free(arena);
}
