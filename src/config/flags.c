/* SPDX-License-Identifier: Apache-2.0 */
/* flags.c -- one table, made from flags.inc, and a loop over it.
 *
 * The quirks are TensorFlow's and are kept because scripts lean on them: a bool flag matches as a prefix, so
 * that "--enable_batching_x" is a wrong value "_x" of enable_batching; numbers must be the whole value.
 */
#include "config/flags.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <strings.h>

#include "base/nearest.h"

typedef enum flag_kind { KIND_BOOL, KIND_I32, KIND_I64, KIND_F32, KIND_STR } flag_kind;
typedef enum flag_state { STATE_ACTIVE, STATE_INERT, STATE_TUNES, STATE_REFUSED } flag_state;

typedef struct flag_def {
    const char *name;
    flag_kind kind;
    flag_state state;
    size_t offset; /* in td_flags */
    const char *help;
} flag_def;

static const flag_def flag_defs[] = {
#define TD_FLAG(kind, name, initial, state, help)                                                            \
    { #name, KIND_##kind, STATE_##state, offsetof(td_flags, name), help },
#include "config/flags.inc"
#undef TD_FLAG
};

static const td_flags flag_defaults = {
#define TD_FLAG(kind, name, initial, state, help) .name = initial,
#include "config/flags.inc"
#undef TD_FLAG
};

typedef enum flag_match { MATCH_NONE, MATCH_OK, MATCH_BAD_VALUE } flag_match;

/* "true", "false" in any case, or nothing. */
static bool parse_bool(const char *text, bool *out)
{
    if (*text == '\0' || !strcasecmp(text, "=true")) {
        *out = true;
        return true;
    }
    if (strcasecmp(text, "=false") != 0) return false;
    *out = false;
    return true;
}

static bool parse_int(const char *text, int64_t low, int64_t high, int64_t *out)
{
    char *end;

    errno = 0;
    const long long value = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno || value < low || value > high) return false;
    *out = value;
    return true;
}

static bool parse_float(const char *text, float *out)
{
    char *end;
    const float value = strtof(text, &end);

    if (end == text || *end != '\0') return false;
    *out = value;
    return true;
}

static bool parse_value(flag_kind kind, const char *text, void *field)
{
    int64_t value;

    switch (kind) {
    case KIND_BOOL:
        return parse_bool(text, field);
    case KIND_I32:
        if (!parse_int(text, INT32_MIN, INT32_MAX, &value)) return false;
        *(int32_t *)field = (int32_t)value;
        return true;
    case KIND_I64:
        return parse_int(text, INT64_MIN, INT64_MAX, field);
    case KIND_F32:
        return parse_float(text, field);
    case KIND_STR:
        *(const char **)field = text;
        return true;
    }
    return false;
}

static flag_match match_flag(const flag_def *def, const char *arg, td_flags *f, const char **value)
{
    const size_t name_size = strlen(def->name);

    if (strncmp(arg, "--", 2) != 0 || strncmp(arg + 2, def->name, name_size) != 0) return MATCH_NONE;
    *value = arg + 2 + name_size;
    if (def->kind != KIND_BOOL && *(*value)++ != '=') return MATCH_NONE;
    return parse_value(def->kind, *value, (char *)f + def->offset) ? MATCH_OK : MATCH_BAD_VALUE;
}

/* The flag that an unknown argument was to be: another name, one dash, or a blank for "=". */
static void guess_meant(const char *arg, td_strbuf *out)
{
    const char *names[TD_COUNT(flag_defs)];
    const size_t dashes = strspn(arg, "-");
    const td_string name = { arg + dashes, strcspn(arg + dashes, "=") };

    if (!dashes || !name.size) return;
    for (size_t i = 0; i < TD_COUNT(flag_defs); i++)
        names[i] = flag_defs[i].name;
    const char *const nearest = td_nearest(name, names, TD_COUNT(flag_defs));
    if (nearest) td_strbuf_printf(out, "%s --%s=\n", arg, nearest);
}

/* False when the value is wrong. */
static bool take_argument(td_flags *f, const char *arg, td_flags_report *report)
{
    for (size_t i = 0; i < TD_COUNT(flag_defs); i++) {
        const char *value;

        const flag_match match = match_flag(&flag_defs[i], arg, f, &value);

        f->is_said[i] |= match == MATCH_OK;
        switch (match) {
        case MATCH_NONE:
            break;
        case MATCH_OK:
            return true;
        case MATCH_BAD_VALUE:
            td_strbuf_printf(&report->errors, "Couldn't interpret value %s for flag %s.\n", value,
                             flag_defs[i].name);
            return false;
        }
    }
    if (!report->unknown.size && !strcmp(arg, "--help")) report->wants_help = true;
    td_strbuf_printf(&report->unknown, "unknown argument: %s\n", arg);
    guess_meant(arg, &report->meant);
    return true;
}

