/* SPDX-License-Identifier: Apache-2.0 */
/* test_pack.c -- what a plan promises is made once, by whom ever, and what fails leaves nothing behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "device/team.h"
#include "ops/pack.h"

enum { N = 50, SIZE = 40 << 10 };

typedef struct recipe {
    unsigned char fill;
    bool fails;
} recipe;

static td_status build(const void *ctx, void *data)
{
    const recipe *const r = ctx;

    if (r->fails) return TD_ERR(RESOURCE_EXHAUSTED, "no memory for %d", r->fill);
    memset(data, r->fill, SIZE);
    return NULL;
}

typedef struct fixture {
    td_account account;
    td_env env;
    td_call call;
} fixture;

static const unsigned char weights[N];

static void begin(fixture *f, bool later)
{
    *f = (fixture){ .call = { .node = "node" } };
    f->env.account = &f->account;
    f->env.packs = td_packs_make(&f->account);
    f->call.env = &f->env;
    if (later) f->call.packs_later = td_pack_jobs_make(f->env.packs);
}

static void end(fixture *f)
{
    td_pack_jobs_free(f->call.packs_later);
    td_packs_free(f->env.packs);
    assert_int_equal(atomic_load(&f->account.used), 0);
}

static td_status get(fixture *f, size_t i, bool fails, const unsigned char **out)
{
    const recipe r = { (unsigned char)i, fails }; /* gone when this returns */
    const td_pack_key key = { .data = { &weights[i] }, .kind = "test" };
    const td_pack_way way = { build, &r, sizeof r, SIZE, 0 };
    const void *data;

    TD_TRY(td_pack_get(&f->call, &key, &way, &data));
    *out = data;
    return NULL;
}

static void assert_filled(const unsigned char *p, size_t with)
{
    assert_int_equal(p[0], with);
    assert_int_equal(memcmp(p, p + 1, SIZE - 1), 0);
}

static void check_promises(td_team *team)
{
    const unsigned char *at[N], *again;
    fixture f;

    begin(&f, true);
    for (size_t i = 0; i < N; i++)
        assert_null(get(&f, i, false, &at[i]));
    assert_null(get(&f, 7, true, &again)); /* nobody makes it twice */
    assert_ptr_equal(again, at[7]);
    assert_int_equal(td_pack_jobs_count(f.call.packs_later), N);
    assert_int_equal(td_pack_jobs_bytes(f.call.packs_later), N * SIZE);
    assert_int_equal(td_packs_bytes(f.env.packs), 0);
    assert_null(td_pack_jobs_run(f.call.packs_later, team));
    assert_int_equal(td_packs_bytes(f.env.packs), N * SIZE);
    for (size_t i = 0; i < N; i++)
        assert_filled(at[i], i);
    assert_null(get(&f, 7, true, &again));
    assert_ptr_equal(again, at[7]);
    end(&f);
}

static void test_promises(void **state)
{
    td_team *const team = td_team_make(3);

    (void)state;
    check_promises(NULL);
    check_promises(team);
    td_team_free(team);
}

static void test_at_once(void **state)
{
    const unsigned char *at, *again;
    fixture f;

    (void)state;
    begin(&f, false);
    assert_null(get(&f, 3, false, &at));
    assert_filled(at, 3);
    assert_null(get(&f, 3, true, &again));
    assert_ptr_equal(at, again);
    end(&f);
}

static void test_failure_at_once(void **state)
{
    const unsigned char *at;
    fixture f;

    (void)state;
    begin(&f, false);
    const td_status s = get(&f, 3, true, &at);

    assert_int_equal(td_status_code(s), TD_RESOURCE_EXHAUSTED);
    td_status_free(s);
    assert_int_equal(td_packs_bytes(f.env.packs), 0);
    assert_null(get(&f, 3, false, &at));
    assert_filled(at, 3);
    end(&f);
}

/* The first error is told, what was made beside it stays. */
static void test_failure_later(void **state)
{
    td_team *const team = td_team_make(2);
    const unsigned char *at;
    fixture f;

    (void)state;
    begin(&f, true);
    for (size_t i = 0; i < N; i++)
        assert_null(get(&f, i, i == 20 || i == 30, &at));
    const td_status s = td_pack_jobs_run(f.call.packs_later, team);

    assert_int_equal(td_status_code(s), TD_RESOURCE_EXHAUSTED);
    assert_non_null(strstr(td_status_text(s), "node: no memory for"));
    td_status_free(s);
    assert_int_equal(td_packs_bytes(f.env.packs), (N - 2) * SIZE);
    assert_int_equal(td_pack_jobs_count(f.call.packs_later), 0);
    end(&f);
    td_team_free(team);
}

/* A step that could not be prepared, a plan that is not to be. */
static void test_forgotten(void **state)
{
    const unsigned char *at;
    fixture f;

    (void)state;
    begin(&f, true);
    for (size_t i = 0; i < N; i++)
        assert_null(get(&f, i, false, &at));
    td_pack_jobs_cut(f.call.packs_later, 10);
    assert_int_equal(td_pack_jobs_count(f.call.packs_later), 10);
    assert_int_equal(atomic_load(&f.account.used), 10 * SIZE);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_promises),        cmocka_unit_test(test_at_once),
        cmocka_unit_test(test_failure_at_once), cmocka_unit_test(test_failure_later),
        cmocka_unit_test(test_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
