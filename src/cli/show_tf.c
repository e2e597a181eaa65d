/* SPDX-License-Identifier: Apache-2.0 */
/* show_tf.c -- see show_tf.h. One thing differs: a set of ops, which Python prints in an order of its own each time, is
 * sorted. */
#include "cli/show_tf.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/sort.h"
#include "cli/show_functions.h"

/* "(-1, 8)", "()", "unknown_rank" */
static void print_shape(const td_shape *s)
{
    if (s->rank < 0) {
        fputs("unknown_rank", stdout);
        return;
    }
    putchar('(');
    for (int32_t i = 0; i < s->rank; i++)
        printf("%s%" PRId64, i ? ", " : "", s->dims[i]);
    putchar(')');
}

static void print_infos(const char *kind, const td_tensor_info *infos, size_t n, const char *indent,
                        bool says_more)
{
    printf("%sThe given SavedModel SignatureDef contains the following %s(s):\n", indent, kind);
    for (size_t i = 0; i < n; i++) {
        printf("%s  %ss['%s'] tensor_info:\n%s      dtype: %s%s\n%s      shape: ", indent, kind,
               infos[i].alias, indent, td_dtype_pb_name(infos[i].dtype), infos[i].is_ref ? "_REF" : "",
               indent);
        print_shape(&infos[i].shape);
        printf("\n%s      name: %s%s\n", indent, infos[i].tensor,
               says_more && infos[i].default_value ? " (has a default value)" : "");
    }
}

void td_show_signature(const td_signature *s, const char *indent, bool says_more)
{
    print_infos("input", s->inputs, s->n_inputs, indent, says_more);
    print_infos("output", s->outputs, s->n_outputs, indent, says_more);
    printf("%sMethod name is: %s\n", indent, s->method);
}

td_status td_show_read(const char *dir, const char *tags, td_budget *budget, td_model_file **out)
{
    td_budget_begin(budget, TD_LOAD_NODES, 0, TD_LOAD_BYTES, 0);
    return td_model_read(dir, *tags ? tags : ",", false, budget, out); /* ",": a set of none */
}

/* ---------------------------------------------------------------- tag sets */

/* Those of a set, sorted. */
static const char *sort_tags(const char *set, td_arena *arena)
{
    char *const copy = td_arena_strdup(arena, set);
    const char **const tags = TD_ARENA_NEW_N(arena, const char *, strlen(set) + 1), *sorted = "";
    size_t n = 0;

    for (char *p = copy, *next; p && *p; p = next) {
        next = strchr(p, ',');
        if (next) *next++ = '\0';
        tags[n++] = p;
    }
    td_sort_texts(tags, n);
    for (size_t i = 0; i < n; i++)
        sorted = td_arena_format(arena, "%s%s%s", sorted, i ? ", " : "", tags[i]);
    return sorted;
}

static td_status print_tag_sets(const char *dir, td_arena *arena)
{
    const char **sets;
    size_t n;

    TD_TRY(td_model_tag_sets(dir, arena, &sets, &n));
    for (size_t i = 0; i < n; i++)
        sets[i] = sort_tags(sets[i], arena);
    td_sort_texts(sets, n);
    puts("The given SavedModel contains the following tag-sets:");
    for (size_t i = 0; i < n; i++)
        printf("'%s'\n", sets[i]);
    return NULL;
}

/* "serve,gpu" with something else for each comma. */
static void print_tags(const char *tags, const char *between)
{
    for (size_t size; *tags; tags += size + (tags[size] == ',')) {
        size = strcspn(tags, ",");
        printf("%.*s%s", (int)size, tags, tags[size] ? between : "");
    }
}

/* ---------------------------------------------------------------- one meta graph */

