/* golden.c -- see golden.h; the format is make_goldens.py's. */
#include "golden.h"

#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "ops/signature.h"
#include "tensor/half.h"

FILE *golden_open(const char *family)
{
    char *const path = td_format(TD_SOURCE_DIR "/tests/ops/goldens/%s.txt", family);
    FILE *const f = fopen(path, "r");

    td_free(path);
    return f;
}

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

/* "1 2,3 1.0 2.0 ..." */
static td_tensor read_tensor(td_arena *arena, char *line)
{
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

bool golden_read(FILE *f, td_arena *arena, golden *g)
{
    static char line[1 << 16];

    *g = (golden){ 0 };
    if (!fgets(line, sizeof line, f)) return false;
    TD_ASSERT(sscanf(line, "case %63s", g->op) == 1);
    while (fgets(line, sizeof line, f) && strncmp(line, "end", 3) != 0) {
        if (strncmp(line, "attr ", 5) == 0) g->attrs[g->n_attrs++] = read_attr(arena, line + 5);
        if (strncmp(line, "in ", 3) == 0) g->in[g->n_in++] = read_tensor(arena, line + 3);
        if (strncmp(line, "out ", 4) == 0) g->out[g->n_out++] = read_tensor(arena, line + 4);
        if (strncmp(line, "error ", 6) == 0) g->error = atoi(line + 6);
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
