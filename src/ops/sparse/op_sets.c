/* SPDX-License-Identifier: Apache-2.0 */
/* op_sets.c -- sets in the last dimension of tensors: DenseToDenseSetOperation, DenseToSparseSetOperation,
 * SparseToSparseSetOperation, SetSize.
 *
 * The elements of all sets of both operands go into one list, ordered by set, then value, then operand; what belongs
 * together is side by side then. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "ops/sparse/sparse.h"
#include "tensor/type_sets.h"

typedef struct item {
    int64_t set; /* its place in row-major order of all dimensions but the last */
    int64_t number;
    td_string text;
    bool is_second; /* of the second operand */
} item;

typedef struct items {
    item *all;
    int64_t n;
    int64_t dims[TD_MAX_RANK]; /* of the sets: `rank` dimensions but the last */
    int64_t rank;
} items;

static td_status no_memory(const td_call *c)
{
    return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "%s: out of memory", c->node);
}

/* ---------------------------------------------------------------- order */

static int compare_values(const item *a, const item *b)
{
    if (a->number != b->number) return a->number < b->number ? -1 : 1;
    const size_t n = TD_MIN(a->text.size, b->text.size);
    const int order = n ? memcmp(a->text.data, b->text.data, n) : 0;

    return order ? order : (a->text.size > b->text.size) - (a->text.size < b->text.size);
}

static int compare_items(const void *a, const void *b)
{
    const item *const x = a, *const y = b;

    if (x->set != y->set) return x->set < y->set ? -1 : 1;
    const int order = compare_values(x, y);
    return order ? order : (int)x->is_second - (int)y->is_second;
}

static bool is_same(const item *a, const item *b)
{
    return a->set == b->set && compare_values(a, b) == 0;
}

/* ---------------------------------------------------------------- operands */

/* A dense one, or a sparse one in three inputs. */
typedef struct operand {
    const td_tensor *values;
    td_sparse sparse;
    bool is_sparse;
    int64_t dims[TD_MAX_RANK], rank, n;
} operand;

static td_status read_dense(td_call *c, uint32_t i, operand *o)
{
    const td_tensor *const t = td_in(c, i);

    if (t->shape.rank < 2) return TD_OP_ERR(c, INVALID_ARGUMENT, "Shape has rank %d < 2", (int)t->shape.rank);
    *o = (operand){ .values = t, .rank = t->shape.rank, .n = td_shape_count(&t->shape) };
    memcpy(o->dims, t->shape.dims, sizeof o->dims);
    return NULL;
}

static td_status check_order(const td_call *c, const td_sparse *s)
{
    for (int64_t i = 1; i < s->n; i++) {
        const int order = td_sparse_compare(s->index + (i - 1) * s->rank, s->index + i * s->rank, s->rank);

        if (order >= 0)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "indices[%" PRId64 "] is %s", i,
                             order ? "out of order. Many sparse ops require sorted indices." : "repeated");
    }
    return NULL;
}

