/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/objects.h"

#include <string.h>

#include "base/mem.h"

/* The main graph's handles of n variables, as a graph that returns them. */
static td_status make_handles(td_pass *p, const td_model_file *m, const td_saved_variable *variables,
                              size_t n, td_graph **out)
{
    const char **const fetches = TD_NEW_N(const char *, n);

    for (size_t i = 0; i < n; i++)
        fetches[i] = variables[i].node;
    const td_status s = td_pass_extract(p, m->graph, NULL, 0, fetches, n, NULL, 0, out);
    td_free(fetches);
    return s ? s : td_pass_resolve(p, *out);
}

static bool fits(const td_variable *v, const td_tensor *value)
{
    if (v->dtype != value->dtype) return false;
    if (v->shape.rank >= 0 && v->shape.rank != value->shape.rank) return false;
    for (int32_t i = 0; i < v->shape.rank; i++)
        if (v->shape.dims[i] >= 0 && v->shape.dims[i] != value->shape.dims[i]) return false;
    return true;
}

static td_status restore_one(td_bundle *b, td_variable *v, const char *key)
{
    char want[TD_SHAPE_TEXT], got[TD_SHAPE_TEXT];
    td_tensor value;
    td_status s = NULL;

    TD_TRY(td_bundle_read(b, key, NULL, &value));
    if (!fits(v, &value))
        s = TD_ERR(INVALID_ARGUMENT, "key '%s' is %s%s, variable %s is %s%s", key, td_dtype_name(value.dtype),
                   td_shape_text(&value.shape, got, sizeof got), v->name, td_dtype_name(v->dtype),
                   td_shape_text(&v->shape, want, sizeof want));
    if (!s) s = td_variable_assign(v, &value);
    td_tensor_unref(&value);
    return s;
}

static bool has_value(td_variable *v)
{
    td_tensor value;
    const td_status unset = td_variable_read(v, &value);

    if (!unset) td_tensor_unref(&value);
    td_status_free(unset);
    return !unset;
}

/* Two objects under one name would get one value: names are unique in what TensorFlow writes, but not for certain. */
static td_status check_one_key(td_map *keys, const td_variable *v, const char *key)
{
    const char *const other = td_map_put(keys, v->name, (void *)(uintptr_t)key);

    if (!other || strcmp(other, key) == 0) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "variable %s is two objects, '%s' and '%s'", v->name, other, key);
}

static td_status restore_all(td_pass *p, const td_graph *handles, td_bundle *b,
                             const td_saved_variable *variables, td_map *keys)
{
    for (size_t i = 0; i < handles->n_rets; i++) {
        td_variable *v;

        TD_TRY(td_pass_variable(p, &handles->rets[i], &v));
        if (!v || !v->is_reached) continue;
        if (!td_map_has(keys, v->name) && has_value(v)) continue;
        TD_TRY(check_one_key(keys, v, variables[i].key));
        if (!has_value(v)) TD_TRY(restore_one(b, v, variables[i].key));
    }
    return NULL;
}

static td_status restore_from(td_pass *p, td_model_file *m, td_bundle *b)
{
    td_saved_variable *variables;
    td_graph *handles = NULL;
    td_map keys;
    size_t n;

    TD_TRY(td_savedmodel_variables(m, b, &variables, &n));
    td_map_init(&keys);
    td_status s = n ? make_handles(p, m, variables, n, &handles) : NULL;
    if (!s && n) s = restore_all(p, handles, b, variables, &keys);
    td_map_fini(&keys);
    td_free(variables);
    return s;
}

td_status td_objects_restore(td_pass *p, td_model_file *m)
{
    td_bundle *b;

    if (!m->variables_prefix || !m->object_graph_size || !td_resources_lack_values(p->env->resources))
        return NULL;
    TD_TRY(td_bundle_open(m->variables_prefix, &b));
    const td_status s = restore_from(p, m, b);
    td_bundle_unref(b);
    return td_status_prefix(s, "restoring variables by the object graph: ");
}
