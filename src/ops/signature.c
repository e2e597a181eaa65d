/* SPDX-License-Identifier: Apache-2.0 */
/* signature.c -- reads declaration lines with a cursor; they are ours, so mistakes in them are asserts. */
#include "ops/signature.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tensor/type_sets.h"

/* One argument: "inputs: N*T", "&ref: T", "args: Tin", "shape: int32". Texts are views into the line. */
typedef struct sig_arg {
    td_string name;
    /* the int attribute before '*'; size 0: one value (or as many as a list(type) attribute has) */
    td_string count;
    td_string type; /* a type attribute, a list(type) attribute, or a fixed type's name */
    td_dtype fixed; /* TD_DTYPE_NONE when `type` is an attribute */
    bool is_ref;
} sig_arg;

static const char *skip(const char *p)
{
    while (*p == ' ' || *p == ',')
        p++;
    return p;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static td_string word(const char **p)
{
    const char *const start = *p;

    while (is_word(**p))
        (*p)++;
    return (td_string){ start, (size_t)(*p - start) };
}

/* td_string_is() of a literal, whose length nobody has to count: every node of a graph asks. */
static bool is_text(td_string s, const char *text, size_t size)
{
    return s.size == size && memcmp(s.data, text, size) == 0;
}

static td_dtype dtype_by_name(td_string s)
{
#define X(name, number, size, text, pb)                                                                      \
    if (is_text(s, text, sizeof text - 1)) return TD_##name;
    TD_DTYPES(X)
#undef X
    return TD_DTYPE_NONE;
}

static const char *sig_inputs(const td_op *op)
{
    return op->sig ? op->sig : "";
}

static const char *sig_outputs(const td_op *op)
{
    const char *const arrow = op->sig ? strstr(op->sig, "->") : NULL;

    return arrow ? arrow + 2 : "";
}

/* The next argument of one side: *at starts as sig_inputs() or sig_outputs(); false at the end. */
static bool next_arg(const char **at, sig_arg *arg)
{
    const char *p = skip(*at);

    if (!*p || (p[0] == '-' && p[1] == '>')) return false;
    *arg = (sig_arg){ 0 };
    if (*p == '&') {
        arg->is_ref = true;
        p++;
    }
    arg->name = word(&p);
    TD_ASSERT(*p == ':');
    p = skip(p + 1);
    if (*p == '&') {
        arg->is_ref = true;
        p++;
    }
    arg->type = word(&p);
    p = skip(p);
    if (*p == '*') {
        arg->count = arg->type;
        p = skip(p + 1);
        arg->type = word(&p);
    }
    arg->fixed = dtype_by_name(arg->type);
    *at = p;
    return true;
}

static td_attr_kind kind_by_name(td_string s)
{
    static const struct {
        const char *name;
        td_attr_kind kind;
    } kinds[] = { { "int", TD_ATTR_INT },       { "float", TD_ATTR_FLOAT }, { "bool", TD_ATTR_BOOL },
                  { "string", TD_ATTR_STRING }, { "type", TD_ATTR_TYPE },   { "shape", TD_ATTR_SHAPE },
                  { "tensor", TD_ATTR_TENSOR }, { "func", TD_ATTR_FUNC },   { "list", TD_ATTR_LIST } };

    for (size_t i = 0; i < TD_COUNT(kinds); i++)
        if (td_string_is(s, kinds[i].name)) return kinds[i].kind;
    return TD_ATTR_NONE;
}

/* The end of a default's text: the next comma outside of brackets and quotes. */
static const char *default_end(const char *p)
{
    int depth = 0;

    for (bool quoted = false; *p; p++) {
        if (*p == '\'') quoted = !quoted;
        if (quoted) continue;
        if (*p == '[' || *p == '{') depth++;
        if (*p == ']' || *p == '}') depth--;
        if (*p == ',' && depth == 0) break;
    }
    return p;
}

bool td_sig_attr_next(const char **at, td_sig_attr *attr)
{
    const char *p = skip(*at ? *at : "");

    if (!*p) return false;
    *attr = (td_sig_attr){ 0 };
    attr->name = word(&p);
    TD_ASSERT(attr->name.size > 0 && *p == ':');
    p = skip(p + 1);
    attr->kind = kind_by_name(word(&p));
    TD_ASSERT(attr->kind != TD_ATTR_NONE);
    if (attr->kind == TD_ATTR_LIST) {
        TD_ASSERT(*p == '(');
        p++;
        attr->item = kind_by_name(word(&p));
        TD_ASSERT(attr->item != TD_ATTR_NONE && *p == ')');
        p++;
    }
    while (*p == ' ')
        p++;
    if (*p == '=') {
        p++;
        while (*p == ' ')
            p++;
        const char *end = default_end(p);

        attr->fallback.data = p;
        p = end;
        while (end > attr->fallback.data && end[-1] == ' ')
            end--;
        attr->fallback.size = (size_t)(end - attr->fallback.data);
    }
    *at = p;
    return true;
}

static td_attr_value scalar_default(td_attr_kind kind, td_string text, td_arena *arena)
{
    char buf[64];
    td_attr_value v = { .kind = kind };
    const size_t n = TD_MIN(text.size, sizeof buf - 1);

    memcpy(buf, text.data, n);
    buf[n] = 0;
    switch (kind) {
    case TD_ATTR_INT:
        v.u.i = strtoll(buf, NULL, 10);
        break;
    case TD_ATTR_FLOAT:
        v.u.f = strtof(buf, NULL);
        break;
    case TD_ATTR_BOOL:
        v.u.b = td_string_is(text, "true");
        break;
    case TD_ATTR_TYPE:
        v.u.type = dtype_by_name(text);
        TD_ASSERT(v.u.type != TD_DTYPE_NONE);
        break;
    case TD_ATTR_STRING:
        TD_ASSERT(text.size >= 2 && text.data[0] == '\'');
        v.u.s = (td_string){ text.data + 1, text.size - 2 };
        break;
    case TD_ATTR_SHAPE: {
        td_shape *const s = TD_ARENA_NEW(arena, td_shape);

        s->rank = td_string_is(text, "[]") ? 0 : -1;
        v.u.shape = s;
        break;
    }
    case TD_ATTR_FUNC:
        v.u.func = "";
        break;
    default:
        TD_ASSERT(!"a default of this kind");
    }
    return v;
}

/* The default as a value, in arena. */
static td_attr_value default_of(const td_sig_attr *attr, td_arena *arena)
{
    if (attr->kind != TD_ATTR_LIST) return scalar_default(attr->kind, attr->fallback, arena);

    td_attr_value v = { .kind = TD_ATTR_LIST };
    td_attr_value *const items = TD_ARENA_NEW_N(arena, td_attr_value, attr->fallback.size);
    const char *p = attr->fallback.data + 1;
    const char *const end = attr->fallback.data + attr->fallback.size - 1;

    TD_ASSERT(attr->fallback.size >= 2 && p[-1] == '[' && *end == ']');
    while (p < end) {
        const char *stop = default_end(p);

        if (stop > end) stop = end;
        while (*p == ' ')
            p++;
        if (stop > p)
            items[v.u.list.count++] = scalar_default(attr->item, (td_string){ p, (size_t)(stop - p) }, arena);
        p = stop + 1;
    }
    v.u.list.items = items;
    return v;
}

static const td_attr_value *attr_by_view(const td_node *node, td_string name)
{
    for (uint32_t i = 0; i < node->n_attrs; i++)
        if (td_string_is(name, node->attrs[i].name)) return &node->attrs[i].value;
    return NULL;
}

static td_status bind_attrs(td_node *node, td_arena *arena)
{
    const char *at = node->op->attrs;

    for (td_sig_attr decl; td_sig_attr_next(&at, &decl);) {
        const td_attr_value *const v = attr_by_view(node, decl.name);

        if (!v || v->kind == TD_ATTR_NONE) {
            if (!decl.fallback.data)
                return TD_ERR(INVALID_ARGUMENT, "NodeDef missing attr '%.*s' from Op<name=%s>; node %s",
                              (int)decl.name.size, decl.name.data, node->op_name, node->name);
            const td_attr_value value = default_of(&decl, arena);
            td_attr *const attrs = TD_ARENA_NEW_N(arena, td_attr, node->n_attrs + 1);

            if (node->n_attrs) memcpy(attrs, node->attrs, node->n_attrs * sizeof *attrs);
            attrs[node->n_attrs] =
                (td_attr){ td_arena_strndup(arena, decl.name.data, decl.name.size), value };
            node->attrs = attrs;
            node->cap_attrs = ++node->n_attrs;
            continue;
        }
        bool fits = v->kind == decl.kind;
        if (v->kind == TD_ATTR_LIST)
            for (size_t i = 0; fits && i < v->u.list.count; i++)
                fits = v->u.list.items[i].kind == decl.item;
        if (!fits)
            return TD_ERR(INVALID_ARGUMENT,
                          "attribute '%.*s' of node %s (op %s) has another kind than declared",
                          (int)decl.name.size, decl.name.data, node->name, node->op_name);
    }
    return NULL;
}

/* Attributes that say of what type indices, shapes and counts are: bodies read and write whole numbers there. */
static bool is_index_type(const td_node *node, td_string name)
{
    static const char *const names[] = { "Tindices", "Tnumsegments", "Tsegmentids",  "Tpaddings",
                                         "Index",    "out_idx",      "Tshape",       "Taxis",
                                         "Tsplits",  "index_type",   "Tperm",        "Tlen",
                                         "Tindex",   "Tshift",       "Tblock_shape", "Tmultiples",
                                         "Tk",       "Tdim",         "Tcrops",       "TI",
                                         "Targmax",  "shape_type",   "Tidx",         "out_type" };
    const bool is_value = td_string_is(name, "Tidx") && strstr(node->op->sig, "-> output: Tidx"); /* Range */

    if (is_value || (td_string_is(name, "out_type") && !(node->op->flags & TD_OP_SHAPE_ONLY))) return false;
    for (size_t i = 0; i < TD_COUNT(names); i++)
        if (td_string_is(name, names[i])) return true;
    return false;
}

static td_status check_index_types(const td_node *node)
{
    const uint64_t whole = TD_INT_TYPES;
    const char *at = node->op->attrs;

    for (td_sig_attr decl; td_sig_attr_next(&at, &decl);) {
        if (decl.kind != TD_ATTR_TYPE || !is_index_type(node, decl.name)) continue;
        const td_dtype type = attr_by_view(node, decl.name)->u.type;
        if (!td_dtype_is_valid(type) || !(whole >> type & 1))
            return TD_ERR(INVALID_ARGUMENT,
                          "Value for attr '%.*s' of %s is not in the list of allowed values: int32, int64; "
                          "node %s (op %s)",
                          (int)decl.name.size, decl.name.data, td_dtype_name(type), node->name,
                          node->op_name);
    }
    return NULL;
}

/* The types of one argument: writes up to max, returns how many there are;
 * -1 when an attribute is unusable. */
static int64_t arg_types(const td_node *node, const sig_arg *arg, td_dtype *out, size_t max)
{
    const td_dtype extra = arg->is_ref ? TD_DTYPE_REF : TD_DTYPE_NONE;
    int64_t count = 1;

    if (arg->count.size) {
        const td_attr_value *const n = attr_by_view(node, arg->count);

        if (!n || n->kind != TD_ATTR_INT || n->u.i < 0 || n->u.i > 1000000) return -1;
        count = n->u.i;
    }
    td_dtype type = arg->fixed;
    if (type == TD_DTYPE_NONE) {
        const td_attr_value *const t = attr_by_view(node, arg->type);

        if (t && t->kind == TD_ATTR_LIST) {
            for (size_t i = 0; i < t->u.list.count; i++) {
                if (t->u.list.items[i].kind != TD_ATTR_TYPE) return -1;
                if (out && i < max) out[i] = t->u.list.items[i].u.type + extra;
            }
            return (int64_t)t->u.list.count;
        }
        if (!t || t->kind != TD_ATTR_TYPE) return -1;
        type = t->u.type;
    }
    for (int64_t i = 0; out && i < count && (size_t)i < max; i++)
        out[i] = type + extra;
    return count;
}

static int64_t side_types(const td_node *node, const char *at, td_dtype *out, size_t max)
{
    int64_t total = 0;

    for (sig_arg arg; next_arg(&at, &arg);) {
        const size_t done = TD_MIN((size_t)total, max);
        const int64_t n = arg_types(node, &arg, out ? out + done : NULL, max - done);

        if (n < 0) return -1;
        total += n;
    }
    return total;
}

td_status td_node_bind(td_node *node, td_arena *arena)
{
    node->op = td_op_find(node->op_name);
    if (!node->op)
        return TD_ERR(NOT_FOUND, "Op type not registered '%s' in tensord (node %s)", node->op_name,
                      node->name);
    TD_TRY(bind_attrs(node, arena));
    TD_TRY(check_index_types(node));

    const int64_t n_in = side_types(node, sig_inputs(node->op), NULL, 0);
    const int64_t n_out = side_types(node, sig_outputs(node->op), NULL, 0);

    if (n_in < 0 || n_out < 0)
        return TD_ERR(INVALID_ARGUMENT,
                      "node %s (op %s): an attribute that says how many inputs or outputs it has is damaged",
                      node->name, node->op_name);
    if (n_in != node->n_in)
        return TD_ERR(INVALID_ARGUMENT, "NodeDef expected %lld inputs but got %u: node %s (op %s)",
                      (long long)n_in, node->n_in, node->name, node->op_name);
    td_dtype *const types = TD_ARENA_NEW_N(arena, td_dtype, (size_t)n_out + 1);

    (void)side_types(node, sig_outputs(node->op), types, (size_t)n_out);
    for (int64_t i = 0; i < n_out; i++)
        if (!td_dtype_is_valid(types[i] >= TD_DTYPE_REF ? types[i] - TD_DTYPE_REF : types[i]))
            return TD_ERR(INVALID_ARGUMENT, "node %s (op %s): output %lld has type %d, which is none",
                          node->name, node->op_name, (long long)i, (int)types[i]);
    node->out_type = types;
    node->n_out = (uint32_t)n_out;
    return NULL;
}

void td_node_in_types(const td_node *node, td_dtype *types)
{
    (void)side_types(node, sig_inputs(node->op), types, node->n_in);
}

bool td_node_port(const td_node *node, const char *port, uint32_t *first, uint32_t *count)
{
    const char *at = sig_outputs(node->op);
    int64_t total = 0;

    for (sig_arg arg; next_arg(&at, &arg);) {
        const int64_t n = arg_types(node, &arg, NULL, 0);

        if (n < 0) return false;
        if (td_string_is(arg.name, port)) {
            *first = (uint32_t)total;
            *count = (uint32_t)n;
            return true;
        }
        total += n;
    }
    return false;
}