bool td_flags_parse(td_flags *f, int argc, char *const *argv, td_flags_report *report)
{
    bool is_good = true;

    *f = flag_defaults;
    *report = (td_flags_report){ 0 };
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") != 0) {
            is_good &= take_argument(f, argv[i], report);
            continue;
        }
        for (; i < argc; i++)
            td_strbuf_printf(&report->unknown, "unknown argument: %s\n", argv[i]);
    }
    return is_good && !report->wants_help;
}

void td_flags_report_fini(td_flags_report *report)
{
    td_strbuf_fini(&report->errors);
    td_strbuf_fini(&report->unknown);
    td_strbuf_fini(&report->meant);
}

bool td_flags_next_meant(const td_flags_report *report, size_t *at, td_string *argument, td_string *flag)
{
    const char *const line = td_strbuf_text(&report->meant) + *at, *const end = strchr(line, '\n');
    const char *begin = end;

    if (!end) return false;
    while (begin[-1] != ' ')
        begin--;
    *argument = (td_string){ line, (size_t)(begin - line) - 1 };
    *flag = (td_string){ begin, (size_t)(end - begin) };
    *at += (size_t)(end - line) + 1;
    return true;
}

const char *td_flags_at(size_t i, td_flag_value *value, const char **help)
{
    if (i >= TD_COUNT(flag_defs)) return NULL;
    *value = flag_defs[i].kind == KIND_BOOL  ? TD_FLAG_VALUE_BOOL
             : flag_defs[i].kind == KIND_STR ? TD_FLAG_VALUE_TEXT
                                             : TD_FLAG_VALUE_NUMBER;
    *help = flag_defs[i].help;
    return flag_defs[i].name;
}

/* "--port=8500" and the like, from a td_flags. */
static void put_setting(const flag_def *def, const td_flags *f, td_strbuf *out)
{
    const void *const field = (const char *)f + def->offset;

    switch (def->kind) {
    case KIND_BOOL:
        td_strbuf_printf(out, "--%s=%s", def->name, *(const bool *)field ? "true" : "false");
        break;
    case KIND_I32:
        td_strbuf_printf(out, "--%s=%d", def->name, (int)*(const int32_t *)field);
        break;
    case KIND_I64:
        td_strbuf_printf(out, "--%s=%lld", def->name, (long long)*(const int64_t *)field);
        break;
    case KIND_F32:
        td_strbuf_printf(out, "--%s=%f", def->name, (double)*(const float *)field);
        break;
    case KIND_STR:
        td_strbuf_printf(out, "--%s=\"%s\"", def->name, *(const char *const *)field);
        break;
    }
}

static const char *state_note(flag_state state)
{
    switch (state) {
    case STATE_REFUSED:
        return " [not built yet: refused]";
    case STATE_TUNES:
        return " [accepted, no effect yet]";
    case STATE_INERT:
        return " [accepted, nothing to do]";
    case STATE_ACTIVE:
        break;
    }
    return "";
}

void td_flags_usage(const char *name, td_strbuf *out)
{
    static const char *const types[] = { "bool", "int32", "int64", "float", "string" };

    td_strbuf_printf(out, "usage: %s\nFlags:\n", name);
    for (size_t i = 0; i < TD_COUNT(flag_defs); i++) {
        const flag_def *const def = &flag_defs[i];
        td_strbuf setting = { 0 };

        put_setting(def, &flag_defaults, &setting);
        td_strbuf_printf(out, "\t%-33s\t%s\t%s%s\n", td_strbuf_text(&setting), types[def->kind], def->help,
                         state_note(def->state));
        td_strbuf_fini(&setting);
    }
}

static bool is_default(const flag_def *def, const td_flags *f)
{
    td_strbuf now = { 0 }, initial = { 0 };

    put_setting(def, f, &now);
    put_setting(def, &flag_defaults, &initial);
    const bool is_same = strcmp(now.data, initial.data) == 0;
    td_strbuf_fini(&now);
    td_strbuf_fini(&initial);
    return is_same;
}

td_status td_flags_check(const td_flags *f)
{
    for (size_t i = 0; i < TD_COUNT(flag_defs); i++)
        if (flag_defs[i].state == STATE_REFUSED && !is_default(&flag_defs[i], f))
            return TD_ERR(
                UNIMPLEMENTED,
                "--%s is not built yet (%s), and to serve as if it were not there would be unsafe or "
                "wrong. Leave it out to serve without it",
                flag_defs[i].name, flag_defs[i].help);
    return NULL;
}

const char *td_flags_next_idle(const td_flags *f, size_t *at, const char **help)
{
    for (; *at < TD_COUNT(flag_defs); ++*at) {
        const flag_def *const def = &flag_defs[*at];

        if (def->state != STATE_TUNES || is_default(def, f)) continue;
        ++*at;
        *help = def->help;
        return def->name;
    }
    return NULL;
}
