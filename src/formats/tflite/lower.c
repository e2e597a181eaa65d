/* SPDX-License-Identifier: Apache-2.0 */
/* lower.c -- operators to nodes, in two walks: one that finds what is missing, all of it, and one that makes nodes. A file has its
 * operators in the order in which they run, so every operand is there when it is asked for. */
#include "formats/tflite/lower.h"

#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"

enum { CUSTOM = 32 };
enum { BUILTIN_OLD_MOST = 127 }; /* what the old field of a byte can say */

#define F TD_DTYPE_BIT(TD_F32)
#define H TD_DTYPE_BIT(TD_F16)
#define D TD_DTYPE_BIT(TD_F64)
#define I TD_DTYPE_BIT(TD_I32)
#define L TD_DTYPE_BIT(TD_I64)
#define B TD_DTYPE_BIT(TD_BOOL)
#define S TD_DTYPE_BIT(TD_STRING)
#define SMALL                                                                                                \
    (TD_DTYPE_BIT(TD_U8) | TD_DTYPE_BIT(TD_I8) | TD_DTYPE_BIT(TD_I16) | TD_DTYPE_BIT(TD_U16) |               \
     TD_DTYPE_BIT(TD_U32))
#define R    TD_DTYPE_BIT(TD_RESOURCE)
#define C    TD_DTYPE_BIT(TD_C64)
#define Q    (TD_TFL_STEPS(TD_I8) | TD_TFL_STEPS(TD_U8))
#define QS   TD_TFL_STEPS(TD_I16)
#define BITS (F | I | L | B | H | D | C | S | SMALL | Q | QS) /* for what only moves them */
#define ANY  (BITS | R)

