/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "chain/node/driver.h"

/* An environment that writes down, in one line, what it is told, and fails or answers as the test says. */
struct rig {
    void *memory;
    struct bft *core;
    struct driver driver;
    struct driver_env env;
    char said[4096];
    const char *fail; /* the call that fails: "append", "sync", "sign", "decide" */
    bool refuse;
    bool answer_inside; /* validate and build answer from inside */
    uint8_t log[64][512];
    size_t log_len[64];
    uint32_t log_n;
};

static const uint64_t POWERS[4] = {1, 1, 1, 1};

static void say(struct rig *r, const char *what) {
    size_t len = strlen(r->said);
    assert_true(len + strlen(what) + 2 < sizeof r->said);
    snprintf(r->said + len, sizeof r->said - len, "%s%s", len ? " " : "", what);
}

static int say_or_fail(struct rig *r, const char *what, struct err *err) {
    say(r, what);
    return r->fail && strcmp(r->fail, what) == 0 ? err_set(err, CODE_IO, "%s failed", what) : CODE_OK;
}

static int log_begin(void *ctx, uint64_t height, struct err *err) {
    struct rig *r = ctx;
    (void)height;
    r->log_n = 0;
    return say_or_fail(r, "begin", err);
}

static int log_append(void *ctx, struct bytes record, struct err *err) {
    struct rig *r = ctx;
    assert_true(r->log_n < 64 && record.len <= sizeof r->log[0]);
    memcpy(r->log[r->log_n], record.data, record.len);
    r->log_len[r->log_n++] = record.len;
    return say_or_fail(r, "append", err);
}

static int log_sync(void *ctx, struct err *err) {
    return say_or_fail(ctx, "sync", err);
}

static void timer_arm(void *ctx, const struct bft_timer *timer) {
    (void)ctx, (void)timer;
}

static void timer_cancel(void *ctx, enum bft_timer_kind kind) {
    (void)ctx, (void)kind;
}

static int sign(void *ctx, const struct bft_sign *request, struct sig *ret_sig, bool *ret_refused, struct err *err) {
    struct rig *r = ctx;
    (void)request;
    memset(ret_sig->b, 1, sizeof ret_sig->b);
    *ret_refused = r->refuse;
    return say_or_fail(r, "sign", err);
}

static void send_out(void *ctx, const struct bft_send *send) {
    static const char *const names[] = {"", "send-proposal", "send-vote", "send-certificate", "send-status"};
    if (send->kind == BFT_SEND_VOTE)
        assert_int_equal(send->vote.sig.b[0], 1);
    say(ctx, names[send->kind]);
}

static void summary(void *ctx, const struct bft_summary *s) {
    (void)s;
    say(ctx, "summary");
}

static void relay(void *ctx, driver_peer peer, const struct bft_send *send) {
    static const char *const names[] = {"", "relay-proposal", "relay-vote", "relay-certificate"};
    assert_int_equal(peer, 7);
    say(ctx, names[send->kind]);
}

static struct hash value_a(void) {
    struct hash value;
    memset(value.b, 'A', sizeof value.b);
    return value;
}

static void build(void *ctx, uint64_t height, uint32_t round) {
    struct rig *r = ctx;
    struct hash a = value_a();
    say(r, "build");
    if (r->answer_inside)
        assert_int_equal(driver_built(&r->driver, height, round, &a, NULL), CODE_OK);
}

static void validate(void *ctx, uint64_t height, uint32_t round, const struct hash *value) {
    struct rig *r = ctx;
    (void)height, (void)round;
    say(r, "validate");
    if (r->answer_inside)
        assert_int_equal(driver_body(&r->driver, value, BFT_VERDICT_VALID, NULL), CODE_OK);
}

static void need(void *ctx, uint64_t height, uint32_t round, const struct hash *value) {
    (void)height, (void)round, (void)value;
    say(ctx, "need");
}

static int decide(void *ctx, uint64_t height, const struct hash *value, const struct certificate *certificate,
                  struct err *err) {
    (void)height, (void)value;
    assert_true(certificate->n >= 3);
    return say_or_fail(ctx, "decide", err);
}

static void evidence(void *ctx, const struct bft_evidence *e) {
    (void)e;
    say(ctx, "evidence");
}

