/* SPDX-License-Identifier: Apache-2.0 */
/* show.c -- `tensord show DIR`: a SavedModel's tag sets, signatures and ops. Asked as saved_model_cli is, it answers as
 * that does (show_tf.h). */
#include "cli/cli.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "cli/describe.h"
#include "cli/op_list.h"
#include "cli/show_size.h"
#include "cli/show_tf.h"
#include "obs/log.h"

typedef struct show_args {
    td_words dirs;
    const char *dir;     /* of --dir; then of either */
    const char *tag_set; /* NULL: "serve" if it is there, else the first */
    const char *signature;
    bool is_all, has_ops, has_graph, has_size, is_json;
} show_args;

static bool is_internal(const td_signature *s)
{
    return !strncmp(s->name, "__saved_model", strlen("__saved_model"));
}

/* NULL when the model cannot be loaded, which is for `serve` to explain. */
static td_session *load(const char *dir, const char *tags)
{
    const td_session_options options = { .tags = tags, .skip_warmup = true };
    td_session *loaded = NULL;

    td_status_free(td_session_load(dir, &options, &loaded));
    return loaded;
}

/* ---------------------------------------------------------------- for people */

static void print_batchable(const td_session *loaded, const char *signature)
{
    const td_signature *const s = loaded ? td_session_find_signature(loaded, signature) : NULL;
    const char *why;

    if (!s)
        puts("  Batchable: not known, the model does not load");
    else if (td_session_is_batchable(loaded, s, &why))
        puts("  Batchable: yes");
    else
        printf("  Batchable: no: %s\n", why);
}

static void print_signatures(const td_model_file *m, const show_args *args, const char *tags)
{
    td_session *const loaded = load(args->dir, tags);

    for (size_t i = 0; i < m->n_signatures; i++) {
        if (is_internal(&m->signatures[i])) continue;
        printf("\nsignature_def['%s']:\n", m->signatures[i].name);
        td_show_signature(&m->signatures[i], "  ", true);
        print_batchable(loaded, m->signatures[i].name);
    }
    td_session_unref(loaded);
}

static void print_ops(const td_needed_op *ops, size_t n)
{
    size_t missing = 0;

    printf("\nServing it takes the following ops:\n ");
    for (size_t i = 0; i < n; i++) {
        printf(" %s", ops[i].name);
        if (ops[i].count > 1) printf(" x%zu", ops[i].count);
        putchar(i + 1 < n ? ',' : '\n');
        missing += ops[i].is_missing;
    }
    if (!missing) {
        puts("tensord has all of them.");
        return;
    }
    printf("tensord lacks %zu of them:\n", missing);
    for (size_t i = 0; i < n; i++)
        if (ops[i].is_missing) printf("  %s (node %s)\n", ops[i].name, ops[i].node);
}

static void print_graph(const char *what, const char *name, const td_graph *g)
{
    td_strbuf text = { NULL, 0, 0 };

    td_graph_dump(g, &text);
    printf("\n%s %s:\n%s", what, name, td_strbuf_text(&text));
    td_strbuf_fini(&text);
}

static td_status print_model(td_model_file *m, const show_args *args, const char *tags)
{
    td_needed_op *ops;
    size_t n;

    printf("\nMetaGraphDef with tag-set: '%s' contains the following SignatureDefs:\n", tags);
    print_signatures(m, args, tags);
    TD_TRY(td_op_list_needed(m, args->has_graph ? print_graph : NULL, &ops, &n));
    print_ops(ops, n);
    return NULL;
}

static td_status print(const show_args *args, const char *const *sets, size_t n, const char *tags)
{
    td_budget budget;
    td_model_file *m;

    puts("The given SavedModel contains the following tag-sets:");
    for (size_t i = 0; i < n; i++)
        printf("'%s'\n", sets[i]);
    TD_TRY(td_show_read(args->dir, tags, &budget, &m));
    const td_status error = print_model(m, args, tags);

    td_model_file_free(m);
    return error;
}

/* ---------------------------------------------------------------- for programs */

static void write_signature(const td_signature *s, const td_session *loaded, cJSON *into)
{
    const td_signature *const found = loaded ? td_session_find_signature(loaded, s->name) : NULL;

    td_describe_signature(s, into);
    if (found) td_describe_batchable(loaded, found, into);
}

static td_status write_ops(td_model_file *m, cJSON *list)
{
    td_needed_op *ops;
    size_t n;

    TD_TRY(td_op_list_needed(m, NULL, &ops, &n));
    for (size_t i = 0; i < n; i++) {
        cJSON *const item = td_document_next(list);

        td_document_text(item, "name", ops[i].name);
        cJSON_AddNumberToObject(item, "nodes", (double)ops[i].count);
        cJSON_AddBoolToObject(item, "missing", ops[i].is_missing);
        if (ops[i].is_missing) td_document_text(item, "node", ops[i].node);
    }
    return NULL;
}

