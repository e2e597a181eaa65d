/* SPDX-License-Identifier: Apache-2.0 */
/* advice.c -- looks around where a model should be, two levels deep, and names the mistake that is seen most:
 * a level too high or too low, or a file of another kind. */
#include "formats/advice.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"

enum { LOOKED_AT = 2000, NAMES = 64, SHOWN = 5 }; /* entries in all; names that are kept, and shown */

static const struct kind {
    const char *ending, *what, *advice;
} kinds[] = {
    { ".keras", "a Keras file",
      "load it with keras.saving.load_model() and write a SavedModel by model.export(DIR)" },
    { ".h5", "a Keras or weights file",
      "load the model in Keras and write a SavedModel by model.export(DIR)" },
    { ".hdf5", "a Keras or weights file",
      "load the model in Keras and write a SavedModel by model.export(DIR)" },
    { ".onnx", "an ONNX file",
      "only SavedModels are served: convert it, or export the model from its source" },
    { ".tflite", "a TFLite file", "call it model.tflite, in a directory of its own, to have it served" },
    { ".pt", "a PyTorch file", "only SavedModels are served" },
    { ".pth", "a PyTorch file", "only SavedModels are served" },
    { ".safetensors", "a file of weights", "only SavedModels are served" },
    { ".ckpt", "a checkpoint, without a graph",
      "restore it in the program that wrote it and save a SavedModel" },
    { ".meta", "a checkpoint's graph", "restore it in the program that wrote it and save a SavedModel" },
    { ".pb", "a graph without signatures", "import it in TensorFlow and save a SavedModel with a signature" },
    { ".pbtxt", "a graph without signatures",
      "import it in TensorFlow and save a SavedModel with a signature" },
    { ".zip", "an archive", "unpack it" },
    { ".tar", "an archive", "unpack it" },
    { ".gz", "an archive", "unpack it" },
    { ".tgz", "an archive", "unpack it" },
};

static const struct kind *kind_of(const char *name)
{
    const size_t size = strlen(name);

    for (size_t i = 0; i < TD_COUNT(kinds); i++) {
        const size_t ending = strlen(kinds[i].ending);

        if (size > ending && !strcasecmp(name + size - ending, kinds[i].ending)) return &kinds[i];
    }
    return NULL;
}

static bool is_tflite(const char *name)
{
    return !strcmp(name, "model.tflite");
}

static bool is_model_file(const char *name)
{
    return !strcmp(name, "saved_model.pb") || !strcmp(name, "saved_model.pbtxt") || is_tflite(name);
}

static bool is_number(const char *name)
{
    return *name && name[strspn(name, "0123456789")] == 0;
}

