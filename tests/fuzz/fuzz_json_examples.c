/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_json_examples.c -- any bytes as the body of a REST :classify:
 * what is taken is made of sound Examples. */
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "codec/json/examples.h"
#include "codec/json/scan.h"
#include "driver.h"
#include "formats/example.h"

void fuzz_one(const uint8_t *data, size_t size)
{
    static const td_string names[] = { { "x", 1 }, { "y", 1 } };
    char *const text = calloc(1, size + TD_JSON_PAD);
    td_arena *const arena = td_arena_make();
    td_feature features[TD_COUNT(names)];
    td_json_examples e;

    if (size) memcpy(text, data, size);
    if (fuzz_end(td_json_examples_parse(text, size, "classify", arena, &e)))
        for (size_t i = 0; i < e.n; i++) {
            TD_ASSERT(td_example_find(e.items[i], names, TD_COUNT(names), features));
            TD_ASSERT(td_feature_count(&features[0]) >= 0 && td_feature_count(&features[1]) >= 0);
        }
    td_arena_free(arena);
    free(text);
}
