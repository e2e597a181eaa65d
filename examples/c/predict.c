/* SPDX-License-Identifier: Apache-2.0 */
/* predict.c -- a program that runs a model itself, without a server:
 *
 *     cc predict.c $(pkg-config --cflags --libs tensord) -o predict
 *     ./predict models/half_plus_two/1 1 2 5
 *
 * prints 2.5, 3 and 4.5, each on its line. The model's default signature has to have one input of floats, one dimension,
 * and its first output is printed.
 */
#include <stdio.h>
#include <stdlib.h>

#include <tensord/session.h>

/* A vector of the numbers in words. */
static td_status make_input(char **words, int n, td_tensor *out)
{
    td_shape shape;

    TD_TRY(td_shape_make(1, (const int64_t[]){ n }, &shape));
    TD_TRY(td_tensor_make(TD_F32, &shape, out));
    for (int i = 0; i < n; i++)
        ((float *)out->data)[i] = strtof(words[i], NULL);
    return NULL;
}

static td_status print_first(const td_result *result)
{
    const td_tensor *const y = td_result_outputs(result);

    if (y->dtype != TD_F32) return TD_ERR(INVALID_ARGUMENT, "the output is no float");
    for (int64_t i = 0; i < td_shape_count(&y->shape); i++)
        printf("%g\n", (double)((const float *)y->data)[i]);
    return NULL;
}

static td_status run(td_session *session, char **words, int n)
{
    const td_signature *const signature = td_session_find_signature(session, "serving_default");
    td_tensor input;
    td_result *result;

    if (!signature || signature->n_inputs != 1)
        return TD_ERR(INVALID_ARGUMENT, "there is no signature serving_default with one input");
    TD_TRY(make_input(words, n, &input));
    td_status error = td_session_run(session, signature, &input, (const size_t[]){ 0 }, 1, NULL, &result);
    if (!error) {
        error = print_first(result);
        td_result_free(result);
    }
    td_tensor_unref(&input);
    return error;
}

int main(int argc, char **argv)
{
    td_session *session;

    if (argc < 3) {
        fputs("usage: predict MODEL_DIR NUMBER...\n", stderr);
        return 2;
    }
    td_status error = td_session_load(argv[1], NULL, &session);
    if (!error) {
        error = run(session, argv + 2, argc - 2);
        td_session_unref(session);
    }
    if (error) fprintf(stderr, "%s: %s\n", td_code_name(td_status_code(error)), td_status_text(error));
    const int code = error ? 1 : 0;

    td_status_free(error);
    return code;
}
