/* SPDX-License-Identifier: Apache-2.0 */
/* schema.c -- what a TFLite file is made of, for its verification: all that is read here, and all of the main tables. Options
 * of operators are tables of which only that is known; who reads a field of one is told if it is not there. */
#include <string.h>

#include "base/macros.h"
#include "formats/flatbuffer_verify.h"
#include "formats/tflite/tflite.h"

#define SCALAR(bytes)                                                                                        \
    {                                                                                                        \
        TD_FLAT_SCALAR, bytes, NULL                                                                          \
    }
#define VECTOR(bytes)                                                                                        \
    {                                                                                                        \
        TD_FLAT_VECTOR, bytes, NULL                                                                          \
    }
#define STRING                                                                                               \
    {                                                                                                        \
        TD_FLAT_STRING, 0, NULL                                                                              \
    }
#define TABLE(schema)                                                                                        \
    {                                                                                                        \
        TD_FLAT_TABLE, 0, schema                                                                             \
    }
#define TABLES(schema)                                                                                       \
    {                                                                                                        \
        TD_FLAT_TABLES, 0, schema                                                                            \
    }
#define UNION                                                                                                \
    {                                                                                                        \
        TD_FLAT_UNION, 0, NULL                                                                               \
    }
#define SCHEMA(t, text) static const td_flat_schema t = { text, t##_fields, TD_COUNT(t##_fields) }

static const td_flat_field code_fields[] = { SCALAR(1), STRING, SCALAR(4), SCALAR(4) };
SCHEMA(code, "OperatorCode");

static const td_flat_field dimension_fields[] = { SCALAR(1), SCALAR(4), SCALAR(1), UNION, SCALAR(1), UNION };
SCHEMA(dimension, "DimensionMetadata");

static const td_flat_field sparsity_fields[] = { VECTOR(4), VECTOR(4), TABLES(&dimension) };
SCHEMA(sparsity, "SparsityParameters");

static const td_flat_field quantization_fields[] = { VECTOR(4), VECTOR(4), VECTOR(4), VECTOR(8),
                                                     SCALAR(1), UNION,     SCALAR(4) };
SCHEMA(quantization, "QuantizationParameters");

static const td_flat_field variant_fields[] = { VECTOR(4), SCALAR(1), SCALAR(1) };
SCHEMA(variant, "VariantSubType");

static const td_flat_field tensor_fields[] = {
    VECTOR(4), SCALAR(1), SCALAR(4),        STRING,    TABLE(&quantization), SCALAR(1), TABLE(&sparsity),
    VECTOR(4), SCALAR(1), TABLES(&variant), SCALAR(4),
};
SCHEMA(tensor, "Tensor");

static const td_flat_field operator_fields[] = {
    SCALAR(4), VECTOR(4), VECTOR(4), SCALAR(1), UNION,     VECTOR(1), SCALAR(1),
    VECTOR(1), VECTOR(4), SCALAR(8), SCALAR(8), SCALAR(1), UNION,     SCALAR(4),
};
SCHEMA(operator, "Operator");

static const td_flat_field subgraph_fields[] = { TABLES(&tensor),   VECTOR(4), VECTOR(4),
                                                 TABLES(&operator), STRING,    SCALAR(4) };
SCHEMA(subgraph, "SubGraph");

static const td_flat_field buffer_fields[] = { VECTOR(1), SCALAR(8), SCALAR(8) };
SCHEMA(buffer, "Buffer");

static const td_flat_field metadata_fields[] = { STRING, SCALAR(4) };
SCHEMA(metadata, "Metadata");

static const td_flat_field map_fields[] = { STRING, SCALAR(4) };
SCHEMA(map, "TensorMap");

static const td_flat_field signature_fields[] = { TABLES(&map), TABLES(&map), STRING, { 0 }, SCALAR(4) };
SCHEMA(signature, "SignatureDef");

static const td_flat_field model_fields[] = {
    SCALAR(4),       TABLES(&code), TABLES(&subgraph), STRING,
    TABLES(&buffer), VECTOR(4),     TABLES(&metadata), TABLES(&signature),
};
SCHEMA(model, "Model");

td_status td_tfl_verify(const uint8_t *bytes, size_t size, const char *file)
{
    if (size < 8 || memcmp(bytes + 4, "TFL3", 4) != 0)
        return TD_ERR(INVALID_ARGUMENT, "%s is no TFLite file: it has no \"TFL3\" at byte 4", file);
    return td_status_prefix(td_flat_verify(bytes, size, &model), "%s: ", file);
}
