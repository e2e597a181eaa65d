/* SPDX-License-Identifier: Apache-2.0 */
/* twin.h -- signatures that are one and the same under two names, as Keras exports them ("serve" and "serving_default"):
 * calls of one function with the same weights, each fed by a placeholder of its own. One program serves both. */
#ifndef TD_EXEC_TWIN_H
#define TD_EXEC_TWIN_H

#include "exec/load.h"

/* Once entries have their graphs, as cut from the file's: a twin loses its own, and names the one that it is like. */
void td_twins_find(td_session *s);

#endif
