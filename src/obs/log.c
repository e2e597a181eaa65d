/* SPDX-License-Identifier: Apache-2.0 */
/* log.c -- a line is put together on the stack and leaves in one write(),
 * so that lines of threads never mix. */
#include "obs/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "obs/document.h"
#include "obs/quote.h"

enum { LOG_LINE = 1024, LOG_HEAD = 128, LOG_DATE = 32 };

static atomic_int log_level = TD_LOG_INFO, log_format = TD_LOG_TEXT;

void td_log_set_format(td_log_format format)
{
    atomic_store_explicit(&log_format, format, memory_order_relaxed); /* publishes nothing else */
}

void td_log_set_level(td_log_level level)
{
    atomic_store_explicit(&log_level, level, memory_order_relaxed); /* publishes nothing else */
}

/* As TensorFlow takes it: 0 unless it begins with a number. */
static long number_of(const char *variable)
{
    const char *const text = getenv(variable);

    return text ? strtol(text, NULL, 10) : 0;
}

td_log_level td_log_level_from_environment(void)
{
    const long least = number_of("TF_CPP_MIN_LOG_LEVEL");

    if (least >= 3) return TD_LOG_SILENT;
    if (least > 0) return least == 1 ? TD_LOG_WARNING : TD_LOG_ERROR;
    return number_of("TF_CPP_MAX_VLOG_LEVEL") > 0 ? TD_LOG_DEBUG : TD_LOG_INFO;
}

bool td_log_is_on(td_log_level level)
{
    return (int)level >= atomic_load_explicit(&log_level, memory_order_relaxed);
}

static const char *name_of(td_log_level level)
{
    static const char *const names[] = { "debug", "info", "warning", "error" };

    return names[level];
}

static bool has_colours(void)
{
    const char *const no = getenv("NO_COLOR"), *const terminal = getenv("TERM");

    return !(no && *no) && terminal && *terminal && strcmp(terminal, "dumb") != 0;
}

bool td_log_format_named(const char *name, td_log_format *format)
{
    if (!strcmp(name, "auto")) name = isatty(STDERR_FILENO) ? "terminal" : "text";
    if (!strcmp(name, "text"))
        *format = TD_LOG_TEXT;
    else if (!strcmp(name, "json"))
        *format = TD_LOG_JSON;
    else if (!strcmp(name, "terminal"))
        *format = has_colours() ? TD_LOG_TERMINAL : TD_LOG_TERMINAL_PLAIN;
    else
        return false;
    return true;
}

/* "2026-01-31T23:59:59.123Z" */
static void put_date(char date[LOG_DATE])
{
    struct timespec now;
    struct tm t;
    char seconds[24];

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &t);
    strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &t);
    snprintf(date, LOG_DATE, "%s.%03dZ", seconds, (int)(now.tv_nsec / 1000000));
}

/* 23:59:59.123 warning  serve    model=m ...; the time is the clock's on the wall. */
static size_t put_terminal_head(char *line, td_log_level level, const char *room, bool has_colour)
{
    static const char *const colours[] = { "\033[2m", "", "\033[33m", "\033[1;31m" };
    const char *const dim = has_colour ? "\033[2m" : "", *const off = has_colour ? "\033[0m" : "";
    struct timespec now;
    struct tm t;

    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &t);
    const int n = snprintf(line, LOG_HEAD, "%s%02d:%02d:%02d.%03d%s %s%-8s%s %-8s ", dim, t.tm_hour, t.tm_min,
                           t.tm_sec, (int)(now.tv_nsec / 1000000), off, has_colour ? colours[level] : "",
                           name_of(level), off, room);

    return (size_t)TD_MIN(n, LOG_HEAD - 1);
}

/* time=2026-01-31T23:59:59.123Z level=info room=serve model=m ... */
static size_t put_text_head(char *line, td_log_level level, const char *room)
{
    char date[LOG_DATE];

    put_date(date);
    const int n = snprintf(line, LOG_HEAD, "time=%s level=%s room=%s ", date, name_of(level), room);

    return (size_t)TD_MIN(n, LOG_HEAD - 1);
}

/* Text of a client or a model must not forge a line of its own. */
static void blank_controls(char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)p[i] < ' ' || p[i] == 0x7f) p[i] = ' ';
}

static void write_all(const char *p, size_t n)
{
    while (n) {
        const ssize_t done = write(STDERR_FILENO, p, n);

        if (done <= 0) return; /* nobody listens: there is no place left to say so */
        p += done;
        n -= (size_t)done;
    }
}

static size_t put_head(char *line, td_log_level level, const char *room, int format)
{
    return format == TD_LOG_TERMINAL || format == TD_LOG_TERMINAL_PLAIN
               ? put_terminal_head(line, level, room, format == TD_LOG_TERMINAL)
               : put_text_head(line, level, room);
}

