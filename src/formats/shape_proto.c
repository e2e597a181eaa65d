/* SPDX-License-Identifier: Apache-2.0 */
/* shape_proto.c -- TensorShapeProto { Dim { size = 1; name = 2 } dim = 2; unknown_rank = 3 }. */
#include "formats/shape_proto.h"

#include <inttypes.h>

enum { SHAPE_DIM = 2, SHAPE_UNKNOWN_RANK = 3, DIM_SIZE = 1, DIM_NAME = 2 };

static td_status read_dim(const td_wire_field *message, int64_t *out)
{
    td_wire w = td_wire_inside(message);
    int64_t dim = 0;

    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, DIM_SIZE, TD_WIRE_VARINT)) dim = (int64_t)f.value;
    if (w.bad) return TD_ERR(INVALID_ARGUMENT, "damaged shape");
    if (dim < -1) return TD_ERR(INVALID_ARGUMENT, "Shape has a dimension of size %" PRId64, dim);
    *out = dim;
    return NULL;
}

td_status td_shape_proto_read(const uint8_t *bytes, size_t size, td_shape *out)
{
    td_wire w = td_wire_of(bytes, size);
    td_shape shape = *out;
    bool is_unknown = shape.rank < 0;

    if (is_unknown) shape.rank = 0;
    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (td_wire_is(&f, SHAPE_UNKNOWN_RANK, TD_WIRE_VARINT)) is_unknown = f.value != 0;
        if (!td_wire_is(&f, SHAPE_DIM, TD_WIRE_BYTES)) continue;
        if (shape.rank == TD_MAX_RANK)
            return TD_ERR(INVALID_ARGUMENT, "Shape has more than %d dimensions", TD_MAX_RANK);
        TD_TRY(read_dim(&f, &shape.dims[shape.rank]));
        shape.rank++;
    }
    if (w.bad) return TD_ERR(INVALID_ARGUMENT, "damaged shape");
    if (is_unknown) shape.rank = -1;
    if (td_shape_is_known(&shape)) TD_TRY(td_shape_check(&shape));
    *out = shape;
    return NULL;
}

const char *const *td_shape_proto_names(const uint8_t *bytes, size_t size, td_arena *arena)
{
    const char **names = NULL;
    td_wire w = td_wire_of(bytes, size);
    int rank = 0;

    for (td_wire_field f; td_wire_next(&w, &f) && rank < TD_MAX_RANK;) {
        if (!td_wire_is(&f, SHAPE_DIM, TD_WIRE_BYTES)) continue;
        td_wire dim = td_wire_inside(&f);
        for (td_wire_field d; td_wire_next(&dim, &d);) {
            if (!td_wire_is(&d, DIM_NAME, TD_WIRE_BYTES) || !d.size) continue;
            if (!names) {
                names = TD_ARENA_NEW_N(arena, const char *, TD_MAX_RANK);
                for (int i = 0; i < TD_MAX_RANK; i++)
                    names[i] = "";
            }
            names[rank] = td_arena_strndup(arena, (const char *)d.data, d.size);
        }
        rank++;
    }
    return names;
}
