/* SPDX-License-Identifier: Apache-2.0 */
/* Buckets that move to another primary: the whole way, the money, every precondition alone, every way in which it ends,
 * and buckets whose primary is gone. */
#include "tests/lib/ledger/deal.h"
#include "tests/lib/ledger/providers.h"
#include "tests/lib/ledger/trigger.h"

#include "chain/base/num.h"
#include "chain/types/keys_payment.h"
#include "chain/types/keys_sp.h"
#include "chain/types/keys_storage.h"
#include "x/payment/payment.h"
#include "x/sp/sp.h"

#define CAIRN  PEBBLE_PER_CAIRN
#define MINUTE 60000ull
#define NEW    8 /* the destination, registered by "newsp" */

static struct fixture f;
static struct deal d, other; /* two buckets in one placement group */

static int send(const char *who, ProtobufCMessage *message) {
    ((ProtobufCBinaryData *)((char *)message + message->descriptor->fields[0].offset))->len = 0;
    const TxResult *r = fixture_do(&f, who, message);
    if (r->code)
        print_message("%s\n", r->log);
    return (int)r->code;
}

static char *text(const char *s) {
    return arena_strdup(&f.tx_arena, s);
}

static void set_up(uint64_t settle_interval_ms) {
    MsgRegisterSp m;
    fixture_init(&f);
    f.sp_price = (uint64_t)1 << 40;
    f.sp_read_price = 1000;
    fixture_account(&f, "alice", 1000 * CAIRN);
    fixture_account(&f, "bob", 1000 * CAIRN);
    fixture_account(&f, "newsp", 5000 * CAIRN);
    fixture_account(&f, "newsp.seal", 500 * CAIRN);
    fixture_account(&f, "sp0.gc", CAIRN);
    f.params.challenge.floor_interval_ms = 0;
    f.params.challenge.bytes_per_draw = 0;
    f.params.payment.settle_interval_ms = settle_interval_ms;
    f.params.sp.reserve_time_max_ms = 60 * MINUTE;
    f.params.sp.reserve_time_base_ms = 15 * MINUTE; /* less than a migration may take */
    f.params.sp.group_idle_ms = 24 * 60 * MINUTE;
    f.params.sp.reservations_per_sp = 2;
    f.params.storage.migrate_time_ms = 30 * MINUTE;
    trigger_install(&f);
    fixture_start(&f);
    deal_init(&d, &f, "alice", "photos", "a.jpg", "ec:4+2+w", 64 * KIB, 200000);
    deal_fund(&d, 900 * CAIRN);
    deal_must(&d);
    deal_init(&other, &f, "bob", "videos", "clip", "ec:4+2+w", 64 * KIB, 100000);
    other.nonce = 100;
    deal_fund(&other, 900 * CAIRN);
    other.group_id = d.group_id;
    deal_must_bucket(&other);
    deal_must_create(&other);
    deal_must_seal(&other);
    provider_registration(&f, "newsp", &m);
    m.deposit = 1000 * CAIRN;
    m.read_price = 500;
    assert_code(send("newsp", &m.base), CODE_OK);
}

