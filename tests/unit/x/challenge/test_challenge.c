/* SPDX-License-Identifier: Apache-2.0 */
/* Challenges on a whole ledger: draws, answers, misses, repairs; all invariants are checked after each block. */
#include "tests/lib/ledger/deal.h"
#include "tests/lib/ledger/trigger.h"

#include "chain/types/keys_challenge.h"
#include "x/params/params.h"

static struct fixture f;
static struct deal d;

/* Only submitted challenges, unless a test turns a stream on. */
static void begin(const char *profile, uint64_t size) {
    fixture_init(&f);
    fixture_account(&f, "alice", 1000 * PEBBLE_PER_CAIRN);
    fixture_account(&f, "bob", 1000 * PEBBLE_PER_CAIRN);
    f.params.challenge.floor_interval_ms = 0;
    f.params.challenge.bytes_per_draw = 0;
    deal_init(&d, &f, "alice", "photos", "a.jpg", profile, 64 * KIB, size);
}

static void start(void) {
    fixture_start(&f);
    deal_fund(&d, 500 * PEBBLE_PER_CAIRN);
    deal_must(&d);
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

static const Challenge *challenge(uint64_t id) {
    struct key k;
    return fixture_record(&f, key_challenge(&k, id), &challenge__descriptor);
}

static const RepairDuty *duty(uint32_t position) {
    struct key k;
    return fixture_record(&f, key_repair(&k, d.object_id, position), &repair_duty__descriptor);
}

static const TxResult *submit(const char *who, uint32_t position, uint64_t segment) {
    MsgSubmitChallenge m = MSG_SUBMIT_CHALLENGE__INIT;
    m.bucket_name = arena_strdup(&f.tx_arena, d.bucket);
    m.object_name = arena_strdup(&f.tx_arena, d.object);
    m.position = position;
    m.segment = segment;
    return fixture_do(&f, who, &m.base);
}

static uint64_t must_submit(uint32_t position, uint64_t segment) {
    const TxResult *r = submit("alice", position, segment);
    if (r->code)
        print_error("%s\n", r->log);
    assert_code((int)r->code, CODE_OK);
    return r->ids[0];
}

static const char *seal_key(uint32_t sp_id) {
    return arena_printf(&f.tx_arena, "sp%u.seal", sp_id - 1);
}

static const TxResult *answer(uint64_t id) {
    MsgAnswerChallenge m;
    const Challenge *c = challenge(id);
    deal_answer(&d, c, &m);
    return fixture_do(&f, seal_key(c->sp_id), &m.base);
}

static uint64_t attribute_u64(const char *event, const char *key) {
    return strtoull(fixture_attribute(fixture_event(&f, event), key), NULL, 10);
}

/* Blocks until an event comes. */
static void wait_for(const char *event, unsigned blocks) {
    for (unsigned i = 0; i < blocks; i++) {
        fixture_block(&f, NULL, 0);
        if (fixture_event(&f, event))
            return;
    }
    fail_msg("no %s in %u blocks", event, blocks);
}

/* --- answers --- */

static void cess_8_83__answers_of_every_position_and_segment(void **state) {
    (void)state;
    begin("ec:4+2+w", 200000);
    f.params.challenge.leaves = 5;
    start();
    for (uint32_t position = 0; position < 7; position++) {
        for (uint64_t segment = 0; segment < 4; segment++) {
            uint64_t id = must_submit(position, segment);
            const Challenge *c = challenge(id);
            assert_int_equal(c->position, position);
            assert_int_equal(c->segment, segment);
            assert_int_equal(c->n_leaves, u64_min(c->leaf_count, 5));
            for (size_t i = 1; i < c->n_leaves; i++)
                assert_true(c->leaves[i - 1] < c->leaves[i]);
            const TxResult *r = answer(id);
            assert_code((int)r->code, CODE_OK);
            assert_int_equal(r->cost, 0);
            assert_int_equal(challenge(id)->status, CHALLENGE_STATUS_PASSED);
        }
    }
    assert_int_equal(deal_sp(&f, 3)->counters->challenges_passed, 4);
    assert_int_equal(deal_sp(&f, 3)->counters->open_challenges, 0);
}

static void answer__sizes_at_the_edges_of_leaves(void **state) {
    (void)state;
    static const uint64_t sizes[] = {1, 4095, 4096, 4097, 65535, 65536, 65537};
    begin("replica:2", 1);
    f.params.challenge.open_per_submitter = 100;
    start();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char name[16];
        snprintf(name, sizeof name, "size%zu", i);
        d.object = name;
        d.size = sizes[i];
        deal_must_create(&d);
        deal_must_seal(&d);
        for (uint64_t s = 0; s < layout_segments(&d.profile, d.size); s++)
            assert_code((int)answer(must_submit(1, s))->code, CODE_OK);
    }
}

