/* SPDX-License-Identifier: Apache-2.0 */
/* completion.c -- `tensord completion bash|zsh`: a script that completes verbs, options and their values, made from the
 * tables that the parsers read. */
#include "cli/cli.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "config/flags.h"

typedef struct completion_args {
    td_words shells;
} completion_args;

/* What the shell completes a value by. */
typedef enum value_kind { VALUE_ANY, VALUE_FILE, VALUE_FOLDER, VALUE_BOOL } value_kind;

static bool ends_with(const char *text, const char *tail)
{
    const size_t size = strlen(text), tail_size = strlen(tail);

    return size >= tail_size && !strcmp(text + size - tail_size, tail);
}

static value_kind flag_kind(const char *name, td_flag_value value)
{
    if (value == TD_FLAG_VALUE_BOOL) return VALUE_BOOL;
    if (value == TD_FLAG_VALUE_NUMBER) return VALUE_ANY;
    if (ends_with(name, "_dir") || ends_with(name, "base_path")) return VALUE_FOLDER;
    return ends_with(name, "_file") || ends_with(name, "socket_path") ? VALUE_FILE : VALUE_ANY;
}

static value_kind option_kind(const td_option *o)
{
    if (!strcmp(o->value, "DIR")) return VALUE_FOLDER;
    return !strcmp(o->value, "WHAT") ? VALUE_FILE : VALUE_ANY;
}

/* ---------------------------------------------------------------- bash */

/* Where a word is split is the user's affair (COMP_WORDBREAKS): a value is what follows "=", or an option that takes one. */
static const char bash_head[] =
    "# bash completion for tensord, written by `tensord completion bash`\n"
    "_tensord_values() # KINDS OPTION: by what its value is completed\n"
    "{\n"
    "    case \" $1 \" in\n"
    "    *\" $2:bool \"*) COMPREPLY=($(compgen -P \"$prefix\" -W 'true false' -- \"$cur\")) ;;\n"
    "    *\" $2:folder \"*)\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        mapfile -t COMPREPLY < <(compgen -P \"$prefix\" -d -- \"$cur\")\n"
    "        ;;\n"
    "    *\" $2:file \"*)\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        mapfile -t COMPREPLY < <(compgen -P \"$prefix\" -f -- \"$cur\")\n"
    "        ;;\n"
    "    esac\n"
    "}\n"
    "_tensord()\n"
    "{\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev= option= prefix= verb=serve options= kinds= operands= "
    "verbs IFS=$' "
    "\\t\\n'\n"
    "    COMPREPLY=()\n"
    "    if ((COMP_CWORD > 0)); then prev=${COMP_WORDS[COMP_CWORD - 1]}; fi\n"
    "    if [[ ${COMP_WORDS[0]##*/} != tensorflow_model_server && $COMP_CWORD -gt 1 ]]; then "
    "verb=${COMP_WORDS[1]}; fi\n"
    "    verbs='";

static const char bash_tail[] =
    "    esac\n"
    "    if [[ $cur == = ]]; then\n"
    "        option=$prev cur=\n"
    "    elif [[ $prev == = && $COMP_CWORD -gt 1 ]]; then\n"
    "        option=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    elif [[ $cur == --*=* ]]; then\n"
    "        option=${cur%%=*} prefix=${cur%%=*}= cur=${cur#*=}\n"
    "    elif [[ $prev == --* && \" $options \" != *\" $prev= \"* && \" $kinds \" == *\" $prev:\"* ]]; then\n"
    "        option=$prev\n"
    "    fi\n"
    "    if [[ $option ]]; then\n"
    "        _tensord_values \"$kinds\" \"$option\"\n"
    "        return\n"
    "    fi\n"
    "    if [[ $cur == -* ]]; then\n"
    "        COMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
    "        if [[ ${COMPREPLY[0]-} == *= ]]; then compopt -o nospace 2>/dev/null; fi\n"
    "        return\n"
    "    fi\n"
    "    if [[ $operands == folders || ($COMP_CWORD -eq 1 && ${COMP_WORDS[0]##*/} != "
    "tensorflow_model_server) ]]; then\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")\n"
    "        operands=${operands#folders}\n"
    "    fi\n"
    "    if ((COMP_CWORD == 1)) && [[ ${COMP_WORDS[0]##*/} != tensorflow_model_server ]]; then "
    "operands=$verbs; fi\n"
    "    COMPREPLY+=($(compgen -W \"$operands\" -- \"$cur\"))\n"
    "}\n"
    "complete -F _tensord tensord tensorflow_model_server\n";

static void put_bash_kind(const char *name, value_kind kind)
{
    static const char *const names[] = { "any", "file", "folder", "bool" };

    printf(" --%s:%s", name, names[kind]);
}

static void put_bash_options(const td_verb *v)
{
    td_flag_value value;
    const char *name, *help;

    fputs("        options='--help", stdout);
    for (size_t i = 0; v->takes_flags && (name = td_flags_at(i, &value, &help)); i++)
        printf(" --%s=", name);
    for (size_t i = 0; i < v->n_options; i++)
        printf(" --%s", v->options[i].name);
    fputs("' kinds='", stdout);
    for (size_t i = 0; v->takes_flags && (name = td_flags_at(i, &value, &help)); i++)
        put_bash_kind(name, flag_kind(name, value));
    for (size_t i = 0; i < v->n_options; i++)
        if (v->options[i].value) put_bash_kind(v->options[i].name, option_kind(&v->options[i]));
    fputs("'\n", stdout);
}

