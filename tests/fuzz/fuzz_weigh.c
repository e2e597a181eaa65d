/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_weigh.c -- any bytes as Accept and Content-Type. */
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "driver.h"
#include "net/rest/media.h"
#include "net/rest/weigh.h"

void fuzz_one(const uint8_t *data, size_t size)
{
    char *const text = malloc(size + 1);

    TD_ASSERT(text);
    memcpy(text, data, size);
    text[size] = 0;
    const int weight = td_rest_weigh(text, "gzip");

    TD_ASSERT(weight >= TD_WEIGHT_NONE && weight <= TD_WEIGHT_MOST);
    TD_ASSERT(td_rest_media_name(td_rest_media_wanted(text)));
    TD_ASSERT(td_rest_media_name(td_rest_media_of(text)));
    free(text);
}
