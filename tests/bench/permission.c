/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one question of permission costs at its worst: ten groups with a policy each on a bucket, ten statements in each
 * with a pattern, the asker a member of every group, and only the last statement allows it. With 10^3 and with 10^6
 * members: the figure must not depend on them.
 */
#include "tests/bench/bench.h"
#include "tests/lib/ledger/policies.h"

#include "chain/codec/pb.h"
#include "chain/crypto/hash.h"
#include "chain/types/keys_storage.h"
#include "x/base/record.h"
#include "x/permission/permission.h"

enum { GROUPS = 10, STATEMENTS = 10, ASKS = 20000, FILL = 25000 };

struct world {
    struct fixture f;
    struct deal d;
    uint64_t groups[GROUPS], members; /* members: of all groups */
    bool allowed;
};

static void put_policy(struct world *w, unsigned g) {
    MsgPutPolicy m = MSG_PUT_POLICY__INIT;
    struct arena *arena = &w->f.tx_arena;
    m.resource = policies_resource(&w->d, &(struct policy_put){0});
    m.principal = policies_principal(&w->f, NULL, w->groups[g]);
    m.mode = POLICY_MODE_REPLACE;
    m.statements = arena_array(arena, STATEMENTS, sizeof *m.statements);
    for (; m.n_statements < STATEMENTS; m.n_statements++) {
        Statement *s = ARENA_NEW(arena, Statement);
        bool last = g == GROUPS - 1 && m.n_statements == STATEMENTS - 1;
        statement__init(s);
        s->effect = m.n_statements % 2 ? EFFECT_ALLOW : EFFECT_DENY;
        s->actions = arena_array(arena, 1, sizeof *s->actions);
        s->actions[0] = ACTION_GET_OBJECT;
        s->n_actions = 1;
        s->resources = arena_array(arena, 1, sizeof *s->resources);
        s->resources[0] = last ? arena_strdup(arena, "photos/*/a?.jpg")
                               : arena_printf(arena, "photos/*/b%u*.jpg", (unsigned)m.n_statements);
        s->n_resources = 1;
        m.statements[m.n_statements] = s;
    }
    assert_code(policies_send(&w->f, "alice", &m.base, NULL), CODE_OK);
}

/* Members straight into the state: a block of messages for each twenty would take longer than all the rest. */
static void fill(struct world *w, uint64_t to) {
    struct key k;
    struct err err = {0};
    struct store_batch *b;
    struct hash root;
    struct bytes value;
    while (w->members < to) {
        uint64_t next = store_next(w->f.store);
        assert_ok(store_begin(w->f.store, next, w->f.header_time + next, &b, &err), &err);
        for (unsigned i = 0; i < FILL && w->members < to; i++, w->members++) {
            GroupMember m = GROUP_MEMBER__INIT;
            struct hash h = hash_of(DOMAIN_STATE, bytes_of(&w->members, sizeof w->members));
            struct addr a;
            memcpy(a.b, h.b, sizeof a.b);
            m.account = (ProtobufCBinaryData){sizeof a.b, a.b};
            arena_reset(&w->f.tx_arena);
            assert_ok(pb_encode(&m, &w->f.tx_arena, &value, &err), &err);
            assert_ok(
                state_put(store_state(w->f.store), key_member(&k, w->groups[w->members % GROUPS], &a), value, &err),
                &err);
        }
        assert_ok(store_put_state(b, &root, &err), &err);
        assert_ok(store_commit(b, &err), &err);
    }
}

static void ask(struct ctx *ctx, void *arg) {
    struct world *w = arg;
    struct addr bob = fixture_addr("bob");
    struct permission_question q = {.account = &bob,
                                    .action = ACTION_GET_OBJECT,
                                    .owner = fixture_addr("alice"),
                                    .bucket_id = 1,
                                    .object_name = "photos/2024/summer/at the sea/a1.jpg"};
    for (unsigned i = 0; i < ASKS; i++) {
        struct arena_mark mark = arena_mark(ctx->arena);
        struct permission_answer answer;
        struct err err = {0};
        assert_ok(permission_ask(ctx, &q, &answer, &err), &err);
        w->allowed = answer.verdict.reason == PERMISSION_GROUP_ALLOW && answer.verdict.statement == STATEMENTS - 1;
        arena_rewind(ctx->arena, mark);
    }
}

static double ask_many(void *arg) {
    struct world *w = arg;
    fixture_with_ctx(&w->f, ask, w);
    if (!w->allowed) {
        (void)fprintf(stderr, "the question was not answered by the last statement\n");
        exit(1);
    }
    return ASKS;
}

static void begin(struct world *w) {
    fixture_init(&w->f);
    fixture_account(&w->f, "alice", 1000 * PEBBLE_PER_CAIRN);
    w->f.invariants = false;
    w->f.dir = test_path("permission");
    fixture_start(&w->f);
    deal_init(&w->d, &w->f, "alice", "photos", "a.jpg", "replica:1", 64 * KIB, 0);
    deal_must_bucket(&w->d);
    for (unsigned g = 0; g < GROUPS; g++)
        w->groups[g] = policies_group(&w->f, "alice", arena_printf(&w->f.setup, "group%u", g), "bob", 0);
    for (unsigned g = 0; g < GROUPS; g++)
        put_policy(w, g);
}

int main(void) {
    static struct world w;
    test_setup();
    begin(&w);
    fill(&w, 1000);
    struct bench_figure few =
        bench_run("a question, 10 statements x 10 groups, 10^3 members", "questions", ask_many, &w);
    fill(&w, 1000000);
    struct bench_figure many =
        bench_run("a question, 10 statements x 10 groups, 10^6 members", "questions", ask_many, &w);
    bench_beside(many, few,
                 0); /* a deeper database, not more work: a scan of members would be thousands of times slower */
    fixture_release(&w.f);
    return bench_end("permission");
}
