/* SPDX-License-Identifier: Apache-2.0 */
/* golden.c -- see golden.h; the format is make_goldens.py's. */
#include "golden.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "ops/signature.h"
#include "tensor/half.h"

/* ---------------------------------------------------------------- files */

static int ends_with(const char *s, const char *ending)
{
    const size_t n = strlen(s), m = strlen(ending);

    return n >= m && strcmp(s + n - m, ending) == 0;
}

size_t golden_files(td_arena *arena, const char *ending, const char ***out)
{
    glob_t g;
    size_t n = 0;

    if (glob(TD_SOURCE_DIR "/tests/ops/goldens/*/*", 0, NULL, &g) != 0) return 0;
    const char **const names = TD_ARENA_NEW_N(arena, const char *, g.gl_pathc);
    for (size_t i = 0; i < g.gl_pathc; i++)
        if (ends_with(g.gl_pathv[i], ending)) names[n++] = td_arena_strdup(arena, g.gl_pathv[i]);
    globfree(&g);
    *out = names;
    return n;
}

const char *golden_file_name(const char *path)
{
    return path + strlen(TD_SOURCE_DIR "/tests/ops/goldens/");
}

/* The next line, without its end; NULL behind the last. Good until the next call. */
static char *next_line(FILE *f)
{
    static char *line;
    static size_t size;
    const ssize_t n = getline(&line, &size, f);

    if (n <= 0) return NULL;
    if (line[n - 1] == '\n') line[n - 1] = 0;
    return line;
}

/* What follows word and a space on the line; NULL: it begins otherwise. */
static char *after(char *line, const char *word)
{
    const size_t n = strlen(word);

    return strncmp(line, word, n) == 0 && line[n] == ' ' ? line + n + 1 : NULL;
}

/* ---------------------------------------------------------------- values */

static td_string read_hex(td_arena *arena, const char *text)
{
    const size_t n = strcmp(text, ".") == 0 ? 0 : strlen(text) / 2;
    char *const bytes = td_arena_alloc(arena, n + 1);

    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)strtol((const char[]){ text[2 * i], text[2 * i + 1], 0 }, NULL, 16);
    return (td_string){ bytes, n };
}

static td_shape read_shape(char *text)
{
    td_shape s = { 0 };
    char *save = NULL;

    if (strcmp(text, "?") == 0) return (td_shape){ .rank = -1 };
    if (strcmp(text, "-") == 0) return s;
    for (char *dim = strtok_r(text, ",", &save); dim; dim = strtok_r(NULL, ",", &save))
        s.dims[s.rank++] = strtoll(dim, NULL, 10);
    return s;
}

static void put_float(td_dtype dtype, void *to, double v)
{
    if (dtype == TD_F64 || dtype == TD_C128)
        *(double *)to = v;
    else if (dtype == TD_F32 || dtype == TD_C64)
        *(float *)to = (float)v;
    else
        *(uint16_t *)to = dtype == TD_F16 ? td_f32_to_f16((float)v).bits : td_f32_to_bf16((float)v).bits;
}

bool golden_is_integer(td_dtype d)
{
    return d == TD_I8 || d == TD_I16 || d == TD_I32 || d == TD_I64 || d == TD_U8 || d == TD_U16 ||
           d == TD_U32 || d == TD_U64 || d == TD_BOOL;
}

