/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h -- time that never jumps. */
#ifndef TD_BASE_CLOCK_H
#define TD_BASE_CLOCK_H

#include <stdint.h>

int64_t td_now_ns(void); /* CLOCK_MONOTONIC */
void td_sleep_ns(int64_t ns);

#endif
