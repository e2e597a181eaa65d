/* SPDX-License-Identifier: Apache-2.0 */
/* predict_request.c -- PredictRequest { model_spec = 1, map<string, TensorProto> inputs = 2,
 * output_filter = 3 } from bytes to a td_predict. */
#include "codec/pb/predict.h"

#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "formats/tensor_proto.h"
#include "tensor/limits.h"

enum { MODEL_SPEC = 1, INPUTS = 2, OUTPUT_FILTER = 3, KEY = 1, VALUE = 2, CONTENT = 4 };

/* What one input may grow to when a short list of values stands for a large shape. Content cannot grow. */
static const size_t max_input_bytes = (size_t)2 << 30;

static td_status damaged(void)
{
    return TD_ERR(INVALID_ARGUMENT, "Damaged PredictRequest");
}

static bool count_fields(const uint8_t *bytes, size_t size, size_t *n_inputs, size_t *n_filter)
{
    td_wire w = td_wire_of(bytes, size);
    td_wire_field f;

    while (td_wire_next(&w, &f)) {
        *n_inputs += td_wire_is(&f, INPUTS, TD_WIRE_BYTES);
        *n_filter += td_wire_is(&f, OUTPUT_FILTER, TD_WIRE_BYTES);
    }
    return !w.bad;
}

/* A map entry; either half may be missing and is empty then. */
static bool read_input(const td_wire_field *f, td_grpc_input *out)
{
    td_wire w = td_wire_inside(f);
    td_wire_field v;

    while (td_wire_next(&w, &v)) {
        if (td_wire_is(&v, KEY, TD_WIRE_BYTES)) {
            out->alias = td_wire_text(&v);
        } else if (td_wire_is(&v, VALUE, TD_WIRE_BYTES)) {
            out->bytes = v.data;
            out->size = v.size;
        }
    }
    return !w.bad;
}

td_status td_grpc_predict_read(const uint8_t *bytes, size_t size, td_arena *arena,
                               td_grpc_predict_request *out)
{
    td_grpc_predict_request r = { 0 };
    size_t n_inputs = 0, n_filter = 0;
    td_wire w = td_wire_of(bytes, size);
    td_wire_field f;

    if (!count_fields(bytes, size, &n_inputs, &n_filter)) return damaged();
    /* Counts are below the message's size, and it is in memory already: a fixed factor, no amplification. */
    r.inputs = td_arena_try_alloc(arena, (n_inputs + 1) * sizeof *r.inputs, _Alignof(td_grpc_input));
    r.filter = td_arena_try_alloc(arena, (n_filter + 1) * sizeof *r.filter, _Alignof(td_string));
    if (!r.inputs || !r.filter)
        return TD_ERR(RESOURCE_EXHAUSTED, "No memory for a request of %zu bytes", size);
    while (td_wire_next(&w, &f)) {
        if (f.type != TD_WIRE_BYTES) continue;
        if (f.number == MODEL_SPEC) {
            TD_TRY(td_grpc_spec_read(&f, &r.spec));
        } else if (f.number == INPUTS) {
            td_grpc_input *const in = &r.inputs[r.n_inputs++];

            *in = (td_grpc_input){ 0 };
            if (!read_input(&f, in)) return damaged();
        } else if (f.number == OUTPUT_FILTER) {
            r.filter[r.n_filter++] = td_wire_text(&f);
        }
    }
    *out = r;
    return NULL;
}

td_status td_grpc_predict_parse(const uint8_t *bytes, size_t size, td_arena *arena,
                                td_grpc_predict_request *out)
{
    TD_TRY(td_grpc_predict_read(bytes, size, arena, out));
    return td_grpc_spec_check(&out->spec);
}

/* ---- names that do not match the signature: error paths only ---- */

static int compare_names(const void *a, const void *b)
{
    const td_string *const x = a, *const y = b;
    const size_t common = x->size < y->size ? x->size : y->size;
    const int order = common ? memcmp(x->data, y->data, common) : 0;

    return order ? order : (x->size > y->size) - (x->size < y->size);
}

/* Sorts names and drops doubles; the result is how many are left. */
static size_t sort_names(td_string *names, size_t n)
{
    size_t kept = 0;

    if (n) qsort(names, n, sizeof *names, compare_names);
    for (size_t i = 0; i < n; i++)
        if (!kept || compare_names(&names[kept - 1], &names[i])) names[kept++] = names[i];
    return kept;
}