static td_status read_sparse(td_call *c, uint32_t i, bool validates, operand *o)
{
    *o = (operand){ .values = td_in(c, i + 1), .is_sparse = true };
    TD_TRY(td_sparse_of(c, i, i + 1, i + 2, &o->sparse));
    if (o->sparse.rank < 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Invalid rank %" PRId64 ".", o->sparse.rank);
    if (validates) TD_TRY(td_sparse_check(c, &o->sparse));
    if (validates) TD_TRY(check_order(c, &o->sparse));
    o->rank = o->sparse.rank;
    o->n = o->sparse.n;
    memcpy(o->dims, o->sparse.dims, sizeof o->dims);
    for (int64_t k = 0; k < o->n; k++)
        for (int64_t d = 0; d < o->rank; d++) {
            const int64_t at = o->sparse.index[k * o->rank + d];

            if (at < 0 || at >= o->dims[d])
                return TD_OP_ERR(c, INTERNAL,
                                 "indices[%" PRId64 ", %" PRId64 "] expected < %" PRId64 ", got %" PRId64, k,
                                 d, o->dims[d], at);
        }
    return NULL;
}

static int64_t set_of(const operand *o, int64_t i)
{
    int64_t at = 0;

    if (!o->is_sparse) return i / o->dims[o->rank - 1];
    for (int64_t d = 0; d < o->rank - 1; d++)
        at = at * o->dims[d] + o->sparse.index[i * o->rank + d];
    return at;
}

static void add_items(items *to, const operand *o, bool is_second)
{
    for (int64_t i = 0; i < o->n; i++) {
        item *const x = &to->all[to->n++];

        *x = (item){ .set = set_of(o, i), .is_second = is_second };
        if (o->values->dtype == TD_STRING)
            x->text = ((const td_string *)o->values->data)[i];
        else
            x->number = td_tensor_int(o->values, (size_t)i);
    }
}

/* Both in order; b may be NULL. Their sets are numbered alike. */
static td_status collect(td_call *c, const operand *a, const operand *b, items *out)
{
    int64_t sets = 1;

    if (b && (a->rank != b->rank || memcmp(a->dims, b->dims, (size_t)(a->rank - 1) * sizeof *a->dims) != 0))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Mismatched shapes");
    for (int64_t d = 0; d < a->rank - 1; d++)
        if (!td_mul_i64(sets, a->dims[d], &sets)) return TD_OP_ERR(c, INVALID_ARGUMENT, "too many sets");
    *out = (items){ .rank = a->rank };
    memcpy(out->dims, a->dims, sizeof out->dims);
    out->all = td_arena_try_alloc(c->arena, (size_t)(a->n + (b ? b->n : 0) + 1) * sizeof *out->all, 16);
    if (!out->all) return no_memory(c);
    add_items(out, a, false);
    if (b) add_items(out, b, true);
    qsort(out->all, (size_t)out->n, sizeof *out->all, compare_items);
    return NULL;
}

/* ---------------------------------------------------------------- set operations */

typedef enum set_kind { A_MINUS_B, B_MINUS_A, INTERSECTION, UNION } set_kind;

typedef struct sets_attrs {
    set_kind kind;
    bool validates, is_sparse[2];
} sets_attrs;

static bool is_word(td_string s, const char *word)
{
    if (s.size != strlen(word)) return false;
    for (size_t i = 0; i < s.size; i++)
        if ((s.data[i] >= 'A' && s.data[i] <= 'Z' ? s.data[i] + 32 : s.data[i]) != word[i]) return false;
    return true;
}

static td_status sets_parse(td_parse *p)
{
    static const char *const words[] = { "a-b", "b-a", "intersection", "union" };
    const td_string given = td_attr_string(p, "set_operation");
    sets_attrs *const a = p->attrs;

    a->validates = td_attr_bool(p, "validate_indices");
    a->is_sparse[0] = strcmp(p->node->op_name, "SparseToSparseSetOperation") == 0;
    a->is_sparse[1] = strcmp(p->node->op_name, "DenseToDenseSetOperation") != 0;
    for (a->kind = A_MINUS_B; a->kind <= UNION; a->kind++)
        if (is_word(given, words[a->kind])) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "%s: Invalid set_operation %.*s.", p->node->name, (int)given.size,
                  given.data);
}

/* Equal items from `at` on: where do they end, and who has them? */
static int64_t pass_equals(const items *x, int64_t at, bool has[2])
{
    int64_t end = at;

    has[0] = has[1] = false;
    for (; end < x->n && is_same(&x->all[at], &x->all[end]); end++)
        has[x->all[end].is_second] = true;
    return end;
}

static bool is_kept(set_kind kind, const bool has[2])
{
    switch (kind) {
    case A_MINUS_B:
        return has[0] && !has[1];
    case B_MINUS_A:
        return has[1] && !has[0];
    case INTERSECTION:
        return has[0] && has[1];
    default:
        return true;
    }
}

/* What is kept moves to the front. Returns the size of the largest set. */
static int64_t keep(set_kind kind, items *x)
{
    int64_t kept = 0, most = 0, size = 0;
    bool has[2];

    for (int64_t at = 0, end; at < x->n; at = end) {
        end = pass_equals(x, at, has);
        if (!is_kept(kind, has)) continue;
        size = kept > 0 && x->all[kept - 1].set == x->all[at].set ? size + 1 : 1;
        most = TD_MAX(most, size);
        x->all[kept++] = x->all[at];
    }
    x->n = kept;
    return most;
}

