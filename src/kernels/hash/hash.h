/* SPDX-License-Identifier: Apache-2.0 */
/* hash.h -- hashes of bytes that models were trained with: they are part of a model, bit for bit. */
#ifndef TD_KERNELS_HASH_H
#define TD_KERNELS_HASH_H

#include <stddef.h>
#include <stdint.h>

/* FarmHash's Fingerprint64, which is its Hash64 for x86-64 without vectors. */
uint64_t td_fingerprint(const void *bytes, size_t size);
/* FarmHash's Fingerprint128, low half first. */
void td_fingerprint_128(const void *bytes, size_t size, uint64_t out[2]);
/* TensorFlow's FingerprintCat64: one of two. */
uint64_t td_fingerprint_join(uint64_t first, uint64_t second);
/* SipHash-2-4. */
uint64_t td_siphash(const uint64_t key[2], const void *bytes, size_t size);
/* MurmurHash64A with the seed of TensorFlow's Hash64(). */
uint64_t td_murmur(const void *bytes, size_t size);

#endif
