/* SPDX-License-Identifier: Apache-2.0 */
/* passes.c -- see passes.h. */
#include "config/passes.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"

static const char *const names[] = {
#define TD_PASS(name, meaning) #name,
#include "config/passes.inc"
#undef TD_PASS
};

const char *td_pass_name(td_pass_id id)
{
    return (size_t)id < TD_COUNT(names) ? names[id] : "unknown";
}

#define TD_PASS(name, meaning) " " #name
static const char all_names[] =
#include "config/passes.inc"
    ;
#undef TD_PASS

static bool is_text(const char *at, size_t size, const char *text)
{
    return strlen(text) == size && memcmp(at, text, size) == 0;
}

/* One item of the list: "all", "none", "-x", "+x" or "x". */
static td_status read_item(const char *at, size_t size, uint32_t *off)
{
    const size_t sign = size > 0 && (*at == '-' || *at == '+');

    if (is_text(at, size, "all") || is_text(at, size, "none")) {
        *off = *at == 'a' ? 0 : TD_PASSES_ALL;
        return NULL;
    }
    for (unsigned id = 0; id < TD_PASS_COUNT; id++) {
        if (!is_text(at + sign, size - sign, names[id])) continue;
        *off = *at == '-' ? *off | TD_PASS_BIT(id) : *off & ~TD_PASS_BIT(id);
        return NULL;
    }
    return TD_ERR(INVALID_ARGUMENT, "TENSORD_PASSES: '%.*s' is no pass; there are: all none%s", (int)size, at,
                  all_names);
}

static td_status read_list(const char *text, uint32_t *off)
{
    uint32_t bits = 0;

    for (const char *at = text; at && *at;) {
        const size_t size = strcspn(at, ",");

        TD_TRY(read_item(at, size, &bits));
        at += size + (at[size] == ',');
    }
    *off = bits;
    return NULL;
}

td_status td_passes_from_environment(uint32_t *off)
{
    return read_list(getenv("TENSORD_PASSES"), off);
}
