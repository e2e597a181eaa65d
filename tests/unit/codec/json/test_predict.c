/* SPDX-License-Identifier: Apache-2.0 */
/* test_predict.c -- bodies of :predict: what is taken and what it becomes, what is refused and how. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdatomic.h>
#include <string.h>

#include <cmocka.h>

#include "assert_status.h"
#include "codec/json/predict.h"
#include "exec/memory.h"
#include "serve/table.h"

/* ---------------------------------------------------------------- a session that answers its input */

enum { MAX_INPUTS = 2 };

static td_tensor_info infos[MAX_INPUTS];
static td_signature today;

struct td_result {
    td_tensor outputs[MAX_INPUTS];
};

const td_signature *td_session_find_signature(const td_session *s, const char *name)
{
    (void)s;
    return strcmp(name, "serving_default") && strcmp(name, "other") ? NULL : &today;
}

const td_signature *td_session_signatures(const td_session *s, size_t *count)
{
    (void)s;
    *count = 1;
    return &today;
}

static atomic_int fake_session_refs; /* held beyond a request */

td_session *td_session_ref(td_session *s)
{
    fake_session_refs++;
    return s;
}

void td_session_unref(td_session *s)
{
    (void)s;
    fake_session_refs--;
}

td_account *td_session_account(td_session *s)
{
    (void)s;
    return NULL;
}

td_status td_session_run(td_session *s, const td_signature *sig, const td_tensor *in, const size_t *want,
                         size_t n_want, const td_run_options *opts, td_result **out)
{
    td_result *const r = calloc(1, sizeof *r);

    (void)s;
    (void)sig;
    (void)opts;
    for (size_t i = 0; i < n_want; i++)
        r->outputs[i] = in[want[i]];
    *out = r;
    return NULL;
}

int64_t td_session_expect(const td_session *s, const td_signature *sig, const td_tensor *in)
{
    (void)s;
    (void)sig;
    (void)in;
    return 0;
}

const td_tensor *td_result_outputs(const td_result *r)
{
    return r->outputs;
}

void td_result_free(td_result *r)
{
    free(r);
}

/* Nothing is joined here. */
bool td_session_is_batchable(const td_session *s, const td_signature *sig, const char **why_not)
{
    (void)s, (void)sig, (void)why_not;
    return false;
}

td_status td_result_rows(const td_result *r, size_t first, size_t n, td_tensor *out)
{
    (void)r, (void)first, (void)n, (void)out;
    return TD_ERR(INTERNAL, "no rows");
}

static void sign_one(td_dtype dtype, const char *alias)
{
    infos[0] = (td_tensor_info){ .alias = alias, .dtype = dtype };
    today = (td_signature){ "serving_default", "", infos, infos, 1, 1 };
}

static void sign_two(void)
{
    infos[0] = (td_tensor_info){ .alias = "a", .dtype = TD_F32 };
    infos[1] = (td_tensor_info){ .alias = "b", .dtype = TD_I64 };
    today = (td_signature){ "serving_default", "", infos, infos, 2, 2 };
}

/* ---------------------------------------------------------------- the way of a request */

static td_status try_fill(td_json_predict *r, td_arena *arena, td_predict *p)
{
    td_servable *const servable = td_servable_make("m", 1, NULL, td_servable_free, NULL);

    TD_TRY(td_predict_open(servable, r->signature, TD_WORDING_REST, arena, p));
    return td_json_predict_fill(r, p);
}

static td_status fill(td_json_predict *r, const char *text, size_t size, td_arena *arena, td_predict *p)
{
    td_status error = td_json_predict_open(text, size, arena, r);

    if (!error) error = try_fill(r, arena, p);
    if (!error) return NULL;
    td_status_free(error);
    td_predict_close(p);
    TD_TRY(td_json_predict_survey(r));
    return try_fill(r, arena, p);
}

static td_status answer(const char *body, td_arena *arena, td_json_out *out)
{
    const size_t size = strlen(body);
    char *const text = calloc(1, size + TD_JSON_PAD);
    td_predict p = { 0 };
    td_json_predict r;

    memcpy(text, body, size);
    td_status error = fill(&r, text, size, arena, &p);

    if (!error) error = td_predict_run(&p, 0);
    if (!error) error = td_json_predict_put(&r, &p, out);
    td_predict_close(&p);
    free(text);
    return error;
}