static void diverged(void *ctx, uint64_t height, const struct hash *value) {
    (void)height, (void)value;
    say(ctx, "diverged");
}

static void behind(void *ctx, driver_peer peer, uint64_t height) {
    char text[48];
    snprintf(text, sizeof text, "behind-%u-%llu", peer, (unsigned long long)height);
    say(ctx, text);
}

static void laggard(void *ctx, driver_peer peer, uint64_t height) {
    char text[48];
    snprintf(text, sizeof text, "laggard-%u-%llu", peer, (unsigned long long)height);
    say(ctx, text);
}

static void rejected(void *ctx, driver_peer peer, const char *reason) {
    char text[32];
    assert_non_null(reason);
    snprintf(text, sizeof text, "rejected-%u", peer);
    say(ctx, text);
}

static int setup(void **state) {
    struct rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->memory = aligned_alloc(16, (bft_size(4) + 15) / 16 * 16);
    assert_non_null(r->memory);
    r->core = bft_init(r->memory, 4);
    r->env = (struct driver_env){.ctx = r,
                                 .log_begin = log_begin,
                                 .log_append = log_append,
                                 .log_sync = log_sync,
                                 .timer_arm = timer_arm,
                                 .timer_cancel = timer_cancel,
                                 .sign = sign,
                                 .send = send_out,
                                 .summary = summary,
                                 .relay = relay,
                                 .build = build,
                                 .validate = validate,
                                 .need = need,
                                 .decide = decide,
                                 .evidence = evidence,
                                 .diverged = diverged,
                                 .behind = behind,
                                 .laggard = laggard,
                                 .rejected = rejected};
    driver_init(&r->driver, r->core, &r->env);
    *state = r;
    return 0;
}

static int teardown(void **state) {
    struct rig *r = *state;
    free(r->memory);
    free(r);
    return 0;
}

/* --- steps of the tests
 * ------------------------------------------------------------------------------------------------------ */

static struct bft_start start_at(uint64_t height, uint16_t self) {
    return (struct bft_start){.height = height,
                              .powers = POWERS,
                              .validators = 4,
                              .self = self,
                              .heartbeat_ms = 1000,
                              .due = true,
                              .config = {.propose_ms = 100, .timeout_max_ms = 1000, .rebroadcast_ms = 100}};
}

static void boot(struct rig *r, uint64_t height, uint16_t self) {
    struct bft_start start = start_at(height, self);
    assert_ok(driver_replay_begin(&r->driver, &start, NULL), NULL);
    assert_ok(driver_replay_end(&r->driver, NULL), NULL);
}

/* A validator that does not propose in round 0 of this height. */
static uint16_t follower(uint64_t height) {
    struct bft *core = bft_init(aligned_alloc(16, (bft_size(4) + 15) / 16 * 16), 4);
    struct bft_update *update = malloc(sizeof *update);
    struct bft_start start = start_at(height, BFT_SELF_NONE);
    assert_non_null(update);
    bft_step(core, &(struct bft_event){.kind = BFT_EVENT_START, .start = start}, update);
    uint16_t proposer = bft_proposer(core, 0);
    free(update);
    free(core);
    return (uint16_t)((proposer + 1) % 4);
}

static int propose(struct rig *r, uint64_t height, driver_peer peer) {
    struct proposal p = {.height = height, .pol_round = POL_ROUND_NONE, .value = value_a()};
    p.validator = (uint16_t)((follower(height) + 3) % 4);
    return driver_proposal(&r->driver, peer, &p, true, NULL);
}

static int vote(struct rig *r, uint64_t height, uint16_t validator, enum vote_type type) {
    struct vote v = {.height = height, .validator = validator, .type = (uint8_t)type, .value = value_a()};
    return driver_vote(&r->driver, validator, &v, NULL);
}

static int votes_of_others(struct rig *r, uint64_t height, enum vote_type type) {
    int rc = CODE_OK;
    for (uint16_t v = 0; v < 4 && !rc; v++)
        if (v != follower(height))
            rc = vote(r, height, v, type);
    return rc;
}

static int judge(struct rig *r) {
    struct hash a = value_a();
    return driver_body(&r->driver, &a, BFT_VERDICT_VALID, NULL);
}

