/* SPDX-License-Identifier: Apache-2.0 */
/* show_functions.c -- see show_functions.h. What a function takes is a StructuredValue: Python's values and TensorFlow's
 * descriptions of tensors. It is written as Python's print() does, down to the two backspaces that saved_model_cli has at the
 * end of lists. */
#include "cli/show_functions.h"

#include <inttypes.h>
#include <string.h>

#include "cli/numpy_print.h"
#include "formats/shape_proto.h"

enum {
    NONE = 1,
    FLOAT = 11,
    INT,
    STRING,
    BOOL,
    SHAPE = 31,
    DTYPE,
    SPEC,
    TYPE_SPEC,
    LIST = 51,
    TUPLE,
    DICT,
    NAMED
};
enum { SPEC_NAME = 1, SPEC_SHAPE, SPEC_DTYPE, TYPE_CLASS = 1, TYPE_STATE, TYPE_NAME };
enum { VALUES = 1, FIELDS = 1, ENTRY_KEY = 1, ENTRY_VALUE = 2, NAMED_NAME = 1, NAMED_VALUES = 2 };
enum { DEPTH_MAX = 32, TEXT_MAX = 1 << 16, OUTPUT_MAX = 16 << 20 };

/* A StructuredValue's one field; number 0: there is none. Its bytes or its value are there, and nothing of the other. */
static td_wire_field open_value(const td_wire_field *value)
{
    td_wire w = td_wire_inside(value);
    td_wire_field found = { .type = TD_WIRE_BYTES };

    for (td_wire_field f; td_wire_next(&w, &f);) {
        const bool is_bytes = f.type == TD_WIRE_BYTES;

        found = (td_wire_field){ f.number, f.type, is_bytes ? 0 : f.value, is_bytes ? f.data : NULL,
                                 is_bytes ? f.size : 0 };
    }
    return found;
}

static void add_text(td_strbuf *out, const td_wire_field *f)
{
    td_strbuf_add(out, f->data, TD_MIN(f->size, (size_t)TEXT_MAX));
}

/* ---------------------------------------------------------------- repr() */

static void add_repr(const td_wire_field *v, int depth, td_strbuf *out);

static void add_dims(const td_wire_field *proto, td_strbuf *out)
{
    td_shape shape = { 0 };

    td_status_free(td_shape_proto_read(proto->data, proto->size, &shape));
    for (int32_t i = 0; i < shape.rank; i++) {
        if (i) td_strbuf_puts(out, ", ");
        if (shape.dims[i] < 0)
            td_strbuf_puts(out, "None");
        else
            td_strbuf_printf(out, "%" PRId64, shape.dims[i]);
    }
}

static int32_t rank_of(const td_wire_field *proto)
{
    td_shape shape = { 0 };

    td_status_free(td_shape_proto_read(proto->data, proto->size, &shape));
    return shape.rank;
}

/* "(None, 3)", "(3,)", "<unknown>" */
static void add_shape(const td_wire_field *proto, td_strbuf *out)
{
    const int32_t rank = rank_of(proto);

    if (rank < 0) {
        td_strbuf_puts(out, "<unknown>");
        return;
    }
    td_strbuf_putc(out, '(');
    add_dims(proto, out);
    td_strbuf_puts(out, rank == 1 ? ",)" : ")");
}

/* Python's names are those of numpy. */
static const char *dtype_name(uint64_t number)
{
    if (!td_dtype_is_valid((int64_t)TD_MIN(number, (uint64_t)TD_DTYPE_COUNT))) return "invalid";
    return number == TD_F32   ? "float32"
           : number == TD_F64 ? "float64"
           : number == TD_F16 ? "float16"
                              : td_dtype_name((td_dtype)number);
}

static uint64_t number_of(const td_wire_field *message, uint32_t number)
{
    td_wire w = td_wire_inside(message);
    uint64_t value = 0;

    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, number, TD_WIRE_VARINT)) value = f.value;
    return value;
}

static void add_spec(const td_wire_field *spec, td_strbuf *out)
{
    const td_wire_field name = td_wire_last(spec, SPEC_NAME), shape = td_wire_last(spec, SPEC_SHAPE);

    td_strbuf_puts(out, "TensorSpec(shape=");
    add_shape(&shape, out);
    td_strbuf_printf(out, ", dtype=tf.%s, name=", dtype_name(number_of(spec, SPEC_DTYPE)));
    if (name.size) td_strbuf_putc(out, '\'');
    if (name.size)
        add_text(out, &name);
    else
        td_strbuf_puts(out, "None");
    if (name.size) td_strbuf_putc(out, '\'');
    td_strbuf_putc(out, ')');
}

