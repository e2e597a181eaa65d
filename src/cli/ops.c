/* SPDX-License-Identifier: Apache-2.0 */
/* ops.c -- `tensord ops [PATTERN]`: the table of ops, a line each: name, signature, attributes, separated by tabs; or a
 * document. */
#include <ctype.h>
#include <fnmatch.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "cli/describe.h"
#include "ops/op.h"

typedef struct ops_args {
    td_words patterns;
    bool is_json;
} ops_args;

/* In small letters; td_free() it. */
static char *lower(const char *text)
{
    char *const copy = td_strdup(text);

    for (char *p = copy; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return copy;
}

/* A pattern with * ? [ is one for the whole name; any other is a part of it. Case counts for neither. */
static bool is_match(const char *name, const char *pattern)
{
    char *const a = lower(name), *const b = lower(pattern);
    const bool is_glob = strpbrk(pattern, "*?[") != NULL;
    const bool is_good = is_glob ? fnmatch(b, a, 0) == 0 : strstr(a, b) != NULL;

    td_free(a);
    td_free(b);
    return is_good;
}

static const char *text_of(const char *text)
{
    return text ? text : "";
}

/* list: NULL to print it. */
static void put(const td_op *op, cJSON *list)
{
    if (!list) {
        printf("%s\t%s\t%s\n", op->name, text_of(op->sig), text_of(op->attrs));
        return;
    }
    cJSON *const item = td_document_next(list);

    td_document_text(item, "name", op->name);
    td_document_text(item, "signature", text_of(op->sig));
    td_document_text(item, "attributes", text_of(op->attrs));
}

/* How many there are. */
static size_t put_ops(const char *pattern, cJSON *list)
{
    const td_op *const *ops;
    const size_t n = td_op_list(&ops);
    size_t found = 0;

    for (size_t i = 0; i < n; i++) {
        if (ops[i]->name[0] == '_') continue; /* the fusions' own */
        if (pattern && !is_match(ops[i]->name, pattern)) continue;
        put(ops[i], list);
        found++;
    }
    return found;
}

static td_status list_json(const char *pattern, size_t *found)
{
    cJSON *const d = td_document_make();

    *found = put_ops(pattern, cJSON_AddArrayToObject(d, "ops"));
    return td_describe_print(d, NULL);
}

static void say_none(const char *pattern)
{
    const td_op *const *ops;
    const size_t n = td_op_list(&ops);
    const char **const names = TD_NEW_N(const char *, n);

    for (size_t i = 0; i < n; i++)
        names[i] = ops[i]->name;
    fprintf(stderr, "tensord ops: no op is like \"%s\"", pattern);
    td_verb_suggest(pattern, names, n, "");
    td_free(names);
}

static int list_ops(int argc, char **argv)
{
    ops_args args = { 0 };
    size_t found = 0;

    if (!td_verb_read(&td_verb_ops, argc, argv, &args)) return TD_EXIT_USAGE;
    const char *const pattern = args.patterns.n ? args.patterns.all[0] : NULL;
    const td_status error = args.is_json ? list_json(pattern, &found) : NULL;

    if (error) return td_cli_end("ops", error);
    if (!args.is_json) found = put_ops(pattern, NULL);
    if (found) return TD_EXIT_OK;
    say_none(text_of(pattern));
    return TD_EXIT_FAILED;
}

static const td_option ops_options[] = {
    { "json", TD_OPTION_SWITCH, offsetof(ops_args, is_json), NULL,
      "a document: {\"ops\": [{\"name\", \"signature\", \"attributes\"}, ...]}" },
};

const td_verb td_verb_ops = {
    .name = "ops",
    .summary = "list the ops tensord has",
    .words = "[PATTERN] [OPTIONS]",
    .about = "Lists the ops that tensord has: name, signature, attributes, separated by tabs. PATTERN is a "
             "part of\n"
             "the name, or, with * ? or [, a pattern for all of it; case does not count. Exit code 1: there "
             "is none.\n",
    .options = ops_options,
    .n_options = TD_COUNT(ops_options),
    .operands = offsetof(ops_args, patterns),
    .most = 1,
    .run = list_ops,
};
