/* SPDX-License-Identifier: Apache-2.0 */
/* models_dir.c -- see models_dir.h. */
#include "serve/models_dir.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/vec.h"
#include "formats/model.h"
#include "serve/discover.h"

typedef enum versions { NO_VERSION, ANY_VERSION, SAVED_VERSION } versions;

/* What children with numbers for names there are: one that holds a SavedModel, or others. */
static versions look_for_versions(const char *directory)
{
    td_found *found;
    size_t n;
    const td_status error = td_discover(directory, &found, &n);
    versions seen = NO_VERSION;

    td_status_free(error);
    if (error) return NO_VERSION;
    for (size_t i = 0; i < n && seen != SAVED_VERSION; i++) {
        char *const path = td_path_join(directory, found[i].name);

        seen = td_model_is_there(path) ? SAVED_VERSION : ANY_VERSION;
        td_free(path);
    }
    td_found_free(found, n);
    return seen;
}

static td_model_options *add(td_vec *list, const char *name, const char *path)
{
    td_model_options *const model = td_vec_push(list);

    *model = (td_model_options){ .name = td_strdup(name), .base_path = td_strdup(path), .latest = 1 };
    return model;
}

/* path, absolute, is a SavedModel. */
static void add_saved_model(td_vec *list, const char *path)
{
    const char *const name = strrchr(path, '/') + 1;
    int64_t version;

    if (!td_version_parse(name, &version)) {
        add(list, name, path)->is_flat = true;
        return;
    }
    char *const above = td_strdup(path);

    above[name - path - 1] = '\0';
    td_model_options *const model = add(list, strrchr(above, '/') ? strrchr(above, '/') + 1 : "model", above);
    model->policy = TD_POLICY_SPECIFIC;
    model->versions = TD_NEW(int64_t);
    model->versions[0] = version;
    model->n_versions = 1;
    td_free(above);
}

static void add_child(td_vec *list, const char *directory, const char *name)
{
    char *const path = td_path_join(directory, name);

    if (td_model_is_there(path))
        add(list, name, path)->is_flat = true;
    else if (look_for_versions(path) != NO_VERSION)
        (void)add(list, name, path);
    td_free(path);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const td_model_options *)a)->name, ((const td_model_options *)b)->name);
}

static void add_children(td_vec *list, DIR *dir, const char *path)
{
    for (const struct dirent *entry; (entry = readdir(dir));)
        if (entry->d_name[0] != '.') add_child(list, path, entry->d_name);
    if (list->size) qsort(list->data, list->size, sizeof(td_model_options), by_name);
}

td_status td_models_dir_read(const char *path, td_model_options **out, size_t *n)
{
    td_vec list = TD_VEC(td_model_options);
    char *const real = realpath(path, NULL);
    DIR *const dir = real ? opendir(real) : NULL;
    const int error = errno;

    if (!dir) {
        free(real);
        if (error == ENOENT || error == ENOTDIR) return TD_ERR(NOT_FOUND, "%s is no directory", path);
        return TD_ERR(UNAVAILABLE, "%s cannot be read: %s", path, strerror(error));
    }
    if (td_model_is_there(real))
        add_saved_model(&list, real);
    else if (look_for_versions(real) == SAVED_VERSION)
        (void)add(&list, strrchr(real, '/') + 1, real);
    else
        add_children(&list, dir, real);
    closedir(dir);
    free(real);
    *out = list.data;
    *n = list.size;
    return NULL;
}
