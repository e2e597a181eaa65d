/* SPDX-License-Identifier: Apache-2.0 */
/* fake_session.h -- a session that answers each output with the input of the same index. */
#ifndef TEST_FAKE_SESSION_H
#define TEST_FAKE_SESSION_H

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "api/predict.h"
#include "exec/memory.h"

struct td_result {
    td_tensor outputs[8];
};

/* The signature of the day: the test's. */
extern const td_signature fake_signature;
/* NULL: that is all. */
static const td_signature *fake_signatures;
static size_t fake_n_signatures;

/* Called by every run. */
static void (*fake_run)(td_session *s);

const td_signature *td_session_find_signature(const td_session *s, const char *name)
{
    (void)s;
    return strcmp(name, fake_signature.name) ? NULL : &fake_signature;
}

const td_signature *td_session_signatures(const td_session *s, size_t *n)
{
    (void)s;
    *n = fake_signatures ? fake_n_signatures : 1;
    return fake_signatures ? fake_signatures : &fake_signature;
}

td_status td_session_run(td_session *s, const td_signature *sig, const td_tensor *in, const size_t *want,
                         size_t n_want, const td_run_options *opts, td_result **out)
{
    td_result *const r = calloc(1, sizeof *r);

    (void)opts;
    if (fake_run) fake_run(s);
    for (size_t i = 0; i < n_want; i++)
        r->outputs[i] = in[want[i]].dtype ? in[want[i]] : *sig->inputs[want[i]].default_value;
    *out = r;
    return NULL;
}

/* Net asks. */
int64_t td_session_expect(const td_session *s, const td_signature *sig, const td_tensor *in)
{
    (void)sig;
    (void)in;
    return *(const char *)(const void *)s == 's' ? 50000000 : 1000; /* "slow" (net/fake_manager.h) */
}

const td_tensor *td_result_outputs(const td_result *r)
{
    return r->outputs;
}

void td_result_free(td_result *r)
{
    free(r);
}

static atomic_int fake_session_refs; /* held beyond a request */

td_session *td_session_ref(td_session *s)
{
    fake_session_refs++;
    return s;
}

void td_session_unref(td_session *s)
{
    (void)s;
    fake_session_refs--;
}

/* Nothing is joined here. */
td_account *td_session_account(td_session *s)
{
    (void)s;
    return NULL;
}

bool td_session_is_batchable(const td_session *s, const td_signature *sig, const char **why_not)
{
    (void)s, (void)sig, (void)why_not;
    return false;
}

td_status td_result_rows(const td_result *r, size_t first, size_t n, td_tensor *out)
{
    (void)r, (void)first, (void)n, (void)out;
    return TD_ERR(INTERNAL, "no rows");
}

#endif
