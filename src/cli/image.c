/* SPDX-License-Identifier: Apache-2.0 */
/* image.c -- see image.h. */
#include "cli/image.h"

#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"

static const char *environment(const char *name, const char *otherwise)
{
    const char *const value = getenv(name);

    return value && value[0] ? value : otherwise;
}

bool td_image_is_entry_point(const char *name)
{
    const char *const slash = strrchr(name, '/');

    return !strcmp(slash ? slash + 1 : name, TD_IMAGE_ENTRY_POINT);
}

static char **kept; /* the process's command line, for as long as it lives */

/* --models_dir is ours, and there is one place that names the models. */
static bool names_directory(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!strncmp(argv[i], "--models_dir=", strlen("--models_dir="))) return true;
    return false;
}

char **td_image_command_line(int argc, char **argv, int *n)
{
    enum { OUR_WORDS = 4 };
    const char *const name = environment("MODEL_NAME", "model");
    const bool has_verb = argc > 1 && argv[1][0] != '-', serves = has_verb && !strcmp(argv[1], "serve");
    const int first = serves ? 2 : 1;

    if (has_verb && !serves) return NULL;
    char **const words = TD_NEW_N(char *, (size_t)argc + OUR_WORDS + 1);
    int count = 0;

    words[count++] = argv[0];
    words[count++] = td_format("--port=8500");
    words[count++] = td_format("--rest_api_port=8501");
    if (!names_directory(argc, argv)) {
        words[count++] = td_format("--model_name=%s", name);
        words[count++] =
            td_format("--model_base_path=%s/%s", environment("MODEL_BASE_PATH", "/models"), name);
    }
    for (int i = first; i < argc; i++)
        words[count++] = argv[i];
    words[count] = NULL;
    *n = count;
    return kept = words;
}
