/* SPDX-License-Identifier: Apache-2.0 */
/* base64.h -- as bytes travel in JSON: written in the standard alphabet, read in that and the one of URLs. */
#ifndef TD_CODEC_JSON_BASE64_H
#define TD_CODEC_JSON_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* Padding is optional, white space is passed over; false for anything else.
 * out has room for size / 4 * 3 + 3 bytes. */
bool td_base64_decode(const char *text, size_t size, unsigned char *out, size_t *out_size);
/* Padded. Writes td_base64_size(size) bytes, and returns the end of them. */
char *td_base64_encode(char *out, const void *data, size_t size);
size_t td_base64_size(size_t size);

#endif
