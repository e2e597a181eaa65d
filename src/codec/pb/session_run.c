/* SPDX-License-Identifier: Apache-2.0 */
/* session_run.c -- SessionRunRequest { model_spec = 1, feed = 2 { name = 1, tensor = 2 }, fetch = 3, target = 4,
 * tensor_name_is_alias = 6 }. */
#include "codec/pb/session_run.h"

#include <string.h>

#include "base/strbuf.h"

enum { TARGET = 4, IS_ALIAS = 6, LISTED = 700 /* bytes */ };

td_status td_grpc_session_run_parse(const uint8_t *bytes, size_t size, td_arena *arena,
                                    td_grpc_session_run *out)
{
    td_grpc_session_run r = { 0 };
    td_wire w = td_wire_of(bytes, size);
    td_wire_field f;

    TD_TRY(td_grpc_predict_parse(bytes, size, arena, &r.predict));
    while (td_wire_next(&w, &f)) {
        r.has_targets |= td_wire_is(&f, TARGET, TD_WIRE_BYTES);
        if (td_wire_is(&f, IS_ALIAS, TD_WIRE_VARINT)) r.has_aliases = f.value != 0;
    }
    r.fetches = td_arena_try_alloc(arena, (r.predict.n_filter + 1) * sizeof *r.fetches, _Alignof(td_string));
    if (!r.fetches) return TD_ERR(RESOURCE_EXHAUSTED, "No memory for %zu fetches", r.predict.n_filter);
    if (r.predict.n_filter) memcpy(r.fetches, r.predict.filter, r.predict.n_filter * sizeof *r.fetches);
    *out = r;
    return NULL;
}

/* "x" is "x:0". */
static td_string whole_name(td_string s)
{
    const bool is_first = s.size >= 2 && !memcmp(s.data + s.size - 2, ":0", 2);

    return (td_string){ s.data, s.size - (is_first ? 2 : 0) };
}

/* The info of that tensor; NULL: none is. */
static const td_tensor_info *find_tensor(const td_tensor_info *infos, size_t n, td_string name)
{
    const td_string wanted = whole_name(name);

    for (size_t i = 0; i < n; i++) {
        const td_string has = whole_name((td_string){ infos[i].tensor, strlen(infos[i].tensor) });

        if (has.size == wanted.size && !memcmp(has.data, wanted.data, has.size)) return &infos[i];
    }
    return NULL;
}

static bool is_fed(const td_grpc_predict_request *r, const td_tensor_info *input)
{
    for (size_t i = 0; i < r->n_inputs; i++)
        if (find_tensor(input, 1, r->inputs[i].alias)) return true;
    return input->default_value != NULL;
}

/* No more is looked at than a signature has. */
static bool matches(const td_grpc_predict_request *r, const td_signature *sig)
{
    if (r->n_inputs > sig->n_inputs || r->n_filter > sig->n_outputs) return false;
    for (size_t i = 0; i < r->n_inputs; i++)
        if (!find_tensor(sig->inputs, sig->n_inputs, r->inputs[i].alias)) return false;
    for (size_t i = 0; i < r->n_filter; i++)
        if (!find_tensor(sig->outputs, sig->n_outputs, r->filter[i])) return false;
    for (size_t i = 0; i < sig->n_inputs; i++)
        if (!is_fed(r, &sig->inputs[i])) return false;
    return true;
}

/* Those that only describe init ops take and give no tensors. */
static bool is_asked(const td_grpc_predict_request *r, const td_signature *sig)
{
    const td_string only = r->spec.signature;

    return strncmp(sig->name, "__saved_model", 13) != 0 && (!only.size || td_string_is(only, sig->name));
}

static void list_tensors(td_strbuf *b, const char *verb, const td_tensor_info *infos, size_t n)
{
    td_strbuf_printf(b, " %s {", verb);
    for (size_t i = 0; i < n && b->size < LISTED; i++)
        td_strbuf_printf(b, "%s%.200s", i ? "," : "", infos[i].tensor);
    td_strbuf_putc(b, '}');
}

static td_status no_signature(const td_grpc_predict_request *r, const td_session *s)
{
    td_strbuf b = { 0 };
    size_t n;
    const td_signature *const all = td_session_signatures(s, &n);

    for (size_t i = 0; i < n && b.size < LISTED; i++) {
        if (!is_asked(r, &all[i])) continue;
        td_strbuf_printf(&b, "%s %.200s", b.size ? ";" : "", all[i].name);
        list_tensors(&b, "feeds", all[i].inputs, all[i].n_inputs);
        list_tensors(&b, "fetches", all[i].outputs, all[i].n_outputs);
    }
    const td_status error =
        TD_ERR(INVALID_ARGUMENT,
               "No signature has all of these feeds and fetches, and needs no others. A model is run by its "
               "signatures here:%s.",
               b.size ? td_strbuf_text(&b) : " none of that name");

    td_strbuf_fini(&b);
    return error;
}

static void use_aliases(td_grpc_predict_request *r, const td_signature *sig)
{
    for (size_t i = 0; i < r->n_inputs; i++) {
        const char *const alias = find_tensor(sig->inputs, sig->n_inputs, r->inputs[i].alias)->alias;

        r->inputs[i].alias = (td_string){ alias, strlen(alias) };
    }
    for (size_t i = 0; i < r->n_filter; i++) {
        const char *const alias = find_tensor(sig->outputs, sig->n_outputs, r->filter[i])->alias;

        r->filter[i] = (td_string){ alias, strlen(alias) };
    }
}

td_status td_grpc_session_run_resolve(td_grpc_session_run *r, const td_session *s, td_string *signature)
{
    size_t n;
    const td_signature *const all = td_session_signatures(s, &n);

    if (r->has_targets)
        return TD_ERR(INVALID_ARGUMENT, "Targets cannot be run: only what signatures feed and fetch can");
    if (!r->predict.n_filter)
        return TD_ERR(INVALID_ARGUMENT, "Must specify at least one target to fetch or execute.");
    if (r->has_aliases) {
        *signature = r->predict.spec.signature;
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        if (!is_asked(&r->predict, &all[i]) || !matches(&r->predict, &all[i])) continue;
        use_aliases(&r->predict, &all[i]);
        *signature = (td_string){ all[i].name, strlen(all[i].name) };
        return NULL;
    }
    return no_signature(&r->predict, s);
}
