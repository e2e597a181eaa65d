/* SPDX-License-Identifier: Apache-2.0 */
/* put.c -- the output that is asked for to bytes. */
#include "codec/array/array.h"

#include "api/mistakes.h"
#include "base/strbuf.h"
#include "formats/npy.h"

td_status td_array_check_output(const td_predict *p)
{
    td_strbuf names = { 0 };

    if (p->n_want == 1) return NULL;
    td_list_aliases((td_string){ 0 }, p->sig->outputs, p->sig->n_outputs, &names);
    const td_status error = TD_ERR(
        INVALID_ARGUMENT,
        "An answer that is one tensor has one output: name it by \"X-Tensord-Tensor: ...; output=y\". The "
        "outputs are: %s.",
        td_strbuf_text(&names));

    td_strbuf_fini(&names);
    return error;
}

static td_status put_npy(const td_tensor *t, td_json_out *out)
{
    td_strbuf bytes = { 0 };
    const td_status error = t->dtype == TD_STRING ? td_npy_format(t, &bytes) : td_npy_format_head(t, &bytes);

    if (!error) td_json_put_bytes(out, bytes.data, bytes.size);
    td_strbuf_fini(&bytes);
    return error;
}

td_status td_array_put(td_array_form form, const td_predict *p, td_json_out *out)
{
    const td_tensor *const t = td_predict_output(p, 0);

    if (form == TD_ARRAY_NPY)
        TD_TRY(put_npy(t, out));
    else if (t->dtype == TD_STRING)
        return TD_ERR(INVALID_ARGUMENT, "Strings have no form as raw bytes: ask for JSON, .npy or protobuf");
    if (t->dtype != TD_STRING) td_json_put_bytes(out, t->data, td_tensor_bytes(t));
    return td_json_out_check(out);
}
