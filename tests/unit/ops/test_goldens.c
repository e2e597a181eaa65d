/* test_goldens.c -- single ops against what TensorFlow answered: tests/ops/goldens/, made by make_goldens.py.
 *
 * Each case is a node of its own with its arguments, bound and evaluated as the engine folds constants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "graph/graph.h"
#include "ops/kernel.h"
#include "ops/signature.h"
#include "tensor/half.h"

enum { MAX_TENSORS = 16, MAX_ATTRS = 16, MAX_LINE = 1 << 16 };

typedef struct golden {
    char op[64];
    td_attr attrs[MAX_ATTRS];
    td_tensor in[MAX_TENSORS], out[MAX_TENSORS];
    uint32_t n_attrs, n_in, n_out;
    int error;
} golden;

/* ---------------------------------------------------------------- reading */

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
        *(uint16_t *)to = dtype == TD_F16 ? td_f32_to_f16((float)v) : td_f32_to_bf16((float)v);
}

static bool is_integer(td_dtype d)
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

        assert_non_null(word);
        if (t.dtype == TD_STRING)
            ((td_string *)(void *)data)[i] = read_hex(arena, word);
        else if (is_integer(t.dtype))
            memcpy(data + i * elem, &(uint64_t){ strtoull(word, NULL, 10) }, elem); /* negative ones wrap */
        else
            put_float(t.dtype, data + i * elem, strtod(word, NULL));
        if (t.dtype == TD_C64 || t.dtype == TD_C128)
            put_float(t.dtype, data + i * elem + elem / 2, strtod(strtok_r(NULL, " \n", &save), NULL));
    }
    t.data = data;
    return t;
}

