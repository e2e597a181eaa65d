/* SPDX-License-Identifier: Apache-2.0 */
/* request_ids.c -- taking them, and making one where there is none. */
#include "obs/request_ids.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/macros.h"

static uint64_t seed;

static void make_seed(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    seed = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec + ((uint64_t)getpid() << 40);
}

/* One to one, so no number comes twice; neighbours look nothing alike. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static void make_request_id(char *out)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    static atomic_ullong count;

    (void)pthread_once(&once, make_seed);
    snprintf(out, TD_REQUEST_ID_MOST + 1, "%016" PRIx64,
             mix(seed + atomic_fetch_add_explicit(&count, 1, memory_order_relaxed)));
}

static bool is_visible(td_string s)
{
    for (size_t i = 0; i < s.size; i++)
        if (s.data[i] <= ' ' || s.data[i] > '~') return false;
    return s.size > 0;
}

static bool is_hex(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!strchr("0123456789abcdef", p[i]) || !p[i]) return false;
    return true;
}

static bool is_zero(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != '0') return false;
    return true;
}

/* "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01". Later versions may have more behind another dash. */
static bool is_traceparent(td_string s)
{
    enum {
        VERSION = 2,
        TRACE = 3,
        PARENT = 36,
        FLAGS = 53,
        SIZE = 55
    }; /* where each begins; VERSION: its size */
    const char *const p = s.data;

    if (s.size < SIZE || p[2] != '-' || p[35] != '-' || p[52] != '-') return false;
    if (!is_hex(p, VERSION) || !is_hex(p + TRACE, TD_TRACE_ID_SIZE) || !is_hex(p + PARENT, 16) ||
        !is_hex(p + FLAGS, 2))
        return false;
    if (is_zero(p + TRACE, TD_TRACE_ID_SIZE) || is_zero(p + PARENT, 16) || !strncmp(p, "ff", VERSION))
        return false;
    if (s.size > SIZE && (s.size > TD_TRACEPARENT_MOST || !is_visible(s))) return false;
    return s.size == SIZE || (!is_zero(p, VERSION) && p[SIZE] == '-');
}

void td_request_ids_take(td_request_ids *ids, td_string request_id, td_string traceparent, bool makes)
{
    enum { TRACE = 3 };

    *ids = (td_request_ids){ 0 };
    if (request_id.size <= TD_REQUEST_ID_MOST && is_visible(request_id))
        memcpy(ids->request, request_id.data, request_id.size);
    else if (makes)
        make_request_id(ids->request);
    if (!is_traceparent(traceparent)) return;
    memcpy(ids->parent, traceparent.data, traceparent.size);
    memcpy(ids->trace, traceparent.data + TRACE, TD_TRACE_ID_SIZE);
}