/* "1 2,3 1.0 2.0 ...", or "?" */
static td_tensor read_tensor(td_arena *arena, char *line)
{
    if (*line == '?') return (td_tensor){ .dtype = TD_DTYPE_NONE };
    char *save = NULL;
    td_tensor t = { .dtype = (td_dtype)atoi(strtok_r(line, " ", &save)) };

    t.shape = read_shape(strtok_r(NULL, " ", &save));
    const size_t n = (size_t)td_shape_count(&t.shape), elem = td_dtype_size(t.dtype);
    char *const data = td_arena_try_alloc(arena, n * elem + 64, 64);

    for (size_t i = 0; i < n; i++) {
        char *const word = strtok_r(NULL, " \n", &save);

        TD_ASSERT(word);
        if (t.dtype == TD_STRING)
            ((td_string *)(void *)data)[i] = read_hex(arena, word);
        else if (golden_is_integer(t.dtype))
            memcpy(data + i * elem, &(uint64_t){ strtoull(word, NULL, 10) }, elem); /* negative ones wrap */
        else
            put_float(t.dtype, data + i * elem, strtod(word, NULL));
        if (t.dtype == TD_C64 || t.dtype == TD_C128)
            put_float(t.dtype, data + i * elem + elem / 2, strtod(strtok_r(NULL, " \n", &save), NULL));
    }
    t.data = data;
    return t;
}

static td_shape *keep_shape(td_arena *arena, char *text)
{
    td_shape *const s = TD_ARENA_NEW(arena, td_shape);

    *s = read_shape(text);
    return s;
}

static td_attr_value read_list(td_arena *arena, td_attr_kind kind, char *text)
{
    td_attr_value v = { .kind = TD_ATTR_LIST };
    td_attr_value *const items = TD_ARENA_NEW_N(arena, td_attr_value, strlen(text) + 1);
    char *save = NULL;

    const char *const between = kind == TD_ATTR_SHAPE ? ";" : ",";

    for (char *word = strtok_r(text, between, &save); word; word = strtok_r(NULL, between, &save)) {
        td_attr_value *const item = &items[v.u.list.count++];

        item->kind = kind;
        if (kind == TD_ATTR_FLOAT)
            item->u.f = strtof(word, NULL);
        else if (kind == TD_ATTR_STRING)
            item->u.s = read_hex(arena, word);
        else if (kind == TD_ATTR_TYPE)
            item->u.type = (td_dtype)atoi(word);
        else if (kind == TD_ATTR_SHAPE)
            item->u.shape = keep_shape(arena, word);
        else
            item->u.i = strtoll(word, NULL, 10);
    }
    v.u.list.items = items;
    return v;
}

/* "NAME KIND VALUE" */
static td_attr read_attr(td_arena *arena, char *line)
{
    char *save = NULL;
    const char *const name = td_arena_strdup(arena, strtok_r(line, " ", &save));
    const char *const kind = strtok_r(NULL, " \n", &save);
    char *const text = strtok_r(NULL, " \n", &save), *const value = text ? text : (char[]){ "" };
    td_attr_value v = { .kind = TD_ATTR_INT };

    if (strcmp(kind, "type") == 0)
        v = (td_attr_value){ .kind = TD_ATTR_TYPE, .u.type = (td_dtype)atoi(value) };
    else if (strcmp(kind, "float") == 0)
        v = (td_attr_value){ .kind = TD_ATTR_FLOAT, .u.f = strtof(value, NULL) };
    else if (strcmp(kind, "bool") == 0)
        v = (td_attr_value){ .kind = TD_ATTR_BOOL, .u.b = atoi(value) != 0 };
    else if (strcmp(kind, "string") == 0)
        v = (td_attr_value){ .kind = TD_ATTR_STRING, .u.s = read_hex(arena, value) };
    else if (strcmp(kind, "ints") == 0)
        v = read_list(arena, TD_ATTR_INT, value);
    else if (strcmp(kind, "floats") == 0)
        v = read_list(arena, TD_ATTR_FLOAT, value);
    else if (strcmp(kind, "strings") == 0)
        v = read_list(arena, TD_ATTR_STRING, value);
    else if (strcmp(kind, "types") == 0)
        v = read_list(arena, TD_ATTR_TYPE, value);
    else if (strcmp(kind, "shapes") == 0)
        v = read_list(arena, TD_ATTR_SHAPE, value);
    else if (strcmp(kind, "shape") == 0) {
        v = (td_attr_value){ .kind = TD_ATTR_SHAPE, .u.shape = keep_shape(arena, value) };
    } else
        v.u.i = strtoll(value, NULL, 10);
    return (td_attr){ name, v };
}