static void expect(struct rig *r, const char *said) {
    assert_string_equal(r->said, said);
    r->said[0] = 0;
}

/* --- tests
 * ----------------------------------------------------------------------------------------------------------------------
 */

static void driver__persists_syncs_sends_applies(void **state) {
    struct rig *r = *state;
    boot(r, 1, follower(1));
    expect(r, "begin append");
    assert_ok(propose(r, 1, 9), NULL);
    expect(r, "append validate");
    assert_ok(judge(r), NULL);
    expect(r, "append sync sign append send-vote");
    assert_ok(votes_of_others(r, 1, VOTE_PREVOTE), NULL);
    expect(r, "append append sync sign append send-vote append");
    assert_ok(votes_of_others(r, 1, VOTE_PRECOMMIT), NULL);
    expect(r, "append append decide");
    assert_int_equal(driver_when(&r->driver, 1), DRIVER_PAST);
}

static void driver__takes_answers_from_inside(void **state) {
    struct rig *r = *state;
    r->answer_inside = true;
    boot(r, 1, follower(1));
    r->said[0] = 0;
    assert_ok(propose(r, 1, 9), NULL);
    expect(r, "append validate append sync sign append send-vote");
}

static void driver__a_proposer_alone_to_its_prevote(void **state) {
    struct rig *r = *state;
    r->answer_inside = true;
    boot(r, 1, (uint16_t)((follower(1) + 3) % 4));
    expect(r, "begin append build append sync sign append send-proposal sync sign append send-vote");
}

/* What cannot be made durable stops everything, before anything leaves. */
static void driver__stops_when_the_log_fails(void **state) {
    static const char *const calls[] = {"append", "sync", "sign"};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        struct rig *r;
        assert_int_equal(i ? setup(state) : 0, 0);
        r = *state;
        boot(r, 1, follower(1));
        assert_ok(propose(r, 1, 9), NULL);
        r->fail = calls[i];
        r->said[0] = 0;
        assert_code(judge(r), CODE_IO);
        assert_null(strstr(r->said, "send"));
        r->fail = NULL;
        r->said[0] = 0;
        assert_code(vote(r, 1, (uint16_t)((follower(1) + 1) % 4), VOTE_PREVOTE), CODE_IO);
        assert_code(driver_due(&r->driver, NULL), CODE_IO);
        expect(r, "");
        if (i + 1 < sizeof calls / sizeof *calls)
            teardown(state);
    }
}

static void driver__goes_on_when_the_signer_refuses(void **state) {
    struct rig *r = *state;
    boot(r, 1, follower(1));
    r->refuse = true;
    assert_ok(propose(r, 1, 9), NULL);
    assert_ok(judge(r), NULL);
    expect(r, "begin append append validate append sync sign");
    assert_ok(votes_of_others(r, 1, VOTE_PREVOTE), NULL);
    assert_ok(votes_of_others(r, 1, VOTE_PRECOMMIT), NULL);
    expect(r, "append append append sync sign append append append decide");
}

/* Messages of the next height wait for it, a few of each validator; those further ahead say that we are behind. */
static void driver__keeps_what_comes_early(void **state) {
    struct rig *r = *state;
    boot(r, 1, follower(1));
    r->said[0] = 0;
    assert_int_equal(driver_when(&r->driver, 2), DRIVER_NEXT);
    assert_ok(propose(r, 2, 9), NULL);
    assert_ok(votes_of_others(r, 2, VOTE_PREVOTE), NULL);
    assert_ok(votes_of_others(r, 2, VOTE_PREVOTE), NULL); /* again: nothing new */
    expect(r, "");
    assert_ok(vote(r, 3, 0, VOTE_PREVOTE), NULL);
    expect(r, "behind-0-3");
    struct bft_start start = start_at(2, follower(2));
    assert_ok(driver_start(&r->driver, &start, NULL), NULL);
    expect(r, "begin append append validate append append append need");
    assert_ok(vote(r, 1, 0, VOTE_PREVOTE), NULL);
    expect(r, "");
}

