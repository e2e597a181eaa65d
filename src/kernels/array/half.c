/* half.c -- see half.h. */
#include "kernels/array/half.h"

#include <math.h>
#include <string.h>

float td_f16_to(uint16_t h)
{
    const int exponent = h >> 10 & 31, mantissa = h & 1023;
    float v;

    if (exponent == 31)
        v = mantissa ? NAN : INFINITY;
    else if (exponent)
        v = ldexpf((float)(mantissa + 1024), exponent - 25);
    else
        v = ldexpf((float)mantissa, -24);
    return h >> 15 ? -v : v;
}

uint16_t td_f16_from(double v)
{
    const uint16_t sign = signbit(v) ? 0x8000 : 0;
    const double a = fabs(v);
    int exponent;

    if (isnan(v)) return (uint16_t)(sign | 0x7e00);
    if (a >= 65520) return (uint16_t)(sign | 0x7c00);
    if (a < 0x1p-14)
        return (uint16_t)(sign | (uint16_t)nearbyint(a * 0x1p24)); /* denormal, or 2^-14 itself */
    (void)frexp(a, &exponent);                                     /* a = m * 2^exponent, m in [0.5, 1) */
    /* 11 bits of mantissa; one that rounds up to 2048 carries into the exponent by itself */
    const long bits = (long)nearbyint(ldexp(a, 11 - exponent));

    return (uint16_t)(sign | (((exponent + 13) << 10) + bits));
}

float td_bf16_to(uint16_t h)
{
    const uint32_t bits = (uint32_t)h << 16;
    float v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

uint16_t td_bf16_from(float v)
{
    uint32_t bits;

    if (isnan(v)) return (uint16_t)(signbit(v) ? 0xffc0 : 0x7fc0);
    memcpy(&bits, &v, sizeof bits);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
