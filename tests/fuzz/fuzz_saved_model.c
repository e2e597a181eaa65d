/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_saved_model.c -- any bytes as saved_model.pb: read, and every function lowered, sorted and dumped; what `show --all`
 * says of it. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cli/show_functions.h"
#include "driver.h"
#include "formats/savedmodel/source.h"

enum { EXPAND_MAX = 1 << 20, FUNCTIONS_MAX = 64 };

/* Functions that attributes name, each once, in the order they were met. */
typedef struct work {
    const char *names[FUNCTIONS_MAX];
    size_t count;
    td_map seen;
} work;

static void add_name(work *w, const td_attr_value *v)
{
    if (v->kind != TD_ATTR_FUNC || w->count == FUNCTIONS_MAX || td_map_has(&w->seen, v->u.func)) return;
    td_map_put(&w->seen, v->u.func, w);
    w->names[w->count++] = v->u.func;
}

static void add_names(work *w, const td_graph *g)
{
    for (size_t i = 0; i < g->n_nodes; i++) {
        for (uint32_t k = 0; k < g->nodes[i]->n_attrs; k++) {
            const td_attr_value *const v = &g->nodes[i]->attrs[k].value;
            add_name(w, v);
            for (size_t n = 0; v->kind == TD_ATTR_LIST && n < v->u.list.count; n++)
                add_name(w, &v->u.list.items[n]);
        }
    }
}

static void use_graph(td_graph *g)
{
    td_strbuf text = { NULL, 0, 0 };
    td_node **const roots = TD_NEW_N(td_node *, g->n_rets + g->n_ctrl_rets);
    size_t n = 0;

    td_graph_dump(g, &text);
    for (size_t i = 0; i < g->n_rets; i++)
        roots[n++] = g->rets[i].node;
    for (size_t i = 0; i < g->n_ctrl_rets; i++)
        roots[n++] = g->ctrl_rets[i];
    (void)fuzz_end(td_graph_sort(g, roots, n));
    td_free(roots);
    td_strbuf_fini(&text);
}

/* What is damaged is passed over: nothing says that there was no memory to say so. */
static void show_model(const td_model_file *m)
{
    td_strbuf text = { NULL, 0, 0 };
    const char **ops;
    size_t n;

    fuzz_pause();
    td_savedmodel_op_names(m, &ops, &n);
    td_show_functions(m, &text);
    fuzz_resume();
    td_strbuf_fini(&text);
}

static void use_model(td_model_file *m)
{
    work w = { .count = 0 };

    add_names(&w, m->graph);
    use_graph(m->graph);
    for (size_t i = 0; i < w.count; i++) {
        td_graph *g;
        if (!fuzz_end(m->library->lower(m->library, w.names[i], m->arena, &g))) continue;
        add_names(&w, g);
        use_graph(g);
    }
    td_map_fini(&w.seen);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    td_budget budget;
    td_model_file *m;

    td_budget_begin(&budget, 0, 0, EXPAND_MAX, 0);
    if (!fuzz_end(td_savedmodel_parse(data, size, "/model", "serve", &budget, &m))) return;
    show_model(m);
    use_model(m);
    td_model_file_free(m);
}
