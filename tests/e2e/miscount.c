/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adds one pebble to an account in the database of a stopped node, behind the back of its tree: what a flipped bit on a
 * disk or a defect of one machine does.
 *
 *     miscount DB_DIR ADDRESS
 */
#include "chain/codec/bech32.h"
#include "chain/codec/pb.h"
#include "chain/store/store.h"
#include "chain/types/keys_auth.h"

#include "cairn/auth.h"

#include <stdio.h>

static int miscount(struct store *s, const struct addr *addr, struct arena *arena, struct err *err) {
    struct key key;
    struct bytes bytes;
    Account *account = NULL;
    int rc = kv_get_dup(store_kv(s), NULL, STORE_FAMILY_STATE, key_account(&key, addr), arena, &bytes, err);
    if (rc == CODE_OK)
        rc = pb_decode(&account__descriptor, bytes, arena, &account, err);
    if (rc != CODE_OK)
        return rc;
    account->balance++;
    rc = pb_encode(account, arena, &bytes, err);
    struct kv_batch *batch = rc == CODE_OK ? kv_batch_new(store_kv(s)) : NULL;
    if (batch == NULL)
        return rc;
    kv_batch_put(batch, STORE_FAMILY_STATE, key_bytes(&key), bytes);
    rc = kv_write(store_kv(s), batch, true, err);
    kv_batch_free(batch);
    return rc;
}

int main(int argc, char **argv) {
    struct addr addr;
    struct err err;
    struct store *s = NULL;
    struct arena arena;
    if (argc != 3 || addr_from_text(argv[2], &addr, NULL) != CODE_OK) {
        fprintf(stderr, "usage: miscount DB_DIR ADDRESS\n");
        return 2;
    }
    arena_init(&arena, 1 << 20);
    err_clear(&err);
    int rc = store_open(argv[1], NULL, &s, &err);
    if (rc == CODE_OK)
        rc = miscount(s, &addr, &arena, &err);
    store_close(s);
    arena_release(&arena);
    if (rc != CODE_OK)
        fprintf(stderr, "miscount: %s\n", err_text(&err));
    return rc == CODE_OK ? 0 : 1;
}