static void put_bash_verb(const td_verb *v)
{
    printf("    %s)\n", v->name);
    put_bash_options(v);
    if (v->completes == TD_COMPLETES_FOLDERS)
        puts("        operands=folders");
    else if (v->completes == TD_COMPLETES_VERBS)
        puts("        operands=$verbs");
    else if (v->completes == TD_COMPLETES_SHELLS)
        puts("        operands='bash zsh'");
    puts("        ;;");
}

static void put_bash(void)
{
    size_t n;
    const td_verb *const *const verbs = td_cli_verbs(&n);

    fputs(bash_head, stdout);
    for (size_t i = 0; i < n; i++)
        printf("%s%s", i ? " " : "", verbs[i]->name);
    puts("'\n    if [[ \" $verbs \" != *\" $verb \"* ]]; then verb=serve; fi\n    case $verb in");
    for (size_t i = 0; i < n; i++)
        put_bash_verb(verbs[i]);
    fputs(bash_tail, stdout);
}

/* ---------------------------------------------------------------- zsh */

/* Inside of '...' and, in it, of [...]. */
static void put_zsh_text(const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", stdout);
        else if (*text == '\n')
            putchar(' ');
        else if (strchr("[]:\\", *text))
            printf("\\%c", *text);
        else
            putchar(*text);
    }
}

static void put_zsh_value(const char *name, value_kind kind)
{
    static const char *const actions[] = { "", "_files", "_directories", "(true false)" };

    printf("]:%s:%s'", name, actions[kind]);
}

static void put_zsh_flags(void)
{
    td_flag_value value;
    const char *name, *help;

    for (size_t i = 0; (name = td_flags_at(i, &value, &help)); i++) {
        printf(" \\\n            '--%s=-[", name);
        put_zsh_text(help);
        put_zsh_value(value == TD_FLAG_VALUE_BOOL     ? "BOOL"
                      : value == TD_FLAG_VALUE_NUMBER ? "NUMBER"
                                                      : "TEXT",
                      flag_kind(name, value));
    }
}

static void put_zsh_options(const td_verb *v)
{
    for (size_t i = 0; i < v->n_options; i++) {
        const td_option *const o = &v->options[i];

        printf(" \\\n            '%s--%s%s[", o->kind == TD_OPTION_TEXTS ? "*" : "", o->name,
               o->value ? "=" : "");
        put_zsh_text(o->help);
        if (o->value)
            put_zsh_value(o->value, option_kind(o));
        else
            fputs("]'", stdout);
    }
}

static void put_zsh_verb(const td_verb *v)
{
    static const char *const operands[] = { [TD_COMPLETES_FOLDERS] = "'*:directory:_directories'",
                                            [TD_COMPLETES_VERBS] = "\"1:verb:($verbs)\"",
                                            [TD_COMPLETES_SHELLS] = "'1:shell:(bash zsh)'" };

    printf("    %s)\n        _arguments '--help[what it takes]'", v->name);
    if (v->takes_flags) put_zsh_flags();
    put_zsh_options(v);
    if (v->completes) printf(" \\\n            %s", operands[v->completes]);
    puts("\n        ;;");
}

static void put_zsh(void)
{
    size_t n;
    const td_verb *const *const verbs = td_cli_verbs(&n);

    fputs("#compdef tensord tensorflow_model_server\n"
          "# zsh completion for tensord, written by `tensord completion zsh`\n"
          "_tensord()\n{\n    local verb=serve verbs='",
          stdout);
    for (size_t i = 0; i < n; i++)
        printf("%s%s", i ? " " : "", verbs[i]->name);
    fputs("'\n    local -a described=(", stdout);
    for (size_t i = 0; i < n; i++) {
        printf("\n        '%s:", verbs[i]->name);
        put_zsh_text(verbs[i]->summary);
        putchar('\'');
    }
    fputs("\n    )\n"
          "    if [[ ${words[1]:t} != tensorflow_model_server ]]; then\n"
          "        if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then\n"
          "            _describe -t verbs verb described\n"
          "            _directories\n"
          "            return\n"
          "        fi\n"
          "        if [[ \" $verbs \" == *\" $words[2] \"* ]]; then\n"
          "            verb=$words[2]\n"
          "            shift words\n"
          "            (( CURRENT-- ))\n"
          "        fi\n"
          "    fi\n"
          "    case $verb in\n",
          stdout);
    for (size_t i = 0; i < n; i++)
        put_zsh_verb(verbs[i]);
    fputs("    esac\n}\n_tensord \"$@\"\n", stdout);
}

/* ---------------------------------------------------------------- the verb */

static int print_completion(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*put)(void);
    } shells[] = { { "bash", put_bash }, { "zsh", put_zsh } };
    const char *names[TD_COUNT(shells)];
    completion_args args = { 0 };

    if (!td_verb_read(&td_verb_completion, argc, argv, &args)) return TD_EXIT_USAGE;
    const char *const wanted = args.shells.n ? args.shells.all[0] : "";

    for (size_t i = 0; i < TD_COUNT(shells); i++) {
        names[i] = shells[i].name;
        if (strcmp(wanted, shells[i].name) != 0) continue;
        shells[i].put();
        return TD_EXIT_OK;
    }
    fprintf(stderr, "tensord completion: of which shell? bash and zsh, not \"%s\"", wanted);
    td_verb_suggest(wanted, names, TD_COUNT(shells), "");
    return TD_EXIT_USAGE;
}

const td_verb td_verb_completion = {
    .name = "completion",
    .summary = "print a script by which a shell completes all this",
    .words = "bash|zsh",
    .about = "Prints a script for that shell: source <(tensord completion bash), or zsh's as _tensord in a "
             "directory of\n"
             "$fpath. Packages bring both.\n",
    .completes = TD_COMPLETES_SHELLS,
    .operands = offsetof(completion_args, shells),
    .most = 1,
    .run = print_completion,
};
