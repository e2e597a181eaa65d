/* SPDX-License-Identifier: Apache-2.0 */
/* letter_case.h -- upper and lower case of all of Unicode: the C library's C.UTF-8, and what is more than one character
 * or hangs on its neighbours. */
#ifndef TD_OPS_LETTER_CASE_H
#define TD_OPS_LETTER_CASE_H

#include "ops/op.h"

/* UNIMPLEMENTED: this system has no C.UTF-8. */
TD_MUST_USE td_status td_case_check(void);
/* The text in the other case; what is malformed becomes U+FFFD. After td_case_check(). */
TD_MUST_USE td_status td_case_change(td_call *c, td_string text, bool upper, td_string *out);

#endif
