/* SPDX-License-Identifier: Apache-2.0 */
#include "x/validator/validator.h"

#include "chain/codec/bech32.h"
#include "chain/types/keys_validator.h"

#include <inttypes.h>

int validator_get(struct ctx *ctx, const struct addr *addr, Validator **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_validator(&k, addr), &validator__descriptor, ret, err);
    if (rc == CODE_NOT_FOUND) {
        char text[ADDR_TEXT_MAX];
        addr_to_text(addr, text);
        rc = err_set(err, CODE_VALIDATOR_NOT_FOUND, "%s is no validator", text);
    }
    return rc;
}

int validator_put(struct ctx *ctx, const struct addr *addr, const Validator *validator, struct err *err) {
    struct key k;
    return record_put(ctx, key_validator(&k, addr), validator, err);
}

struct set_search {
    uint64_t height;
    const ValidatorSet *found;
};

/* Sets lie by the height from which they vote: the last one that is not later counts. */
static int latest(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)ctx, (void)value, (void)err;
    struct set_search *s = arg;
    if (load_be64(rest.data) > s->height)
        return RECORD_STOP;
    s->found = msg;
    return CODE_OK;
}

int validator_set_at(struct ctx *ctx, uint64_t height, struct validator_set *ret, struct err *err) {
    struct key k;
    struct set_search s = {.height = height};
    int rc = record_each(ctx, key_validator_sets(&k), BYTES_NONE, 0, &validator_set__descriptor, latest, &s, err);
    if (rc)
        return rc;
    if (!s.found)
        return err_set(err, CODE_CORRUPT, "no validator set for height %" PRIu64, height);
    return validator_set_from_pb(s.found, ret, err);
}
