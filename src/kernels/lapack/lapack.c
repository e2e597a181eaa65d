/* SPDX-License-Identifier: Apache-2.0 */
/* lapack.c -- see lapack.h. Fortran's calls: everything by address, lengths of strings at the end. */
#include "kernels/lapack/lapack.h"

#include <math.h>
#include <pthread.h>

#include "base/macros.h"
#include "kernels/blas/blas.h"

#define STRING const char *
#define INT    const int *

typedef void potrf_fn(STRING uplo, INT n, void *a, INT lda, int *info, size_t);
typedef void getrf_fn(INT m, INT n, void *a, INT lda, int *pivot, int *info);
typedef void getrs_fn(STRING trans, INT n, INT k, const void *a, INT lda, INT pivot, void *b, INT ldb,
                      int *info, size_t);
typedef void geqrf_fn(INT m, INT n, void *a, INT lda, void *tau, void *work, INT lwork, int *info);
typedef void orgqr_fn(INT m, INT n, INT k, void *a, INT lda, const void *tau, void *work, INT lwork,
                      int *info);
typedef void dgesdd_fn(STRING job, INT m, INT n, void *a, INT lda, double *s, void *u, INT ldu, void *vt,
                       INT ldvt, void *work, INT lwork, int *iwork, int *info, size_t);
typedef void zgesdd_fn(STRING job, INT m, INT n, void *a, INT lda, double *s, void *u, INT ldu, void *vt,
                       INT ldvt, void *work, INT lwork, double *rwork, int *iwork, int *info, size_t);
typedef void dsyevd_fn(STRING job, STRING uplo, INT n, void *a, INT lda, double *w, void *work, INT lwork,
                       int *iwork, INT liwork, int *info, size_t, size_t);
typedef void zheevd_fn(STRING job, STRING uplo, INT n, void *a, INT lda, double *w, void *work, INT lwork,
                       double *rwork, INT lrwork, int *iwork, INT liwork, int *info, size_t, size_t);
typedef void zgeev_fn(STRING left, STRING right, INT n, void *a, INT lda, void *w, void *vl, INT ldvl,
                      void *vr, INT ldvr, void *work, INT lwork, double *rwork, int *info, size_t, size_t);
typedef void zgees_fn(STRING job, STRING sort, void *select, INT n, void *a, INT lda, int *sdim, void *w,
                      void *vs, INT ldvs, void *work, INT lwork, double *rwork, int *bwork, int *info, size_t,
                      size_t);

static struct {
    potrf_fn *potrf[2]; /* real, complex */
    getrf_fn *getrf[2];
    getrs_fn *getrs[2];
    geqrf_fn *geqrf[2];
    orgqr_fn *orgqr[2];
    dgesdd_fn *dgesdd;
    zgesdd_fn *zgesdd;
    dsyevd_fn *dsyevd;
    zheevd_fn *zheevd;
    zgeev_fn *zgeev;
    zgees_fn *zgees;
} lapack;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool is_open;

static void open_functions(void)
{
    const struct {
        const char *name;
        void *fn;
    } functions[] = {
        { "dpotrf_", &lapack.potrf[0] }, { "zpotrf_", &lapack.potrf[1] }, { "dgetrf_", &lapack.getrf[0] },
        { "zgetrf_", &lapack.getrf[1] }, { "dgetrs_", &lapack.getrs[0] }, { "zgetrs_", &lapack.getrs[1] },
        { "dgeqrf_", &lapack.geqrf[0] }, { "zgeqrf_", &lapack.geqrf[1] }, { "dorgqr_", &lapack.orgqr[0] },
        { "zungqr_", &lapack.orgqr[1] }, { "dgesdd_", &lapack.dgesdd },   { "zgesdd_", &lapack.zgesdd },
        { "dsyevd_", &lapack.dsyevd },   { "zheevd_", &lapack.zheevd },   { "zgeev_", &lapack.zgeev },
        { "zgees_", &lapack.zgees },
    };

    is_open = true;
    for (size_t i = 0; i < TD_COUNT(functions); i++)
        is_open = td_blas_find(functions[i].name, functions[i].fn) && is_open;
}

bool td_lapack_open(void)
{
    (void)pthread_once(&once, open_functions);
    return is_open;
}

/* ---------------------------------------------------------------- work */

/* Parts of it: numbers of the matrix's type, then real ones, then integers. */
typedef struct parts {
    size_t numbers, reals, ints;
} parts;

/* The most that any function documents, and room for blocks of columns. */
static parts parts_for(size_t m, size_t n)
{
    const size_t low = TD_MIN(m, n), high = TD_MAX(m, n);

    return (parts){ 4 * low * low + 7 * low + 64 * high + 64, 7 * low * low + 2 * high * low + 6 * low + 64,
                    8 * high + 64 };
}

size_t td_lapack_work(size_t rows, size_t cols)
{
    const parts p = parts_for(rows, cols);

    return 16 * p.numbers + 8 * p.reals + sizeof(int) * p.ints;
}

/* Numbers: blocks of 64 columns. */
static size_t qr_numbers(size_t m, size_t n)
{
    return 64 * TD_MAX(m, n) + 64;
}

size_t td_lapack_qr_work(size_t rows, size_t cols)
{
    return 16 * qr_numbers(rows, cols);
}

static double *reals_of(void *work, const parts *p)
{
    return (double *)((char *)work + 16 * p->numbers);
}

static int *ints_of(void *work, const parts *p)
{
    return (int *)(void *)(reals_of(work, p) + p->reals);
}

