/* SPDX-License-Identifier: Apache-2.0 */
/* bundle_save.c -- apart from bundle_writer.c, since fuzzers have another folder. */
#include <stdio.h>

#include "bundle_writer.h"
#include "temp_dir.h"

void bundle_save(const bundle_writer *w, const char *prefix, table_compression compression)
{
    td_strbuf table = { NULL, 0, 0 };
    char name[128];
    table_writer t;

    table_begin(&t, &table, compression);
    table_put_block(&t, td_strbuf_text(&w->block), w->block.size, "z");
    table_end(&t);
    snprintf(name, sizeof name, "%s.index", prefix);
    temp_dir_write(name, table.data, table.size);
    snprintf(name, sizeof name, "%s.data-00000-of-00001", prefix);
    temp_dir_write(name, td_strbuf_text(&w->data), w->data.size);
    td_strbuf_fini(&table);
}