/* White space between tokens is left out of what is compared. */
static void assert_answer(const char *body, const char *want)
{
    td_arena *const arena = td_arena_make();
    td_json_out out = { 0 };
    char got[512];
    size_t n = 0;

    assert_ok(answer(body, arena, &out));
    for (size_t i = 0; i < out.size && n + 1 < sizeof got; i++)
        if (out.data[i] != ' ' && out.data[i] != '\n') got[n++] = out.data[i];
    got[n] = '\0';
    assert_string_equal(got, want);
    td_json_out_fini(&out);
    td_arena_free(arena);
}

static void assert_error(const char *body, td_code code, const char *want)
{
    td_arena *const arena = td_arena_make();
    td_json_out out = { 0 };

    assert_status_begins(answer(body, arena, &out), code, want);
    td_json_out_fini(&out);
    td_arena_free(arena);
}

#define REFUSED(body, text) assert_error(body, TD_INVALID_ARGUMENT, text)
#define ROW(n)              "Failed to process element: " #n " of 'instances' list. Error: INVALID_ARGUMENT: "

/* ---------------------------------------------------------------- taken */

static void test_forms(void **state)
{
    (void)state;
    sign_one(TD_F32, "x");
    assert_answer("{\"instances\": [1, 2.5]}", "{\"predictions\":[1.0,2.5]}");
    assert_answer("{\"instances\": [{\"x\": [1]}, {\"x\": [2]}]}", "{\"predictions\":[[1.0],[2.0]]}");
    assert_answer("{\"inputs\": 3}", "{\"outputs\":3.0}");
    assert_answer("{\"inputs\": []}", "{\"outputs\":[]}");
    assert_answer("{\"inputs\": [[], []]}", "{\"outputs\":[[],[]]}");
    assert_answer("{\"inputs\": {\"y\": 1, \"x\": [[1, 2], [3, 4]], \"x\": 9}}",
                  "{\"outputs\":[[1.0,2.0],[3.0,4.0]]}");
    assert_answer("{\"\\u0069nputs\":[[[1]]],\"k\":[{},\"]\"]} tail", "{\"outputs\":[[[1.0]]]}");
    assert_answer("{\"instances\":[1],\"signature_name\":\"other\"}", "{\"predictions\":[1.0]}");
    assert_answer("{\"signature_name\":\"other\",\"instances\":[1]}", "{\"predictions\":[1.0]}");
    assert_answer("\xef\xbb\xbf\t{\"instances\":[1]}", "{\"predictions\":[1.0]}");
    sign_two();
    assert_answer("{\"instances\":[{\"a\":1,\"b\":2},{\"b\":3,\"a\":4}]}",
                  "{\"predictions\":[{\"a\":1.0,\"b\":2},{\"a\":4.0,\"b\":3}]}");
    assert_answer("{\"inputs\":{\"b\":[[7]],\"a\":8}}", "{\"outputs\":{\"a\":8.0,\"b\":[[7]]}}");
}

/* Signatures without inputs, which TensorFlow Serving cannot be asked for over REST. */
static void test_no_inputs(void **state)
{
#define NO_INPUTS(name) "Failed to get input map for signature: " name
    (void)state;
    today = (td_signature){ "serving_default", "", infos, infos, 0, 0 };
    assert_answer("{\"inputs\": {}}", "{\"outputs\":{}}");
    assert_answer("{\"inputs\":{ } , \"signature_name\": \"other\"}", "{\"outputs\":{}}");
    assert_answer("{\"inputs\": {\"y\": [1]}}", "{\"outputs\":{}}"); /* not asked for */
    REFUSED("{\"inputs\": []}", NO_INPUTS("DEFAULT. It has no inputs: write {\"inputs\": {}}."));
    REFUSED("{\"inputs\": {\"b64\": \"\"}, \"instances\": []}", "JSON Value: ");
    REFUSED("{\"instances\": [{}]}", NO_INPUTS("DEFAULT"));
    REFUSED("{\"signature_name\": \"other\", \"instances\": [1]}", NO_INPUTS("other"));
    REFUSED("{\"instances\": []}", NO_INPUTS("DEFAULT"));
    REFUSED("{\"inputs\": 1}", NO_INPUTS("DEFAULT"));
    REFUSED("{\"inputs\": {}", "JSON Parse error: ");
    sign_one(TD_F32, "x");
    REFUSED("{\"inputs\": {}}", "Missing");
}

