/* SPDX-License-Identifier: Apache-2.0 */
#include "x/challenge/queries.h"

#include "chain/codec/pb.h"
#include "chain/types/deal_state.h"
#include "chain/types/keys_challenge.h"
#include "chain/types/layout.h"
#include "x/challenge/duty.h"
#include "x/challenge/record.h"
#include "x/payment/payment.h"
#include "x/sp/sp.h"
#include "x/storage/bucket.h"
#include "x/storage/ended.h"
#include "x/storage/object.h"
#include "x/storage/slot.h"

#include "cairn/state.h"

static int query_challenge(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    (void)ctx, (void)err;
    key_challenge(ret, ((const IdQuery *)question)->id);
    return CODE_OK;
}

static int query_stats(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    (void)question;
    return stats_get(ctx, ret_answer, err);
}

/* --- pages of challenges --- */

struct page {
    ChallengesAnswer *answer;
    size_t limit;
};

/* record_fn over an index or the records; rest: id u64be. */
static int page_add(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct page *page = arg;
    ChallengesAnswer *a = page->answer;
    (void)value;
    if (ctx_page_full(ctx, a->n_challenges, page->limit)) {
        a->next = a->challenges[a->n_challenges - 1]->id;
        return RECORD_STOP;
    }
    int rc = CODE_OK;
    Challenge *c = msg;
    if (!c)
        rc = challenge_get(ctx, load_be64(rest.data), &c, err);
    if (rc == CODE_OK)
        a->challenges[a->n_challenges++] = c;
    return rc;
}

static int query_challenges(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    const ChallengesQuery *q = question;
    struct key prefix, after;
    struct page page = {CTX_NEW(ctx, ChallengesAnswer), query_limit(q->limit)};
    bool by_index = q->object_id || q->sp_id;
    challenges_answer__init(page.answer);
    page.answer->challenges = ctx_array(ctx, page.limit, sizeof *page.answer->challenges);
    if (q->object_id)
        key_challenge_object_all(&prefix, q->object_id);
    else if (q->sp_id)
        key_challenge_sp_all(&prefix, q->sp_id);
    else
        key_challenge_all(&prefix);
    after = prefix;
    key_add_u64(&after, q->start_after);
    int rc = record_each(ctx, key_bytes(&prefix), q->start_after ? key_bytes(&after) : BYTES_NONE, page.limit + 1,
                         by_index ? NULL : &challenge__descriptor, page_add, &page, err);
    if (rc == CODE_OK)
        *(ChallengesAnswer **)ret_answer = page.answer;
    return rc;
}

/* --- what a provider owes --- */

static int query_snapshot(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    const ChallengeSnapshotQuery *q = question;
    ChallengesQuery pages = CHALLENGES_QUERY__INIT;
    ChallengesAnswer *open = NULL;
    StorageProvider *sp = NULL;
    ChallengeSnapshot *a = CTX_NEW(ctx, ChallengeSnapshot);
    challenge_snapshot__init(a);
    pages.sp_id = q->sp_id;
    pages.start_after = q->start_after;
    pages.limit = q->limit;
    int rc = sp_get(ctx, q->sp_id, &sp, err);
    if (rc == CODE_OK)
        rc = query_challenges(ctx, &pages, &open, err);
    if (rc)
        return rc;
    a->sp_id = sp->id;
    a->height = ctx->height;
    a->time = ctx->time;
    a->open = open->challenges;
    a->n_open = open->n_challenges;
    a->next = open->next;
    a->passed = sp->counters->challenges_passed;
    a->missed = sp->counters->challenges_missed;
    a->failed = sp->counters->challenges_failed;
    a->missed_in_row = sp->counters->missed_in_row;
    a->slashed = sp->counters->slashed;
    a->slashed_in_window =
        ctx->time - sp->slash_window_start < ctx->params->challenge->slash_window_ms ? sp->slash_window_sum : 0;
    a->slash_window_max = ctx->params->challenge->slash_window_max;
    a->open_repairs = sp->counters->open_repairs;
    a->next_floor_draw = sp->next_floor_draw;
    *(ChallengeSnapshot **)ret_answer = a;
    return CODE_OK;
}

