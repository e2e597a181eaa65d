/* SPDX-License-Identifier: Apache-2.0 */
/* show_size.c -- see show_size.h. */
#include "cli/show_size.h"

#include <stdio.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "cli/describe.h"
#include "cli/show_tf.h"
#include "config/precision.h"
#include "formats/savedmodel/bundle.h"
#include "ops/layers.h"

static void put_shape(const td_shape *s, cJSON *into)
{
    td_strbuf text = { 0 };

    for (int32_t i = 0; i < s->rank; i++)
        td_strbuf_printf(&text, "%s%lld", i ? "," : "", (long long)s->dims[i]);
    td_document_text(into, "shape", td_strbuf_text(&text));
    td_strbuf_fini(&text);
}

static void put_variables(const td_bundle_item *items, size_t n, cJSON *d)
{
    cJSON *const list = cJSON_AddArrayToObject(d, "variables");
    uint64_t all = 0, twice = 0;

    for (size_t i = 0; i < n; i++) {
        cJSON *const x = td_document_next(list);

        td_document_text(x, "name", items[i].name);
        td_document_text(x, "dtype", items[i].dtype == TD_DTYPE_NONE ? "?" : td_dtype_name(items[i].dtype));
        put_shape(&items[i].shape, x);
        (void)cJSON_AddNumberToObject(x, "bytes", (double)items[i].bytes);
        if (items[i].same_as) td_document_text(x, "same_as", items[i].same_as);
        all += items[i].bytes;
        twice += items[i].same_as ? items[i].bytes : 0;
    }
    (void)cJSON_AddNumberToObject(d, "variable_bytes", (double)all);
    (void)cJSON_AddNumberToObject(d, "duplicate_bytes", (double)twice);
}

static td_status put_bundle(const char *prefix, cJSON *d)
{
    td_arena *const arena = td_arena_make();
    td_bundle_item *items;
    td_bundle *b = NULL;
    size_t n;
    td_status error = td_bundle_open(prefix, &b);

    if (!error) error = td_bundle_list(b, arena, &items, &n);
    if (!error) put_variables(items, n, d);
    td_bundle_unref(b);
    td_arena_free(arena);
    return error;
}

/* A load with its warm-up, which makes plans, says what its layers take. */
static td_status put_precision(const char *dir, const char *tags, td_precision p, cJSON *list)
{
    td_layers *const layers = td_layers_make();
    const td_session_options options = { .tags = tags, .precision = p, .layers = layers };
    td_session *s = NULL;
    const td_status error = td_session_load(dir, &options, &s);

    if (!error) {
        const td_layers_sum sum = td_layers_summary(layers);
        cJSON *const x = td_document_next(list);

        td_document_text(x, "precision", td_precision_name(p));
        (void)cJSON_AddNumberToObject(x, "layers", (double)sum.layers);
        (void)cJSON_AddNumberToObject(x, "layers_in_fewer_bits", (double)sum.less);
        (void)cJSON_AddNumberToObject(x, "before_bytes", (double)sum.before);
        (void)cJSON_AddNumberToObject(x, "after_bytes", (double)sum.after);
    }
    td_session_unref(s);
    td_layers_unref(layers);
    return error;
}

static td_status fill(const char *dir, const char *tags, cJSON *d)
{
    static const td_precision precisions[] = { TD_PRECISION_FLOAT16, TD_PRECISION_INT8, TD_PRECISION_INT4 };
    td_budget budget;
    td_model_file *m;

    TD_TRY(td_show_read(dir, tags, &budget, &m));
    td_status error = m->variables_prefix ? put_bundle(m->variables_prefix, d) : NULL;

    td_model_file_free(m);
    TD_TRY(error);
    cJSON *const list = cJSON_AddArrayToObject(d, "precisions");
    for (size_t i = 0; i < TD_COUNT(precisions); i++)
        TD_TRY(put_precision(dir, tags, precisions[i], list));
    return NULL;
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

static void print(const cJSON *d)
{
    const cJSON *x;

    puts("       bytes  dtype     shape             name");
    cJSON_ArrayForEach(x, cJSON_GetObjectItemCaseSensitive(d, "variables"))
    {
        const char *const same = text(x, "same_as");

        printf("%12.0f  %-8s  %-16s  %s%s%s\n", number(x, "bytes"), text(x, "dtype"), text(x, "shape"),
               text(x, "name"), *same ? ", the same as " : "", same);
    }
    printf("\nvariables: %.0f bytes, %.0f of them are there twice\n\n", number(d, "variable_bytes"),
           number(d, "duplicate_bytes"));
    cJSON_ArrayForEach(x, cJSON_GetObjectItemCaseSensitive(d, "precisions"))
        printf("%s: weights of %.0f layers, %.0f in fewer bits: %.0f bytes, as floats %.0f\n",
               text(x, "precision"), number(x, "layers"), number(x, "layers_in_fewer_bits"),
               number(x, "after_bytes"), number(x, "before_bytes"));
}

td_status td_show_size(const char *dir, const char *tags, bool is_json)
{
    cJSON *const d = td_document_make();

    td_document_text(d, "path", dir);
    const td_status error = fill(dir, tags, d);
    if (error || is_json) return td_describe_print(d, error);
    print(d);
    cJSON_Delete(d);
    return NULL;
}
