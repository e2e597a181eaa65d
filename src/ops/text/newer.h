/* SPDX-License-Identifier: Apache-2.0 */
/* newer.h -- characters that TensorFlow does not know. Its ICU has Unicode 13; PCRE and the C library here have 14. */
#ifndef TD_OPS_NEWER_H
#define TD_OPS_NEWER_H

#include <stdbool.h>
#include <stdint.h>

/* Did it come after Unicode 13, up to 14? */
bool td_char_is_newer(uint32_t code);

#endif