static const char *class_name(const td_wire_field *type_spec)
{
    static const char *const names[] = { "TypeSpec",         "SparseTensorSpec", "IndexedSlicesSpec",
                                         "RaggedTensorSpec", "TensorArraySpec",  "DatasetSpec",
                                         "IteratorSpec",     "OptionalSpec",     "PerReplicaSpec",
                                         "VariableSpec",     "RowPartitionSpec" };
    const uint64_t class = number_of(type_spec, TYPE_CLASS);

    return names[class < TD_COUNT(names) ? class : 0];
}

static void add_type_spec(const td_wire_field *type_spec, int depth, td_strbuf *out)
{
    const td_wire_field state = td_wire_last(type_spec, TYPE_STATE);

    td_strbuf_puts(out, class_name(type_spec));
    add_repr(&state, depth, out);
}

/* Values one behind the other. */
static size_t add_values(const td_wire_field *list, uint32_t number, int depth, td_strbuf *out)
{
    td_wire w = td_wire_inside(list);
    size_t n = 0;

    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (!td_wire_is(&f, number, TD_WIRE_BYTES)) continue;
        if (n++) td_strbuf_puts(out, ", ");
        add_repr(&f, depth, out);
    }
    return n;
}

/* Pairs of a dict, "'k': v", or of a named tuple, "k=v". */
static void add_pairs(const td_wire_field *f, int depth, td_strbuf *out)
{
    const bool is_dict = f->number == DICT;
    td_wire w = td_wire_inside(f);
    bool is_next = false;

    for (td_wire_field pair; td_wire_next(&w, &pair);) {
        if (!td_wire_is(&pair, is_dict ? FIELDS : NAMED_VALUES, TD_WIRE_BYTES)) continue;
        const td_wire_field key = td_wire_last(&pair, ENTRY_KEY), value = td_wire_last(&pair, ENTRY_VALUE);

        td_strbuf_puts(out, is_next ? ", " : "");
        td_strbuf_puts(out, is_dict ? "'" : "");
        add_text(out, &key);
        td_strbuf_puts(out, is_dict ? "': " : "=");
        add_repr(&value, depth, out);
        is_next = true;
    }
}

static void add_name_of(const td_wire_field *named, td_strbuf *out)
{
    const td_wire_field name = td_wire_last(named, NAMED_NAME);

    add_text(out, &name);
}

static void add_float(uint64_t bits, td_strbuf *out)
{
    const td_tensor t = { .dtype = TD_F64, .data = &bits };

    td_status_free(td_numpy_print(&t, out));
}

static void add_repr(const td_wire_field *v, int depth, td_strbuf *out)
{
    const td_wire_field f = open_value(v);
    size_t n;

    if (depth == DEPTH_MAX || out->size > OUTPUT_MAX) {
        td_strbuf_puts(out, "...");
        return;
    }
    switch (f.number) {
    case FLOAT:
        add_float(f.value, out);
        return;
    case INT:
        td_strbuf_printf(out, "%" PRId64, (int64_t)(f.value >> 1 ^ (0 - (f.value & 1))));
        return;
    case STRING:
        td_strbuf_putc(out, '\'');
        add_text(out, &f);
        td_strbuf_putc(out, '\'');
        return;
    case BOOL:
        td_strbuf_puts(out, f.value ? "True" : "False");
        return;
    case SHAPE:
        td_strbuf_puts(out, rank_of(&f) < 0 ? "TensorShape(None" : "TensorShape([");
        add_dims(&f, out);
        td_strbuf_puts(out, rank_of(&f) < 0 ? ")" : "])");
        return;
    case DTYPE:
        td_strbuf_printf(out, "tf.%s", dtype_name(f.value));
        return;
    case SPEC:
        add_spec(&f, out);
        return;
    case TYPE_SPEC:
        add_type_spec(&f, depth + 1, out);
        return;
    case LIST:
        td_strbuf_putc(out, '[');
        (void)add_values(&f, VALUES, depth + 1, out);
        td_strbuf_putc(out, ']');
        return;
    case TUPLE:
        td_strbuf_putc(out, '(');
        n = add_values(&f, VALUES, depth + 1, out);
        td_strbuf_puts(out, n == 1 ? ",)" : ")");
        return;
    case DICT:
        td_strbuf_putc(out, '{');
        add_pairs(&f, depth + 1, out);
        td_strbuf_putc(out, '}');
        return;
    case NAMED:
        add_name_of(&f, out);
        td_strbuf_putc(out, '(');
        add_pairs(&f, depth + 1, out);
        td_strbuf_putc(out, ')');
        return;
    default:
        td_strbuf_puts(out, "None");
    }
}

/* ---------------------------------------------------------------- arguments */

