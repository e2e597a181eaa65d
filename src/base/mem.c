/* SPDX-License-Identifier: Apache-2.0 */
/* mem.c -- the heap: malloc with "no memory" decided in one place. */
#define _GNU_SOURCE /* mremap */
#include "base/mem.h"

#include <stdatomic.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cpu_quota.h"
#include "base/mem_fault.h"
#include "base/mem_forbid.h"
#include "base/mem_meter.h"
#include "base/size.h"

enum { SMALL_PAGE = 4 << 10, HUGE_PAGE = 2 << 20, HUGE_LEAST = 32 << 20, GROWN_PAGES = 1 << 20 };

/* More than any one piece may have: sanitizers end the process beyond it, where malloc would say no. */
#define MEM_PIECE_MAX ((size_t)1 << 40)

/* Bookkeeping is small: when it does not fit, nothing sensible can be done any more. */
static _Noreturn void mem_exhausted(size_t size)
{
    fprintf(stderr, "tensord: out of memory: %zu bytes\n", size);
    fflush(stderr);
    abort();
}

void *td_alloc(size_t size)
{
    td_mem_ask();
    void *const p = calloc(1, size ? size : 1);

    if (!p) mem_exhausted(size);
    td_mem_meter_take(p);
    return p;
}

void *td_alloc_array(size_t n, size_t size)
{
    size_t bytes;

    if (!td_mul_size(n, size, &bytes)) mem_exhausted(SIZE_MAX);
    return td_alloc(bytes);
}

void *td_realloc(void *p, size_t size)
{
    td_mem_ask();
    td_mem_meter_give(p);
    void *const q = realloc(p, size ? size : 1);

    if (!q) mem_exhausted(size);
    td_mem_meter_take(q);
    return q;
}

/* A sanitizer brings its own malloc, and watches over what that gives. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEM_IS_FOREIGN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MEM_IS_FOREIGN 1
#endif
#endif

bool td_mem_is_watched(void)
{
#ifdef MEM_IS_FOREIGN
    return true;
#else
    return false;
#endif
}

/* More than the machine has, the kernel would still promise, and end the process when it is used. */
static size_t machine_memory(void)
{
    static atomic_size_t bytes;
    /* relaxed: whoever comes first finds the same */
    size_t known = atomic_load_explicit(&bytes, memory_order_relaxed);

    if (known) return known;
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

    if (pages <= 0 || page <= 0 || !td_mul_size((size_t)pages, (size_t)page, &known)) known = SIZE_MAX;
    atomic_store_explicit(&bytes, known, memory_order_relaxed);
    return known;
}

size_t td_memory_limit(void)
{
    const double quota = td_memory_quota("/proc/self/cgroup", "/sys/fs/cgroup");
    const size_t machine = machine_memory();

    return quota > 0 && quota < (double)machine ? (size_t)quota : machine;
}

static bool is_too_much(size_t size)
{
    return size > MEM_PIECE_MAX || size > machine_memory();
}

/* malloc() maps what is so large anew each time: some huge pages cost less than thousands of small ones. */
static void ask_huge_pages(void *p, size_t size)
{
#ifndef MEM_IS_FOREIGN
    const size_t before = (size_t) - (uintptr_t)p & (HUGE_PAGE - 1);

    if (p && size >= HUGE_LEAST)
        (void)madvise((char *)p + before, (size - before) & ~(size_t)(HUGE_PAGE - 1), MADV_HUGEPAGE);
#else
    (void)p, (void)size;
#endif
}

void *td_heap_alloc(size_t size, size_t align)
{
    td_mem_ask();
    TD_ASSERT(align && !(align & (align - 1)));
    if (is_too_much(size) || align > MEM_PIECE_MAX) return NULL;
    void *const p = align <= _Alignof(max_align_t)
                        ? malloc(size ? size : 1)
                        : aligned_alloc(align, td_round_up(size ? size : 1, align));
    ask_huge_pages(p, size);
    td_mem_meter_take(p);
    return p;
}

void *td_try_alloc(size_t size, size_t align)
{
    return td_mem_fault(size) || td_mem_meter_refuses(size) ? NULL : td_heap_alloc(size, align);
}

#ifdef MEM_IS_FOREIGN
void *td_heap_pages(size_t size)
{
    return td_heap_alloc(size, 64);
}

