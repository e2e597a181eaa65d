/* SPDX-License-Identifier: Apache-2.0 */
/* test_manager.c -- versions come, go, fail; readers always get an answer that is right. */
#include "assert_status.h"
#include "fake.h"

#include <pthread.h>

static td_serve_options defaults(void)
{
    return (td_serve_options){ .max_num_load_retries = 0,
                               .load_retry_interval_micros = 1000,
                               .file_system_poll_wait_seconds = 1,
                               .enable_model_warmup = true,
                               .load = fake_load,
                               .unload = fake_unload,
                               .check = fake_check };
}

static char base_paths[4][256];

static td_manager *start_with(td_model_options *models, size_t n, td_serve_options options)
{
    td_manager *m;

    for (size_t i = 0; i < n; i++) {
        snprintf(base_paths[i], sizeof base_paths[i], "%s/%s", temp_dir, models[i].name);
        models[i].base_path = base_paths[i];
    }
    options.models = models;
    options.n_models = n;
    assert_null(td_manager_start(&options, &m));
    return m;
}

static td_manager *start(const char *name)
{
    td_model_options model = { .name = (char *)(uintptr_t)name };

    return start_with(&model, 1, defaults());
}

static void stop(td_manager *m)
{
    assert_true(td_manager_stop(m, fake_soon()));
}

static void test_first_version_is_awaited(void **state)
{
    (void)state;
    fake_write("m", "1", "10");
    fake_write("m", "2", "20");
    atomic_store(&fake_load_ms, 50);
    td_manager *const m = start("m");
    const td_model_spec spec = fake_spec("m");
    td_servable *s = NULL;
    bool must_wait;

    assert_null(td_manager_acquire(m, &spec, &s, &must_wait));
    assert_true(must_wait);
    assert_null(s);
    assert_int_equal(fake_ask(m, spec), 20);
    assert_true(td_manager_wait_first_round(m, fake_soon()));
    assert_int_equal(fake_ask(m, fake_spec("other")), -TD_NOT_FOUND);
    assert_int_equal(fake_ask(m, fake_version("m", 2)), 20);
    assert_int_equal(fake_ask(m, fake_version("m", 1)), -TD_NOT_FOUND); /* latest(1) */
    stop(m);
}

static void expect_error(td_manager *m, td_model_spec spec, td_code code, const char *text)
{
    td_servable *s;
    bool must_wait;

    assert_status(td_manager_acquire(m, &spec, &s, &must_wait), code, text);
}

static void test_weight(void **state)
{
    td_model_options model = { .name = (char *)(uintptr_t) "m", .weight = 7 };

    (void)state;
    fake_write("m", "1", "10");
    td_manager *const m = start_with(&model, 1, defaults());
    fake_await(m, fake_spec("m"), 10);
    assert_int_equal(atomic_load(&fake_weight), 7);
    stop(m);
}

static void test_texts(void **state)
{
    (void)state;
    fake_write("m", "1", "10");
    td_manager *const m = start("m");

    td_manager_wait_first_round(m, fake_soon());
    expect_error(m, fake_spec("x"), TD_NOT_FOUND,
                 "Servable not found for request: Latest(x). The models here: m.");
    expect_error(m, fake_version("m", 9), TD_NOT_FOUND,
                 "Servable not found for request: Specific(m, 9). Its available versions: 1.");
    expect_error(m, fake_label("m", "l"), TD_INVALID_ARGUMENT,
                 "Unrecognized servable version label: l. Its labels: none.");
    expect_error(m, fake_label("x", "l"), TD_INVALID_ARGUMENT,
                 "Unrecognized servable version label: l. The models here: m.");

    td_version_status *list;
    size_t n;
    td_model_spec spec = fake_spec("x");

    assert_status(td_manager_status(m, &spec, &list, &n), TD_NOT_FOUND,
                  "Could not find any versions of model x. The models here: m.");
    spec = fake_version("m", 5);
    assert_status(td_manager_status(m, &spec, &list, &n), TD_NOT_FOUND,
                  "Could not find version 5 of model m. Its versions: 1.");
    stop(m);
}