static void print_ops(const td_model_file *m, const char *tags)
{
    const char **ops;
    size_t n;

    td_savedmodel_op_names(m, &ops, &n);
    fputs("The MetaGraph with tag set [", stdout);
    if (*tags) putchar('\'');
    print_tags(tags, "', '");
    printf("%s] contains the following ops: %s", *tags ? "'" : "", n ? "{" : "set()");
    for (size_t i = 0; i < n; i++)
        printf("'%s'%s", ops[i], i + 1 < n ? ", " : "}");
    putchar('\n');
}

static void print_all_of(const td_model_file *m, const char *tags)
{
    fputs("\nMetaGraphDef with tag-set: '", stdout);
    print_tags(tags, ", ");
    puts("' contains the following SignatureDefs:");
    for (size_t i = 0; i < m->n_signatures; i++) {
        printf("\nsignature_def['%s']:\n", m->signatures[i].name);
        td_show_signature(&m->signatures[i], "  ", false);
    }
    print_ops(m, tags);
}

static void print_keys(const td_model_file *m)
{
    puts("The given SavedModel MetaGraphDef contains SignatureDefs with the following keys:");
    for (size_t i = 0; i < m->n_signatures; i++)
        printf("SignatureDef key: \"%s\"\n", m->signatures[i].name);
}

static td_status print_one(const td_model_file *m, const char *name)
{
    td_strbuf names = { 0 };

    for (size_t i = 0; i < m->n_signatures; i++) {
        if (!strcmp(m->signatures[i].name, name)) {
            td_show_signature(&m->signatures[i], "", false);
            td_strbuf_fini(&names);
            return NULL;
        }
        td_strbuf_printf(&names, "%s%s", i ? ", " : "", m->signatures[i].name);
    }
    const td_status error =
        TD_ERR(INVALID_ARGUMENT, "Could not find signature \"%s\". Please choose from: %s", name,
               td_strbuf_text(&names));

    td_strbuf_fini(&names);
    return error;
}

static td_status print_meta_graph(const td_model_file *m, const td_show_tf *what)
{
    if (what->has_ops) print_ops(m, what->tag_set);
    if (what->signature) return print_one(m, what->signature);
    print_keys(m);
    return NULL;
}

/* ---------------------------------------------------------------- all of it */

static void print_functions(const td_model_file *m)
{
    td_strbuf text = { 0 };

    td_show_functions(m, &text);
    fwrite(td_strbuf_text(&text), 1, text.size, stdout);
    td_strbuf_fini(&text);
}

/* Meta graphs, then the functions of the first that has any. */
static td_status print_all(const td_show_tf *what, td_arena *arena)
{
    td_model_file *with_objects = NULL, *m;
    const char **sets;
    size_t n;

    TD_TRY(td_model_tag_sets(what->dir, arena, &sets, &n));
    td_budget *const budgets = TD_ARENA_NEW_N(arena, td_budget, n);
    td_status error = NULL;

    td_sort_texts(sets, n);
    for (size_t i = 0; i < n && !error; i++) {
        error = td_show_read(what->dir, sets[i], &budgets[i], &m);
        if (error) break;
        print_all_of(m, sets[i]);
        if (!with_objects && m->object_graph)
            with_objects = m;
        else
            td_model_file_free(m);
    }
    if (with_objects && !error) print_functions(with_objects);
    td_model_file_free(with_objects);
    return error;
}

static td_status print(const td_show_tf *what, td_arena *arena)
{
    td_budget budget;
    td_model_file *m;

    if (what->is_all) return print_all(what, arena);
    if (!what->tag_set) {
        if (what->has_ops) puts("--list_ops must be paired with a tag-set or with --all.");
        return print_tag_sets(what->dir, arena);
    }
    TD_TRY(td_show_read(what->dir, what->tag_set, &budget, &m));
    const td_status error = print_meta_graph(m, what);

    td_model_file_free(m);
    return error;
}

td_status td_show_tf_print(const td_show_tf *what)
{
    td_arena *const arena = td_arena_make();
    const td_status error = print(what, arena);

    td_arena_free(arena);
    return error;
}
