/* SPDX-License-Identifier: Apache-2.0 */
/* graph_text.c -- see graph_text.h. */
#include "graph_text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/map.h"
#include "node_text.h"

enum { MAX_IN = 16, MAX_ELEMENTS = 64 };

typedef struct reader {
    td_graph *g;
    td_map names; /* td_node * */
    graph_text_args *args;
} reader;

static char *trim(char *s)
{
    while (isspace((unsigned char)*s))
        s++;
    for (size_t n = strlen(s); n > 0 && isspace((unsigned char)s[n - 1]);)
        s[--n] = '\0';
    return s;
}

static td_dtype type_of(char c)
{
    switch (c) {
    case 'f':
        return TD_F32;
    case 'i':
        return TD_I32;
    case 'l':
        return TD_I64;
    case 'b':
        return TD_BOOL;
    default:
        TD_ASSERT(c == 's');
        return TD_STRING;
    }
}

/* "[-1,4]" */
static td_shape shape_of(const char *s)
{
    td_shape shape = { 0 };

    TD_ASSERT(*s == '[');
    while (s[1] != ']' && *s != ']') {
        char *end;
        shape.dims[shape.rank++] = strtoll(s + 1, &end, 10);
        TD_ASSERT(end > s + 1 && (*end == ',' || *end == ']'));
        s = end;
    }
    return shape;
}

static td_edge edge_of(const reader *r, char *s)
{
    char *const colon = strchr(s, ':');

    if (colon) *colon = '\0';
    td_node *const n = td_map_get(&r->names, trim(s));
    TD_ASSERT(n);
    return (td_edge){ n, colon ? (uint32_t)atoi(colon + 1) : 0, NULL };
}

/* "a, b:1" */
static uint32_t edges_of(const reader *r, char *s, td_edge *out)
{
    uint32_t n = 0;
    char *rest;

    for (char *e = strtok_r(s, ",", &rest); e; e = strtok_r(NULL, ",", &rest)) {
        TD_ASSERT(n < MAX_IN);
        out[n++] = edge_of(r, e);
    }
    return n;
}

/* ---------------------------------------------------------------- constants */

static void set(td_tensor *t, int64_t i, double v)
{
    switch (t->dtype) {
    case TD_F32:
        ((float *)t->data)[i] = (float)v;
        return;
    case TD_I32:
        ((int32_t *)t->data)[i] = (int32_t)v;
        return;
    case TD_I64:
        ((int64_t *)t->data)[i] = (int64_t)v;
        return;
    case TD_BOOL:
        ((bool *)t->data)[i] = v != 0.0;
        return;
    default:
        ((td_string *)t->data)[i] = (td_string){ "key", 3 };
        return;
    }
}

static td_node *const_of(const reader *r, const char *s)
{
    td_tensor t = { .dtype = type_of(*s), .shape = { 0 } };
    const char *at = s + 1 + strspn(s + 1, " ");
    double values[MAX_ELEMENTS];
    int64_t n = 0;

    if (*at == '[') {
        t.shape = shape_of(at);
    } else {
        for (const char *p = *at == '(' ? at + 1 : at; *p && *p != ')'; p += *p == ',') {
            char *end;
            values[n++] = strtod(p, &end);
            TD_ASSERT(end > p && n < MAX_ELEMENTS);
            p = end;
        }
        if (*at == '(') t.shape = (td_shape){ 1, { n } };
    }
    t.data = td_arena_alloc(r->g->arena, td_tensor_bytes(&t) + 16);
    for (int64_t i = 0; i < td_shape_count(&t.shape); i++)
        set(&t, i, *at != '[' ? values[i] : t.dtype == TD_F32 ? (double)(i * 7 % 13) / 13.0 - 0.4 : 1.0);
    return node_of_tensor(r->g, &t);
}

/* ---------------------------------------------------------------- statements */

static td_node *node_of(const reader *r, char *s)
{
    char *const open = strchr(s, '('), *const close = open ? strchr(open, ')') : NULL;
    td_edge in[MAX_IN];

    if (!isupper((unsigned char)*s) && *s != '_') return const_of(r, s);
    TD_ASSERT(close);
    *open = *close = '\0';
    const uint32_t n = edges_of(r, open + 1, in);
    return node_of_text(r->g, td_arena_format(r->g->arena, "%s %s", s, trim(close + 1)), in, n);
}

static td_node *arg_of(reader *r, const char *s)
{
    if (r->args) {
        TD_ASSERT(r->args->n < GRAPH_TEXT_ARGS);
        r->args->shape[r->args->n++] = s[1] ? shape_of(s + 1) : (td_shape){ .rank = -1 };
    }
    return node_of_arg(r->g, *s == 'v' ? TD_VARIANT : *s == 'h' ? TD_RESOURCE : type_of(*s));
}

/* "a, b:1, ^c" */
static void read_returns(const reader *r, char *s)
{
    td_graph *const g = r->g;
    char *rest;

    g->ctrl_rets = TD_ARENA_NEW_N(g->arena, td_node *, MAX_IN);
    for (char *e = strtok_r(s, ",", &rest); e; e = strtok_r(NULL, ",", &rest)) {
        e = trim(e);
        if (*e != '^') {
            node_return(g, edge_of(r, e));
            continue;
        }
        TD_ASSERT(g->n_ctrl_rets < MAX_IN);
        g->ctrl_rets[g->n_ctrl_rets++] = edge_of(r, e + 1).node;
    }
}

static void read_statement(reader *r, char *s)
{
    if (!strncmp(s, "->", 2)) {
        read_returns(r, s + 2);
        return;
    }
    char *const sign = s + strcspn(s, ":=");
    const bool is_arg = *sign == ':';

    TD_ASSERT(*sign);
    *sign = '\0';
    td_node *const n = is_arg ? arg_of(r, trim(sign + 1)) : node_of(r, trim(sign + 1));
    n->name = td_arena_strdup(r->g->arena, trim(s));
    (void)td_map_put(&r->names, n->name, n);
}

td_graph *graph_of_text(td_arena *arena, const char *name, const char *text, graph_text_args *args)
{
    reader r = { .g = td_graph_make(arena, name), .args = args };
    char *rest, *const copy = td_arena_strdup(arena, text);

    if (args) args->n = 0;
    for (char *s = strtok_r(copy, ";", &rest); s; s = strtok_r(NULL, ";", &rest)) {
        s = trim(s);
        if (*s) read_statement(&r, s);
    }
    td_map_fini(&r.names);
    return r.g;
}