static void test_new_version_replaces_old(void **state)
{
    (void)state;
    fake_write("m", "1", "10");
    td_manager *const m = start("m");
    const td_model_spec spec = fake_spec("m");
    td_servable *held;
    bool must_wait;

    assert_int_equal(fake_ask(m, spec), 10);
    assert_null(td_manager_acquire(m, &spec, &held, &must_wait));
    fake_write("m", "002", "20");
    fake_await(m, spec, 20);
    fake_await_states(m, "m", "2:AVAILABLE 1:UNLOADING"); /* we hold it */
    assert_int_equal(fake_value(held), 10);
    td_servable_release(held);
    fake_await_states(m, "m", "2:AVAILABLE 1:END");

    fake_remove("m", "002"); /* version 1 comes back before 2 goes */
    fake_await(m, spec, 10);
    fake_await_states(m, "m", "2:END 1:AVAILABLE");
    fake_remove("m", "1");
    fake_await(m, spec, -TD_NOT_FOUND);
    fake_await_states(m, "m", "2:END 1:END");
    stop(m);
}

static void test_broken_version_changes_nothing(void **state)
{
    (void)state;
    fake_write("m", "1", "10");
    td_manager *const m = start("m");

    assert_int_equal(fake_ask(m, fake_spec("m")), 10);
    fake_write("m", "2", "bad");
    fake_await_states(m, "m", "2:END(DATA_LOSS) 1:AVAILABLE");
    assert_int_equal(fake_ask(m, fake_spec("m")), 10);
    const int loads = atomic_load(&fake_loads);

    td_sleep_ns(INT64_C(700) * 1000000); /* it is not tried again for nothing */
    assert_int_equal(atomic_load(&fake_loads), loads);
    fake_write("m", "2", "22"); /* mended */
    fake_await(m, fake_spec("m"), 22);
    fake_await_states(m, "m", "2:AVAILABLE 1:END");
    stop(m);
}

/* It goes, shows why, and comes back when its files are something new. */
static void test_changed_in_place(void **state)
{
    td_model_options models[2] = { { .name = (char *)(uintptr_t) "m" }, { .name = (char *)(uintptr_t) "n" } };

    (void)state;
    fake_write("m", "1", "10");
    fake_write("n", "1", "20");
    td_manager *const m = start_with(models, 2, defaults());

    assert_int_equal(fake_ask(m, fake_spec("m")), 10);
    atomic_store(&fake_lost, 10);
    fake_await_states(m, "m", "1:END(DATA_LOSS)");
    assert_int_equal(fake_ask(m, fake_spec("m")), -TD_NOT_FOUND);
    assert_int_equal(fake_ask(m, fake_spec("n")), 20);
    fake_write("m", "1", "11");
    fake_await_states(m, "m", "1:AVAILABLE");
    assert_int_equal(fake_ask(m, fake_spec("m")), 11);
    fake_await_states(m, "n", "1:AVAILABLE");
    atomic_store(&fake_lost, 0);
    stop(m);
}

/* The files come one by one: no try fails. */
static void test_half_written_version(void **state)
{
    (void)state;
    fake_write("m", "1", "10");
    td_manager *const m = start("m");

    assert_int_equal(fake_ask(m, fake_spec("m")), 10);
    temp_dir_write("m/2/", NULL, 0);
    td_sleep_ns(INT64_C(50) * 1000000);
    fake_write("m", "2", "20");
    fake_await(m, fake_spec("m"), 20);
    assert_int_equal(atomic_load(&fake_loads), 2);
    stop(m);
}

static void test_retries(void **state)
{
    td_serve_options options = defaults();
    td_model_options model = { .name = (char *)(uintptr_t) "m" };

    (void)state;
    options.max_num_load_retries = 3;
    fake_write("m", "1", "busy");
    td_manager *m = start_with(&model, 1, options);

    fake_await_states(m, "m", "1:END(UNAVAILABLE)");
    assert_int_equal(atomic_load(&fake_loads), 4);
    stop(m);

    options.load_retry_interval_micros = INT64_C(3600) * 1000000;
    m = start_with(&model, 1, options);
    assert_true(td_manager_wait_first_round(m, fake_soon())); /* over with the first try */
    fake_await_states(m, "m", "1:LOADING(UNAVAILABLE)");      /* says why it takes so long */
    assert_int_equal(fake_ask(m, fake_spec("m")), -TD_NOT_FOUND);
    fake_write("m", "2", "busy");
    /* 2 is wanted now: 1's retries are called off */
    fake_await_states(m, "m", "2:LOADING(UNAVAILABLE) 1:END(UNAVAILABLE)");
    fake_write("m", "2", "20"); /* nobody waits an hour for the next try */
    fake_await(m, fake_spec("m"), 20);
    fake_remove("m", "2");
    fake_await_states(m, "m", "2:AVAILABLE 1:LOADING(UNAVAILABLE)"); /* 1 is wanted again: a new chance */
    fake_remove("m", "1");
    fake_await_states(m, "m", "2:END 1:END(UNAVAILABLE)");
    stop(m);
}

