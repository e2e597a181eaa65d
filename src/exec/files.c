/* SPDX-License-Identifier: Apache-2.0 */
/* files.c -- see files.h. */
#include "exec/files.h"

#include "base/file_map.h"

static td_status check(const td_env *env, td_status (*ask)(const char *path, uint64_t since))
{
    if (env->packs_file) TD_TRY(ask(env->packs_file, env->files_since));
    return env->dir ? ask(env->dir, env->files_since) : NULL;
}

td_status td_files_check(td_env *env)
{
    const unsigned changes = td_file_maps_changes();

    /* relaxed: says nothing about other memory; whoever stored it had looked at all changes up to that one */
    if ((!env->dir && !env->packs_file) ||
        atomic_load_explicit(&env->files_ok, memory_order_relaxed) == changes)
        return NULL;
    TD_TRY(check(env, td_file_maps_check));
    atomic_store_explicit(&env->files_ok, changes, memory_order_relaxed);
    return NULL;
}

td_status td_files_look(td_env *env)
{
    return check(env, td_file_maps_look);
}
