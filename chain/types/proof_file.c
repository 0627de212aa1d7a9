/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/proof_file.h"

#include "chain/codec/pb.h"
#include "chain/crypto/hash.h"
#include "chain/types/proof.h"
#include "chain/types/tx.h"

#include <inttypes.h>

static int check_form(const ProofFile *file, struct err *err) {
    if (file->version != PROOF_FILE_VERSION)
        return err_set(err, CODE_VERSION, "the proof file has version %u, this program knows %d", file->version,
                       PROOF_FILE_VERSION);
    if (file->chain_tag.len != sizeof(struct hash))
        return err_set(err, CODE_MALFORMED, "the proof file has no chain tag");
    if (file->n_headers == 0 || file->n_headers > PROOF_FILE_HEADERS_MAX || file->n_proofs == 0 ||
        file->n_proofs > PROOF_FILE_PROOFS_MAX)
        return err_set(err, CODE_MALFORMED, "a proof file has 1 to %d headers and 1 to %d proofs",
                       PROOF_FILE_HEADERS_MAX, PROOF_FILE_PROOFS_MAX);
    return CODE_OK;
}

/* A genesis in the file is the one that the tag stands for, whoever looks at it. */
static int check_genesis(const ProofFile *file, struct err *err) {
    if (file->genesis.len == 0)
        return CODE_OK;
    struct hash tag = chain_tag_of(pb_bytes(file->genesis));
    if (!bytes_eq(pb_bytes(file->chain_tag), hash_bytes(&tag)))
        return err_set(err, CODE_CHAIN_MISMATCH, "the genesis in the proof file does not hash to its chain tag");
    return CODE_OK;
}

static int follow(const ProofFile *file, const struct light_rules *rules, uint64_t now_ms, struct arena *arena,
                  struct proof_file_result *result, struct err *err) {
    struct light_block *block = ARENA_NEW(arena, struct light_block);
    uint64_t before = 0, begin = result->end.height;
    if (block == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for a header");
    for (size_t i = 0; i < file->n_headers; i++) {
        struct arena_mark mark = arena_mark(arena);
        int rc = light_block_from_pb(file->headers[i], &result->end.chain_tag, arena, block, err);
        if (rc == CODE_OK && block->header.height <= before)
            rc = err_set(err, CODE_MALFORMED, "the headers of the proof file do not ascend");
        /* the trusted header itself, whatever its age */
        bool itself = rc == CODE_OK && block->header.height == begin && hash_eq(&block->header.id, &result->end.id);
        if (rc == CODE_OK && block->header.height >= begin && !itself)
            rc = light_verify(&result->end, block, rules, now_ms, err);
        if (rc != CODE_OK)
            return rc;
        before = block->header.height;
        if (before > begin) {
            light_trust_advance(&result->end, block);
            result->headers_verified++;
        }
        arena_rewind(arena, mark);
    }
    if (before < begin)
        return err_set(err, CODE_STALE, "the proof file ends at height %" PRIu64 ", before what is trusted, %" PRIu64,
                       before, begin);
    return CODE_OK;
}

static int check_proof(const StateProof *proof, const struct light_trust *end, struct err *err) {
    if (proof->height >= end->height || proof->height + 1 != end->height)
        return err_set(err, CODE_PROOF,
                       "a proof is of height %" PRIu64 ", and the last header has the app hash after %" PRIu64,
                       proof->height, end->height - 1);
    if (proof->key.len == 0 || proof->key.len > KEY_LEN_MAX || proof->value.len > VALUE_LEN_MAX)
        return err_set(err, CODE_MALFORMED, "the key or the record of a proof has a size that none can have");
    return proof_verify(proof, pb_bytes(proof->key), &end->app_hash, err);
}

int proof_file_verify(const ProofFile *file, const struct light_trust *trust, const struct light_rules *rules,
                      uint64_t now_ms, struct arena *arena, struct proof_file_result *ret, struct err *err) {
    struct proof_file_result result = {.end = *trust, .trusted_height = trust->height};
    int rc = check_form(file, err);
    if (rc == CODE_OK && !bytes_eq(pb_bytes(file->chain_tag), hash_bytes(&trust->chain_tag)))
        rc = err_set(err, CODE_CHAIN_MISMATCH, "the proof file is of another chain than what is trusted");
    if (rc == CODE_OK)
        rc = check_genesis(file, err);
    if (rc == CODE_OK)
        rc = follow(file, rules, now_ms, arena, &result, err);
    for (size_t i = 0; rc == CODE_OK && i < file->n_proofs; i++)
        rc = check_proof(file->proofs[i], &result.end, err);
    if (rc == CODE_OK)
        *ret = result;
    return rc;
}

int proof_file_trust_named(const ProofFile *file, uint64_t height, const struct hash *id, struct arena *arena,
                           struct light_trust *ret, struct err *err) {
    struct hash tag;
    int rc = check_form(file, err);
    if (rc != CODE_OK)
        return rc;
    hash_from(pb_bytes(file->chain_tag), &tag);
    for (size_t i = 0; i < file->n_headers; i++) {
        struct light_block *block;
        struct hash seen = header_id(pb_bytes(file->headers[i]->header));
        if (!hash_eq(&seen, id))
            continue;
        block = ARENA_NEW(arena, struct light_block);
        if (block == NULL)
            return err_set(err, CODE_NO_MEMORY, "no memory for a header");
        rc = light_block_from_pb(file->headers[i], &tag, arena, block, err);
        return rc == CODE_OK ? light_trust_named(block, height, id, &tag, ret, err) : rc;
    }
    return err_set(err, CODE_NOT_FOUND,
                   "the proof file has not the header of height %" PRIu64
                   " that is trusted: ask for one that begins there (query --trust)",
                   height);
}
