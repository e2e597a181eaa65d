/* SPDX-License-Identifier: Apache-2.0 */
/* examples.c -- what classify and regress ask of a signature and of its answer;
 * texts as TensorFlow Serving's. */
#include "api/examples.h"

#include <string.h>

#include "api/mistakes.h"
#include "base/macros.h"

static const td_tensor_info *find(const td_tensor_info *infos, size_t n, const char *alias)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(infos[i].alias, alias) == 0) return &infos[i];
    return NULL;
}

static td_status no_signature(td_string name, const td_session *session)
{
    td_strbuf known = { 0 };

    if (!name.size) name = (td_string){ "serving_default", 15 };
    td_list_signatures(name, session, &known);
    const td_status error =
        TD_ERR(INVALID_ARGUMENT, "No signature was found with the name: %.*s. The model's signatures: %s.",
               (int)TD_MIN(name.size, (size_t)1000), name.data, td_strbuf_text(&known));

    td_strbuf_fini(&known);
    return error;
}

/* Opens, and feeds the examples to the only input. */
static td_status open_examples(td_servable *servable, td_string name, const td_string *examples, size_t n,
                               td_arena *arena, const char *kind, td_predict *p)
{
    const td_status s = td_predict_open(servable, name, TD_WORDING_GRPC, arena, p);

    if (s) {
        td_status_free(s);
        return no_signature(name, td_servable_session(servable));
    }
    if (n == 0) return TD_ERR(INVALID_ARGUMENT, "Input is empty.");
    if (p->sig->n_inputs != 1) return TD_ERR(INVALID_ARGUMENT, "Expected one input Tensor.");
    if (strcmp(p->sig->inputs[0].alias, "inputs") != 0)
        return TD_ERR(INVALID_ARGUMENT, "No %s inputs found in SignatureDef: %s", kind, p->sig->name);
    p->inputs[0] = (td_tensor){ .dtype = TD_STRING,
                                .shape = { 1, { (int64_t)n } },
                                .data = (void *)(uintptr_t)examples };
    return NULL;
}

td_status td_classify_open(td_servable *servable, td_string signature_name, const td_string *examples,
                           size_t n, td_arena *arena, td_predict *p)
{
    TD_TRY(open_examples(servable, signature_name, examples, n, arena, "classification", p));
    const td_signature *const sig = p->sig;

    if (sig->n_outputs != 1 && sig->n_outputs != 2)
        return TD_ERR(INVALID_ARGUMENT, "Expected one or two output Tensors, found %zu", sig->n_outputs);
    const bool has_classes = find(sig->outputs, sig->n_outputs, "classes") != NULL;
    const bool has_scores = find(sig->outputs, sig->n_outputs, "scores") != NULL;
    if ((size_t)has_classes + (size_t)has_scores != sig->n_outputs)
        return TD_ERR(INVALID_ARGUMENT, "No classification outputs found in SignatureDef: %s", sig->name);
    return NULL;
}

td_status td_regress_open(td_servable *servable, td_string signature_name, const td_string *examples,
                          size_t n, td_arena *arena, td_predict *p)
{
    TD_TRY(open_examples(servable, signature_name, examples, n, arena, "regression", p));
    if (p->sig->n_outputs != 1) return TD_ERR(INVALID_ARGUMENT, "Expected one output Tensor.");
    if (strcmp(p->sig->outputs[0].alias, "outputs") != 0)
        return TD_ERR(INVALID_ARGUMENT, "No regression outputs found in SignatureDef: %s", p->sig->name);
    return NULL;
}

static size_t batch_of(const td_predict *p)
{
    return (size_t)p->inputs[0].shape.dims[0];
}

td_status td_classify_result(const td_predict *p, td_classes *out)
{
    *out = (td_classes){ .n = batch_of(p) };
    for (size_t i = 0; i < p->n_want; i++) {
        const td_tensor *const t = td_predict_output(p, i);
        const bool is_classes = strcmp(p->sig->outputs[p->want[i]].alias, "classes") == 0;
        char text[TD_SHAPE_TEXT];

        if (t->dtype != (is_classes ? TD_STRING : TD_F32))
            return TD_ERR(INVALID_ARGUMENT, "Expected %s Tensor of %s. Got: %s",
                          is_classes ? "classes" : "scores", is_classes ? "string" : "float",
                          td_dtype_name(t->dtype));
        if (t->shape.rank != 2)
            return TD_ERR(INVALID_ARGUMENT, "Expected Tensor shape: [batch_size num_classes] but got %s",
                          td_shape_text(&t->shape, text, sizeof text));
        if ((size_t)t->shape.dims[0] != out->n)
            return TD_ERR(INVALID_ARGUMENT, "Expected %s output batch size of %zu. Got: %lld",
                          is_classes ? "classes" : "scores", out->n, (long long)t->shape.dims[0]);
        if (i > 0 && (size_t)t->shape.dims[1] != out->per_row)
            return TD_ERR(INVALID_ARGUMENT, "Tensors class and score should match in sizes: %zu, %lld",
                          out->per_row, (long long)t->shape.dims[1]);
        out->per_row = (size_t)t->shape.dims[1];
        if (is_classes)
            out->labels = t->data;
        else
            out->scores = t->data;
    }
    return NULL;
}

td_status td_regress_result(const td_predict *p, const float **values, size_t *n)
{
    const td_tensor *const t = td_predict_output(p, 0);
    char text[TD_SHAPE_TEXT];

    if (t->shape.rank != 1 && !(t->shape.rank == 2 && t->shape.dims[1] == 1))
        return TD_ERR(INVALID_ARGUMENT,
                      "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got %s",
                      td_shape_text(&t->shape, text, sizeof text));
    if ((size_t)t->shape.dims[0] != batch_of(p))
        return TD_ERR(INVALID_ARGUMENT, "Input batch size did not match output batch size: %zu vs. %lld",
                      batch_of(p), (long long)t->shape.dims[0]);
    if (t->dtype != TD_F32)
        return TD_ERR(INVALID_ARGUMENT, "Expected output Tensor of float. Got: %s", td_dtype_name(t->dtype));
    *values = t->data;
    *n = batch_of(p);
    return NULL;
}
