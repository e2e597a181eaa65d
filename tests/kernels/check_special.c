/* SPDX-License-Identifier: Apache-2.0 */
/* check_special.c -- special functions against values worked out with mpmath to 40 digits. */
#include <math.h>

#include "check.h"

#include "kernels/special/special.h"

typedef struct point {
    const char *name;
    double (*one)(double);
    double (*two)(double, double);
    double (*three)(double, double, double);
    double x, y, z, want;
} point;

static const point points[] = {
#define ONE(f, x, want)         { #f, f, 0, 0, x, 0, 0, want },
#define TWO(f, x, y, want)      { #f, 0, f, 0, x, y, 0, want },
#define THREE(f, x, y, z, want) { #f, 0, 0, f, x, y, z, want },
#include "special_points.inc"
};

void check_special(void)
{
    for (size_t i = 0; i < TD_COUNT(points); i++) {
        const point *const p = &points[i];
        const double got = p->one ? p->one(p->x) : p->two ? p->two(p->x, p->y) : p->three(p->x, p->y, p->z);
        CHECK((isnan(got) && isnan(p->want)) || got == p->want ||
                  fabs(got - p->want) <= 4e-13 * fabs(p->want),
              "%s(%g, %g, %g) = %.17g, want %.17g", p->name, p->x, p->y, p->z, got, p->want);
    }
}