/* Of 0 rows, too: leading dimensions are at least 1. */
static int leading(size_t n)
{
    return n > 0 ? (int)n : 1;
}

/* ---------------------------------------------------------------- numbers that are none */

/* The iterations for singular and eigenvalues may have no end with one of these among the numbers. */
static bool is_finite(const void *a, size_t n)
{
    const double *const x = a;

    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i])) return false;
    return true;
}

static void put_nan(void *a, size_t n)
{
    double *const x = a;

    for (size_t i = 0; a && i < n; i++)
        x[i] = NAN;
}

/* ---------------------------------------------------------------- functions */

int td_lapack_cholesky(bool is_complex, size_t n, void *a)
{
    const int size = (int)n, lda = leading(n);
    int info = 0;

    lapack.potrf[is_complex]("L", &size, a, &lda, &info, 1);
    return info;
}

int td_lapack_lu(bool is_complex, size_t n, void *a, int *pivot)
{
    const int size = (int)n, lda = leading(n);
    int info = 0;

    lapack.getrf[is_complex](&size, &size, a, &lda, pivot, &info);
    return info;
}

int td_lapack_lu_solve(bool is_complex, bool adjoint, size_t n, size_t k, const void *a, const int *pivot,
                       void *b)
{
    const int size = (int)n, lda = leading(n), columns = (int)k;
    int info = 0;

    lapack.getrs[is_complex](adjoint ? "C" : "N", &size, &columns, a, &lda, pivot, b, &lda, &info, 1);
    return info;
}

int td_lapack_qr(bool is_complex, size_t m, size_t n, void *a, void *tau, void *work)
{
    const int rows = (int)m, cols = (int)n, lda = leading(m), lwork = (int)qr_numbers(m, n);
    int info = 0;

    lapack.geqrf[is_complex](&rows, &cols, a, &lda, tau, work, &lwork, &info);
    return info;
}

int td_lapack_q(bool is_complex, size_t m, size_t cols, size_t k, void *a, const void *tau, void *work)
{
    const int rows = (int)m, n = (int)cols, reflectors = (int)k, lda = leading(m);
    const int lwork = (int)qr_numbers(m, cols);
    int info = 0;

    lapack.orgqr[is_complex](&rows, &n, &reflectors, a, &lda, tau, work, &lwork, &info);
    return info;
}

int td_lapack_svd(bool is_complex, size_t m, size_t n, bool is_full, void *a, double *s, void *u, void *vt,
                  void *work)
{
    const parts p = parts_for(m, n);
    const int rows = (int)m, cols = (int)n, lda = leading(m), lwork = (int)p.numbers;
    const int ldvt = leading(is_full ? n : TD_MIN(m, n));
    const char *const job = !u ? "N" : is_full ? "A" : "S";
    const size_t width = is_complex ? 2 : 1, least = TD_MIN(m, n);
    int info = 0;

    if (!is_finite(a, width * m * n)) {
        put_nan(s, least);
        put_nan(u, width * m * (is_full ? m : least));
        put_nan(vt, width * n * (is_full ? n : least));
        return 0;
    }
    if (is_complex)
        lapack.zgesdd(job, &rows, &cols, a, &lda, s, u, &lda, vt, &ldvt, work, &lwork, reals_of(work, &p),
                      ints_of(work, &p), &info, 1);
    else
        lapack.dgesdd(job, &rows, &cols, a, &lda, s, u, &lda, vt, &ldvt, work, &lwork, ints_of(work, &p),
                      &info, 1);
    return info;
}

int td_lapack_eigh(bool is_complex, size_t n, bool want_vectors, void *a, double *e, void *work)
{
    const parts p = parts_for(n, n);
    const int size = (int)n, lda = leading(n), lwork = (int)p.numbers, lrwork = (int)p.reals,
              liwork = (int)p.ints;
    const char *const job = want_vectors ? "V" : "N";
    int info = 0;

    if (!is_finite(a, (is_complex ? 2 : 1) * n * n)) return 1;
    if (is_complex)
        lapack.zheevd(job, "L", &size, a, &lda, e, work, &lwork, reals_of(work, &p), &lrwork,
                      ints_of(work, &p), &liwork, &info, 1, 1);
    else
        lapack.dsyevd(job, "L", &size, a, &lda, e, work, &lwork, ints_of(work, &p), &liwork, &info, 1, 1);
    return info;
}

int td_lapack_eig(size_t n, void *a, void *e, void *v, void *work)
{
    const parts p = parts_for(n, n);
    const int size = (int)n, lda = leading(n), lwork = (int)p.numbers;
    int info = 0;

    if (!is_finite(a, 2 * n * n)) return 1;
    lapack.zgeev("N", v ? "V" : "N", &size, a, &lda, e, NULL, &lda, v, &lda, work, &lwork, reals_of(work, &p),
                 &info, 1, 1);
    return info;
}

int td_lapack_schur(size_t n, void *a, void *z, void *work)
{
    const parts p = parts_for(n, n);
    const int size = (int)n, lda = leading(n), lwork = (int)p.numbers;
    double *const w = reals_of(work, &p), *const rwork = w + 2 * n;
    int info = 0, count = 0;

    if (!is_finite(a, 2 * n * n)) return 1;
    lapack.zgees("V", "N", NULL, &size, a, &lda, &count, w, z, &lda, work, &lwork, rwork, NULL, &info, 1, 1);
    return info;
}