static td_status put_sets(td_call *c, const items *x, int64_t most)
{
    int64_t index[TD_MAX_RANK], dims[TD_MAX_RANK], place = 0;

    TD_TRY(td_sparse_make(c, 0, 1, x->n, x->rank));
    for (int64_t i = 0; i < x->n; i++) {
        const item *const e = &x->all[i];
        int64_t rest = e->set, number = e->number;

        place = i > 0 && x->all[i - 1].set == e->set ? place + 1 : 0;
        index[x->rank - 1] = place;
        for (int64_t d = x->rank - 2; d >= 0; d--, rest /= x->dims[d + 1])
            index[d] = rest % x->dims[d];
        td_sparse_put(c, 0, 1, i, index, x->rank,
                      td_out(c, 1)->dtype == TD_STRING ? (const void *)&e->text : &number);
    }
    memcpy(dims, x->dims, sizeof dims);
    dims[x->rank - 1] = most;
    return td_sparse_put_dims(c, 2, dims, x->rank);
}

static td_status sets_run(td_call *c)
{
    const sets_attrs *const a = c->attrs;
    operand o[2];
    items x;

    for (uint32_t k = 0, i = 0; k < 2; i += a->is_sparse[k] ? 3 : 1, k++)
        TD_TRY(a->is_sparse[k] ? read_sparse(c, i, a->validates, &o[k]) : read_dense(c, i, &o[k]));
    TD_TRY(collect(c, &o[0], &o[1], &x));
    const int64_t most = keep(a->kind, &x);
    return put_sets(c, &x, most);
}

/* ---------------------------------------------------------------- SetSize: indices, values, shape -> size */

static td_status size_parse(td_parse *p)
{
    ((sets_attrs *)p->attrs)->validates = td_attr_bool(p, "validate_indices");
    return NULL;
}

static td_status size_run(td_call *c)
{
    operand o;
    td_shape s;
    items x;

    TD_TRY(read_sparse(c, 0, ((const sets_attrs *)c->attrs)->validates, &o));
    TD_TRY(td_shape_make(o.rank - 1, o.dims, &s));
    TD_TRY(collect(c, &o, NULL, &x));
    (void)keep(UNION, &x);
    TD_TRY(td_out_make(c, 0, &s));
    memset(td_out(c, 0)->data, 0, td_tensor_bytes(td_out(c, 0)));
    for (int64_t i = 0; i < x.n; i++)
        ((int32_t *)td_out(c, 0)->data)[x.all[i].set]++;
    return NULL;
}

#define SET_TYPES (TD_SIGNED_TYPES | TD_DTYPE_BIT(TD_U8) | TD_DTYPE_BIT(TD_U16) | TD_DTYPE_BIT(TD_STRING))

TD_RUN_KERNEL(sets_kernels, SET_TYPES, sets_run);
TD_RUN_KERNEL(size_kernels, SET_TYPES, size_run);

#define SETS                                                                                                 \
    .attrs = "set_operation: string, validate_indices: bool = true, T: type", .key = "T",                    \
    .flags = TD_OP_DYNAMIC, .attrs_size = sizeof(sets_attrs), .parse = sets_parse, .kernels = sets_kernels
#define RESULT " -> result_indices: int64, result_values: T, result_shape: int64"

const td_op td_ops_sets[] = {
    { .name = "DenseToDenseSetOperation", .sig = "set1: T, set2: T" RESULT, SETS },
    { .name = "DenseToSparseSetOperation",
      .sig = "set1: T, set2_indices: int64, set2_values: T, set2_shape: int64" RESULT,
      SETS },
    { .name = "SparseToSparseSetOperation",
      .sig = "set1_indices: int64, set1_values: T, set1_shape: int64, "
             "set2_indices: int64, set2_values: T, set2_shape: int64" RESULT,
      SETS },
    { .name = "SetSize",
      .sig = "set_indices: int64, set_values: T, set_shape: int64 -> size: int32",
      .attrs = "validate_indices: bool = true, T: type",
      .key = "T",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(sets_attrs),
      .parse = size_parse,
      .kernels = size_kernels },
    { 0 },
};
