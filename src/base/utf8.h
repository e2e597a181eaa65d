/* SPDX-License-Identifier: Apache-2.0 */
/* utf8.h -- characters as UTF-8. */
#ifndef TD_BASE_UTF8_H
#define TD_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

enum { TD_UTF8_MAX = 4 }; /* bytes of one */

/* c is below 0x200000. Returns how many bytes it took. */
size_t td_utf8_put(char *out, uint32_t c);

#endif
