/* SPDX-License-Identifier: Apache-2.0 */
/* check.h -- every kernel variant against its reference, on odd sizes, with guards around what it writes.
 *
 * A family has one check_<family>.c with a function check_<family>(), and a line in checks.inc. The program
 * runs them all, or those named as arguments; with --bench the functions' check_bench() loops print times.
 */
#ifndef TD_TESTS_KERNELS_CHECK_H
#define TD_TESTS_KERNELS_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"
#include "base/macros.h"
#include "base/variant.h"

/* A false condition is counted and, the first few times, printed; the check goes on. */
#define CHECK(cond, ...)                                                                                     \
    do {                                                                                                     \
        if (!(cond)) check_failed(__FILE__, __LINE__, __VA_ARGS__);                                          \
    } while (0)

TD_PRINTF(3, 4) void check_failed(const char *file, int line, const char *format, ...);

/* Floats with guard bytes on both sides, 64-byte aligned; check_buf() is filled with NaN. Never NULL. */
float *check_buf(size_t n);
float *check_buf_rand(size_t n, float lo, float hi);
bool check_guards(const float *buf, size_t n); /* true: nothing wrote beside the buffer */
void check_buf_free(float *buf);

/* The same for any element; check_bytes() is filled with 0xa5, check_bytes_rand() with noise. */
void *check_bytes(size_t size);
void *check_bytes_rand(size_t size);
bool check_bytes_guards(const void *buf, size_t size);
void check_bytes_free(void *buf);

uint32_t check_random(void);                       /* the same row of numbers in every run */
double check_random_between(double lo, double hi); /* [lo, hi) */
int64_t check_random_int(int64_t lo, int64_t hi);  /* [lo, hi] */
/* |got - want| <= tol * max(1, |want|); NaN equals NaN. */
bool check_near(double got, double want, double tol);

/* With --bench: true while the loop should go on, and prints the mean time at its end; else always false.
 *
 *     CHECK_BENCH("softmax avx2 3x1000", 3 * 1000 * 8.0) kernel(out, in, 3, 1000);
 */
#define CHECK_BENCH(name, bytes) while (check_bench(name, bytes))
bool check_bench(const char *name, double bytes);
bool check_benches(void); /* for what is too long to be made ready for nothing */

/* Each variant of a family that this CPU can run; the last one is the reference.
 *
 *     CHECK_EACH(softmax, v)
 *         check_one(v->name, v->body);
 */
#define CHECK_EACH(family, v) TD_EACH_VARIANT(family, v, td_cpu_detect())

#define TD_CHECK(family)      void check_##family(void);
#include "checks.inc"
#undef TD_CHECK

#endif
