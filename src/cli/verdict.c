/* SPDX-License-Identifier: Apache-2.0 */
/* verdict.c -- see verdict.h. What people read is made from the document: there is one truth. */
#include "cli/verdict.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/macros.h"
#include "base/mem.h"
#include "cli/describe.h"
#include "cli/op_list.h"
#include "cli/sample.h"
#include "cli/show_tf.h"
#include "codec/pb/replay.h"
#include "exec/memory.h"
#include "serve/table.h"
#include "serve/warmup.h"

static bool is_internal(const td_signature *s)
{
    return !strncmp(s->name, "__saved_model", strlen("__saved_model"));
}

/* ---------------------------------------------------------------- what is in the file */

/* What the file's graph of it names, whatever passes would leave out. */
static void write_missing(cJSON *into, td_model_file *file, const td_signature *s)
{
    cJSON *const list = cJSON_AddArrayToObject(into, "missing_ops");
    td_needed_op *ops = NULL;
    size_t n = 0;

    td_status_free(td_op_list_of(file, s, &ops, &n));
    for (size_t i = 0; i < n; i++)
        if (ops[i].is_missing) td_document_item(list, ops[i].name);
}

static void write_sample(cJSON *into, const char *name, const char *model, const td_signature *s,
                         void (*make)(const char *model, const td_signature *s, td_strbuf *out))
{
    td_strbuf text = { 0 };

    make(model, s, &text);
    if (text.size) td_document_text(into, name, td_strbuf_text(&text));
    td_strbuf_fini(&text);
}

/* loaded: NULL where it did not. */
static void write_signature(cJSON *into, const td_verdict_of *what, td_model_file *file,
                            const td_signature *s, td_session *loaded)
{
    const td_signature *const found = loaded ? td_session_find_signature(loaded, s->name) : NULL;
    const char *const trouble = found ? td_session_trouble(loaded, found) : NULL;

    td_describe_signature(s, into);
    cJSON_AddBoolToObject(into, "runs", found && !trouble);
    if (trouble) td_document_text(into, "error", trouble);
    if (!found || trouble) write_missing(into, file, s);
    if (!found || trouble) return;
    td_describe_batchable(loaded, found, into);
    write_sample(into, "curl", what->model, s, td_sample_curl);
    write_sample(into, "grpcurl", what->model, s, td_sample_grpcurl);
}

/* A file that cannot be read has no signatures: the load's error says why. */
static void write_signatures(cJSON *into, const td_verdict_of *what, td_session *loaded)
{
    cJSON *const list = cJSON_AddArrayToObject(into, "signatures");
    td_budget budget;
    td_model_file *file;
    const td_status error = td_show_read(what->path, what->tags, &budget, &file);

    td_status_free(error);
    if (error) return;
    for (size_t i = 0; i < file->n_signatures; i++)
        if (!is_internal(&file->signatures[i]))
            write_signature(td_document_next(list), what, file, &file->signatures[i], loaded);
    td_model_file_free(file);
}

static void write_tag_sets(cJSON *into, const td_verdict_of *what)
{
    cJSON *const list = cJSON_AddArrayToObject(into, "tag_sets");
    td_arena *const arena = td_arena_make();
    const char **sets = NULL;
    size_t n = 0;

    td_status_free(td_model_tag_sets(what->path, arena, &sets, &n));
    for (size_t i = 0; i < n; i++)
        td_document_item(list, sets[i]);
    td_arena_free(arena);
}

/* ---------------------------------------------------------------- the load */

static void keep(td_servable *s)
{
    td_servable_free(s); /* the session is this file's */
}

/* As the server loads by default: with rows of zeros, or the model's own requests, before it counts. */
static td_status load(const td_verdict_of *what, td_session **out)
{
    const td_serve_options serve = { .enable_model_warmup = true,
                                     .synthetic_warmup = true,
                                     .replay = td_replay_file };
    td_session_options options = { .tags = what->tags };
    const int64_t most_ns = (int64_t)TD_LOAD_SECONDS * 1000000000;

    td_warmup_plan(&serve, what->path, NULL, &options);
    TD_TRY(td_session_load(what->path, &options, out));
    td_servable *const s = td_servable_make(what->model, what->version, *out, keep, NULL);
    const td_status error = td_warmup_run(&serve, s, what->path, td_now_ns() + most_ns);

    td_servable_release(s);
    if (!error) return NULL;
    td_session_unref(*out);
    *out = NULL;
    return error;
}

