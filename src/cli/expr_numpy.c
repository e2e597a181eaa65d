/* SPDX-License-Identifier: Apache-2.0 */
/* expr_numpy.c -- the calls of numpy that an expression may have, a table; see expr.h.
 *
 * Arguments are values like any other, and types: np.float32, 'float32', float. They are bound to the names that numpy has for
 * them, in its order. Random numbers are the same in each run. */
#include <math.h>
#include <string.h>

#include "base/size.h"
#include "cli/expr_reader.h"

enum { ARGS_MAX = 8 };

/* One argument; neither is_given nor has a type: it was left out. */
typedef struct arg {
    bool is_given;
    td_expr_value v;
    td_dtype dtype;
} arg;

typedef struct call {
    arg args[ARGS_MAX]; /* by the function's names */
    size_t at;          /* where their cells begin, and the result's are to be */
} call;

typedef struct function {
    const char *name;
    const char *names; /* of arguments, in order: "shape,dtype" */
    td_status (*make)(td_expr_reader *r, const call *c, td_expr_value *out);
} function;

/* ---------------------------------------------------------------- arguments */

static td_dtype dtype_called(td_string name)
{
    static const struct {
        const char *name;
        td_dtype dtype;
    } types[] = {
        { "float32", TD_F32 }, { "float64", TD_F64 }, { "float16", TD_F16 }, { "int8", TD_I8 },
        { "int16", TD_I16 },   { "int32", TD_I32 },   { "int64", TD_I64 },   { "uint8", TD_U8 },
        { "uint16", TD_U16 },  { "uint32", TD_U32 },  { "uint64", TD_U64 },  { "bool", TD_BOOL },
        { "bool_", TD_BOOL },  { "float", TD_F64 },   { "int", TD_I64 },
    };

    for (size_t i = 0; i < TD_COUNT(types); i++)
        if (td_string_is(name, types[i].name)) return types[i].dtype;
    return TD_DTYPE_NONE;
}

/* A type at hand, with or without "np."; NONE: something else, and nothing was taken. */
static td_dtype take_dtype(td_expr_reader *r)
{
    td_string name = td_expr_name(r);
    const char *const from = name.data;

    if (name.size > 3 && !memcmp(name.data, "np.", 3)) name = (td_string){ name.data + 3, name.size - 3 };
    const td_dtype dtype = dtype_called(name);

    if (dtype != TD_DTYPE_NONE && name.data[name.size] != '(') r->p = name.data + name.size;
    return r->p == from ? TD_DTYPE_NONE : dtype;
}

static td_status read_dtype(td_expr_reader *r, td_dtype *out)
{
    td_string text;

    *out = take_dtype(r);
    if (*out != TD_DTYPE_NONE) return NULL;
    const td_status error = td_expr_text_read(r, &text);

    if (td_status_code(error) == TD_RESOURCE_EXHAUSTED) return error;
    if (!error) *out = dtype_called(text);
    td_status_free(error);
    return *out == TD_DTYPE_NONE ? td_expr_error_before(r, "no type of numbers") : NULL;
}

/* Which of the names it is; ARGS_MAX: none. */
static size_t find_arg(const char *names, td_string name)
{
    size_t i = 0;

    for (; *names; i++) {
        const size_t size = strcspn(names, ",");

        if (size == name.size && !memcmp(names, name.data, size)) return i;
        names += size + (names[size] == ',');
    }
    return ARGS_MAX;
}

static size_t count_args(const char *names)
{
    size_t n = *names != '\0';

    for (; *names; names++)
        n += *names == ',';
    return n;
}

/* name= is taken; i: which one it is. */
static td_status read_keyword(td_expr_reader *r, const char *names, size_t *i, bool *is_dtype)
{
    const td_string name = td_expr_name(r);
    const char *const before = r->p;

    r->p += name.size;
    if (!name.size || !td_expr_take(r, "=")) {
        r->p = before;
        return NULL;
    }
    *i = find_arg(names, name);
    *is_dtype = td_string_is(name, "dtype");
    if (*i < ARGS_MAX) return NULL;
    r->p = before;
    return td_expr_error(r, "an argument that is not known");
}

