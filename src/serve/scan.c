/* SPDX-License-Identifier: Apache-2.0 */
/* scan.c -- the watcher: looks for versions, starts what is due, sleeps.
 *
 * A version directory may be half-written when it is first seen. One that is there when the server starts is
 * loaded at once. One that appears later is loaded when its files have been left alone for a moment; and one
 * whose load failed is tried again when its files have changed and have been left alone since.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "formats/advice.h"
#include "obs/log.h"
#include "serve/policy.h"
#include "serve/state.h"

static const int64_t NS_PER_MS = 1000000, NS_PER_S = 1000000000;
static const int64_t SETTLE_NS = 200000000;          /* files left alone for so long are complete */
static const int64_t SETTLE_MAX_NS = 60000000000;    /* but no longer than this */
static const int64_t LOOK_FIRST_NS = 300000000;      /* failed: first look for changes */
static const int64_t LOOK_MAX_NS = 5000000000;       /* later ones, doubling */
static const int64_t COMPLAIN_FIRST_NS = 1000000000; /* missing base path: a line, doubling to */
static const int64_t COMPLAIN_MAX_NS = 300000000000;

/* ---------------------------------------------------------------- one model's directory */

static td_version *find_version(const td_model *model, int64_t number)
{
    for (size_t i = 0; i < model->n_versions; i++)
        if (model->versions[i]->number == number) return model->versions[i];
    return NULL;
}

/* A record in its place: highest first. */
static td_version *add_version(td_model *model, const td_found *found)
{
    td_version *const v = TD_NEW(td_version);
    size_t at = 0;

    v->model = model;
    v->number = found->version;
    v->state = TD_STATE_END; /* with no error: want_version() starts it */
    while (at < model->n_versions && model->versions[at]->number > v->number)
        at++;
    model->versions = td_realloc(model->versions, (model->n_versions + 1) * sizeof *model->versions);
    memmove(model->versions + at + 1, model->versions + at,
            (model->n_versions - at) * sizeof *model->versions);
    model->versions[at] = v;
    model->n_versions++;
    return v;
}

static int64_t wall_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* The last write was long enough ago. Files from the future tell nothing. */
static bool is_quiet(const td_print *print)
{
    return print->newest_ns && print->newest_ns + SETTLE_NS <= wall_ns();
}

/* The policy wants it. `print` was taken before the lock, for versions that are new. A failed one that was
 * wanted all along waits for its files to change; one that was away gets a new chance. */
static void want_version(td_version *v, const td_found *found, const td_print *print)
{
    const bool is_start_up = !v->model->is_scanned;

    v->is_wanted = true;
    if (v->state != TD_STATE_END || (v->code != TD_OK && v->was_wanted)) return;
    td_free(v->path);
    v->path = td_path_join(v->model->options->base_path, found->name);
    v->seen = *print;
    v->since_ns = td_now_ns();
    v->has_failed = false;
    td_life_start_locked(v, is_start_up || is_quiet(print) ? 0 : v->since_ns + SETTLE_NS);
}

static void warn_of_doubles(td_model *model, const td_found *found, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (found[i].is_double && !model->has_warned_doubles) {
            td_warning("serve", "event=double_version model=%s version=%" PRId64 " taken=%s",
                       model->options->name, found[i].version, found[i].name);
            model->has_warned_doubles = true;
        }
}

static void warn_of_missing(td_model *model, const td_found *found, size_t n)
{
    for (size_t i = 0; i < model->options->n_versions && !model->has_warned_missing; i++) {
        bool is_there = model->options->policy != TD_POLICY_SPECIFIC;

        for (size_t k = 0; k < n; k++)
            is_there = is_there || found[k].version == model->options->versions[i];
        if (is_there) continue;
        td_warning("serve", "event=missing_version model=%s version=%" PRId64 " base_path=%s",
                   model->options->name, model->options->versions[i], model->options->base_path);
        model->has_warned_missing = true;
    }
}

/* The first line at once, later ones further and further apart. */
static void complain(td_model *model, const char *problem)
{
    const int64_t now = td_now_ns();

    if (now < model->next_complaint_ns) return;
    td_warning("serve", "event=no_version model=%s error=\"%s\"", model->options->name, problem);
    model->complaint_gap_ns =
        model->complaint_gap_ns ? TD_MIN(2 * model->complaint_gap_ns, COMPLAIN_MAX_NS) : COMPLAIN_FIRST_NS;
    model->next_complaint_ns = now + model->complaint_gap_ns;
}

