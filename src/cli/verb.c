/* SPDX-License-Identifier: Apache-2.0 */
/* verb.c -- the small grammar of the small verbs. */
#include "cli/verb.h"

#include <string.h>

#include "base/mem.h"
#include "base/nearest.h"
#include "config/flags.h"

typedef struct reader {
    const td_verb *verb;
    char *const *argv;
    int argc, at; /* at: the word in hand */
    char *out;
} reader;

static bool add_word(reader *r, size_t offset, const char *word)
{
    td_words *const words = (td_words *)(void *)(r->out + offset);

    if (words->n == TD_WORDS) {
        fprintf(stderr, "tensord %s: more than %d of \"%s\"\n", r->verb->name, TD_WORDS, word);
        return false;
    }
    words->all[words->n++] = word;
    return true;
}

static const td_option *find_option(const td_verb *v, const char *name, size_t size)
{
    for (size_t i = 0; i < v->n_options; i++)
        if (strlen(v->options[i].name) == size && !memcmp(v->options[i].name, name, size))
            return &v->options[i];
    return NULL;
}

void td_verb_suggest(const char *word, const char *const *names, size_t n, const char *dashes)
{
    const char *const nearest = td_nearest((td_string){ word, strlen(word) }, names, n);

    if (nearest) fprintf(stderr, ": did you mean \"%s%s\"?", dashes, nearest);
    fputc('\n', stderr);
}

static bool say_unknown(const reader *r, const char *word)
{
    const size_t dashes = strspn(word, "-");
    const char *names[TD_WORDS];

    fprintf(stderr, "tensord %s: what is \"%s\"?", r->verb->name, word);
    if (!dashes) {
        fputc('\n', stderr);
        return false;
    }
    for (size_t i = 0; i < r->verb->n_options; i++)
        names[i] = r->verb->options[i].name;
    char *const name = td_strndup(word + dashes, strcspn(word + dashes, "="));

    td_verb_suggest(name, names, r->verb->n_options, "--");
    td_free(name);
    return false;
}

static bool take_value(reader *r, const td_option *o, const char *value)
{
    if (o->kind == TD_OPTION_TEXTS) return add_word(r, o->offset, value);
    *(const char **)(void *)(r->out + o->offset) = value;
    return true;
}

/* The word in hand begins with "--". */
static bool take_option(reader *r)
{
    const char *const word = r->argv[r->at++], *const name = word + 2;
    const size_t size = strcspn(name, "=");
    const td_option *const o = find_option(r->verb, name, size);
    const bool has_value = name[size] == '=';

    if (!o || (o->kind == TD_OPTION_SWITCH && has_value)) return say_unknown(r, word);
    if (o->kind == TD_OPTION_SWITCH) {
        *(bool *)(r->out + o->offset) = true;
        return true;
    }
    if (has_value) return take_value(r, o, name + size + 1);
    if (r->at < r->argc) return take_value(r, o, r->argv[r->at++]);
    fprintf(stderr, "tensord %s: --%s needs a value\n", r->verb->name, o->name);
    return false;
}

static bool take_word(reader *r)
{
    const char *const word = r->argv[r->at];
    const td_words *const operands = (const td_words *)(const void *)(r->out + r->verb->operands);

    if (!strncmp(word, "--", 2)) return take_option(r);
    if (word[0] == '-' || operands->n >= r->verb->most) return say_unknown(r, word);
    r->at++;
    return add_word(r, r->verb->operands, word);
}

bool td_verb_read(const td_verb *v, int argc, char *const *argv, void *out)
{
    reader r = { v, argv, argc, 1, out };
    const td_words *const operands = (const td_words *)(const void *)((const char *)out + v->operands);

    while (r.at < argc)
        if (!take_word(&r)) return false;
    if (!v->most) return true;
    if (operands->n < v->least) {
        fprintf(stderr, "tensord %s: which directory?\n", v->name);
        return false;
    }
    if (operands->n > v->most) return say_unknown(&r, operands->all[v->most]);
    return true;
}

bool td_verb_take_dir(const td_verb *v, const td_words *operands, const char **dir)
{
    if (operands->n && *dir) {
        fprintf(stderr, "tensord %s: what is \"%s\"? --dir names the directory\n", v->name, operands->all[0]);
        return false;
    }
    if (operands->n) *dir = operands->all[0];
    if (!*dir) fprintf(stderr, "tensord %s: which directory?\n", v->name);
    return *dir != NULL;
}

/* ---------------------------------------------------------------- help */

enum { HELP_COLUMN = 24 };

/* The further lines of a text, below its first. */
static void put_help(const char *help, FILE *to)
{
    for (; *help; help++) {
        fputc(*help, to);
        if (*help == '\n') fprintf(to, "%*s", HELP_COLUMN + 2, "");
    }
    fputc('\n', to);
}

static void put_option(const td_option *o, FILE *to)
{
    char *const left = td_format("--%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
    const bool fits = strlen(left) < HELP_COLUMN;

    fprintf(to, "  %-*s", fits ? HELP_COLUMN : 0, left);
    if (!fits) fprintf(to, "\n%*s", HELP_COLUMN + 2, "");
    put_help(o->help, to);
    td_free(left);
}

static void put_options(const td_verb *v, FILE *to)
{
    if (v->n_options) fputc('\n', to);
    for (size_t i = 0; i < v->n_options; i++)
        put_option(&v->options[i], to);
}

/* "usage: NAME", and all flags. */
static void put_flags(const char *name, FILE *to)
{
    td_strbuf usage = { 0 };

    td_flags_usage(name, &usage);
    fputs(td_strbuf_text(&usage), to);
    td_strbuf_fini(&usage);
}

void td_verb_help(const td_verb *v, FILE *to)
{
    if (!v->takes_flags) {
        fprintf(to, "usage: tensord %s %s\n\n%s", v->name, v->words, v->about);
        put_options(v, to);
        return;
    }
    char *const head = td_format("tensord %s %s\n\n%s", v->name, v->words, v->about);

    put_flags(head, to);
    put_options(v, to);
    td_free(head);
}
