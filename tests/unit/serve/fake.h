/* SPDX-License-Identifier: Apache-2.0 */
/* fake.h -- sessions that are nothing but the number in <version dir>/value, for tests of the manager. */
#ifndef TEST_FAKE_H
#define TEST_FAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "serve/manager.h"
#include "temp_dir.h"

static atomic_int fake_alive;   /* sessions loaded and not unloaded */
static atomic_int fake_loads;   /* tries */
static atomic_int fake_load_ms; /* how long each takes */
static atomic_int fake_weight;  /* of the last */
static atomic_bool fake_bf16;   /* the same */
static atomic_int fake_nice;    /* of its thread */

static td_status fake_load(const char *path, const td_session_options *options, td_session **out)
{
    char *const file = td_path_join(path, "value");
    char *text;
    size_t size;

    atomic_store(&fake_weight, (int)options->weight);
    atomic_store(&fake_bf16, options->uses_bfloat16);
    atomic_store(&fake_nice, getpriority(PRIO_PROCESS, 0));
    atomic_fetch_add(&fake_loads, 1);
    td_sleep_ns(atomic_load(&fake_load_ms) * INT64_C(1000000));
    const td_status error = td_file_read(file, 100, &text, &size);
    td_free(file);
    if (error) return error;
    const bool is_busy = !strncmp(text, "busy", 4);
    const bool is_bad = !strncmp(text, "bad", 3) || is_busy;
    int *const value = is_bad ? NULL : malloc(sizeof *value);

    if (value) *value = atoi(text);
    td_free(text);
    if (is_busy) return TD_ERR(UNAVAILABLE, "value is busy");
    if (is_bad) return TD_ERR(DATA_LOSS, "value is bad");
    atomic_fetch_add(&fake_alive, 1);
    *out = (td_session *)(void *)value;
    return NULL;
}

static void fake_unload(td_session *s)
{
    memset((void *)s, 0xee, sizeof(int)); /* who uses it now gets caught */
    free(s);
    atomic_fetch_sub(&fake_alive, 1);
}

static atomic_int fake_lost; /* the session with this value is no longer what was loaded; 0: none */

static inline td_status fake_check(td_session *s)
{
    int value;

    memcpy(&value, (const void *)s, sizeof value);
    return value == atomic_load(&fake_lost) ? TD_ERR(DATA_LOSS, "value changed") : NULL;
}

static int fake_value(const td_servable *s)
{
    int value;

    memcpy(&value, (const void *)td_servable_session(s), sizeof value);
    return value;
}

/* <root>/m/<version>/value */
static inline void fake_write(const char *model, const char *version, const char *value)
{
    char path[256];

    snprintf(path, sizeof path, "%s/%s/value", model, version);
    temp_dir_write(path, value, strlen(value));
}

static inline void fake_remove(const char *model, const char *version)
{
    char path[256];

    snprintf(path, sizeof path, "%s/%s/%s/value", temp_dir, model, version);
    unlink(path);
    snprintf(path, sizeof path, "%s/%s/%s", temp_dir, model, version);
    rmdir(path);
}

static inline td_model_spec fake_spec(const char *name)
{
    return (td_model_spec){ .name = { name, strlen(name) } };
}

static inline td_model_spec fake_version(const char *name, int64_t version)
{
    return (td_model_spec){ .name = { name, strlen(name) }, .has_version = true, .version = version };
}

static inline td_model_spec fake_label(const char *name, const char *label)
{
    return (td_model_spec){ .name = { name, strlen(name) }, .label = { label, strlen(label) } };
}

static inline int64_t fake_soon(void)
{
    return td_now_ns() + INT64_C(20) * 1000000000;
}

/* The value that spec answers with, or minus the code. */
static inline int fake_ask(td_manager *m, td_model_spec spec)
{
    td_servable *s;
    const td_status error = td_manager_acquire_wait(m, &spec, fake_soon(), &s);

    if (error) {
        const int code = -(int)td_status_code(error);

        td_status_free(error);
        return code;
    }
    const int value = fake_value(s);

    td_servable_release(s);
    return value;
}

/* Waits until spec answers so. */
static inline void fake_await(td_manager *m, td_model_spec spec, int value)
{
    const int64_t end = fake_soon();

    while (fake_ask(m, spec) != value) {
        if (td_now_ns() > end) fail_msg("still %d, not %d", fake_ask(m, spec), value);
        td_sleep_ns(2000000);
    }
}

/* "3:AVAILABLE 2:END(DATA_LOSS)" */
static inline void fake_states(td_manager *m, const char *name, char *out, size_t size)
{
    const td_model_spec spec = fake_spec(name);
    td_version_status *list;
    size_t n, at = 0;
    const td_status error = td_manager_status(m, &spec, &list, &n);

    out[0] = '\0';
    if (error) {
        snprintf(out, size, "%s", td_status_text(error));
        td_status_free(error);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        at += (size_t)snprintf(out + at, size - at, "%s%" PRId64 ":%s", i ? " " : "", list[i].version,
                               td_state_name(list[i].state));
        if (list[i].code) at += (size_t)snprintf(out + at, size - at, "(%s)", td_code_name(list[i].code));
    }
    td_manager_free_status(list, n);
}

static inline void fake_await_states(td_manager *m, const char *name, const char *want)
{
    const int64_t end = fake_soon();
    char have[512];

    for (;;) {
        fake_states(m, name, have, sizeof have);
        if (!strcmp(have, want)) return;
        if (td_now_ns() > end) assert_string_equal(have, want);
        td_sleep_ns(2000000);
    }
}

static inline int fake_setup(void **state)
{
    (void)state;
    atomic_store(&fake_load_ms, 0);
    atomic_store(&fake_loads, 0);
    return temp_dir_make(state);
}

static inline int fake_teardown(void **state)
{
    assert_int_equal(atomic_load(&fake_alive), 0);
    return temp_dir_remove(state);
}

#endif
