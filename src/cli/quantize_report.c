/* SPDX-License-Identifier: Apache-2.0 */
/* quantize_report.c -- see quantize_report.h. */
#include "cli/quantize_report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "config/precision.h"

typedef struct compared {
    const char *signature, *output;
    size_t elements, equal; /* all of them; of what is no float */
    double most, sum, sum_error, sum_squares, largest;
    size_t rows, same_top; /* with classes */
    bool is_float, differs_in_shape;
} compared;

static compared *find(td_compared *c, const char *signature, const char *output)
{
    if (!c->all.data) c->all = TD_VEC(compared);
    for (size_t i = 0; i < c->all.size; i++) {
        compared *const x = TD_VEC_AT(&c->all, compared, i);

        if (!strcmp(x->signature, signature) && !strcmp(x->output, output)) return x;
    }
    compared *const x = td_vec_push(&c->all);
    *x = (compared){ .signature = td_strdup(signature), .output = td_strdup(output) };
    return x;
}

static void add_floats(compared *x, const float *got, const float *want, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const double error = fabs((double)got[i] - (double)want[i]);

        if (!(error <= x->most)) x->most = error; /* NaN stays */
        x->sum += error;
        x->sum_error += error * error;
        x->sum_squares += (double)want[i] * (double)want[i];
        x->largest = fmax(x->largest, fabs((double)want[i]));
    }
}

static size_t top(const float *row, size_t n)
{
    size_t best = 0;

    for (size_t i = 1; i < n; i++)
        if (row[i] > row[best]) best = i;
    return best;
}

static void add_tops(compared *x, const float *got, const float *want, size_t n, size_t classes)
{
    for (size_t at = 0; at < n; at += classes, x->rows++)
        x->same_top += top(got + at, classes) == top(want + at, classes);
}

void td_compared_add(td_compared *c, const char *signature, const char *output, const td_tensor *got,
                     const td_tensor *want)
{
    compared *const x = find(c, signature, output);
    const size_t n = (size_t)td_shape_count(&want->shape), size = td_dtype_size(want->dtype);
    const int32_t rank = want->shape.rank;

    if ((size_t)td_shape_count(&got->shape) != n || got->dtype != want->dtype || got->shape.rank != rank) {
        x->differs_in_shape = true;
        return;
    }
    x->elements += n;
    x->is_float = want->dtype == TD_F32;
    if (x->is_float) {
        add_floats(x, got->data, want->data, n);
        if (rank > 1 && want->shape.dims[rank - 1] > 1)
            add_tops(x, got->data, want->data, n, (size_t)want->shape.dims[rank - 1]);
        return;
    }
    for (size_t i = 0; want->dtype != TD_STRING && i < n; i++)
        x->equal += !memcmp((const char *)got->data + i * size, (const char *)want->data + i * size, size);
}

void td_compared_fini(td_compared *c)
{
    for (size_t i = 0; i < c->all.size; i++) {
        td_free((void *)(uintptr_t)TD_VEC_AT(&c->all, compared, i)->signature);
        td_free((void *)(uintptr_t)TD_VEC_AT(&c->all, compared, i)->output);
    }
    if (c->all.data) td_vec_fini(&c->all);
}

static void put_one(const compared *x, cJSON *into)
{
    const double n = (double)TD_MAX(x->elements, 1);

    td_document_text(into, "signature", x->signature);
    td_document_text(into, "output", x->output);
    (void)cJSON_AddNumberToObject(into, "elements", (double)x->elements);
    if (x->differs_in_shape) (void)cJSON_AddBoolToObject(into, "differs_in_shape", true);
    if (!x->is_float) {
        (void)cJSON_AddNumberToObject(into, "equal", (double)x->equal);
        return;
    }
    (void)cJSON_AddNumberToObject(into, "largest_error", x->most);
    (void)cJSON_AddNumberToObject(into, "mean_error", x->sum / n);
    (void)cJSON_AddNumberToObject(into, "relative_error",
                                  x->sum_squares > 0 ? sqrt(x->sum_error / x->sum_squares) : x->sum_error);
    (void)cJSON_AddNumberToObject(into, "largest_value", x->largest);
    if (!x->rows) return;
    (void)cJSON_AddNumberToObject(into, "top1_rows", (double)x->rows);
    (void)cJSON_AddNumberToObject(into, "top1_agreement", (double)x->same_top / (double)x->rows);
}

void td_compared_put(const td_compared *c, cJSON *into)
{
    cJSON *const list = cJSON_AddArrayToObject(into, "outputs");

    for (size_t i = 0; i < c->all.size; i++)
        put_one(TD_VEC_AT(&c->all, compared, i), td_document_next(list));
}

/* ---------------------------------------------------------------- layers */