static bool is_directory(const char *path)
{
    struct stat st;

    return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* A few names, and how many there are. */
typedef struct names {
    char *first[NAMES];
    size_t n;
} names;

/* What one directory holds. */
typedef struct view {
    const char *model;  /* a SavedModel's file or TFLite's, itself; NULL: none */
    bool has_variables; /* the directory that goes with it */
    size_t entries;
    names versions, unnumbered; /* folders with such a file, named by a number or not */
    names parents;              /* folders with versions */
    char *example;              /* one of those versions: "m/3" */
    names files;                /* of another kind */
} view;

static void add_name(names *to, const char *name)
{
    if (to->n < NAMES) to->first[to->n] = td_strdup(name);
    to->n++;
}

static void names_fini(names *n)
{
    for (size_t i = 0; i < TD_MIN(n->n, (size_t)NAMES); i++)
        td_free(n->first[i]);
}

static void view_fini(view *v)
{
    names_fini(&v->versions);
    names_fini(&v->unnumbered);
    names_fini(&v->parents);
    names_fini(&v->files);
    td_free(v->example);
}

static int by_number(const void *a, const void *b)
{
    const char *const x = *(char *const *)a, *const y = *(char *const *)b;
    const size_t n = strlen(x), m = strlen(y);

    return n != m ? (n > m ? 1 : -1) : strcmp(x, y);
}

/* Of versions the highest, of names any. */
static const char *last_of(names *n)
{
    const size_t kept = TD_MIN(n->n, (size_t)NAMES);

    qsort(n->first, kept, sizeof *n->first, by_number);
    return n->first[kept - 1];
}

static void look(const char *path, int depth, int *left, view *v);

/* A folder in the one that is looked at. */
static void look_inside(const char *path, const char *name, int depth, int *left, view *v)
{
    view inner = { 0 };

    if (!strcmp(name, "variables")) v->has_variables = true;
    look(path, depth - 1, left, &inner);
    if (inner.model) {
        add_name(is_number(name) ? &v->versions : &v->unnumbered, name);
    } else if (inner.versions.n) {
        add_name(&v->parents, name);
        if (!v->example) v->example = td_path_join(name, last_of(&inner.versions));
    }
    view_fini(&inner);
}

/* Recursive, `depth` levels of folders. */
static void look(const char *path, int depth, int *left, view *v)
{
    DIR *const dir = opendir(path);
    const struct dirent *entry;

    while (dir && (*left)-- > 0 && (entry = readdir(dir))) {
        const char *const name = entry->d_name;

        if (name[0] == '.') continue;
        v->entries++;
        char *const inside = td_path_join(path, name);

        if (is_model_file(name))
            v->model = is_tflite(name) && !v->model ? "model.tflite" : "saved_model.pb";
        else if (kind_of(name) && !is_directory(inside))
            add_name(&v->files, name);
        else if (depth > 0 && is_directory(inside))
            look_inside(inside, name, depth, left, v);
        td_free(inside);
    }
    if (dir) closedir(dir);
}

/* ---- texts ---- */

static void put_names(td_strbuf *out, names *n)
{
    const size_t shown = TD_MIN(n->n, (size_t)SHOWN);

    (void)last_of(n); /* sorts them */
    for (size_t i = 0; i < shown; i++)
        td_strbuf_printf(out, "%s%s", i ? ", " : "", n->first[i]);
    if (n->n > shown) td_strbuf_printf(out, " and %zu more", n->n - shown);
}

static void say_file(const char *path, const struct kind *kind, td_strbuf *out)
{
    td_strbuf_printf(out, " %s is %s, not a SavedModel directory: %s.", path, kind->what, kind->advice);
}

static void say_lone_files(const char *path, names *files, td_strbuf *out)
{
    const struct kind *const kind = kind_of(files->first[0]);

    td_strbuf_printf(out, " %s/%s is %s, not a SavedModel: %s.", path, files->first[0], kind->what,
                     kind->advice);
}

static char *trimmed(const char *path)
{
    size_t size = strlen(path);

    while (size > 1 && path[size - 1] == '/')
        size--;
    return td_strndup(path, size);
}

/* A version where a base path should be. */
static void say_too_deep(const char *path, const char *model, td_strbuf *out)
{
    const char *const slash = strrchr(path, '/');

    if (slash && slash > path && is_number(slash + 1))
        td_strbuf_printf(out,
                         " %s is a version itself (it holds a %s): give its parent, %.*s, as the base path.",
                         path, model, (int)(slash - path), path);
    else
        td_strbuf_printf(out,
                         " %s holds a %s itself; a base path holds versions named by numbers: move the "
                         "model to %s/1.",
                         path, model, path);
}

static void say_no_versions(const char *path, view *v, td_path_use use, td_strbuf *out)
{
    if (v->unnumbered.n && use == TD_PATH_BASE) {
        td_strbuf_printf(out, " It holds SavedModels whose folders are not named by numbers (");
        put_names(out, &v->unnumbered);
        td_strbuf_printf(out, "): name them 1, 2, ..., or give %s/%s as a base path if it has versions.",
                         path, last_of(&v->unnumbered));
    } else if (v->unnumbered.n) {
        td_strbuf_puts(out, " It holds the SavedModels ");
        put_names(out, &v->unnumbered);
        td_strbuf_printf(out, ": give one of them, %s/%s for instance.", path, last_of(&v->unnumbered));
    } else if (v->files.n) {
        say_lone_files(path, &v->files, out);
    } else if (v->has_variables) {
        td_strbuf_puts(out, " It holds variables but no saved_model.pb: is the copy complete?");
    } else if (!v->entries) {
        td_strbuf_puts(out, " It is empty.");
    }
}

static void say_directory(const char *path, view *v, td_path_use use, td_strbuf *out)
{
    if (v->model && use == TD_PATH_BASE) {
        say_too_deep(path, v->model, out);
    } else if (v->versions.n && use == TD_PATH_VERSION) {
        td_strbuf_printf(out, " It holds the version%s ", v->versions.n > 1 ? "s" : "");
        put_names(out, &v->versions);
        td_strbuf_printf(out, ": give %s/%s.", path, last_of(&v->versions));
    } else if (v->parents.n) {
        td_strbuf_printf(out, " It holds the model%s ", v->parents.n > 1 ? "s" : "");
        put_names(out, &v->parents);
        if (use == TD_PATH_BASE)
            td_strbuf_printf(out, ": give one, %s/%s for instance, or name each in a --model_config_file.",
                             path, last_of(&v->parents));
        else
            td_strbuf_printf(out, ": give a version of one, %s/%s for instance.", path, v->example);
    } else if (!v->versions.n && !v->model) {
        say_no_versions(path, v, use, out);
    }
}

void td_path_advise(const char *path, td_path_use use, td_strbuf *out)
{
    char *const clean = trimmed(path);
    const char *const slash = strrchr(clean, '/');
    const char *const name = slash ? slash + 1 : clean;
    int left = LOOKED_AT;
    view v = { 0 };
    struct stat st;

    if (stat(clean, &st)) {
        td_strbuf_puts(out, " There is nothing of that name.");
    } else if (S_ISDIR(st.st_mode)) {
        look(clean, 2, &left, &v);
        say_directory(clean, &v, use, out);
    } else if (is_model_file(name)) {
        td_strbuf_printf(out, " Give %s, not the file.",
                         use == TD_PATH_BASE ? "the directory of its version's directory" : "its directory");
    } else if (kind_of(name)) {
        say_file(clean, kind_of(name), out);
    } else {
        td_strbuf_puts(out, " It is a file, not a directory.");
    }
    view_fini(&v);
    td_free(clean);
}
