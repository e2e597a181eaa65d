/* SPDX-License-Identifier: Apache-2.0 */
/* main.c -- are signatures that are judged batchable? Runs rows apart and together, and compares.
 *
 *   rows [--seed N] [--all] DIR...
 *
 * DIR is a version directory. Prints a line for each signature; --all those that are not batchable, too. Fails when rows
 * that ran together differ from the same rows alone. Signatures that take none of the inputs tried are passed over.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensord/session.h"

#include "base/macros.h"
#include "base/mem.h"
#include "obs/log.h"
#include "tensor/half.h"

enum { FIRST = 3, SECOND = 2, BOTH = FIRST + SECOND };

/* Of networks with hundreds of layers, relative to the largest element. */
static const double tolerance = 1e-5;
/* Inputs are changed by this share of themselves to see how far rounding goes. */
static const float nudge = 3e-7f;

static uint64_t state = 1;

static uint64_t next_random(void)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return state >> 33;
}

/* ---------------------------------------------------------------- inputs */

static const char *const words[] = { "", "a", "the", "cat", "sat on", "The Mat!", "7", "zzz" };

static void fill(td_tensor *t)
{
    const size_t size = td_dtype_size(t->dtype);

    for (int64_t i = 0; i < td_shape_count(&t->shape); i++) {
        char *const at = (char *)t->data + (size_t)i * size;
        const uint64_t r = next_random();
        const float f = (float)(r % 2001) / 1000.0f - 1.0f;
        const double d = f;
        const uint16_t half = t->dtype == TD_F16 ? td_f32_to_f16(f).bits : td_f32_to_bf16(f).bits;
        const uint64_t small = t->dtype == TD_BOOL ? r % 2 : r % 2;

        if (t->dtype == TD_STRING)
            *(td_string *)(void *)at =
                (td_string){ words[r % TD_COUNT(words)], strlen(words[r % TD_COUNT(words)]) };
        else if (t->dtype == TD_F32)
            memcpy(at, &f, sizeof f);
        else if (t->dtype == TD_F64)
            memcpy(at, &d, sizeof d);
        else if (t->dtype == TD_F16 || t->dtype == TD_BF16)
            memcpy(at, &half, sizeof half);
        else
            memcpy(at, &small, TD_MIN(size, sizeof small));
    }
}

static td_status make_inputs(const td_signature *sig, int64_t other, td_tensor *in)
{
    for (size_t i = 0; i < sig->n_inputs; i++) {
        td_shape s = sig->inputs[i].shape;

        for (int d = 0; d < s.rank; d++)
            if (s.dims[d] < 0) s.dims[d] = d == 0 ? BOTH : other;
        TD_TRY(td_tensor_make(sig->inputs[i].dtype, &s, &in[i]));
        fill(&in[i]);
    }
    return NULL;
}

/* Rows [at, at + n) of t. */
static td_tensor rows_of(const td_tensor *t, int64_t at, int64_t n)
{
    td_tensor r = *t;

    r.shape.dims[0] = n;
    r.buffer = NULL;
    r.data = (char *)t->data + (size_t)at * (td_tensor_bytes(t) / (size_t)t->shape.dims[0]);
    return r;
}

/* ---------------------------------------------------------------- comparing */

static double number(const td_tensor *t, int64_t i)
{
    const uint16_t half = td_dtype_size(t->dtype) == 2 ? ((const uint16_t *)t->data)[i] : 0;

    switch (t->dtype) {
    case TD_F32:
        return (double)((const float *)t->data)[i];
    case TD_F64:
        return ((const double *)t->data)[i];
    case TD_F16:
        return (double)td_f16_to_f32((td_f16){ half });
    default:
        return (double)td_bf16_to_f32((td_bf16){ half });
    }
}

static bool is_float(td_dtype t)
{
    return t == TD_F32 || t == TD_F64 || t == TD_F16 || t == TD_BF16;
}

static bool same_strings(const td_tensor *a, const td_tensor *b)
{
    const td_string *const x = a->data, *const y = b->data;

    for (int64_t i = 0; i < td_shape_count(&a->shape); i++)
        if (x[i].size != y[i].size || memcmp(x[i].data, y[i].data, x[i].size) != 0) return false;
    return true;
}

/* How far the two lie apart, relative to the largest element; infinity: they are not comparable. */
static double distance(const td_tensor *a, const td_tensor *b)
{
    double most = 0.0, largest = 0.0;

    if (a->dtype != b->dtype || !td_shape_equal(&a->shape, &b->shape)) return INFINITY;
    if (a->dtype == TD_STRING) return same_strings(a, b) ? 0.0 : INFINITY;
    if (!is_float(a->dtype)) return memcmp(a->data, b->data, td_tensor_bytes(a)) ? INFINITY : 0.0;
    for (int64_t i = 0; i < td_shape_count(&a->shape); i++) {
        const double x = number(a, i), y = number(b, i);

        if (isnan(x) != isnan(y)) return INFINITY;
        if (isnan(x) || x == y) continue;
        most = fmax(most, fabs(x - y));
        largest = fmax(largest, fabs(x));
    }
    return most > 0.0 ? most / largest : 0.0;
}

