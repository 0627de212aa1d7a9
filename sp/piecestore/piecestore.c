/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/piecestore/piecestore.h"

#include <assert.h>

#include "chain/base/code.h"

int piecestore_put(struct piecestore *store, const struct piece_write *writes, size_t count, struct err *err) {
    for (size_t i = 0; i < count; i++)
        assert(writes[i].data.len > 0 && writes[i].data.len <= SEGMENT_LEN_MAX);
    return store->ops->put(store, writes, count, err);
}

int piecestore_head(struct piecestore *store, const struct piece_key *key, struct piece_meta *ret_meta,
                    struct err *err) {
    return store->ops->head(store, key, ret_meta, err);
}

int piecestore_read(struct piecestore *store, const struct piece_key *key, uint64_t offset, size_t len,
                    uint8_t *ret_data, struct err *err) {
    return store->ops->read(store, key, offset, len, ret_data, err);
}

int piecestore_groups(struct piecestore *store, const struct piece_key *key, struct piece_meta *ret_meta,
                      struct hash *ret_groups, struct err *err) {
    return store->ops->groups(store, key, ret_meta, ret_groups, err);
}

int piecestore_file(struct piecestore *store, const struct piece_key *key, int *ret_fd, uint64_t *ret_begin,
                    struct piece_meta *ret_meta, struct err *err) {
    if (!store->ops->file)
        return err_set(err, CODE_UNSUPPORTED, "these pieces are no files");
    return store->ops->file(store, key, ret_fd, ret_begin, ret_meta, err);
}

int piecestore_stamp(struct piecestore *store, const struct piece_key *key, struct piece_stamp *ret_stamp,
                     struct err *err) {
    if (!store->ops->stamp)
        return err_set(err, CODE_UNSUPPORTED, "these pieces are no files");
    return store->ops->stamp(store, key, ret_stamp, err);
}

void piecestore_verified(struct piecestore *store, const struct piece_key *key, const struct piece_stamp *stamp) {
    if (store->ops->verified)
        store->ops->verified(store, key, stamp);
}

int piecestore_rename(struct piecestore *store, const struct piece_key *from, const struct piece_key *to,
                      struct err *err) {
    return store->ops->rename(store, from, to, err);
}

int piecestore_delete(struct piecestore *store, const struct piece_key *key, struct err *err) {
    return store->ops->del(store, key, err);
}

int piecestore_list(struct piecestore *store, int (*visit)(void *ctx, const struct piece_key *key, struct err *err),
                    void *ctx, struct err *err) {
    return store->ops->list(store, visit, ctx, err);
}

int piecestore_space(struct piecestore *store, uint64_t *ret_free, uint64_t *ret_total, struct err *err) {
    return store->ops->space(store, ret_free, ret_total, err);
}

void piecestore_free(struct piecestore *store) {
    if (store)
        store->ops->free(store);
}
