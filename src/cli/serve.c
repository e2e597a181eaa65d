/* serve.c -- `tensord serve`: flags -> models and ports -> wait for a signal -> drain. */
#include "cli/cli.h"

#include <stdio.h>

#include "config/flags.h"

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

/* Says what the command line got wrong. False: it must not run. */
static bool read_flags(td_flags *flags, int argc, char **argv)
{
    td_flags_report report;
    const bool is_good = td_flags_parse(flags, argc, argv, &report);

    fputs(td_strbuf_text(&report.errors), stderr);
    if (!report.wants_help) fputs(td_strbuf_text(&report.unknown), stdout);
    if (!is_good || report.unknown.size) print_usage(argv[0]);
    fflush(stdout);
    td_flags_report_fini(&report);
    return is_good;
}

int td_cli_serve(int argc, char **argv)
{
    td_flags flags;

    if (!read_flags(&flags, argc, argv)) return TD_EXIT_NO_START;
    if (flags.version) return print_version();
    fputs("Failed to start server. Error: UNIMPLEMENTED: serving is on its way\n", stdout);
    return TD_EXIT_NO_START;
}