/* Lists that are read in one go, with what is unusual between them; and lists that do not fit among them. */
static void test_runs(void **state)
{
#define TAIL ",\"pad\":\"so that the last numbers are not near the end of the text\"}"
    (void)state;
    sign_one(TD_F32, "x");
    assert_answer("{\"inputs\":[[1.5, -2.25, 3.5], [4.5,5.5,6.5],\n[7, 8.5e0, -0.5],[ 9.5 ,1.5,2.5], "
                  "[3.5,4.5,5.5]]" TAIL,
                  "{\"outputs\":[[1.5,-2.25,3.5],[4.5,5.5,6.5],[7.0,8.5,-0.5],[9.5,1.5,2.5],[3.5,4.5,5.5]]}");
    assert_answer("{\"inputs\":[[[1.5], [2.5]], [[3.5], [4.5]], [[5.5],[NaN]]]" TAIL,
                  "{\"outputs\":[[[1.5],[2.5]],[[3.5],[4.5]],[[5.5],[NaN]]]}");
    REFUSED("{\"inputs\":[[1.5,2.5],[3.5,4.5],[5.5],[6.5,7.5]]" TAIL,
            "Encountered list at unexpected size: 1 at level: 1 expected size: 2");
    REFUSED("{\"inputs\":[[1.5,2.5],[3.5,4.5],[5.5,6.5,7.5],[6.5,7.5]]" TAIL,
            "Encountered list at unexpected size: 3 at level: 1 expected size: 2");
    REFUSED("{\"inputs\":[[[1.5],[2.5]],[[3.5]],[[4.5],[5.5]]]" TAIL,
            "Encountered list at unexpected size: 1 at level: 1 expected size: 2");
    REFUSED("{\"inputs\":[[1.5,2.5],[3.5,4.5],[]]" TAIL,
            "Encountered list at unexpected size: 0 at level: 1 expected size: 2");
    REFUSED("{\"inputs\":[[1.5,2.5],[3.5,4.5],[5.5,]]" TAIL,
            "JSON Parse error: Invalid value. at offset: 36");
    REFUSED("{\"inputs\":[[1.5,2.5],[3.5,4.5][5.5,6.5]]" TAIL,
            "JSON Parse error: Missing a comma or ']' after an array element. at offset: 30");
#undef TAIL
}

static void test_types(void **state)
{
    (void)state;
    sign_one(TD_F32, "x");
    assert_answer("{\"inputs\":[NaN,Infinity,-Infinity,Inf,-Inf,1e39,1e-60,-0.0]}",
                  "{\"outputs\":[NaN,Infinity,-Infinity,Infinity,-Infinity,Infinity,0.0,-0.0]}");
    sign_one(TD_F64, "x");
    assert_answer("{\"inputs\":[0.1,1e308,5e-324]}", "{\"outputs\":[0.1,1e+308,5e-324]}");
    sign_one(TD_F16, "x");
    assert_answer("{\"inputs\":[0.1,-2,65519.99,65520,NaN,-Infinity,6e-8,1.00048828125,1.00048828125001]}",
                  "{\"outputs\":[0.1,-2.0,65504.0,Infinity,NaN,-Infinity,6e-08,1.0,1.001]}");
    sign_one(TD_BF16, "x");
    assert_answer("{\"inputs\":[[0.1,3.39e38],[1.00390625,257]]}",
                  "{\"outputs\":[[0.1,3.39e+38],[1.0,256.0]]}");
    sign_one(TD_I64, "x");
    assert_answer("{\"inputs\":[-9223372036854775808,9007199254740993]}",
                  "{\"outputs\":[-9223372036854775808,9007199254740993]}");
    sign_one(TD_U64, "x");
    assert_answer("{\"inputs\":[18446744073709551615]}", "{\"outputs\":[18446744073709551615]}");
    sign_one(TD_U8, "x");
    assert_answer("{\"inputs\":[300,255,0]}", "{\"outputs\":[44,255,0]}");
    sign_one(TD_BOOL, "x");
    assert_answer("{\"inputs\":[true,false]}", "{\"outputs\":[true,false]}");
    sign_one(TD_STRING, "x");
    assert_answer("{\"inputs\":[\"a/\\u00e9\\ud83d\\ude00\\\"\\n\",{\"b64\":\"aGk=\"},{\"b64\":\"aGk\"}]}",
                  "{\"outputs\":[\"a/\xc3\xa9\xf0\x9f\x98\x80\\\"\\n\",\"hi\",\"hi\"]}");
    /* no UTF-8: a byte of none, a surrogate, a slash in two bytes, half a character */
    assert_answer("{\"inputs\":[{\"b64\":\"AP8=\"},\"\\u00ff\",{\"b64\":\"7aCA\"},{\"b64\":\"wK8=\"},{"
                  "\"b64\":\"YcM=\"}]}",
                  "{\"outputs\":[{\"b64\":\"AP8=\"},\"\xc3\xbf\",{\"b64\":\"7aCA\"},{\"b64\":\"wK8=\"},{"
                  "\"b64\":\"YcM=\"}]}");
    assert_answer("{\"inputs\":[{\"b64\":\"-_-_\"},{\"b64\":\"+/-_\"}]}",
                  "{\"outputs\":[{\"b64\":\"+/+/\"},{\"b64\":\"+/+/\"}]}");
    sign_one(TD_STRING, "x_bytes");
    assert_answer("{\"instances\":[\"hi\",{\"b64\":\"AP8=\"}]}",
                  "{\"predictions\":[{\"b64\":\"aGk=\"},{\"b64\":\"AP8=\"}]}");
}

