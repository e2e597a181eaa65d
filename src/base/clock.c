/* SPDX-License-Identifier: Apache-2.0 */
/* clock.c -- the monotonic clock. */
#include "base/clock.h"

#include <errno.h>
#include <time.h>

enum { NS_PER_S = 1000000000 };

int64_t td_now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

void td_sleep_ns(int64_t ns)
{
    if (ns <= 0) return;
    const int64_t until = td_now_ns() + ns;
    const struct timespec t = { .tv_sec = until / NS_PER_S, .tv_nsec = until % NS_PER_S };

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
        ;
}