/* One wrong thing in an otherwise right answer. */
enum wrong {
    LEAF_MISSING,
    LEAF_MORE,
    LEAVES_SWAPPED,
    OTHER_INDEX,
    DATA_FLIPPED,
    DATA_SHORT,
    PATH_FLIPPED,
    PATH_SHORT,
    PATH_LONG,
    PIECE_PATH_FLIPPED,
    PIECE_PATH_SHORT,
    OTHER_SEGMENT,
    WRONG_COUNT
};

static void spoil(MsgAnswerChallenge *m, const Challenge *c, enum wrong wrong) {
    LeafProof *leaf = m->leaves[0];
    switch (wrong) {
    case LEAF_MISSING:
        m->n_leaves--;
        break;
    case LEAF_MORE: {
        LeafProof **more = arena_array(&f.tx_arena, m->n_leaves + 1, sizeof *more);
        memcpy(more, m->leaves, m->n_leaves * sizeof *more);
        more[m->n_leaves++] = leaf;
        m->leaves = more;
        break;
    }
    case LEAVES_SWAPPED:
        m->leaves[0] = m->leaves[1];
        m->leaves[1] = leaf;
        break;
    case OTHER_INDEX:
        leaf->index ^= 1;
        break;
    case DATA_FLIPPED:
        leaf->data.data[17] ^= 1;
        break;
    case DATA_SHORT:
        leaf->data.len--;
        break;
    case PATH_FLIPPED:
        leaf->path[0].data[3] ^= 1;
        break;
    case PATH_SHORT:
        leaf->n_path--;
        break;
    case PATH_LONG: {
        ProtobufCBinaryData *path = arena_array(&f.tx_arena, leaf->n_path + 1, sizeof *path);
        memcpy(path, leaf->path, leaf->n_path * sizeof *path);
        path[leaf->n_path++] = leaf->path[0];
        leaf->path = path;
        break;
    }
    case PIECE_PATH_FLIPPED:
        m->piece_path[0].data[3] ^= 1;
        break;
    case PIECE_PATH_SHORT:
        m->n_piece_path--;
        break;
    case OTHER_SEGMENT: {
        Challenge other = *c;
        other.segment ^= 1;
        deal_answer(&d, &other, m);
        break;
    }
    case WRONG_COUNT:
        break;
    }
}

static void cess_8_85__an_answer_wrong_in_one_place(void **state) {
    (void)state;
    static const int want[WRONG_COUNT] = {
        [LEAF_MISSING] = CODE_CHALLENGE_LEAVES,   [LEAF_MORE] = CODE_CHALLENGE_LEAVES,
        [LEAVES_SWAPPED] = CODE_CHALLENGE_LEAVES, [OTHER_INDEX] = CODE_CHALLENGE_LEAVES,
        [DATA_FLIPPED] = CODE_CHALLENGE_PATH,     [DATA_SHORT] = CODE_CHALLENGE_LEAF,
        [PATH_FLIPPED] = CODE_CHALLENGE_PATH,     [PATH_SHORT] = CODE_CHALLENGE_PATH,
        [PATH_LONG] = CODE_CHALLENGE_PATH,        [PIECE_PATH_FLIPPED] = CODE_CHALLENGE_PATH,
        [PIECE_PATH_SHORT] = CODE_CHALLENGE_PATH, [OTHER_SEGMENT] = CODE_CHALLENGE_PATH,
    };
    begin("ec:4+2+w", 200000);
    f.params.challenge.leaves = 3;
    f.params.challenge.open_per_submitter = 100;
    start();
    for (int wrong = 0; wrong < WRONG_COUNT; wrong++) {
        MsgAnswerChallenge m;
        uint64_t id = must_submit((uint32_t)wrong % 7, (uint64_t)wrong / 7);
        const Challenge *c = challenge(id);
        deal_answer(&d, c, &m);
        spoil(&m, c, (enum wrong)wrong);
        const TxResult *r = fixture_do(&f, seal_key(c->sp_id), &m.base);
        if ((int)r->code != want[wrong])
            fail_msg("wrong %d: %s", wrong, r->log);
        assert_int_equal(challenge(id)->status, CHALLENGE_STATUS_OPEN);
    }
}

