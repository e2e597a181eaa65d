/* SPDX-License-Identifier: Apache-2.0 */
/* examples.c -- what classify and regress ask of a signature and of its answer;
 * texts as TensorFlow Serving's. */
#include "api/examples.h"

#include <string.h>

#include "api/method.h"
#include "api/mistakes.h"
#include "base/macros.h"
#include "tensor/limits.h"

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

static td_status check_classify(const td_signature *sig)
{
    if (sig->n_outputs != 1 && sig->n_outputs != 2)
        return TD_ERR(INVALID_ARGUMENT, "Expected one or two output Tensors, found %zu", sig->n_outputs);
    if (!find(sig->inputs, 1, "inputs"))
        return TD_ERR(INVALID_ARGUMENT, "No classification inputs found in SignatureDef: %s", sig->name);
    if (!find(sig->outputs, sig->n_outputs, "classes") && !find(sig->outputs, sig->n_outputs, "scores"))
        return TD_ERR(INVALID_ARGUMENT,
                      "Expected classification signature outputs to contain at least one of \"classes\" or "
                      "\"scores\". Signature was: %s",
                      sig->name);
    return NULL;
}

static td_status check_regress(const td_signature *sig)
{
    if (sig->n_outputs != 1) return TD_ERR(INVALID_ARGUMENT, "Expected one output Tensor.");
    if (!find(sig->inputs, 1, "inputs"))
        return TD_ERR(INVALID_ARGUMENT, "No regression inputs found in SignatureDef: %s", sig->name);
    if (!find(sig->outputs, 1, "outputs"))
        return TD_ERR(INVALID_ARGUMENT, "No regression outputs found in SignatureDef: %s", sig->name);
    return NULL;
}

td_status td_examples_check(const td_signature *sig, td_method verb)
{
    TD_TRY(td_method_check(sig, verb));
    if (sig->n_inputs != 1) return TD_ERR(INVALID_ARGUMENT, "Expected one input Tensor.");
    return verb == TD_METHOD_CLASSIFY ? check_classify(sig) : check_regress(sig);
}

static bool is_answer(const char *alias, td_method verb)
{
    return verb == TD_METHOD_REGRESS || strcmp(alias, "classes") == 0 || strcmp(alias, "scores") == 0;
}

size_t td_examples_want(const td_signature *sig, td_method verb, size_t *want)
{
    size_t n = 0;

    for (size_t i = 0; i < sig->n_outputs; i++)
        if (is_answer(sig->outputs[i].alias, verb)) want[n++] = i;
    return n;
}

td_tensor td_examples_input(const td_string *examples, size_t n)
{
    return (
        td_tensor){ .dtype = TD_STRING, .shape = { 1, { (int64_t)n } }, .data = (void *)(uintptr_t)examples };
}

td_status td_examples_open(td_servable *servable, td_method verb, td_string signature_name,
                           const td_string *examples, size_t n, td_arena *arena, td_predict *p)
{
    const td_status s = td_predict_open(servable, signature_name, TD_WORDING_GRPC, arena, p);

    if (td_status_code(s) == TD_RESOURCE_EXHAUSTED) return s;
    if (s) {
        td_status_free(s);
        return no_signature(signature_name, td_servable_session(servable));
    }
    TD_TRY(td_examples_check(p->sig, verb));
    if (n == 0) return TD_ERR(INVALID_ARGUMENT, "Input is empty.");
    p->n_want = td_examples_want(p->sig, verb, p->want);
    p->inputs[0] = td_examples_input(examples, n);
    return td_limits_check(p->sig->inputs[0].alias, &p->inputs[0].shape);
}

static size_t batch_of(const td_predict *p)
{
    return (size_t)p->inputs[0].shape.dims[0];
}

/* [n, classes] of that type, or what is wrong with it. */
static td_status check_answer(const td_tensor *t, const char *alias, td_dtype dtype, size_t n)
{
    char text[TD_SHAPE_TEXT];

    if (t->shape.rank != 2)
        return TD_ERR(INVALID_ARGUMENT, "Expected Tensor shape: [batch_size num_classes] but got %s",
                      td_shape_text(&t->shape, text, sizeof text));
    if (t->dtype != dtype)
        return TD_ERR(INVALID_ARGUMENT, "Expected %s Tensor of %s. Got: %s", alias, td_dtype_pb_name(dtype),
                      td_dtype_pb_name(t->dtype));
    if ((size_t)t->shape.dims[0] != n)
        return TD_ERR(INVALID_ARGUMENT, "Expected %s output batch size of %zu. Got: %lld", alias, n,
                      (long long)t->shape.dims[0]);
    return NULL;
}

/* Aliases are sorted: classes come first. */
td_status td_classify_result(const td_predict *p, td_classes *out)
{
    *out = (td_classes){ .n = batch_of(p) };
    for (size_t i = 0; i < p->n_want; i++) {
        const td_tensor *const t = td_predict_output(p, i);
        const char *const alias = p->sig->outputs[p->want[i]].alias;
        const bool is_classes = strcmp(alias, "classes") == 0;

        TD_TRY(check_answer(t, alias, is_classes ? TD_STRING : TD_F32, out->n));
        if (i > 0 && (size_t)t->shape.dims[1] != out->per_row)
            return TD_ERR(INVALID_ARGUMENT,
                          "Tensors class and score should match in dim_size(1). Got %zu vs. %lld",
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
        return TD_ERR(INVALID_ARGUMENT, "Expected output Tensor of DT_FLOAT.  Got: %s",
                      td_dtype_pb_name(t->dtype));
    *values = t->data;
    *n = batch_of(p);
    return NULL;
}
