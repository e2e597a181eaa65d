/* SPDX-License-Identifier: Apache-2.0 */
/* config_poll.c -- changes are told by the text's hash: times and inodes lie on network file systems. */
#include "cli/config_poll.h"

#include "base/file.h"
#include "base/map.h"
#include "base/mem.h"
#include "config/model_config.h"
#include "obs/log.h"

static const size_t CONFIG_LIMIT = 64 << 20;

static td_status apply(const td_config_poll *p, const char *text, size_t size, td_manager *manager)
{
    td_model_options *models;
    size_t n;

    TD_TRY(td_model_config_parse(text, size, p->path, &models, &n));
    td_info("serve", "event=model_config_changed path=%s models=%zu", p->path, n);
    td_manager_configure(manager, models, n);
    td_models_free(models, n);
    return NULL;
}

static td_status look(td_config_poll *p, td_manager *manager)
{
    char *text;
    size_t size;

    TD_TRY(td_file_read(p->path, CONFIG_LIMIT, &text, &size));
    const uint64_t hash = td_hash_bytes(text, size, 0);
    const bool is_new = hash != p->hash;

    p->hash = hash;
    const td_status error = is_new ? apply(p, text, size, manager) : NULL;
    td_free(text);
    return error;
}

void td_config_poll_look(td_config_poll *p, td_manager *manager)
{
    const td_status error = look(p, manager);

    if (!error) return;
    td_error("serve", "event=model_config_ignored path=%s error=\"%s\"", p->path, td_status_text(error));
    td_status_free(error);
}
