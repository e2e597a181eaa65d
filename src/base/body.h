/* SPDX-License-Identifier: Apache-2.0 */
/* body.h -- which bodies of a kernel the environment asks for: TENSORD_BODY=conv:winograd,conv:panels (tests, measurements).
 * Any thread. */
#ifndef TD_BASE_BODY_H
#define TD_BASE_BODY_H

#include <stdbool.h>

/* Is it named? body NULL: is any of its family? */
bool td_body_is_named(const char *family, const char *body);

#endif