/* ---------------------------------------------------------------- calls */

bool golden_read(FILE *f, td_arena *arena, golden *g)
{
    char *line = next_line(f), *rest;

    *g = (golden){ 0 };
    if (!line) return false;
    TD_ASSERT(sscanf(line, "case %63s", g->op) == 1);
    while ((line = next_line(f)) && strcmp(line, "end") != 0) {
        if ((rest = after(line, "attr"))) g->attrs[g->n_attrs++] = read_attr(arena, rest);
        if ((rest = after(line, "in"))) g->in[g->n_in++] = read_tensor(arena, rest);
        if ((rest = after(line, "out"))) g->out[g->n_out++] = read_tensor(arena, rest);
        if ((rest = after(line, "error"))) g->error = atoi(rest);
        TD_ASSERT(g->n_attrs < GOLDEN_ATTRS && g->n_in < GOLDEN_TENSORS && g->n_out < GOLDEN_TENSORS);
    }
    return true;
}

td_status golden_node(td_arena *arena, const golden *g, td_node **out)
{
    td_graph *const graph = td_graph_make(arena, "");
    td_node *const node = td_graph_add(graph, g->op, g->op, g->n_in, g->n_attrs);

    for (uint32_t i = 0; i < g->n_attrs; i++)
        td_node_add_attr(graph, node, g->attrs[i].name, g->attrs[i].value);
    for (uint32_t i = 0; i < g->n_in; i++) {
        td_node *const arg = td_graph_add(graph, "arg", "_Arg", 0, 1);

        td_node_add_attr(graph, arg, "T", (td_attr_value){ .kind = TD_ATTR_TYPE, .u.type = g->in[i].dtype });
        TD_TRY(td_node_bind(arg, arena));
        node->in[i] = (td_edge){ arg, 0, NULL };
    }
    TD_TRY(td_node_bind(node, arena));
    *out = node;
    return NULL;
}

/* ---------------------------------------------------------------- graphs */

/* "NAME 1 2,3 1.0 2.0 ..." */
static void read_named(td_arena *arena, char *line, golden_named *out)
{
    char *const space = strchr(line, ' ');

    TD_ASSERT(space);
    *space = 0;
    *out = (golden_named){ td_arena_strdup(arena, line), read_tensor(arena, space + 1) };
}

/* "HEX", or "NAME HEX" */
static void read_file(td_arena *arena, char *line, golden_graph *g)
{
    char *const space = strchr(line, ' ');

    if (!space) {
        g->file = read_hex(arena, line);
        return;
    }
    *space = 0;
    TD_ASSERT(g->n_files < GOLDEN_FILES);
    g->files[g->n_files++] = (golden_file){ td_arena_strdup(arena, line), read_hex(arena, space + 1) };
}

bool golden_read_graph(FILE *f, td_arena *arena, golden_graph *g)
{
    char *line = next_line(f), *rest;
    golden_run *r = NULL;

    *g = (golden_graph){ 0 };
    if (!line) return false;
    rest = after(line, "graph");
    TD_ASSERT(rest);
    g->title = td_arena_strdup(arena, rest);
    while ((line = next_line(f)) && strcmp(line, "end") != 0) {
        if (strcmp(line, "run") == 0) r = &g->runs[g->n_runs++];
        TD_ASSERT(g->n_runs < GOLDEN_RUNS);
        if ((rest = after(line, "model"))) g->model = td_arena_strdup(arena, rest);
        if ((rest = after(line, "file"))) read_file(arena, rest, g);
        if (!r) continue;
        if ((rest = after(line, "feed"))) read_named(arena, rest, &r->feeds[r->n_feeds++]);
        if ((rest = after(line, "fetch"))) read_named(arena, rest, &r->fetches[r->n_fetches++]);
        if ((rest = after(line, "error"))) r->error = atoi(rest);
        TD_ASSERT(r->n_feeds < GOLDEN_TENSORS && r->n_fetches < GOLDEN_TENSORS);
    }
    TD_ASSERT(g->model);
    return true;
}

