/* SPDX-License-Identifier: Apache-2.0 */
/* method.h -- method_name: what a model says that a signature of it is for. */
#ifndef TD_API_METHOD_H
#define TD_API_METHOD_H

#include "obs/requests.h"

/* Predict, Classify or Regress by its name in signatures; OTHER: none of them. */
td_method td_method_named(td_string name);

/* From now on method names count, for the whole process (--enable_signature_method_name_check). Before any request. */
void td_methods_count(void);

/* May sig be run by Predict, Classify or Regress? Always where names do not count. Else Predict takes all three
 * (INTERNAL: another name), Classify and Regress their own (INVALID_ARGUMENT). */
TD_MUST_USE td_status td_method_check(const td_signature *sig, td_method verb);

#endif