/* --- repair duties --- */

struct duties {
    RepairDutiesAnswer *answer;
    size_t limit;
    bool more;
};

/* record_fn */
static int duty_add(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct duties *page = arg;
    (void)value, (void)err;
    if (ctx_page_full(ctx, page->answer->n_duties, page->limit)) {
        page->more = true;
        return RECORD_STOP;
    }
    page->answer->duties[page->answer->n_duties++] = msg;
    page->answer->next_cursor = ctx_data(ctx, rest);
    return CODE_OK;
}

static int query_repairs(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    const RepairDutiesQuery *q = question;
    struct key prefix, after;
    struct duties page = {CTX_NEW(ctx, RepairDutiesAnswer), query_limit(q->limit), false};
    repair_duties_answer__init(page.answer);
    page.answer->duties = ctx_array(ctx, page.limit, sizeof *page.answer->duties);
    key_repair_all(&prefix);
    after = prefix;
    key_add_bytes(&after, pb_bytes(q->cursor));
    int rc = record_each(ctx, key_bytes(&prefix), q->cursor.len ? key_bytes(&after) : BYTES_NONE, page.limit + 1,
                         &repair_duty__descriptor, duty_add, &page, err);
    if (rc)
        return rc;
    if (!page.more)
        page.answer->next_cursor = pb_data(BYTES_NONE);
    *(RepairDutiesAnswer **)ret_answer = page.answer;
    return CODE_OK;
}

/* --- the state of a deal --- */

static uint32_t count_bits(uint64_t bits) {
    uint32_t n = 0;
    for (; bits; bits &= bits - 1)
        n++;
    return n;
}

static int fill_places(struct ctx *ctx, const ObjectInfo *object, DealAnswer *a, uint64_t *ret_sound, struct err *err) {
    PlacementGroup *group = NULL;
    int rc = slot_group(ctx, object->bucket_id, object->slot, &group, err);
    if (rc == CODE_OK)
        rc = duty_sound(ctx, object, group, ret_sound, err);
    if (rc)
        return rc;
    a->sps = group->members;
    a->n_sps = group->n_members;
    return CODE_OK;
}

/* 0 is never. */
static uint64_t sooner(uint64_t a, uint64_t b) {
    return a && (!b || a < b) ? a : b;
}

/* The first of the ends that an object can have: its term's, what its primary gave notice of, that of a payer who does
 * not fill up again. */
static int find_end(struct ctx *ctx, const BucketInfo *bucket, const ObjectInfo *object, struct deal_facts *facts,
                    uint64_t *ret, struct err *err) {
    struct addr payer = bucket_payer(bucket);
    PaymentAccount *account = NULL;
    *ret = sooner(sooner(object->ends_at, object->discontinue_at), bucket->discontinue_at);
    facts->doomed = object->discontinue_at || bucket->discontinue_at;
    if (object->ends_at || !object->slot)
        return CODE_OK; /* what is paid ahead does not hang on the payer */
    int rc = payment_get(ctx, &payer, &account, err);
    if (rc)
        return rc == CODE_PAYMENT_ACCOUNT_NOT_FOUND ? CODE_OK : rc;
    if (account->status != PAYMENT_STATUS_FROZEN)
        return CODE_OK;
    facts->doomed = true;
    *ret = sooner(*ret, account->frozen_at + ctx->params->payment->frozen_time_ms);
    return CODE_OK;
}