/* Another try of the same files cannot help: it shows at once, and new files are tried as ever. */
static void test_hopeless_loads_end_at_once(void **state)
{
    td_serve_options options = defaults();
    td_model_options model = { .name = (char *)(uintptr_t) "m" };

    (void)state;
    options.max_num_load_retries = 3;
    options.load_retry_interval_micros = INT64_C(3600) * 1000000;
    fake_write("m", "1", "bad");
    td_manager *m = start_with(&model, 1, options);
    fake_await_states(m, "m", "1:END(DATA_LOSS)");
    assert_int_equal(atomic_load(&fake_loads), 1);
    fake_write("m", "1", "10");
    fake_await(m, fake_spec("m"), 10);
    stop(m);

    options.file_system_poll_wait_seconds = 0; /* nobody will look: only a try can find new files */
    fake_write("m", "1", "bad");
    m = start_with(&model, 1, options);
    fake_await_states(m, "m", "1:LOADING(DATA_LOSS)");
    stop(m);
}

static void test_policies_and_labels(void **state)
{
    int64_t specific[] = { 1, 3 };
    td_label labels[] = { { (char *)(uintptr_t) "stable", 1 }, { (char *)(uintptr_t) "next", 9 } };
    td_model_options models[] = {
        { .name = (char *)(uintptr_t) "all", .policy = TD_POLICY_ALL },
        { .name = (char *)(uintptr_t) "two", .latest = 2 },
        { .name = (char *)(uintptr_t) "spec",
          .policy = TD_POLICY_SPECIFIC,
          .versions = specific,
          .n_versions = 2,
          .labels = labels,
          .n_labels = 2 },
    };
    static const char *const versions[] = { "1", "2", "3" };

    (void)state;
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 3; k++)
            fake_write(models[i].name, versions[k], versions[k]);
    td_manager *const m = start_with(models, 3, defaults());

    assert_true(td_manager_wait_first_round(m, fake_soon()));
    fake_await_states(m, "all", "3:AVAILABLE 2:AVAILABLE 1:AVAILABLE");
    fake_await_states(m, "two", "3:AVAILABLE 2:AVAILABLE");
    fake_await_states(m, "spec", "3:AVAILABLE 1:AVAILABLE");
    assert_int_equal(fake_ask(m, fake_label("spec", "stable")), 1);
    assert_int_equal(fake_ask(m, fake_label("spec", "next")), -TD_INVALID_ARGUMENT);
    fake_remove("spec", "1");
    fake_await(m, fake_version("spec", 1), -TD_NOT_FOUND);
    assert_int_equal(fake_ask(m, fake_label("spec", "stable")), -TD_NOT_FOUND); /* stays set */
    stop(m);
}

static void test_missing_base_path(void **state)
{
    td_model_options models[] = { { .name = (char *)(uintptr_t) "here" },
                                  { .name = (char *)(uintptr_t) "late" } };
    td_model_health *health;
    size_t n;

    (void)state;
    fake_write("here", "1", "1");
    td_manager *const m = start_with(models, 2, defaults());

    assert_int_equal(fake_ask(m, fake_spec("here")), 1);
    assert_true(td_manager_wait_first_round(m, fake_soon()));
    assert_int_equal(fake_ask(m, fake_spec("late")), -TD_NOT_FOUND);
    td_manager_health(m, &health, &n);
    assert_int_equal(n, 2);
    assert_string_equal(health[0].name, "here");
    assert_true(health[0].is_ready);
    assert_string_equal(health[1].name, "late");
    assert_false(health[1].is_ready);
    assert_non_null(strstr(health[1].reason, "Could not find base path"));
    td_manager_free_health(health, n);
    fake_write("late", "5", "50");
    fake_await(m, fake_spec("late"), 50);
    stop(m);
}

