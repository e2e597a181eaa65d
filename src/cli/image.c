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

/* --models_dir is ours, and there is one place that names the models. */
static bool names_directory(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!strncmp(argv[i], "--models_dir=", strlen("--models_dir="))) return true;
    return false;
}

bool td_image_words_make(int argc, char **argv, td_image_words *out)
{
    enum { MOST_OWN = 4 };
    const char *const name = environment("MODEL_NAME", "model");
    const bool has_verb = argc > 1 && argv[1][0] != '-', serves = has_verb && !strcmp(argv[1], "serve");

    if (has_verb && !serves) return false;
    char **const words = TD_NEW_N(char *, (size_t)argc + MOST_OWN + 1);
    int n = 0;

    words[n++] = argv[0];
    words[n++] = td_format("--port=8500");
    words[n++] = td_format("--rest_api_port=8501");
    if (!names_directory(argc, argv)) {
        words[n++] = td_format("--model_name=%s", name);
        words[n++] = td_format("--model_base_path=%s/%s", environment("MODEL_BASE_PATH", "/models"), name);
    }
    *out = (td_image_words){ .own = n - 1, .argv = words };
    for (int i = serves ? 2 : 1; i < argc; i++)
        words[n++] = argv[i];
    out->argc = n;
    return true;
}

void td_image_words_fini(td_image_words *w)
{
    for (int i = 1; i <= w->own; i++)
        td_free(w->argv[i]);
    td_free(w->argv);
    *w = (td_image_words){ 0 };
}
