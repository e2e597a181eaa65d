/* SPDX-License-Identifier: Apache-2.0 */
/* test_chain.c -- random chains of links of unlike widths against the same links one after the other, each on
 * memory of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cpu_levels.h"

#include "kernels/elt/cast.h"
#include "kernels/elt/chain.h"
#include "kernels/elt/select.h"

enum { OPERANDS = 4, MOST = 9001, WIDEST = 8 };

static uint32_t seed = 1;

static unsigned pick(unsigned n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

/* A chain under construction: type_of[] for links, operand_type[] for operands. */
typedef struct maker {
    td_chain chain;
    int sources[TD_CHAIN_LINKS][TD_ELT_MAX_IN];
    td_dtype type_of[TD_CHAIN_LINKS];
} maker;

static const td_dtype operand_type[OPERANDS] = { TD_F32, TD_F64, TD_I8, TD_F16 };

/* A value of this type: mostly an earlier link's, by its number as sources[] has it; INT32_MAX: there is none. */
static int find_source(const maker *m, td_dtype type)
{
    int found = INT32_MAX;

    for (int k = 0; k < OPERANDS; k++)
        if (operand_type[k] == type) found = k;
    for (unsigned i = 0; i < m->chain.n; i++)
        if (m->type_of[i] == type && (found == INT32_MAX || pick(3))) found = -1 - (int)i;
    return found;
}

static bool find_sources(maker *m, td_dtype a, td_dtype b, td_dtype c)
{
    int *const s = m->sources[m->chain.n];

    s[0] = find_source(m, a);
    s[1] = find_source(m, b);
    s[2] = find_source(m, c);
    return s[0] != INT32_MAX && s[1] != INT32_MAX && s[2] != INT32_MAX;
}

/* Adds one link of the asked kind if its operands are there. */
static void add_link(maker *m, unsigned kind, td_dtype in, td_dtype to, td_cpu cpu)
{
    static const td_elt_id plain[] = { TD_ELT_add, TD_ELT_sub, TD_ELT_maximum, TD_ELT_minimum };
    td_chain_link link = { 0 };
    td_dtype out = in;
    bool ok = false;

    if (kind == 0) {
        ok = find_sources(m, TD_BOOL, in, in) && td_select_find(td_dtype_size(in), &link.elt);
    } else if (kind == 1) {
        ok =
            in != to && find_sources(m, in, in, in) && td_cast_find(in, to, false, cpu, &link.elt, &link.arg);
        out = to;
    } else if (kind == 2) {
        ok = find_sources(m, in, in, in) && td_elt_find(TD_ELT_less, in, cpu, &link.elt);
        out = TD_BOOL;
    } else {
        ok = find_sources(m, in, in, in) && td_elt_find(plain[pick(4)], in, cpu, &link.elt);
    }
    if (!ok) return;
    m->type_of[m->chain.n] = out;
    m->chain.links[m->chain.n++] = link;
}

static void make_chain(maker *m, unsigned links, td_cpu cpu)
{
    static const td_dtype types[] = { TD_F32, TD_F64, TD_I8, TD_F16, TD_I32, TD_I16 };

    *m = (maker){ 0 };
    while (m->chain.n < links) {
        const td_dtype in = types[pick(6)], to = types[pick(6)];
        add_link(m, pick(5), in, to, cpu);
    }
}

static void fill(td_dtype type, void *to, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const int v = (int)pick(100) - 50;
        if (type == TD_F32) ((float *)to)[i] = (float)v;
        if (type == TD_F64) ((double *)to)[i] = (double)v;
        if (type == TD_I8) ((int8_t *)to)[i] = (int8_t)v;
        if (type == TD_F16) ((uint16_t *)to)[i] = (uint16_t)(0x3c00 + v); /* around one */
    }
}

/* Values of all links, one after the other. */
static void run_apart(const maker *m, const void *const in[], char *values, size_t n)
{
    for (unsigned i = 0; i < m->chain.n; i++) {
        const td_chain_link *const link = &m->chain.links[i];
        const void *from[TD_ELT_MAX_IN];
        for (unsigned k = 0; k < link->elt.n_in; k++) {
            const int s = m->sources[i][k];
            from[k] = s >= 0 ? in[s] : values + (size_t)(-1 - s) * MOST * WIDEST;
        }
        (void)td_elt_run(&link->elt, values + (size_t)i * MOST * WIDEST, from, n, &link->arg);
    }
}

/* The chain may write over an operand of the result's width. */
static void check_in_place(const maker *m, void *in[], const void *want, size_t n)
{
    const size_t width = td_dtype_size(m->type_of[m->chain.n - 1]);

    for (int k = 0; k < OPERANDS; k++) {
        if (td_dtype_size(operand_type[k]) != width) continue;
        char *const kept = malloc(n * width);
        memcpy(kept, in[k], n * width);
        (void)td_chain_run(&m->chain, in[k], (const void *const *)in, n);
        assert_memory_equal(in[k], want, n * width);
        memcpy(in[k], kept, n * width);
        free(kept);
    }
}

static void check_chain(maker *m, void *in[], char *values, size_t n)
{
    const unsigned last = m->chain.n - 1;
    const size_t bytes = n * td_dtype_size(m->type_of[last]);
    const char *const want = values + (size_t)last * MOST * WIDEST;
    char *const got = malloc(bytes + 1);

    run_apart(m, (const void *const *)in, values, n);
    (void)td_chain_run(&m->chain, got, (const void *const *)in, n);
    assert_memory_equal(got, want, bytes);
    check_in_place(m, in, want, n);
    free(got);
}

static void test_unlike_widths(void **state)
{
    static const size_t counts[] = { 1, 31, 512, 1025, MOST };
    void *in[OPERANDS];
    char *const values = malloc((size_t)TD_CHAIN_LINKS * MOST * WIDEST);
    unsigned checked = 0, refused = 0;
    maker m;

    (void)state;
    for (int k = 0; k < OPERANDS; k++) {
        in[k] = malloc((size_t)MOST * WIDEST);
        fill(operand_type[k], in[k], MOST);
    }
    for (int i = 0; i < 1000; i++) {
        make_chain(&m, 2 + pick(TD_CHAIN_LINKS - 2), cpu_level(pick((unsigned)cpu_levels())));
        if (td_chain_finish(&m.chain, m.sources)) {
            check_chain(&m, in, values, counts[pick(5)]);
            checked++;
        } else {
            refused++;
        }
    }
    assert_true(checked > 500 && refused < 300);
    for (int k = 0; k < OPERANDS; k++)
        free(in[k]);
    free(values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unlike_widths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
