/* SPDX-License-Identifier: Apache-2.0 */
/* loads.h -- what TensorFlow Serving's page of metrics says of the parts of a load. Nothing where nobody wants it. */
#ifndef TD_OBS_LOADS_H
#define TD_OBS_LOADS_H

#include "obs/metrics.h"

/* One model's; zeros are its beginning. It keeps its series on the page for as long as the model is there. */
typedef struct td_load_series {
    td_series *all[4];
    size_t n;
} td_load_series;

/* stage: "restore_graph", "init_graph"; each once. path: the version's directory. */
void td_load_stage_ran(td_load_series *s, const char *path, const char *stage, int64_t ns);
/* The warm-up, once; records: of its file. */
void td_load_warmed_up(td_load_series *s, const char *path, td_code code, int64_t ns, size_t records);
void td_load_series_close(td_load_series *s);

#endif