/* ---------------------------------------------------------------- comparing */

static double float_at(const td_tensor *t, size_t i)
{
    switch (t->dtype) {
    case TD_F64:
    case TD_C128:
        return ((const double *)t->data)[i];
    case TD_F32:
    case TD_C64:
        return (double)((const float *)t->data)[i];
    case TD_F16:
        return (double)td_f16_to_f32(((const td_f16 *)t->data)[i]);
    default:
        return (double)td_bf16_to_f32(((const td_bf16 *)t->data)[i]);
    }
}

static double tolerance(td_dtype d)
{
    return d == TD_F64 || d == TD_C128  ? 1e-10
           : d == TD_F32 || d == TD_C64 ? 1e-5
           : d == TD_F16                ? 4e-3
                                        : 1.6e-2;
}

static bool same_element(const td_tensor *got, const td_tensor *want, size_t i)
{
    if (got->dtype == TD_STRING) {
        const td_string x = ((const td_string *)got->data)[i], y = ((const td_string *)want->data)[i];
        return x.size == y.size && (x.size == 0 || memcmp(x.data, y.data, x.size) == 0);
    }
    const double x = float_at(got, i), y = float_at(want, i), near = tolerance(got->dtype),
                 most = (y < 0 ? -y : y) * near + near / 10;

    return x == y || (x != x && y != y) || (x - y <= most && y - x <= most);
}

bool golden_same(const td_tensor *got, const td_tensor *want, size_t *at)
{
    *at = 0;
    if (want->dtype == TD_DTYPE_NONE) return true;
    if (got->dtype != want->dtype || !td_shape_equal(&got->shape, &want->shape)) return false;
    const size_t n = (size_t)td_shape_count(&got->shape), elem = td_dtype_size(got->dtype);
    const bool is_complex = got->dtype == TD_C64 || got->dtype == TD_C128;
    const bool is_integer = golden_is_integer(got->dtype);

    for (size_t i = 0; i < (is_complex ? 2 * n : n); i++) {
        *at = i;
        if (is_integer
                ? memcmp((const char *)got->data + i * elem, (const char *)want->data + i * elem, elem) != 0
                : !same_element(got, want, i))
            return false;
    }
    return true;
}

static const char *element_text(const td_tensor *t, size_t i, char *buf, size_t size)
{
    int64_t v = 0;

    if (!t->data ||
        i >= (size_t)td_shape_count(&t->shape) * (t->dtype == TD_C64 || t->dtype == TD_C128 ? 2 : 1))
        (void)snprintf(buf, size, "nothing");
    else if (t->dtype == TD_STRING)
        (void)snprintf(buf, size, "'%.*s'", (int)((const td_string *)t->data)[i].size,
                       ((const td_string *)t->data)[i].data);
    else if (golden_is_integer(t->dtype)) {
        memcpy(&v, (const char *)t->data + i * td_dtype_size(t->dtype), td_dtype_size(t->dtype));
        (void)snprintf(buf, size, "%lld (0x%llx)", (long long)v, (unsigned long long)v);
    } else
        (void)snprintf(buf, size, "%.9g", float_at(t, i));
    return buf;
}

const char *golden_difference(const td_tensor *got, const td_tensor *want, size_t at)
{
    static char text[512];
    char a[TD_SHAPE_TEXT], b[TD_SHAPE_TEXT], x[64], y[64];

    (void)snprintf(text, sizeof text, "%s %s, want %s %s; [%zu] is %s, want %s", td_dtype_name(got->dtype),
                   td_shape_text(&got->shape, a, sizeof a), td_dtype_name(want->dtype),
                   td_shape_text(&want->shape, b, sizeof b), at, element_text(got, at, x, sizeof x),
                   element_text(want, at, y, sizeof y));
    return text;
}
