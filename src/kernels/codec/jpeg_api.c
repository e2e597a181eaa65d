/* SPDX-License-Identifier: Apache-2.0 */
/* jpeg_api.c -- see jpeg_api.h. */
#include "kernels/codec/jpeg_api.h"

#include "kernels/codec/library.h"

td_jpeg_api td_jpeg;

static const td_symbol symbols[] = {
#define X(name) { "jpeg_" #name, (void *)&td_jpeg.name },
#include "kernels/codec/jpeg_api.inc"
#undef X
    { 0 },
};

static const td_shared_library library = { "libjpeg.so.62", "libjpeg62-turbo", symbols };

td_status td_jpeg_open(void)
{
    return td_shared_library_open(&library);
}

static void jump(j_common_ptr c)
{
    td_jpeg_errors *const e = (td_jpeg_errors *)(void *)c->err;

    c->err->format_message(c, e->text);
    longjmp(e->out, 1);
}

static void pass_over(j_common_ptr c, int level)
{
    if (level < 0) c->err->num_warnings++;
}

static void say_nothing(j_common_ptr c)
{
    (void)c;
}

struct jpeg_error_mgr *td_jpeg_errors_init(td_jpeg_errors *e)
{
    struct jpeg_error_mgr *const m = td_jpeg.std_error(&e->manager);

    m->error_exit = jump;
    m->emit_message = pass_over;
    m->output_message = say_nothing;
    e->text[0] = '\0';
    return m;
}

bool td_jpeg_guard(td_jpeg_errors *e, void (*fn)(void *ctx), void *ctx)
{
    if (setjmp(e->out)) return false;
    fn(ctx);
    return true;
}