void td_free_pages(void *p, size_t size)
{
    (void)size;
    td_free(p);
}
#else
static size_t whole_pages(size_t size)
{
    return td_round_up(size, size < HUGE_LEAST ? SMALL_PAGE : HUGE_PAGE);
}

/* Huge pages begin at multiples of their size: maps one more, and gives what is too much back. */
static void *map_huge(size_t size)
{
    unsigned char *const p =
        mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED) return NULL;
    const size_t before = (size_t) - (uintptr_t)p & (HUGE_PAGE - 1);

    if (before) (void)munmap(p, before);
    (void)munmap(p + before + size, HUGE_PAGE - before);
    (void)madvise(p + before, size, MADV_HUGEPAGE); /* without them it works as well */
    return p + before;
}

void *td_heap_pages(size_t size)
{
    td_mem_ask();
    if (is_too_much(size)) return NULL;
    const size_t bytes = whole_pages(TD_MAX(size, (size_t)1));

    if (size >= HUGE_LEAST) return map_huge(bytes);
    void *const p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return p == MAP_FAILED ? NULL : p;
}

void td_free_pages(void *p, size_t size)
{
    if (p) (void)munmap(p, whole_pages(TD_MAX(size, (size_t)1)));
}
#endif

#ifdef MEM_IS_FOREIGN
void *td_try_grow(void *p, size_t size, size_t new_size)
{
    TD_ASSERT(size <= new_size);
    return td_try_realloc(p, new_size);
}

void td_free_grown(void *p, size_t size)
{
    (void)size;
    td_free(p);
}
#else
static void *move_pages(void *p, size_t size, size_t new_size)
{
    td_mem_ask();
    if (td_mem_fault(new_size) || td_mem_meter_refuses(new_size - size) || is_too_much(new_size)) return NULL;
    void *const q = mremap(p, whole_pages(size), whole_pages(new_size), MREMAP_MAYMOVE);

    return q == MAP_FAILED ? NULL : q;
}

void *td_try_grow(void *p, size_t size, size_t new_size)
{
    TD_ASSERT(size <= new_size);
    if (new_size < GROWN_PAGES) return td_try_realloc(p, new_size);
    if (size >= GROWN_PAGES) return move_pages(p, size, new_size);
    void *const q = td_try_pages(new_size);

    if (q && size) memcpy(q, p, size);
    if (q) td_free(p);
    return q;
}

void td_free_grown(void *p, size_t size)
{
    if (size < GROWN_PAGES)
        td_free(p);
    else
        td_free_pages(p, size);
}
#endif

void *td_try_pages(size_t size)
{
    return td_mem_fault(size) || td_mem_meter_refuses(size) ? NULL : td_heap_pages(size);
}

void *td_try_realloc(void *p, size_t size)
{
    td_mem_ask();
    if (td_mem_fault(size) || is_too_much(size)) return NULL;
    td_mem_meter_give(p);
    void *const q = td_mem_meter_refuses(size) ? NULL : realloc(p, size ? size : 1);

    td_mem_meter_take(q ? q : p);
    return q;
}

void td_free(void *p)
{
    td_mem_meter_give(p);
    free(p);
}

char *td_strndup(const char *s, size_t n)
{
    size_t bytes;

    if (!td_add_size(n, 1, &bytes)) mem_exhausted(n);
    char *const copy = td_alloc(bytes);

    if (n) memcpy(copy, s, n);
    return copy;
}

char *td_strdup(const char *s)
{
    return td_strndup(s, strlen(s));
}

char *td_format(const char *fmt, ...)
{
    va_list args, again;

    va_start(args, fmt);
    va_copy(again, args);
    const int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    TD_ASSERT(n >= 0);

    char *const text = td_alloc((size_t)n + 1);
    vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    return text;
}

/* With a foreign malloc, glibc's wakes up in the first malloc_trim(); two threads that do so at once spoil its counts. */
void td_heap_trim(void)
{
#if defined(__GLIBC__) && !defined(MEM_IS_FOREIGN)
    (void)malloc_trim(0);
#endif
}

size_t td_heap_holes(void)
{
#if defined(__GLIBC__) && !defined(MEM_IS_FOREIGN)
    return mallinfo2().fordblks;
#else
    return 0;
#endif
}