static void driver_status__answers_laggards(void **state) {
    struct rig *r = *state;
    boot(r, 5, follower(5));
    r->said[0] = 0;
    assert_ok(driver_status(&r->driver, 3, 4, 0, NULL), NULL);
    assert_ok(driver_status(&r->driver, 3, 5, 7, NULL), NULL);
    assert_ok(driver_status(&r->driver, 3, 6, 0, NULL), NULL);
    expect(r, "laggard-3-4 behind-3-6");
}

static int look(struct rig *r, uint64_t height) {
    return driver_timer(&r->driver, &(struct bft_timer){.kind = DRIVER_TIMER_LOOK, .height = height}, NULL);
}

/* Where it stood at the look before, and has work: it says what it holds. */
static void driver_timer__looks_whether_the_height_gets_on(void **state) {
    struct rig *r = *state;
    boot(r, 1, follower(1));
    r->said[0] = 0;
    assert_ok(look(r, 1), NULL);
    expect(r, ""); /* the first look */
    assert_ok(look(r, 1), NULL);
    expect(r, "summary");
    assert_ok(propose(r, 1, 9), NULL);
    assert_ok(judge(r), NULL);
    r->said[0] = 0;
    assert_ok(look(r, 1), NULL);
    expect(r, ""); /* it prevoted meanwhile */
    assert_ok(look(r, 1), NULL);
    expect(r, "summary");
    assert_ok(look(r, 2), NULL);
    expect(r, ""); /* of another height */
    assert_ok(votes_of_others(r, 1, VOTE_PREVOTE), NULL);
    assert_ok(votes_of_others(r, 1, VOTE_PRECOMMIT), NULL);
    r->said[0] = 0;
    assert_ok(look(r, 1), NULL);
    assert_ok(look(r, 1), NULL);
    expect(r, ""); /* decided */
}

static void driver_timer__is_quiet_while_nothing_is_due(void **state) {
    struct rig *r = *state;
    struct bft_start start = start_at(1, follower(1));
    start.due = false;
    assert_ok(driver_replay_begin(&r->driver, &start, NULL), NULL);
    assert_ok(driver_replay_end(&r->driver, NULL), NULL);
    r->said[0] = 0;
    for (int i = 0; i < 3; i++)
        assert_ok(look(r, 1), NULL);
    expect(r, "");
    /* ... unless a peer holds something of it */
    struct bft_summary theirs = {.height = 1, .prevotes = {1}};
    assert_ok(vote(r, 1, 0, VOTE_PREVOTE), NULL);
    theirs.prevotes[0] = 2;
    assert_ok(driver_summary(&r->driver, 7, &theirs, NULL), NULL);
    expect(r, "append relay-vote");
    assert_ok(look(r, 1), NULL);
    expect(r, "summary");
}

static void driver_summary__adds_what_the_peer_lacks(void **state) {
    struct rig *r = *state;
    boot(r, 2, follower(2));
    assert_ok(propose(r, 2, 9), NULL);
    assert_ok(judge(r), NULL);
    r->said[0] = 0;
    struct bft_summary theirs = {.height = 2};
    assert_ok(driver_summary(&r->driver, 7, &theirs, NULL), NULL);
    expect(r, "relay-proposal relay-vote");
    theirs.proposal = true;
    theirs.prevotes[0] = 15;
    assert_ok(driver_summary(&r->driver, 7, &theirs, NULL), NULL);
    expect(r, "");
    theirs.height = 1;
    assert_ok(driver_summary(&r->driver, 7, &theirs, NULL), NULL);
    theirs.height = 3;
    assert_ok(driver_summary(&r->driver, 7, &theirs, NULL), NULL);
    expect(r, "laggard-7-1 behind-7-3");
}

static void driver__names_who_misbehaves(void **state) {
    struct rig *r = *state;
    boot(r, 1, follower(1));
    r->said[0] = 0;
    struct proposal p = {.height = 1, .pol_round = POL_ROUND_NONE, .validator = follower(1), .value = value_a()};
    assert_ok(driver_proposal(&r->driver, 7, &p, true, NULL), NULL);
    expect(r, "rejected-7");
}

