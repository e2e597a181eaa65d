/* SPDX-License-Identifier: Apache-2.0 */
/* check.c -- the program: buffers with guards, random numbers, the list of checks, the clock of --bench. */
#include "check.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { GUARD = 64, GUARD_BYTE = 0xa5, PRINTED = 20 };

static size_t failures;
static bool is_benching;
static uint32_t random_state = 1;

void check_failed(const char *file, int line, const char *format, ...)
{
    va_list args;

    if (failures++ >= PRINTED) return;
    printf("%s:%d: ", file, line);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

/* [guard bytes][the buffer][guard bytes]: the buffer keeps the alignment of the block. */
void *check_bytes(size_t size)
{
    const size_t padded = (size + GUARD - 1) / GUARD * GUARD;
    unsigned char *const block = aligned_alloc(GUARD, padded + (size_t)2 * GUARD);

    if (!block) abort();
    memset(block, GUARD_BYTE, padded + (size_t)2 * GUARD);
    return block + GUARD;
}

void *check_bytes_rand(size_t size)
{
    unsigned char *const buf = check_bytes(size);

    for (size_t i = 0; i < size; i++)
        buf[i] = (unsigned char)(check_random() >> 24);
    return buf;
}

bool check_bytes_guards(const void *buf, size_t size)
{
    const unsigned char *const at = buf;

    for (size_t i = 0; i < GUARD; i++)
        if (at[-1 - (ptrdiff_t)i] != GUARD_BYTE || at[size + i] != GUARD_BYTE) return false;
    return true;
}

void check_bytes_free(void *buf)
{
    if (buf) free((unsigned char *)buf - GUARD);
}

float *check_buf(size_t n)
{
    float *const buf = check_bytes(n * sizeof(float));

    for (size_t i = 0; i < n; i++)
        buf[i] = NAN;
    return buf;
}

float *check_buf_rand(size_t n, float lo, float hi)
{
    float *const buf = check_buf(n);

    for (size_t i = 0; i < n; i++)
        buf[i] = (float)check_random_between((double)lo, (double)hi);
    return buf;
}

bool check_guards(const float *buf, size_t n)
{
    return check_bytes_guards(buf, n * sizeof *buf);
}

void check_buf_free(float *buf)
{
    check_bytes_free(buf);
}

uint32_t check_random(void)
{
    random_state ^= random_state << 13; /* xorshift32 */
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

double check_random_between(double lo, double hi)
{
    return lo + (hi - lo) * ((double)check_random() / 4294967296.0);
}

int64_t check_random_int(int64_t lo, int64_t hi)
{
    return lo + (int64_t)(check_random() % (uint64_t)(hi - lo + 1));
}

bool check_near(double got, double want, double tol)
{
    if (isnan(got) || isnan(want)) return isnan(got) && isnan(want);
    if (isinf(got) || isinf(want)) return !(got < want) && !(got > want);
    return fabs(got - want) <= tol * fmax(1.0, fabs(want));
}

bool check_benches(void)
{
    return is_benching;
}

bool check_bench(const char *name, double bytes)
{
    enum { BENCH_NS = 100000000, WARM = 2 };
    static int64_t begin, runs;

    if (!is_benching) return false;
    if (runs++ == WARM) begin = td_now_ns();
    if (runs <= WARM + 1) return true;
    const int64_t elapsed = td_now_ns() - begin;
    if (elapsed < BENCH_NS) return true;
    const double ns = (double)elapsed / (double)(runs - WARM - 1);
    printf("%-40s %12.1f ns %8.2f GB/s\n", name, ns, bytes / ns);
    runs = 0;
    return false;
}

static const struct {
    const char *name;
    void (*run)(void);
} checks[] = {
#define TD_CHECK(family) { #family, check_##family },
#include "checks.inc"
#undef TD_CHECK
    { NULL, NULL },
};

static bool is_wanted(const char *name, int argc, char **argv)
{
    int names = 0;

    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-') continue;
        if (!strcmp(argv[i], name)) return true;
        names++;
    }
    return names == 0;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        is_benching |= !strcmp(argv[i], "--bench");
    for (size_t i = 0; checks[i].name; i++) {
        const size_t before = failures;

        if (!is_wanted(checks[i].name, argc, argv)) continue;
        random_state = 1; /* each check sees the same numbers, alone or not */
        checks[i].run();
        printf("%-12s %s\n", checks[i].name, failures == before ? "ok" : "FAILED");
    }
    printf("cpu %s, %zu failures\n", td_cpu_name(td_cpu_detect()).text, failures);
    return failures != 0;
}
