/* SPDX-License-Identifier: Apache-2.0 */
/* run_io.c -- see run_io.h. JSON goes through REST's codec: a whole request body, or what its "inputs" would hold. */
#include "cli/run_io.h"

#include <stdio.h>
#include <string.h>

#include "api/mistakes.h"
#include "base/cpu.h"
#include "base/file.h"
#include "base/mem.h"
#include "cli/expr.h"
#include "formats/npy.h"
#include "formats/npz.h"
#include "kernels/elt/cast.h"
#include "obs/log.h"

static const size_t JSON_LIMIT = (size_t)4 << 30, FILE_LIMIT = (size_t)16 << 30;

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
    const char first = what[strspn(what, " \t\r\n")];

    *out = (td_run_input){ .source = TD_RUN_JSON, .text = what };
    if (first == '{' || first == '[') return open_json((td_string){ what, strlen(what) }, arena, &out->json);
    if (!strchr(what, '=') || ends_with(what, ".json")) return open_json_file(what, arena, &out->json);
    out->source = TD_RUN_ARRAYS;
    return NULL;
}

/* ---------------------------------------------------------------- arrays */

static td_status parse_array(const unsigned char *bytes, size_t size, td_string variable, td_string file,
                             td_tensor *out)
{
    if (td_npz_is(bytes, size)) return td_npz_parse(bytes, size, variable, out);
    if (variable.size)
        td_warning("run",
                   "event=name_ignored file=\"%.*s\" name=\"%.*s\" reason=\"it contains a single ndarray\"",
                   (int)file.size, file.data, (int)variable.size, variable.data);
    return td_npy_parse(bytes, size, out);
}

static td_status read_array(td_string file, td_string variable, td_tensor *out)
{
    char *const path = td_strndup(file.data, file.size);
    char *bytes;
    size_t size;
    td_status error = td_file_read(path, FILE_LIMIT, &bytes, &size);

    if (!error) {
        error = parse_array((const unsigned char *)bytes, size, variable, file, out);
        td_free(bytes);
        error = td_status_prefix(error, "%s: ", path);
    }
    td_free(path);
    return error;
}

static td_status cast(td_dtype to, td_tensor *t)
{
    td_elt_arg arg = { 0 };
    td_tensor done;
    td_elt elt;

    if (t->dtype == to || !td_cast_find(t->dtype, to, false, td_cpu_detect(), &elt, &arg)) return NULL;
    TD_TRY(td_tensor_make(to, &t->shape, &done));
    const size_t n = (size_t)td_shape_count(&t->shape);

    if (n) (void)td_elt_run(&elt, done.data, (const void *[]){ t->data }, n, &arg);
    td_tensor_unref(t);
    *t = done;
    return NULL;
}

/* FILE or FILE[name], up to a ';' or the end; *text is moved behind it. */
static td_status read_file(const char **text, td_dtype dtype, bool is_cast, td_tensor *out)
{
    const char *const begin = *text;
    const size_t size = strcspn(begin, ";"), name = strcspn(begin, "[;");
    const bool has_name = name < size;
    td_string variable = { "", 0 };

    *text = begin + size + (begin[size] == ';');
    if (!name || (has_name && (begin[size - 1] != ']' || size - name < 3)))
        return TD_ERR(INVALID_ARGUMENT, "--inputs takes NAME=FILE or NAME=FILE[VARIABLE], not \"%s\"", begin);
    if (has_name) variable = (td_string){ begin + name + 1, size - name - 2 };
    TD_TRY(read_array((td_string){ begin, name }, variable, out));
    const td_status error = is_cast ? cast(dtype, out) : NULL;

    if (error) td_tensor_unref(out);
    return error;
}

/* ---------------------------------------------------------------- inputs by name */

static const char *option_of(td_run_source source)
{
    static const char *const names[] = { "--inputs", "--inputs", "--input_exprs", "--input_examples" };

    return names[source];
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

/* NAME=, blanks around NAME or not. */
static td_status take_name(const td_run_input *in, const char **text, td_string *out)
{
    const char *const begin = *text + strspn(*text, " \t\r\n");
    size_t size = strcspn(begin, "=;");

    if (!size || begin[size] != '=')
        return TD_ERR(INVALID_ARGUMENT, "%s takes NAME=VALUE, several of them separated by ';', not \"%s\"",
                      option_of(in->source), begin);
    *text = begin + size + 1;
    while (size && strchr(" \t\r\n", begin[size - 1]))
        size--;
    *out = (td_string){ begin, size };
    return NULL;
}

static td_status read_value(const td_run_input *in, const char **text, td_dtype dtype, td_tensor *out)
{
    if (in->source == TD_RUN_ARRAYS) return read_file(text, dtype, in->is_cast, out);
    if (in->source == TD_RUN_EXAMPLES) return td_expr_read_examples(text, out);
    return td_expr_read(text, dtype, out);
}

/* The input that is next in *text, which is moved behind it. */
static td_status fill_next(const td_run_input *in, const char **text, td_predict *p)
{
    td_tensor value;
    td_string name;

    TD_TRY(take_name(in, text, &name));
    const size_t index = td_predict_input(p, name);

    if (index == SIZE_MAX) return no_input(p, name);
    const char *const alias = p->sig->inputs[index].alias;

    TD_TRY(td_status_prefix(read_value(in, text, p->sig->inputs[index].dtype, &value),
                            "%s: %s: ", option_of(in->source), alias));
    if (p->inputs[index].dtype != TD_DTYPE_NONE)
        td_warning("run", "event=input_replaced input=\"%s\" by=%s", alias, option_of(in->source));
    td_tensor_unref(&p->inputs[index]);
    p->inputs[index] = value;
    return NULL;
}

td_status td_run_input_fill(td_run_input *in, td_predict *p)
{
    const char *text = in->text;

    if (in->source == TD_RUN_JSON) return td_json_predict_fill(&in->json, p);
    for (; *(text += strspn(text, "; \t\r\n"));)
        TD_TRY(fill_next(in, &text, p));
    return NULL;
}

/* ---------------------------------------------------------------- outputs */

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
