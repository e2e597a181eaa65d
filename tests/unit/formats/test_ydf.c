/* SPDX-License-Identifier: Apache-2.0 */
/* test_ydf.c -- models of decision forests that are damaged, and what is not known of them: each is refused, by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/macros.h"
#include "base/strbuf.h"
#include "base/wire.h"
#include "formats/ydf/ydf.h"
#include "temp_dir.h"

/* ---------------------------------------------------------------- messages */

static td_string text_of(td_strbuf *b)
{
    return (td_string){ b->data, b->size };
}

static void put_number(td_strbuf *b, uint32_t field, uint64_t v)
{
    uint8_t bytes[20];

    td_strbuf_add(b, (const char *)bytes, (size_t)(td_wire_put_number(bytes, field, v) - bytes));
}

static void put_text(td_strbuf *b, uint32_t field, const char *data, size_t size)
{
    uint8_t head[20];

    td_strbuf_add(b, (const char *)head, (size_t)(td_wire_put_head(head, field, size) - head));
    td_strbuf_add(b, data, size);
}

static void put_float(td_strbuf *b, uint32_t field, float f)
{
    uint8_t tag[10];

    td_strbuf_add(b, (const char *)tag,
                  (size_t)(td_wire_put_varint(tag, td_wire_tag(field, TD_WIRE_FIXED32)) - tag));
    td_strbuf_add(b, (const char *)&f, sizeof f);
}

/* Takes inner. */
static void put_message(td_strbuf *b, uint32_t field, td_strbuf *inner)
{
    put_text(b, field, inner->data, inner->size);
    td_strbuf_fini(inner);
    *inner = (td_strbuf){ 0 };
}

/* ---------------------------------------------------------------- a model */

enum { NUMERICAL = 1, CATEGORICAL = 4, SETS = 5, BOOLEAN = 7, HASH = 10 };
enum { CLASSIFICATION = 1, REGRESSION = 2, SURVIVAL = 7 };
enum { HIGHER = 2, ELEMENTS = 4, BITMAP = 5, OBLIQUE = 7, VECTORS = 8 };

typedef struct model {
    td_strbuf header, spec, kind, nodes;
} model;

static void put_column(model *m, uint64_t type, uint64_t categories)
{
    td_strbuf column = { 0 }, categorical = { 0 };

    put_number(&column, 1, type);
    put_text(&column, 2, "c", 1);
    put_number(&categorical, 2, categories);
    put_number(&categorical, 5, 1);
    put_message(&column, 6, &categorical);
    put_message(&m->spec, 1, &column);
}

static void put_blob(model *m, td_strbuf *node)
{
    const uint32_t size = (uint32_t)node->size;

    td_strbuf_add(&m->nodes, (const char *)&size, sizeof size);
    td_strbuf_add(&m->nodes, node->data, node->size);
    td_strbuf_fini(node);
    *node = (td_strbuf){ 0 };
}

static void put_leaf(model *m, float value)
{
    td_strbuf leaf = { 0 }, regressor = { 0 };

    put_float(&regressor, 1, value);
    put_message(&leaf, 2, &regressor);
    put_blob(m, &leaf);
}

/* Takes body. */
static void put_condition(model *m, uint64_t column, uint32_t type, td_strbuf *body)
{
    td_strbuf node = { 0 }, head = { 0 }, condition = { 0 };

    put_message(&condition, type, body);
    put_number(&head, 2, column);
    put_message(&head, 3, &condition);
    put_message(&node, 3, &head);
    put_blob(m, &node);
}

static void put_higher(model *m, uint64_t column, float threshold)
{
    td_strbuf body = { 0 };

    put_float(&body, 1, threshold);
    put_condition(m, column, HIGHER, &body);
}

static void put_elements(model *m, uint64_t column, uint64_t a, uint64_t b)
{
    td_strbuf body = { 0 };

    put_number(&body, 1, a);
    put_number(&body, 1, b);
    put_condition(m, column, ELEMENTS, &body);
}

static void put_header(model *m, const char *kind, uint64_t task)
{
    put_text(&m->header, 1, kind, strlen(kind));
    put_number(&m->header, 2, task);
    put_number(&m->header, 3, 0);
    put_number(&m->header, 5, 1);
    put_number(&m->header, 5, 2);
    put_number(&m->header, 5, 3);
}

