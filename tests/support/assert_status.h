/* SPDX-License-Identifier: Apache-2.0 */
/* assert_status.h -- what a status has to be. Each takes it and stops the test where it is another. */
#ifndef TD_TESTS_SUPPORT_ASSERT_STATUS_H
#define TD_TESTS_SUPPORT_ASSERT_STATUS_H

#include "tensord/status.h"

void assert_ok(td_status s);
void assert_status(td_status s, td_code code, const char *text);
/* The text begins so: TensorFlow Serving's own words, which clients may compare; advice may follow. */
void assert_status_begins(td_status s, td_code code, const char *head);
void assert_status_like(td_status s, td_code code, const char *part); /* part of the text */
void assert_says(td_status s, const char *part);                      /* with any code */

#endif
