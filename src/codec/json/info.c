/* SPDX-License-Identifier: Apache-2.0 */
/* info.c -- errors and status. */
#include "codec/json/info.h"

#include <inttypes.h>

void td_json_put_error(td_json_out *o, const char *text)
{
    TD_JSON_PUT(o, "{\n    \"error\": ");
    td_json_put_c_string(o, text);
    TD_JSON_PUT(o, "\n}");
}

void td_json_put_status(td_json_out *o, const td_version_status *versions, size_t n)
{
    TD_JSON_PUT(o, "{\n \"model_version_status\": [");
    for (size_t i = 0; i < n; i++) {
        const td_version_status *const v = &versions[i];

        td_json_put_format(o, "%s\n  {\n   \"version\": \"%" PRId64 "\",\n   \"state\": \"%s\",\n",
                           i ? "," : "", v->version, td_state_name(v->state));
        td_json_put_format(o, "   \"status\": {\n    \"error_code\": \"%s\",\n    \"error_message\": ",
                           td_code_name(v->code));
        td_json_put_c_string(o, v->text ? v->text : "");
        TD_JSON_PUT(o, "\n   }\n  }");
    }
    if (n) TD_JSON_PUT(o, "\n ");
    TD_JSON_PUT(o, "]\n}\n");
}
