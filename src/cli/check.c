/* SPDX-License-Identifier: Apache-2.0 */
/* check.c -- `tensord check DIR...`: would the server load what it would find there? */
#include <stddef.h>
#include <stdio.h>

#include "base/file.h"
#include "base/macros.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/verdict.h"
#include "obs/log.h"
#include "serve/models_dir.h"
#include "serve/policy.h"

typedef struct check_args {
    td_words dirs;
    const char *tag_set;
    bool is_json;
} check_args;

typedef struct checking {
    const check_args *args;
    cJSON *list;
    bool is_good;
} checking;

static void check_version(checking *c, const td_model_options *model, const td_found *found)
{
    char *const path =
        model->is_flat ? td_strdup(model->base_path) : td_path_join(model->base_path, found->name);
    const td_verdict_of what = { model->name, path, found->version, c->args->tag_set };

    c->is_good &= td_verdict_write(&what, td_document_next(c->list));
    td_free(path);
}

/* Those versions that the server would serve. */
static td_status check_model(checking *c, const td_model_options *model)
{
    td_found *found;
    size_t n;

    TD_TRY(model->is_flat ? td_discover_flat(model->base_path, &found, &n)
                          : td_discover(model->base_path, &found, &n));
    bool *const wanted = TD_NEW_N(bool, n);

    (void)td_policy_choose(model, found, n, wanted);
    for (size_t i = 0; i < n; i++)
        if (wanted[i]) check_version(c, model, &found[i]);
    td_free(wanted);
    td_found_free(found, n);
    return NULL;
}

static td_status check_directory(checking *c, const char *path)
{
    td_model_options *models;
    size_t n;

    TD_TRY(td_models_dir_read(path, &models, &n));
    td_status error =
        n ? NULL : TD_ERR(NOT_FOUND, "%s holds no SavedModel and no directory of versions", path);

    for (size_t i = 0; i < n && !error; i++)
        error = check_model(c, &models[i]);
    td_models_free(models, n);
    return error;
}

static void print_verdicts(const cJSON *list)
{
    const cJSON *verdict;

    cJSON_ArrayForEach(verdict, list) td_verdict_print(verdict);
}

static td_status check_all(checking *c)
{
    cJSON *const d = td_document_make();
    char *text;
    td_status error = NULL;

    c->list = cJSON_AddArrayToObject(d, "models");
    for (size_t i = 0; i < c->args->dirs.n && !error; i++)
        error = check_directory(c, c->args->dirs.all[i]);
    if (!c->args->is_json) print_verdicts(c->list);
    const td_status short_of_memory = td_document_end(d, &text);

    if (!short_of_memory) {
        if (c->args->is_json) puts(text);
        td_free(text);
    }
    if (!error) return short_of_memory;
    td_status_free(short_of_memory);
    return error;
}

static int check_dirs(int argc, char **argv)
{
    check_args args = { .tag_set = "serve" };
    checking c = { .args = &args, .is_good = true };

    if (!td_verb_read(&td_verb_check, argc, argv, &args)) return TD_EXIT_USAGE;
    td_log_set_level(TD_LOG_ERROR); /* the verdict says it */
    const td_status error = check_all(&c);

    if (error) return td_cli_end("check", error);
    return c.is_good ? TD_EXIT_OK : TD_EXIT_FAILED;
}

static const td_option check_options[] = {
    { "tag_set", TD_OPTION_TEXT, offsetof(check_args, tag_set), "TAGS", "serve without it" },
    { "json", TD_OPTION_SWITCH, offsetof(check_args, is_json), NULL,
      "a document instead of text; docs/command-line.md has its keys" },
};

const td_verb td_verb_check = {
    .name = "check",
    .summary = "say whether models would be served here, and how to ask them",
    .words = "DIR... [OPTIONS]",
    .about =
        "Loads what the server would serve of each DIR (a version directory, a base path, or a directory of\n"
        "models), warm-up included, and says: whether it loads, how long that took, ops that tensord lacks,\n"
        "memory, inputs and outputs, and a request by curl and by grpcurl for each signature. Exit code 0:\n"
        "all of them load; 1: one does not, or there is none.\n",
    .options = check_options,
    .n_options = TD_COUNT(check_options),
    .completes = TD_COMPLETES_FOLDERS,
    .operands = offsetof(check_args, dirs),
    .least = 1,
    .most = TD_WORDS,
    .run = check_dirs,
};