/* Takes over problem (NULL: none). What is loaded stays. */
static void set_problem_locked(td_model *model, char *problem)
{
    if (!problem) model->complaint_gap_ns = model->next_complaint_ns = 0;
    td_free(model->problem);
    model->problem = problem;
}

typedef struct find {
    td_found *found;
    bool *wanted;
    td_print *prints;
    size_t n;
} find;

static void apply_found_locked(td_model *model, const find *f)
{
    for (size_t i = 0; i < model->n_versions; i++) {
        model->versions[i]->was_wanted = model->versions[i]->is_wanted;
        model->versions[i]->is_wanted = false;
    }
    for (size_t i = f->n; i-- > 0;) { /* highest first: it is loaded first */
        if (!f->wanted[i]) continue;
        td_version *v = find_version(model, f->found[i].version);

        if (!v) v = add_version(model, &f->found[i]);
        want_version(v, &f->found[i], &f->prints[i]);
    }
}

/* What is there instead of versions, behind the text (taken over). Looking around costs, so it is only done when
 * a line is due; the watcher alone writes model->problem. */
static char *advised(const td_model *model, char *text)
{
    td_strbuf with_advice = { NULL, 0, 0 };

    if (model->problem && !strncmp(model->problem, text, strlen(text)) &&
        td_now_ns() < model->next_complaint_ns)
        td_strbuf_puts(&with_advice, model->problem);
    else {
        td_strbuf_printf(&with_advice, "%s.", text);
        td_path_advise(model->options->base_path, TD_PATH_BASE, &with_advice);
    }
    td_free(text);
    return td_strbuf_take(&with_advice);
}

/* f NULL: nothing could be read, so nothing changes. Takes over problem. */
static void apply_scan(td_model *model, const find *f, char *problem)
{
    td_manager *const m = model->manager;

    if (problem) problem = advised(model, problem);
    if (problem) complain(model, problem);
    td_mutex_lock(&m->mu);
    set_problem_locked(model, problem);
    if (f) apply_found_locked(model, f);
    model->is_scanned = true;
    td_life_settle_locked(model);
    td_life_unlock(m);
}

/* Only versions that are new need a print; looking at all of them each second would be a waste. */
static void take_prints(const td_model *model, const find *f)
{
    for (size_t i = 0; i < f->n && model->is_scanned; i++) {
        if (!f->wanted[i] || find_version(model, f->found[i].version)) continue;
        char *const path = td_path_join(model->options->base_path, f->found[i].name);

        f->prints[i] = td_print_take(path);
        td_free(path);
    }
}

static void look_at_found(td_model *model, find *f)
{
    f->wanted = TD_NEW_N(bool, f->n);
    f->prints = TD_NEW_N(td_print, f->n);
    const size_t n_wanted = td_policy_choose(model->options, f->found, f->n, f->wanted);

    warn_of_doubles(model, f->found, f->n);
    warn_of_missing(model, f->found, f->n);
    take_prints(model, f);
    apply_scan(model, f,
               n_wanted ? NULL
                        : td_format("No versions of servable %s found under base path %s",
                                    model->options->name, model->options->base_path));
    td_free(f->prints);
    td_free(f->wanted);
    td_found_free(f->found, f->n);
}

static void scan_model(td_manager *m, td_model *model)
{
    const char *const base = model->options->base_path;
    find f = { 0 };

    td_watch_add(m->watch, base); /* before looking: what comes after the look wakes us */
    const td_status error =
        model->options->is_flat ? td_discover_flat(base, &f.found, &f.n) : td_discover(base, &f.found, &f.n);
    if (!error) {
        look_at_found(model, &f);
        return;
    }
    apply_scan(model, NULL,
               td_format("Could not find base path %s for servable %s with error %s", base,
                         model->options->name, td_status_text(error)));
    td_status_free(error);
}

/* ---------------------------------------------------------------- what is due */

static int64_t sooner(int64_t a, int64_t b)
{
    return !a || (b && b < a) ? b : a;
}

/* START, and its time has come: have the files settled? */
static void check_settled(td_version *v)
{
    td_manager *const m = v->model->manager;
    const td_print print = td_print_take(v->path);
    const int64_t now = td_now_ns();

    td_mutex_lock(&m->mu);
    if (v->state == TD_STATE_START && v->due_ns) {
        if (print.hash == v->seen.hash || is_quiet(&print) || now - v->since_ns > SETTLE_MAX_NS)
            td_life_submit_locked(v);
        else
            v->due_ns = now + SETTLE_NS;
        v->seen = print;
    }
    td_life_unlock(m);
}