static void test_wait_ends_at_its_deadline(void **state)
{
    td_serve_options options = defaults();
    td_model_options model = { .name = (char *)(uintptr_t) "m" };
    const td_model_spec spec = fake_spec("m");
    td_servable *s;

    (void)state;
    options.file_system_poll_wait_seconds = -1;
    td_manager *const m = start_with(&model, 1, options);
    const td_status error = td_manager_acquire_wait(m, &spec, td_now_ns() + 10000000, &s);

    assert_int_equal(td_status_code(error), TD_UNAVAILABLE);
    td_status_free(error);
    assert_false(td_manager_wait_first_round(m, td_now_ns() + 10000000));
    stop(m);
}

static void test_stop_waits_for_references(void **state)
{
    (void)state;
    fake_write("m", "1", "10");
    td_manager *const m = start("m");
    const td_model_spec spec = fake_spec("m");
    td_servable *s;

    assert_null(td_manager_acquire_wait(m, &spec, fake_soon(), &s));
    td_servable_release(s);
    stop(m);
    assert_int_equal(atomic_load(&fake_alive), 0);
    td_manager_stop(NULL, 0);
}

static void test_configure(void **state)
{
    td_label labels[] = { { (char *)(uintptr_t) "stable", 1 } };
    char *const names[] = { (char *)(uintptr_t) "a", (char *)(uintptr_t) "b", (char *)(uintptr_t) "c" };
    td_model_options models[3] = { { .name = names[0], .labels = labels, .n_labels = 1, .latest = 2 },
                                   { .name = names[1] },
                                   { .name = names[2] } };
    td_model_health *health;
    size_t n;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        fake_write(names[i], "1", "1");
        fake_write(names[i], "2", "2");
    }
    td_manager *const m = start_with(models, 2, defaults());

    assert_true(td_manager_wait_first_round(m, fake_soon()));
    assert_int_equal(fake_ask(m, fake_label("a", "stable")), 1);
    assert_int_equal(fake_ask(m, fake_spec("b")), 2);
    assert_int_equal(fake_ask(m, fake_spec("c")), -TD_NOT_FOUND);

    /* b goes, c comes, a's label moves to a version that is there */
    snprintf(base_paths[2], sizeof base_paths[2], "%s/c", temp_dir);
    models[2].base_path = base_paths[2];
    models[1] = models[2];
    labels[0].version = 2;
    td_manager_configure(m, models, 2);
    fake_await(m, fake_spec("c"), 2);
    fake_await(m, fake_spec("b"), -TD_NOT_FOUND);
    fake_await_states(m, "b", "2:END");
    assert_int_equal(fake_ask(m, fake_label("a", "stable")), 2);
    td_manager_health(m, &health, &n);
    assert_int_equal(n, 2);
    td_manager_free_health(health, n);

    /* the label stays where it is until version 3 is there */
    labels[0].version = 3;
    td_manager_configure(m, models, 1);
    fake_await(m, fake_spec("c"), -TD_NOT_FOUND);
    assert_int_equal(fake_ask(m, fake_label("a", "stable")), 2);
    fake_write("a", "3", "3");
    fake_await(m, fake_label("a", "stable"), 3);

    models[1].name = names[2]; /* c comes back */
    td_manager_configure(m, models, 2);
    fake_await(m, fake_spec("c"), 2);
    stop(m);
}

/* ---------------------------------------------------------------- reloads that somebody waits for */

static bool is_set(void *flag)
{
    return atomic_load((atomic_bool *)flag);
}

static void place(td_model_options *model, int i)
{
    snprintf(base_paths[i], sizeof base_paths[i], "%s/%s", temp_dir, model->name);
    model->base_path = base_paths[i];
}

