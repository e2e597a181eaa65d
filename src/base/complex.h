/* SPDX-License-Identifier: Apache-2.0 */
/* complex.h -- C's complex numbers, with CMPLX where the C library has it for other compilers only (glibc's, of clang). */
#ifndef TD_BASE_COMPLEX_H
#define TD_BASE_COMPLEX_H

#include <complex.h>

#ifndef CMPLX
#define CMPLX(re, im) __builtin_complex((double)(re), (double)(im))
#endif

#endif
