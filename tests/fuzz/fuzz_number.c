/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_number.c -- any bytes as a JSON number: taken or not as the grammar says, and as near as strtod(). */
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "driver.h"
#include "tensor/parse_number.h"

static bool same_bits(const void *a, const void *b, size_t size)
{
    return memcmp(a, b, size) == 0;
}

void fuzz_one(const uint8_t *data, size_t size)
{
    char *const text = malloc(size + 1); /* the last byte is for strtod() only */
    const char *const end = text + size;
    bool is_integer = false;
    double d;
    float f;
    int64_t i;
    uint64_t u;

    if (size) memcpy(text, data, size);
    text[size] = 0;
    const char *const behind = td_scan_number(text, end, &is_integer);
    const char *const behind_f64 = td_parse_f64(text, end, &d), *const behind_f32 =
                                                                    td_parse_f32(text, end, &f);
    TD_ASSERT(behind_f64 == behind && behind_f32 == behind);
    const char *const behind_i64 = td_parse_i64(text, end, &i), *const behind_u64 =
                                                                    td_parse_u64(text, end, &u);
    if (behind) {
        text[behind - text] = 0; /* strtod() takes more than JSON does: "0x1" */
        const double want = strtod(text, NULL);
        const float want_f = strtof(text, NULL);

        TD_ASSERT(same_bits(&d, &want, sizeof d) && same_bits(&f, &want_f, sizeof f));
        TD_ASSERT(!behind_i64 || (is_integer && behind_i64 == behind && i == strtoll(text, NULL, 10)));
        TD_ASSERT(!behind_u64 || (is_integer && behind_u64 == behind && u == strtoull(text, NULL, 10)));
    } else {
        TD_ASSERT(!behind_i64 && !behind_u64);
    }
    free(text);
}
