/* SPDX-License-Identifier: Apache-2.0 */
/* hostile.c -- see hostile.h. */
#include "hostile.h"

#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "element.h"
#include "number.h"

/* None that asks for gigabytes and rightly gets them. */
static const int64_t numbers[] = { 0,  1,         -1,        2,         3,         -2,        5,
                                   7,  31,        100,       INT32_MIN, INT64_MAX, INT64_MIN, INT64_MAX / 2,
                                   12, 1LL << 44, 1LL << 31, 255 };

static int64_t odd_number(fz_random *r)
{
    return numbers[fz_below(r, TD_COUNT(numbers))];
}

/* One number of a node's text becomes another; digits of names stay what they are. */
static void spoil_number(fz_node *n, fz_random *r, td_arena *arena)
{
    const size_t size = strlen(n->text), from = fz_below(r, (unsigned)size);

    for (size_t i = from; i < size; i++) {
        const char before = i ? n->text[i - 1] : ' ';
        const size_t digits = strspn(n->text + i, "0123456789");
        if (!digits || (before != '=' && before != '[' && before != ',' && before != '-')) continue;
        n->text =
            td_arena_format(arena, "%.*s%" PRId64 "%s", (int)i, n->text, odd_number(r), n->text + i + digits);
        return;
    }
}

static const char *any_type(fz_random *r)
{
    td_dtype t = TD_DTYPE_NONE;

    while (!td_dtype_is_valid(t))
        t = (td_dtype)fz_below(r, TD_DTYPE_COUNT);
    return td_dtype_name(t);
}

/* One type becomes another. */
static void spoil_type(fz_node *n, fz_random *r, td_arena *arena)
{
    const char *const at = strchr(n->text + fz_below(r, (unsigned)strlen(n->text)), '%');

    if (!at) return;
    const size_t size = 1 + strcspn(at + 1, " %}");
    n->text = td_arena_format(arena, "%.*s%%%s%s", (int)(at - n->text), n->text, any_type(r), at + size);
}

/* A function's name becomes another's, or nobody's. */
static void spoil_function(fz_node *n, const fz_model *m, fz_random *r, td_arena *arena)
{
    const char *const at = strchr(n->text, '@');
    const char *const name =
        m->n_functions && fz_chance(r, 80) ? m->functions[fz_below(r, m->n_functions)]->name : "none";

    if (!at) return;
    const size_t size = 1 + strcspn(at + 1, " @}");
    n->text = td_arena_format(arena, "%.*s@%s%s", (int)(at - n->text), n->text, name, at + size);
}

static void spoil_op(fz_node *n, const fz_graph *f, fz_random *r, td_arena *arena)
{
    const fz_node *const other = &f->nodes[fz_below(r, f->n_nodes)];

    if (!other->text) return;
    n->text = td_arena_format(arena, "%.*s%s", (int)strcspn(other->text, " "), other->text,
                              n->text + strcspn(n->text, " "));
}

/* Other bytes, fewer, or one more. */
static void spoil_string(td_string *s, fz_random *r, td_arena *arena)
{
    char *const bytes = td_arena_alloc(arena, s->size + 2);

    if (s->size) memcpy(bytes, s->data, s->size);
    bytes[fz_below(r, (unsigned)s->size + 1)] = (char)fz_below(r, 256);
    *s = (td_string){ bytes, fz_chance(r, 50) ? s->size + 1 : fz_below(r, (unsigned)s->size + 1) };
}

static void spoil_tensor(td_tensor *t, fz_random *r, td_arena *arena)
{
    td_tensor copy = fz_copy_tensor(arena, t);
    const size_t n = fz_parts(t);

    if (n && t->dtype == TD_STRING)
        spoil_string((td_string *)copy.data + fz_below(r, (unsigned)n), r, arena);
    else if (n) /* a limit of billions would rightly take gigabytes */
        fz_set(&copy, fz_below(r, (unsigned)n), (double)(odd_number(r) % 1000));
    if (fz_chance(r, 30)) { /* fewer elements of another shape */
        const int d = copy.shape.rank ? (int)fz_below(r, (unsigned)copy.shape.rank) : -1;
        if (d >= 0) copy.shape.dims[d] = fz_below(r, (unsigned)copy.shape.dims[d] + 1);
    }
    *t = copy;
}

static void spoil_edges(fz_node *n, const fz_graph *f, fz_random *r)
{
    const unsigned kind = fz_below(r, 4);

    if (kind == 0 && n->n_in > 0)
        n->n_in--;
    else if (kind == 1 && n->n_in < FZ_MAX_IN)
        n->in[n->n_in++] = (fz_ref){ fz_below(r, f->n_nodes), 0 };
    else if (n->n_in)
        n->in[fz_below(r, n->n_in)] =
            (fz_ref){ fz_below(r, f->n_nodes), fz_chance(r, 80) ? 0 : fz_below(r, 4) };
}

static void spoil_node(const fz_model *m, fz_graph *f, fz_random *r, td_arena *arena)
{
    fz_node *const n = &f->nodes[fz_below(r, f->n_nodes)];

    if (n->kind != FZ_OP) {
        for (unsigned feed = 0; feed < FZ_FEEDS; feed++)
            if (n->data[feed].dtype) spoil_tensor(&n->data[feed], r, arena);
        return;
    }
    n->is_lowered = false; /* Switches are made for a call that fits */
    switch (fz_below(r, 8)) {
    case 0:
    case 1:
    case 2:
        spoil_number(n, r, arena);
        break;
    case 3:
        spoil_type(n, r, arena);
        break;
    case 4:
        spoil_op(n, f, r, arena);
        break;
    case 5:
        spoil_function(n, m, r, arena);
        break;
    default:
        spoil_edges(n, f, r);
    }
}

static fz_graph *copy_graph(const fz_graph *f, td_arena *arena)
{
    fz_graph *const out = TD_ARENA_NEW(arena, fz_graph);

    *out = *f;
    return out;
}

fz_model *fz_spoil(const fz_model *m, fz_random *r, td_arena *arena)
{
    fz_model *const out = TD_ARENA_NEW(arena, fz_model);

    *out = *m;
    out->main = copy_graph(m->main, arena);
    for (uint32_t i = 0; i < m->n_functions; i++)
        out->functions[i] = copy_graph(m->functions[i], arena);
    for (unsigned n = 1 + fz_below(r, 3); n-- > 0;) {
        fz_graph *const f =
            out->n_functions && fz_chance(r, 30) ? out->functions[fz_below(r, out->n_functions)] : out->main;
        if (f->n_nodes) spoil_node(out, f, r, arena);
    }
    return out;
}