static void answer__free_once_then_for_a_fee(void **state) {
    (void)state;
    MsgAnswerChallenge m;
    TxBody body;
    struct err err = {0};
    begin("replica:2", 100000);
    start();
    uint64_t id = must_submit(1, 0);
    deal_answer(&d, challenge(id), &m);
    m.leaves[0]->data.data[0] ^= 1;
    const TxResult *r = fixture_do(&f, "sp1.seal", &m.base);
    assert_code((int)r->code, CODE_CHALLENGE_PATH);
    assert_int_equal(r->cost, 0);

    deal_answer(&d, challenge(id), &m);
    Msg *msg = fixture_msg(&f, "sp1.seal", &m.base);
    const struct tx *tx = fixture_tx(&f, "sp1.seal", 0, &msg, 1);
    assert_code(fixture_process(&f, &tx, 1, &err), CODE_CHALLENGE_ATTEMPT);
    fixture_body(&f, "sp1.seal", 0, &msg, 1, &body);
    body.fee = PEBBLE_PER_CAIRN;
    tx = fixture_tx_body(&f, "sp1.seal", &body);
    r = fixture_block(&f, &tx, 1)->txs[0];
    assert_code((int)r->code, CODE_OK);
    assert_int_equal(r->cost, PEBBLE_PER_CAIRN);
}

static void answer__by_another_or_of_none_or_again(void **state) {
    (void)state;
    MsgAnswerChallenge m;
    struct err err = {0};
    begin("replica:2", 100000);
    start();
    uint64_t id = must_submit(1, 0);
    static const char *const others[] = {"sp0.seal", "sp1.approval", "sp1", "bob"};
    for (size_t i = 0; i < 4; i++) {
        deal_answer(&d, challenge(id), &m);
        Msg *msg = fixture_msg(&f, others[i], &m.base);
        const struct tx *tx = fixture_tx(&f, others[i], 0, &msg, 1);
        assert_code(fixture_process(&f, &tx, 1, &err), CODE_CHALLENGE_SP);
    }
    deal_answer(&d, challenge(id), &m);
    m.challenge_id = 999;
    Msg *msg = fixture_msg(&f, "sp1.seal", &m.base);
    const struct tx *tx = fixture_tx(&f, "sp1.seal", 0, &msg, 1);
    assert_code(fixture_process(&f, &tx, 1, &err), CODE_CHALLENGE_NOT_FOUND);
    assert_code((int)answer(id)->code, CODE_OK);
    deal_answer(&d, challenge(id), &m);
    msg = fixture_msg(&f, "sp1.seal", &m.base);
    tx = fixture_tx(&f, "sp1.seal", 0, &msg, 1);
    assert_code(fixture_process(&f, &tx, 1, &err), CODE_CHALLENGE_CLOSED);
}

/* --- misses --- */

