/* SPDX-License-Identifier: Apache-2.0 */
/* loss.h -- how unlikely a sequence of labels is, over all ways to say it in time; see beam.h for what that is. */
#ifndef TD_KERNELS_CTC_LOSS_H
#define TD_KERNELS_CTC_LOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct td_ctc_target {
    const int32_t *labels; /* neither negative nor the blank, which is the last class */
    size_t n, times, classes;
    bool merges; /* a label may last for more than one time */
} td_ctc_target;

/* Numbers of work that one target needs. */
size_t td_ctc_loss_work(const td_ctc_target *t);

/* y: how likely each class is at each time, [times, classes]; times > 0. Writes the gradient by the logits, of y's shape. */
double td_ctc_loss(const td_ctc_target *t, const double *y, double *gradient, double *work);

#endif
