/* SPDX-License-Identifier: Apache-2.0 */
/* request_log.c -- see request_log.h. One queue for all logs; a change of a log's files stands in line, too, so that what
 * came before it goes to the old ones. */
#include "obs/request_log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "obs/log.h"
#include "obs/metrics.h"

enum { QUEUE_BYTES = 64 << 20, NUMBERS_TRIED = 1000 };

typedef struct entry {
    struct entry *next;
    td_request_log *log;
    char *prefix; /* of the files to come; NULL: it is a record */
    size_t size;
    _Alignas(16) uint8_t bytes[];
} entry;

struct td_request_logs {
    size_t file_bytes;
    bool has_thread; /* by whoever sets logs */
    pthread_t thread;

    td_mutex mu; /* guards all below */
    td_cond changed;
    entry *first, **last;
    size_t bytes; /* of records: reserved, in line, or being written */
    bool is_ending;
};

struct td_request_log {
    td_request_logs *all;
    char *model, *wish; /* wish: the prefix as it was set last */
    td_series *series, *tf_series;
    _Atomic double rate;       /* publishes nothing */
    atomic_uint_fast64_t seen; /* requests, where some are recorded and others not */

    /* The thread's own. */
    char *prefix, *path; /* path: of the open file; td_free() them */
    int fd;              /* -1: none is open */
    size_t size;         /* of the file: whole records */
};

/* ---- counting ---- */

static void count(const td_request_log *l, td_code code)
{
    td_series_add(l->series, TD_AT_request_log_records + (size_t)code, 1);
    if (l->tf_series) td_series_add(l->tf_series, TD_AT_tf_request_log_count + (size_t)code, 1);
}

void td_request_log_fail(td_request_log *l, td_status why)
{
    static td_log_limit limit = TD_LOG_LIMIT("request log", 1);

    count(l, td_status_code(why));
    td_log_limited(&limit, TD_LOG_WARNING, "log", "event=request_not_recorded model=%s code=%s error=\"%s\"",
                   l->model, td_code_name(td_status_code(why)), td_status_text(why));
    td_status_free(why);
}

/* ---- files ---- */

/* The N of "BASE.N"; 0: it is none. */
static unsigned long number_of(const char *name, const char *base)
{
    const size_t size = strlen(base);
    char *end;

    if (strncmp(name, base, size) != 0 || name[size] != '.') return 0;
    if (name[size + 1] < '0' || name[size + 1] > '9') return 0;
    const unsigned long n = strtoul(name + size + 1, &end, 10);

    return *end ? 0 : n;
}

/* The highest that is there. */
static td_status last_number(const char *prefix, unsigned long *out)
{
    const char *const slash = strrchr(prefix, '/');
    char *const folder = slash ? td_strndup(prefix, (size_t)(slash - prefix) + 1) : td_strdup(".");
    DIR *const dir = opendir(folder);
    const td_status error = dir ? NULL : td_file_error(folder);

    td_free(folder);
    if (error) return error;
    *out = 0;
    for (const struct dirent *e; (e = readdir(dir));) {
        const unsigned long n = number_of(e->d_name, slash ? slash + 1 : prefix);

        if (n > *out) *out = n;
    }
    closedir(dir);
    return NULL;
}

/* Others may write files with this prefix, too: each has its own. */
static td_status open_next(td_request_log *l)
{
    enum { MODE = 0640 };
    unsigned long n;

    TD_TRY(last_number(l->prefix, &n));
    for (int tries = 0; tries < NUMBERS_TRIED; tries++) {
        td_free(l->path);
        l->path = td_format("%s.%lu", l->prefix, ++n);
        l->fd = open(l->path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, MODE);
        l->size = 0;
        if (l->fd >= 0 || errno != EEXIST) break;
    }
    return l->fd < 0 ? td_file_error(l->path) : NULL;
}

static void close_file(td_request_log *l)
{
    if (l->fd >= 0) close(l->fd);
    l->fd = -1;
}