/* ---------------------------------------------------------------- refused */

static void test_syntax(void **state)
{
    static const struct {
        const char *body, *text;
    } cases[] = {
        { " ", "The document is empty. at offset: 1" },
        { "]", "The document is empty. at offset: 0" },
        { "nul", "Invalid value. at offset: 3" },
        { "{,}", "Missing a name for object member. at offset: 1" },
        { "{\"a\" 1}", "Missing a colon after a name of object member. at offset: 5" },
        { "{\"a\": 1 2}", "Missing a comma or '}' after an object member. at offset: 8" },
        { "[1 2]", "Missing a comma or ']' after an array element. at offset: 3" },
        { "{\"inputs\": [1,]}", "Invalid value. at offset: 14" },
        { "{\"inputs\": [01]}", "Missing a comma or ']' after an array element. at offset: 13" },
        { "{\"inputs\": [1.]}", "Miss fraction part in number. at offset: 14" },
        { "{\"inputs\": [1e]}", "Miss exponent in number. at offset: 14" },
        { "{\"inputs\": [1e999]}", "Number too big to be stored in double. at offset: 12" },
        { "{\"inputs\": [nan]}", "Invalid value. at offset: 13" },
        { "{\"inputs\": \"x", "Missing a closing quotation mark in string. at offset: 13" },
        { "{\"inputs\": \"\\x\"}", "Invalid escape character in string. at offset: 12" },
        { "{\"inputs\": \"\\u12g4\"}", "Incorrect hex digit after \\u escape in string. at offset: 12" },
        { "{\"inputs\": \"\\ud800\"}", "The surrogate pair in string is invalid. at offset: 12" },
        { "{\"inputs\": [\"x\"], \"a\": }", "Invalid value. at offset: 23" }, /* before a wrong type */
    };
    char want[128];

    (void)state;
    sign_one(TD_F32, "x");
    REFUSED("", "JSON Parse error: The document is empty");
    for (size_t i = 0; i < TD_COUNT(cases); i++) {
        snprintf(want, sizeof want, "JSON Parse error: %s", cases[i].text);
        REFUSED(cases[i].body, want);
    }
}

