/* half.h -- single elements of the 16-bit float types, converted in software; for bodies where arithmetic is
 * rare. */
#ifndef TD_KERNELS_ARRAY_HALF_H
#define TD_KERNELS_ARRAY_HALF_H

#include <stdint.h>

float td_f16_to(uint16_t h);
uint16_t td_f16_from(double v); /* rounds once, to nearest even */
float td_bf16_to(uint16_t h);
uint16_t td_bf16_from(float v); /* rounds to nearest even */

#endif
