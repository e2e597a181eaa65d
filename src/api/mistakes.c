/* SPDX-License-Identifier: Apache-2.0 */
/* mistakes.c -- lists and comparisons for error texts. Nothing here runs unless something went wrong. */
#include "api/mistakes.h"

#include "base/nearest.h"

enum {
    EXPLAINED = 3,
    BASE64_LEAST = 16
}; /* inputs that are named; shorter words are no base64 to speak of */

void td_list_aliases(td_string wanted, const td_tensor_info *infos, size_t n, td_strbuf *out)
{
    td_arena *const arena = td_arena_make();
    const char **const names = TD_ARENA_NEW_N(arena, const char *, n);

    for (size_t i = 0; i < n; i++)
        names[i] = infos[i].alias;
    td_nearest_list(wanted, names, n, out);
    td_arena_free(arena);
}

void td_list_signatures(td_string wanted, const td_session *s, td_strbuf *out)
{
    static const char hidden[] = "__saved_model";
    td_arena *const arena = td_arena_make();
    size_t count, n = 0;
    const td_signature *const list = td_session_signatures(s, &count);
    const char **const names = TD_ARENA_NEW_N(arena, const char *, count);

    for (size_t i = 0; i < count; i++)
        if (strncmp(list[i].name, hidden, sizeof hidden - 1) != 0) names[n++] = list[i].name;
    td_nearest_list(wanted, names, n, out);
    td_arena_free(arena);
}

void td_describe_input(const td_tensor_info *info, td_strbuf *out)
{
    char text[TD_SHAPE_TEXT];

    td_strbuf_printf(out, "input %.200s (%s", info->alias, td_dtype_name(info->dtype));
    if (info->shape.rank >= 0) td_strbuf_printf(out, " %s", td_shape_text(&info->shape, text, sizeof text));
    td_strbuf_putc(out, ')');
}

static bool agrees(const td_shape *declared, const td_shape *given)
{
    if (declared->rank < 0) return true;
    if (declared->rank != given->rank) return false;
    for (int32_t i = 0; i < given->rank; i++)
        if (declared->dims[i] >= 0 && declared->dims[i] != given->dims[i]) return false;
    return true;
}

static bool looks_like_base64(const td_tensor *t)
{
    if (t->dtype != TD_STRING || td_shape_count(&t->shape) < 1) return false;
    const td_string s = *(const td_string *)t->data;

    if (s.size < BASE64_LEAST || s.size % 4) return false;
    const size_t padding = s.data[s.size - 1] != '=' ? 0 : s.data[s.size - 2] != '=' ? 1 : 2;
    bool has_mixed_case = false;

    for (size_t i = 0; i < s.size - padding; i++) {
        const char c = s.data[i];
        const bool is_lower = c >= 'a' && c <= 'z', is_upper = c >= 'A' && c <= 'Z';

        if (!is_lower && !is_upper && !(c >= '0' && c <= '9') && c != '+' && c != '/') return false;
        has_mixed_case |= i && is_upper && s.data[i - 1] >= 'a' && s.data[i - 1] <= 'z';
    }
    return has_mixed_case;
}

static bool explain_input(const td_tensor_info *info, const td_tensor *given, td_strbuf *out)
{
    char text[TD_SHAPE_TEXT];

    if (given->dtype == TD_DTYPE_NONE) return false;
    if (!agrees(&info->shape, &given->shape)) {
        td_strbuf_puts(out, "\nThe signature declares ");
        td_describe_input(info, out);
        td_strbuf_printf(out, "; the shape sent is %s.", td_shape_text(&given->shape, text, sizeof text));
        return true;
    }
    if (!looks_like_base64(given)) return false;
    td_strbuf_printf(
        out,
        "\nThe value of input %.200s looks like base64 text: JSON wants it as {\"b64\": \"...\"}, "
        "gRPC as the bytes themselves.",
        info->alias);
    return true;
}

td_status td_explain_run(const td_predict *p, td_status error)
{
    td_strbuf more = { 0 };
    int left = EXPLAINED;

    if (td_status_code(error) != TD_INVALID_ARGUMENT) return error;
    for (size_t i = 0; i < p->sig->n_inputs && left; i++)
        left -= explain_input(&p->sig->inputs[i], &p->inputs[i], &more);
    if (more.size) error = td_status_suffix(error, "%s", td_strbuf_text(&more));
    td_strbuf_fini(&more);
    return error;
}
