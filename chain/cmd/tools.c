/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator does with a home whose node is stopped: look, check, mend. */
#include "chain/cmd/cmd.h"

#include "chain/base/limits.h"
#include "chain/codec/bech32.h"
#include "chain/config/config.h"
#include "chain/crypto/address.h"
#include "chain/net/hello.h"
#include "chain/os/disk.h"
#include "chain/os/file.h"
#include "chain/signer/signer.h"
#include "chain/store/store.h"
#include "chain/wal/wal.h"

#include <inttypes.h>
#include <stdio.h>

static int home_of(int argc, char **argv, const char **ret, struct err *err) {
    struct cmd_option o[] = {{.name = "home", .needed = true}};
    int rc = cmd_options(argc, argv, o, 1, err);
    *ret = o[0].value;
    return rc;
}

int cmd_show(int argc, char **argv, struct err *err) {
    const char *dir;
    struct home h;
    int rc = home_of(argc, argv, &dir, err);
    if (rc == CODE_OK)
        rc = home_open(&h, dir, err);
    if (rc != CODE_OK)
        return rc;
    char id[ADDR_TEXT_MAX], validator[ADDR_TEXT_MAX] = "";
    struct pubkey node = seckey_pubkey(&h.node_key);
    struct addr a = hello_node_id(&node);
    addr_to_text(&a, id);
    if (h.validator) {
        struct pubkey key = seckey_pubkey(&h.validator_key);
        a = addr_of_key(&key);
        addr_to_text(&a, validator);
    }
    printf("{\"node_id\":\"%s\",\"validator\":\"%s\",\"chain_tag\":\"%s\"}\n", id, validator, hash_hex(&h.chain_tag).s);
    home_release(&h);
    return CODE_OK;
}

/* With --home alone. */
static int stopped_of(struct stopped *s, int argc, char **argv, struct err *err) {
    const char *dir;
    *s = (struct stopped){.lock = {-1}};
    int rc = home_of(argc, argv, &dir, err);
    return rc == CODE_OK ? stopped_open(s, dir, err) : rc;
}

int cmd_check(int argc, char **argv, struct err *err) {
    struct stopped s;
    int rc = stopped_of(&s, argc, argv, err);
    if (rc == CODE_OK)
        rc = store_view_open(s.store, &s.view, err);
    if (rc == CODE_OK)
        rc = store_check(s.view, err);
    if (rc == CODE_OK) {
        struct hash root = store_view_root(s.view);
        printf("{\"height\":\"%" PRIu64 "\",\"app_hash\":\"%s\",\"ok\":true}\n", store_view_height(s.view),
               hash_hex(&root).s);
    }
    stopped_close(&s);
    return rc;
}

int cmd_check_config(int argc, char **argv, struct err *err) {
    const char *dir, *text;
    char path[PATH_LEN_MAX];
    struct arena arena;
    NodeConfig *config = NULL;
    int rc = home_of(argc, argv, &dir, err);
    if (rc == CODE_OK)
        rc = home_path(dir, "config.yaml", path, sizeof path, err);
    if (rc != CODE_OK)
        return rc;
    arena_init(&arena, 4 * MIB);
    rc = config_load(&node_config__descriptor, path, &arena, &config, err);
    if (rc == CODE_OK)
        rc = config_print(config, &arena, &text, err);
    if (rc == CODE_OK)
        printf("%s", text);
    arena_release(&arena);
    return rc;
}

/* What was cut off may have held a lock. When the last signature at this height relied on more than is left, the key
 * signs nothing more at it. */
static int give_up_height(struct stopped *s, struct disk *disk, uint32_t kept, bool *ret_given_up, struct err *err) {
    struct signer signer = {0};
    uint64_t height = store_next(s->store);
    *ret_given_up = false;
    if (!s->home.validator)
        return CODE_OK;
    int rc = signer_open(&signer, disk, &s->home.validator_key, err);
    if (rc == CODE_OK && signer_check_log(&signer, height, kept, NULL) != CODE_OK) {
        rc = signer_give_up(&signer, height, err);
        *ret_given_up = rc == CODE_OK;
    }
    signer_release(&signer);
    return rc;
}

int cmd_wal_mend(int argc, char **argv, struct err *err) {
    struct stopped s;
    struct disk *disk = NULL;
    uint32_t kept;
    uint64_t lost;
    bool given_up;
    int rc = stopped_of(&s, argc, argv, err);
    if (rc == CODE_OK)
        rc = disk_os(s.home.data, &disk, err);
    if (rc == CODE_OK)
        rc = wal_mend(disk, store_next(s.store), &kept, &lost, err);
    if (rc == CODE_OK)
        rc = give_up_height(&s, disk, kept, &given_up, err);
    if (rc == CODE_OK)
        printf("height %" PRIu64 ": kept %u records, forgot %" PRIu64 " damaged bytes%s\n", store_next(s.store), kept,
               lost, given_up ? "; this validator signs nothing more at this height" : "");
    if (disk != NULL)
        disk->free(disk);
    stopped_close(&s);
    return rc;
}
