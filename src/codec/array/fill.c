/* SPDX-License-Identifier: Apache-2.0 */
/* fill.c -- bytes to the input that they are of. */
#include "codec/array/array.h"

#include <inttypes.h>

#include "api/mistakes.h"
#include "base/strbuf.h"
#include "formats/npy.h"
#include "tensor/limits.h"

enum { IN_PLACE = 8 }; /* as for bytes of TensorProtos: formats/tensor_proto.c */

bool td_array_is_npy(const void *bytes, size_t size)
{
    static const char magic[] = "\x93NUMPY";

    return size >= sizeof magic - 1 && !memcmp(bytes, magic, sizeof magic - 1);
}

/* ---- which input ---- */

/* Takes error. */
static td_status list_inputs(const td_predict *p, td_string wanted, td_status error)
{
    td_strbuf names = { 0 };

    td_list_aliases(wanted, p->sig->inputs, p->sig->n_inputs, &names);
    error = td_status_suffix(error, " The inputs are: %s.", td_strbuf_text(&names));
    td_strbuf_fini(&names);
    return error;
}

/* The first one without a default, or of one that is alone; SIZE_MAX: there is none. *others: there are more. */
static size_t find_required(const td_predict *p, bool *others)
{
    size_t found = p->sig->n_inputs == 1 ? 0 : SIZE_MAX;

    *others = false;
    for (size_t i = 0; i < p->sig->n_inputs; i++) {
        if (p->sig->inputs[i].default_value || found == i) continue;
        *others |= found != SIZE_MAX;
        if (found == SIZE_MAX) found = i;
    }
    return found;
}

static td_status find_input(const td_array_note *note, const td_predict *p, size_t *out)
{
    bool others = false;

    *out = note->input.size ? td_predict_input(p, note->input) : find_required(p, &others);
    if (*out != SIZE_MAX && !others) return NULL;
    return list_inputs(p, note->input,
                       note->input.size
                           ? TD_ERR(INVALID_ARGUMENT, "The signature has no input %.*s.",
                                    (int)TD_MIN(note->input.size, (size_t)1024), note->input.data)
                           : TD_ERR(INVALID_ARGUMENT,
                                    "A body that is one tensor is for one input: name it by "
                                    "\"X-Tensord-Tensor: ...; name=x\". Others must have defaults."));
}

/* ---- its elements ---- */

static bool are_bools(const unsigned char *bytes, size_t size)
{
    unsigned char all = 0;

    for (size_t i = 0; i < size; i++)
        all |= bytes[i];
    return all <= 1;
}

/* t->data points to bytes that may lie anywhere. */
static td_status place(td_tensor *t, td_arena *arena)
{
    const size_t size = td_tensor_bytes(t);

    if (t->dtype == TD_BOOL && !are_bools(t->data, size))
        return TD_ERR(INVALID_ARGUMENT, "The bytes of a bool are 0 and 1");
    if ((uintptr_t)t->data % IN_PLACE == 0) return NULL;
    void *const copy = td_arena_try_alloc(arena, TD_MAX(size, 1), TD_ALIGN);

    if (!copy) return TD_ERR(RESOURCE_EXHAUSTED, "No memory for %zu bytes", size);
    if (size) memcpy(copy, t->data, size);
    t->data = copy;
    return NULL;
}

static td_status read_raw(const td_array_note *note, const void *bytes, size_t size, td_tensor *out)
{
    *out = (td_tensor){ .dtype = note->dtype, .shape = note->shape, .data = (void *)(uintptr_t)bytes };
    if (note->dtype == TD_DTYPE_NONE)
        return TD_ERR(INVALID_ARGUMENT,
                      "The body's type and shape are not known: send \"X-Tensord-Tensor: float32 [8,3]\"");
    if (td_tensor_bytes(out) != size)
        return TD_ERR(INVALID_ARGUMENT, "X-Tensord-Tensor says %zu bytes, but the body has %zu",
                      td_tensor_bytes(out), size);
    return NULL;
}

td_status td_array_fill(td_array_form form, const td_array_note *note, const void *bytes, size_t size,
                        td_predict *p)
{
    size_t i;
    td_tensor t;

    TD_TRY(find_input(note, p, &i));
    TD_TRY(form == TD_ARRAY_NPY ? td_npy_view(bytes, size, &t) : read_raw(note, bytes, size, &t));
    TD_TRY(td_limits_check(p->sig->inputs[i].alias, &t.shape));
    if (t.dtype == TD_STRING) return td_npy_parse(bytes, size, &p->inputs[i]);
    TD_TRY(place(&t, p->arena));
    p->inputs[i] = t;
    return NULL;
}