/* Nothing is there now: something may have been, not long ago. */
static int answer_ended(struct ctx *ctx, const BucketInfo *bucket, const char *name, DealAnswer *a, struct err *err) {
    ObjectInfo gone = OBJECT_INFO__INIT;
    struct deal_facts facts = {.object = &gone, .settled = true};
    int rc = ended_find(ctx, bucket->id, name, &a->ended, err);
    if (rc)
        return rc;
    if (!a->ended)
        return err_set(err, CODE_OBJECT_NOT_FOUND, "bucket %s has no object %.200s", bucket->bucket_name, name);
    a->state = deal_state(&facts);
    a->code = deal_state_code(a->state);
    a->ends_at = a->ended->ended_at;
    a->endpoint = pb_text("");
    return CODE_OK;
}

static int query_deal(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    const ObjectQuery *q = question;
    BucketInfo *bucket = NULL;
    ObjectInfo *object = NULL;
    StorageProvider *primary = NULL;
    uint64_t sound = 0;
    DealAnswer *a = CTX_NEW(ctx, DealAnswer);
    deal_answer__init(a);
    int rc = bucket_get(ctx, q->bucket_name, &bucket, err);
    if (rc == CODE_OK)
        rc = object_find(ctx, bucket->id, q->object_name, &object, err);
    if (rc == CODE_OK && !object) {
        rc = answer_ended(ctx, bucket, q->object_name, a, err);
        if (rc == CODE_OK)
            *(DealAnswer **)ret_answer = a;
        return rc;
    }
    if (rc == CODE_OK && object->slot)
        rc = fill_places(ctx, object, a, &sound, err);
    if (rc == CODE_OK && object->primary_sp)
        rc = sp_get(ctx, object->primary_sp, &primary, err);
    if (rc)
        return rc;
    struct deal_facts facts = {
        .object = object, .live = sound, .now = ctx->time, .warning_ms = ctx->params->storage->warning_ms};
    rc = find_end(ctx, bucket, object, &facts, &a->ends_at, err);
    if (rc)
        return rc;
    uint8_t *bits = ctx_alloc(ctx, sizeof sound);
    store_le64(bits, sound);
    a->state = deal_state(&facts);
    a->code = deal_state_code(a->state);
    a->lost = deal_lost(&facts);
    if (a->state < DEAL_STATE_PENDING_END)
        a->ends_at = 0; /* not in sight yet */
    a->positions = profile_positions(object->profile);
    a->sealed = count_bits(deal_sealed_positions(object));
    a->sound = count_bits(sound);
    a->sound_positions = pb_data(bytes_of(bits, (a->positions + 7) / 8));
    a->endpoint = primary ? primary->endpoint : pb_text("");
    a->object = object;
    *(DealAnswer **)ret_answer = a;
    return CODE_OK;
}

const struct query challenge_queries[CHALLENGE_QUERIES] = {
    {.path = "/challenge/challenge",
     .help = "a challenge's record, open or closed a while ago: id",
     .question = &id_query__descriptor,
     .answer = &challenge__descriptor,
     .key = query_challenge},
    {.path = "/challenge/challenges",
     .help = "challenges by id, or the open ones of sp_id or object_id: start_after, limit",
     .question = &challenges_query__descriptor,
     .answer = &challenges_answer__descriptor,
     .run = query_challenges},
    {.path = "/challenge/snapshot",
     .help = "what a provider owes now, and how it has done: sp_id, start_after, limit",
     .question = &challenge_snapshot_query__descriptor,
     .answer = &challenge_snapshot__descriptor,
     .run = query_snapshot},
    {.path = "/challenge/repairs",
     .help = "repair duties: cursor, limit",
     .question = &repair_duties_query__descriptor,
     .answer = &repair_duties_answer__descriptor,
     .run = query_repairs},
    {.path = "/challenge/stats",
     .help = "how many are open, passed, missed; repairs",
     .question = &empty_query__descriptor,
     .answer = &challenge_stats__descriptor,
     .run = query_stats},
    {.path = "/storage/deal",
     .help = "an object's deal: its state, who holds it and who can be trusted with it: bucket_name, object_name",
     .question = &object_query__descriptor,
     .answer = &deal_answer__descriptor,
     .run = query_deal},
};
