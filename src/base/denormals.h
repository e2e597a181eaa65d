/* SPDX-License-Identifier: Apache-2.0 */
/* denormals.h -- numbers too small for a full mantissa, read and written as zero.
 *
 * TensorFlow's kernels run that way. A denormal costs a hundred times what another number does, so a net
 * whose activations fade out would be slow for digits that nobody sees.
 */
#ifndef TD_BASE_DENORMALS_H
#define TD_BASE_DENORMALS_H

/* From here on for the calling thread. Returns what td_denormals_restore() wants; calls may nest. */
unsigned long td_denormals_flush(void);
void td_denormals_restore(unsigned long before);

#endif