static td_status read_arg(td_expr_reader *r, const char *names, size_t next, call *c)
{
    size_t i = next;
    bool is_dtype = false;

    TD_TRY(read_keyword(r, names, &i, &is_dtype));
    if (i >= count_args(names)) return td_expr_error(r, "an argument too many");
    arg *const a = &c->args[i];

    if (a->is_given) return td_expr_error(r, "an argument that is there twice");
    a->is_given = true;
    if (is_dtype || i == find_arg(names, (td_string){ "dtype", 5 })) return read_dtype(r, &a->dtype);
    return td_expr_value_read(r, &a->v);
}

/* Behind the opening bracket. */
static td_status read_args(td_expr_reader *r, const char *names, call *c)
{
    bool is_comma = true;

    for (size_t next = 0; !td_expr_take(r, ")"); next++) {
        if (!is_comma) return td_expr_error(r, "no comma");
        TD_TRY(read_arg(r, names, next, c));
        is_comma = td_expr_take(r, ",");
    }
    return NULL;
}

/* A number, or what is left out. */
static td_status number_of(td_expr_reader *r, const arg *a, double without, double *out)
{
    td_expr_value v = a->v;

    *out = without;
    if (!a->is_given) return NULL;
    if (v.n != 1) return td_expr_error_before(r, "one number is wanted");
    TD_TRY(td_expr_convert(r, &v, TD_EXPR_FLOAT));
    *out = r->cells[v.at].f;
    return NULL;
}

/* A number of elements, or several of them. Left out: a scalar's. */
static td_status shape_of(td_expr_reader *r, const arg *a, td_shape *out)
{
    int64_t dims[TD_MAX_RANK];
    const td_expr_value *const v = &a->v;

    if (!a->is_given) return td_shape_make(0, NULL, out);
    if ((v->n && v->kind > TD_EXPR_INT) || v->shape.rank > 1 || v->n > TD_MAX_RANK)
        return td_expr_error_before(r, "no shape");
    for (size_t i = 0; i < v->n; i++)
        dims[i] = r->cells[v->at + i].i;
    return td_shape_make((int64_t)v->n, dims, out);
}

/* ---------------------------------------------------------------- results */

/* Room for the result in place of the arguments. */
static td_status begin(td_expr_reader *r, const call *c, td_expr_kind kind, const td_shape *shape,
                       td_expr_value *out)
{
    const size_t n = (size_t)td_shape_count(shape);

    r->n = c->at;
    TD_TRY(td_expr_reserve(r, n));
    r->n += n;
    *out = (td_expr_value){ .kind = kind, .shape = *shape, .at = c->at, .n = n };
    return NULL;
}

static td_status finish(td_expr_reader *r, const arg *type, td_expr_value *v)
{
    return type->is_given ? td_expr_cast(r, v, type->dtype) : NULL;
}

static td_status make_filled(td_expr_reader *r, const call *c, const td_shape *shape, td_expr_kind kind,
                             td_expr_cell cell, td_expr_value *out)
{
    TD_TRY(begin(r, c, kind, shape, out));
    for (size_t i = 0; i < out->n; i++)
        r->cells[out->at + i] = cell;
    return NULL;
}

static td_status make_constant(td_expr_reader *r, const call *c, double value, td_expr_value *out)
{
    td_shape shape;

    if (!c->args[0].is_given) return td_expr_error_before(r, "no shape");
    TD_TRY(shape_of(r, &c->args[0], &shape));
    TD_TRY(make_filled(r, c, &shape, TD_EXPR_FLOAT, (td_expr_cell){ .f = value }, out));
    return finish(r, &c->args[1], out);
}

static td_status make_ones(td_expr_reader *r, const call *c, td_expr_value *out)
{
    return make_constant(r, c, 1, out);
}

