/* SPDX-License-Identifier: Apache-2.0 */
/* method.c -- see method.h. */
#include "api/method.h"

#include <string.h>

#define PREDICT  "tensorflow/serving/predict"
#define CLASSIFY "tensorflow/serving/classify"
#define REGRESS  "tensorflow/serving/regress"

static bool is_counted; /* written before the first request */

void td_methods_count(void)
{
    is_counted = true;
}

td_method td_method_named(td_string name)
{
    if (td_string_is(name, PREDICT)) return TD_METHOD_PREDICT;
    if (td_string_is(name, CLASSIFY)) return TD_METHOD_CLASSIFY;
    if (td_string_is(name, REGRESS)) return TD_METHOD_REGRESS;
    return TD_METHOD_OTHER;
}

td_status td_method_check(const td_signature *sig, td_method verb)
{
    const char *const was = sig->method ? sig->method : "";
    const td_method method = td_method_named((td_string){ was, strlen(was) });

    if (!is_counted || method == verb) return NULL;
    if (verb == TD_METHOD_PREDICT && method == TD_METHOD_OTHER)
        return TD_ERR(INTERNAL,
                      "Expected prediction signature method_name to be one of {" PREDICT ", " CLASSIFY
                      ", " REGRESS "}. Was: %.1000s",
                      was);
    if (verb == TD_METHOD_CLASSIFY)
        return TD_ERR(INVALID_ARGUMENT,
                      "Expected classification signature method_name to be " CLASSIFY ". Was: %.1000s", was);
    if (verb == TD_METHOD_REGRESS)
        return TD_ERR(INVALID_ARGUMENT,
                      "Expected regression signature method_name to be " REGRESS ". Was: %.1000s", was);
    return NULL;
}
