/* SPDX-License-Identifier: Apache-2.0 */
/* test_memplan_random.c -- properties of memory plans, over thousands of random programs: of values with several
 * types, sizes and lives, of steps that work in place, show their operand under another shape, or put their results on
 * the heap. What is checked is worked out here by definition, slowly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/size.h"
#include "exec/memplan.h"

enum { MOST_VALUES = 96, MOST_STEPS = 48, MOST_ENDS = 4, NONE_YET = -1 };

static const uint32_t NONE = UINT32_MAX;

static const td_op plain = { .name = "Plain" }, in_place = { .name = "InPlace", .flags = TD_OP_INPLACE },
                   alias = { .name = "Alias", .flags = TD_OP_ALIAS },
                   by_ref = { .name = "ByRef", .flags = TD_OP_BY_REF };

typedef struct program {
    td_env env;
    td_program prog;
    td_plan plan;
    td_tensor values[MOST_VALUES];
    td_step steps[MOST_STEPS];
    td_plan_step plan_steps[MOST_STEPS];
    uint32_t ends[MOST_STEPS][2 * MOST_ENDS], rets[MOST_ENDS];
    uint64_t random;
} program;

static uint32_t below(program *p, uint32_t n)
{
    p->random = p->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(p->random >> 33) % n;
}

/* ---------------------------------------------------------------- making */

/* Many have equal counts, or equal bytes under another type. */
static td_tensor random_value(program *p)
{
    static const td_dtype types[] = { TD_F32, TD_F32, TD_F64, TD_I8, TD_BOOL };
    static const td_shape shapes[] = { { 0 },          { 1, { 64 } }, { 2, { 8, 8 } },  { 1, { 32 } },
                                       { 1, { 256 } }, { 1, { 0 } },  { 2, { 1, 64 } }, { 1, { 1000 } } };

    return (td_tensor){ .dtype = types[below(p, TD_COUNT(types))],
                        .shape = shapes[below(p, TD_COUNT(shapes))] };
}

static void add_outputs(program *p, td_step *s, bool is_alias)
{
    s->n_out = is_alias || below(p, 5) ? 1 : 2 + below(p, 2);
    for (uint32_t k = 0; k < s->n_out; k++) {
        const uint32_t v = (uint32_t)p->prog.n_values++;

        p->values[v] = random_value(p);
        s->out[k] = v;
        if (is_alias) p->values[v].dtype = p->values[s->in[0]].dtype;
        if (is_alias) p->values[v].shape = p->values[s->in[0]].shape;
        if (!is_alias && below(p, 12) == 0) s->out[k] = NONE;
        if (!is_alias && below(p, 25) == 0) p->values[v].dtype = TD_VARIANT;
    }
    if (is_alias && below(p, 3) == 0)
        p->values[s->out[0]].dtype = TD_I8; /* the same bytes, looked at otherwise */
}

static void add_step(program *p)
{
    static const td_op *const ops[] = { &plain, &in_place, &in_place, &alias, &by_ref };
    const size_t i = p->plan.n_steps++;
    td_step *const s = &p->steps[i];
    const td_op *const op = ops[below(p, TD_COUNT(ops))];

    *s = (td_step){ .op = op, .in = p->ends[i], .out = p->ends[i] + MOST_ENDS };
    s->n_in = 1 + below(p, 3);
    for (uint32_t k = 0; k < s->n_in; k++) { /* often what is new, so that lives are short */
        const uint32_t n = (uint32_t)p->prog.n_values, near = below(p, 3) ? TD_MIN(n, 6) : n;
        s->in[k] = n - 1 - below(p, near);
    }
    add_outputs(p, s, op == &alias);
    p->plan_steps[i] = (td_plan_step){ .step = s,
                                       .mode = op == &alias  ? TD_MODE_ALIAS
                                               : below(p, 8) ? TD_MODE_STATIC
                                                             : TD_MODE_DYNAMIC,
                                       .scratch_size = below(p, 4) ? 0 : 1 + below(p, 500) };
}

static void make(program *p, uint64_t seed, td_arena *arena)
{
    *p = (program){ .random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1 };
    p->prog.n_values = 1 + below(p, 4); /* arguments and constants */
    for (size_t v = 0; v < p->prog.n_values; v++)
        p->values[v] = random_value(p);
    for (uint32_t n = 1 + below(p, MOST_STEPS - 1); n > 0 && p->prog.n_values + 3 < MOST_VALUES; n--)
        add_step(p);
    p->prog.n_rets = below(p, MOST_ENDS + 1);
    for (size_t i = 0; i < p->prog.n_rets; i++)
        p->rets[i] = below(p, (uint32_t)p->prog.n_values);
    if (below(p, 8) == 0) p->env.passes_off |= TD_PASS_BIT(TD_PASS_in_place);
    if (below(p, 8) == 0) p->env.passes_off |= TD_PASS_BIT(TD_PASS_share_memory);
    p->prog.env = &p->env;
    p->prog.rets = p->rets;
    p->plan.prog = &p->prog;
    p->plan.arena = arena;
    p->plan.values = p->values;
    p->plan.steps = p->plan_steps;
}

