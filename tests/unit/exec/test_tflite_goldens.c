/* SPDX-License-Identifier: Apache-2.0 */
/* test_tflite_goldens.c -- TFLite files of one operator, loaded and run, against what TFLite's interpreter answered:
 * tests/ops/goldens/tflite, made by make_tflite_goldens.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/macros.h"
#include "base/mem.h"
#include "golden.h"
#include "temp_dir.h"
#include "tensord/session.h"

/* Attribute `runs`: that many in turn, whose inputs and outputs follow each other. */
static uint32_t runs_of(const golden *g)
{
    return g->n_attrs > 1 ? (uint32_t)g->attrs[1].value.u.i : 1;
}

static td_status run_model(td_session *s, const golden *g, uint32_t run, td_result **out)
{
    const td_signature *const sig = td_session_find_signature(s, "s");
    const uint32_t n_in = g->n_in / runs_of(g), n_out = g->n_out / runs_of(g);
    size_t want[GOLDEN_TENSORS];

    for (size_t i = 0; i < GOLDEN_TENSORS; i++)
        want[i] = i;
    if (sig->n_inputs != n_in || sig->n_outputs != n_out) return TD_ERR(INTERNAL, "other inputs or outputs");
    return td_session_run(s, sig, g->in + run * n_in, want, n_out, NULL, out);
}

static bool is_as_wanted(const td_tensor *got, const golden *g, uint32_t run, int number)
{
    const uint32_t n = g->n_out / runs_of(g);
    size_t at;

    for (uint32_t i = 0; i < n; i++) {
        const td_tensor *const want = &g->out[run * n + i];

        if (golden_same(&got[i], want, &at)) continue;
        print_error("model %d, %s: output %u of run %u is %s\n", number, g->op, i, run,
                    golden_difference(&got[i], want, at));
        return false;
    }
    return true;
}

static bool run_once(td_session *s, const golden *g, uint32_t run, int number)
{
    td_result *r = NULL;
    const td_status error = run_model(s, g, run, &r);

    if (error) print_error("model %d, %s, run %u: %s\n", number, g->op, run, td_status_text(error));
    const bool ok = !error && is_as_wanted(td_result_outputs(r), g, run, number);

    td_result_free(r);
    td_status_free(error);
    return ok;
}

static bool run_case(const char *path, const golden *g, int number)
{
    static const td_session_options options = { .skip_warmup = true };
    td_session *s = NULL;
    const td_status error = td_session_load(path, &options, &s);
    bool ok = !error;

    if (error) print_error("model %d, %s: %s\n", number, g->op, td_status_text(error));
    for (uint32_t run = 0; ok && run < runs_of(g); run++)
        ok = run_once(s, g, run, number);
    td_session_unref(s);
    td_status_free(error);
    return ok;
}

static void test_file(void **state)
{
    FILE *const f = fopen(*state, "r");
    int cases = 0, failed = 0;

    assert_non_null(f);
    td_arena *const arena = td_arena_make();
    for (golden g; golden_read(f, arena, &g); td_arena_reset(arena), cases++) {
        char *const name = td_format("%d.tflite", cases), *const path = td_path_join(temp_dir, name);

        assert_in_range(g.n_attrs, 1, 2);
        temp_dir_write(name, g.attrs[0].value.u.s.data, g.attrs[0].value.u.s.size);
        failed += !run_case(path, &g, cases);
        assert_int_equal(remove(path), 0);
        td_free(path);
        td_free(name);
    }
    td_arena_free(arena);
    (void)fclose(f);
    assert_true(cases > 0);
    assert_int_equal(failed, 0);
}

int main(void)
{
    td_arena *const arena = td_arena_make();
    const char **files;
    const size_t n = golden_files(arena, ".models", &files);
    struct CMUnitTest *const tests = TD_ARENA_NEW_N(arena, struct CMUnitTest, n);

    TD_ASSERT(n > 0);
    for (size_t i = 0; i < n; i++)
        tests[i] = (struct CMUnitTest){ golden_file_name(files[i]), test_file, NULL, NULL,
                                        (void *)(uintptr_t)files[i] };
    const int failed = _cmocka_run_group_tests("tflite", tests, n, temp_dir_make, temp_dir_remove);

    td_arena_free(arena);
    return failed;
}
