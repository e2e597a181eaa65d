/* SPDX-License-Identifier: Apache-2.0 */
/* models_dir.h -- a directory instead of a configuration:
 *
 *   DIR/saved_model.pb       one model, named as DIR is; it is its version 1
 *   DIR/3/saved_model.pb     one model, named as DIR is
 *   DIR/m/1/...              model m, as others that have versions
 *   DIR/n/saved_model.pb     model n; it is its version 1
 *
 * A SavedModel in a directory with a number for a name is that version of what is above it. Other children are no models.
 */
#ifndef TD_SERVE_MODELS_DIR_H
#define TD_SERVE_MODELS_DIR_H

#include "config/models.h"
#include "tensord/status.h"

/* By their names; td_models_free() the list. NOT_FOUND: there is no such directory. UNAVAILABLE: it cannot be read. */
TD_MUST_USE td_status td_models_dir_read(const char *path, td_model_options **out, size_t *n);

#endif
