/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proof files, as JSON text or encoded, judged from the genesis or a named header; and what a light client reads back
 * of its own. The first byte chooses.
 *
 * Properties: a file that verifies ends at a header that the committee signed (nobody forged one), and what it says of
 * its keys is what the state holds; a trust store that is read is written and read back the same.
 */
#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "client/lib/trust_store.h"
#include "tests/lib/light/proof_cases.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct proof_cases *cases;
static struct arena cases_arena;

static void must(bool ok) {
    if (!ok)
        abort();
}

static bool honest(const struct hash *id) {
    for (size_t i = 0; i < cases->count; i++)
        for (size_t h = 0; cases->at[i].code == CODE_OK && h < cases->at[i].file->n_headers; h++) {
            struct hash seen = header_id(pb_bytes(cases->at[i].file->headers[h]->header));
            if (hash_eq(&seen, id))
                return true;
        }
    return false;
}

/* The state of proof_cases.c: key0 .. key9 with value0 .. value9, or nothing at all. */
static void check_record(const StateProof *proof, const struct hash *app_hash) {
    char value[8] = "";
    bool ours = proof->key.len == 4 && !memcmp(proof->key.data, "key", 3) && proof->key.data[3] >= '0' &&
                proof->key.data[3] <= '9' && !hash_is_zero(app_hash);
    if (ours)
        snprintf(value, sizeof value, "value%c", proof->key.data[3]);
    must(proof->present == ours);
    must(bytes_eq(pb_bytes(proof->value), bytes_str(value)));
}

static void judge(const ProofFile *file, unsigned how, struct arena *arena) {
    struct proof_file_result result;
    const struct proof_case *c = NULL;
    for (size_t i = 0; i < cases->count; i++) /* the good ones: of the genesis, of two named headers */
        if (cases->at[i].code == CODE_OK && (how % 3 == 0) == (cases->at[i].trust_height == 0)) {
            c = &cases->at[i];
            if (how % 3 == 1)
                break;
        }
    if (proof_case_judge(file, c, &cases->chain_tag, arena, &result, NULL) != CODE_OK)
        return;
    must(honest(&result.end.id));
    for (size_t i = 0; i < file->n_proofs; i++)
        check_record(file->proofs[i], &result.end.app_hash);
}

static void fuzz_store(const TrustStore *in, struct arena *arena) {
    struct light_trust point, again;
    for (size_t i = 0; i < in->n_points; i++) {
        TrustPoint *pb;
        if (trust_point_from_pb(in->points[i], &cases->chain_tag, &point, NULL) != CODE_OK)
            continue;
        must(trust_point_to_pb(&point, arena, &pb, NULL) == CODE_OK);
        must(trust_point_from_pb(pb, &cases->chain_tag, &again, NULL) == CODE_OK);
        must(again.height == point.height && hash_eq(&again.id, &point.id) && again.validators.n == point.validators.n);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    if (cases == NULL) {
        arena_init(&cases_arena, 64 << 20);
        cases = proof_cases_make(&cases_arena);
    }
    if (len == 0 || len > 1 << 17)
        return 0;
    struct bytes in = bytes_of(data + 1, len - 1);
    struct arena arena;
    ProofFile *file;
    TrustStore *store;
    unsigned how = data[0] >> 2;
    arena_init(&arena, 64 << 20);
    switch (data[0] & 3) {
    case 0:
        if (json_read_pb(&proof_file__descriptor, in, &arena, &file, NULL) == CODE_OK)
            judge(file, how, &arena);
        break;
    case 1:
        if (pb_decode(&proof_file__descriptor, in, &arena, &file, NULL) == CODE_OK)
            judge(file, how, &arena);
        break;
    case 2:
        if (json_read_pb(&trust_store__descriptor, in, &arena, &store, NULL) == CODE_OK)
            fuzz_store(store, &arena);
        break;
    default:
        if (pb_decode(&trust_store__descriptor, in, &arena, &store, NULL) == CODE_OK)
            fuzz_store(store, &arena);
        break;
    }
    arena_release(&arena);
    return 0;
}