/* ---------------------------------------------------------------- what has to be so */

/* From the step that makes a value to the last one that reads it, or a view of it. */
typedef struct life {
    int first, last; /* NONE_YET: nobody makes it, it comes from outside */
    uint32_t root;
    bool is_heap;
} life;

static bool makes(const td_step *s, uint32_t v)
{
    for (uint32_t k = 0; k < s->n_out; k++)
        if (s->out[k] == v) return true;
    return false;
}

static void find_lives(const program *p, life *lives)
{
    const int end = (int)p->plan.n_steps;

    for (uint32_t v = 0; v < p->prog.n_values; v++)
        lives[v] = (life){ .first = NONE_YET, .last = NONE_YET, .root = v };
    for (int i = 0; i < end; i++) {
        const td_plan_step *const ps = &p->plan_steps[i];

        for (uint32_t v = 0; v < p->prog.n_values; v++) {
            if (!makes(ps->step, v)) continue;
            lives[v].first = lives[v].last = i;
            if (ps->mode == TD_MODE_ALIAS) lives[v].root = lives[ps->step->in[0]].root;
            lives[v].is_heap = td_memplan_on_heap(ps, &p->values[v]) && ps->mode != TD_MODE_ALIAS;
        }
        for (uint32_t k = 0; k < ps->step->n_in; k++)
            lives[lives[ps->step->in[k]].root].last = i;
    }
    for (size_t i = 0; i < p->prog.n_rets; i++)
        lives[lives[p->rets[i]].root].last = end;
}

static size_t bytes_of(const program *p, uint32_t v)
{
    const size_t n = td_tensor_bytes(&p->values[v]);

    return n ? n : 1;
}

static bool overlap(size_t a, size_t a_size, size_t b, size_t b_size)
{
    return a < b + b_size && b < a + a_size;
}

static bool same_layout(const program *p, uint32_t a, uint32_t b)
{
    return td_dtype_size(p->values[a].dtype) == td_dtype_size(p->values[b].dtype) &&
           td_shape_count(&p->values[a].shape) == td_shape_count(&p->values[b].shape);
}

/* May b, which is made where a is read last, lie on a? Only as the first result of an op that works in place, and if
 * that sees a as it would see b. */
static bool may_take_over(const program *p, const life *lives, uint32_t a, uint32_t b)
{
    const td_step *const s = p->plan_steps[lives[b].first].step;
    bool reads = false;

    if (lives[a].last != lives[b].first || !(s->op->flags & TD_OP_INPLACE) || s->out[0] != b) return false;
    if (p->env.passes_off & TD_PASS_BIT(TD_PASS_in_place)) return false;
    for (uint32_t k = 0; k < s->n_in; k++)
        if (lives[s->in[k]].root == a) {
            reads = true;
            if (!same_layout(p, s->in[k], b)) return false;
        }
    return reads && p->plan.offset[a] == p->plan.offset[b];
}

static bool is_placed(const life *lives, uint32_t v)
{
    return lives[v].root == v && lives[v].first != NONE_YET && !lives[v].is_heap;
}

/* a was made before b: values are numbered as they are made. */
static void check_pair(const program *p, const life *lives, uint32_t a, uint32_t b)
{
    const size_t *const at = p->plan.offset;
    const bool shares = !(p->env.passes_off & TD_PASS_BIT(TD_PASS_share_memory));

    if (!overlap(at[a], bytes_of(p, a), at[b], bytes_of(p, b))) return;
    if (lives[a].last < lives[b].first && shares) return;
    if (!may_take_over(p, lives, a, b) && (lives[a].last >= lives[b].first || at[a] != at[b]))
        fail_msg("values %u [%d, %d] at %zu and %u [%d, %d] at %zu share memory", a, lives[a].first,
                 lives[a].last, at[a], b, lives[b].first, lives[b].last, at[b]);
}

/* Values from outside and on the heap have no place; views have their root's. */
static void check_places(const program *p, const life *lives)
{
    for (uint32_t v = 0; v < p->prog.n_values; v++) {
        const size_t at = p->plan.offset[v];

        if (lives[v].root != v) {
            assert_int_equal(at, p->plan.offset[lives[v].root]);
        } else if (!is_placed(lives, v)) {
            assert_int_equal(at, SIZE_MAX);
        } else {
            assert_int_equal(at % TD_ALIGN, 0);
            assert_true(at + bytes_of(p, v) <= p->plan.workspace_size);
        }
    }
}