static void test_reload_waits(void **state)
{
    td_label label = { (char *)(uintptr_t) "stable", 2 };
    td_model_options a = { .name = (char *)(uintptr_t) "a" };
    td_model_options list[] = { a, { .name = (char *)(uintptr_t) "b", .labels = &label, .n_labels = 1 } };
    td_serve_options options = defaults();
    const td_patience patience = { .deadline_ns = fake_soon() };

    (void)state;
    fake_write("a", "1", "1");
    fake_write("b", "2", "2");
    options.file_system_poll_wait_seconds = 0;
    td_manager *const m = start_with(&a, 1, options);

    assert_true(td_manager_wait_first_round(m, fake_soon()));
    assert_true(td_manager_has_model(m, "a"));
    assert_false(td_manager_has_model(m, "b"));
    const int nice_at_start = atomic_load(&fake_nice);
    atomic_store(&fake_load_ms, 100);
    list[0] = a;
    place(&list[1], 1);
    assert_null(td_manager_reload(m, list, 2, &patience));
    assert_true(atomic_load(&fake_nice) > nice_at_start); /* a gives no time to b */
    assert_int_equal(fake_ask(m, fake_spec("b")), 2);
    assert_int_equal(fake_ask(m, fake_label("b", "stable")), 2);

    /* a version that has come since is found, although nothing is polled */
    fake_write("b", "3", "3");
    assert_null(td_manager_reload(m, list, 2, &patience));
    assert_int_equal(fake_ask(m, fake_spec("b")), 3);
    fake_write("b", "4", "4");
    td_manager_rescan(m);
    fake_await(m, fake_spec("b"), 4);
    stop(m);
}

static void test_reload_fails(void **state)
{
    td_label label = { (char *)(uintptr_t) "stable", 7 };
    td_model_options a = { .name = (char *)(uintptr_t) "a" };
    td_model_options list[] = { a, { .name = (char *)(uintptr_t) "b" }, { .name = (char *)(uintptr_t) "c" } };
    td_serve_options options = defaults();
    const td_patience patience = { .deadline_ns = fake_soon() };

    (void)state;
    fake_write("a", "1", "1");
    fake_write("b", "2", "busy");
    options.max_num_load_retries = 100;
    options.load_retry_interval_micros = 3600000000;
    td_manager *const m = start_with(&a, 1, options);

    list[0] = a;
    place(&list[1], 1);
    place(&list[2], 2);
    td_status error = td_manager_reload(m, list, 3, &patience); /* the first try counts */
    assert_int_equal(td_status_code(error), TD_UNKNOWN);
    const char *const text = td_status_text(error);
    assert_int_equal(
        strncmp(text,
                "2 model(s) did not become available: {{name: b version: 2} due to error: UNAVAILABLE: "
                "value is busy}, {name: c} due to error: ",
                120),
        0);
    td_status_free(error);
    assert_int_equal(fake_ask(m, fake_spec("a")), 1);

    list[0].labels = &label;
    list[0].n_labels = 1;
    label.version = 1;
    assert_null(td_manager_reload(m, list, 1, &patience));
    label.version = 7;
    assert_status(
        td_manager_reload(m, list, 1, &patience), TD_FAILED_PRECONDITION,
        "Request to assign label to version 7 of model a, which is not currently available for inference");
    stop(m);
}

/* A version that serves is loaded beside itself when its model's precision changes, and serves all the while. */
static void test_precision_changes(void **state)
{
    td_model_options a = { .name = (char *)(uintptr_t) "a" };
    const td_patience patience = { .deadline_ns = fake_soon() };
    const td_model_spec spec = fake_spec("a");
    td_servable *held;
    bool must_wait;

    (void)state;
    fake_write("a", "1", "1");
    td_manager *const m = start_with(&a, 1, defaults());
    assert_int_equal(fake_ask(m, spec), 1);
    assert_false(atomic_load(&fake_bf16));
    assert_null(td_manager_acquire(m, &spec, &held, &must_wait));

    fake_write("a", "1", "2"); /* to tell the second load from the first */
    atomic_store(&fake_load_ms, 100);
    a.precision = TD_PRECISION_BFLOAT16;
    td_manager_configure(m, &a, 1);
    while (atomic_load(&fake_loads) < 2) {
        assert_int_equal(fake_ask(m, spec), 1);
        td_sleep_ns(1000000);
    }
    /* waits for it; a list of the same asks for nothing */
    assert_null(td_manager_reload(m, &a, 1, &patience));
    assert_int_equal(fake_ask(m, spec), 2);
    assert_true(atomic_load(&fake_bf16));
    assert_int_equal(atomic_load(&fake_loads), 2);
    fake_await_states(m, "a", "1:AVAILABLE");
    assert_int_equal(fake_value(held), 1); /* who has the old one keeps it */
    td_servable_release(held);

    a.precision = TD_PRECISION_FLOAT32; /* of a load that fails, the old one is left */
    fake_write("a", "1", "bad");
    assert_status(td_manager_reload(m, &a, 1, &patience), TD_UNKNOWN,
                  "1 model(s) did not become available: {{name: a version: 1} due to error: DATA_LOSS: value "
                  "is bad, }");
    assert_int_equal(fake_ask(m, spec), 2);
    assert_int_equal(atomic_load(&fake_loads), 3);
    fake_write("a", "1", "3");
    assert_null(td_manager_reload(m, &a, 1, &patience));
    assert_int_equal(fake_ask(m, spec), 3);
    assert_false(atomic_load(&fake_bf16));

    a.precision = TD_PRECISION_BFLOAT16; /* the end comes while it is loaded */
    td_manager_configure(m, &a, 1);
    while (atomic_load(&fake_loads) < 5)
        td_sleep_ns(1000000);
    stop(m);
}

