/* SPDX-License-Identifier: Apache-2.0 */
/* files.c -- see files.h. */
#include "exec/files.h"

#include "base/file_map.h"

td_status td_files_check(td_env *env)
{
    const unsigned changes = td_file_maps_changes();

    /* relaxed: says nothing about other memory; whoever stored it had looked at all changes up to that one */
    if (!env->dir || atomic_load_explicit(&env->files_ok, memory_order_relaxed) == changes) return NULL;
    TD_TRY(td_file_maps_check(env->dir, env->files_since));
    atomic_store_explicit(&env->files_ok, changes, memory_order_relaxed);
    return NULL;
}

td_status td_files_look(td_env *env)
{
    return env->dir ? td_file_maps_look(env->dir, env->files_since) : NULL;
}
