/* SPDX-License-Identifier: Apache-2.0 */
#include "x/params/params.h"

#include "chain/codec/pb.h"
#include "chain/crypto/hash.h"
#include "chain/types/keys_params.h"

int params_get(struct ctx *ctx, uint64_t version, const Params **ret, struct err *err) {
    struct key k;
    Params *params;
    int rc = record_get(ctx, key_params(&k, version), &params__descriptor, &params, err);
    if (rc == CODE_OK)
        *ret = params;
    return rc;
}

int params_put(struct ctx *ctx, const Params *params, struct err *err) {
    struct key k;
    return record_put(ctx, key_params(&k, params->version), params, err);
}

int params_hash(struct ctx *ctx, const Params *params, struct hash *ret, struct err *err) {
    struct bytes encoded;
    int rc = pb_encode(params, ctx->arena, &encoded, err);
    if (rc == CODE_OK)
        *ret = hash_of(DOMAIN_PARAMS, encoded);
    return rc;
}

uint64_t params_time_step_max(const ConsensusParams *consensus) {
    return 2 * consensus->heartbeat_ms * consensus->time_scale;
}