static void write_memory(cJSON *into, const char *path, const td_session *s)
{
    const td_session_memory m = td_session_memory_of(s);
    cJSON *const memory = td_document_object(into, "memory");

    cJSON_AddNumberToObject(memory, "mapped_bytes", (double)td_model_weight_bytes(path));
    cJSON_AddNumberToObject(memory, "constant_bytes", (double)m.constants);
    cJSON_AddNumberToObject(memory, "packed_bytes", (double)m.packed);
    cJSON_AddNumberToObject(memory, "plan_bytes", (double)m.plans);
}

bool td_verdict_write(const td_verdict_of *what, cJSON *into)
{
    const int64_t start = td_now_ns();
    td_session *s = NULL;
    const td_status error = load(what, &s);

    td_document_text(into, "path", what->path);
    td_document_text(into, "model", what->model);
    td_document_number(into, "version", what->version);
    cJSON_AddBoolToObject(into, "loads", !error);
    cJSON_AddNumberToObject(into, "load_ms", (double)((td_now_ns() - start) / 1000) / 1e3);
    if (error) {
        td_document_text(into, "code", td_code_name(td_status_code(error)));
        td_document_text(into, "error", td_status_text(error));
    }
    write_tag_sets(into, what);
    if (s) write_memory(into, what->path, s);
    write_signatures(into, what, s);
    td_session_unref(s);
    td_status_free(error);
    return s != NULL;
}

/* ---------------------------------------------------------------- for people */

static const char *text_at(const cJSON *object, const char *name)
{
    const char *const text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

    return text ? text : "";
}

static double number_at(const cJSON *object, const char *name)
{
    const cJSON *const item = cJSON_GetObjectItemCaseSensitive(object, name);

    return item ? cJSON_GetNumberValue(item) : 0;
}

static bool is_true(const cJSON *object, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static void print_list(const char *title, const cJSON *list)
{
    const cJSON *item;
    bool is_next = false;

    if (!cJSON_GetArraySize(list)) return;
    fputs(title, stdout);
    cJSON_ArrayForEach(item, list)
    {
        printf("%s%s", is_next ? ", " : "", cJSON_GetStringValue(item));
        is_next = true;
    }
    putchar('\n');
}

static void print_infos(const cJSON *signature, const char *kind, const char *word)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(signature, kind)) printf(
        "    %s %s: %s %s\n", word, text_at(item, "name"), text_at(item, "dtype"), text_at(item, "shape"));
}

static void print_signature(const cJSON *s)
{
    printf("  signature %s\n", text_at(s, "name"));
    if (*text_at(s, "error")) printf("    cannot run: %s\n", text_at(s, "error"));
    print_list("    ops that tensord lacks: ", cJSON_GetObjectItemCaseSensitive(s, "missing_ops"));
    print_infos(s, "inputs", "input");
    print_infos(s, "outputs", "output");
    if (!is_true(s, "runs")) return;
    if (is_true(s, "batchable"))
        puts("    batchable: yes");
    else
        printf("    batchable: no: %s\n", text_at(s, "not_batchable"));
    if (*text_at(s, "curl")) printf("    %s\n", text_at(s, "curl"));
    if (*text_at(s, "grpcurl")) printf("    %s\n", text_at(s, "grpcurl"));
}

static void print_memory(const cJSON *m)
{
    printf("  memory: %.0f bytes of weights in files, mapped; %.0f of constants and state, %.0f of packed "
           "weights, "
           "%.0f of plans\n",
           number_at(m, "mapped_bytes"), number_at(m, "constant_bytes"), number_at(m, "packed_bytes"),
           number_at(m, "plan_bytes"));
}

void td_verdict_print(const cJSON *v)
{
    const cJSON *const memory = cJSON_GetObjectItemCaseSensitive(v, "memory"), *s;

    if (is_true(v, "loads"))
        printf("%s: loads, in %.1f ms\n", text_at(v, "path"), number_at(v, "load_ms"));
    else
        printf("%s: does not load: %s: %s\n", text_at(v, "path"), text_at(v, "code"), text_at(v, "error"));
    print_list("  tag sets: ", cJSON_GetObjectItemCaseSensitive(v, "tag_sets"));
    if (memory) print_memory(memory);
    cJSON_ArrayForEach(s, cJSON_GetObjectItemCaseSensitive(v, "signatures")) print_signature(s);
}