/* What is gone, or lost, before its second load ends is not brought back by it. */
static void test_precision_of_what_goes(void **state)
{
    td_model_options list[2] = { { .name = (char *)(uintptr_t) "a" }, { .name = (char *)(uintptr_t) "b" } };

    (void)state;
    fake_write("a", "1", "1");
    fake_write("b", "1", "5");
    td_manager *const m = start_with(list, 2, defaults());
    assert_true(td_manager_wait_first_round(m, fake_soon()));
    atomic_store(&fake_load_ms, 200);
    list[0].precision = TD_PRECISION_BFLOAT16;
    td_manager_configure(m, list, 2);
    while (atomic_load(&fake_loads) < 3)
        td_sleep_ns(1000000);
    td_manager_configure(m, list + 1, 1);
    fake_await_states(m, "a", "1:END");
    fake_await(m, fake_spec("a"), -TD_NOT_FOUND);
    assert_int_equal(fake_ask(m, fake_spec("b")), 5);
    stop(m);
}

static void test_reload_ends_with_patience(void **state)
{
    td_model_options a = { .name = (char *)(uintptr_t) "a" };
    td_model_options list[] = { a, { .name = (char *)(uintptr_t) "b" } };
    atomic_bool is_unwanted = true;
    td_patience short_one = { 0 };
    const td_patience none = { .is_unwanted = is_set, .ctx = &is_unwanted };

    (void)state;
    fake_write("a", "1", "1");
    fake_write("b", "2", "2");
    td_manager *const m = start_with(&a, 1, defaults());

    assert_true(td_manager_wait_first_round(m, fake_soon()));
    atomic_store(&fake_load_ms, 1500);
    list[0] = a;
    place(&list[1], 1);
    short_one.deadline_ns = td_now_ns() + INT64_C(500000000);
    assert_status(td_manager_reload(m, list, 2, &short_one), TD_DEADLINE_EXCEEDED,
                  "The models are loaded on, but the call's time is over; one that is still on its way is b");
    assert_status(td_manager_reload(m, list, 2, &none), TD_CANCELLED,
                  "The call was cancelled; the models are loaded on");
    fake_await(m, fake_spec("b"), 2); /* it is loaded all the same */
    stop(m);
}

/* ---------------------------------------------------------------- many readers */

typedef struct reader {
    td_manager *manager;
    atomic_bool *is_over;
    long count;
    int wrong;
} reader;

static void *read_loop(void *arg)
{
    reader *const r = arg;
    const td_model_spec spec = fake_spec("m");
    int last = 0;

    while (!atomic_load(r->is_over)) {
        td_servable *s = NULL;
        bool must_wait;
        const td_status error = td_manager_acquire(r->manager, &spec, &s, &must_wait);

        if (error || must_wait || fake_value(s) < last)
            r->wrong++;
        else
            last = fake_value(s);
        td_status_free(error);
        td_servable_release(s);
        r->count++;
    }
    return NULL;
}

