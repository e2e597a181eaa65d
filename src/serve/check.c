/* SPDX-License-Identifier: Apache-2.0 */
/* check.c -- the watcher: are the files of what serves still what was loaded?
 *
 * Weights are read where they are mapped, so a version whose files are written to in place is neither the old
 * one nor the new one. It goes at once, with an error; as after a load that failed, it is tried again when
 * its files have changed and been left alone (scan.c).
 */
#include "serve/state.h"

/* A reference to what v serves with, or NULL. */
static td_servable *take_servable(td_version *v)
{
    td_manager *const m = v->model->manager;

    td_mutex_lock(&m->mu);
    td_servable *const s = v->state == TD_STATE_AVAILABLE ? td_servable_ref(v->servable) : NULL;
    td_mutex_unlock(&m->mu);
    return s;
}

static void lose(td_version *v, const td_servable *s, td_status why)
{
    td_manager *const m = v->model->manager;

    td_mutex_lock(&m->mu);
    if (v->servable == s) td_life_lose_locked(v, why); /* it may have gone meanwhile */
    td_life_unlock(m);
}

static void check_version(td_version *v)
{
    td_servable *const s = take_servable(v);

    if (!s) return;
    const td_status why = v->model->manager->options.check(td_servable_session(s));

    if (why) lose(v, s, why);
    td_status_free(why);
    td_servable_release(s);
}

void td_check_files(td_manager *m)
{
    if (!m->options.check) return;
    for (size_t i = 0; i < m->n_models; i++)
        for (size_t k = 0; k < m->models[i]->n_versions; k++)
            check_version(m->models[i]->versions[k]);
}