static td_status write_model(const show_args *args, const char *tags, cJSON *d)
{
    td_budget budget;
    td_model_file *m;

    TD_TRY(td_show_read(args->dir, tags, &budget, &m));
    td_session *const loaded = load(args->dir, tags);
    cJSON *const list = cJSON_AddArrayToObject(d, "signatures");

    for (size_t i = 0; i < m->n_signatures; i++)
        if (!is_internal(&m->signatures[i]))
            write_signature(&m->signatures[i], loaded, td_document_next(list));
    const td_status error = write_ops(m, cJSON_AddArrayToObject(d, "ops"));

    td_session_unref(loaded);
    td_model_file_free(m);
    return error;
}

static td_status write(const show_args *args, const char *const *sets, size_t n, const char *tags)
{
    cJSON *const d = td_document_make();
    cJSON *const list = cJSON_AddArrayToObject(d, "tag_sets");

    for (size_t i = 0; i < n; i++)
        td_document_item(list, sets[i]);
    td_document_text(d, "path", args->dir);
    td_document_text(d, "tag_set", tags);
    return td_describe_print(d, write_model(args, tags, d));
}

/* ---------------------------------------------------------------- which of them */

static const char *choose_set(const show_args *args, const char *const *sets, size_t n)
{
    if (args->tag_set) return args->tag_set;
    for (size_t i = 0; i < n; i++)
        if (!strcmp(sets[i], "serve")) return sets[i];
    return n ? sets[0] : "serve";
}

/* is_tf: saved_model_cli's spelling of the directory. */
static td_status show(const show_args *args, bool is_tf, td_arena *arena)
{
    const char **sets = NULL;
    size_t n;
    td_show_tf what = { args->dir, args->tag_set, args->signature, args->is_all, args->has_ops };

    TD_TRY(td_model_tag_sets(args->dir, arena, &sets, &n));
    const char *const tags = choose_set(args, sets, n);

    if (args->has_size) return td_show_size(args->dir, tags, args->is_json);
    if (args->is_json) return write(args, sets, n, tags);
    if (args->has_graph) return print(args, sets, n, tags);
    if (is_tf || args->is_all) return td_show_tf_print(&what);
    what.tag_set = tags;
    return args->signature || args->has_ops ? td_show_tf_print(&what) : print(args, sets, n, tags);
}

static int show_dir(int argc, char **argv)
{
    show_args args = { 0 };

    if (!td_verb_read(&td_verb_show, argc, argv, &args)) return TD_EXIT_USAGE;
    const bool is_tf = args.dir != NULL;

    if (!td_verb_take_dir(&td_verb_show, &args.dirs, &args.dir)) return TD_EXIT_USAGE;
    td_log_set_level(TD_LOG_ERROR); /* what a load warns of is no news here */
    td_arena *const arena = td_arena_make();
    const td_status error = show(&args, is_tf, arena);

    td_arena_free(arena);
    return td_cli_end("show", error);
}

static const td_option show_options[] = {
    { "dir", TD_OPTION_TEXT, offsetof(show_args, dir), "DIR",
      "saved_model_cli's way to say DIR: what is printed is then what that prints" },
    { "tag_set", TD_OPTION_TEXT, offsetof(show_args, tag_set), "TAGS",
      "the meta graph to show, tags separated by commas; without it, \"serve\" or the first" },
    { "signature_def", TD_OPTION_TEXT, offsetof(show_args, signature), "NAME",
      "only the inputs and outputs of that signature, as saved_model_cli prints them" },
    { "all", TD_OPTION_SWITCH, offsetof(show_args, is_all), NULL,
      "every meta graph, as saved_model_cli show --all prints them" },
    { "list_ops", TD_OPTION_SWITCH, offsetof(show_args, has_ops), NULL,
      "the ops of the graph as written, as saved_model_cli prints them" },
    { "graph", TD_OPTION_SWITCH, offsetof(show_args, has_graph), NULL,
      "the nodes, too: one a line, of each signature and each function it calls" },
    { "size", TD_OPTION_SWITCH, offsetof(show_args, has_size), NULL,
      "where the bytes are: variables, largest first, those that are there twice, and weights in each "
      "precision" },
    { "json", TD_OPTION_SWITCH, offsetof(show_args, is_json), NULL,
      "a document instead of text; docs/command-line.md has its keys" },
};

const td_verb td_verb_show = {
    .name = "show",
    .summary = "show tag sets, signatures and ops of a SavedModel",
    .words = "DIR [OPTIONS]",
    .about =
        "Shows tag sets, signatures with their inputs and outputs, whether rows of several requests may run\n"
        "together, and the ops they need, of the SavedModel in the version directory DIR. No signature is "
        "run.\n",
    .options = show_options,
    .n_options = TD_COUNT(show_options),
    .completes = TD_COMPLETES_FOLDERS,
    .operands = offsetof(show_args, dirs),
    .most = 1,
    .run = show_dir,
};