/* "a,b": those of names (sorted) that are not in `without` (sorted).
 * Long texts are cut: nobody reads them. */
static void join_names(td_strbuf *b, const td_string *names, size_t n, const td_string *without,
                       size_t n_without)
{
    const size_t start = b->size;

    for (size_t i = 0; i < n && b->size < 4096; i++) {
        if (n_without && bsearch(&names[i], without, n_without, sizeof *without, compare_names)) continue;
        if (b->size > start) td_strbuf_putc(b, ',');
        td_strbuf_add(b, names[i].data, names[i].size < 1024 ? names[i].size : 1024);
    }
}

typedef struct name_sets {
    td_string *sent, *known; /* sorted */
    size_t n_sent, n_known;
} name_sets;

/* False: no memory for so many names. */
static bool collect_names(const td_grpc_predict_request *r, const td_predict *p, name_sets *out)
{
    name_sets s = { .n_sent = r->n_inputs, .n_known = p->sig->n_inputs };

    s.sent = td_arena_try_alloc(p->arena, (s.n_sent + 1) * sizeof *s.sent, _Alignof(td_string));
    if (!s.sent) return false;
    s.known = TD_ARENA_NEW_N(p->arena, td_string, s.n_known);
    for (size_t i = 0; i < s.n_sent; i++)
        s.sent[i] = r->inputs[i].alias;
    for (size_t i = 0; i < s.n_known; i++)
        s.known[i] = (td_string){ p->sig->inputs[i].alias, strlen(p->sig->inputs[i].alias) };
    s.n_sent = sort_names(s.sent, s.n_sent);
    s.n_known = sort_names(s.known, s.n_known);
    *out = s;
    return true;
}

static td_status size_mismatch(const name_sets *s)
{
    td_strbuf b = { 0 };

    td_strbuf_printf(&b, "input size does not match signature: %zu!=%zu len({", s->n_sent, s->n_known);
    join_names(&b, s->sent, s->n_sent, NULL, 0);
    td_strbuf_puts(&b, "}) != len({");
    join_names(&b, s->known, s->n_known, NULL, 0);
    td_strbuf_puts(&b, "}). Sent extra: {");
    join_names(&b, s->sent, s->n_sent, s->known, s->n_known);
    td_strbuf_puts(&b, "}. Missing but required: {");
    join_names(&b, s->known, s->n_known, s->sent, s->n_sent);
    td_strbuf_puts(&b, "}.");

    const td_status error = TD_ERR(INVALID_ARGUMENT, "%s", td_strbuf_text(&b));
    td_strbuf_fini(&b);
    return error;
}

static td_status not_found(const name_sets *s, const td_signature *sig, const td_tensor_info *missing)
{
    td_strbuf b = { 0 };

    td_strbuf_printf(
        &b,
        "Signature input alias: %s(feed name: %s) not found in request and no default value provided. "
        "Inputs expected to be in the request {",
        missing->alias, missing->tensor);
    join_names(&b, s->known, s->n_known, NULL, 0);
    td_strbuf_puts(&b, "}, or default input alias set: ");

    const char *comma = "";
    for (size_t i = 0; i < sig->n_inputs; i++)
        if (sig->inputs[i].default_value) {
            td_strbuf_printf(&b, "%s%s", comma, sig->inputs[i].alias);
            comma = ",";
        }
    td_strbuf_puts(&b, ". The request has {");
    join_names(&b, s->sent, s->n_sent, NULL, 0);
    td_strbuf_puts(&b, "}.");

    const td_status error = TD_ERR(INVALID_ARGUMENT, "%s", td_strbuf_text(&b));
    td_strbuf_fini(&b);
    return error;
}

static td_status invalid_name(const name_sets *s)
{
    td_strbuf b = { 0 };

    td_strbuf_puts(&b, "Inputs contains invalid name. Used request inputs: ");
    join_names(&b, s->known, s->n_known, NULL, 0);
    td_strbuf_puts(&b, ", request input: ");
    join_names(&b, s->sent, s->n_sent, NULL, 0);

    const td_status error = TD_ERR(INVALID_ARGUMENT, "%s", td_strbuf_text(&b));
    td_strbuf_fini(&b);
    return error;
}

