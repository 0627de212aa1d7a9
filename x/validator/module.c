/* SPDX-License-Identifier: Apache-2.0 */
#include "cairn/state.h"
#include "chain/codec/pb.h"
#include "chain/types/keys_validator.h"
#include "x/validator/genesis.h"
#include "x/validator/msgs.h"
#include "x/validator/sets.h"
#include "x/validator/stake.h"
#include "x/validator/validator.h"

#include <inttypes.h>

static const struct msg_rule msgs[] = {
    {.kind = MSG__BODY_SET_REVEAL_CHAIN,
     .desc = &msg_set_reveal_chain__descriptor,
     .check = msg_set_reveal_chain_check,
     .run = msg_set_reveal_chain_run},
    {.kind = MSG__BODY_CREATE_VALIDATOR,
     .desc = &msg_create_validator__descriptor,
     .check = msg_create_validator_check,
     .signatures = msg_create_validator_signatures,
     .run = msg_create_validator_run},
    {.kind = MSG__BODY_BOND, .desc = &msg_bond__descriptor, .check = msg_bond_check, .run = msg_bond_run},
    {.kind = MSG__BODY_UNBOND, .desc = &msg_unbond__descriptor, .check = msg_unbond_check, .run = msg_unbond_run},
};

static uint64_t once(const struct ctx *ctx) {
    (void)ctx;
    return 1;
}

static uint64_t releases(const struct ctx *ctx) {
    return ctx->params->validator->releases_per_block;
}

static const struct hook begin_hooks[] = {
    {.name = "validator.release", .cap = releases, .module = KEY_VALIDATOR, .queue = 'q', .due = stake_release},
};

static const struct hook end_hooks[] = {
    {.name = "validator.set", .cap = once, .step = set_next_step},
    {.name = "validator.history", .cap = once, .step = set_history_step},
};

static int invariants(struct ctx *ctx, struct err *err) {
    int rc = stake_invariants(ctx, err);
    return rc ? rc : set_invariants(ctx, err);
}

static int query_validator(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    (void)ctx;
    struct addr addr;
    int rc = addr_need(((const AddressQuery *)question)->address, "address", &addr, err);
    if (rc == CODE_OK)
        key_validator(ret, &addr);
    return rc;
}

static int query_set(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    uint64_t height = ((const HeightQuery *)question)->height;
    SetStart start;
    if (height > ctx->height + 2)
        return err_set(err, CODE_NOT_FOUND, "who votes at height %" PRIu64 " is not settled yet", height);
    int rc = set_start_at(ctx, height ? height : ctx->height + 1, &start, err);
    if (rc == CODE_OK)
        key_validator_set(ret, start.height);
    return rc;
}

static int query_seed(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    (void)ctx, (void)question, (void)err;
    key_seed(ret);
    return CODE_OK;
}

static const struct query queries[] = {
    {.path = "/validator/validator",
     .help = "a validator's record: address of its consensus key",
     .question = &address_query__descriptor,
     .answer = &validator__descriptor,
     .key = query_validator},
    {.path = "/validator/set",
     .help = "the set that votes at a height, under the first height at which it did: height (0: the next block's)",
     .question = &height_query__descriptor,
     .answer = &validator_set__descriptor,
     .key = query_set},
    {.path = "/validator/seed",
     .help = "the seed that challenges are drawn from",
     .question = &empty_query__descriptor,
     .answer = &seed_state__descriptor,
     .key = query_seed},
};

const struct module validator_module = {
    .name = "validator",
    .id = KEY_VALIDATOR,
    .msgs = msgs,
    .msgs_n = COUNT_OF(msgs),
    .queries = queries,
    .queries_n = COUNT_OF(queries),
    .begin = begin_hooks,
    .begin_n = COUNT_OF(begin_hooks),
    .end = end_hooks,
    .end_n = COUNT_OF(end_hooks),
    .genesis = validator_genesis,
    .invariants = invariants,
};
