/* SPDX-License-Identifier: Apache-2.0 */
/* bus.c -- the handler of SIGBUS.
 *
 * It may interrupt anything, so it only reads a list of atomics and makes system calls. Records of ranges are
 * never freed: the handler may be looking at one that is just given back. They are used again, so there are
 * as many as there were guarded ranges at a time.
 *
 *   1. end is 0 while a record is free; first changes only then.
 *   2. A range is marked before its pages are replaced: no one can read zeros and find it unmarked.
 */
#include "base/bus.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/size.h"

struct td_bus_range {
    atomic_uintptr_t first, end; /* whole pages; inv. 1 */
    atomic_bool is_bad;
    td_bus_range *next; /* fixed once the record is in the list */
};

static _Atomic(td_bus_range *) ranges;
static atomic_uint n_marks;
static uintptr_t page_size;
static struct sigaction before;

/* ---------------------------------------------------------------- in the handler */

static td_bus_range *find(uintptr_t at)
{
    /* acquire, here and below: publishes a record's fields, and orders the three loads of its bounds */
    for (td_bus_range *r = atomic_load_explicit(&ranges, memory_order_acquire); r; r = r->next) {
        const uintptr_t end = atomic_load_explicit(&r->end, memory_order_acquire);
        const uintptr_t first = atomic_load_explicit(&r->first, memory_order_acquire);

        if (first <= at && at < end && atomic_load_explicit(&r->end, memory_order_relaxed) == end) return r;
    }
    return NULL;
}

/* Zeros from the page of `at` to the end: when one page is gone, so are mostly those behind it. By a bare
 * system call: sanitizers take mmap() for a write of this thread, and it is not on the list of functions that
 * a handler may call. */
static bool replace_pages(td_bus_range *r, uintptr_t at)
{
    const uintptr_t page = at & ~(page_size - 1);
    const uintptr_t end = atomic_load_explicit(&r->end, memory_order_relaxed);

    td_bus_mark(r); /* inv. 2 */
    return syscall(SYS_mmap, page, end - page, PROT_READ,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == (long)page;
}

static void pass_on(int number, siginfo_t *info, void *context)
{
    const bool is_sent = info->si_code <= 0; /* by a process: nothing will raise it again by itself */

    if (before.sa_flags & SA_SIGINFO) {
        before.sa_sigaction(number, info, context);
    } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
        before.sa_handler(number);
    } else if (before.sa_handler == SIG_DFL || !is_sent) {
        const struct sigaction fatal = { .sa_handler = SIG_DFL };

        sigaction(number, &fatal, NULL);
        if (is_sent) raise(number);
    }
}

static void on_bus_error(int number, siginfo_t *info, void *context)
{
    const int error = errno;
    const uintptr_t at = (uintptr_t)info->si_addr;
    td_bus_range *const r = info->si_code > 0 ? find(at) : NULL;

    if (!r || !replace_pages(r, at)) pass_on(number, info, context);
    errno = error;
}

/* ---------------------------------------------------------------- outside of it */

static void install(void)
{
    struct sigaction ours = { .sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO | SA_ONSTACK };

    page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
    sigemptyset(&ours.sa_mask);
    sigaction(SIGBUS, NULL, &before); /* first: ours may be called before the next line is done */
    sigaction(SIGBUS, &ours, NULL);
}

static td_bus_range *free_record(void)
{
    td_bus_range *r = atomic_load_explicit(&ranges, memory_order_relaxed);

    while (r && atomic_load_explicit(&r->end, memory_order_relaxed))
        r = r->next;
    if (r) return r;
    r = TD_NEW(td_bus_range);
    r->next = atomic_load_explicit(&ranges, memory_order_relaxed);
    atomic_store_explicit(&ranges, r, memory_order_release);
    return r;
}

td_bus_range *td_bus_guard(const void *data, size_t size)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, install);
    td_bus_range *const r = free_record();
    const uintptr_t first = (uintptr_t)data & ~(page_size - 1);

    atomic_store_explicit(&r->is_bad, false, memory_order_relaxed);
    atomic_store_explicit(&r->first, first, memory_order_release); /* after the end that inv. 1 made 0 */
    /* release: publishes the others */
    atomic_store_explicit(&r->end, (uintptr_t)td_round_up((uintptr_t)data + size, page_size),
                          memory_order_release);
    return r;
}

void td_bus_unguard(td_bus_range *r)
{
    atomic_store_explicit(&r->end, 0, memory_order_release);
}

void td_bus_mark(td_bus_range *r)
{
    atomic_store_explicit(&r->is_bad, true, memory_order_relaxed);
    atomic_fetch_add_explicit(&n_marks, 1, memory_order_release); /* publishes is_bad */
}

bool td_bus_is_bad(const td_bus_range *r)
{
    return atomic_load_explicit(&r->is_bad, memory_order_relaxed); /* who looks has read n_marks */
}

unsigned td_bus_count(void)
{
    return atomic_load_explicit(&n_marks, memory_order_acquire);
}