static void put_boosted(model *m, uint64_t trees, uint64_t loss)
{
    put_number(&m->kind, 1, 1);
    put_number(&m->kind, 2, trees);
    put_number(&m->kind, 3, loss);
    put_float(&m->kind, 4, 0.5f);
    put_text(&m->kind, 7, "BLOB_SEQUENCE", 13);
}

static void put_columns(model *m)
{
    put_column(m, NUMERICAL, 0);
    put_column(m, NUMERICAL, 0);
    put_column(m, CATEGORICAL, 5000);
    put_column(m, SETS, 9);
    put_column(m, NUMERICAL, 0); /* 4: no input */
}

/* All but nodes. */
static void start(model *m)
{
    *m = (model){ 0 };
    put_header(m, "GRADIENT_BOOSTED_TREES", REGRESSION);
    put_columns(m);
    put_boosted(m, 1, 2);
    td_strbuf_add(&m->nodes, "BS\1\0\0\0\0\0", 8);
}

static void put_leaves(model *m)
{
    put_leaf(m, 1);
    put_leaf(m, 2);
}

static td_status give(void *ctx, const char *name, td_string *bytes)
{
    model *const m = ctx;

    *bytes = strcmp(name, "header.pb") == 0      ? text_of(&m->header)
             : strcmp(name, "data_spec.pb") == 0 ? text_of(&m->spec)
             : strcmp(name, "gradient_boosted_trees_header.pb") == 0 ||
                     strcmp(name, "random_forest_header.pb") == 0 ||
                     strcmp(name, "isolation_forest_header.pb") == 0
                 ? text_of(&m->kind)
                 : text_of(&m->nodes);
    return NULL;
}

/* Takes m. */
static td_status read_model(model *m)
{
    const td_ydf_source from = { give, m, false };
    td_arena *const arena = td_arena_make();
    const td_ydf_model *out = NULL;
    const td_status s = td_ydf_read(&from, arena, &out);

    assert_true(s || out);
    td_arena_free(arena);
    td_strbuf_fini(&m->header);
    td_strbuf_fini(&m->spec);
    td_strbuf_fini(&m->kind);
    td_strbuf_fini(&m->nodes);
    return s;
}

static void refuse(model *m, td_code code, const char *part)
{
    assert_status_like(read_model(m), code, part);
}

/* ---------------------------------------------------------------- tests */

static void test_sound(void **state)
{
    model m;

    (void)state;
    start(&m);
    put_higher(&m, 1, 0.5f);
    put_elements(&m, 2, 3, 4999);
    put_leaves(&m);
    put_elements(&m, 3, 0, 8);
    put_leaves(&m);
    assert_ok(read_model(&m));
    start(&m);
    put_leaf(&m, 1);
    put_higher(&m, 1, 0.5f); /* behind all trees: never looked at again */
    assert_ok(read_model(&m));
}

static void test_nodes(void **state)
{
    model m;

    (void)state;
    start(&m);
    refuse(&m, TD_INVALID_ARGUMENT, "its trees end early");
    start(&m);
    put_higher(&m, 1, 0.5f);
    put_leaf(&m, 1);
    refuse(&m, TD_INVALID_ARGUMENT, "its trees end early");
    start(&m);
    put_leaf(&m, 1);
    m.nodes.size -= 3;
    refuse(&m, TD_INVALID_ARGUMENT, "its nodes end early");
    start(&m);
    put_leaf(&m, 1);
    td_strbuf_add(&m.nodes, "\377\377\377\377", 4); /* a blob of 4 GiB */
    refuse(&m, TD_INVALID_ARGUMENT, "its nodes end early");
    start(&m);
    td_strbuf_add(&m.nodes, "\0\0\0\0", 4); /* a node of nothing */
    refuse(&m, TD_INVALID_ARGUMENT, "without an output");
    start(&m);
    m.nodes.data[0] = 'X';
    refuse(&m, TD_INVALID_ARGUMENT, "no sequence of blobs");
    start(&m);
    m.nodes.data[2] = 2;
    refuse(&m, TD_UNIMPLEMENTED, "version 2");
    start(&m);
    m.nodes.data[4] = 1;
    refuse(&m, TD_UNIMPLEMENTED, "compressed");
}