static const td_tfl_def defs[] = {
#define TD_TFLITE_MORE(code, name, versions, main, types, more, least, most, lower, op)                      \
    { code, #name, versions, main, types, more, least, most, td_tfl_lower_##lower, op },
#define TD_TFLITE(code, name, versions, main, types, least, most, lower, op)                                 \
    TD_TFLITE_MORE(code, name, versions, main, types, 0, least, most, lower, op)
#include "formats/tflite/lower.inc"
#undef TD_TFLITE
#undef TD_TFLITE_MORE
};

static const struct {
    int32_t code;
    const char *name;
} others[] = {
#define TD_TFLITE_OTHER(code, name) { code, #name },
#include "formats/tflite/names.inc"
#undef TD_TFLITE_OTHER
};

/* What an operator code says. */
typedef struct op_code {
    int32_t code, version;
    td_string custom;
} op_code;

static td_status read_code(const td_tfl *l, const td_flat_table *op, op_code *out)
{
    td_flat_table t;
    uint32_t index;
    uint8_t old;

    if (!td_flat_u32(op, OP_CODE, 0, &index) || index >= l->codes.n)
        return TD_ERR(INVALID_ARGUMENT, "there is no operator code %u", index);
    if (!td_flat_table_at(&l->codes, index, &t) || !td_flat_u8(&t, CODE_OLD, 0, &old) ||
        !td_flat_i32(&t, CODE_BUILTIN, 0, &out->code) || !td_flat_i32(&t, CODE_VERSION, 1, &out->version) ||
        !td_flat_string(&t, CODE_CUSTOM, &out->custom))
        return TD_ERR(DATA_LOSS, "damaged operator code %u", index);
    if (old <= BUILTIN_OLD_MOST && old > out->code) out->code = old;
    return NULL;
}

static bool is_of(const td_tfl_def *d, const op_code *c)
{
    return c->code == CUSTOM ? d->code < 0 && td_string_is(c->custom, d->name) : d->code == c->code;
}

/* The first of its lines. */
static const td_tfl_def *find_name(const op_code *c)
{
    for (size_t i = 0; i < TD_COUNT(defs); i++)
        if (is_of(&defs[i], c)) return &defs[i];
    return NULL;
}

static const char *name_of(const td_tfl *l, const op_code *c)
{
    const td_tfl_def *const def = find_name(c);

    if (def && c->code != CUSTOM) return def->name;
    if (c->code == CUSTOM)
        return td_arena_format(l->arena, "custom %.*s", (int)TD_MIN(c->custom.size, (size_t)200),
                               c->custom.size ? c->custom.data : "");
    for (size_t i = 0; i < TD_COUNT(others); i++)
        if (others[i].code == c->code) return others[i].name;
    return td_arena_format(l->arena, "number %d", (int)c->code);
}

/* ---- what is missing ----------------------------------------------------------------------------------- */

static const td_tfl_tensor *tensor_of(const td_tfl_graph *g, const td_flat_vector *list, size_t i)
{
    const uint32_t index = i < list->n ? td_flat_u32_at(list, i) : UINT32_MAX;

    return index < g->n_tensors ? &g->tensors[index] : NULL;
}

/* Small integers with a scale are steps; others with one, biases for instance, are what they are. */
static uint64_t type_bit(const td_tfl_tensor *t)
{
    const uint64_t small = TD_DTYPE_BIT(TD_I8) | TD_DTYPE_BIT(TD_U8) | TD_DTYPE_BIT(TD_I16);

    return t->is_quantized && TD_DTYPE_BIT(t->dtype) & small ? TD_TFL_STEPS(t->dtype)
                                                             : TD_DTYPE_BIT(t->dtype);
}

/* Why tensors of an operator cannot be had; NULL: they can. */
static const char *trouble_of_tensors(const td_tfl_graph *g, const td_flat_vector *list, uint64_t types,
                                      bool keeps_state)
{
    for (size_t i = 0; i < list->n; i++) {
        const td_tfl_tensor *const t = tensor_of(g, list, i);

        if (!t) continue;
        if (t->is_sparse) return "sparse tensors: not yet";
        if (t->is_variable && !keeps_state) return "a state of other operators";
        if (types & type_bit(t)) continue;
        return t->is_quantized ? "not of these quantised types" : "not of these types";
    }
    return NULL;
}

static bool takes_main(const td_tfl_graph *g, const td_tfl_def *def, const td_flat_vector *in)
{
    const td_tfl_tensor *const main = tensor_of(g, in, (size_t)def->main);

    return !main || def->types & type_bit(main);
}

/* Recurrent layers: operands of theirs are tensors that keep their values. */
static bool keeps_state(int32_t code)
{
    static const int32_t codes[] = { 16, 24, 27, 35, 44, 46, 52 };

    for (size_t i = 0; i < TD_COUNT(codes); i++)
        if (codes[i] == code) return true;
    return false;
}

static const char *trouble_of_def(const td_tfl_graph *g, const td_tfl_def *def, const op_code *c,
                                  const td_flat_vector *in, const td_flat_vector *out)
{
    const uint64_t any = def->types | def->more | I | L | B;

    if (c->version > def->versions) return "a version that is not known";
    if (!takes_main(g, def, in))
        return tensor_of(g, in, (size_t)def->main)->is_quantized ? "not of these quantised types"
                                                                 : "not of these types";
    const char *const trouble = trouble_of_tensors(g, in, any, keeps_state(def->code));

    return trouble ? trouble : trouble_of_tensors(g, out, any, false);
}

/* The first of an operator's lines that takes its tensors; NULL: none, and *why says what is in the way of the first that
 * takes the main one, if any does. */
static const td_tfl_def *find_def(const td_tfl_graph *g, const op_code *c, const td_flat_vector *in,
                                  const td_flat_vector *out, const char **why)
{
    bool is_near = false;

    *why = "";
    for (size_t i = 0; i < TD_COUNT(defs); i++) {
        if (!is_of(&defs[i], c)) continue;
        const char *const trouble = trouble_of_def(g, &defs[i], c, in, out);

        if (!trouble) return &defs[i];
        if (!is_near) *why = trouble;
        is_near |= takes_main(g, &defs[i], in);
    }
    return NULL;
}

static void add_types(td_strbuf *out, const td_tfl_graph *g, const td_flat_vector *list)
{
    for (size_t i = 0; i < TD_MIN(list->n, (size_t)4); i++) {
        const td_tfl_tensor *const t = tensor_of(g, list, i);

        td_strbuf_printf(out, "%s%s", i ? "," : "", t ? td_tfl_type_name(t->type) : "-");
    }
    if (list->n > 4) td_strbuf_puts(out, ",...");
}

/* "CONV_2D (version 3, INT8,INT8,INT32>INT8; quantised tensors: not yet)", each once. */
static void note_missing(td_tfl *l, const td_tfl_graph *g, const op_code *c, const td_flat_vector *in,
                         const td_flat_vector *out, const char *why)
{
    td_strbuf text = { 0 };

    td_strbuf_printf(&text, "%s (version %d, ", name_of(l, c), (int)c->version);
    add_types(&text, g, in);
    td_strbuf_puts(&text, ">");
    add_types(&text, g, out);
    td_strbuf_printf(&text, "%s%s)", *why ? "; " : "", why);
    const char *const key = td_arena_strdup(l->arena, td_strbuf_text(&text));

    td_strbuf_fini(&text);
    if (td_map_put(&l->missing, key, l)) return;
    td_strbuf_printf(&l->text, "%s%s", l->text.size ? ", " : "", key);
}

/* What an operator calls, too. */
static td_status check_callees(td_tfl *l, const td_flat_table *op, const op_code *c)
{
    td_flat_table options;

    if (!td_flat_table_of(op, OP_OPTIONS, &options)) return TD_ERR(DATA_LOSS, "damaged options");
    for (size_t i = 0; i < td_tfl_callees(c->code); i++) {
        int32_t index = 0;

        if (options.data && !td_flat_i32(&options, i, 0, &index)) return TD_ERR(DATA_LOSS, "damaged options");
        if (index < 0 || (size_t)index >= l->subgraphs.n)
            return TD_ERR(INVALID_ARGUMENT, "there is no subgraph %d", (int)index);
        TD_TRY(td_tfl_graph_check(l, &l->functions[index], (size_t)index));
    }
    return NULL;
}

td_status td_tfl_missing_find(td_tfl *l, const td_tfl_graph *g)
{
    for (size_t i = 0; i < g->operators.n; i++) {
        td_flat_table op;
        td_flat_vector in, out;
        op_code c;

        if (!td_flat_table_at(&g->operators, i, &op) || !td_flat_vector_of(&op, OP_INPUTS, 4, &in) ||
            !td_flat_vector_of(&op, OP_OUTPUTS, 4, &out))
            return TD_ERR(DATA_LOSS, "%s: damaged operator %zu", l->file, i);
        TD_TRY(td_status_prefix(read_code(l, &op, &c), "%s: operator %zu: ", l->file, i));
        const char *why;
        const bool is_there = find_def(g, &c, &in, &out, &why) != NULL;

        if (!is_there) note_missing(l, g, &c, &in, &out, why);
        TD_TRY(td_status_prefix(check_callees(l, &op, &c), "%s: operator %zu, %s: ", l->file, i,
                                name_of(l, &c)));
    }
    return NULL;
}

/* ---- what lowerings ask -------------------------------------------------------------------------------- */

/* The first trouble is told, but for a lack of memory, which always is. */
void td_tfl_fail(td_tfl_op *o, td_status why)
{
    const bool is_first = !o->trouble || td_status_code(why) == TD_RESOURCE_EXHAUSTED;

    td_status_free(is_first ? o->trouble : why);
    if (is_first) o->trouble = why;
}

bool td_tfl_has(const td_tfl_op *o, size_t i)
{
    return tensor_of(o->graph, &o->in, i) != NULL;
}

const td_tfl_tensor *td_tfl_operand(const td_tfl_op *o, size_t i)
{
    return tensor_of(o->graph, &o->in, i);
}

const td_tfl_tensor *td_tfl_result(const td_tfl_op *o, size_t i)
{
    return tensor_of(o->graph, &o->out, i);
}

td_dtype td_tfl_type_of(const td_tfl_op *o, size_t i)
{
    const td_tfl_tensor *const t = tensor_of(o->graph, &o->in, i);

    return t ? t->dtype : TD_DTYPE_NONE;
}

td_dtype td_tfl_out_type(const td_tfl_op *o, size_t i)
{
    const td_tfl_tensor *const t = tensor_of(o->graph, &o->out, i);

    return t ? t->dtype : TD_DTYPE_NONE;
}

/* A constant becomes a node when the first operator wants it. */
static td_status make_constant(td_tfl *l, td_tfl_tensor *t)
{
    td_tensor *const c = TD_ARENA_NEW(l->arena, td_tensor);

    TD_TRY(td_tfl_constant(l, t, c));
    TD_TRY(td_budget_take(l->budget, TD_BUDGET_NODES, 1, t->name));
    t->value = td_tfl_constant_value(l, t->name, c);
    return NULL;
}

td_edge td_tfl_in(td_tfl_op *o, size_t i)
{
    const uint32_t index = i < o->in.n ? td_flat_u32_at(&o->in, i) : UINT32_MAX;
    td_tfl_tensor *const t = index < o->graph->n_tensors ? &o->graph->tensors[index] : NULL;

    if (!t) {
        td_tfl_fail(o, TD_ERR(INVALID_ARGUMENT, "operand %zu is not there", i));
        return (td_edge){ 0 };
    }
    if (!t->value.node && t->data) {
        const td_status why = make_constant(o->l, t);

        if (why) td_tfl_fail(o, why);
    }
    if (!t->value.node)
        td_tfl_fail(o, TD_ERR(INVALID_ARGUMENT, "nothing has made operand '%s' yet", t->name));
    return t->value;
}

td_edge td_tfl_scalar(td_tfl_op *o, size_t i)
{
    const td_edge value = td_tfl_in(o, i);

    return !value.node || td_tfl_operand(o, i)->shape.rank == 0
               ? value
               : td_tfl_emit1(o, "Squeeze", td_tfl_type_of(o, i), value);
}

void td_tfl_out(td_tfl_op *o, size_t i, td_edge value)
{
    const uint32_t index = i < o->out.n ? td_flat_u32_at(&o->out, i) : UINT32_MAX;

    if (index == UINT32_MAX && i < o->out.n) return; /* nobody wants it */
    if (index >= o->graph->n_tensors) {
        td_tfl_fail(o, TD_ERR(INVALID_ARGUMENT, "result %zu is not there", i));
        return;
    }
    td_tfl_tensor *const t = &o->graph->tensors[index];

    if (t->value.node || t->data)
        td_tfl_fail(o, TD_ERR(INVALID_ARGUMENT, "result '%s' is made twice", t->name));
    else
        t->value = value;
}

static void damaged_options(td_tfl_op *o)
{
    td_tfl_fail(o, TD_ERR(DATA_LOSS, "damaged options"));
}

int32_t td_tfl_int(td_tfl_op *o, size_t field, int32_t fallback)
{
    int32_t v = fallback;

    if (o->options.data && !td_flat_i32(&o->options, field, fallback, &v)) damaged_options(o);
    return v;
}

float td_tfl_float(td_tfl_op *o, size_t field, float fallback)
{
    float v = fallback;

    if (o->options.data && !td_flat_f32(&o->options, field, fallback, &v)) damaged_options(o);
    return v;
}

uint8_t td_tfl_byte(td_tfl_op *o, size_t field)
{
    uint8_t v = 0;

    if (o->options.data && !td_flat_u8(&o->options, field, 0, &v)) damaged_options(o);
    return v;
}

bool td_tfl_bool_or(td_tfl_op *o, size_t field, bool fallback)
{
    uint8_t v = fallback;

    if (o->options.data && !td_flat_u8(&o->options, field, fallback, &v)) damaged_options(o);
    return v != 0;
}

bool td_tfl_bool(td_tfl_op *o, size_t field)
{
    return td_tfl_bool_or(o, field, false);
}

td_string td_tfl_text(td_tfl_op *o, size_t field)
{
    td_string v = { 0 };

    if (o->options.data && !td_flat_string(&o->options, field, &v)) damaged_options(o);
    return v;
}

td_flat_vector td_tfl_ints(td_tfl_op *o, size_t field)
{
    td_flat_vector v = { 0 };

    if (o->options.data && !td_flat_vector_of(&o->options, field, 4, &v)) damaged_options(o);
    return v;
}

/* ---- what they make ------------------------------------------------------------------------------------ */

const char *td_tfl_name(td_tfl *l, const char *wish)
{
    const size_t size = strcspn(wish, ":");
    const char *name = td_arena_strndup(l->arena, size ? wish : "tensor", size ? size : 6);
    const char *const stem = name;

    while (td_map_has(&l->names, name))
        name = td_arena_format(l->arena, "%s_%zu", stem, ++l->n_named);
    (void)td_map_put(&l->names, name, l);
    return name;
}

td_node *td_tfl_node(td_tfl_op *o, const char *op, td_dtype type, const td_edge *in, uint32_t n)
{
    const td_status over = td_budget_take(o->l->budget, TD_BUDGET_NODES, 1, o->name);

    if (over) td_tfl_fail(o, over);
    const char *const wish =
        td_arena_format(o->l->arena, "%s/%s", o->name, op); /* the plain one is for an output */
    td_node *const node = td_graph_add(o->l->g, td_tfl_name(o->l, wish), op, n, 4);

    if (n) memcpy(node->in, in, n * sizeof *in);
    if (type) td_tfl_set_type(o, node, "T", type);
    return node;
}

td_edge td_tfl_emit(td_tfl_op *o, const char *op, td_dtype type, const td_edge *in, uint32_t n)
{
    return (td_edge){ td_tfl_node(o, op, type, in, n), 0, NULL };
}

td_edge td_tfl_emit1(td_tfl_op *o, const char *op, td_dtype type, td_edge a)
{
    return td_tfl_emit(o, op, type, &a, 1);
}

td_edge td_tfl_emit2(td_tfl_op *o, const char *op, td_dtype type, td_edge a, td_edge b)
{
    return td_tfl_emit(o, op, type, (td_edge[]){ a, b }, 2);
}

void td_tfl_set_type(td_tfl_op *o, td_node *n, const char *name, td_dtype type)
{
    td_node_add_attr(o->l->g, n, name, (td_attr_value){ .kind = TD_ATTR_TYPE, .u.type = type });
}

void td_tfl_set_int(td_tfl_op *o, td_node *n, const char *name, int64_t value)
{
    td_node_add_attr(o->l->g, n, name, (td_attr_value){ .kind = TD_ATTR_INT, .u.i = value });
}

void td_tfl_set_bool(td_tfl_op *o, td_node *n, const char *name, bool value)
{
    td_node_add_attr(o->l->g, n, name, (td_attr_value){ .kind = TD_ATTR_BOOL, .u.b = value });
}

void td_tfl_set_float(td_tfl_op *o, td_node *n, const char *name, float value)
{
    td_node_add_attr(o->l->g, n, name, (td_attr_value){ .kind = TD_ATTR_FLOAT, .u.f = value });
}

void td_tfl_set_text(td_tfl_op *o, td_node *n, const char *name, const char *value)
{
    td_node_add_attr(o->l->g, n, name,
                     (td_attr_value){ .kind = TD_ATTR_STRING, .u.s = { value, strlen(value) } });
}

void td_tfl_set_ints(td_tfl_op *o, td_node *n, const char *name, const int64_t *values, size_t n_values)
{
    td_attr_value *const items = TD_ARENA_NEW_N(o->l->arena, td_attr_value, n_values);

    for (size_t i = 0; i < n_values; i++)
        items[i] = (td_attr_value){ .kind = TD_ATTR_INT, .u.i = values[i] };
    td_node_add_attr(o->l->g, n, name,
                     (td_attr_value){ .kind = TD_ATTR_LIST, .u.list = { items, n_values } });
}

void td_tfl_set_floats(td_tfl_op *o, td_node *n, const char *name, const float *values, size_t n_values)
{
    td_attr_value *const items = TD_ARENA_NEW_N(o->l->arena, td_attr_value, n_values);

    for (size_t i = 0; i < n_values; i++)
        items[i] = (td_attr_value){ .kind = TD_ATTR_FLOAT, .u.f = values[i] };
    td_node_add_attr(o->l->g, n, name,
                     (td_attr_value){ .kind = TD_ATTR_LIST, .u.list = { items, n_values } });
}

td_edge td_tfl_constant_value(td_tfl *l, const char *name, const td_tensor *t)
{
    td_node *const node = td_graph_add(l->g, td_tfl_name(l, name), "Const", 0, 2);

    td_node_add_attr(l->g, node, "dtype", (td_attr_value){ .kind = TD_ATTR_TYPE, .u.type = t->dtype });
    td_node_add_attr(l->g, node, "value", (td_attr_value){ .kind = TD_ATTR_TENSOR, .u.tensor = t });
    return (td_edge){ node, 0, NULL };
}

/* A constant of n elements of 4 bytes; rank 0 or 1. */
static td_edge small_constant(td_tfl_op *o, td_dtype dtype, const void *values, size_t n, int rank)
{
    void *const data = td_arena_alloc(o->l->arena, 4 * n);

    if (n) memcpy(data, values, 4 * n);
    return td_tfl_bytes(o, dtype, data, n, rank);
}

td_edge td_tfl_bytes(td_tfl_op *o, td_dtype dtype, void *values, size_t n, int rank)
{
    td_tensor *const t = TD_ARENA_NEW(o->l->arena, td_tensor);

    *t = (td_tensor){ .dtype = dtype, .shape = { rank, { (int64_t)n } }, .data = values };
    return td_tfl_constant_value(o->l, o->name, t);
}

td_edge td_tfl_f32(td_tfl_op *o, float value)
{
    return small_constant(o, TD_F32, &value, 1, 0);
}

td_edge td_tfl_i32(td_tfl_op *o, int32_t value)
{
    return small_constant(o, TD_I32, &value, 1, 0);
}

td_edge td_tfl_i32s(td_tfl_op *o, const int32_t *values, size_t n)
{
    return small_constant(o, TD_I32, values, n, 1);
}

td_edge td_tfl_activate(td_tfl_op *o, uint8_t activation, td_edge value)
{
    switch (activation) {
    case 0:
        return value;
    case 1:
        return td_tfl_emit1(o, "Relu", o->type, value);
    case 2:
        if (o->type != TD_F32) break;
        value = td_tfl_emit2(o, "Maximum", o->type, value, td_tfl_f32(o, -1.0f));
        return td_tfl_emit2(o, "Minimum", o->type, value, td_tfl_f32(o, 1.0f));
    case 3:
        return td_tfl_emit1(o, "Relu6", o->type, value);
    case 4:
        return td_tfl_emit1(o, "Tanh", o->type, value);
    default:
        break;
    }
    td_tfl_fail(o, TD_ERR(UNIMPLEMENTED, "fused activation %u is not built yet", activation));
    return value;
}

const char *td_tfl_padding(td_tfl_op *o, size_t field)
{
    return td_tfl_byte(o, field) ? "VALID" : "SAME";
}

/* ---- the walk ------------------------------------------------------------------------------------------ */

static td_status check_operands(const td_tfl_op *o)
{
    size_t n = o->in.n;

    while (n && td_flat_u32_at(&o->in, n - 1) == UINT32_MAX)
        n--; /* left out at the end */
    if (n < o->def->least || n > o->def->most) return TD_ERR(INVALID_ARGUMENT, "it has %zu operands", n);
    if (o->def->least && !td_tfl_type_of(o, (size_t)o->def->main))
        return TD_ERR(INVALID_ARGUMENT, "operand %d is not there", (int)o->def->main);
    return NULL;
}

static td_status lower_operator(td_tfl *l, td_tfl_graph *g, const td_flat_table *op)
{
    td_tfl_op o = { .l = l, .graph = g };
    op_code c;
    const char *why;

    TD_TRY(read_code(l, op, &c));
    if (!td_flat_vector_of(op, OP_INPUTS, 4, &o.in) || !td_flat_vector_of(op, OP_OUTPUTS, 4, &o.out) ||
        !td_flat_vector_of(op, OP_BETWEEN, 4, &o.between) || !td_flat_table_of(op, OP_OPTIONS, &o.options) ||
        !td_flat_string(op, OP_CUSTOM, &o.custom))
        return TD_ERR(DATA_LOSS, "damaged operator");
    o.def = find_def(g, &c, &o.in, &o.out, &why);
    if (!o.def) return TD_ERR(INTERNAL, "%s: %s", name_of(l, &c), why); /* told as missing before */
    const td_tfl_tensor *const first = tensor_of(g, &o.out, 0);

    o.name = first && *first->name ? first->name : o.def->name;
    TD_TRY(td_status_prefix(check_operands(&o), "%s: ", o.def->name));
    o.type = td_tfl_type_of(&o, (size_t)o.def->main);
    o.def->lower(&o);
    return td_status_prefix(o.trouble, "%s '%s': ", o.def->name, o.name);
}

static td_status add_inputs(td_tfl *l, td_tfl_graph *g)
{
    for (size_t i = 0; i < g->inputs.n; i++) {
        const uint32_t index = td_flat_u32_at(&g->inputs, i);

        if (index == UINT32_MAX) continue;
        if (index >= g->n_tensors)
            return TD_ERR(INVALID_ARGUMENT, "%s: there is no input %u", l->file, index);
        td_tfl_tensor *const t = &g->tensors[index];

        if (t->value.node || t->data) continue; /* named twice, or a constant */
        TD_TRY(td_budget_take(l->budget, TD_BUDGET_NODES, 1, t->name));
        td_node *const node = td_graph_add(l->g, td_tfl_name(l, t->name), "Placeholder", 0, 1);

        td_node_add_attr(l->g, node, "dtype", (td_attr_value){ .kind = TD_ATTR_TYPE, .u.type = t->dtype });
        t->value = (td_edge){ node, 0, NULL };
    }
    return NULL;
}

td_status td_tfl_operators_lower(td_tfl *l, td_tfl_graph *g)
{
    for (size_t i = 0; i < g->operators.n; i++) {
        td_flat_table op;

        if (!td_flat_table_at(&g->operators, i, &op))
            return TD_ERR(DATA_LOSS, "%s: damaged operator %zu", l->file, i);
        TD_TRY(td_status_prefix(lower_operator(l, g, &op), "%s: operator %zu, ", l->file, i));
    }
    return NULL;
}

td_status td_tfl_graph_lower(td_tfl *l, size_t index)
{
    td_tfl_graph *const g = &l->graphs[index];

    if (g->is_read) return NULL;
    g->is_read = true;
    TD_TRY(td_tfl_graph_check(l, g, index));
    if (l->text.size) return NULL;
    TD_TRY(add_inputs(l, g));
    return td_tfl_operators_lower(l, g);
}