static void miss__slashes_opens_a_duty_and_is_repaired(void **state) {
    (void)state;
    begin("ec:4+2+w", 200000);
    f.params.challenge.bytes_interval_ms = 1;
    start();
    uint64_t deposit = deal_sp(&f, 3)->deposit, alice = fixture_balance(&f, "alice");
    uint64_t id = must_submit(2, 1);
    uint64_t bond = f.params.challenge.submit_bond;
    assert_int_equal(challenge(id)->bond, bond);
    assert_true(fixture_balance(&f, "alice") < alice - bond);
    alice = fixture_balance(&f, "alice");
    wait_for("challenge.missed", 30);
    assert_int_equal(challenge(id)->status, CHALLENGE_STATUS_MISSED);
    assert_int_equal(challenge(id)->slashed, f.params.challenge.slash_amount);
    assert_int_equal(deal_sp(&f, 3)->deposit, deposit - f.params.challenge.slash_amount);
    assert_int_equal(fixture_balance(&f, "alice"), alice + bond + f.params.challenge.challenger_reward);
    assert_non_null(fixture_event(&f, "challenge.repair_opened"));
    assert_int_equal(duty(2)->segment, 1);
    assert_int_equal(deal_object(&d)->repair_duties, 1);
    assert_int_equal(deal_sp(&f, 3)->counters->open_repairs, 1);
    const DealAnswer *deal = fixture_query(&f, "/storage/deal", "bucket_name", "photos", "object_name", "a.jpg", NULL);
    assert_int_equal(deal->state, DEAL_STATE_PART_DEAL);
    assert_int_equal(deal->sound, 6);

    wait_for("challenge.opened", 30);
    assert_string_equal(fixture_attribute(fixture_event(&f, "challenge.opened"), "origin"), "repair");
    assert_int_equal(attribute_u64("challenge.opened", "segment"), 1);
    wait_for("challenge.missed", 30);
    assert_int_equal(duty(2)->misses, 2);
    wait_for("challenge.opened", 30);
    assert_code((int)answer(attribute_u64("challenge.opened", "challenge"))->code, CODE_OK);
    assert_non_null(fixture_event(&f, "challenge.repair_done"));
    assert_null(duty(2));
    assert_int_equal(deal_object(&d)->repair_duties, 0);
    const ChallengeStats *stats = fixture_query(&f, "/challenge/stats", NULL);
    assert_int_equal(stats->missed, 2);
    assert_int_equal(stats->passed, 1);
    assert_int_equal(stats->repairs_done, 1);
    assert_int_equal(stats->open, 0);
}

static void miss__needs_time_and_blocks(void **state) {
    (void)state;
    begin("replica:2", 100000);
    f.params.challenge.deadline_ms = 8000;
    f.params.consensus.development = true;
    start();
    f.step_ms = 2000;
    uint64_t id = must_submit(0, 0);
    uint64_t height = challenge(id)->created_height, deadline = challenge(id)->deadline;
    while (f.height < height + 8) {
        fixture_block(&f, NULL, 0);
        assert_int_equal(challenge(id)->status, CHALLENGE_STATUS_OPEN);
    }
    assert_true(fixture_ledger_time(&f) > deadline);
    fixture_block(&f, NULL, 0);
    assert_int_equal(challenge(id)->status, CHALLENGE_STATUS_MISSED);
}

static void miss__with_many_blocks_needs_the_time(void **state) {
    (void)state;
    begin("replica:2", 100000);
    f.params.challenge.deadline_ms = 8000;
    f.params.consensus.heartbeat_ms = 100;
    start();
    uint64_t id = must_submit(0, 0);
    uint64_t height = challenge(id)->created_height, deadline = challenge(id)->deadline;
    while (fixture_ledger_time(&f) < deadline) {
        assert_int_equal(challenge(id)->status, CHALLENGE_STATUS_OPEN);
        fixture_block(&f, NULL, 0);
    }
    assert_true(f.height > height + 8);
    assert_int_equal(challenge(id)->status, CHALLENGE_STATUS_OPEN);
    fixture_block(&f, NULL, 0);
    assert_int_equal(challenge(id)->status, CHALLENGE_STATUS_MISSED);
}

static void greenfield_11_3_13__an_answer_after_the_deadline(void **state) {
    (void)state;
    begin("replica:2", 100000);
    f.params.challenge.misses_per_block = 1;
    f.params.challenge.open_per_submitter = 100;
    start();
    uint64_t ids[2] = {0};
    Msg *msgs[2];
    MsgSubmitChallenge m[2];
    for (size_t i = 0; i < 2; i++) { /* two with the same deadline; one miss a block */
        m[i] = (MsgSubmitChallenge)MSG_SUBMIT_CHALLENGE__INIT;
        m[i].bucket_name = arena_strdup(&f.tx_arena, "photos");
        m[i].object_name = arena_strdup(&f.tx_arena, "a.jpg");
        m[i].position = (uint32_t)i;
        msgs[i] = fixture_msg(&f, "alice", &m[i].base);
    }
    const struct tx *tx = fixture_tx(&f, "alice", 0, msgs, 2);
    const TxResult *r = fixture_block(&f, &tx, 1)->txs[0];
    assert_code((int)r->code, CODE_OK);
    for (size_t i = 0; i < 2; i++)
        ids[i] = r->ids[i];
    uint64_t deadline = challenge(ids[1])->deadline;
    while (fixture_ledger_time(&f) < deadline)
        fixture_block(&f, NULL, 0);
    assert_code((int)answer(ids[1])->code, CODE_CHALLENGE_LATE);
    assert_int_equal(challenge(ids[0])->status, CHALLENGE_STATUS_MISSED);
    fixture_block(&f, NULL, 0);
    assert_int_equal(challenge(ids[1])->status, CHALLENGE_STATUS_MISSED);
}

