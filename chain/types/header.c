/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/header.h"
#include "chain/codec/pb.h"
#include "chain/crypto/hash_many.h"
#include "chain/crypto/list_tree.h"

struct hash header_id(struct bytes encoded) {
    return hash_of(DOMAIN_HEADER, encoded);
}

struct hash header_txs_root(struct hash *wire_hashes, size_t count) {
    if (count == 0)
        return list_tree_empty();
    hash_many_strided(DOMAIN_LEAF, wire_hashes->b, sizeof *wire_hashes, sizeof *wire_hashes, count, wire_hashes);
    return list_tree_root_of(DOMAIN_NODE, wire_hashes, count);
}

static bool take_hashes(const Header *in, struct header *ret) {
    bool first = in->height == 1 && in->previous_id.len == 0;
    return (first || (in->height > 1 && hash_from(pb_bytes(in->previous_id), &ret->previous_id))) &&
           hash_from(pb_bytes(in->last_certificate_hash), &ret->last_certificate_hash) &&
           hash_from(pb_bytes(in->txs_root), &ret->txs_root) &&
           hash_from(pb_bytes(in->validators_hash), &ret->validators_hash) &&
           hash_from(pb_bytes(in->next_validators_hash), &ret->next_validators_hash) &&
           hash_from(pb_bytes(in->params_hash), &ret->params_hash) &&
           hash_from(pb_bytes(in->app_hash), &ret->app_hash) &&
           hash_from(pb_bytes(in->results_hash), &ret->results_hash) &&
           addr_from(pb_bytes(in->proposer), &ret->proposer) && hash_from(pb_bytes(in->reveal), &ret->reveal);
}

int header_parse(struct bytes encoded, const struct hash *chain_tag, struct arena *arena, struct header *ret,
                 struct err *err) {
    Header *in;
    struct arena_mark mark = arena_mark(arena);
    int rc = pb_decode(&header__descriptor, encoded, arena, &in, err);
    if (rc != CODE_OK)
        return err_wrap(err, rc, "header");
    struct header header = {.pb = in, .height = in->height, .time = in->time, .txs_count = in->txs_count};
    if (in->version != HEADER_VERSION)
        rc = err_set(err, CODE_VERSION, "header version %u is not known here", in->version);
    else if (!bytes_eq(pb_bytes(in->chain_tag), hash_bytes(chain_tag)))
        rc = err_set(err, CODE_CHAIN_MISMATCH, "the header belongs to another chain");
    else if (!take_hashes(in, &header))
        rc = err_set(err, CODE_MALFORMED, "a field of the header of height %llu is malformed",
                     (unsigned long long)in->height);
    if (rc != CODE_OK) {
        arena_rewind(arena, mark);
        return rc;
    }
    header.id = header_id(encoded);
    *ret = header;
    return CODE_OK;
}
