/* SPDX-License-Identifier: Apache-2.0 */
/* fake_manager.h -- a manager of three models that all echo x as y:
 *
 *   quick    runs at once
 *   slow     says that it takes long, and takes 50 ms
 *   loading  has its first version only when the test says so
 *
 * Of model "error" the status of version N is an error of code N.
 */
#ifndef TEST_FAKE_MANAGER_H
#define TEST_FAKE_MANAGER_H

#include <stdatomic.h>

#include "../codec/fake_session.h"
#include "base/clock.h"
#include "base/mem.h"
#include "serve/table.h"

static const td_tensor_info fake_x = { .alias = "x", .tensor = "x:0", .dtype = TD_F32 };
static const td_tensor_info fake_y = { .alias = "y", .tensor = "y:0", .dtype = TD_F32 };
const td_signature fake_signature = { "serving_default", "", &fake_x, &fake_y, 1, 1 };

static atomic_bool fake_is_loaded;
static td_request_log *fake_log;  /* of all models */
static atomic_int fake_servables; /* given and not yet given back */

/* The session is the model's first letter. */
static char fake_quick = 'q', fake_slow = 's', fake_loading = 'l';

static inline char *fake_find(td_string name)
{
    static const struct {
        const char *name;
        char *session;
    } all[] = { { "quick", &fake_quick }, { "slow", &fake_slow }, { "loading", &fake_loading } };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (name.size == strlen(all[i].name) && !memcmp(name.data, all[i].name, name.size))
            return all[i].session;
    return NULL;
}

static inline void fake_on_last(td_servable *s)
{
    atomic_fetch_sub(&fake_servables, 1);
    td_servable_free(s);
}

td_status td_manager_acquire(td_manager *m, const td_model_spec *spec, td_servable **out, bool *must_wait)
{
    char *const session = fake_find(spec->name);

    (void)m;
    if (!session)
        return TD_ERR(NOT_FOUND, "Servable not found for request: Latest(%.*s)", (int)spec->name.size,
                      spec->name.data);
    *must_wait = session == &fake_loading && !atomic_load(&fake_is_loaded);
    if (*must_wait) return NULL;
    atomic_fetch_add(&fake_servables, 1);
    *out = td_servable_make("echo", 7, (td_session *)(void *)session, fake_on_last, NULL);
    (*out)->log = fake_log;
    return NULL;
}

td_status td_manager_acquire_wait(td_manager *m, const td_model_spec *spec, int64_t deadline_ns,
                                  td_servable **out)
{
    bool must_wait = true;

    for (;;) {
        TD_TRY(td_manager_acquire(m, spec, out, &must_wait));
        if (!must_wait) return NULL;
        if (deadline_ns && td_now_ns() > deadline_ns) return TD_ERR(UNAVAILABLE, "still loading");
        td_sleep_ns(1000000);
    }
}

td_request_set *td_manager_requests(td_manager *m, const td_model_spec *spec)
{
    (void)m;
    (void)spec;
    return td_requests_nobody();
}

td_status td_manager_status(td_manager *m, const td_model_spec *spec, td_version_status **out, size_t *n)
{
    (void)m;
    if (spec->name.size == 5 && !memcmp(spec->name.data, "error", 5))
        return td_status_make((td_code)spec->version, __FILE__, __LINE__, "as told");
    if (!fake_find(spec->name)) return TD_ERR(NOT_FOUND, "Could not find any versions of model");
    *n = 1;
    *out = TD_NEW(td_version_status);
    **out = (td_version_status){ .version = 7, .state = TD_STATE_AVAILABLE };
    return NULL;
}

void td_manager_free_status(td_version_status *s, size_t n)
{
    (void)n;
    td_free(s);
}

void td_manager_health(td_manager *m, td_model_health **out, size_t *n)
{
    (void)m;
    *n = 2;
    *out = TD_NEW_N(td_model_health, 2);
    (*out)[0] = (td_model_health){ .name = td_strdup("quick"), .is_ready = true };
    (*out)[1] = (td_model_health){ .name = td_strdup("loading"), .is_ready = atomic_load(&fake_is_loaded) };
}

void td_manager_free_health(td_model_health *h, size_t n)
{
    for (size_t i = 0; i < n; i++)
        td_free(h[i].name);
    td_free(h);
}

void td_manager_reports(td_manager *m, td_model_report **out, size_t *n)
{
    (void)m;
    *n = 1;
    *out = TD_NEW(td_model_report);
    (*out)->health = (td_model_health){ .name = td_strdup("quick"), .is_ready = true };
}

void td_manager_free_reports(td_model_report *r, size_t n)
{
    (void)n;
    td_free(r->health.name);
    td_free(r);
}

bool td_manager_has_model(td_manager *m, const char *name)
{
    (void)m;
    return fake_find((td_string){ name, strlen(name) }) != NULL;
}

td_status td_manager_reload(td_manager *m, const td_model_options *models, size_t n,
                            const td_patience *patience)
{
    (void)m;
    (void)models;
    (void)patience;
    return n ? TD_ERR(UNKNOWN, "%zu model(s) did not become available", n) : NULL;
}

static inline void fake_take_time(td_session *s)
{
    if (*(const char *)(const void *)s == 's') td_sleep_ns(50000000);
}

#endif
