/* SPDX-License-Identifier: Apache-2.0 */
/* status.c -- GetModelStatus, and the health messages. */
#include "codec/pb/info.h"
#include "codec/pb/wire_buf.h"

td_status td_grpc_status_parse(const uint8_t *bytes, size_t size, td_grpc_spec *out)
{
    td_grpc_spec spec = { 0 };
    td_wire w = td_wire_of(bytes, size);
    td_wire_field f;

    while (td_wire_next(&w, &f))
        if (td_wire_is(&f, 1, TD_WIRE_BYTES)) TD_TRY(td_grpc_spec_read(&f, &spec));
    if (w.bad) return TD_ERR(INVALID_ARGUMENT, "Damaged GetModelStatusRequest");
    if (!spec.is_given) return TD_ERR(INVALID_ARGUMENT, "Missing ModelSpec");
    *out = spec;
    return NULL;
}

/* ModelVersionStatus { version = 1, state = 2, status = 3 { error_code = 1, error_message = 2 } } */
void td_grpc_status_put(const td_version_status *versions, size_t n, td_strbuf *out)
{
    for (size_t i = 0; i < n; i++) {
        const td_version_status *const v = &versions[i];
        td_strbuf one = { 0 }, status = { 0 };

        td_wire_buf_number(&status, 1, (int64_t)v->code);
        td_wire_buf_text(&status, 2, v->text);
        td_wire_buf_number(&one, 1, v->version);
        td_wire_buf_number(&one, 2, (int64_t)v->state);
        td_wire_buf_message(&one, 3, &status);
        td_wire_buf_message(out, 1, &one);
    }
}

td_status td_grpc_health_parse(const uint8_t *bytes, size_t size, td_string *service)
{
    td_wire w = td_wire_of(bytes, size);
    td_wire_field f;

    *service = (td_string){ 0 };
    while (td_wire_next(&w, &f))
        if (td_wire_is(&f, 1, TD_WIRE_BYTES)) *service = td_wire_text(&f);
    return w.bad ? TD_ERR(INVALID_ARGUMENT, "Damaged HealthCheckRequest") : NULL;
}

void td_grpc_health_put(td_health health, td_strbuf *out)
{
    td_wire_buf_number(out, 1, (int64_t)health);
}
