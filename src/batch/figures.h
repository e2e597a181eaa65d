/* SPDX-License-Identifier: Apache-2.0 */
/* figures.h -- what TensorFlow Serving's page of metrics says of batches that are made by its rules. */
#ifndef TD_BATCH_FIGURES_H
#define TD_BATCH_FIGURES_H

#include "batch/batcher.h"
#include "obs/metrics.h"

typedef struct td_figures {
    td_series *input, *rows, *queue, *runs; /* NULL: nobody wants them */
} td_figures;

void td_figures_open(td_figures *f);
void td_figures_close(td_figures *f);

/* A call that the rules have admitted. */
void td_figures_call(const td_figures *f, const td_batch_call *c);
/* A run of the n calls, which have so many rows, on `full` rows is about to begin. */
void td_figures_run(const td_figures *f, const td_batch_call *first, size_t n, size_t rows, size_t full);

#endif
