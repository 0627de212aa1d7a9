/* SPDX-License-Identifier: Apache-2.0 */
#include "x/validator/queries.h"

#include "cairn/evidence.h"
#include "cairn/state.h"
#include "chain/codec/pb.h"
#include "chain/types/keys_validator.h"
#include "x/validator/downtime.h"
#include "x/validator/reward.h"
#include "x/validator/sets.h"
#include "x/validator/validator.h"

#include <inttypes.h>

static int query_validator(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    (void)ctx;
    struct addr addr;
    int rc = addr_need(((const AddressQuery *)question)->address, "address", &addr, err);
    if (rc == CODE_OK)
        key_validator(ret, &addr);
    return rc;
}

static int query_set(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    uint64_t height = ((const ValidatorSetQuery *)question)->at_height;
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

static int query_reward_state(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    (void)ctx, (void)question, (void)err;
    key_reward_state(ret);
    return CODE_OK;
}

static int query_evidence(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    (void)ctx;
    struct hash id;
    if (!hash_from(pb_bytes(((const EvidenceQuery *)question)->evidence_id), &id))
        return err_set(err, CODE_INVALID_ARGUMENT, "evidence_id must be 32 bytes");
    key_used_evidence(ret, &id);
    return CODE_OK;
}

struct page {
    Validator **at;
    size_t n;
};

static int add_validator(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg,
                         struct err *err) {
    (void)ctx, (void)rest, (void)value, (void)err;
    struct page *page = arg;
    page->at[page->n++] = msg;
    return CODE_OK;
}

/* One more than asked tells whether there is more. */
static int query_list(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    const ValidatorsQuery *q = question;
    struct key prefix, after;
    struct addr cursor;
    size_t limit = query_limit(q->limit);
    struct page page = {.at = ctx_array(ctx, limit + 1, sizeof *page.at)};
    if (q->cursor.len && !addr_of_field(q->cursor, &cursor))
        return err_set(err, CODE_INVALID_ARGUMENT, "the cursor is not one that a list gave");
    int rc = record_each(ctx, key_validators(&prefix), q->cursor.len ? key_validator(&after, &cursor) : BYTES_NONE,
                         limit + 1, &validator__descriptor, add_validator, &page, err);
    if (rc)
        return rc;
    ValidatorsAnswer *answer = CTX_NEW(ctx, ValidatorsAnswer);
    validators_answer__init(answer);
    answer->validators = page.at;
    answer->n_validators = size_min(page.n, limit);
    if (page.n > limit)
        answer->next_cursor = page.at[limit - 1]->address;
    *(ValidatorsAnswer **)ret_answer = answer;
    return CODE_OK;
}

static int query_standing(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    struct addr addr;
    Validator *v;
    ValidatorRewards *rewards;
    Liveness *l;
    ValidatorStanding *answer = CTX_NEW(ctx, ValidatorStanding);
    int rc = addr_need(((const AddressQuery *)question)->address, "address", &addr, err);
    if (rc == CODE_OK)
        rc = validator_get(ctx, &addr, &v, err);
    if (rc == CODE_OK)
        rc = reward_get(ctx, &addr, &rewards, err);
    if (rc)
        return rc;
    validator_standing__init(answer);
    answer->validator = ctx_addr(ctx, &addr);
    answer->voting = rewards->voting;
    answer->rewards = rewards->rewards;
    rc = downtime_get(ctx, &addr, &l, err);
    if (rc == CODE_OK) {
        answer->missed = l->missed;
        answer->counted_since = l->since;
    }
    *(ValidatorStanding **)ret_answer = answer;
    return rc == CODE_NOT_FOUND ? CODE_OK : rc;
}

const struct query validator_queries[VALIDATOR_QUERIES] = {
    {.path = "/validator/validator",
     .help = "a validator's record: address of its consensus key",
     .question = &address_query__descriptor,
     .answer = &validator__descriptor,
     .key = query_validator},
    {.path = "/validator/set",
     .help = "the set that votes at a height, under the first height at which it did: at_height (0: the next block's)",
     .question = &validator_set_query__descriptor,
     .answer = &validator_set__descriptor,
     .key = query_set},
    {.path = "/validator/list",
     .help = "all validators by address, also those that do not vote: cursor, limit",
     .question = &validators_query__descriptor,
     .answer = &validators_answer__descriptor,
     .run = query_list},
    {.path = "/validator/standing",
     .help = "what a validator has earned and missed: address",
     .question = &address_query__descriptor,
     .answer = &validator_standing__descriptor,
     .run = query_standing},
    {.path = "/validator/reward_state",
     .help = "what a unit of power has earned since genesis, and what of the fees is not withdrawn",
     .question = &empty_query__descriptor,
     .answer = &reward_state__descriptor,
     .key = query_reward_state},
    {.path = "/validator/evidence",
     .help = "evidence that was acted upon: evidence_id",
     .question = &evidence_query__descriptor,
     .answer = &used_evidence__descriptor,
     .key = query_evidence},
    {.path = "/validator/seed",
     .help = "the seed that challenges are drawn from",
     .question = &empty_query__descriptor,
     .answer = &seed_state__descriptor,
     .key = query_seed},
};
