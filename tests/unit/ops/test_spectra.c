/* SPDX-License-Identifier: Apache-2.0 */
/* test_spectra.c -- Fourier transforms of many signals together, in parts of a run, are those of each alone on the
 * oldest CPU, to the last bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "cpu_levels.h"
#include "golden.h"
#include "ops/kernel.h"

static const struct {
    const char *op, *type, *whole; /* numbers of types: input's, the other's */
    int64_t dims[4], lengths[4];   /* of one signal and its transforms, 0 at their end */
} cases[] = {
    { "FFT", "8", NULL, { 37 }, { 0 } },
    { "FFT", "18", NULL, { 60 }, { 0 } },
    { "FFT", "18", NULL, { 1 }, { 0 } },
    { "IFFT", "8", NULL, { 64 }, { 0 } },
    { "FFT2D", "8", NULL, { 9, 35 }, { 0 } },
    { "IFFT3D", "18", NULL, { 3, 11, 6 }, { 0 } },
    { "RFFT", "1", "8", { 80 }, { 80 } },
    { "RFFT", "1", "8", { 40 }, { 37 } },
    { "RFFT", "2", "18", { 33 }, { 33 } },
    { "RFFT2D", "1", "8", { 12, 50 }, { 10, 48 } },
    { "RFFT3D", "2", "18", { 3, 5, 20 }, { 3, 4, 20 } },
    { "IRFFT", "8", "1", { 41 }, { 80 } },
    { "IRFFT", "18", "2", { 17 }, { 31 } },
    { "IRFFT2D", "8", "1", { 7, 17 }, { 7, 32 } },
};

/* Of `count` signals, as a golden without the input's elements. */
static void read_case(td_arena *arena, size_t i, golden *g)
{
    char text[256];
    size_t n = 0, at;
    const bool is_real = cases[i].whole, is_inverse = cases[i].op[0] == 'I';

    while (cases[i].lengths[n])
        n++;
    at = (size_t)snprintf(text, sizeof text, "case %s\nattr %s type %s\n", cases[i].op,
                          is_real && !is_inverse ? "Treal" : "Tcomplex", cases[i].type);
    if (is_real)
        at += (size_t)snprintf(text + at, sizeof text - at, "attr %s type %s\n",
                               is_inverse ? "Treal" : "Tcomplex", cases[i].whole);
    at += (size_t)snprintf(text + at, sizeof text - at, "in %s 0\n", cases[i].type);
    if (is_real) at += (size_t)snprintf(text + at, sizeof text - at, "in 3 %zu", n);
    for (size_t k = 0; k < n; k++)
        at += (size_t)snprintf(text + at, sizeof text - at, " %d", (int)cases[i].lengths[k]);
    snprintf(text + at, sizeof text - at, "%send\n", is_real ? "\n" : "");
    FILE *const f = fmemopen(text, strlen(text), "r");

    assert_non_null(f);
    assert_true(golden_read(f, arena, g));
    (void)fclose(f);
}

static td_shape shape_of(size_t i, int64_t signals)
{
    td_shape s = { .rank = 1, .dims = { signals } };

    for (; cases[i].dims[s.rank - 1]; s.rank++)
        s.dims[s.rank] = cases[i].dims[s.rank - 1];
    return s;
}

static td_tensor evaluate(td_arena *arena, const golden *g, td_cpu cpu)
{
    td_env env = { .cpu = cpu, .threads = 1, .model_arena = arena };
    td_tensor out[GOLDEN_TENSORS] = { { 0 } };
    td_node *node = NULL;

    td_status s = golden_node(arena, g, &node);

    if (!s) s = td_node_eval(node, &env, g->in, out);
    if (s) print_error("%s: %s\n", g->op, td_status_text(s));
    assert_null(s);
    return out[0];
}

static void fill(td_tensor *t)
{
    static uint32_t seed = 1;
    const size_t n = td_tensor_bytes(t) / (t->dtype == TD_F64 || t->dtype == TD_C128 ? 8 : 4);

    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        const double v = (double)(seed >> 8) / (1 << 23) - 1;

        if (td_tensor_bytes(t) / n == 8)
            ((double *)t->data)[i] = v;
        else
            ((float *)t->data)[i] = (float)v;
    }
}

static void check_case(size_t i, int64_t signals)
{
    td_arena *const arena = td_arena_make();
    const td_shape shape = shape_of(i, signals), one = shape_of(i, 1);
    td_tensor all = { 0 };
    golden g;

    read_case(arena, i, &g);
    assert_null(td_tensor_make(g.in[0].dtype, &shape, &all));
    fill(&all);
    g.in[0] = all;
    td_tensor together[CPU_MOST_LEVELS] = { { 0 } };

    for (size_t cpu = 0; cpu < cpu_levels(); cpu++)
        together[cpu] = evaluate(arena, &g, cpu_level(cpu));
    for (int64_t k = 0; k < signals; k++) {
        g.in[0].shape = one;
        g.in[0].data = (char *)all.data + (size_t)k * (td_tensor_bytes(&all) / (size_t)signals);
        td_tensor alone = evaluate(arena, &g, TD_CPU_ref);
        const size_t size = td_tensor_bytes(&alone);

        for (size_t cpu = 0; cpu < cpu_levels(); cpu++) {
            assert_int_equal(td_tensor_bytes(&together[cpu]), size * (size_t)signals);
            assert_memory_equal((char *)together[cpu].data + (size_t)k * size, alone.data, size);
        }
        td_tensor_unref(&alone);
    }
    for (size_t cpu = 0; cpu < cpu_levels(); cpu++)
        td_tensor_unref(&together[cpu]);
    td_tensor_unref(&all);
    td_arena_free(arena);
}

static void test_together(void **state)
{
    (void)state;
    for (size_t i = 0; i < TD_COUNT(cases); i++) {
        check_case(i, 3);
        check_case(i, 203); /* several parts, and a line left over */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_together) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