static bool write_all(int fd, const uint8_t *p, size_t n)
{
    while (n) {
        const ssize_t done = write(fd, p, n);

        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

/* A record that was not written whole is taken back, so that those behind it can be read. */
static td_status write_record(td_request_log *l, const entry *e)
{
    if (!l->prefix || !*l->prefix) return TD_ERR(CANCELLED, "requests are not recorded any more");
    if (l->size && e->size > l->all->file_bytes - TD_MIN(l->size, l->all->file_bytes)) close_file(l);
    if (l->fd < 0) TD_TRY(open_next(l));
    if (!write_all(l->fd, e->bytes, e->size)) {
        const td_status error = td_file_error(l->path);

        if (ftruncate(l->fd, (off_t)l->size)) close_file(l);
        return error;
    }
    l->size += e->size;
    return NULL;
}

/* ---- the thread ---- */

/* NULL: it is over. */
static entry *take_all(td_request_logs *all)
{
    td_mutex_lock(&all->mu);
    while (!all->first && !all->is_ending)
        td_cond_wait(&all->changed, &all->mu);
    entry *const first = all->first;

    all->first = NULL;
    all->last = &all->first;
    td_mutex_unlock(&all->mu);
    return first;
}

static void give_back(td_request_logs *all, size_t bytes)
{
    td_mutex_lock(&all->mu);
    all->bytes -= bytes;
    td_mutex_unlock(&all->mu);
}

static void end_record(const entry *e)
{
    const td_status error = write_record(e->log, e);

    if (error)
        td_request_log_fail(e->log, error);
    else
        count(e->log, TD_OK);
    give_back(e->log->all, e->size);
}

static void change_files(td_request_log *l, char *prefix)
{
    close_file(l);
    td_free(l->prefix);
    l->prefix = prefix;
}

static void *writer_main(void *logs)
{
    for (entry *e; (e = take_all(logs));)
        while (e) {
            entry *const next = e->next;

            if (e->prefix)
                change_files(e->log, e->prefix);
            else
                end_record(e);
            td_free(e);
            e = next;
        }
    return NULL;
}

/* Takes e. False: it is over. */
static bool push(td_request_logs *all, entry *e)
{
    e->next = NULL;
    td_mutex_lock(&all->mu);
    const bool is_on = !all->is_ending;
    if (is_on) {
        if (!all->first) td_cond_signal(&all->changed);
        *all->last = e;
        all->last = &e->next;
    }
    td_mutex_unlock(&all->mu);
    if (is_on) return true;
    td_free(e->prefix);
    td_free(e);
    return false;
}

/* ---- records ---- */

bool td_request_log_wants(td_request_log *l)
{
    const double rate = l ? td_request_log_rate(l) : 0;

    if (TD_LIKELY(rate <= 0)) return false;
    if (rate >= 1) return true;
    /* multiples of the golden ratio, modulo 1, lie evenly in any stretch, and keep step with nothing that clients do */
    const uint64_t n = atomic_fetch_add_explicit(&l->seen, 1, memory_order_relaxed);

    return (double)(n * UINT64_C(0x9e3779b97f4a7c15)) * 0x1p-64 < rate;
}

double td_request_log_rate(const td_request_log *l)
{
    return atomic_load_explicit(&l->rate, memory_order_relaxed);
}

/* Whether there was room. */
static bool take_room(td_request_logs *all, size_t size)
{
    td_mutex_lock(&all->mu);
    const bool is_there = !all->is_ending && size <= QUEUE_BYTES - all->bytes;
    if (is_there) all->bytes += size;
    td_mutex_unlock(&all->mu);
    return is_there;
}

void *td_request_log_reserve(td_request_log *l, size_t size)
{
    const bool has_room = take_room(l->all, size);
    entry *const e = has_room ? td_try_alloc(sizeof *e + size, _Alignof(entry)) : NULL;

    if (has_room && !e) give_back(l->all, size);
    if (!e) {
        td_request_log_fail(l, TD_ERR(RESOURCE_EXHAUSTED, "no room for a record of %zu bytes", size));
        return NULL;
    }
    e->log = l;
    e->prefix = NULL;
    e->size = size;
    return e->bytes;
}

void td_request_log_put(td_request_log *l, void *record)
{
    entry *const e = (entry *)(void *)((char *)record - offsetof(entry, bytes));
    const size_t size = e->size;

    if (push(l->all, e)) return;
    give_back(l->all, size);
    td_request_log_fail(l, TD_ERR(CANCELLED, "the server ends"));
}

/* ---- life ---- */

td_request_logs *td_request_logs_make(size_t file_bytes)
{
    td_request_logs *const all = TD_NEW(td_request_logs);

    all->file_bytes = file_bytes;
    all->last = &all->first;
    td_mutex_init(&all->mu, TD_LOCK_leaf);
    td_cond_init(&all->changed);
    return all;
}

void td_request_logs_end(td_request_logs *all)
{
    if (!all) return;
    td_mutex_lock(&all->mu);
    all->is_ending = true;
    td_cond_signal(&all->changed);
    td_mutex_unlock(&all->mu);
    if (all->has_thread) pthread_join(all->thread, NULL);
    all->has_thread = false;
}

void td_request_logs_free(td_request_logs *all)
{
    if (!all) return;
    td_cond_fini(&all->changed);
    td_mutex_fini(&all->mu);
    td_free(all);
}

td_request_log *td_request_log_make(td_request_logs *all, const char *model)
{
    const char *const labels[] = { model };
    td_request_log *const l = TD_NEW(td_request_log);

    l->all = all;
    l->model = td_strdup(model);
    l->wish = td_strdup("");
    l->series = td_series_open(TD_GROUP_request_log, labels);
    if (td_metrics_counts_tf()) l->tf_series = td_series_open(TD_GROUP_tf_request_log, labels);
    atomic_init(&l->rate, 0);
    atomic_init(&l->seen, 0);
    l->fd = -1;
    return l;
}

void td_request_log_free(td_request_log *l)
{
    close_file(l);
    td_series_close(l->series);
    td_series_close(l->tf_series);
    td_free(l->prefix);
    td_free(l->path);
    td_free(l->model);
    td_free(l->wish);
    td_free(l);
}

/* The first log that is turned on starts the thread. */
static td_status need_thread(td_request_logs *all)
{
    if (all->has_thread) return NULL;
    TD_TRY(td_thread_start(&all->thread, "request-log", writer_main, all));
    all->has_thread = true;
    return NULL;
}

static void move_to(td_request_log *l, const char *prefix)
{
    entry *const e = td_alloc(sizeof *e);

    e->log = l;
    e->prefix = td_strdup(prefix);
    (void)push(l->all, e);
    td_free(l->wish);
    l->wish = td_strdup(prefix);
}

void td_request_log_set(td_request_log *l, const char *prefix, double rate)
{
    const bool is_on = *prefix && rate > 0;
    const char *const files = is_on ? prefix : "";
    const td_status error = is_on ? need_thread(l->all) : NULL;

    if (error) {
        td_request_log_fail(l, error);
        return;
    }
    if (strcmp(l->wish, files) != 0) move_to(l, files);
    atomic_store_explicit(&l->rate, is_on ? rate : 0, memory_order_relaxed);
}
