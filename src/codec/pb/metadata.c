/* SPDX-License-Identifier: Apache-2.0 */
/* metadata.c -- GetModelMetadata: a servable's signatures as an Any of SignatureDefMap.
 *
 * Messages nest five deep here and nothing is hot: each level is built in a buffer of its own and then put
 * into the one around it. */
#include "codec/pb/info.h"

#include <string.h>

#include "codec/pb/tensor.h"
#include "codec/pb/wire_buf.h"

static const char type_url[] = "type.googleapis.com/tensorflow.serving.SignatureDefMap";
static const char signature_field[] = "signature_def"; /* the only metadata there is */

enum { MODEL_SPEC = 1, METADATA_FIELD = 2, METADATA = 2 };

/* ---- request ---- */

static td_status check_field(const td_wire_field *f)
{
    if (f->size == sizeof signature_field - 1 && !memcmp(f->data, signature_field, f->size)) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "Metadata field %.*s is not supported",
                  (int)(f->size < 1024 ? f->size : 1024), (const char *)f->data);
}

td_status td_grpc_metadata_parse(const uint8_t *bytes, size_t size, td_grpc_spec *out)
{
    td_grpc_spec spec = { 0 };
    td_wire w = td_wire_of(bytes, size);
    td_wire_field f;
    size_t n_fields = 0;

    while (td_wire_next(&w, &f)) {
        if (td_wire_is(&f, MODEL_SPEC, TD_WIRE_BYTES)) {
            TD_TRY(td_grpc_spec_read(&f, &spec));
        } else if (td_wire_is(&f, METADATA_FIELD, TD_WIRE_BYTES)) {
            TD_TRY(check_field(&f));
            n_fields++;
        }
    }
    if (w.bad) return TD_ERR(INVALID_ARGUMENT, "Damaged GetModelMetadataRequest");
    TD_TRY(td_grpc_spec_check(&spec));
    if (!n_fields)
        return TD_ERR(INVALID_ARGUMENT, "GetModelMetadataRequest must specify at least one metadata_field");
    *out = spec;
    return NULL;
}

/* ---- reply ---- */

/* TensorInfo { name = 1, dtype = 2, tensor_shape = 3 } */
static void put_tensor_info(td_strbuf *b, const td_tensor_info *info)
{
    const int64_t dtype = (int64_t)info->dtype + (info->is_ref ? TD_DTYPE_REF : 0);
    const size_t shape_size = td_grpc_shape_size(&info->shape, info->dim_names);

    td_wire_buf_text(b, 1, info->tensor);
    td_wire_buf_number(b, 2, dtype);
    (void)td_grpc_shape_put(
        td_wire_put_head(td_wire_buf_grow(b, td_wire_bytes_size(3, shape_size)), 3, shape_size), &info->shape,
        info->dim_names);
}

static void put_tensor_infos(td_strbuf *b, uint32_t number, const td_tensor_info *infos, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        td_strbuf inner = { 0 };

        put_tensor_info(&inner, &infos[i]);
        td_wire_buf_entry(b, number, infos[i].alias, &inner);
    }
}

static td_status put_defaults(td_strbuf *b, uint32_t number, const td_tensor_info *infos, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        td_grpc_tensor plan;
        td_strbuf inner = { 0 };

        if (!infos[i].default_value) continue;
        TD_TRY(td_grpc_tensor_plan(infos[i].default_value, false, &plan));
        (void)td_grpc_tensor_put(td_wire_buf_grow(&inner, plan.size), &plan);
        td_wire_buf_entry(b, number, infos[i].alias, &inner);
    }
    return NULL;
}

/* SignatureDef { inputs = 1, outputs = 2, method_name = 3, defaults = 4 } */
static td_status put_signature(td_strbuf *b, const td_signature *sig)
{
    put_tensor_infos(b, 1, sig->inputs, sig->n_inputs);
    put_tensor_infos(b, 2, sig->outputs, sig->n_outputs);
    td_wire_buf_text(b, 3, sig->method);
    return put_defaults(b, 4, sig->inputs, sig->n_inputs);
}

/* SignatureDefMap { map<string, SignatureDef> signature_def = 1 } */
static td_status put_signatures(td_strbuf *b, const td_session *session)
{
    size_t n;
    const td_signature *const sigs = td_session_signatures(session, &n);

    for (size_t i = 0; i < n; i++) {
        td_strbuf inner = { 0 };
        const td_status error = put_signature(&inner, &sigs[i]);

        if (error) {
            td_strbuf_fini(&inner);
            return error;
        }
        td_wire_buf_entry(b, 1, sigs[i].name, &inner);
    }
    return NULL;
}

td_status td_grpc_metadata_put(const td_servable *s, td_strbuf *out)
{
    const td_grpc_spec spec = td_grpc_spec_of(s, NULL);
    td_strbuf map = { 0 }, any = { 0 };
    const td_status error = put_signatures(&map, td_servable_session(s));

    if (!error) {
        uint8_t *const p = td_wire_buf_grow(out, td_grpc_spec_size(MODEL_SPEC, &spec));

        (void)td_grpc_spec_put(p, MODEL_SPEC, &spec);
        td_wire_buf_text(&any, 1, type_url);
        td_wire_buf_bytes(&any, 2, map.data, map.size);
        td_wire_buf_entry(out, METADATA, signature_field, &any);
    }
    td_strbuf_fini(&map);
    return error;
}