static int setup(void **state) {
    (void)state;
    set_up(MINUTE);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

/* --- messages --- */

static int migrate(void) {
    struct migrate_try t;
    deal_migrate_try(&d, &t, NEW, "newsp");
    const TxResult *r = deal_migrate_send(&d, &t, "alice");
    if (r->code)
        print_message("%s\n", r->log);
    return (int)r->code;
}

static int complete(const char *who, uint64_t slot, uint64_t group) {
    MsgCompleteMigrateBucket m = MSG_COMPLETE_MIGRATE_BUCKET__INIT;
    SlotMove move = SLOT_MOVE__INIT, *moves[] = {&move};
    move.slot = slot;
    move.group_id = group;
    m.bucket_name = text("photos");
    m.slots = moves;
    m.n_slots = slot ? 1 : 0;
    return send(who, &m.base);
}

static int cancel(const char *who) {
    MsgCancelMigrateBucket m = MSG_CANCEL_MIGRATE_BUCKET__INIT;
    m.bucket_name = text("photos");
    return send(who, &m.base);
}

static int reject(const char *who, const char *reason) {
    MsgRejectMigrateBucket m = MSG_REJECT_MIGRATE_BUCKET__INIT;
    m.bucket_name = text("photos");
    m.reason = text(reason);
    return send(who, &m.base);
}

static const BucketSlot *slot(uint64_t number) {
    struct key k;
    return fixture_record(&f, key_slot(&k, deal_bucket(&d)->id, number), &bucket_slot__descriptor);
}

static const PlacementGroup *group(uint64_t id) {
    struct key k;
    return fixture_record(&f, key_placement_group(&k, id), &placement_group__descriptor);
}

static const SlotReservation *reservation(uint64_t group_id) {
    struct key k;
    return fixture_record(&f, key_reservation(&k, group_id, 0), &slot_reservation__descriptor);
}

static int complete_slot(const char *who, uint64_t group_id) {
    MsgCompleteSlot m = MSG_COMPLETE_SLOT__INIT;
    m.group_id = group_id;
    return send(who, &m.base);
}

/* Answers what the destination is asked, until the position is its own. */
static unsigned prove(uint64_t group_id) {
    unsigned n = 0;
    for (int blocks = 0; reservation(group_id) && blocks < 400; blocks++) {
        fixture_skip(&f, 1);
        for (;;) {
            const ChallengesAnswer *open = fixture_query(&f, "/challenge/challenges", "sp_id", "8", "limit", "1", NULL);
            if (!open->n_challenges)
                break;
            MsgAnswerChallenge m;
            deal_answer(&d, open->challenges[0], &m);
            assert_code(send("newsp.seal", &m.base), CODE_OK);
            n++;
        }
    }
    fixture_skip(&f, 1); /* the bucket hears of it in the same block or the next */
    return n;
}

static int set_quota(uint64_t quota) {
    MsgUpdateBucket m = MSG_UPDATE_BUCKET__INIT;
    SetNumber n = SET_NUMBER__INIT;
    m.bucket_name = text("photos");
    n.value = quota;
    m.read_quota = &n;
    return send("alice", &m.base);
}

static const ReadQuota *quota(void) {
    struct key k;
    return fixture_record(&f, key_read_quota(&k, deal_bucket(&d)->id), &read_quota__descriptor);
}

static int force_out(struct ctx *ctx, void *arg, struct err *err) {
    return sp_force_exit(ctx, *(uint32_t *)arg, err);
}

/* --- the whole way --- */

static void migrate__the_bucket_has_a_new_primary_and_no_object_changes(void **state) {
    (void)state;
    const ObjectInfo *object = deal_object(&d);
    uint64_t number = object->slot, updated_at = object->updated_at, price = object->prices[0];
    uint64_t at_source = deal_sp(&f, 1)->stored_bytes, bytes = slot(1)->held[0], there = group(d.group_id)->bytes;
    assert_code(set_quota(GIB), CODE_OK);
    assert_code(migrate(), CODE_OK);
    assert_int_equal(deal_bucket(&d)->status, BUCKET_STATUS_MIGRATING);
    assert_int_equal(deal_migration(&d)->from_sp, 1);
    assert_int_equal(deal_migration(&d)->to_sp, NEW);
    assert_code(complete("newsp.seal", 1, 0), CODE_OK);
    uint64_t part = slot(1)->group_id; /* set apart from the other bucket's, with the same members */
    assert_true(part != d.group_id);
    assert_int_equal(group(part)->members[0], 1);
    assert_int_equal(group(part)->slots, 1);
    assert_int_equal(group(d.group_id)->slots, 1);
    assert_int_equal(group(part)->bytes + group(d.group_id)->bytes, there);
    assert_int_equal(deal_sp(&f, 1)->stored_bytes, at_source); /* until it is through the source is liable */
    assert_int_equal(deal_sp(&f, NEW)->reserved_bytes, bytes);
    assert_code(complete_slot("newsp.seal", part), CODE_OK);
    assert_int_equal(prove(part), 30);
    assert_int_equal(group(part)->members[0], NEW);
    assert_int_equal(deal_sp(&f, 1)->stored_bytes, at_source - bytes);
    assert_int_equal(deal_sp(&f, NEW)->stored_bytes, bytes);
    assert_int_equal(deal_sp(&f, NEW)->reserved_bytes, 0);
    assert_int_equal(deal_bucket(&d)->primary_sp, NEW);
    assert_int_equal(deal_bucket(&d)->status, BUCKET_STATUS_CREATED);
    assert_null(deal_migration(&d));
    assert_int_equal(quota()->sp_id, NEW); /* at what that one asks */
    assert_int_equal(quota()->price, 500);
    assert_int_equal(deal_object(&d)->slot, number);
    assert_int_equal(deal_object(&d)->updated_at, updated_at);
    assert_int_equal(deal_object(&d)->prices[0], price);
    assert_int_equal(group(d.group_id)->members[0], 1); /* the other bucket stays */
    assert_int_equal(deal_bucket(&other)->primary_sp, 1);
}

static void migrate__a_slot_that_is_alone_stays_in_its_group(void **state) {
    (void)state;
    assert_code(deal_delete(&other), CODE_OK);
    assert_code(migrate(), CODE_OK);
    assert_code(complete("newsp", 1, 0), CODE_OK);
    assert_int_equal(slot(1)->group_id, d.group_id);
    assert_code(complete_slot("newsp", d.group_id), CODE_OK);
    prove(d.group_id);
    assert_int_equal(deal_bucket(&d)->primary_sp, NEW);
    assert_int_equal(slot(1)->group_id, d.group_id);
}

static void migrate__a_bucket_without_slots_needs_one_step(void **state) {
    (void)state;
    assert_code(deal_delete(&d), CODE_OK);
    assert_code(migrate(), CODE_OK);
    assert_code(complete("newsp", 0, 0), CODE_OK);
    assert_int_equal(deal_bucket(&d)->primary_sp, NEW);
    assert_null(deal_migration(&d));
}

static void migrate__slots_of_the_new_primary_go_into_a_group_that_it_has(void **state) {
    (void)state;
    assert_code(migrate(), CODE_OK);
    assert_code(complete("newsp", 1, 0), CODE_OK);
    uint64_t part = slot(1)->group_id;
    assert_code(complete_slot("newsp", part), CODE_OK);
    prove(part);
    MsgOpenGroup open = MSG_OPEN_GROUP__INIT;
    uint32_t members[] = {NEW, 2, 3, 4, 5, 6, 7}, wrong[] = {NEW, 3, 2, 4, 5, 6, 7};
    open.profile = &d.profile;
    open.members = wrong;
    open.n_members = 7;
    assert_code(send("newsp", &open.base), CODE_OK);
    assert_code(complete("newsp", 1, part + 1), CODE_MIGRATION_SLOT); /* others hold positions there */
    open.members = members;
    assert_code(send("newsp", &open.base), CODE_OK);
    assert_code(complete("newsp", 1, 999), CODE_PLACEMENT_GROUP_NOT_FOUND);
    assert_code(complete("newsp", 1, part), CODE_MIGRATION_SLOT); /* it lies there */
    assert_code(complete("newsp", 1, part + 2), CODE_OK);
    assert_int_equal(slot(1)->group_id, part + 2);
    assert_int_equal(group(part)->slots, 0);
    assert_int_equal(group(part)->bytes, 0);
    assert_int_equal(deal_sp(&f, NEW)->stored_bytes, slot(1)->held[0]);
}

/* --- money --- */

/* Lives through a migration with the slot settled as often as asked: what source and destination have earned at the
 * same moment, and what the delete gave back. */
static void live(uint64_t settle_interval_ms, uint64_t ret[3]) {
    set_up(settle_interval_ms);
    fixture_skip(&f, 5 * MINUTE);
    assert_code(migrate(), CODE_OK);
    assert_code(complete("newsp", 1, 0), CODE_OK);
    uint64_t part = slot(1)->group_id;
    assert_code(complete_slot("newsp", part), CODE_OK);
    prove(part);
    uint64_t at = FIXTURE_GENESIS_TIME + 25 * MINUTE;
    assert_true(fixture_ledger_time(&f) < at);
    fixture_skip(&f, at - fixture_ledger_time(&f));
    const RefundAnswer *quote =
        fixture_query(&f, "/storage/refund", "bucket_name", "photos", "object_name", "a.jpg", NULL);
    uint64_t refund = quote->refund, given = 0;
    assert_code(deal_delete(&d), CODE_OK);
    ret[0] = deal_sp(&f, 1)->earned;
    ret[1] = deal_sp(&f, NEW)->earned;
    const char *text_of = fixture_attribute(fixture_event(&f, "storage.object_deleted"), "refund");
    assert_true(u64_parse(text_of, strlen(text_of), &given));
    assert_int_equal(given, refund); /* as quoted */
    ret[2] = given;
    fixture_release(&f);
}

static void flow__the_same_money_however_often_it_is_settled(void **state) {
    (void)state;
    uint64_t seldom[3], often[3];
    live(24 * 60 * MINUTE, seldom);
    live(MINUTE, often);
    for (int i = 1; i < 3; i++)
        assert_int_equal(seldom[i], often[i]);
    assert_true(seldom[1] > 0);
}

static void quota__above_the_price_agreed_on_ends(void **state) {
    (void)state;
    MsgSetSpPrice price = MSG_SET_SP_PRICE__INIT;
    assert_code(set_quota(GIB), CODE_OK);
    assert_code(migrate(), CODE_OK);
    price.sp_id = NEW;
    price.read_price = 501;
    assert_code(send("newsp", &price.base), CODE_OK);
    assert_code(complete("newsp", 1, 0), CODE_OK);
    uint64_t part = slot(1)->group_id;
    assert_code(complete_slot("newsp", part), CODE_OK);
    prove(part);
    assert_int_equal(deal_bucket(&d)->primary_sp, NEW);
    assert_null(quota());
    assert_int_equal(deal_bucket(&d)->read_quota, 0);
}

/* --- each precondition alone --- */

static void migrate__refused(void **state) {
    (void)state;
    struct migrate_try t;
    deal_migrate_try(&d, &t, NEW, "newsp");
    assert_code((int)deal_migrate_send(&d, &t, "bob")->code, CODE_DENIED); /* not who the spec names */
    deal_migrate_try(&d, &t, NEW, "newsp");
    t.spec.creator = fixture_addr_data(&f, "bob");
    assert_code((int)deal_migrate_send(&d, &t, "bob")->code, CODE_DENIED);
    deal_migrate_try(&d, &t, NEW, "newsp");
    t.spec.bucket_name = text("nowhere");
    assert_code((int)deal_migrate_send(&d, &t, "alice")->code, CODE_BUCKET_NOT_FOUND);
    deal_migrate_try(&d, &t, NEW, "newsp");
    t.spec.bucket_id++;
    assert_code((int)deal_migrate_send(&d, &t, "alice")->code, CODE_BUCKET_NOT_FOUND);
    deal_migrate_try(&d, &t, 1, "sp0");
    assert_code((int)deal_migrate_send(&d, &t, "alice")->code, CODE_MIGRATION_TARGET);
    deal_migrate_try(&d, &t, NEW, "newsp");
    t.approver = NULL;
    assert_code((int)deal_migrate_send(&d, &t, "alice")->code, CODE_APPROVAL_MISSING);
    deal_migrate_try(&d, &t, NEW, "newsp");
    t.approver = "sp0.approval";
    assert_code((int)deal_migrate_send(&d, &t, "alice")->code, CODE_APPROVAL_SIGNATURE);
    deal_migrate_try(&d, &t, NEW, "newsp");
    t.approval.sp_id = 2;
    assert_code((int)deal_migrate_send(&d, &t, "alice")->code, CODE_APPROVAL_SP);
    deal_migrate_try(&d, &t, NEW, "newsp");
    t.approval.timeout = fixture_ledger_time(&f);
    assert_code((int)deal_migrate_send(&d, &t, "alice")->code, CODE_APPROVAL_EXPIRED);
    deal_migrate_try(&d, &t, 99, "newsp");
    assert_code((int)deal_migrate_send(&d, &t, "alice")->code, CODE_SP_NOT_FOUND);
    MsgSetSpStatus away = MSG_SET_SP_STATUS__INIT;
    away.sp_id = NEW;
    away.status = SP_STATUS_IN_MAINTENANCE;
    away.duration_ms = MINUTE;
    assert_code(send("newsp", &away.base), CODE_OK);
    assert_code(migrate(), CODE_PRIMARY_SP);
    away.status = SP_STATUS_IN_SERVICE;
    away.duration_ms = 0;
    assert_code(send("newsp", &away.base), CODE_OK);
    assert_code(migrate(), CODE_OK);
    assert_code(migrate(), CODE_BUCKET_STATUS); /* one at a time */
}

static void migrate__as_many_to_one_provider_as_allowed(void **state) {
    (void)state;
    static const char *const names[] = {"one-more", "two-more"};
    struct migrate_try t;
    assert_code(migrate(), CODE_OK);
    for (unsigned i = 0; i < 2; i++) {
        struct deal more = d;
        more.bucket = names[i];
        more.nonce = 200 + 10 * i;
        deal_must_bucket(&more);
        deal_migrate_try(&more, &t, NEW, "newsp");
        assert_code((int)deal_migrate_send(&more, &t, "alice")->code, i ? CODE_MIGRATION_LIMIT : CODE_OK);
    }
    assert_code(cancel("alice"), CODE_OK); /* makes room */
    struct deal more = d;
    more.bucket = names[1];
    more.nonce = 300;
    deal_migrate_try(&more, &t, NEW, "newsp");
    assert_code((int)deal_migrate_send(&more, &t, "alice")->code, CODE_OK);
}

static void complete__refused(void **state) {
    (void)state;
    assert_code(complete("newsp", 1, 0), CODE_MIGRATION_NOT_FOUND);
    assert_code(complete("sp0", 1, 0), CODE_MIGRATION_SLOT); /* the primary itself: there is nothing to do */
    assert_code(migrate(), CODE_OK);
    assert_code(complete("sp0", 1, 0), CODE_DENIED);
    assert_code(complete("alice", 1, 0), CODE_DENIED);
    assert_code(complete("newsp", 2, 0), CODE_MIGRATION_SLOT);          /* there is none */
    assert_code(complete("newsp", 1, d.group_id), CODE_MIGRATION_SLOT); /* not its own yet */
    assert_code(complete("newsp", 0, 0), CODE_OK);                      /* and nothing ends by that */
    assert_int_equal(deal_bucket(&d)->status, BUCKET_STATUS_MIGRATING);
    assert_code(complete("newsp", 1, 0), CODE_OK);
    uint64_t part = slot(1)->group_id;
    assert_code(complete("newsp", 1, 0), CODE_RESERVATION_EXISTS);
    assert_code(complete("newsp", 1, part), CODE_MIGRATION_SLOT);
    assert_true(slot(1)->group_id == part);
}

static void complete__a_slot_has_as_long_as_copying_takes_and_may_be_taken_again(void **state) {
    (void)state;
    assert_code(migrate(), CODE_OK);
    assert_code(complete("newsp", 1, 0), CODE_OK); /* long before the end of the migration */
    uint64_t part = slot(1)->group_id, begun = fixture_ledger_time(&f);
    uint64_t more = u64_div_up(reservation(part)->bytes * f.params.sp.reserve_ms_per_gib, GIB);
    assert_int_equal(reservation(part)->deadline, begun + 15 * MINUTE + more);
    fixture_skip(&f, 16 * MINUTE);
    assert_null(reservation(part));
    assert_int_equal(deal_bucket(&d)->status, BUCKET_STATUS_MIGRATING);
    assert_code(complete("newsp", 1, 0), CODE_OK);
    assert_int_equal(slot(1)->group_id, part); /* it is alone there already */
    assert_non_null(reservation(part));
}

static void complete__slots_in_order_and_not_too_many(void **state) {
    (void)state;
    MsgCompleteMigrateBucket m = MSG_COMPLETE_MIGRATE_BUCKET__INIT;
    SlotMove moves[5], *list[5];
    struct tx *tx;
    struct err err = {0};
    Msg *msg;
    for (unsigned i = 0; i < 5; i++) {
        slot_move__init(&moves[i]);
        moves[i].slot = i + 1;
        list[i] = &moves[i];
    }
    m.bucket_name = text("photos");
    m.slots = list;
    for (unsigned n = 4; n < 6; n++) {
        m.n_slots = n;
        msg = fixture_msg(&f, "newsp", &m.base);
        tx = fixture_tx(&f, "newsp", 0, &msg, 1);
        assert_code(fixture_process(&f, (const struct tx *const *)&tx, 1, &err),
                    n == 4 ? CODE_OK : CODE_MIGRATION_LIMIT);
        err_clear(&err);
    }
    m.n_slots = 2;
    moves[1].slot = 1;
    msg = fixture_msg(&f, "newsp", &m.base);
    tx = fixture_tx(&f, "newsp", 0, &msg, 1);
    assert_code(fixture_process(&f, (const struct tx *const *)&tx, 1, &err), CODE_INVALID_ARGUMENT);
}

static void complete__not_by_a_member(void **state) {
    (void)state;
    struct migrate_try t;
    deal_migrate_try(&d, &t, 3, "sp2"); /* it holds another position there, which somebody must take over first */
    assert_code((int)deal_migrate_send(&d, &t, "alice")->code, CODE_OK);
    assert_code(complete("sp2", 1, 0), CODE_SLOT_SUCCESSOR);
    assert_int_equal(slot(1)->group_id, d.group_id); /* and nothing was set apart */
}

static void migrating__what_is_refused_and_what_goes_on(void **state) {
    (void)state;
    struct object_try create;
    MsgDeleteBucket del = MSG_DELETE_BUCKET__INIT;
    assert_code(migrate(), CODE_OK);
    struct deal fresh = d;
    fresh.object = "new.jpg";
    fresh.nonce = 400;
    deal_object_try(&fresh, &create);
    assert_code((int)deal_object_send(&fresh, &create, "alice")->code, CODE_BUCKET_STATUS);
    assert_code(set_quota(5), CODE_BUCKET_STATUS);
    MsgMoveObject move = MSG_MOVE_OBJECT__INIT;
    move.bucket_name = text("photos");
    move.object_name = text("a.jpg");
    move.new_object_name = text("b.jpg");
    assert_code(send("alice", &move.base), CODE_BUCKET_STATUS);
    MsgDiscontinueBucket end = MSG_DISCONTINUE_BUCKET__INIT;
    end.bucket_name = text("photos");
    end.reason = text("no more");
    assert_code(send("sp0.gc", &end.base), CODE_BUCKET_STATUS);
    assert_code(deal_delete(&d), CODE_OK);
    del.bucket_name = text("photos");
    assert_code(send("alice", &del.base), CODE_BUCKET_STATUS);
    assert_code(cancel("alice"), CODE_OK);
    del.bucket_name = text("photos");
    assert_code(send("alice", &del.base), CODE_OK);
}

static void seal__of_what_was_created_before_the_bucket_moved(void **state) {
    (void)state;
    struct seal_try t;
    struct deal late = d;
    late.object = "late.jpg";
    late.nonce = 500;
    memset(late.upload_id, 9, sizeof late.upload_id);
    deal_must_create(&late);
    assert_code(migrate(), CODE_OK);
    deal_seal_try(&late, &t);
    assert_code((int)deal_seal_send(&late, &t, "sp0.seal")->code, CODE_BUCKET_STATUS);
    assert_code(complete("newsp", 1, 0), CODE_OK);
    uint64_t part = slot(1)->group_id;
    assert_code(complete_slot("newsp", part), CODE_OK);
    prove(part);
    deal_seal_try(&late, &t);
    assert_code((int)deal_seal_send(&late, &t, "sp0.seal")->code, CODE_PRIMARY_SP);
}

/* --- how it ends otherwise --- */

static void cancel__by_the_owner(void **state) {
    (void)state;
    assert_code(cancel("alice"), CODE_MIGRATION_NOT_FOUND);
    assert_code(migrate(), CODE_OK);
    uint64_t before = fixture_balance(&f, "newsp");
    assert_code(complete("newsp", 1, 0), CODE_OK);
    uint64_t part = slot(1)->group_id;
    assert_true(fixture_balance(&f, "newsp") + f.params.sp.group_bond < before);
    assert_code(cancel("bob"), CODE_DENIED);
    assert_code(cancel("newsp"), CODE_DENIED);
    assert_code(cancel("alice"), CODE_OK);
    assert_null(reservation(part)); /* the bonds are back */
    assert_true(fixture_balance(&f, "newsp") + CAIRN / 100 > before);
    assert_int_equal(deal_sp(&f, NEW)->reserved_bytes, 0);
    assert_int_equal(deal_bucket(&d)->status, BUCKET_STATUS_CREATED);
    assert_int_equal(deal_bucket(&d)->primary_sp, 1);
    assert_int_equal(group(part)->members[0], 1);
    assert_int_equal(group(part)->status, GROUP_STATUS_OPEN);
    assert_code(migrate(), CODE_OK); /* again, and the slot is alone already */
    assert_code(complete("newsp", 1, 0), CODE_OK);
    assert_int_equal(slot(1)->group_id, part);
}

static void reject__by_the_destination(void **state) {
    (void)state;
    assert_code(reject("newsp", "no room"), CODE_MIGRATION_NOT_FOUND);
    assert_code(migrate(), CODE_OK);
    assert_code(complete("newsp", 1, 0), CODE_OK);
    uint64_t part = slot(1)->group_id, bond = reservation(part)->bond, held = reservation(part)->group_bond;
    uint64_t before = fixture_balance(&f, "newsp");
    assert_code(reject("alice", "no room"), CODE_DENIED);
    assert_code(reject("sp0", "no room"), CODE_DENIED);
    assert_code(reject("newsp", "no room"), CODE_OK);
    assert_null(reservation(part));
    uint64_t kept = bond - bond / 1000000 * f.params.sp.reserve_cancel_ppm; /* like any reservation that is cancelled */
    assert_true(fixture_balance(&f, "newsp") < before + held + kept);
    assert_true(fixture_balance(&f, "newsp") + CAIRN / 100 > before + held + kept);
    assert_int_equal(deal_bucket(&d)->status, BUCKET_STATUS_CREATED);
}

static void deadline__nobody_completes(void **state) {
    (void)state;
    assert_code(migrate(), CODE_OK);
    assert_code(complete("newsp", 1, 0), CODE_OK);
    uint64_t part = slot(1)->group_id;
    fixture_skip(&f, 29 * MINUTE);
    assert_int_equal(deal_bucket(&d)->status, BUCKET_STATUS_MIGRATING);
    fixture_skip(&f, 2 * MINUTE);
    assert_int_equal(deal_bucket(&d)->status, BUCKET_STATUS_CREATED);
    assert_null(deal_migration(&d));
    assert_null(reservation(part));
    assert_int_equal(deal_bucket(&d)->primary_sp, 1);
    assert_int_equal(deal_sp(&f, NEW)->counters->reservations, 0);
}

static void misses__end_the_reservation_and_not_the_migration(void **state) {
    (void)state;
    assert_code(migrate(), CODE_OK);
    assert_code(complete("newsp", 1, 0), CODE_OK);
    uint64_t part = slot(1)->group_id;
    for (unsigned i = 0; i < f.params.sp.takeover_misses_max; i++) {
        assert_code(complete_slot("newsp", part), CODE_OK);
        for (int blocks = 0;
             blocks < 200 && reservation(part) && reservation(part)->status == RESERVATION_STATUS_PROVING; blocks++)
            fixture_skip(&f, 1000);
    }
    assert_null(reservation(part));
    assert_int_equal(deal_bucket(&d)->status, BUCKET_STATUS_MIGRATING);
    assert_code(complete("newsp", 1, 0), CODE_OK); /* with another bond */
    assert_non_null(reservation(part));
}

/* --- a primary that is gone --- */

static void gone__the_owner_moves_the_bucket_without_its_help(void **state) {
    (void)state;
    uint32_t id = 1;
    assert_code(set_quota(GIB), CODE_OK);
    assert_code(trigger_run(&f, force_out, &id), CODE_OK);
    fixture_skip(&f, 3000);
    assert_code(migrate(), CODE_OK);
    assert_code(complete("newsp", 1, 0), CODE_OK);
    uint64_t part = slot(1)->group_id;
    assert_int_equal(group(part)->n_vacant, 1); /* what waits there waits for who rebuilds */
    assert_code(complete_slot("newsp", part), CODE_OK);
    prove(part);
    assert_int_equal(deal_bucket(&d)->primary_sp, NEW);
    assert_int_equal(group(part)->members[0], NEW);
    assert_int_equal(group(part)->n_vacant, 0);
}

static void gone__who_takes_its_position_is_the_primary_of_all_that_lies_there(void **state) {
    (void)state;
    uint32_t id = 1;
    MsgReserveSlot m = MSG_RESERVE_SLOT__INIT;
    assert_code(set_quota(GIB), CODE_OK);
    assert_code(trigger_run(&f, force_out, &id), CODE_OK);
    fixture_skip(&f, 3000);
    m.group_id = d.group_id;
    m.bond = 2 * CAIRN;
    m.deadline = fixture_ledger_time(&f) + 10 * MINUTE;
    assert_code(send("newsp", &m.base), CODE_OK);
    assert_code(complete_slot("newsp", d.group_id), CODE_OK);
    for (int blocks = 0; reservation(d.group_id) && blocks < 400; blocks++) {
        fixture_skip(&f, 1);
        for (;;) {
            const ChallengesAnswer *open = fixture_query(&f, "/challenge/challenges", "sp_id", "8", "limit", "1", NULL);
            if (!open->n_challenges)
                break;
            MsgAnswerChallenge a;
            deal_answer(!strcmp(open->challenges[0]->bucket_name, "photos") ? &d : &other, open->challenges[0], &a);
            assert_code(send("newsp.seal", &a.base), CODE_OK);
        }
    }
    fixture_skip(&f, 3000);
    assert_int_equal(group(d.group_id)->members[0], NEW);
    assert_int_equal(deal_bucket(&d)->primary_sp, NEW);
    assert_int_equal(deal_bucket(&other)->primary_sp, NEW);
    assert_int_equal(quota()->sp_id, NEW); /* cheaper than the old one */
}

static void gone__nothing_is_paid_for_reading_from_it(void **state) {
    (void)state;
    uint32_t id = 1;
    assert_code(set_quota(GIB), CODE_OK);
    fixture_skip(&f, 2 * MINUTE);
    assert_code(trigger_run(&f, force_out, &id), CODE_OK);
    uint64_t out_at = deal_sp(&f, 1)->exit_since;
    fixture_skip(&f, 3 * MINUTE);
    assert_null(quota());
    assert_int_equal(deal_bucket(&d)->read_quota, 0);
    assert_true(out_at > 0 && deal_sp(&f, 1)->status == SP_STATUS_FORCED_EXITING);
    uint64_t earned = deal_sp(&f, 1)->earned;
    fixture_skip(&f, 3 * MINUTE);
    assert_int_equal(deal_sp(&f, 1)->earned, earned);
}

static void gone__a_takeover_of_one_in_service_changes_no_bucket(void **state) {
    (void)state;
    MsgOfferSlot offer = MSG_OFFER_SLOT__INIT;
    MsgReserveSlot m = MSG_RESERVE_SLOT__INIT;
    assert_code(deal_delete(&other), CODE_OK);
    offer.group_id = d.group_id;
    assert_code(send("sp0", &offer.base), CODE_OK);
    m.group_id = d.group_id;
    m.bond = 2 * CAIRN;
    m.deadline = fixture_ledger_time(&f) + 10 * MINUTE;
    assert_code(send("newsp", &m.base), CODE_OK);
    assert_code(complete_slot("newsp", d.group_id), CODE_OK);
    prove(d.group_id);
    assert_int_equal(group(d.group_id)->members[0], NEW);
    assert_int_equal(deal_bucket(&d)->primary_sp, 1); /* it goes on to take new objects into its other groups */
}

/* --- copies across primaries --- */

static void copy__needs_a_primary_that_can_read_the_source(void **state) {
    (void)state;
    struct bucket_try b;
    struct deal far = d;
    far.bucket = "far-away";
    far.nonce = 600;
    deal_bucket_try(&far, &b);
    b.spec.primary_sp = b.approval.sp_id = NEW;
    b.approver = "newsp.approval";
    assert_code((int)deal_bucket_send(&far, &b, "alice")->code, CODE_OK);
    for (int public = 0; public < 2; public ++) {
        struct object_try t;
        MsgCreateObject create;
        MsgCopyObject m = MSG_COPY_OBJECT__INIT;
        MsgUpdateObject update = MSG_UPDATE_OBJECT__INIT;
        update.bucket_name = text("photos");
        update.object_name = text("a.jpg");
        update.visibility = VISIBILITY_PUBLIC_READ;
        if (public)
            assert_code(send("alice", &update.base), CODE_OK);
        deal_object_try(&far, &t);
        t.approver = "newsp.approval";
        t.approval.sp_id = NEW;
        deal_object_message(&far, &t, &create);
        m.source_bucket_name = text("photos");
        m.source_object_name = text("a.jpg");
        m.source_version = deal_object(&d)->version;
        m.spec = create.spec;
        m.approval = create.approval;
        assert_code(send("alice", &m.base), public ? CODE_OK : CODE_DENIED);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(migrate__the_bucket_has_a_new_primary_and_no_object_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(migrate__a_slot_that_is_alone_stays_in_its_group, setup, teardown),
        cmocka_unit_test_setup_teardown(migrate__a_bucket_without_slots_needs_one_step, setup, teardown),
        cmocka_unit_test_setup_teardown(migrate__slots_of_the_new_primary_go_into_a_group_that_it_has, setup, teardown),
        cmocka_unit_test(flow__the_same_money_however_often_it_is_settled),
        cmocka_unit_test_setup_teardown(quota__above_the_price_agreed_on_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(migrate__refused, setup, teardown),
        cmocka_unit_test_setup_teardown(migrate__as_many_to_one_provider_as_allowed, setup, teardown),
        cmocka_unit_test_setup_teardown(complete__refused, setup, teardown),
        cmocka_unit_test_setup_teardown(complete__a_slot_has_as_long_as_copying_takes_and_may_be_taken_again, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(complete__slots_in_order_and_not_too_many, setup, teardown),
        cmocka_unit_test_setup_teardown(complete__not_by_a_member, setup, teardown),
        cmocka_unit_test_setup_teardown(migrating__what_is_refused_and_what_goes_on, setup, teardown),
        cmocka_unit_test_setup_teardown(seal__of_what_was_created_before_the_bucket_moved, setup, teardown),
        cmocka_unit_test_setup_teardown(cancel__by_the_owner, setup, teardown),
        cmocka_unit_test_setup_teardown(reject__by_the_destination, setup, teardown),
        cmocka_unit_test_setup_teardown(deadline__nobody_completes, setup, teardown),
        cmocka_unit_test_setup_teardown(misses__end_the_reservation_and_not_the_migration, setup, teardown),
        cmocka_unit_test_setup_teardown(gone__the_owner_moves_the_bucket_without_its_help, setup, teardown),
        cmocka_unit_test_setup_teardown(gone__who_takes_its_position_is_the_primary_of_all_that_lies_there, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(gone__nothing_is_paid_for_reading_from_it, setup, teardown),
        cmocka_unit_test_setup_teardown(gone__a_takeover_of_one_in_service_changes_no_bucket, setup, teardown),
        cmocka_unit_test_setup_teardown(copy__needs_a_primary_that_can_read_the_source, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