static td_status make_zeros(td_expr_reader *r, const call *c, td_expr_value *out)
{
    return make_constant(r, c, 0, out);
}

static td_status make_full(td_expr_reader *r, const call *c, td_expr_value *out)
{
    const td_expr_value *const value = &c->args[1].v;
    td_shape shape;

    if (!c->args[0].is_given || value->n != 1) return td_expr_error_before(r, "no shape and value");
    TD_TRY(shape_of(r, &c->args[0], &shape));
    TD_TRY(make_filled(r, c, &shape, value->kind, r->cells[value->at], out));
    return finish(r, &c->args[2], out);
}

static td_status make_array(td_expr_reader *r, const call *c, td_expr_value *out)
{
    if (!c->args[0].is_given) return td_expr_error_before(r, "no elements");
    *out = c->args[0].v; /* the only argument with cells */
    return finish(r, &c->args[1], out);
}

static td_status count_steps(double start, double stop, double step, int64_t *out)
{
    const double n = ceil((stop - start) / step);

    if (!(n < 0x1p40)) return TD_ERR(INVALID_ARGUMENT, "arange: so many steps cannot be");
    *out = n > 0 ? (int64_t)n : 0;
    return NULL;
}

static td_status make_arange(td_expr_reader *r, const call *c, td_expr_value *out)
{
    const arg *const a = c->args;
    const bool has_stop = a[1].is_given;
    bool is_float = false;
    double start, stop, step;
    td_shape shape;
    int64_t n;

    for (size_t i = 0; i < 3; i++)
        is_float |= a[i].is_given && a[i].v.kind == TD_EXPR_FLOAT;
    if (!a[0].is_given) return td_expr_error_before(r, "no stop");
    TD_TRY(number_of(r, &a[0], 0, has_stop ? &start : &stop));
    TD_TRY(number_of(r, &a[1], 0, has_stop ? &stop : &start));
    TD_TRY(number_of(r, &a[2], 1, &step));
    TD_TRY(count_steps(start, stop, step, &n));
    TD_TRY(td_shape_make(1, &n, &shape));
    TD_TRY(begin(r, c, TD_EXPR_FLOAT, &shape, out));
    for (size_t i = 0; i < out->n; i++)
        r->cells[out->at + i].f = start + (double)i * step;
    if (!is_float) TD_TRY(td_expr_convert(r, out, TD_EXPR_INT));
    return finish(r, &a[3], out);
}

static td_status make_linspace(td_expr_reader *r, const call *c, td_expr_value *out)
{
    double start, stop, num;
    td_shape shape;

    if (!c->args[0].is_given || !c->args[1].is_given) return td_expr_error_before(r, "no range");
    TD_TRY(number_of(r, &c->args[0], 0, &start));
    TD_TRY(number_of(r, &c->args[1], 0, &stop));
    TD_TRY(number_of(r, &c->args[2], 50, &num));
    if (!(num >= 0 && num < 0x1p40)) return td_expr_error_before(r, "no number of elements");
    TD_TRY(td_shape_make(1, &(int64_t){ (int64_t)num }, &shape));
    TD_TRY(begin(r, c, TD_EXPR_FLOAT, &shape, out));
    for (size_t i = 0; i < out->n; i++)
        r->cells[out->at + i].f =
            i && i + 1 == out->n ? stop : start + (double)i * ((stop - start) / (num - 1 + (num == 1)));
    return finish(r, &c->args[3], out);
}

/* ---------------------------------------------------------------- random */