static void write_as_text(td_log_level level, const char *room, int format, char *text, size_t size)
{
    char stack[LOG_LINE];
    const size_t most = LOG_HEAD + size + 1;
    char *const line = most <= sizeof stack ? stack : td_alloc(most);
    size_t n = put_head(line, level, room, format);

    blank_controls(text, size);
    memcpy(line + n, text, size);
    n += size;
    line[n++] = '\n';
    write_all(line, n);
    if (line != stack) td_free(line);
}

/* {"time":"2026-01-31T23:59:59.123Z","level":"info","room":"serve","message":"model=m ..."}; false: no memory for it. */
static bool write_as_json(td_log_level level, const char *room, const char *text, size_t size)
{
    char date[LOG_DATE], stack[4 * LOG_LINE];
    const size_t most = 2 * LOG_HEAD + TD_QUOTE_MOST * size;
    char *const line = most <= sizeof stack ? stack : td_alloc(most);
    cJSON *const d = td_document_make();

    put_date(date);
    (void)cJSON_AddStringToObject(d, "time", date);
    (void)cJSON_AddStringToObject(d, "level", name_of(level));
    (void)cJSON_AddStringToObject(d, "room", room);
    td_document_text(d, "message", text);
    const size_t n = td_document_end_line(d, line, most);
    write_all(line, n);
    if (line != stack) td_free(line);
    return n;
}

static void write_line(td_log_level level, const char *room, const char *fmt, va_list args)
{
    char stack[LOG_LINE], *text = stack;
    va_list again;

    va_copy(again, args);
    const int n = vsnprintf(stack, sizeof stack, fmt, args);
    const size_t size = n < 0 ? 0 : (size_t)n;
    if (size >= sizeof stack) { /* an error that lists many ops: never cut */
        text = td_alloc(size + 1);
        vsnprintf(text, size + 1, fmt, again);
    }
    va_end(again);
    const int format = atomic_load_explicit(&log_format, memory_order_relaxed);
    if (format != TD_LOG_JSON || !write_as_json(level, room, text, size))
        write_as_text(level, room, format, text, size);
    if (text != stack) td_free(text);
}

void td_log_write(td_log_level level, const char *room, const char *fmt, ...)
{
    va_list args;

    if (!td_log_is_on(level)) return;
    va_start(args, fmt);
    write_line(level, room, fmt, args);
    va_end(args);
}

/* ---------------------------------------------------------------- limits */

static const int64_t WINDOW_NS = INT64_C(10000000000);

/* Limits that have left out something: grows at the front, and nothing ever leaves. */
static _Atomic(td_log_limit *) limits;

static void list(td_log_limit *limit)
{
    td_log_limit *first = atomic_load_explicit(&limits, memory_order_relaxed);

    do
        limit->next = first;
    while (!atomic_compare_exchange_weak_explicit(&limits, &first, limit, memory_order_release,
                                                  memory_order_relaxed)); /* publishes kind and next */
}

static void tell(td_log_limit *limit)
{
    /* relaxed here and below: numbers, which publish nothing */
    const unsigned long long n = atomic_exchange_explicit(&limit->left_out, 0, memory_order_relaxed);

    if (n) td_warning("log", "event=lines_left_out kind=\"%s\" lines=%llu", limit->kind, n);
}

/* Whether one more line may be written now. Threads that come while ten seconds end may write a few more. */
static bool may_write(td_log_limit *limit)
{
    const int64_t now = td_now_ns();
    int64_t begin = atomic_load_explicit(&limit->begin_ns, memory_order_relaxed);

    if ((!begin || now - begin > WINDOW_NS) &&
        atomic_compare_exchange_strong_explicit(&limit->begin_ns, &begin, now, memory_order_relaxed,
                                                memory_order_relaxed)) {
        atomic_store_explicit(&limit->count, 0, memory_order_relaxed);
        tell(limit);
    }
    if (atomic_load_explicit(&limit->count, memory_order_relaxed) < limit->lines &&
        atomic_fetch_add_explicit(&limit->count, 1, memory_order_relaxed) < limit->lines)
        return true;
    atomic_fetch_add_explicit(&limit->left_out, 1, memory_order_relaxed);
    if (!atomic_flag_test_and_set_explicit(&limit->is_listed, memory_order_relaxed)) list(limit);
    return false;
}

void td_log_limited(td_log_limit *limit, td_log_level level, const char *room, const char *fmt, ...)
{
    va_list args;

    if (!td_log_is_on(level) || !may_write(limit)) return;
    va_start(args, fmt);
    write_line(level, room, fmt, args);
    va_end(args);
}

void td_log_flush(void)
{
    td_log_limit *limit = atomic_load_explicit(&limits, memory_order_acquire); /* pairs with list() */

    for (; limit; limit = limit->next)
        tell(limit);
}