static const char *type_name(const td_wire_field *f)
{
    static const struct {
        uint32_t number;
        const char *name;
    } names[] = { { FLOAT, "float" }, { INT, "int" },   { BOOL, "bool" },   { SHAPE, "TensorShape" },
                  { DTYPE, "DType" }, { LIST, "list" }, { TUPLE, "tuple" }, { DICT, "dict" } };

    for (size_t i = 0; i < TD_COUNT(names); i++)
        if (names[i].number == f->number) return names[i].name;
    return f->number == TYPE_SPEC ? class_name(f) : "NoneType";
}

/* "[a, b, \b\b]", "{'k': a, \b\b}" */
static void add_members(const td_wire_field *f, td_strbuf *out)
{
    const bool is_dict = f->number == DICT, is_named = f->number == NAMED;
    td_wire w = td_wire_inside(f);

    td_strbuf_putc(out, is_dict ? '{' : '[');
    for (td_wire_field member; td_wire_next(&w, &member);) {
        if (!td_wire_is(&member, is_named ? NAMED_VALUES : VALUES, TD_WIRE_BYTES)) continue;
        const td_wire_field key = td_wire_last(&member, ENTRY_KEY),
                            value = td_wire_last(&member, ENTRY_VALUE);

        if (is_dict) td_strbuf_putc(out, '\'');
        if (is_dict) add_text(out, &key);
        if (is_dict) td_strbuf_puts(out, "': ");
        add_repr(is_dict || is_named ? &value : &member, 0, out);
        td_strbuf_puts(out, ", ");
    }
    td_strbuf_puts(out, is_dict ? "\b\b}" : "\b\b]");
}

/* One argument, behind ten blanks. */
static void add_argument(const td_wire_field *value, td_strbuf *out)
{
    const td_wire_field f = open_value(value);
    const td_wire_field name = td_wire_last(&f, f.number == SPEC ? SPEC_NAME : 0);

    td_strbuf_puts(out, "          ");
    if (f.number == STRING) {
        add_text(out, &f);
    } else if (f.number == SPEC) {
        if (name.size)
            add_text(out, &name);
        else
            td_strbuf_puts(out, "None");
        td_strbuf_puts(out, ": ");
        add_spec(&f, out);
    } else {
        td_strbuf_puts(out, "DType: ");
        if (f.number == NAMED)
            add_name_of(&f, out);
        else
            td_strbuf_puts(out, type_name(&f));
        td_strbuf_puts(out, "\n          Value: ");
        if (f.number == LIST || f.number == TUPLE || f.number == DICT || f.number == NAMED)
            add_members(&f, out);
        else if (f.number == DTYPE)
            td_strbuf_printf(out, "<dtype: '%s'>", dtype_name(f.value));
        else
            add_repr(value, 0, out);
    }
    td_strbuf_putc(out, '\n');
}

static void add_arguments(const td_wire_field *tuple, size_t option, td_strbuf *out)
{
    td_wire w = td_wire_inside(tuple);
    size_t n = 0;

    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (!td_wire_is(&f, VALUES, TD_WIRE_BYTES)) continue;
        if (!n) td_strbuf_printf(out, "    Option #%zu\n      Callable with:\n", option);
        td_strbuf_printf(out, "        Argument #%zu\n", ++n);
        add_argument(&f, out);
    }
}

/* Only their names are shown. */
static void add_named(const td_wire_field *dict, td_strbuf *out)
{
    td_wire w = td_wire_inside(dict);
    size_t n = 0;

    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (!td_wire_is(&f, FIELDS, TD_WIRE_BYTES)) continue;
        const td_wire_field key = td_wire_last(&f, ENTRY_KEY);

        td_strbuf_printf(out, "        Named Argument #%zu\n          ", ++n);
        add_text(out, &key);
        td_strbuf_putc(out, '\n');
    }
}

/* ((argument, ...), {name: argument, ...}) */
static void add_trace(const td_wire_field *signature, size_t option, td_strbuf *out)
{
    const td_wire_field pair = open_value(signature);
    td_wire w = td_wire_inside(&pair);

    for (td_wire_field f; pair.number == TUPLE && td_wire_next(&w, &f);) {
        if (!td_wire_is(&f, VALUES, TD_WIRE_BYTES)) continue;
        const td_wire_field part = open_value(&f);

        if (part.number == TUPLE) add_arguments(&part, option, out);
        if (part.number == DICT) add_named(&part, out);
    }
}

void td_show_functions(const td_model_file *m, td_strbuf *out)
{
    const td_python_function *functions;
    size_t n;

    if (!m->object_graph) return;
    td_savedmodel_functions(m, &functions, &n);
    td_strbuf_puts(out, "\nConcrete Functions:");
    for (size_t i = 0; i < n; i++) {
        td_strbuf_printf(out, "\n  Function Name: '%s'\n", functions[i].name);
        for (size_t k = 0; k < functions[i].n && out->size <= OUTPUT_MAX; k++)
            add_trace(&functions[i].signatures[k], k + 1, out);
    }
}