/* splitmix64: [0, 1) */
static double next_random(td_expr_reader *r)
{
    uint64_t z = r->random += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

/* Box and Muller's */
static double next_normal(td_expr_reader *r)
{
    const double radius = sqrt(-2 * log(1 - next_random(r)));

    return radius * cos(0x1.921fb54442d18p+2 * next_random(r));
}

/* a + b * a random number of each */
static td_status make_random(td_expr_reader *r, const call *c, const td_shape *shape,
                             double (*next)(td_expr_reader *r), double a, double b, td_expr_value *out)
{
    TD_TRY(begin(r, c, TD_EXPR_FLOAT, shape, out));
    for (size_t i = 0; i < out->n; i++)
        r->cells[out->at + i].f = a + b * next(r);
    return NULL;
}

/* rand(2, 3): each argument is a dimension. */
static td_status shape_of_all(td_expr_reader *r, const call *c, td_shape *out)
{
    int64_t dims[ARGS_MAX], rank = 0;

    for (; rank < ARGS_MAX && c->args[rank].is_given; rank++) {
        const td_expr_value *const v = &c->args[rank].v;

        if (v->n != 1 || v->kind > TD_EXPR_INT) return td_expr_error_before(r, "no dimensions");
        dims[rank] = r->cells[v->at].i;
    }
    return td_shape_make(rank, dims, out);
}

static td_status make_rand(td_expr_reader *r, const call *c, td_expr_value *out)
{
    td_shape shape;

    TD_TRY(shape_of_all(r, c, &shape));
    return make_random(r, c, &shape, next_random, 0, 1, out);
}

static td_status make_randn(td_expr_reader *r, const call *c, td_expr_value *out)
{
    td_shape shape;

    TD_TRY(shape_of_all(r, c, &shape));
    return make_random(r, c, &shape, next_normal, 0, 1, out);
}

static td_status make_random_in(td_expr_reader *r, const call *c, td_expr_value *out)
{
    td_shape shape;

    TD_TRY(shape_of(r, &c->args[0], &shape));
    return make_random(r, c, &shape, next_random, 0, 1, out);
}

static td_status make_uniform(td_expr_reader *r, const call *c, td_expr_value *out)
{
    double low, high;
    td_shape shape;

    TD_TRY(number_of(r, &c->args[0], 0, &low));
    TD_TRY(number_of(r, &c->args[1], 1, &high));
    TD_TRY(shape_of(r, &c->args[2], &shape));
    return make_random(r, c, &shape, next_random, low, high - low, out);
}

static td_status make_normal(td_expr_reader *r, const call *c, td_expr_value *out)
{
    double mean, deviation;
    td_shape shape;

    TD_TRY(number_of(r, &c->args[0], 0, &mean));
    TD_TRY(number_of(r, &c->args[1], 1, &deviation));
    TD_TRY(shape_of(r, &c->args[2], &shape));
    return make_random(r, c, &shape, next_normal, mean, deviation, out);
}

static td_status make_randint(td_expr_reader *r, const call *c, td_expr_value *out)
{
    const bool has_high = c->args[1].is_given;
    double low, high;
    td_shape shape;

    if (!c->args[0].is_given) return td_expr_error_before(r, "no range");
    TD_TRY(number_of(r, &c->args[0], 0, has_high ? &low : &high));
    TD_TRY(number_of(r, &c->args[1], 0, has_high ? &high : &low));
    if (!(low < high)) return td_expr_error_before(r, "a range without numbers");
    TD_TRY(shape_of(r, &c->args[2], &shape));
    TD_TRY(make_random(r, c, &shape, next_random, low, high - low, out));
    for (size_t i = 0; i < out->n; i++)
        r->cells[out->at + i].f = floor(r->cells[out->at + i].f);
    TD_TRY(td_expr_convert(r, out, TD_EXPR_INT));
    return finish(r, &c->args[3], out);
}

/* ---------------------------------------------------------------- all of them */

static const function functions[] = {
    { "array", "object,dtype", make_array },
    { "asarray", "a,dtype", make_array },
    { "ones", "shape,dtype", make_ones },
    { "zeros", "shape,dtype", make_zeros },
    { "full", "shape,fill_value,dtype", make_full },
    { "arange", "start,stop,step,dtype", make_arange },
    { "linspace", "start,stop,num,dtype", make_linspace },
    { "random.rand", "d0,d1,d2,d3,d4,d5,d6,d7", make_rand },
    { "random.randn", "d0,d1,d2,d3,d4,d5,d6,d7", make_randn },
    { "random.random", "size", make_random_in },
    { "random.uniform", "low,high,size", make_uniform },
    { "random.normal", "loc,scale,size", make_normal },
    { "random.randint", "low,high,size,dtype", make_randint },
};

static td_status call_type(td_expr_reader *r, td_dtype dtype, td_expr_value *out)
{
    call c = { .at = r->n };

    TD_TRY(read_args(r, "object", &c));
    if (!c.args[0].is_given) return td_expr_error_before(r, "no value");
    *out = c.args[0].v;
    return td_expr_cast(r, out, dtype);
}

td_status td_expr_call(td_expr_reader *r, td_expr_value *out)
{
    const td_string name = td_expr_name(r);
    const td_dtype dtype = dtype_called(name);

    for (size_t i = 0; i < TD_COUNT(functions); i++) {
        if (!td_string_is(name, functions[i].name)) continue;
        call c = { .at = r->n };

        r->p += name.size;
        if (!td_expr_take(r, "(")) return td_expr_error(r, "no arguments");
        TD_TRY(read_args(r, functions[i].names, &c));
        return functions[i].make(r, &c, out);
    }
    if (dtype == TD_DTYPE_NONE)
        return td_expr_error(
            r, "a function of numpy that is not known here (array, asarray, ones, zeros, full, arange, "
               "linspace, random.rand, randn, random, uniform, normal and randint are)");
    r->p += name.size;
    if (!td_expr_take(r, "(")) return td_expr_error(r, "no value");
    return call_type(r, dtype, out);
}

/* ---------------------------------------------------------------- methods */

/* One -1 is what is left. */
static td_status reshape(td_expr_reader *r, const call *c, td_expr_value *v)
{
    const bool is_list = c->args[0].is_given && c->args[0].v.shape.rank == 1;
    int64_t known = 1;
    td_shape shape = { 0 };
    int32_t unknown = -1;

    for (size_t i = 0; i < ARGS_MAX && c->args[i].is_given; i++) {
        const td_expr_value *const a = &c->args[i].v;

        if (a->kind > TD_EXPR_INT || a->n + (size_t)shape.rank > TD_MAX_RANK || (i && is_list))
            return td_expr_error_before(r, "no shape");
        for (size_t k = 0; k < a->n; k++)
            shape.dims[shape.rank++] = r->cells[a->at + k].i;
    }
    for (int32_t i = 0; i < shape.rank; i++) {
        if (shape.dims[i] == -1 && unknown < 0)
            unknown = i;
        else if (shape.dims[i] < 0 || !td_mul_i64(known, shape.dims[i], &known))
            return td_expr_error_before(r, "no shape");
    }
    if (unknown >= 0) shape.dims[unknown] = known ? (int64_t)v->n / known : 0;
    TD_TRY(td_shape_make(shape.rank, shape.dims, &v->shape));
    if ((size_t)td_shape_count(&v->shape) != v->n)
        return td_expr_error_before(r, "a shape of another number of elements");
    r->n = c->at;
    return NULL;
}

td_status td_expr_method(td_expr_reader *r, td_expr_value *v)
{
    const td_string name = td_expr_name(r);
    const bool is_cast = td_string_is(name, "astype"), is_reshape = td_string_is(name, "reshape");
    call c = { .at = r->n };

    if (!is_cast && !is_reshape)
        return td_expr_error(r, "a method that is not known here (reshape and astype are)");
    r->p += name.size;
    if (!td_expr_take(r, "(")) return td_expr_error(r, "no arguments");
    TD_TRY(read_args(r, is_cast ? "dtype" : "d0,d1,d2,d3,d4,d5,d6,d7", &c));
    if (is_reshape) return reshape(r, &c, v);
    if (!c.args[0].is_given) return td_expr_error_before(r, "no type");
    return td_expr_cast(r, v, c.args[0].dtype);
}