/* ---------------------------------------------------------------- one signature */

static td_status run(td_session *s, const td_signature *sig, const td_tensor *in, td_result **out)
{
    size_t *const want = TD_NEW_N(size_t, sig->n_outputs);

    for (size_t i = 0; i < sig->n_outputs; i++)
        want[i] = i;
    const td_status st = td_session_run(s, sig, in, want, sig->n_outputs, NULL, out);
    td_free(want);
    return st;
}

static void nudge_inputs(const td_signature *sig, td_tensor *in)
{
    for (size_t i = 0; i < sig->n_inputs; i++)
        for (int64_t k = 0; in[i].dtype == TD_F32 && k < td_shape_count(&in[i].shape); k++)
            ((float *)in[i].data)[k] *= next_random() % 2 ? 1.0f + nudge : 1.0f - nudge;
}

/* Rows [at, at + n) alone, against those of `all`. */
static td_status compare(td_session *s, const td_signature *sig, const td_tensor *in, const td_result *all,
                         int64_t at, int64_t n, double *most)
{
    td_tensor *const part = TD_NEW_N(td_tensor, sig->n_inputs);
    td_result *r;

    for (size_t i = 0; i < sig->n_inputs; i++)
        part[i] = rows_of(&in[i], at, n);
    const td_status st = run(s, sig, part, &r);
    td_free(part);
    TD_TRY(st);
    for (size_t i = 0; i < sig->n_outputs; i++) {
        const td_tensor *const whole = &td_result_outputs(all)[i];
        double d = INFINITY;

        if (whole->shape.rank > 0 && whole->shape.dims[0] == BOTH) {
            const td_tensor rows = rows_of(whole, at, n);
            d = distance(&td_result_outputs(r)[i], &rows);
        }
        *most = fmax(*most, d);
    }
    td_result_free(r);
    return NULL;
}

/* *most: how far rows together are from rows alone; *spread: how far the same run is from itself, were its inputs off by
 * what rounding makes of them. */
static td_status try_size(td_session *s, const td_signature *sig, int64_t other, double *most, double *spread)
{
    td_tensor *const in = TD_NEW_N(td_tensor, sig->n_inputs);
    td_result *all = NULL;

    *most = *spread = 0.0;
    td_status st = make_inputs(sig, other, in);
    if (!st) st = run(s, sig, in, &all);
    if (!st) st = compare(s, sig, in, all, 0, FIRST, most);
    if (!st) st = compare(s, sig, in, all, FIRST, SECOND, most);
    for (int i = 0; i < 3 && !st && *most > tolerance; i++) {
        nudge_inputs(sig, in);
        st = compare(s, sig, in, all, 0, BOTH, spread);
    }
    td_result_free(all);
    for (size_t i = 0; i < sig->n_inputs; i++)
        td_tensor_unref(&in[i]);
    td_free(in);
    return st;
}

/* False: rows are not apart. */
static bool check(td_session *s, const td_signature *sig, const char *dir)
{
    static const int64_t others[] = { 7, 64, 224 };
    td_status st = NULL;
    double most = 0.0, spread = 0.0;

    for (size_t i = 0; i < TD_COUNT(others); i++) {
        td_status_free(st);
        st = try_size(s, sig, others[i], &most, &spread);
        if (!st) break;
    }
    if (st) {
        printf("%s %s: batchable; not run: %s\n", dir, sig->name, td_status_text(st));
        td_status_free(st);
        return true;
    }
    const bool ok = most <= tolerance + 8.0 * spread;
    printf("%s %s: batchable; together as alone to %.2g%s\n", dir, sig->name, most,
           most <= tolerance ? ""
           : ok              ? ", as rounding may"
                             : " WRONG");
    return ok;
}

static bool check_model(const char *dir, bool says_all)
{
    td_session *s;
    size_t n;
    bool ok = true;
    const td_status st = td_session_load(dir, &(td_session_options){ .skip_warmup = true }, &s);

    if (st) {
        if (says_all) printf("%s: not loaded: %s\n", dir, td_status_text(st));
        td_status_free(st);
        return true;
    }
    const td_signature *const sigs = td_session_signatures(s, &n);
    for (size_t i = 0; i < n; i++) {
        const char *why;

        if (!strncmp(sigs[i].name, "__saved_model", 13)) continue;
        if (td_session_is_batchable(s, &sigs[i], &why))
            ok = check(s, &sigs[i], dir) && ok;
        else if (says_all)
            printf("%s %s: no: %s\n", dir, sigs[i].name, why);
    }
    td_session_unref(s);
    (void)fflush(stdout);
    return ok;
}

int main(int argc, char **argv)
{
    bool ok = true, says_all = false;

    td_log_set_level(TD_LOG_ERROR);
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--all"))
            says_all = true;
        else if (!strcmp(argv[i], "--seed") && i + 1 < argc)
            state = strtoull(argv[++i], NULL, 10);
        else
            ok = check_model(argv[i], says_all) && ok;
    }
    return ok ? 0 : 1;
}
