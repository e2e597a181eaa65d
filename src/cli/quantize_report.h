/* SPDX-License-Identifier: Apache-2.0 */
/* quantize_report.h -- what `tensord quantize` says: how far answers are from each other, and what became of layers. */
#ifndef TD_CLI_QUANTIZE_REPORT_H
#define TD_CLI_QUANTIZE_REPORT_H

#include "base/vec.h"
#include "obs/document.h"
#include "ops/layers.h"

/* By signature and output. All zeros: nothing yet. */
typedef struct td_compared {
    td_vec all;
} td_compared;

/* Names live as long as c. Of floats errors, of floats with classes in the last dimension which is the largest, of anything else how
 * many elements are equal. */
void td_compared_add(td_compared *c, const char *signature, const char *output, const td_tensor *got,
                     const td_tensor *want);
void td_compared_fini(td_compared *c);
void td_compared_put(const td_compared *c, cJSON *into); /* "outputs" */
void td_layers_put(const td_layers *l, const char *asked,
                   cJSON *into); /* "weights", "layers"; "note", if none is in fewer bits */
void td_quantize_print(const cJSON *d);

#endif