static void miss__slashes_no_more_than_the_window_allows(void **state) {
    (void)state;
    begin("replica:2", 100000);
    f.params.challenge.slash_window_max = 3 * f.params.challenge.slash_amount / 2;
    f.params.challenge.open_per_submitter = 100;
    f.params.challenge.repair_interval_ms = 3600000;
    start();
    uint64_t deposit = deal_sp(&f, 2)->deposit;
    for (int i = 0; i < 3; i++) {
        must_submit(1, 0);
        wait_for("challenge.missed", 30);
    }
    assert_int_equal(deal_sp(&f, 2)->deposit, deposit - f.params.challenge.slash_window_max);
}

static void miss__of_repairs_jails(void **state) {
    (void)state;
    begin("replica:3", 100000);
    f.params.challenge.jail_misses = 2;
    start();
    must_submit(1, 0);
    wait_for("challenge.missed", 30);
    assert_int_equal(deal_sp(&f, 2)->status, SP_STATUS_IN_SERVICE);
    wait_for("challenge.missed", 60);
    assert_int_equal(deal_sp(&f, 2)->status, SP_STATUS_JAILED);
    d.object = "b.jpg";
    deal_must_create(&d);
    struct seal_try t;
    deal_seal_try(&d, &t);
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_SP_STATUS);
}

/* With nothing else to rebuild from, misses cost nothing; and the duty ends as soon as an answer comes. */
static void duty__rests_while_nothing_is_left_to_rebuild_from(void **state) {
    (void)state;
    begin("replica:2", 100000);
    f.params.challenge.jail_misses = 2;
    f.params.challenge.repair_interval_ms = 5000;
    start();
    must_submit(0, 0);
    must_submit(1, 1);
    wait_for("challenge.missed", 30);
    while (!duty(0) || !duty(1))
        fixture_block(&f, NULL, 0);
    uint64_t deposit = deal_sp(&f, 1)->deposit;
    for (int i = 0; i < 80; i++)
        fixture_block(&f, NULL, 0);
    assert_int_equal(deal_sp(&f, 1)->deposit, deposit);
    assert_int_equal(deal_sp(&f, 1)->status, SP_STATUS_IN_SERVICE);
    assert_int_equal(duty(0)->misses, 1);
    while (!duty(0)->open_challenge)
        fixture_block(&f, NULL, 0);
    assert_true(challenge(duty(0)->open_challenge)->resting);
    assert_code((int)answer(duty(0)->open_challenge)->code, CODE_OK);
    assert_null(duty(0));
    wait_for("challenge.opened", 60); /* position 1 can be rebuilt from 0 now: it does not rest any more */
    assert_false(challenge(duty(1)->open_challenge)->resting);
}

static void duty__ends_with_its_object(void **state) {
    (void)state;
    char bucket[] = "photos", object[] = "a.jpg";
    MsgDeleteObject m = MSG_DELETE_OBJECT__INIT;
    begin("replica:2", 100000);
    start();
    must_submit(0, 0);
    wait_for("challenge.missed", 30);
    m.bucket_name = bucket;
    m.object_name = object;
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_OK);
    wait_for("challenge.repair_dropped", 30);
    assert_null(duty(0));
    assert_int_equal(deal_sp(&f, 1)->counters->open_repairs, 0);
}