static void test_readers_while_versions_change(void **state)
{
    enum { READERS = 4, VERSIONS = 8 };
    atomic_bool is_over;
    reader readers[READERS];
    pthread_t threads[READERS];
    char version[12], old[12];

    (void)state;
    fake_write("m", "1", "1");
    td_manager *const m = start("m");

    atomic_init(&is_over, false);
    assert_int_equal(fake_ask(m, fake_spec("m")), 1);
    for (int i = 0; i < READERS; i++) {
        readers[i] = (reader){ .manager = m, .is_over = &is_over };
        assert_int_equal(pthread_create(&threads[i], NULL, read_loop, &readers[i]), 0);
    }
    for (int i = 2; i <= VERSIONS; i++) {
        snprintf(version, sizeof version, "%d", i);
        fake_write("m", version, version);
        fake_await(m, fake_spec("m"), i);
        snprintf(old, sizeof old, "%d", i - 1);
        fake_remove("m", old);
    }
    atomic_store(&is_over, true);
    for (int i = 0; i < READERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(readers[i].wrong, 0);
        assert_true(readers[i].count > 100);
    }
    stop(m);
}

/* The hot path, on one thread. */
static void test_acquire_is_cheap(void **state)
{
    enum { ROUNDS = 200000 };

    (void)state;
    fake_write("m", "1", "1");
    td_manager *const m = start("m");
    const td_model_spec spec = fake_spec("m");

    assert_int_equal(fake_ask(m, spec), 1);
    const int64_t begin = td_now_ns();

    for (int i = 0; i < ROUNDS; i++) {
        td_servable *s;
        bool must_wait;

        assert_null(td_manager_acquire(m, &spec, &s, &must_wait));
        td_servable_release(s);
    }
    print_message("acquire + release: %" PRId64 " ns\n", (td_now_ns() - begin) / ROUNDS);
    stop(m);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, fake_setup, fake_teardown)

/* The lines of the page that say something of model m. */
static void expect_page(td_manager *m, const char *const *lines, size_t n)
{
    td_page *const p = td_page_make(TD_PAGE_TENSORD);
    td_strbuf out = { 0 };

    td_manager_tell(m, p);
    td_page_write(p, &out);
    td_page_free(p);
    for (size_t i = 0; i < n; i++)
        if (!strstr(td_strbuf_text(&out), lines[i])) fail_msg("no %s in %s", lines[i], td_strbuf_text(&out));
    td_strbuf_fini(&out);
}

static size_t some_memory(td_session *s)
{
    assert_non_null(s);
    return 4711;
}

static void test_metrics(void **state)
{
    static const char *const lines[] = {
        "tensord_model_loads_total{model=\"counted\",code=\"OK\"} 1\n",
        "tensord_model_loads_total{model=\"counted\",code=\"DATA_LOSS\"} 1\n",
        "tensord_model_load_seconds_count{model=\"counted\"} 1\n",
        "tensord_model_ready{model=\"counted\"} 1\n",
        "tensord_model_state{model=\"counted\",version=\"2\"} 50\n",
        "tensord_model_state{model=\"counted\",version=\"1\"} 30\n",
        "tensord_model_memory_bytes{model=\"counted\",version=\"1\"} 4711\n",
    };
    const td_model_spec known = fake_version("counted", 9), unknown = fake_spec("other");

    (void)state;
    fake_write("counted", "1", "10");
    fake_write("counted", "2", "bad");
    td_model_options model = { .name = (char *)(uintptr_t) "counted", .policy = TD_POLICY_ALL };
    td_serve_options options = defaults();
    options.memory = some_memory;
    td_manager *const m = start_with(&model, 1, options);
    fake_await_states(m, "counted", "2:END(DATA_LOSS) 1:AVAILABLE");
    expect_page(m, lines, sizeof lines / sizeof *lines);
    assert_ptr_equal(td_manager_requests(m, &unknown), td_requests_nobody());
    assert_ptr_not_equal(td_manager_requests(m, &known), td_requests_nobody());
    stop(m);
}

