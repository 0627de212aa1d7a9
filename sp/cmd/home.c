/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/cmd/home.h"

#include "chain/base/num.h"
#include "chain/config/config.h"
#include "chain/os/file.h"
#include "client/lib/keystore.h"

#include <string.h>

enum { HOME_ARENA_MAX = 4 << 20, STAGES_MAX = 4096 };

#define TEST_PASSPHRASE "test"

static void fill_u64(uint64_t *field, uint64_t def) {
    if (!*field)
        *field = def;
}

/* What config.yaml may leave out. */
static void fill_defaults(SpConfig *c) {
    fill_u64(&c->scrub_mib_per_second, 4);
    fill_u64(&c->scrub_interval_seconds, 24 * 3600);
    fill_u64(&c->approval_ttl_seconds, 600);
    fill_u64(&c->gc_interval_seconds, 600);
    fill_u64(&c->rocksdb_cache_mib, 8);
    fill_u64(&c->upload_memory_mib, 128);
    fill_u64(&c->stored_secondary_ttl_seconds, 24 * 3600);
    fill_u64(&c->stage_positions_per_account, 256);
    fill_u64(&c->stage_mib_per_account, 65536);
    fill_u64(&c->partial_seal_seconds, 60);
    if (!c->worker_threads)
        c->worker_threads = 4;
    if (!c->replicate_parallel)
        c->replicate_parallel = 8;
}

static int check(const SpConfig *c, const char *path, struct err *err) {
    if (!c->sp_id)
        return err_set(err, CODE_CONFIG, "%s: sp_id is missing: the provider's number on the ledger", path);
    if (!*c->http_listen || !*c->p2p_listen)
        return err_set(err, CODE_CONFIG, "%s: http_listen and p2p_listen are needed", path);
    if (!c->n_ledger_nodes)
        return err_set(err, CODE_CONFIG, "%s: ledger_nodes is empty: name at least one node", path);
    if (c->worker_threads > 64 || c->replicate_parallel > 256 || c->upload_memory_mib > 1 << 20 ||
        c->stage_mib_per_account > UINT64_C(1) << 40 || c->partial_seal_seconds > 30 * 86400 ||
        c->rocksdb_cache_mib > 1 << 20)
        return err_set(err, CODE_CONFIG, "%s: a number is out of all proportion", path);
    return CODE_OK;
}

int home_open(struct home *home, const char *dir, struct err *err) {
    char path[PATH_MAX];
    if (!dir)
        return err_set(err, CODE_INVALID_ARGUMENT, "which home? say --home DIR or set CAIRN_SP_HOME");
    if (strlen(dir) >= sizeof home->dir)
        return err_set(err, CODE_INVALID_ARGUMENT, "the home's path is too long");
    *home = (struct home){.config = NULL};
    memcpy(home->dir, dir, strlen(dir) + 1);
    arena_init(&home->arena, HOME_ARENA_MAX);
    int rc = home_path(home, "config.yaml", path, err);
    if (!rc)
        rc = config_load(&sp_config__descriptor, path, &home->arena, &home->config, err);
    if (!rc) {
        fill_defaults(home->config);
        rc = check(home->config, path, err);
    }
    if (rc)
        home_release(home);
    return rc;
}

void home_release(struct home *home) {
    arena_release(&home->arena);
    home->config = NULL;
}

int home_path(const struct home *home, const char *name, char ret_path[PATH_MAX], struct err *err) {
    return path_join(home->dir, name, ret_path, PATH_MAX, err);
}

int home_piece_dir(const struct home *home, char ret_path[PATH_MAX], struct err *err) {
    const char *dir = *home->config->piece_dir ? home->config->piece_dir : "pieces";
    if (*dir != '/')
        return home_path(home, dir, ret_path, err);
    if (strlen(dir) >= PATH_MAX)
        return err_set(err, CODE_CONFIG, "piece_dir is too long");
    memcpy(ret_path, dir, strlen(dir) + 1);
    return CODE_OK;
}

struct stage_limits home_stage_limits(const struct home *home) {
    return (struct stage_limits){.account_count = home->config->stage_positions_per_account,
                                 .account_bytes = home->config->stage_mib_per_account << 20,
                                 .count = STAGES_MAX};
}

int home_passphrase(const char *file, uint8_t *ret, size_t *ret_len, struct err *err) {
    if (file)
        return passphrase_from_file(&file, "provider", false, ret, ret_len, err);
    memcpy(ret, TEST_PASSPHRASE, sizeof TEST_PASSPHRASE - 1);
    *ret_len = sizeof TEST_PASSPHRASE - 1;
    return CODE_OK;
}

int home_split(const char *host_port, char *ret_host, size_t size, uint16_t *ret_port, struct err *err) {
    const char *colon = strrchr(host_port, ':');
    uint64_t port;
    if (!colon || colon == host_port || (size_t)(colon - host_port) >= size ||
        !u64_parse(colon + 1, strlen(colon + 1), &port) || !port || port > UINT16_MAX)
        return err_set(err, CODE_CONFIG, "\"%.100s\" is not host:port", host_port);
    memcpy(ret_host, host_port, (size_t)(colon - host_port));
    ret_host[colon - host_port] = '\0';
    *ret_port = (uint16_t)port;
    return CODE_OK;
}

int home_nodes(struct home *home, const char **ret, struct err *err) {
    const char *text = "";
    for (size_t i = 0; text && i < home->config->n_ledger_nodes; i++)
        text = arena_printf(&home->arena, "%s%s%s", text, i ? "," : "", home->config->ledger_nodes[i]);
    if (!text)
        return err_set(err, CODE_NO_MEMORY, "no memory for the list of nodes");
    *ret = text;
    return CODE_OK;
}
