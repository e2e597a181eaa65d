/* SPDX-License-Identifier: Apache-2.0 */
/* cli.c -- which verb a command line means. */
#include "cli/cli.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/nearest.h"
#include "cli/image.h"
#include "kernels/blas/blas.h"

typedef struct verb {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} verb;

static int run_help(int argc, char **argv);

static const verb verbs[] = {
    { "serve", td_cli_serve,
      "serve models over gRPC and REST (the default; takes TensorFlow Serving's flags)" },
    { "show", td_cli_show, "show tag sets, signatures and ops of a SavedModel" },
    { "run", td_cli_run, "run a signature of a SavedModel once" },
    { "ops", td_cli_ops, "list the ops tensord has" },
    { "health", td_cli_health, "ask the server on this machine whether it is ready" },
    { "help", run_help, "show this" },
};

static void print_verbs(FILE *to)
{
    fputs("usage: tensord [VERB] ...\n       tensord MODELS_DIR|MODELS_CONFIG [FLAGS OF serve]\n\n", to);
    for (size_t i = 0; i < TD_COUNT(verbs); i++)
        fprintf(to, "  %-8s%s\n", verbs[i].name, verbs[i].help);
    fputs("\nEach verb has its own --help.\n", to);
}

static int run_help(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    print_verbs(stdout);
    return TD_EXIT_OK;
}

static const char *base_name(const char *path)
{
    const char *const slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static void say_unknown(const char *word)
{
    const char *names[TD_COUNT(verbs)];

    for (size_t i = 0; i < TD_COUNT(verbs); i++)
        names[i] = verbs[i].name;
    const char *const nearest = td_nearest((td_string){ word, strlen(word) }, names, TD_COUNT(verbs));
    fprintf(stderr, "tensord: no verb \"%s\"%s%s%s\n", word, nearest ? ": did you mean \"" : "",
            nearest ? nearest : "", nearest ? "\"?" : "");
}

int td_cli_main(int argc, char **argv)
{
    td_image_words words;

    td_blas_setup(); /* the environment may change only before there are threads */
    if (td_image_is_entry_point(argv[0]) && td_image_words_make(argc, argv, &words)) {
        const int code = td_cli_serve(words.argc, words.argv);

        td_image_words_fini(&words);
        return code;
    }
    if (argc < 2 || argv[1][0] == '-' || !strcmp(base_name(argv[0]), "tensorflow_model_server"))
        return td_cli_serve(argc, argv);
    for (size_t i = 0; i < TD_COUNT(verbs); i++)
        if (!strcmp(argv[1], verbs[i].name)) return verbs[i].run(argc - 1, argv + 1);
    if (!access(argv[1], F_OK)) return td_cli_serve_path(argc, argv);
    say_unknown(argv[1]);
    print_verbs(stderr);
    return TD_EXIT_USAGE;
}
