/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/describe.h"

#include <stdio.h>

#include "base/mem.h"

static void add_infos(const char *kind, const td_tensor_info *infos, size_t n, cJSON *into)
{
    cJSON *const list = cJSON_AddArrayToObject(into, kind);
    char shape[TD_SHAPE_TEXT];

    for (size_t i = 0; i < n; i++) {
        cJSON *const item = td_document_next(list);

        td_document_text(item, "name", infos[i].alias);
        td_document_text(item, "dtype", td_dtype_pb_name(infos[i].dtype));
        td_document_text(item, "shape", td_shape_text(&infos[i].shape, shape, sizeof shape));
        td_document_text(item, "tensor", infos[i].tensor);
    }
}

void td_describe_signature(const td_signature *s, cJSON *into)
{
    td_document_text(into, "name", s->name);
    td_document_text(into, "method", s->method);
    add_infos("inputs", s->inputs, s->n_inputs, into);
    add_infos("outputs", s->outputs, s->n_outputs, into);
}

void td_describe_batchable(const td_session *session, const td_signature *loaded, cJSON *into)
{
    const char *why = NULL;

    cJSON_AddBoolToObject(into, "batchable", td_session_is_batchable(session, loaded, &why));
    if (why) td_document_text(into, "not_batchable", why);
}

td_status td_describe_print(cJSON *d, td_status error)
{
    char *text;
    const td_status end = td_document_end(d, &text);

    if (!end && !error) puts(text);
    if (!end) td_free(text);
    if (!error) return end;
    td_status_free(end);
    return error;
}
