/* SPDX-License-Identifier: Apache-2.0 */
/* passes.h -- which optional passes are left out: environment TENSORD_PASSES, for tests and for finding out which
 * pass a wrong answer comes from.
 *
 * The text is a list of changes to "all": "-fuse_conv,-fold" leaves two out, "none" leaves all out,
 * "none,+fold" all but one. passes.inc has the names.
 */
#ifndef TD_CONFIG_PASSES_H
#define TD_CONFIG_PASSES_H

#include <stdint.h>

#include "tensord/status.h"

typedef enum td_pass_id {
#define TD_PASS(name, meaning) TD_PASS_##name,
#include "config/passes.inc"
#undef TD_PASS
    TD_PASS_COUNT
} td_pass_id;

#define TD_PASS_BIT(id) (UINT32_C(1) << (id))
#define TD_PASSES_ALL   (TD_PASS_BIT(TD_PASS_COUNT) - 1)

const char *td_pass_name(td_pass_id id);

/* *off: the bits of those that TENSORD_PASSES leaves out. INVALID_ARGUMENT names what is no pass, and those there
 * are. Unset or empty leaves out nothing. */
TD_MUST_USE td_status td_passes_from_environment(uint32_t *off);

#endif