static void deletion__does_not_cancel(void **state) {
    (void)state;
    char bucket[] = "photos", object[] = "a.jpg";
    MsgDeleteObject m = MSG_DELETE_OBJECT__INIT;
    begin("ec:4+2+w", 200000);
    start();
    uint64_t passes = must_submit(3, 2), misses = must_submit(4, 2);
    m.bucket_name = bucket;
    m.object_name = object;
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_OK);
    assert_code((int)answer(passes)->code, CODE_OK);
    wait_for("challenge.missed", 30);
    assert_int_equal(challenge(misses)->status, CHALLENGE_STATUS_MISSED);
    assert_null(duty(4));
}

/* --- submitting --- */

static void submit__needs_the_right_and_the_piece(void **state) {
    (void)state;
    begin("ec:4+2+w", 200000);
    start();
    assert_code((int)submit("bob", 0, 0)->code, CODE_DENIED);
    assert_code((int)submit("alice", 7, 0)->code, CODE_CHALLENGE_POSITION);
    assert_code((int)submit("alice", 6, 4)->code, CODE_CHALLENGE_SEGMENT);
    assert_code((int)submit("alice", 6, 3)->code, CODE_OK);
    d.object = "no such";
    assert_code((int)submit("alice", 0, 0)->code, CODE_OBJECT_NOT_FOUND);
    deal_must_create(&d);
    assert_code((int)submit("alice", 0, 0)->code, CODE_OBJECT_STATUS);
    d.bucket = "nowhere";
    assert_code((int)submit("alice", 0, 0)->code, CODE_BUCKET_NOT_FOUND);
}

static void greenfield_11_3_15__so_many_open_per_account(void **state) {
    (void)state;
    begin("replica:2", 100000);
    f.params.challenge.open_per_submitter = 3;
    f.params.challenge.answers_per_block = 1; /* 15 blocks before a deadline: half of 15 may be open */
    start();
    for (uint32_t i = 0; i < 3; i++)
        must_submit(i % 2, i / 2);
    assert_code((int)submit("alice", 1, 1)->code, CODE_CHALLENGE_LIMIT);
}

/* A second one would ask the same again, for another bond. */
static void submit__once_for_a_segment_at_a_time(void **state) {
    (void)state;
    begin("replica:2", 100000);
    start();
    uint64_t id = must_submit(1, 0), bonds = fixture_balance(&f, "alice");
    assert_code((int)submit("alice", 1, 0)->code, CODE_CHALLENGE_OPEN);
    assert_true(fixture_balance(&f, "alice") > bonds - f.params.challenge.submit_bond);
    must_submit(1, 1);
    must_submit(0, 0);
    assert_code((int)answer(id)->code, CODE_OK);
    must_submit(1, 0);
}

static void submit__deferred(void **state) {
    (void)state;
    begin("replica:2", 100000);
    f.params.challenge.open_per_submitter = 100;
    f.params.challenge.answers_per_block = 1; /* 7 may be open, 3 of them submitted */
    start();
    for (uint32_t i = 0; i < 3; i++)
        must_submit(i % 2, i / 2);
    assert_code((int)submit("alice", 1, 1)->code, CODE_CHALLENGE_DEFERRED);
}

static void greenfield_11_3_15__the_bond_pays_the_provider_that_answers(void **state) {
    (void)state;
    begin("replica:2", 100000);
    start();
    uint64_t before = fixture_balance(&f, "sp1.funding");
    assert_code((int)answer(must_submit(1, 0))->code, CODE_OK);
    assert_int_equal(fixture_balance(&f, "sp1.funding"), before + f.params.challenge.submit_bond);
}

/* --- streams --- */

static void floor__draws_each_provider_about_once_an_interval(void **state) {
    (void)state;
    unsigned drawn[8] = {0};
    begin("ec:4+2+w", 200000);
    f.params.challenge.floor_interval_ms = 10000;
    f.params.challenge.open_max = 100000;
    start();
    for (int i = 0; i < 200; i++) {
        fixture_block(&f, NULL, 0);
        const BlockResults *r = f.outcome.results;
        for (size_t e = 0; e < r->n_begin_events; e++)
            if (strcmp(r->begin_events[e]->type, "challenge.opened") == 0 &&
                strcmp(fixture_attribute(r->begin_events[e], "origin"), "floor") == 0)
                drawn[strtoul(fixture_attribute(r->begin_events[e], "sp"), NULL, 10)]++;
    }
    for (unsigned sp = 1; sp <= 7; sp++)
        assert_in_range(drawn[sp], 15, 25);
}