static void check_scratch(const program *p, const life *lives, int i)
{
    const td_plan_step *const ps = &p->plan_steps[i];

    if (!ps->scratch_size) return;
    assert_true(ps->scratch_offset + ps->scratch_size <= p->plan.workspace_size);
    for (uint32_t v = 0; v < p->prog.n_values; v++)
        if (is_placed(lives, v) && lives[v].first <= i && i <= lives[v].last)
            assert_false(overlap(p->plan.offset[v], bytes_of(p, v), ps->scratch_offset, ps->scratch_size));
}

/* Each value on the heap is dropped once, after its last reader, and not at all when it is returned. */
static void check_dying(const program *p, const life *lives)
{
    int times[MOST_VALUES] = { 0 };

    for (int i = 0; i < (int)p->plan.n_steps; i++)
        for (uint32_t k = 0; k < p->plan_steps[i].n_dying; k++) {
            const uint32_t v = p->plan_steps[i].dying[k];
            assert_true(lives[v].is_heap && lives[v].root == v);
            assert_int_equal(lives[v].last, i);
            times[v]++;
        }
    for (uint32_t v = 0; v < p->prog.n_values; v++)
        if (lives[v].is_heap && lives[v].root == v)
            assert_int_equal(times[v], lives[v].last < (int)p->plan.n_steps ? 1 : 0);
}

/* No more than all of it side by side, and no less than what lives at once. */
static void check_size(const program *p, const life *lives)
{
    size_t sum = 0;

    for (uint32_t v = 0; v < p->prog.n_values; v++)
        if (is_placed(lives, v)) sum += td_round_up(bytes_of(p, v), TD_ALIGN);
    for (size_t i = 0; i < p->plan.n_steps; i++)
        sum += td_round_up(p->plan_steps[i].scratch_size, TD_ALIGN);
    assert_true(p->plan.workspace_size <= sum);
}

static void check(const program *p)
{
    life lives[MOST_VALUES];

    find_lives(p, lives);
    check_places(p, lives);
    for (uint32_t a = 0; a < p->prog.n_values; a++)
        for (uint32_t b = 0; b < a; b++)
            if (is_placed(lives, a) && is_placed(lives, b)) check_pair(p, lives, b, a);
    for (int i = 0; i < (int)p->plan.n_steps; i++)
        check_scratch(p, lives, i);
    check_dying(p, lives);
    check_size(p, lives);
}

static void test_random_programs(void **state)
{
    static program p, again;

    (void)state;
    for (uint64_t seed = 0; seed < 20000; seed++) {
        td_arena *const arena = td_arena_make();

        make(&p, seed, arena);
        td_memplan_make(&p.plan);
        check(&p);
        make(&again, seed, arena);
        td_memplan_make(&again.plan);
        assert_memory_equal(again.plan.offset, p.plan.offset, p.prog.n_values * sizeof *p.plan.offset);
        assert_int_equal(again.plan.workspace_size, p.plan.workspace_size);
        td_arena_free(arena);
    }
}

enum { MANY = 20000 };

/* As many values that live at once as the largest models have steps: what each costs may not grow without end. */
static void test_many_lives(void **state)
{
    td_arena *const arena = td_arena_make();
    td_env env = { 0 };
    td_program prog = { .env = &env, .n_values = MANY + 1 };
    td_step *const steps = TD_ARENA_NEW_N(arena, td_step, MANY + 1);
    uint32_t *const ids = TD_ARENA_NEW_N(arena, uint32_t, MANY + 1);
    td_plan plan = { .prog = &prog, .arena = arena, .n_steps = MANY + 1 };

    (void)state;
    plan.values = TD_ARENA_NEW_N(arena, td_tensor, MANY + 1);
    plan.steps = TD_ARENA_NEW_N(arena, td_plan_step, MANY + 1);
    for (uint32_t i = 0; i <= MANY; i++) { /* the last step reads all others' results */
        ids[i] = i;
        plan.values[i] = (td_tensor){ .dtype = TD_F32, .shape = { 1, { 1 + i % 100 } } };
        steps[i] =
            (td_step){ .op = &plain, .in = ids, .n_in = i == MANY ? MANY : 0, .out = &ids[i], .n_out = 1 };
        plan.steps[i] = (td_plan_step){ .step = &steps[i], .mode = TD_MODE_STATIC };
    }
    const int64_t start = td_now_ns();
    td_memplan_make(&plan);
    const double seconds = (double)(td_now_ns() - start) * 1e-9;
    print_message("%d values that live at once: %.3f s\n", MANY, seconds);
    assert_true(seconds < 60);
    assert_int_equal(plan.offset[1] % TD_ALIGN, 0);
    td_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_random_programs),
                                        cmocka_unit_test(test_many_lives) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
