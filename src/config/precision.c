/* SPDX-License-Identifier: Apache-2.0 */
/* precision.c -- see precision.h. */
#include "config/precision.h"

#include <string.h>

#include "base/macros.h"
#include "base/strbuf.h"

static const char *const names[] = {
    [TD_PRECISION_OF_FLAG] = "",      [TD_PRECISION_FLOAT32] = "fp32",
    [TD_PRECISION_BFLOAT16] = "bf16", [TD_PRECISION_FLOAT16] = "fp16",
    [TD_PRECISION_INT8] = "int8",     [TD_PRECISION_INT8_STATIC] = "int8_static",
    [TD_PRECISION_INT4] = "int4",
};

td_status td_precision_parse(const char *what, const char *name, td_precision *out)
{
    td_strbuf all = { 0 };

    for (size_t i = 0; i < TD_COUNT(names); i++) {
        if (strcmp(name ? name : "", names[i]) != 0) continue;
        *out = (td_precision)i;
        return NULL;
    }
    for (size_t i = TD_PRECISION_FLOAT32; i < TD_COUNT(names); i++)
        td_strbuf_printf(&all, "%s%s",
                         i == TD_PRECISION_FLOAT32 ? ""
                         : i + 1 < TD_COUNT(names) ? ", "
                                                   : " and ",
                         names[i]);
    const td_status error =
        TD_ERR(INVALID_ARGUMENT, "%s is \"%s\"; there are %s", what, name, td_strbuf_text(&all));
    td_strbuf_fini(&all);
    return error;
}

const char *td_precision_name(td_precision p)
{
    return names[p == TD_PRECISION_OF_FLAG ? TD_PRECISION_FLOAT32 : p];
}
