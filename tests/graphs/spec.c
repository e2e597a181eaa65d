/* SPDX-License-Identifier: Apache-2.0 */
/* spec.c -- building, pruning, printing. */
#include "spec.h"

#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "element.h"

const fz_graph *fz_function(const fz_model *m, const char *name)
{
    for (uint32_t i = 0; i < m->n_functions; i++)
        if (strcmp(m->functions[i]->name, name) == 0) return m->functions[i];
    return NULL;
}

void fz_find_used(const fz_graph *f, bool *used)
{
    memset(used, 0, f->n_nodes * sizeof *used);
    for (uint32_t i = 0; i < f->n_rets; i++)
        used[f->rets[i].node] = true;
    for (uint32_t i = f->n_nodes; i-- > 0;)
        for (uint32_t k = 0; used[i] && k < f->nodes[i].n_in; k++)
            used[f->nodes[i].in[k].node] = true;
}

fz_model *fz_prune(const fz_model *m, td_arena *arena)
{
    const fz_graph *const from = m->main;
    fz_model *const out = TD_ARENA_NEW(arena, fz_model);
    fz_graph *const to = TD_ARENA_NEW(arena, fz_graph);
    uint32_t place[FZ_MAX_NODES];
    bool used[FZ_MAX_NODES];

    *out = *m;
    out->arena = arena;
    out->main = to;
    to->name = from->name;
    fz_find_used(from, used);
    for (uint32_t i = 0; i < from->n_nodes; i++) {
        if (!used[i]) continue;
        place[i] = to->n_nodes;
        fz_node *const n = &to->nodes[to->n_nodes];
        *n = from->nodes[i];
        for (uint32_t k = 0; k < n->n_in; k++)
            n->in[k].node = place[n->in[k].node];
        if (n->kind == FZ_ARG) to->args[to->n_args++] = to->n_nodes;
        to->n_nodes++;
    }
    for (uint32_t i = 0; i < from->n_rets; i++)
        to->rets[to->n_rets++] = (fz_ref){ place[from->rets[i].node], from->rets[i].out };
    return out;
}

/* ---------------------------------------------------------------- text */

enum { SHOWN = 24 };

static void put_tensor(const td_tensor *t, td_strbuf *out)
{
    char shape[TD_SHAPE_TEXT];
    const int64_t n = td_shape_count(&t->shape);

    td_strbuf_printf(out, "%s %s {", td_dtype_name(t->dtype), td_shape_text(&t->shape, shape, sizeof shape));
    for (int64_t i = 0; i < n && i < SHOWN; i++) {
        td_strbuf_puts(out, i ? " " : "");
        fz_element_text(t, (size_t)i, out);
    }
    td_strbuf_puts(out, n > SHOWN ? " ..}" : "}");
}

static void put_node(const fz_node *n, uint32_t at, td_strbuf *out)
{
    td_strbuf_printf(out, "  n%" PRIu32 " = ", at);
    if (n->kind == FZ_CONST) {
        td_strbuf_puts(out, n->is_variable ? "variable " : "Const ");
        put_tensor(&n->data[0], out);
    } else if (n->kind == FZ_ARG) {
        td_strbuf_printf(out, "arg %s", td_dtype_name(n->dtype));
        for (unsigned f = 0; f < FZ_FEEDS && n->data[f].dtype; f++) {
            td_strbuf_printf(out, "\n      feed %u: ", f);
            put_tensor(&n->data[f], out);
        }
    } else {
        td_strbuf_printf(out, "%s (", n->text);
        for (uint32_t k = 0; k < n->n_in; k++) {
            td_strbuf_printf(out, "%sn%" PRIu32, k ? ", " : "", n->in[k].node);
            if (n->in[k].out) td_strbuf_printf(out, ":%" PRIu32, n->in[k].out);
        }
        td_strbuf_puts(out, n->is_lowered ? ") as TensorFlow 1 wrote it" : ")");
        for (unsigned k = 0; n->is_table && k < 2; k++) {
            td_strbuf_puts(out, k ? "\n      values: " : "\n      keys: ");
            put_tensor(&n->data[k], out);
        }
    }
    td_strbuf_puts(out, "\n");
}

static void put_graph(const fz_graph *f, td_strbuf *out)
{
    bool used[FZ_MAX_NODES];

    fz_find_used(f, used);
    td_strbuf_printf(out, "%s:\n", f->name);
    for (uint32_t i = 0; i < f->n_nodes; i++)
        if (used[i] || f->nodes[i].kind == FZ_ARG) put_node(&f->nodes[i], i, out);
    td_strbuf_puts(out, "  return");
    for (uint32_t i = 0; i < f->n_rets; i++) {
        td_strbuf_printf(out, " n%" PRIu32, f->rets[i].node);
        if (f->rets[i].out) td_strbuf_printf(out, ":%" PRIu32, f->rets[i].out);
    }
    td_strbuf_puts(out, "\n");
}

static bool names(const char *text, const char *function)
{
    const size_t n = strlen(function);

    for (const char *at = text; (at = strchr(at, '@')) != NULL;)
        if (!strncmp(++at, function, n) && strchr(" @}", at[n])) return true;
    return false;
}

/* Is function f named by a node of a graph that is printed? */
static void mark_named(const fz_model *m, const fz_graph *g, bool *named)
{
    for (uint32_t i = 0; i < g->n_nodes; i++)
        for (uint32_t k = 0; g->nodes[i].text && k < m->n_functions; k++) {
            if (named[k] || !names(g->nodes[i].text, m->functions[k]->name)) continue;
            named[k] = true;
            mark_named(m, m->functions[k], named);
        }
}

void fz_find_named(const fz_model *m, bool *named)
{
    memset(named, 0, m->n_functions * sizeof *named);
    mark_named(m, m->main, named);
}

void fz_dump(const fz_model *m, td_strbuf *out)
{
    bool named[FZ_MAX_FUNCTIONS];

    fz_find_named(m, named);
    put_graph(m->main, out);
    for (uint32_t k = 0; k < m->n_functions; k++)
        if (named[k]) put_graph(m->functions[k], out);
}
