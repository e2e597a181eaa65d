/* SPDX-License-Identifier: Apache-2.0 */
/* blas.c -- see blas.h. */
#include "kernels/blas/blas.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"

/* CBLAS's numbers. */
enum { ROW_MAJOR = 101 };
static const int transposes[] = { 111, 112, 113 };

typedef void dgemm_fn(int order, int ta, int tb, int m, int n, int k, double alpha, const double *a, int lda,
                      const double *b, int ldb, double beta, double *c, int ldc);
typedef void zgemm_fn(int order, int ta, int tb, int m, int n, int k, const void *alpha, const void *a,
                      int lda, const void *b, int ldb, const void *beta, void *c, int ldc);

static struct {
    dgemm_fn *dgemm;
    zgemm_fn *cgemm, *zgemm;
} blas;
static pthread_once_t once = PTHREAD_ONCE_INIT;

void td_blas_setup(void)
{
    const td_cpu cpu = td_cpu_detect();

    setenv("OPENBLAS_NUM_THREADS", "1", 1);
#if defined(__x86_64__)
    setenv("OPENBLAS_CORETYPE",
           td_cpu_has(cpu, TD_CPU_avx512) ? "SkylakeX"
           : td_cpu_has(cpu, TD_CPU_avx2) ? "Haswell"
                                          : "Nehalem",
           0);
#else
    (void)cpu;
#endif
}

static void *library;

/* dlsym() gives an object pointer; ISO C wants it copied to make a function pointer. */
static bool find(const char *name, void *fn)
{
    void *const p = dlsym(library, name);

    memcpy(fn, &p, sizeof p);
    return p != NULL;
}

static void open_library(void)
{
    static const char *const names[] = { "libopenblas.so.0", "libcblas.so.3", "libblas.so.3" };

    for (size_t i = 0; !library && i < sizeof names / sizeof *names; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!library) return;
    (void)find("cblas_dgemm", &blas.dgemm);
    (void)find("cblas_cgemm", &blas.cgemm);
    (void)find("cblas_zgemm", &blas.zgemm);
}

bool td_blas_find(const char *name, void *fn)
{
    (void)pthread_once(&once, open_library);
    return library && find(name, fn);
}

bool td_blas_gemm(td_dtype type, td_blas_op op_a, td_blas_op op_b, size_t m, size_t n, size_t k,
                  const void *a, size_t lda, const void *b, size_t ldb, void *c, size_t ldc)
{
    const size_t sizes[] = { m, n, k, lda, ldb, ldc };
    const int ta = transposes[op_a], tb = transposes[op_b];

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (sizes[i] > INT_MAX) return false;
    (void)pthread_once(&once, open_library);
    if (type == TD_F64) {
        if (!blas.dgemm) return false;
        blas.dgemm(ROW_MAJOR, ta, tb, (int)m, (int)n, (int)k, 1.0, a, (int)lda, b, (int)ldb, 0.0, c,
                   (int)ldc);
        return true;
    }
    zgemm_fn *const gemm = type == TD_C64 ? blas.cgemm : type == TD_C128 ? blas.zgemm : NULL;
    const float one_f[] = { 1.0f, 0.0f }, zero_f[] = { 0.0f, 0.0f };
    const double one[] = { 1.0, 0.0 }, zero[] = { 0.0, 0.0 };
    const bool is_single = type == TD_C64;
    if (!gemm) return false;
    gemm(ROW_MAJOR, ta, tb, (int)m, (int)n, (int)k, is_single ? (const void *)one_f : one, a, (int)lda, b,
         (int)ldb, is_single ? (const void *)zero_f : zero, c, (int)ldc);
    return true;
}