/* After a failed try, the last one or not. */
static bool waits_for_change(const td_version *v)
{
    if (!v->is_wanted || v->code == TD_OK) return false;
    return v->state == TD_STATE_END || (v->state == TD_STATE_LOADING && v->due_ns);
}

/* Have the files changed since the last try,
 * and been left alone? Then there is no need to wait for the next. */
static void check_changed(td_version *v)
{
    td_manager *const m = v->model->manager;
    const td_print print = td_print_take(v->path);
    const int64_t now = td_now_ns();

    td_mutex_lock(&m->mu);
    const bool is_changed = print.exists && print.hash != v->tried.hash;
    if (waits_for_change(v) && is_changed && (print.hash == v->seen.hash || is_quiet(&print))) {
        td_info("serve", "event=changed model=%s version=%" PRId64, v->model->options->name, v->number);
        td_life_start_locked(v, 0);
    }
    v->look_gap_ns = is_changed || !v->look_gap_ns ? LOOK_FIRST_NS : TD_MIN(2 * v->look_gap_ns, LOOK_MAX_NS);
    v->next_look_ns = now + v->look_gap_ns;
    v->seen = print;
    td_life_unlock(m);
}

typedef enum step { STEP_NONE, STEP_TRY, STEP_SETTLE, STEP_LOOK } step;

/* What is due for v now; or nothing, and when something will be (0: never). */
static step next_step_locked(td_version *v, int64_t now, bool may_look, int64_t *due_ns)
{
    *due_ns = v->due_ns;
    if (v->due_ns && v->due_ns <= now) return v->state == TD_STATE_START ? STEP_SETTLE : STEP_TRY;
    if (!may_look || !waits_for_change(v)) return STEP_NONE;
    if (!v->next_look_ns) v->next_look_ns = now + LOOK_FIRST_NS;
    if (v->next_look_ns <= now) return STEP_LOOK;
    *due_ns = sooner(v->due_ns, v->next_look_ns);
    return STEP_NONE;
}

static step take_step(td_manager *m, td_version *v, bool may_look, int64_t *due_ns)
{
    const int64_t now = td_now_ns();

    td_mutex_lock(&m->mu);
    const step s = next_step_locked(v, now, may_look, due_ns);
    if (s == STEP_TRY) td_life_submit_locked(v);
    td_mutex_unlock(&m->mu);
    return s;
}

/* Does all that is due; returns when the next thing is, 0 for never. */
static int64_t do_due(td_manager *m, bool may_look)
{
    int64_t next = 0;

    for (size_t i = 0; i < m->n_models; i++) {
        for (size_t k = 0; k < m->models[i]->n_versions; k++) {
            td_version *const v = m->models[i]->versions[k];
            int64_t due = 0;
            const step s = take_step(m, v, may_look, &due);

            if (s == STEP_SETTLE) check_settled(v);
            if (s == STEP_LOOK) check_changed(v);
            next = sooner(next, s == STEP_NONE ? due : td_now_ns() + NS_PER_MS);
        }
    }
    return next;
}

/* ---------------------------------------------------------------- the loop */

static bool is_stopping(td_manager *m)
{
    td_mutex_lock(&m->mu);
    const bool yes = m->is_stopping;

    td_mutex_unlock(&m->mu);
    return yes;
}

static void scan_all(td_manager *m)
{
    for (size_t i = 0; i < m->n_models; i++)
        if (!m->models[i]->is_removed) scan_model(m, m->models[i]);
}

void *td_scan_loop(void *manager)
{
    td_manager *const m = manager;
    const int seconds = m->options.file_system_poll_wait_seconds;
    const int64_t gap_ns = seconds > 0 ? seconds * NS_PER_S : 0;
    int64_t next_scan = td_now_ns();
    bool is_scan_due = seconds >= 0;

    while (!is_stopping(m)) {
        if (td_configure_take(m) ||
            is_scan_due) { /* new models are looked for even where nothing is polled */
            scan_all(m);
            td_configure_done(m);
            td_check_files(m);
            next_scan = gap_ns ? td_now_ns() + gap_ns : 0;
        }
        const int64_t next_due = do_due(m, gap_ns != 0);
        const bool was_changed = td_watch_wait(m->watch, sooner(gap_ns ? next_scan : 0, next_due));

        is_scan_due = gap_ns && (was_changed || td_now_ns() >= next_scan);
    }
    return NULL;
}
