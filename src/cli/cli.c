/* SPDX-License-Identifier: Apache-2.0 */
/* cli.c -- which verb a command line means. */
#include "cli/cli.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/macros.h"
#include "cli/image.h"
#include "kernels/blas/blas.h"

static int run_help(int argc, char **argv);

static const td_verb help_verb = {
    .name = "help",
    .summary = "show this, or the page of a verb",
    .words = "[VERB]",
    .about = "Shows the verbs, or all that a verb takes.\n",
    .completes = TD_COMPLETES_VERBS,
    .run = run_help,
};

static const td_verb *const verbs[] = {
    &td_verb_serve,    &td_verb_check, &td_verb_show,   &td_verb_run,        &td_verb_bench,
    &td_verb_quantize, &td_verb_ops,   &td_verb_health, &td_verb_completion, &help_verb,
};

const td_verb *const *td_cli_verbs(size_t *n)
{
    *n = TD_COUNT(verbs);
    return verbs;
}

static const td_verb *find_verb(const char *name)
{
    for (size_t i = 0; i < TD_COUNT(verbs); i++)
        if (!strcmp(name, verbs[i]->name)) return verbs[i];
    return NULL;
}

static void print_verbs(FILE *to)
{
    fputs("usage: tensord VERB ...\n       tensord MODELS_DIR|MODELS_CONFIG [FLAGS OF serve]\n"
          "       tensord FLAGS OF serve\n\n",
          to);
    for (size_t i = 0; i < TD_COUNT(verbs); i++)
        fprintf(to, "  %-12s%s\n", verbs[i]->name, verbs[i]->summary);
    fputs("\n`tensord help VERB` says what a verb takes; `tensord --version` which this is.\n", to);
}

static int say_unknown(const char *word)
{
    const char *names[TD_COUNT(verbs)];

    for (size_t i = 0; i < TD_COUNT(verbs); i++)
        names[i] = verbs[i]->name;
    fprintf(stderr, "tensord: no verb \"%s\"", word);
    td_verb_suggest(word, names, TD_COUNT(verbs), "");
    print_verbs(stderr);
    return TD_EXIT_USAGE;
}

static int run_help(int argc, char **argv)
{
    const td_verb *const v = argc > 1 ? find_verb(argv[1]) : NULL;

    if (argc > 1 && !v) return say_unknown(argv[1]);
    if (v)
        td_verb_help(v, stdout);
    else
        print_verbs(stdout);
    return TD_EXIT_OK;
}

static bool is_help(const char *word)
{
    return !strcmp(word, "--help") || !strcmp(word, "-h");
}

static int run_verb(const td_verb *v, int argc, char **argv)
{
    if (argc != 2 || !is_help(argv[1])) return v->run(argc, argv);
    td_verb_help(v, stdout);
    return TD_EXIT_OK;
}

int td_cli_end(const char *verb, td_status error)
{
    if (!error) return TD_EXIT_OK;
    fflush(stdout);
    fprintf(stderr, "tensord %s: %s: %s\n", verb, td_code_name(td_status_code(error)), td_status_text(error));
    td_status_free(error);
    return TD_EXIT_FAILED;
}

static const char *base_name(const char *path)
{
    const char *const slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

int td_cli_main(int argc, char **argv)
{
    td_image_words words;

    td_blas_setup(); /* the environment may change only before there are threads */
    if (td_image_is_entry_point(argv[0]) && td_image_words_make(argc, argv, &words)) {
        const int code = td_verb_serve.run(words.argc, words.argv);

        td_image_words_fini(&words);
        return code;
    }
    if (argc < 2 || !strcmp(base_name(argv[0]), "tensorflow_model_server"))
        return td_verb_serve.run(argc, argv);
    if (argc == 2 && is_help(argv[1])) return run_help(1, argv);
    if (argv[1][0] == '-') return td_verb_serve.run(argc, argv);
    const td_verb *const v = find_verb(argv[1]);

    if (v) return run_verb(v, argc - 1, argv + 1);
    if (!access(argv[1], F_OK)) return td_cli_serve_path(argc, argv);
    return say_unknown(argv[1]);
}
