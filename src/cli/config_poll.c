/* SPDX-License-Identifier: Apache-2.0 */
/* config_poll.c -- changes are told by a hash of the text, or of the names: times and inodes lie on network file systems. */
#include "cli/config_poll.h"

#include <string.h>

#include "base/file.h"
#include "base/map.h"
#include "base/mem.h"
#include "config/model_config.h"
#include "obs/log.h"
#include "serve/models_dir.h"

static const size_t CONFIG_LIMIT = 64 << 20;

static const char *place_of(const td_config_poll *p)
{
    return p->file[0] ? p->file : p->directory;
}

static bool has_model(void *manager, const char *name)
{
    return td_manager_has_model(manager, name);
}

/* Takes models. */
static void apply(const td_config_poll *p, td_model_options *models, size_t n, td_manager *manager)
{
    td_info("serve", "event=model_config_changed path=%s models=%zu", place_of(p), n);
    (void)td_manager_configure(manager, models, n);
    td_models_free(models, n);
}

static bool is_news(td_config_poll *p, uint64_t hash)
{
    const bool is_new = hash != p->hash;

    p->hash = hash;
    return is_new;
}

static td_status look_at_text(td_config_poll *p, const char *text, size_t size, td_manager *manager)
{
    const td_known_models known = { has_model, manager };
    td_model_options *models;
    size_t n;

    if (!is_news(p, td_hash_bytes(text, size, 0))) return NULL;
    TD_TRY(td_model_config_parse(text, size, p->file, &known, &models, &n));
    apply(p, models, n, manager);
    return NULL;
}

static td_status look_at_file(td_config_poll *p, td_manager *manager)
{
    char *text;
    size_t size;

    TD_TRY(td_file_read(p->file, CONFIG_LIMIT, &text, &size));
    const td_status error = look_at_text(p, text, size, manager);
    td_free(text);
    return error;
}

static td_status look_at_directory(td_config_poll *p, td_manager *manager)
{
    td_model_options *models;
    size_t n;
    uint64_t hash = 1;

    TD_TRY(td_models_dir_read(p->directory, &models, &n));
    for (size_t i = 0; i < n; i++)
        hash = td_hash_bytes(models[i].name, strlen(models[i].name) + 1, hash + models[i].is_flat);
    if (is_news(p, hash))
        apply(p, models, n, manager);
    else
        td_models_free(models, n);
    return NULL;
}

void td_config_poll_look(td_config_poll *p, td_manager *manager)
{
    const td_status error = p->file[0] ? look_at_file(p, manager) : look_at_directory(p, manager);

    if (!error) return;
    td_error("serve", "event=model_config_ignored path=%s error=\"%s\"", place_of(p), td_status_text(error));
    td_status_free(error);
}

void td_config_poll_force(td_config_poll *p, td_manager *manager)
{
    p->hash = 0;
    if (place_of(p)[0]) td_config_poll_look(p, manager);
    td_manager_rescan(manager);
}
