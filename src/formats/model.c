/* SPDX-License-Identifier: Apache-2.0 */
/* model.c -- which reader a path is for: a SavedModel's, or TFLite's. */
#include "formats/model.h"

#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/file_map.h"
#include "base/mem.h"

static bool is_there(const char *dir, const char *name)
{
    char *const path = td_path_join(dir, name);
    const bool yes = access(path, F_OK) == 0;

    td_free(path);
    return yes;
}

static bool is_tflite_file(const char *path)
{
    const size_t size = strlen(path);
    struct stat st;

    return size > 7 && !strcasecmp(path + size - 7, ".tflite") && !stat(path, &st) && S_ISREG(st.st_mode);
}

static bool is_saved_model(const char *dir)
{
    return is_there(dir, "saved_model.pb") || is_there(dir, "saved_model.pbtxt");
}

bool td_model_is_there(const char *dir)
{
    return is_saved_model(dir) || is_there(dir, TD_TFLITE_NAME);
}

/* The TFLite file that is read, or NULL: a SavedModel, or nothing. td_free() it. */
static char *tflite_of(const char *path, bool prefers_tflite)
{
    if (is_tflite_file(path)) return td_strdup(path);
    if (!is_there(path, TD_TFLITE_NAME)) return NULL;
    return prefers_tflite || !is_saved_model(path) ? td_path_join(path, TD_TFLITE_NAME) : NULL;
}

td_status td_model_read(const char *path, const char *tags, bool prefers_tflite, td_budget *budget,
                        td_model_file **out)
{
    char *const file = tflite_of(path, prefers_tflite);
    const td_status error =
        file ? td_tflite_read(file, path, budget, out) : td_savedmodel_read(path, tags, budget, out);

    td_free(file);
    return error;
}

int64_t td_model_weight_bytes(const char *path)
{
    char *const file = tflite_of(path, false), *const folder = td_path_join(path, "variables");
    struct stat st;
    const int64_t bytes = !file ? td_folder_bytes(folder) : stat(file, &st) ? 0 : (int64_t)st.st_size;

    td_free(file);
    td_free(folder);
    return bytes;
}

td_status td_model_tag_sets(const char *path, td_arena *arena, const char ***out, size_t *n)
{
    char *const file = tflite_of(path, false);

    if (!file) return td_savedmodel_tag_sets(path, arena, out, n);
    td_free(file);
    *out = TD_ARENA_NEW_N(arena, const char *, 1);
    (*out)[0] = "serve";
    *n = 1;
    return NULL;
}

void td_model_file_free(td_model_file *m)
{
    if (!m) return;
    if (m->release) m->release(m->owned);
    td_arena_free(m->arena);
    td_free(m);
}

void td_model_file_rest(const td_model_file *m)
{
    td_file_map_forget(m->mapped, m->mapped_size);
}