static void test_form_errors(void **state)
{
    (void)state;
    sign_one(TD_F32, "x");
    REFUSED("[1, 2]", "JSON Value: [\n    1,\n    2\n] Is not object");
    REFUSED("{}", "Missing 'inputs' or 'instances' key");
    REFUSED("{\"inputs\":1,\"instances\":[1]}",
            "JSON Value: {\n    \"inputs\": 1,\n    \"instances\": [\n        1\n    ]\n} Not formatted "
            "correctly "
            "expecting only one of 'inputs' or 'instances' keys to exist ");
    REFUSED("{\"instances\":1}", "JSON Value: 1 Expecting 'instances' to be an list/array");
    REFUSED("{\"instances\":[]}", "No values in 'instances' array");
    REFUSED("{\"signature_name\":1,\"instances\":[1]}",
            "JSON Value: 1 not formatted correctly. 'signature_name' key must be a string value.");
    REFUSED("{\"instances\":[1],\"signature_name\":\"foo\"}",
            "Serving signature name: \"foo\" not found in signature def");
    sign_two();
    REFUSED("{\"instances\":[1]}",
            "instances is a plain list, but expecting list of objects as multiple input "
            "tensors required as per tensorinfo_map");
    REFUSED("{\"inputs\":[1]}",
            "inputs is a plain value/list, but expecting an object as multiple input tensors "
            "required as per tensorinfo_map");
    REFUSED("{\"inputs\":{\"a\":1}}", "Missing named input: b in 'inputs' object.");
    REFUSED("{\"instances\":[{\"a\":1,\"b\":2,\"foo\":3}]}",
            "Failed to process element: 0 key: foo of 'instances' list. Error: INVALID_ARGUMENT: JSON "
            "object: does "
            "not have named input: foo");
    REFUSED("{\"instances\":[{\"a\":1}]}",
            "Failed to process element: 0 of 'instances' list. JSON object: {\n    "
            "\"a\": 1\n} keys must be equal to: a,b");
    REFUSED("{\"instances\":[{\"a\":1,\"b\":2},3]}", "Expecting object but got list at item 1 of input list");
}

/* What follows TensorFlow Serving's own words. */
static void assert_advice(const char *body, const char *want)
{
    td_arena *const arena = td_arena_make();
    td_json_out out = { 0 };

    assert_status_like(answer(body, arena, &out), TD_INVALID_ARGUMENT, want);
    td_json_out_fini(&out);
    td_arena_free(arena);
}

static void test_advice(void **state)
{
    (void)state;
    sign_one(TD_F32, "x");
    infos[0].shape = (td_shape){ 2, { -1, 2 } };
    assert_advice("{\"instance\":[1],\"b\":2}",
                  "key. The body has: instance, b. Write {\"instances\": [row, ...]} or {\"inputs\": ...}.");
    assert_advice("{}", "The body has: none.");
    assert_advice("{\"1\":1,\"2\":1,\"3\":1,\"4\":1,\"5\":1,\"6\":1,\"7\":1,\"8\":1,\"9\":1}",
                  "The body has: 1, 2, 3, 4, 5, 6, 7, 8 and more.");
    assert_advice("{\"inputs\":[[1,2],[3]]}",
                  "expected size: 2. All lists of one level must be equally long. The "
                  "signature declares input x (float [?,2]).");
    assert_advice("{\"inputs\":[\"1\"]}",
                  "float. Numbers are written without quotes. The signature declares input x");
    assert_advice("{\"instances\":[{\"b64\":\"AAAA\"}]}",
                  "float. {\"b64\": ...} is for inputs of type string. The ");
    assert_advice("{\"instances\":[null]}",
                  "of expected type: float. The signature declares input x (float [?,2]).");
    assert_advice("{\"instances\":[{\"y\":1}]}", "does not have named input: y. The inputs are: x.");
    assert_advice("{\"inputs\":{\"X\":1,\"z\":2}}", "in 'inputs' object. It has: X, z. The inputs are: x.");
    assert_advice("{\"instances\":[1],\"signature_name\":\"othr\"}",
                  "The model's signatures: serving_default.");
    sign_one(TD_I32, "x");
    assert_advice("{\"inputs\":[1.0]}",
                  "int32. It takes whole numbers within its range, written without a point. ");
    sign_one(TD_STRING, "x");
    assert_advice("{\"inputs\":{\"x\":{\"b64\":\"A-.A\"}}}",
                  "decode. The alphabet is the standard one, or that of URLs. The ");
    assert_advice("{\"inputs\":{\"x\":{\"b46\":\"AAAA\"}}}",
                  "It is an object of one key: {\"b64\": \"...\"}. The ");
    sign_two();
    assert_advice("{\"instances\":[1]}", "tensorinfo_map. The inputs are: a, b.");
    assert_advice("{\"inputs\":1}", "tensorinfo_map. The inputs are: a, b.");
    assert_advice("{\"inputs\":{\"a\":1}}", "It has: a. The inputs are: b, a.");
}