/* A chain as long as it likes: nobody calls himself for it. */
static void test_depth(void **state)
{
    enum { DEPTH = 200000 };
    model m;

    (void)state;
    start(&m);
    for (int i = 0; i < DEPTH; i++)
        put_higher(&m, 1, 0.5f);
    for (int i = 0; i <= DEPTH; i++)
        put_leaf(&m, 1);
    assert_ok(read_model(&m));
}

static void test_conditions(void **state)
{
    td_strbuf body = { 0 };
    model m;

    (void)state;
    start(&m);
    put_higher(&m, 77, 0.5f);
    put_leaves(&m);
    refuse(&m, TD_INVALID_ARGUMENT, "column that is not there");
    start(&m);
    put_higher(&m, UINT64_MAX, 0.5f);
    put_leaves(&m);
    refuse(&m, TD_INVALID_ARGUMENT, "column that is not there");
    start(&m);
    put_higher(&m, 4, 0.5f);
    put_leaves(&m);
    refuse(&m, TD_INVALID_ARGUMENT, "no input of the model");
    start(&m);
    put_higher(&m, 2, 0.5f);
    put_leaves(&m);
    refuse(&m, TD_INVALID_ARGUMENT, "another type");
    start(&m);
    put_elements(&m, 2, 3, 5000);
    put_leaves(&m);
    refuse(&m, TD_INVALID_ARGUMENT, "a category that is not there");
    start(&m);
    put_elements(&m, 2, 3, 2);
    put_leaves(&m);
    refuse(&m, TD_INVALID_ARGUMENT, "not in order");
    start(&m);
    put_text(&body, 1, "\377", 1);
    put_condition(&m, 3, BITMAP, &body);
    put_leaves(&m);
    refuse(&m, TD_INVALID_ARGUMENT, "bits are too few");
    start(&m);
    put_number(&body, 1, 1);
    put_condition(&m, 1, OBLIQUE, &body); /* an attribute without a weight */
    put_leaves(&m);
    refuse(&m, TD_INVALID_ARGUMENT, "not of one length");
    start(&m);
    put_number(&body, 1, 2);
    put_float(&body, 2, 1);
    put_condition(&m, 1, OBLIQUE, &body);
    put_leaves(&m);
    refuse(&m, TD_INVALID_ARGUMENT, "what is no number");
    start(&m);
    put_condition(&m, 1, VECTORS, &body);
    put_leaves(&m);
    refuse(&m, TD_UNIMPLEMENTED, "sequences of vectors");
    start(&m);
    put_condition(&m, 1, 99, &body);
    put_leaves(&m);
    refuse(&m, TD_UNIMPLEMENTED, "type 99");
}

/* A few bytes of a file must not ask for much memory. */
static void test_sizes(void **state)
{
    model m;

    (void)state;
    start(&m);
    m.kind.size = 0;
    put_boosted(&m, UINT64_C(1) << 62, 2);
    put_leaf(&m, 1);
    refuse(&m, TD_INVALID_ARGUMENT, "its trees end early");
    start(&m);
    m.spec.size = 0;
    put_column(&m, NUMERICAL, 0);
    put_column(&m, CATEGORICAL, INT32_MAX);
    put_leaf(&m, 1);
    refuse(&m, TD_INVALID_ARGUMENT, "categories of a column");
    start(&m);
    m.spec.size = 0;
    put_column(&m, NUMERICAL, 0);
    put_column(&m, CATEGORICAL, INT32_MAX - 1);
    put_column(&m, CATEGORICAL, INT32_MAX - 1);
    put_column(&m, CATEGORICAL, INT32_MAX - 1);
    for (int i = 0; i < 100; i++)
        put_elements(&m, 1, 1, INT32_MAX - 2);
    for (int i = 0; i <= 100; i++)
        put_leaf(&m, 1);
    assert_ok(read_model(&m)); /* as lists, not as bits */
    start(&m);
    m.header.size = m.kind.size = m.spec.size = 0;
    put_header(&m, "RANDOM_FOREST", CLASSIFICATION);
    put_column(&m, CATEGORICAL, INT32_MAX - 1); /* as many names */
    for (int i = 0; i < 3; i++)
        put_column(&m, NUMERICAL, 0);
    put_number(&m.kind, 1, 1);
    put_number(&m.kind, 2, 1);
    put_text(&m.kind, 7, "BLOB_SEQUENCE", 13);
    td_strbuf_add(&m.nodes, "\2\0\0\0\12\0", 6); /* a classifier of nothing */
    refuse(&m, TD_INVALID_ARGUMENT, "too many classes or too few");
}

