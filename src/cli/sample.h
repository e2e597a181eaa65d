/* SPDX-License-Identifier: Apache-2.0 */
/* sample.h -- a request for a signature that can be pasted into a shell: zeros, and one row where the model takes any. */
#ifndef TD_CLI_SAMPLE_H
#define TD_CLI_SAMPLE_H

#include "base/strbuf.h"
#include "tensord/session.h"

/* curl, to REST. Nothing is added where JSON has no words for an input's type. */
void td_sample_curl(const char *model, const td_signature *s, td_strbuf *out);
/* grpcurl, which asks the server for its messages. Nothing for types whose numbers have no field here. */
void td_sample_grpcurl(const char *model, const td_signature *s, td_strbuf *out);

#endif