static void put_layer(const td_layer *x, cJSON *into)
{
    td_document_text(into, "node", x->node);
    td_document_text(into, "op", x->op);
    td_document_text(into, "precision", td_precision_name(x->precision));
    (void)cJSON_AddNumberToObject(into, "before_bytes", (double)x->before);
    (void)cJSON_AddNumberToObject(into, "after_bytes", (double)x->after);
    if (x->is_measured) (void)cJSON_AddNumberToObject(into, "error", x->error);
    if (x->why) td_document_text(into, "why", x->why);
}

void td_layers_put(const td_layers *l, const char *asked, cJSON *into)
{
    cJSON *const weights = td_document_object(into, "weights"), *const list =
                                                                    cJSON_AddArrayToObject(into, "layers");
    const size_t n = td_layers_count(l);
    size_t before = 0, after = 0, less = 0;

    for (size_t i = 0; i < n; i++) {
        const td_layer *const x = td_layers_at(l, i);

        before += x->before;
        after += x->after;
        less += x->precision > TD_PRECISION_BFLOAT16;
        put_layer(x, td_document_next(list));
    }
    (void)cJSON_AddNumberToObject(weights, "before_bytes", (double)before);
    (void)cJSON_AddNumberToObject(weights, "after_bytes", (double)after);
    (void)cJSON_AddNumberToObject(weights, "layers", (double)n);
    (void)cJSON_AddNumberToObject(weights, "layers_in_fewer_bits", (double)less);
    if (less) return;
    char text[128];
    (void)snprintf(text, sizeof text, "nothing in this model can be kept in %s: it serves floats", asked);
    td_document_text(into, "note", text);
}

/* ---------------------------------------------------------------- for people */

static double number(const cJSON *object, const char *name)
{
    const cJSON *const item = cJSON_GetObjectItemCaseSensitive(object, name);

    return item ? item->valuedouble : 0;
}

static const char *text(const cJSON *object, const char *name)
{
    const cJSON *const item = cJSON_GetObjectItemCaseSensitive(object, name);

    return item && item->valuestring ? item->valuestring : "";
}

static const cJSON *part(const cJSON *d, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(d, name);
}

static void print_output(const cJSON *o)
{
    if (!part(o, "largest_error")) {
        printf("%s %s: %.0f of %.0f elements are equal\n", text(o, "signature"), text(o, "output"),
               number(o, "equal"), number(o, "elements"));
        return;
    }
    printf("%s %s: largest error %.4g, mean %.4g, relative %.3g (values up to %.4g)", text(o, "signature"),
           text(o, "output"), number(o, "largest_error"), number(o, "mean_error"),
           number(o, "relative_error"), number(o, "largest_value"));
    if (part(o, "top1_rows"))
        printf(", same top 1 in %.2f %% of %.0f rows", 100 * number(o, "top1_agreement"),
               number(o, "top1_rows"));
    puts("");
}

static void print_layers(const cJSON *list)
{
    const cJSON *x;

    puts("\n  precision     before      after      error  op node");
    cJSON_ArrayForEach(x, list)
    {
        printf("%11s %10.0f %10.0f ", text(x, "precision"), number(x, "before_bytes"),
               number(x, "after_bytes"));
        if (part(x, "error"))
            printf("%10.2e", number(x, "error"));
        else
            printf("%10s", "");
        printf("  %s %s%s%s\n", text(x, "op"), text(x, "node"), text(x, "why")[0] ? ": " : "",
               text(x, "why"));
    }
}

void td_quantize_print(const cJSON *d)
{
    const double mib = 1 << 20;
    const cJSON *const weights = part(d, "weights"), *const memory = part(d, "packed_bytes"),
                       *const time = part(d, "time");
    const cJSON *o;

    printf("%s as %s, %s\n%.0f requests (%s)\n\n", text(d, "model"), text(d, "precision"), text(d, "cpu"),
           number(d, "requests"), text(d, "inputs"));
    cJSON_ArrayForEach(o, part(d, "outputs")) print_output(o);
    printf("\nweights of %.0f layers, %.0f in fewer bits: %.2f MiB, were %.2f\n", number(weights, "layers"),
           number(weights, "layers_in_fewer_bits"), number(weights, "after_bytes") / mib,
           number(weights, "before_bytes") / mib);
    printf("packed weights of the model: %.2f MiB, were %.2f\n", number(memory, "after") / mib,
           number(memory, "before") / mib);
    printf("a request: %.3f ms, was %.3f (%.2f times)\n", number(time, "after_ms"), number(time, "before_ms"),
           number(time, "ratio"));
    if (part(d, "note")) printf("%s\n", text(d, "note"));
    print_layers(part(d, "layers"));
}
