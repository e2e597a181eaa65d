/* SPDX-License-Identifier: Apache-2.0 */
/* reflection.c -- ServerReflectionRequest { host = 1, one of: file_by_filename = 3, file_containing_symbol = 4,
 * file_containing_extension = 5, all_extension_numbers_of_type = 6, list_services = 7 } to ServerReflectionResponse {
 * valid_host = 1, original_request = 2, one of: file_descriptor_response = 4 { file_descriptor_proto = 1 },
 * list_services_response = 6 { service = 1 { name = 1 } }, error_response = 7 { error_code = 1, error_message = 2 } }. */
#include "codec/pb/reflection.h"

#include "codec/pb/descriptors.h"
#include "codec/pb/wire_buf.h"

enum { HOST = 1, BY_NAME = 3, BY_SYMBOL = 4, BY_EXTENSION = 5, EXTENSIONS = 6, LIST = 7 };
enum { ORIGINAL = 2, FILES = 4, SERVICES = 6, ERROR = 7 };

td_status td_grpc_question_parse(const uint8_t *bytes, size_t size, td_grpc_question *out)
{
    td_grpc_question q = { .whole = { (const char *)bytes, size } };
    td_wire w = td_wire_of(bytes, size);
    td_wire_field f;

    while (td_wire_next(&w, &f)) {
        if (f.type != TD_WIRE_BYTES) continue;
        if (f.number == HOST) q.host = td_wire_text(&f);
        if (f.number < BY_NAME || f.number > LIST) continue;
        q.asks = f.number; /* of a oneof the last one counts */
        q.name = td_wire_text(&f);
    }
    if (w.bad) return TD_ERR(INVALID_ARGUMENT, "Damaged ServerReflectionRequest");
    *out = q;
    return NULL;
}

static void put_error(td_code code, const char *text, td_strbuf *out)
{
    td_strbuf error = { 0 };

    td_wire_buf_number(&error, 1, (int64_t)code);
    td_wire_buf_text(&error, 2, text);
    td_wire_buf_message(out, ERROR, &error);
}

static void put_services(const td_string *services, size_t n, td_strbuf *out)
{
    td_strbuf list = { 0 };

    for (size_t i = 0; i < n; i++) {
        td_strbuf service = { 0 };

        td_wire_buf_bytes(&service, 1, services[i].data, services[i].size);
        td_wire_buf_message(&list, 1, &service);
    }
    td_wire_buf_message(out, SERVICES, &list);
}

static void put_files(const td_grpc_question *q, td_strbuf *out)
{
    const bool by_symbol = q->asks == BY_SYMBOL;
    td_strbuf files = { 0 };

    if (td_descriptors_put(q->name, by_symbol, 1, &files))
        td_wire_buf_message(out, FILES, &files);
    else
        put_error(TD_NOT_FOUND, by_symbol ? "Symbol not found" : "File not found", out);
}

void td_grpc_answer_put(const td_grpc_question *q, const td_string *services, size_t n, td_strbuf *out)
{
    if (q->host.size) td_wire_buf_bytes(out, HOST, q->host.data, q->host.size);
    td_wire_buf_bytes(out, ORIGINAL, q->whole.data, q->whole.size);
    if (q->asks == LIST)
        put_services(services, n, out);
    else if (q->asks == BY_NAME || q->asks == BY_SYMBOL)
        put_files(q, out);
    else if (q->asks) /* nothing that is served extends anything */
        put_error(TD_NOT_FOUND, "Extension not found", out);
    else
        put_error(TD_INVALID_ARGUMENT, "The request asks for nothing that is known here", out);
}