static int vote_floor(struct ctx *ctx, void *arg, struct err *err) {
    Params *params = NULL;
    int rc = params_latest(ctx, &params, err);
    if (rc == CODE_OK)
        rc = params_set(ctx, params, "challenge.floor_interval_ms", *(const uint64_t *)arg, err);
    return rc ? rc : params_adopt(ctx, params, err);
}

/* Off, on, off again: whoever stores anything is drawn for while it is on. */
static void floor__can_be_turned_on_and_off(void **state) {
    (void)state;
    uint64_t interval = 10000;
    unsigned drawn[3] = {0};
    begin("ec:4+2+w", 200000);
    trigger_install(&f);
    f.params.challenge.open_max = 100000;
    start();
    for (int turn = 0; turn < 3; turn++) {
        for (int i = 0; i < 50; i++) {
            fixture_block(&f, NULL, 0);
            const BlockResults *r = f.outcome.results;
            for (size_t e = 0; e < r->n_begin_events; e++)
                if (strcmp(r->begin_events[e]->type, "challenge.opened") == 0)
                    drawn[turn] += strcmp(fixture_attribute(r->begin_events[e], "origin"), "floor") == 0;
        }
        assert_code(trigger_run(&f, vote_floor, &interval), CODE_OK);
        fixture_skip(&f, 15 * 60000); /* the queue is looked through */
        interval = 0;
    }
    assert_int_equal(drawn[0], 0);
    assert_true(drawn[1] > 7);
    assert_int_equal(drawn[2], 0);
}

static void greenfield_11_3_14__draws_by_what_is_stored(void **state) {
    (void)state;
    size_t drawn = 0;
    begin("replica:2", 100000); /* 200,000 bytes stored: a draw in 5 s */
    f.params.challenge.bytes_per_draw = 100000;
    f.params.challenge.bytes_interval_ms = 10000;
    f.params.challenge.open_max = 100000;
    start();
    for (int i = 0; i < 100; i++) {
        fixture_block(&f, NULL, 0);
        if (fixture_event(&f, "challenge.opened") &&
            strcmp(fixture_attribute(fixture_event(&f, "challenge.opened"), "origin"), "bytes") == 0)
            drawn++;
    }
    assert_in_range(drawn, 18, 21);
}

static void greenfield_11_3_12__closed_ones_are_forgotten(void **state) {
    (void)state;
    begin("replica:2", 100000);
    f.params.challenge.closed_kept_ms = 5000;
    start();
    uint64_t id = must_submit(1, 0);
    assert_code((int)answer(id)->code, CODE_OK);
    const ChallengesAnswer *a = fixture_query(&f, "/challenge/challenges", NULL);
    assert_int_equal(a->n_challenges, 1);
    fixture_skip(&f, 6000);
    assert_null(challenge(id));
}

#define T(name) cmocka_unit_test_teardown(name, teardown)
static const struct CMUnitTest tests[] = {
    T(cess_8_83__answers_of_every_position_and_segment),
    T(answer__sizes_at_the_edges_of_leaves),
    T(cess_8_85__an_answer_wrong_in_one_place),
    T(answer__free_once_then_for_a_fee),
    T(answer__by_another_or_of_none_or_again),
    T(miss__slashes_opens_a_duty_and_is_repaired),
    T(miss__needs_time_and_blocks),
    T(miss__with_many_blocks_needs_the_time),
    T(greenfield_11_3_13__an_answer_after_the_deadline),
    T(miss__slashes_no_more_than_the_window_allows),
    T(miss__of_repairs_jails),
    T(duty__rests_while_nothing_is_left_to_rebuild_from),
    T(duty__ends_with_its_object),
    T(deletion__does_not_cancel),
    T(submit__needs_the_right_and_the_piece),
    T(greenfield_11_3_15__so_many_open_per_account),
    T(submit__once_for_a_segment_at_a_time),
    T(submit__deferred),
    T(greenfield_11_3_15__the_bond_pays_the_provider_that_answers),
    T(floor__draws_each_provider_about_once_an_interval),
    T(floor__can_be_turned_on_and_off),
    T(greenfield_11_3_14__draws_by_what_is_stored),
    T(greenfield_11_3_12__closed_ones_are_forgotten),
};

int main(void) {
    test_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
