/* SPDX-License-Identifier: Apache-2.0 */
/* library.c -- see library.h. */
#include "kernels/codec/library.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

td_status td_shared_library_open(const td_shared_library *l)
{
    void *const library = dlopen(l->file, RTLD_NOW | RTLD_LOCAL);

    for (const td_symbol *s = l->symbols; library && s->name; s++) {
        void *const p = dlsym(library, s->name);

        if (!p) return TD_ERR(UNIMPLEMENTED, "%s lacks %s", l->file, s->name);
        memcpy(s->fn, &p, sizeof p); /* dlsym() gives an object pointer; ISO C wants it copied */
    }
    if (library) return NULL;
    return TD_ERR(UNIMPLEMENTED,
                  "images of this format need %s, which is not installed (Debian's package: %s)", l->file,
                  l->package);
}
