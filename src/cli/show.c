/* SPDX-License-Identifier: Apache-2.0 */
/* show.c -- `tensord show DIR`: a SavedModel's tag sets, signatures and ops,
 * laid out as saved_model_cli does. */
#include "cli/cli.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli/op_list.h"
#include "obs/log.h"
#include "tensord/session.h"

typedef struct show_args {
    td_words dirs;
    const char *dir;
    const char *tag_set; /* NULL: "serve" if it is there, else the first */
    bool is_all, has_graph;
} show_args;

/* "(-1, 8)", "()", "unknown_rank" */
static void print_shape(const td_shape *s)
{
    if (s->rank < 0) {
        fputs("unknown_rank", stdout);
        return;
    }
    putchar('(');
    for (int32_t i = 0; i < s->rank; i++)
        printf("%s%" PRId64, i ? ", " : "", s->dims[i]);
    putchar(')');
}

static void print_infos(const char *kind, const td_tensor_info *infos, size_t n)
{
    printf("  The given SavedModel SignatureDef contains the following %s(s):\n", kind);
    for (size_t i = 0; i < n; i++) {
        printf("    %ss['%s'] tensor_info:\n        dtype: %s%s\n        shape: ", kind, infos[i].alias,
               td_dtype_pb_name(infos[i].dtype), infos[i].is_ref ? "_REF" : "");
        print_shape(&infos[i].shape);
        printf("\n        name: %s%s\n", infos[i].tensor,
               infos[i].default_value ? " (has a default value)" : "");
    }
}

/* loaded: NULL when the model cannot be, which is for `serve` to explain. */
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

static void print_signature(const td_signature *s, const td_session *loaded)
{
    printf("\nsignature_def['%s']:\n", s->name);
    print_infos("input", s->inputs, s->n_inputs);
    print_infos("output", s->outputs, s->n_outputs);
    printf("  Method name is: %s\n", s->method);
    print_batchable(loaded, s->name);
}

static void print_signatures(const td_model_file *m, const show_args *args, const char *tags)
{
    const td_session_options options = { .tags = tags, .skip_warmup = true };
    td_session *loaded = NULL;

    td_status_free(td_session_load(args->dir, &options, &loaded));
    for (size_t i = 0; i < m->n_signatures; i++)
        if (args->is_all || strncmp(m->signatures[i].name, "__saved_model", 13) != 0)
            print_signature(&m->signatures[i], loaded);
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

static td_status show_model(td_model_file *m, const show_args *args, const char *tags)
{
    td_needed_op *ops;
    size_t n;

    printf("\nMetaGraphDef with tag-set: '%s' contains the following SignatureDefs:\n", tags);
    print_signatures(m, args, tags);
    TD_TRY(td_op_list_needed(m, args->has_graph ? print_graph : NULL, &ops, &n));
    print_ops(ops, n);
    return NULL;
}

static td_status show_meta_graph(const show_args *args, const char *tags)
{
    td_budget budget;
    td_model_file *m;

    td_budget_begin(&budget, TD_LOAD_NODES, 0, TD_LOAD_BYTES, 0);
    TD_TRY(td_savedmodel_read(args->dir, tags, &budget, &m));
    const td_status error = show_model(m, args, tags);

    td_model_file_free(m);
    return error;
}

static const char *choose_set(const show_args *args, const char *const *sets, size_t n)
{
    if (args->tag_set) return args->tag_set;
    for (size_t i = 0; i < n; i++)
        if (!strcmp(sets[i], "serve")) return sets[i];
    return n ? sets[0] : "serve";
}

static td_status show(const show_args *args, td_arena *arena)
{
    const char **sets = NULL;
    size_t n;

    TD_TRY(td_savedmodel_tag_sets(args->dir, arena, &sets, &n));
    puts("The given SavedModel contains the following tag-sets:");
    for (size_t i = 0; i < n; i++)
        printf("'%s'\n", sets[i]);
    if (!args->is_all || args->tag_set) return show_meta_graph(args, choose_set(args, sets, n));
    for (size_t i = 0; i < n; i++)
        TD_TRY(show_meta_graph(args, sets[i]));
    return NULL;
}

static int show_dir(int argc, char **argv)
{
    show_args args = { 0 };

    if (!td_verb_read(&td_verb_show, argc, argv, &args)) return TD_EXIT_USAGE;
    args.dir = args.dirs.all[0];
    td_log_set_level(TD_LOG_ERROR); /* what a load warns of is no news here */
    td_arena *const arena = td_arena_make();
    const td_status error = show(&args, arena);

    td_arena_free(arena);
    return td_cli_end("show", error);
}

static const td_option show_options[] = {
    { "dir", TD_OPTION_TEXTS, offsetof(show_args, dirs), "DIR",
      "another way to say DIR, as saved_model_cli has it" },
    { "tag_set", TD_OPTION_TEXT, offsetof(show_args, tag_set), "TAGS",
      "the meta graph to show, tags separated by commas; without it, \"serve\" or the first" },
    { "all", TD_OPTION_SWITCH, offsetof(show_args, is_all), NULL,
      "every meta graph, and signatures that only describe init ops" },
    { "graph", TD_OPTION_SWITCH, offsetof(show_args, has_graph), NULL,
      "the nodes, too: one a line, of each signature and each function it calls" },
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
    .operands = offsetof(show_args, dirs),
    .least = 1,
    .most = 1,
    .run = show_dir,
};
