/* SPDX-License-Identifier: Apache-2.0 */
/* The seed and the hash chains that feed it. */
#include "x/validator/validator.h"

#include "chain/codec/pb.h"
#include "chain/crypto/hash.h"
#include "chain/types/keys_validator.h"

int seed_get(struct ctx *ctx, struct hash *ret, struct err *err) {
    struct key k;
    SeedState *state;
    int rc = record_get(ctx, key_seed(&k), &seed_state__descriptor, &state, err);
    if (rc == CODE_OK && !hash_from(pb_bytes(state->seed), ret))
        rc = ctx_fault(ctx, CODE_CORRUPT, "the seed in the state is not 32 bytes");
    return rc;
}

static int seed_move(struct ctx *ctx, const struct hash *reveal, struct err *err) {
    struct key k;
    struct hash before;
    int rc = seed_get(ctx, &before, err);
    if (rc)
        return rc;
    ctx->seed = seed_next(&before, reveal);
    SeedState state = SEED_STATE__INIT;
    state.seed = pb_data(hash_bytes(&ctx->seed));
    state.height = ctx->height;
    return record_put(ctx, key_seed(&k), &state, err);
}

static void adopt_next(struct ctx *ctx, RevealChain *chain) {
    if (chain->remaining || !chain->next_remaining || ctx->height < chain->next_not_before)
        return;
    chain->number++;
    chain->tip = chain->next_tip;
    chain->remaining = chain->next_remaining;
    chain->next_tip = (ProtobufCBinaryData){0, NULL};
    chain->next_remaining = 0;
    chain->next_not_before = 0;
}

int reveal_take(struct ctx *ctx, const struct addr *proposer, const struct hash *reveal, bool write, struct err *err) {
    Validator *v;
    int rc = validator_get(ctx, proposer, &v, err);
    if (rc)
        return rc;
    if (v->reveal)
        adopt_next(ctx, v->reveal);
    if (!v->reveal || !v->reveal->remaining) {
        if (!hash_is_zero(reveal))
            return err_set(err, CODE_REVEAL, "the proposer's reveal chain is spent: its reveal must be 32 zero bytes");
        v->missed_reveals++;
    } else {
        struct hash tip;
        if (!hash_from(pb_bytes(v->reveal->tip), &tip))
            return ctx_fault(ctx, CODE_CORRUPT, "a reveal chain's tip in the state is not 32 bytes");
        if (!reveal_fits(&tip, reveal))
            return err_set(err, CODE_REVEAL, "the reveal does not hash to the tip of the proposer's chain");
        v->reveal->tip = ctx_hash(ctx, reveal);
        v->reveal->remaining--;
    }
    if (!write)
        return CODE_OK;
    rc = validator_put(ctx, proposer, v, err);
    return rc ? rc : seed_move(ctx, reveal, err);
}
