/* SPDX-License-Identifier: Apache-2.0 */
/* objects.h -- values for variables that the restore op leaves without: by the object graph, as Python does it. */
#ifndef TD_EXEC_OBJECTS_H
#define TD_EXEC_OBJECTS_H

#include "formats/model.h"
#include "passes/pass.h"

/* Gives reached variables of m that have no value the one that the object graphs of model and checkpoint say. Some
 * may be left without. DATA_LOSS, INVALID_ARGUMENT: a graph or a value that does not fit. */
TD_MUST_USE td_status td_objects_restore(td_pass *p, td_model_file *m);

#endif
