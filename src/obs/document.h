/* SPDX-License-Identifier: Apache-2.0 */
/* document.h -- small JSON documents: lists, reports, readiness. cJSON makes them, in tensord's memory.
 *
 *   cJSON *d = td_document_make();
 *   td_document_text(d, "name", name);
 *   cJSON_AddBoolToObject(d, "ready", true);      whatever cJSON has; nothing need be checked on the way
 *   TD_TRY(td_document_end(d, &text));
 *
 * Tensors, and what TensorFlow Serving's clients read byte by byte, have writers of their own (codec/json).
 */
#ifndef TD_OBS_DOCUMENT_H
#define TD_OBS_DOCUMENT_H

#include <cjson/cJSON.h>

#include "tensord/status.h"

/* An object. One document at a time on a thread. */
cJSON *td_document_make(void);
/* Adds a text; a byte of it that makes no UTF-8 becomes "?". */
void td_document_text(cJSON *object, const char *name, const char *text);
void td_document_number(cJSON *object, const char *name,
                        int64_t value); /* in quotes, as protobuf has 64 bits */
/* The same, names and texts of an object being the client's or a file's; the results are borrowed, NULL without memory. */
cJSON *td_document_object(cJSON *object, const char *name); /* adds an object */
cJSON *td_document_next(cJSON *array);                      /* adds an object to an array */
void td_document_item(cJSON *array, const char *text);      /* adds a text to an array */
/* Takes d. *text is to be freed by td_free(). RESOURCE_EXHAUSTED: there was no memory for some of it. */
TD_MUST_USE td_status td_document_end(cJSON *d, char **text);
/* For documents that are made often: adds an item, which is taken, under a name that lives longer, and is not copied. */
void td_document_member(cJSON *object, const char *name, cJSON *item);
cJSON *td_document_string(const char *text); /* as td_document_text() makes it */
/* Takes d: one line with its end at line[]; its size, or 0: no memory, or no room for it. */
TD_MUST_USE size_t td_document_end_line(cJSON *d, char *line, size_t room);

#endif