/* Killed between its signature and the record of it: the replay signs the same again and goes on. */
static void driver_replay__asks_again_for_what_was_not_recorded(void **state) {
    struct rig *r = *state;
    boot(r, 1, follower(1));
    assert_ok(propose(r, 1, 9), NULL);
    assert_ok(judge(r), NULL);
    struct bft_start start = start_at(1, follower(1));
    uint32_t records = r->log_n - 1; /* without SIGNED */
    r->core = bft_init(r->memory, 4);
    driver_init(&r->driver, r->core, &r->env);
    r->said[0] = 0;
    assert_ok(driver_replay_begin(&r->driver, &start, NULL), NULL);
    for (uint32_t i = 0; i < records; i++)
        assert_ok(driver_replay(&r->driver, bytes_of(r->log[i], r->log_len[i]), NULL), NULL);
    expect(r, "");
    assert_ok(driver_replay_end(&r->driver, NULL), NULL);
    expect(r, "sign send-status append send-vote");
}

/* Killed between the finding and whatever the host does about it: a restart finds it again. */
static void driver_replay__reports_a_divergence_again(void **state) {
    struct rig *r = *state;
    struct hash a = value_a();
    boot(r, 1, follower(1));
    assert_ok(propose(r, 1, 9), NULL);
    assert_ok(driver_body(&r->driver, &a, BFT_VERDICT_INVALID, NULL), NULL);
    assert_ok(votes_of_others(r, 1, VOTE_PRECOMMIT), NULL);
    assert_non_null(strstr(r->said, "diverged"));
    struct bft_start start = start_at(1, follower(1));
    uint32_t records = r->log_n;
    r->core = bft_init(r->memory, 4);
    driver_init(&r->driver, r->core, &r->env);
    assert_ok(driver_replay_begin(&r->driver, &start, NULL), NULL);
    for (uint32_t i = 0; i < records; i++)
        assert_ok(driver_replay(&r->driver, bytes_of(r->log[i], r->log_len[i]), NULL), NULL);
    r->said[0] = 0;
    assert_ok(driver_replay_end(&r->driver, NULL), NULL);
    assert_non_null(strstr(r->said, "diverged"));
}

static void driver_replay__refuses_what_does_not_follow(void **state) {
    struct rig *r = *state;
    struct bft_start start = start_at(1, follower(1));
    boot(r, 1, follower(1));
    assert_ok(propose(r, 1, 9), NULL);
    uint32_t n = r->log_n;
    r->core = bft_init(r->memory, 4);
    driver_init(&r->driver, r->core, &r->env);
    assert_ok(driver_replay_begin(&r->driver, &start, NULL), NULL);
    assert_code(driver_replay(&r->driver, bytes_of("\x63", 1), NULL), CODE_CORRUPT);
    assert_code(driver_replay(&r->driver, bytes_of(r->log[n - 1], r->log_len[n - 1]), NULL),
                CODE_CORRUPT); /* no START yet */
    assert_ok(driver_replay(&r->driver, bytes_of(r->log[0], r->log_len[0]), NULL), NULL);
    assert_code(driver_replay(&r->driver, bytes_of(r->log[0], r->log_len[0]), NULL), CODE_CORRUPT); /* twice */
    assert_ok(driver_replay(&r->driver, bytes_of(r->log[n - 1], r->log_len[n - 1]), NULL), NULL);
    assert_code(driver_replay(&r->driver, bytes_of(r->log[n - 1], r->log_len[n - 1]), NULL), CODE_CORRUPT);
}

#define ALL(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
TEST_MAIN(ALL(driver__persists_syncs_sends_applies), ALL(driver__takes_answers_from_inside),
          ALL(driver__a_proposer_alone_to_its_prevote), ALL(driver__stops_when_the_log_fails),
          ALL(driver__goes_on_when_the_signer_refuses), ALL(driver__keeps_what_comes_early),
          ALL(driver_status__answers_laggards), ALL(driver_timer__looks_whether_the_height_gets_on),
          ALL(driver_timer__is_quiet_while_nothing_is_due), ALL(driver_summary__adds_what_the_peer_lacks),
          ALL(driver__names_who_misbehaves), ALL(driver_replay__asks_again_for_what_was_not_recorded),
          ALL(driver_replay__reports_a_divergence_again), ALL(driver_replay__refuses_what_does_not_follow))
