/* SPDX-License-Identifier: Apache-2.0 */
/* body.h -- which body of a kernel the environment asks for: TENSORD_BODY=conv:winograd,conv:panels (tests, measurements). */
#ifndef TD_BASE_BODY_H
#define TD_BASE_BODY_H

#include <stdbool.h>

/* Whether the body is to be left out: others of its family are named, and it is not. Any thread. */
bool td_body_is_shunned(const char *family, const char *body);

#endif
