/* SPDX-License-Identifier: Apache-2.0 */
/* serve.c -- `tensord serve`: the command line and the exit code; server.c does the rest. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/server.h"
#include "config/passes.h"
#include "obs/log.h"

static void print_usage(const char *name)
{
    td_strbuf usage = { 0 };

    td_flags_usage(name, &usage);
    fputs(td_strbuf_text(&usage), stdout);
    td_strbuf_fini(&usage);
}

/* Scripts read the two lines by TensorFlow Serving's names. */
static int print_version(void)
{
    puts("TensorFlow ModelServer: tensord " TENSORD_VERSION);
    puts("TensorFlow Library: none (tensord " TENSORD_VERSION ")");
    return TD_EXIT_OK;
}

/* Unknown arguments do not stop the server, so what they should have been must not be missed. */
static void warn_of_mistyped(const td_flags_report *report)
{
    td_string argument, flag;

    for (size_t at = 0; td_flags_next_meant(report, &at, &argument, &flag);)
        td_warning("serve", "event=unknown_argument argument=\"%.*s\" nearest=%.*s", (int)argument.size,
                   argument.data, (int)flag.size, flag.data);
}

/* What is no format is said by td_server_options_make(). */
static void set_log(const td_flags *flags)
{
    static const char *const names[] = { "debug", "info", "warning", "error" };
    td_log_format format;

    if (!flags->is_said[TD_FLAG_log_level]) td_log_set_level(td_log_level_from_environment());
    for (size_t i = 0; i < TD_COUNT(names) && flags->is_said[TD_FLAG_log_level]; i++)
        if (!strcmp(flags->log_level, names[i])) td_log_set_level((td_log_level)i);
    if (td_log_format_named(flags->log_format, &format)) td_log_set_format(format);
}

/* Says what the command line got wrong. False: it must not run. */
static bool read_flags(td_flags *flags, int argc, char **argv)
{
    td_flags_report report;
    const bool is_good = td_flags_parse(flags, argc, argv, &report);

    fputs(td_strbuf_text(&report.errors), stderr);
    if (!report.wants_help) fputs(td_strbuf_text(&report.unknown), stdout);
    if (!is_good || report.unknown.size) print_usage(argv[0]);
    fflush(stdout);
    set_log(flags);
    warn_of_mistyped(&report);
    td_flags_report_fini(&report);
    return is_good;
}

static void say_idle(const td_flags *flags)
{
    const char *name, *help;

    for (size_t i = 0; (name = td_flags_next_idle(flags, &i, &help));)
        td_warning("serve", "event=flag_without_effect flag=%s meaning=\"%s\" reason=\"not built yet\"", name,
                   help);
}

/* A pass that is left out is for finding faults; whoever forgot it in the environment learns why it is slow. */
static td_status check_passes(void)
{
    uint32_t off;

    TD_TRY(td_passes_from_environment(&off));
    for (unsigned id = 0; id < TD_PASS_COUNT; id++)
        if (off & TD_PASS_BIT(id))
            td_warning("serve", "event=pass_left_out pass=%s", td_pass_name((td_pass_id)id));
    return NULL;
}

static td_status serve(const td_flags *flags)
{
    td_server_options options;

    TD_TRY(check_passes());
    TD_TRY(td_server_options_make(flags, &options));
    const td_status error = td_server_run(&options);

    td_server_options_fini(&options);
    return error;
}

static int run(const td_flags *flags)
{
    say_idle(flags);
    const td_status error = serve(flags);
    if (!error) return TD_EXIT_OK;
    printf("Failed to start server. Error: %s: %s\n", td_code_name(td_status_code(error)),
           td_status_text(error));
    fflush(stdout);
    td_status_free(error);
    return TD_EXIT_NO_START;
}

static int serve_flags(int argc, char **argv)
{
    td_flags flags;

    if (!read_flags(&flags, argc, argv)) return TD_EXIT_NO_START;
    return flags.version ? print_version() : run(&flags);
}

const td_verb td_verb_serve = {
    .name = "serve",
    .summary = "serve models over gRPC and REST; the default: takes TensorFlow Serving's flags",
    .words = "[FLAGS]",
    .about = "Serves models over gRPC and REST until SIGTERM. TensorFlow Serving's flags come first, then "
             "tensord's.\n",
    .takes_flags = true,
    .run = serve_flags,
};

static bool is_directory(const char *path)
{
    struct stat st;

    return !stat(path, &st) && S_ISDIR(st.st_mode);
}

int td_cli_serve_path(int argc, char **argv)
{
    const char *const path = argv[1];
    td_flags flags;

    argv[1] = argv[0]; /* whose usage it is */
    if (!read_flags(&flags, argc - 1, argv + 1)) return TD_EXIT_NO_START;
    if (is_directory(path))
        flags.models_dir = path;
    else
        flags.model_config_file = path;
    if (!flags.is_said[TD_FLAG_rest_api_port]) flags.rest_api_port = TD_USUAL_REST_PORT;
    return run(&flags);
}
