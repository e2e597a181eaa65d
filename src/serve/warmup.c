/* SPDX-License-Identifier: Apache-2.0 */
/* warmup.c -- see warmup.h. */
#include "serve/warmup.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "obs/log.h"
#include "serve/table.h"

enum { NS_PER_MS = 1000000 };

/* td_free() it. */
static char *file_of(const char *path)
{
    return td_path_join(path, "assets.extra/tf_serving_warmup_requests");
}

bool td_warmup_has_file(const td_serve_options *o, const char *path)
{
    char *const file = file_of(path);
    const bool is_there = o->replay && access(file, F_OK) == 0;

    td_free(file);
    return is_there;
}

void td_warmup_plan(const td_serve_options *o, const char *path, const td_batching *rules,
                    td_session_options *out)
{
    static const int64_t one_row[] = { 1 };

    out->skip_warmup = !o->enable_model_warmup || !o->synthetic_warmup || td_warmup_has_file(o, path);
    if (rules && rules->n_allowed) {
        out->batch_rows = rules->allowed_batch_sizes;
        out->n_batch_rows = rules->n_allowed;
    } else if (!rules && o->batch.is_off) {
        out->batch_rows = one_row;
        out->n_batch_rows = 1;
    }
}

static td_status run_file(const td_serve_options *o, td_servable *s, const char *path, const char *file,
                          int64_t deadline_ns)
{
    const int64_t start = td_now_ns();
    size_t records = 0;
    const td_status error = o->replay(s, file, o->warmup_iterations, deadline_ns, &records);
    const int64_t took = td_now_ns() - start;

    td_load_warmed_up(&s->warmups, path, td_status_code(error), took, records);
    if (!error)
        td_info("serve", "event=warmed_up model=%s version=%" PRId64 " records=%zu ms=%" PRId64, s->name,
                s->version, records, took / NS_PER_MS);
    return error;
}

td_status td_warmup_run(const td_serve_options *o, td_servable *s, const char *path, int64_t deadline_ns)
{
    if (!o->enable_model_warmup) return NULL;
    char *const file = file_of(path);
    td_status error = NULL;

    if (td_warmup_has_file(o, path))
        error = run_file(o, s, path, file, deadline_ns);
    else
        td_debug("serve", "event=no_warmup_file model=%s version=%" PRId64 " path=%s", s->name, s->version,
                 file);
    td_free(file);
    return error;
}