/* TensorFlow Serving's order of checks. Only called when something is missing or too much. */
static td_status check_names(const td_grpc_predict_request *r, const td_predict *p)
{
    const td_signature *const sig = p->sig;
    const td_tensor_info *missing = NULL;
    bool has_defaults = false;

    for (size_t i = 0; i < sig->n_inputs; i++) {
        const bool is_given = p->inputs[i].dtype != TD_DTYPE_NONE;

        has_defaults |= sig->inputs[i].default_value != NULL;
        if (!missing && !is_given && !sig->inputs[i].default_value) missing = &sig->inputs[i];
    }

    name_sets s;
    if (!collect_names(r, p, &s)) return TD_ERR(RESOURCE_EXHAUSTED, "No memory for %zu inputs", r->n_inputs);
    if (s.n_sent > s.n_known || (s.n_sent < s.n_known && !has_defaults)) return size_mismatch(&s);
    if (missing) return not_found(&s, sig, missing);
    for (size_t i = 0; i < s.n_sent; i++)
        if (!bsearch(&s.sent[i], s.known, s.n_known, sizeof *s.known, compare_names)) return invalid_name(&s);
    return NULL; /* defaults fill what is missing */
}

/* ---- tensors ---- */

static td_status read_tensor(const td_tensor_proto *t, td_arena *arena, td_tensor *out)
{
    *out = (td_tensor){ .dtype = t->dtype, .shape = t->shape };
    if (td_tensor_proto_is_view(t)) {
        out->data = (void *)(uintptr_t)t->content; /* inputs are never written to */
        return NULL;
    }

    const size_t size = td_tensor_bytes(out);
    void *const data = size > max_input_bytes ? NULL : td_arena_try_alloc(arena, size ? size : 1, TD_ALIGN);
    if (!data) return TD_ERR(RESOURCE_EXHAUSTED, "No memory for %zu bytes", size);
    TD_TRY(td_tensor_proto_decode(t, data));
    out->data = data;
    return NULL;
}

static td_status fill_input(const td_grpc_input *in, td_predict *p, size_t index)
{
    const char *const alias = p->sig->inputs[index].alias;
    td_tensor_proto proto;
    td_tensor t;
    td_status error = td_tensor_proto_parse(in->bytes, in->size, &proto);

    if (!error) {
        TD_TRY(td_limits_check(alias, &proto.shape));
        error = read_tensor(&proto, p->arena, &t);
    }
    if (!error) {
        p->inputs[index] = t;
        return NULL;
    }
    const td_code code = td_status_code(error);
    td_status_free(error);
    return code == TD_RESOURCE_EXHAUSTED ? TD_ERR(RESOURCE_EXHAUSTED, "Input %s is too large", alias)
                                         : TD_ERR(INVALID_ARGUMENT, "tensor parsing error: %s", alias);
}

td_status td_grpc_predict_fill(const td_grpc_predict_request *r, td_predict *p)
{
    size_t given = 0;
    bool has_extra = false;

    /* From the last to the first: of inputs with one name the last one counts,
     * the others are not even read. */
    for (size_t i = r->n_inputs; i-- > 0;) {
        const size_t index = td_predict_input(p, r->inputs[i].alias);

        if (index == SIZE_MAX) {
            has_extra = true;
        } else if (p->inputs[index].dtype == TD_DTYPE_NONE) {
            TD_TRY(fill_input(&r->inputs[i], p, index));
            given++;
        }
    }
    if (TD_UNLIKELY(has_extra || given != p->sig->n_inputs)) TD_TRY(check_names(r, p));
    return r->n_filter ? td_predict_filter(p, r->filter, r->n_filter) : NULL;
}

/* ---- where the bulk lies ---- */

size_t td_grpc_predict_content_at(const uint8_t *head, size_t head_size)
{
    static const uint32_t path[] = { INPUTS, VALUE, CONTENT };
    td_wire w = td_wire_of(head, head_size);
    size_t depth = 0;
    uint64_t tag, n;

    /* td_wire_next() would refuse fields that reach beyond the head. */
    while (td_wire_varint(&w, &tag)) {
        if ((tag & 7) == TD_WIRE_VARINT) {
            if (!td_wire_varint(&w, &n)) return 0;
            continue;
        }
        if ((tag & 7) != TD_WIRE_BYTES || !td_wire_varint(&w, &n)) return 0;
        if (tag >> 3 == path[depth]) {
            if (++depth == TD_COUNT(path)) return (size_t)(w.at - head);
        } else if (n >= (uint64_t)(w.end - w.at)) {
            return 0;
        } else {
            w.at += n;
        }
    }
    return 0;
}
