/* SPDX-License-Identifier: Apache-2.0 */
/* access_log.c -- two buffers: one is filled while the other is written. */
#define _GNU_SOURCE /* memrchr */
#include "obs/access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "obs/log.h"

enum {
    BUFFER = 1 << 20,
    PIECE = 4096, /* what a pipe takes whole: lines of the log go to the same one */
    DELAY_NS = 200000000,
};

typedef struct access_log {
    td_access_format format;
    char *path; /* "": standard error */
    td_series *lost;
    pthread_t thread;
    int fd; /* the writer's */

    td_mutex mu;
    td_cond changed;         /* there is something to do for the writer, or it has ended */
    char *filling, *writing; /* [BUFFER]; the second is the writer's */
    size_t size;             /* of filling; guarded by mu, as what follows */
    bool is_moved;           /* the file is to be opened anew */
    bool is_ending, has_ended;
} access_log;

/* Stays when it has ended: who is late may be about to look at it. */
static _Atomic(access_log *) the_log;
static atomic_bool is_on;

/* ---- files ---- */

static td_status open_file(const char *path, int *out)
{
    enum { MODE = 0640 };
    const int fd = *path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, MODE) : dup(STDERR_FILENO);

    if (fd < 0) return td_file_error(path);
    *out = fd;
    return NULL;
}

static bool write_all(int fd, const char *p, size_t n)
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

/* The size of whole lines that make a piece; of one line, if it is longer. */
static size_t next_piece(const char *p, size_t n)
{
    if (n <= PIECE) return n;
    const char *const last = memrchr(p, '\n', PIECE);
    const char *const end = last ? last : memchr(p, '\n', n);

    return (size_t)(end - p) + 1;
}

static int64_t count_lines(const char *p, size_t n)
{
    int64_t lines = 0;

    for (const char *const end = p + n; (p = memchr(p, '\n', (size_t)(end - p))); p++)
        lines++;
    return lines;
}

static void lose(access_log *l, int64_t lines)
{
    static td_log_limit limit = TD_LOG_LIMIT("access log", 1);

    td_series_add(l->lost, TD_AT_access_lost, lines);
    td_log_limited(&limit, TD_LOG_WARNING, "log", "event=access_lines_lost path=%s", l->path);
}

static void write_lines(access_log *l, const char *p, size_t n)
{
    for (size_t piece; n; p += piece, n -= piece) {
        piece = next_piece(p, n);
        if (!write_all(l->fd, p, piece)) lose(l, count_lines(p, piece));
    }
}

static void reopen(access_log *l)
{
    int fd = -1;
    const td_status error = open_file(l->path, &fd);

    if (error) {
        td_error("log", "event=access_log_not_reopened path=%s error=\"%s\"", l->path, td_status_text(error));
        td_status_free(error);
        return;
    }
    close(l->fd);
    l->fd = fd;
}

/* ---- the writer ---- */

typedef struct work {
    size_t size; /* of writing */
    bool is_moved, is_end;
} work;

/* Waits until there is something to do; lines wait until they are worth a write. */
static work take_work(access_log *l)
{
    td_mutex_lock(&l->mu);
    while (!l->size && !l->is_moved && !l->is_ending)
        td_cond_wait(&l->changed, &l->mu);
    const int64_t until = td_now_ns() + DELAY_NS;
    while (l->size < BUFFER / 2 && !l->is_moved && !l->is_ending &&
           td_cond_wait_until(&l->changed, &l->mu, until))
        continue;
    const work w = { l->size, l->is_moved, l->is_ending };
    char *const full = l->filling;

    l->filling = l->writing;
    l->writing = full;
    l->size = 0;
    l->is_moved = false;
    td_mutex_unlock(&l->mu);
    return w;
}

static void *writer_main(void *arg)
{
    access_log *const l = arg;
    work w;

    do {
        w = take_work(l);
        write_lines(l, l->writing, w.size);
        if (w.is_moved) reopen(l);
    } while (!w.is_end);
    td_mutex_lock(&l->mu);
    l->has_ended = true;
    td_cond_broadcast(&l->changed);
    td_mutex_unlock(&l->mu);
    return NULL;
}

/* ---- life ---- */

static access_log *make_log(td_access_format format, const char *path, int fd)
{
    access_log *const l = TD_NEW(access_log);

    l->format = format;
    l->path = td_strdup(path);
    l->lost = td_series_open(TD_GROUP_log, NULL);
    l->fd = fd;
    td_mutex_init(&l->mu, TD_LOCK_leaf);
    td_cond_init(&l->changed);
    l->filling = td_alloc(BUFFER);
    l->writing = td_alloc(BUFFER);
    return l;
}

static void free_log(access_log *l)
{
    td_series_close(l->lost);
    close(l->fd);
    td_cond_fini(&l->changed);
    td_mutex_fini(&l->mu);
    td_free(l->filling);
    td_free(l->writing);
    td_free(l->path);
    td_free(l);
}

td_status td_access_log_start(td_access_format format, const char *path)
{
    int fd = -1;

    if (format == TD_ACCESS_OFF) return NULL;
    TD_TRY(open_file(path, &fd));
    access_log *const l = make_log(format, path, fd);
    const td_status error = td_thread_start(&l->thread, "access-log", writer_main, l);
    if (error) {
        free_log(l);
        return error;
    }
    access_log *const old = atomic_exchange_explicit(&the_log, l, memory_order_acq_rel);
    atomic_store_explicit(&is_on, true, memory_order_relaxed);
    if (old && old->has_ended) free_log(old);
    return NULL;
}

void td_access_log_reopen(void)
{
    access_log *const l = atomic_load_explicit(&the_log, memory_order_acquire);

    if (!l || !*l->path) return;
    td_mutex_lock(&l->mu);
    l->is_moved = true;
    td_cond_signal(&l->changed);
    td_mutex_unlock(&l->mu);
}

void td_access_log_stop(int64_t deadline_ns)
{
    access_log *const l = atomic_load_explicit(&the_log, memory_order_acquire);
    bool is_in_time = true;

    if (!l) return;
    atomic_store_explicit(&is_on, false, memory_order_relaxed);
    td_mutex_lock(&l->mu);
    l->is_ending = true;
    td_cond_broadcast(&l->changed);
    while (!l->has_ended && is_in_time)
        is_in_time = td_cond_wait_until(&l->changed, &l->mu, deadline_ns);
    const bool has_ended = l->has_ended;
    td_mutex_unlock(&l->mu);
    if (has_ended)
        pthread_join(l->thread, NULL);
    else
        pthread_detach(l->thread); /* whoever reads it has come to a halt, and must not keep the process */
}

/* ---- lines ---- */

bool td_access_log_is_on(void)
{
    return atomic_load_explicit(&is_on, memory_order_relaxed);
}

/* Whether there was room. */
static bool add_locked(access_log *l, const char *line, size_t n)
{
    const size_t before = l->size;

    if (n > BUFFER - before) return false;
    memcpy(l->filling + before, line, n);
    l->size += n;
    if (!before || (before < BUFFER / 2 && l->size >= BUFFER / 2)) td_cond_signal(&l->changed);
    return true;
}

void td_access_log_put(const td_access *a)
{
    access_log *const l = atomic_load_explicit(&the_log, memory_order_acquire);
    char line[TD_ACCESS_LINE];

    if (!td_access_log_is_on()) return;
    const size_t n = td_access_line(l->format, a, line);

    td_mutex_lock(&l->mu);
    const bool is_added = n && add_locked(l, line, n);
    td_mutex_unlock(&l->mu);
    if (!is_added) lose(l, 1);
}