/* Batching parameters that are wrong fail their version, and are looked at again when they have changed. */
static void test_batching_parameters(void **state)
{
    static const char bad[] = "max_batch_size { value: 0 }", good[] = "max_batch_size { value: 8 }";
    td_batching *const rules = td_batching_default();
    td_serve_options options = defaults();
    td_model_options model = { .name = (char[]){ "m" } };

    (void)state;
    options.batching = rules;
    options.reads_batching = true;
    fake_write("m", "1", "10");
    td_manager *const m = start_with(&model, 1, options);
    assert_int_equal(fake_ask(m, fake_spec("m")), 10);
    temp_dir_write("m/2/batching_params.pbtxt", bad, sizeof bad - 1);
    fake_write("m", "2", "20");
    fake_await_states(m, "m", "2:END(INVALID_ARGUMENT) 1:AVAILABLE");
    assert_int_equal(fake_ask(m, fake_spec("m")), 10);
    temp_dir_write("m/2/batching_params.pbtxt", good, sizeof good - 1);
    fake_await(m, fake_spec("m"), 20);
    td_manager_hurry(m);
    stop(m);
    td_batching_free(rules);
}

static td_manager *_Atomic replay_manager;
static atomic_int replays, replay_fails, replays_too_late; /* too late: it served already */

static td_status fake_replay(td_servable *s, const char *path, int iterations, int64_t deadline_ns,
                             size_t *records)
{
    td_manager *const m = atomic_load(&replay_manager);
    const td_model_spec spec = fake_version("m", td_servable_version(s));
    td_servable *found = NULL;
    bool must_wait;

    assert_non_null(strstr(path, "/assets.extra/tf_serving_warmup_requests"));
    assert_int_equal(iterations, 7);
    assert_true(deadline_ns > td_now_ns());
    td_status_free(m ? td_manager_acquire(m, &spec, &found, &must_wait) : NULL);
    if (found) atomic_fetch_add(&replays_too_late, 1);
    td_servable_release(found);
    atomic_fetch_add(&replays, 1);
    *records = 3;
    return atomic_load(&replay_fails) ? TD_ERR(INVALID_ARGUMENT, "no such signature") : NULL;
}

/* A version that fails to warm up changes nothing for the one that serves. */
static void test_warm_up(void **state)
{
    td_model_options model = { .name = (char *)(uintptr_t) "m" };
    td_serve_options options = defaults();

    (void)state;
    options.replay = fake_replay;
    options.warmup_iterations = 7;
    fake_write("m", "1", "10"); /* without a file */
    td_manager *const m = start_with(&model, 1, options);
    assert_int_equal(fake_ask(m, fake_spec("m")), 10);
    assert_int_equal(atomic_load(&replays), 0);
    atomic_store(&replay_manager, m);
    atomic_store(&replay_fails, 1);
    temp_dir_write("m/2/assets.extra/tf_serving_warmup_requests", "x", 1);
    fake_write("m", "2", "20");
    fake_await_states(m, "m", "2:END(INVALID_ARGUMENT) 1:AVAILABLE");
    assert_int_equal(fake_ask(m, fake_spec("m")), 10);
    assert_int_equal(atomic_load(&fake_alive), 1);
    atomic_store(&replay_fails, 0);
    temp_dir_write("m/2/assets.extra/tf_serving_warmup_requests", "xy", 2);
    fake_await(m, fake_spec("m"), 20);
    assert_int_equal(atomic_load(&replays), 2);
    assert_int_equal(atomic_load(&replays_too_late), 0);
    atomic_store(&replay_manager, NULL);
    stop(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_first_version_is_awaited),
        CASE(test_weight),
        CASE(test_texts),
        CASE(test_new_version_replaces_old),
        CASE(test_broken_version_changes_nothing),
        CASE(test_changed_in_place),
        CASE(test_half_written_version),
        CASE(test_retries),
        CASE(test_hopeless_loads_end_at_once),
        CASE(test_policies_and_labels),
        CASE(test_missing_base_path),
        CASE(test_wait_ends_at_its_deadline),
        CASE(test_stop_waits_for_references),
        CASE(test_configure),
        CASE(test_reload_waits),
        CASE(test_reload_fails),
        CASE(test_precision_changes),
        CASE(test_precision_of_what_goes),
        CASE(test_reload_ends_with_patience),
        CASE(test_metrics),
        CASE(test_batching_parameters),
        CASE(test_warm_up),
        CASE(test_readers_while_versions_change),
        CASE(test_acquire_is_cheap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
