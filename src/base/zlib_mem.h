/* SPDX-License-Identifier: Apache-2.0 */
/* zlib_mem.h -- tensord's memory for zlib: a z_stream's zalloc and zfree, so that it is counted, and may be short. */
#ifndef TD_BASE_ZLIB_MEM_H
#define TD_BASE_ZLIB_MEM_H

void *td_zlib_alloc(void *ctx, unsigned n, unsigned size);
void td_zlib_free(void *ctx, void *p);

#endif
