/* SPDX-License-Identifier: Apache-2.0 */
/* process.h -- what a page of metrics says of the process itself and of the build. */
#ifndef TD_OBS_PROCESS_H
#define TD_OBS_PROCESS_H

#include "obs/page.h"

/* Reads a few files of /proc, and counts descriptors: not for a thread that others wait for. */
void td_process_tell(td_page *p);

#endif
