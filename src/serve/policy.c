/* SPDX-License-Identifier: Apache-2.0 */
/* policy.c -- latest, all, specific. */
#include "serve/policy.h"

static bool is_listed(const td_model_options *model, int64_t version)
{
    for (size_t i = 0; i < model->n_versions; i++)
        if (model->versions[i] == version) return true;
    return false;
}

static bool is_wanted(const td_model_options *model, int64_t version, size_t higher)
{
    switch (model->policy) {
    case TD_POLICY_ALL:
        return true;
    case TD_POLICY_SPECIFIC:
        return is_listed(model, version);
    case TD_POLICY_LATEST:
        break;
    }
    return higher < (model->latest < 1 ? 1 : (uint64_t)model->latest);
}

size_t td_policy_choose(const td_model_options *model, const td_found *found, size_t n, bool *wanted)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        wanted[i] = is_wanted(model, found[i].version, n - 1 - i);
        count += wanted[i];
    }
    return count;
}