static void test_value_errors(void **state)
{
    (void)state;
    sign_one(TD_F32, "x");
    REFUSED("{\"inputs\":[null]}", "JSON Value: null Type: Null is not of expected type: float");
    REFUSED("{\"inputs\":{\"x\":true}}", "JSON Value: true Type: True is not of expected type: float");
    REFUSED("{\"instances\":[\"x\"]}",
            ROW(0) "JSON Value: \"x\" Type: String is not of expected type: float");
    REFUSED("{\"instances\":[[1,2],[1,2,3]]}", ROW(1) "Expecting tensor size: 2 but got: 3");
    REFUSED("{\"instances\":[[1],[[1]]]}", ROW(1) "Expecting shape [1] but got: [1,1]");
    REFUSED("{\"instances\":[1,{\"x\":1}]}", "Expecting value/list but got object at item 1 of input list");
    REFUSED("{\"inputs\":[[1,2],[1]]}",
            "Encountered list at unexpected size: 1 at level: 1 expected size: 2");
    REFUSED("{\"inputs\":[[1],1]}",
            "JSON Value: 1 found at incorrect level: 2 in the JSON DOM. Expected at level: 2");
    REFUSED("{\"inputs\":[1,[1]]}", "Encountered list at unexpected level: 1 expected < 1");
    REFUSED("{\"inputs\":[[[[[[[[[[[[[1]]]]]]]]]]]]]}", "Lists are nested more than 12 deep");
    sign_one(TD_I32, "x");
    REFUSED("{\"inputs\":[1.0]}", "JSON Value: 1.0 Type: Number is not of expected type: int32");
    REFUSED("{\"inputs\":[2147483648]}",
            "JSON Value: 2147483648 Type: Number is not of expected type: int32");
    sign_one(TD_U64, "x");
    REFUSED("{\"inputs\":[-1]}", "JSON Value: -1 Type: Number is not of expected type: uint64");
    sign_one(TD_STRING, "x");
    REFUSED("{\"inputs\":[1]}", "JSON Value: 1 Type: Number is not of expected type: string");
    REFUSED("{\"inputs\":[{\"b64\":\"a-.=\"}]}", "Unable to base64 decode");
    REFUSED("{\"inputs\":[{\"b64\":1}]}",
            "JSON Value: {\n    \"b64\": 1\n} not formatted correctly for base64 data");
    sign_one(TD_F16, "x");
    REFUSED("{\"inputs\":[true]}", "JSON Value: true Type: True is not of expected type: half");
    sign_one(TD_C64, "x");
    assert_error("{\"inputs\":[1]}", TD_UNIMPLEMENTED, "Conversion of JSON Value: 1 to type: complex64");
    REFUSED("{\"instances\":[1]}", "Failed to process element: 0 of 'instances' list. Error: UNIMPLEMENTED: "
                                   "Conversion of JSON Value: 1 to type: complex64");
}

static void test_texts_are_cut(void **state)
{
    char body[1024] = "{\"inputs\":[\"", want[512] = "JSON Value: ";

    (void)state;
    sign_one(TD_F32, "x");
    memset(body + strlen(body), 'y', 600);
    strcat(body, "\"]}");
    strcat(want, "\"");
    memset(want + strlen(want), 'y', 255);
    strcat(want, " Type: String is not of expected type: float");
    REFUSED(body, want);
}

static void test_rows_of_answers(void **state)
{
    (void)state;
    sign_two(); /* the session answers inputs, whatever their shapes */
    REFUSED("{\"instances\":[{\"a\":[],\"b\":1}], \"inputs\": 1}",
            "JSON Value: {\n    \"instances\": [\n        {\n            \"a\": [],\n            \"b\": 1\n  "
            "      "
            "}\n    ],\n    \"inputs\": 1\n} Not formatted correctly expecting only one of 'inputs' or "
            "'instances' "
            "keys to exist ");
    assert_answer("{\"instances\":[{\"a\":[],\"b\":1}]}", "{\"predictions\":[{\"a\":[],\"b\":1}]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_advice),        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_no_inputs),     cmocka_unit_test(test_runs),
        cmocka_unit_test(test_types),         cmocka_unit_test(test_syntax),
        cmocka_unit_test(test_form_errors),   cmocka_unit_test(test_value_errors),
        cmocka_unit_test(test_texts_are_cut), cmocka_unit_test(test_rows_of_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
