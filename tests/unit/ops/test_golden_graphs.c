/* SPDX-License-Identifier: Apache-2.0 */
/* test_golden_graphs.c -- small graphs against what TensorFlow answered: state, lists, tables, control flow.
 *
 * Each is loaded as a model, and run as its clients would; see tests/ops/make_goldens.py for the files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/strbuf.h"
#include "golden.h"
#include "temp_dir.h"
#include "tensord/session.h"

static const td_tensor *find(const golden_named *named, uint32_t n, const char *name)
{
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(named[i].name, name) == 0) return &named[i].t;
    TD_ASSERT(!"the golden has no such name");
    return NULL;
}

static bool compare(const golden_graph *g, uint32_t number, const td_signature *sig, const td_tensor *got)
{
    const golden_run *const r = &g->runs[number];
    bool ok = true;
    size_t at;

    for (size_t i = 0; i < sig->n_outputs; i++) {
        const td_tensor *const want = find(r->fetches, r->n_fetches, sig->outputs[i].alias);

        if (golden_same(&got[i], want, &at)) continue;
        print_error("%s, run %u: %s is %s\n", g->title, number, sig->outputs[i].alias,
                    golden_difference(&got[i], want, at));
        ok = false;
    }
    return ok;
}

static bool run(td_session *s, const golden_graph *g, uint32_t number)
{
    const golden_run *const r = &g->runs[number];
    const td_signature *const sig = td_session_find_signature(s, "s");
    td_tensor in[GOLDEN_TENSORS];
    size_t want[GOLDEN_TENSORS];
    td_result *result = NULL;

    TD_ASSERT(sig && sig->n_inputs == r->n_feeds && (r->error || sig->n_outputs == r->n_fetches));
    for (size_t i = 0; i < sig->n_inputs; i++)
        in[i] = *find(r->feeds, r->n_feeds, sig->inputs[i].alias);
    for (size_t i = 0; i < sig->n_outputs; i++)
        want[i] = i;
    const td_status status = td_session_run(s, sig, in, want, sig->n_outputs, NULL, &result);
    bool ok = (int)td_status_code(status) == r->error;

    if (!ok)
        print_error("%s, run %u: code %d, want %d: %s\n", g->title, number, (int)td_status_code(status),
                    r->error, td_status_text(status));
    if (ok && !status) ok = compare(g, number, sig, td_result_outputs(result));
    td_status_free(status);
    td_result_free(result);
    return ok;
}

/* text with a path in temp_dir for each `name`. */
static void replace(td_strbuf *out, const char *text, const char *name, const char *file)
{
    for (const char *at; (at = strstr(text, name)); text = at + strlen(name)) {
        td_strbuf_add(out, text, (size_t)(at - text));
        td_strbuf_printf(out, "%s/%s", temp_dir, file);
    }
    td_strbuf_puts(out, text);
}

static void write_model(const golden_graph *g)
{
    td_strbuf half = { 0 }, text = { 0 };

    replace(&half, g->model, "%FILE%", "file.txt");
    replace(&text, td_strbuf_text(&half), "%FOLDER%", "folder");
    temp_dir_write("saved_model.pbtxt", text.data, text.size);
    if (g->file.data) temp_dir_write("file.txt", g->file.data, g->file.size);
    for (uint32_t i = 0; i < g->n_files; i++) {
        char name[256];

        TD_ASSERT(snprintf(name, sizeof name, "folder/%s", g->files[i].name) < (int)sizeof name);
        temp_dir_write(name, g->files[i].bytes.data, g->files[i].bytes.size);
    }
    td_strbuf_fini(&half);
    td_strbuf_fini(&text);
}

static bool run_graph(const golden_graph *g)
{
    const td_session_options options = { .threads = 1, .skip_warmup = true };
    td_session *s = NULL;

    write_model(g);
    const td_status status = td_session_load(temp_dir, &options, &s);
    bool ok = !status;

    if (!ok) print_error("%s: not loaded: %s\n", g->title, td_status_text(status));
    td_status_free(status);
    for (uint32_t i = 0; ok && i < g->n_runs; i++)
        ok = run(s, g, i);
    td_session_unref(s);
    return ok;
}

static void test_file(void **state)
{
    FILE *const f = fopen(*state, "r");
    int failed = 0;

    assert_non_null(f);
    td_arena *const arena = td_arena_make();
    golden_graph *const g = TD_ARENA_NEW(arena, golden_graph);
    td_arena *const texts = td_arena_make();
    for (; golden_read_graph(f, texts, g); td_arena_reset(texts))
        failed += !run_graph(g);
    td_arena_free(texts);
    td_arena_free(arena);
    (void)fclose(f);
    assert_int_equal(failed, 0);
}

int main(void)
{
    td_arena *const arena = td_arena_make();
    const char **files;
    const size_t n = golden_files(arena, ".graphs", &files);
    struct CMUnitTest *const tests = TD_ARENA_NEW_N(arena, struct CMUnitTest, n);

    TD_ASSERT(n > 0);
    for (size_t i = 0; i < n; i++)
        tests[i] = (struct CMUnitTest){ golden_file_name(files[i]), test_file, NULL, NULL,
                                        (void *)(uintptr_t)files[i] };
    const int failed = _cmocka_run_group_tests("golden graphs", tests, n, temp_dir_make, temp_dir_remove);

    td_arena_free(arena);
    return failed;
}
