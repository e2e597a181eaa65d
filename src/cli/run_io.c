/* SPDX-License-Identifier: Apache-2.0 */
/* run_io.c -- NAME=FILE.npy or JSON. JSON goes through REST's codec: a whole request body, or what its
 * "inputs" would hold. */
#include "cli/run_io.h"

#include <stdio.h>
#include <string.h>

#include "api/mistakes.h"
#include "base/file.h"
#include "base/mem.h"
#include "formats/npy.h"

static const size_t JSON_LIMIT = (size_t)4 << 30;

static bool ends_with(const char *text, const char *tail)
{
    const size_t size = strlen(text), tail_size = strlen(tail);

    return size >= tail_size && !strcmp(text + size - tail_size, tail);
}

/* head + text + tail with the zero bytes that the JSON reader wants behind it. */
static td_status padded(td_arena *arena, const char *head, td_string text, const char *tail, td_string *out)
{
    const size_t head_size = strlen(head), tail_size = strlen(tail);
    char *const copy = td_arena_try_alloc(arena, head_size + text.size + tail_size + TD_JSON_PAD, 1);

    if (!copy) return TD_ERR(RESOURCE_EXHAUSTED, "no memory for %zu bytes of JSON", text.size);
    memcpy(copy, head, head_size);
    memcpy(copy + head_size, text.data, text.size);
    memcpy(copy + head_size + text.size, tail, tail_size);
    out->data = copy;
    out->size = head_size + text.size + tail_size;
    memset(copy + out->size, 0, TD_JSON_PAD);
    return NULL;
}

static td_status survey(td_string text, td_arena *arena, td_json_predict *out)
{
    td_status_free(td_json_predict_open(text.data, text.size, arena, out)); /* an error asks for the survey */
    return td_json_predict_survey(out);
}

static td_status open_json(td_string text, td_arena *arena, td_json_predict *out)
{
    td_string body;

    TD_TRY(padded(arena, "", text, "", &body));
    const td_status error = survey(body, arena, out);

    if (!error && (out->rows || out->columns)) return NULL;
    td_status_free(error); /* a bare value: said again below if it is really wrong */
    TD_TRY(padded(arena, "{\"inputs\": ", text, "}", &body));
    return survey(body, arena, out);
}

static td_status open_json_file(const char *path, td_arena *arena, td_json_predict *out)
{
    char *text;
    size_t size;

    TD_TRY(td_file_read(path, JSON_LIMIT, &text, &size));
    const td_status error = open_json((td_string){ text, size }, arena, out);

    td_free(text);
    return td_status_prefix(error, "%s: ", path);
}

td_status td_run_input_open(const char *what, td_arena *arena, td_run_input *out)
{
    const char *const equals = strchr(what, '=');
    const char first = what[strspn(what, " \t\r\n")];

    *out = (td_run_input){ 0 };
    if (equals && ends_with(what, ".npy")) {
        out->alias = (td_string){ what, (size_t)(equals - what) };
        out->file = equals + 1;
        return NULL;
    }
    out->is_json = true;
    if (first == '{' || first == '[') return open_json((td_string){ what, strlen(what) }, arena, &out->json);
    return open_json_file(what, arena, &out->json);
}

static td_status no_input(const td_predict *p, td_string alias)
{
    td_strbuf known = { 0 };

    td_list_aliases(alias, p->sig->inputs, p->sig->n_inputs, &known);
    const td_status error = TD_ERR(INVALID_ARGUMENT, "signature %s has no input %.*s. The inputs are: %s.",
                                   p->sig->name, (int)alias.size, alias.data, td_strbuf_text(&known));

    td_strbuf_fini(&known);
    return error;
}

td_status td_run_input_fill(td_run_input *in, td_predict *p)
{
    if (in->is_json) return td_json_predict_fill(&in->json, p);
    const size_t index = td_predict_input(p, in->alias);

    if (index == SIZE_MAX) return no_input(p, in->alias);
    td_tensor_unref(&p->inputs[index]);
    return td_npy_read(in->file, &p->inputs[index]);
}

td_status td_run_print(const td_json_predict *json, const td_predict *p)
{
    const td_json_predict columns = { 0 };
    td_json_out out = { 0 };
    td_status error = td_json_predict_put(json ? json : &columns, p, &out);

    if (!error) {
        fwrite(out.data, 1, out.size, stdout);
        putchar('\n');
    }
    td_json_out_fini(&out);
    return error;
}