static td_attr_value read_list(td_arena *arena, td_attr_kind kind, char *text)
{
    td_attr_value v = { .kind = TD_ATTR_LIST };
    td_attr_value *const items = TD_ARENA_NEW_N(arena, td_attr_value, strlen(text) + 1);
    char *save = NULL;

    for (char *word = strtok_r(text, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
        td_attr_value *const item = &items[v.u.list.count++];

        item->kind = kind;
        if (kind == TD_ATTR_FLOAT)
            item->u.f = strtof(word, NULL);
        else if (kind == TD_ATTR_STRING)
            item->u.s = read_hex(arena, word);
        else if (kind == TD_ATTR_TYPE)
            item->u.type = (td_dtype)atoi(word);
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
    else if (strcmp(kind, "shape") == 0) {
        td_shape *const s = TD_ARENA_NEW(arena, td_shape);
        *s = read_shape(value);
        v = (td_attr_value){ .kind = TD_ATTR_SHAPE, .u.shape = s };
    } else
        v.u.i = strtoll(value, NULL, 10);
    return (td_attr){ name, v };
}

static bool read_case(FILE *f, td_arena *arena, golden *g)
{
    static char line[MAX_LINE];

    *g = (golden){ 0 };
    if (!fgets(line, sizeof line, f)) return false;
    assert_int_equal(sscanf(line, "case %63s", g->op), 1);
    while (fgets(line, sizeof line, f) && strncmp(line, "end", 3) != 0) {
        if (strncmp(line, "attr ", 5) == 0) g->attrs[g->n_attrs++] = read_attr(arena, line + 5);
        if (strncmp(line, "in ", 3) == 0) g->in[g->n_in++] = read_tensor(arena, line + 3);
        if (strncmp(line, "out ", 4) == 0) g->out[g->n_out++] = read_tensor(arena, line + 4);
        if (strncmp(line, "error ", 6) == 0) g->error = atoi(line + 6);
        assert_true(g->n_attrs < MAX_ATTRS && g->n_in < MAX_TENSORS && g->n_out < MAX_TENSORS);
    }
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
        return (double)td_f16_to_f32(((const uint16_t *)t->data)[i]);
    default:
        return (double)td_bf16_to_f32(((const uint16_t *)t->data)[i]);
    }
}

static bool same_element(const td_tensor *a, const td_tensor *b, size_t i)
{
    if (a->dtype == TD_STRING) {
        const td_string x = ((const td_string *)a->data)[i], y = ((const td_string *)b->data)[i];
        return x.size == y.size && (x.size == 0 || memcmp(x.data, y.data, x.size) == 0);
    }
    const bool is_half = a->dtype == TD_F16 || a->dtype == TD_BF16;
    const double x = float_at(a, i), y = float_at(b, i),
                 most = (y < 0 ? -y : y) * (is_half ? 8e-3 : 1e-5) + 1e-6;

    return x == y || (x != x && y != y) || (x - y <= most && y - x <= most);
}

static bool same(const td_tensor *a, const td_tensor *b)
{
    if (a->dtype != b->dtype || !td_shape_equal(&a->shape, &b->shape)) return false;
    const size_t n = (size_t)td_shape_count(&a->shape);

    if (is_integer(a->dtype)) return n == 0 || memcmp(a->data, b->data, n * td_dtype_size(a->dtype)) == 0;
    const bool is_complex = a->dtype == TD_C64 || a->dtype == TD_C128;

    for (size_t i = 0; i < (is_complex ? 2 * n : n); i++)
        if (!same_element(a, b, i)) return false;
    return true;
}

/* ---------------------------------------------------------------- running */

static td_node *make_node(td_arena *arena, const golden *g)
{
    td_graph *const graph = td_graph_make(arena, "");
    td_node *const node = td_graph_add(graph, g->op, g->op, g->n_in, g->n_attrs);

    for (uint32_t i = 0; i < g->n_attrs; i++)
        td_node_add_attr(graph, node, g->attrs[i].name, g->attrs[i].value);
    for (uint32_t i = 0; i < g->n_in; i++) {
        td_node *const arg = td_graph_add(graph, "arg", "_Arg", 0, 1);

        td_node_add_attr(graph, arg, "T", (td_attr_value){ .kind = TD_ATTR_TYPE, .u.type = g->in[i].dtype });
        assert_null(td_node_bind(arg, arena));
        node->in[i] = (td_edge){ arg, 0, NULL };
    }
    const td_status s = td_node_bind(node, arena);

    if (s) fail_msg("%s: %s", g->op, td_status_text(s));
    return node;
}

static bool run_case(td_arena *arena, const golden *g, int number)
{
    td_env env = { .cpu = td_cpu_detect(), .threads = 1, .model_arena = arena };
    td_tensor out[MAX_TENSORS] = { { 0 } };
    const td_status s = td_node_eval(make_node(arena, g), &env, g->in, out);
    bool ok = (int)td_status_code(s) == g->error;

    if (!ok)
        print_error("case %d, %s: code %d, want %d: %s\n", number, g->op, (int)td_status_code(s), g->error,
                    td_status_text(s));
    for (uint32_t i = 0; ok && i < g->n_out; i++) {
        if (same(&out[i], &g->out[i])) continue;
        char a[TD_SHAPE_TEXT], b[TD_SHAPE_TEXT];
        print_error("case %d, %s: output %u differs (%s %s, want %s %s)\n", number, g->op, i,
                    td_dtype_name(out[i].dtype), td_shape_text(&out[i].shape, a, sizeof a),
                    td_dtype_name(g->out[i].dtype), td_shape_text(&g->out[i].shape, b, sizeof b));
        ok = false;
    }
    for (uint32_t i = 0; i < MAX_TENSORS; i++)
        td_tensor_unref(&out[i]);
    td_status_free(s);
    return ok;
}

static void run_file(const char *name)
{
    char *const path = td_format(TD_SOURCE_DIR "/tests/ops/goldens/%s.txt", name);
    FILE *const f = fopen(path, "r");
    int cases = 0, failed = 0;

    assert_non_null(f);
    td_arena *const arena = td_arena_make();
    for (golden g; read_case(f, arena, &g); td_arena_reset(arena))
        failed += !run_case(arena, &g, cases++);
    td_arena_free(arena);
    (void)fclose(f);
    td_free(path);
    assert_true(cases > 50);
    assert_int_equal(failed, 0);
}

static void test_array(void **state)
{
    (void)state;
    run_file("array");
}

static void test_gather(void **state)
{
    (void)state;
    run_file("gather");
}

static void test_matrix(void **state)
{
    (void)state;
    run_file("matrix");
}

static void test_math(void **state)
{
    (void)state;
    run_file("math");
}

static void test_sparse(void **state)
{
    (void)state;
    run_file("sparse");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_array), cmocka_unit_test(test_gather), cmocka_unit_test(test_matrix),
        cmocka_unit_test(test_math),  cmocka_unit_test(test_sparse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