static void test_headers(void **state)
{
    model m;

    (void)state;
    start(&m);
    m.header.size = 0;
    put_header(&m, "MULTITASKER", REGRESSION);
    refuse(&m, TD_UNIMPLEMENTED, "kind MULTITASKER");
    start(&m);
    m.header.size = 0;
    put_header(&m, "GRADIENT_BOOSTED_TREES", SURVIVAL);
    refuse(&m, TD_UNIMPLEMENTED, "task SURVIVAL_ANALYSIS of GRADIENT_BOOSTED_TREES");
    start(&m);
    m.kind.size = 0;
    put_boosted(&m, 1, 10);
    refuse(&m, TD_UNIMPLEMENTED, "loss 10");
    start(&m);
    put_text(&m.kind, 7, "TFE_RECORDIO", 12);
    refuse(&m, TD_UNIMPLEMENTED, "format TFE_RECORDIO");
    start(&m);
    put_number(&m.kind, 1, 100000);
    refuse(&m, TD_INVALID_ARGUMENT, "too many files");
    start(&m);
    put_number(&m.kind, 5, 0); /* trees of an iteration */
    put_leaf(&m, 1);
    refuse(&m, TD_INVALID_ARGUMENT, "no multiple");
    start(&m);
    put_number(&m.header, 5, 5);
    refuse(&m, TD_INVALID_ARGUMENT, "an input that is no column");
    start(&m);
    put_number(&m.header, 3, 9);
    refuse(&m, TD_INVALID_ARGUMENT, "its label");
    start(&m);
    put_number(&m.header, 3, 2);
    refuse(&m, TD_INVALID_ARGUMENT, "its label is of another type");
    start(&m);
    put_column(&m, HASH, 0);
    put_number(&m.header, 5, 5);
    refuse(&m, TD_UNIMPLEMENTED, "Non supported feature type 10 for feature \"c\".");
    for (int i = 0; i < 3; i++) {
        start(&m);
        td_strbuf_add(i == 0 ? &m.header : i == 1 ? &m.spec : &m.kind, "\7", 1);
        put_leaf(&m, 1);
        refuse(&m, TD_INVALID_ARGUMENT,
               i == 0   ? "header.pb"
               : i == 1 ? "data_spec.pb"
                        : "boosted_trees_header.pb");
    }
}

/* Any cut of a sound model is refused or, where it only lacks what has a default, read. */
static void test_cuts(void **state)
{
    (void)state;
    for (int part = 0; part < 4; part++)
        for (size_t cut = 1;; cut++) {
            model m;

            start(&m);
            put_higher(&m, 1, 0.5f);
            put_elements(&m, 2, 3, 4999);
            put_leaves(&m);
            put_leaf(&m, 3);
            td_strbuf *const b = (td_strbuf *[]){ &m.header, &m.spec, &m.kind, &m.nodes }[part];
            const bool is_last = cut >= b->size;

            b->size -= TD_MIN(cut, b->size);
            td_status_free(read_model(&m));
            if (is_last) break;
        }
}

static void test_files(void **state)
{
    td_arena *const arena = td_arena_make();
    const td_ydf_model *out;
    model m;

    (void)state;
    assert_status_like(td_ydf_load(temp_dir, (td_string){ "p_", 2 }, false, arena, &out), TD_NOT_FOUND,
                       "p_header.pb");
    start(&m);
    put_leaf(&m, 1);
    temp_dir_write("p_header.pb", m.header.data, m.header.size);
    temp_dir_write("p_data_spec.pb", m.spec.data, m.spec.size);
    temp_dir_write("p_gradient_boosted_trees_header.pb", m.kind.data, m.kind.size);
    assert_status_like(td_ydf_load(temp_dir, (td_string){ "p_", 2 }, false, arena, &out), TD_NOT_FOUND,
                       "p_nodes-00000-of-00001");
    temp_dir_write("p_nodes-00000-of-00001", m.nodes.data, m.nodes.size);
    assert_ok(td_ydf_load(temp_dir, (td_string){ "p_", 2 }, false, arena, &out));
    assert_int_equal(out->forest.n_trees, 1);
    assert_ok(read_model(&m));
    td_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound),
        cmocka_unit_test(test_nodes),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test_setup_teardown(test_files, temp_dir_make, temp_dir_remove),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
