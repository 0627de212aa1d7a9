/* SPDX-License-Identifier: Apache-2.0 */
/* Proposals by hashes, at a node that follows one validator: bodies from what waits here, from the proposal, from a
 * peer that is asked; and the other way round. */
#include "tests/unit/chain/node/one_validator.h"

#include "chain/node/core.h"
#include "chain/node/core_rooms.h"

#include <stdio.h>

enum { PEER = 3, TXS = 3, SENT_MAX = 16 };

static struct core core;
static struct wal *wal;
static struct disk *disk;
static struct block *proposed; /* the validator's, of height 1 */
static struct bytes txs[TXS];
static struct hash hashes[TXS];

/* the host */
static uint64_t now_ns = 1000000000;
static bool here[TXS]; /* which wait here */
static uint32_t age[TXS];
static struct block *judging;
static unsigned reported, sent_n;
static struct {
    net_peer peer;
    uint8_t kind;
    struct bytes payload;
} sent[SENT_MAX];

static uint64_t host_mono_ns(void *ctx) {
    (void)ctx;
    return now_ns;
}

static uint64_t host_real_ms(void *ctx) {
    (void)ctx;
    return genesis->time + 1;
}

static void host_send(void *ctx, net_peer peer, uint8_t kind, struct bytes payload) {
    (void)ctx;
    if (kind == WIRE_STATUS)
        return;
    assert_true(sent_n < SENT_MAX);
    sent[sent_n].peer = peer;
    sent[sent_n].kind = kind;
    assert_true(arena_dup_bytes(&arena, payload, &sent[sent_n].payload));
    sent_n++;
}

static void host_report(void *ctx, net_peer peer, unsigned points, const char *why) {
    (void)ctx, (void)points, (void)why;
    assert_int_equal(peer, PEER);
    reported++;
}

static void host_job(void *ctx, const struct job *job) {
    (void)ctx;
    assert_int_equal(job->kind, JOB_JUDGE);
    assert_null(judging);
    judging = job->block;
}

static bool host_ready(void *ctx) {
    (void)ctx;
    return false;
}

static void host_txs(void *ctx, const struct hash *wire_hashes, size_t n, struct arena *to, struct bytes *ret_wires,
                     uint32_t *ret_age_ms) {
    (void)ctx, (void)to;
    for (size_t i = 0; i < n; i++)
        for (size_t t = 0; t < TXS; t++)
            if (hash_eq(&wire_hashes[i], &hashes[t])) {
                if (ret_wires != NULL && here[t])
                    ret_wires[i] = txs[t];
                if (ret_age_ms != NULL)
                    ret_age_ms[i] = age[t];
            }
}

static void host_respread(void *ctx) {
    (void)ctx;
}

static uint64_t host_earliest(void *ctx) {
    (void)ctx;
    return 1;
}

static void host_serve_decided(void *ctx, net_peer peer, uint64_t height) {
    (void)ctx, (void)peer, (void)height;
    fail();
}

static void node_open(void) {
    struct err err;
    const struct core_host host = {.mono_ns = host_mono_ns,
                                   .real_ms = host_real_ms,
                                   .send = host_send,
                                   .report = host_report,
                                   .job = host_job,
                                   .ready = host_ready,
                                   .txs = host_txs,
                                   .respread = host_respread,
                                   .earliest = host_earliest,
                                   .serve_decided = host_serve_decided};
    core = (struct core){0};
    reported = sent_n = 0;
    memset(here, 0, sizeof here);
    memset(age, 0, sizeof age);
    static unsigned runs;
    char name[16];
    (void)snprintf(name, sizeof name, "node%u", runs++);
    const char *dir = test_path(name);
    assert_ok(dir_make(dir, 0700, &err), &err);
    assert_ok(disk_os(dir, &disk, &err), &err);
    assert_ok(wal_new(disk, &wal, &err), &err);
    struct core_options o = {.host = &host, .chain_tag = tag, .wal = wal, .head = ex.head};
    assert_ok(core_open(&core, &o, &err), &err);
    core_up(&core, PEER);
}

static int setup(void **state) {
    (void)state;
    struct err err;
    one_validator_open();
    for (size_t i = 0; i < TXS; i++) {
        txs[i] = transfer(i + 1);
        assert_true(tx_wire_hash(txs[i], &hashes[i]));
    }
    assert_ok(executor_build(&ex, genesis->time + 1, txs, TXS, &proposed, &err), &err);
    assert_int_equal(proposed->txs_n, TXS);
    node_open();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    core_close(&core);
    wal_free(wal);
    disk->free(disk);
    block_unref(judging);
    judging = NULL;
    block_unref(proposed);
    one_validator_close();
    return 0;
}

static void tick(void) {
    struct err err;
    assert_ok(core_tick(&core, &err), &err);
}

static void receive(uint8_t kind, struct bytes payload) {
    struct err err;
    assert_ok(core_message(&core, PEER, kind, payload, &err), &err);
    tick();
}

static void propose(const bool *young) {
    struct err err;
    struct bytes out;
    struct proposal p = {.height = 1, .pol_round = POL_ROUND_NONE, .value = proposed->header.id};
    struct hash digest = proposal_digest(&tag, &p);
    p.sig = seckey_sign(&key, &digest);
    assert_ok(wire_proposal_encode(&p, proposed, young, &arena, &out, &err), &err);
    receive(WIRE_PROPOSAL, out);
}

static void assert_judging(void) {
    assert_non_null(judging);
    assert_true(hash_eq(&judging->header.id, &proposed->header.id));
    assert_true(bytes_eq(judging->encoded, proposed->encoded));
}

static TxRequest *requested(unsigned i) {
    TxRequest *pb;
    struct err err;
    assert_true(sent_n > i);
    assert_int_equal(sent[i].kind, WIRE_TX_REQUEST);
    assert_int_equal(sent[i].peer, PEER);
    assert_ok(pb_decode(&tx_request__descriptor, sent[i].payload, &arena, &pb, &err), &err);
    assert_memory_equal(pb->value_id.data, proposed->header.id.b, 32);
    return pb;
}

static void reply(const struct bytes *wires, size_t n) {
    TxReply pb = TX_REPLY__INIT;
    ProtobufCBinaryData list[TXS];
    struct bytes out;
    struct err err;
    pb.value_id = pb_data(hash_bytes(&proposed->header.id));
    pb.n_txs = n;
    pb.txs = list;
    for (size_t i = 0; i < n; i++)
        list[i] = pb_data(wires[i]);
    assert_ok(pb_encode(&pb, &arena, &out, &err), &err);
    receive(WIRE_TX_REPLY, out);
}

static const bool none[TXS];

static void take__what_waits_here_is_not_asked_for(void **state) {
    (void)state;
    here[0] = here[1] = here[2] = true;
    propose(none);
    assert_judging();
    assert_int_equal(sent_n, 0);
}

static void take__the_young_ones_come_along(void **state) {
    (void)state;
    const bool young[TXS] = {false, true, false};
    here[0] = here[2] = true;
    propose(young);
    assert_judging();
    assert_int_equal(sent_n, 0);
}

static void take__misses_are_fetched(void **state) {
    (void)state;
    here[1] = true;
    propose(none);
    assert_null(judging);
    TxRequest *pb = requested(0);
    assert_int_equal(pb->n_wire_hashes, 2);
    assert_memory_equal(pb->wire_hashes[0].data, hashes[0].b, 32);
    assert_memory_equal(pb->wire_hashes[1].data, hashes[2].b, 32);
    reply(txs, 1); /* a part of it: the rest is asked for at once */
    assert_null(judging);
    assert_int_equal(sent_n, 2);
    assert_int_equal(requested(1)->n_wire_hashes, 1);
    reply(txs + 2, 1);
    assert_judging();
    assert_int_equal(reported, 0);
    reply(txs, TXS); /* late: nobody minds */
    assert_int_equal(reported, 0);
}

static void take__asked_again_until_it_comes(void **state) {
    (void)state;
    propose(none);
    assert_int_equal(sent_n, 1);
    for (unsigned i = 1; i < 6; i++) {
        assert_true(core_deadline(&core) > now_ns);
        now_ns = core_deadline(&core);
        tick();
    }
    assert_true(sent_n > 2);
    here[0] = here[1] = here[2] = true; /* it has spread meanwhile */
    while (judging == NULL) {
        now_ns = core_deadline(&core);
        tick();
    }
    assert_judging();
}

static void reply__of_others_is_reported(void **state) {
    (void)state;
    propose(none);
    struct bytes foreign = transfer(7), cut = bytes_of(txs[0].data, txs[0].len - 1);
    reply(&foreign, 1);
    assert_int_equal(reported, 1);
    reply(&cut, 1);
    assert_int_equal(reported, 2);
    assert_null(judging);
    reply(txs, TXS);
    assert_judging();
}

static void take__other_hashes_than_the_headers(void **state) {
    (void)state;
    Proposal pb = PROPOSAL__INIT;
    ProtobufCBinaryData list[TXS];
    struct proposal p = {.height = 1, .pol_round = POL_ROUND_NONE, .value = proposed->header.id};
    struct hash digest = proposal_digest(&tag, &p);
    struct bytes out;
    struct err err;
    p.sig = seckey_sign(&key, &digest);
    pb.height = 1;
    pb.pol_round = POL_ROUND_NONE;
    pb.header = proposed->pb->header;
    pb.signature = pb_data(sig_bytes(&p.sig));
    pb.wire_hashes = list;
    for (size_t i = 0; i < TXS; i++)
        list[i] = pb_data(hash_bytes(&hashes[TXS - 1 - i])); /* another order */
    for (pb.n_wire_hashes = 0; pb.n_wire_hashes <= TXS; pb.n_wire_hashes += TXS) {
        assert_ok(pb_encode(&pb, &arena, &out, &err), &err);
        receive(WIRE_PROPOSAL, out);
    }
    assert_int_equal(reported, 2);
    assert_null(judging);
    assert_int_equal(sent_n, 0);
}

static void request(const struct hash *asked, size_t n) {
    TxRequest pb = TX_REQUEST__INIT;
    struct bytes out;
    struct err err;
    pb.height = 1;
    pb.value_id = pb_data(hash_bytes(&proposed->header.id));
    pb.n_wire_hashes = n;
    pb.wire_hashes = arena_array(&arena, n + 1, sizeof *pb.wire_hashes);
    for (size_t i = 0; i < n; i++)
        pb.wire_hashes[i] = pb_data(hash_bytes(&asked[i % TXS]));
    assert_ok(pb_encode(&pb, &arena, &out, &err), &err);
    receive(WIRE_TX_REQUEST, out);
}

static TxReply *replied(unsigned i) {
    TxReply *pb;
    struct err err;
    assert_true(sent_n > i);
    assert_int_equal(sent[i].kind, WIRE_TX_REPLY);
    assert_int_equal(sent[i].peer, PEER);
    assert_ok(pb_decode(&tx_reply__descriptor, sent[i].payload, &arena, &pb, &err), &err);
    return pb;
}

/* Of a body that is judged and in the log; before that, of what waits here. */
static void request__is_served(void **state) {
    (void)state;
    struct err err;
    here[1] = true;
    propose(none);
    sent_n = 0;
    request(hashes, TXS);
    assert_int_equal(replied(0)->n_txs, 1);
    here[0] = here[2] = true;
    reply(txs, TXS);
    assert_judging();
    bool invalid;
    assert_ok(executor_judge(&ex, judging, &invalid, &err), &err);
    assert_ok(core_judged(&core, judging, false, &err), &err);
    memset(here, 0, sizeof here);
    sent_n = 0;
    request(hashes + 1, 2);
    TxReply *pb = replied(0);
    assert_int_equal(pb->n_txs, 2);
    assert_true(bytes_eq(pb_bytes(pb->txs[1]), txs[2]));
}

static void request__edges(void **state) {
    (void)state;
    request(hashes, 0);
    assert_int_equal(reported, 1);
    request(hashes, TX_REQUEST_MAX);
    assert_int_equal(reported, 1);
    assert_int_equal(sent_n, 0); /* nothing of it is here */
    request(hashes, TX_REQUEST_MAX + 1);
    assert_int_equal(reported, 2);
}

/* As many bytes as an answer takes, and one more; a transaction that is longer alone goes alone. */
static void reply__as_long_as_it_may_be(void **state) {
    (void)state;
    uint8_t *bytes = calloc(1, TX_REPLY_MAX + 1);
    assert_non_null(bytes);
    const struct {
        size_t lens[TXS], want;
    } rows[] = {{{TX_REPLY_MAX - 7, 7, 1}, 2},
                {{TX_REPLY_MAX - 7, 8, 7}, 2}, /* the second does not fit, the third does */
                {{TX_REPLY_MAX, 1, 1}, 1},
                {{TX_REPLY_MAX + 1, 1, 1}, 1}};
    memset(here, 1, sizeof here);
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        for (size_t i = 0; i < TXS; i++)
            txs[i] = bytes_of(bytes, rows[r].lens[i]);
        now_ns += 1000000000;
        sent_n = 0;
        request(hashes, TXS);
        TxReply *pb = replied(0);
        assert_int_equal(pb->n_txs, rows[r].want);
        assert_int_equal(pb->txs[0].len, rows[r].lens[0]);
        if (r == 1)
            assert_int_equal(pb->txs[1].len, 7);
    }
    free(bytes);
}

/* A peer is sent no more than its allowance, at once and a second; another peer's is its own. */
static void request__no_faster_than_allowed(void **state) {
    (void)state;
    enum { LEN = TX_REPLY_MAX, FULL = BODY_ALLOWANCE / LEN, OTHER = PEER + 1 };
    uint8_t *bytes = calloc(1, LEN);
    assert_non_null(bytes);
    here[0] = true;
    txs[0] = bytes_of(bytes, LEN);
    for (unsigned i = 0; i < FULL; i++) {
        sent_n = 0;
        request(hashes, 1);
        assert_int_equal(sent_n, 1);
    }
    sent_n = 0;
    txs[0] = bytes_of(bytes, 1);
    request(hashes, 1); /* not a byte more */
    assert_int_equal(sent_n, 0);
    now_ns += 1000000; /* what a millisecond gives, and one more */
    size_t ms = BODY_ALLOWANCE / 1000;
    txs[0] = bytes_of(bytes, ms + 1);
    request(hashes, 1);
    assert_int_equal(sent_n, 0);
    txs[0] = bytes_of(bytes, ms);
    request(hashes, 1);
    assert_int_equal(sent_n, 1);
    core_up(&core, OTHER);
    assert_true(core_peer(&core, OTHER)->spent == 0 && core_allows(&core, OTHER, BODY_ALLOWANCE));
    assert_false(core_allows(&core, OTHER, 1));
    assert_false(core_allows(&core, OTHER + 1, 1)); /* no link of ours */
    now_ns += 3600000000000ull;                     /* an hour saves up no more than a second */
    assert_true(core_allows(&core, PEER, BODY_ALLOWANCE));
    assert_false(core_allows(&core, PEER, 1));
    assert_int_equal(reported, 0);
    free(bytes);
}

/* The same of whole bodies. */
static void body_request__no_faster_than_allowed(void **state) {
    (void)state;
    struct err err;
    struct bytes out;
    BodyRequest pb = BODY_REQUEST__INIT;
    pb.height = 1;
    pb.value_id = pb_data(hash_bytes(&proposed->header.id));
    assert_ok(pb_encode(&pb, &arena, &out, &err), &err);
    memset(here, 1, sizeof here);
    propose(none);
    assert_judging();
    sent_n = 0;
    core_peer(&core, PEER)->spent_ms = now_ns / 1000000;
    core_peer(&core, PEER)->spent = BODY_ALLOWANCE - proposed->encoded.len + 1;
    receive(WIRE_BODY_REQUEST, out);
    assert_int_equal(sent_n, 0);
    core_peer(&core, PEER)->spent--;
    receive(WIRE_BODY_REQUEST, out);
    assert_int_equal(sent_n, 1);
    assert_int_equal(sent[0].kind, WIRE_DECIDED);
    receive(WIRE_BODY_REQUEST, out);
    assert_int_equal(sent_n, 1);
}

/* The same of a proposal that a peer says it lacks: bodies that are young, or nowhere else, go along each time. */
static void summary__no_faster_than_allowed(void **state) {
    (void)state;
    struct err err;
    struct bytes out;
    struct bft_summary lacks = {.height = 1};
    unsigned proposals = 0;
    bool invalid;
    propose(NULL);
    assert_ok(executor_judge(&ex, judging, &invalid, &err), &err);
    assert_ok(core_judged(&core, judging, false, &err), &err);
    assert_ok(wire_summary_encode(&lacks, 1, &arena, &out, &err), &err);
    core_peer(&core, PEER)->spent_ms = now_ns / 1000000;
    core_peer(&core, PEER)->spent = BODY_ALLOWANCE;
    sent_n = 0;
    receive(WIRE_SUMMARY, out);
    for (unsigned i = 0; i < sent_n; i++)
        proposals += sent[i].kind == WIRE_PROPOSAL;
    assert_int_equal(proposals, 0);
    now_ns += 1000000000;
    sent_n = 0;
    receive(WIRE_SUMMARY, out);
    for (unsigned i = 0; i < sent_n; i++)
        proposals += sent[i].kind == WIRE_PROPOSAL;
    assert_int_equal(proposals, 1);
    assert_true(core_peer(&core, PEER)->spent > TXS * 100);
}

/* The validator has gone to this round. */
static void reach(uint32_t round) {
    struct err err;
    struct bytes out;
    struct vote v = {.height = 1, .round = round, .type = VOTE_PREVOTE};
    struct hash digest = vote_digest(&tag, &v);
    v.sig = seckey_sign(&key, &digest);
    assert_ok(wire_vote_encode(&v, &arena, &out, &err), &err);
    receive(WIRE_VOTE, out);
}

/* Rounds without end, each with another good block and no decision: there is always room for the next one's body. */
static void take__a_block_of_each_round(void **state) {
    (void)state;
    struct err err;
    struct hash ids[BODIES_MAX + 20];
    here[0] = true;
    for (uint32_t r = 0; r < BODIES_MAX + 20; r++) {
        struct block *b = NULL;
        struct bytes out;
        assert_ok(executor_build(&ex, genesis->time + 1 + r, txs, 1, &b, &err), &err);
        struct proposal p = {.height = 1, .round = r, .pol_round = POL_ROUND_NONE, .value = b->header.id};
        struct hash digest = proposal_digest(&tag, &p);
        ids[r] = p.value;
        p.sig = seckey_sign(&key, &digest);
        assert_ok(wire_proposal_encode(&p, b, none, &arena, &out, &err), &err);
        reach(r);
        receive(WIRE_PROPOSAL, out);
        assert_non_null(judging);
        assert_true(hash_eq(&judging->header.id, &p.value));
        assert_ok(core_judged(&core, judging, false, &err), &err);
        block_unref(judging);
        judging = NULL;
        block_unref(b);
        sent_n = 0;
    }
    for (uint32_t r = BODIES_MAX + 20 - BFT_ROUNDS_KEPT; r < BODIES_MAX + 20; r++) /* may be decided still */
        assert_non_null(bodies_find(&core.bodies, &ids[r]));
}

/* A certificate that the header does not name: nothing is put together, nobody is asked for bodies. */
static void take__another_certificate(void **state) {
    (void)state;
    Certificate other = CERTIFICATE__INIT;
    Block *pb = (Block *)(uintptr_t)proposed->pb;
    pb->last_certificate = &other;
    propose(none);
    pb->last_certificate = NULL;
    assert_int_equal(reported, 1);
    assert_int_equal(sent_n, 0);
    assert_null(judging);
    propose(NULL); /* the next who sends it is not kept waiting */
    assert_judging();
}

static void summary(uint64_t height, struct bytes prevotes) {
    struct err err;
    struct bytes out;
    VoteSummary pb = VOTE_SUMMARY__INIT;
    pb.height = height;
    pb.prevotes = pb_data(prevotes);
    assert_ok(pb_encode(&pb, &arena, &out, &err), &err);
    receive(WIRE_SUMMARY, out);
}

/* A peer that lacks the proposal gets it, with its body, as often as it may ask; what is no summary is reported. */
static void summary__is_answered(void **state) {
    (void)state;
    struct err err;
    static const uint8_t bits[(VALIDATORS_MAX + 7) / 8 + 1];
    propose(NULL);
    assert_judging();
    summary(1, BYTES_NONE);
    assert_int_equal(sent_n, 0); /* its body is not judged yet */
    now_ns += RELAY_ANSWER_MS * 1000000ull;
    assert_ok(executor_judge(&ex, judging, &(bool){false}, &err), &err); /* opens it, too */
    assert_ok(core_judged(&core, judging, false, &err), &err);
    unsigned before = sent_n;
    summary(1, BYTES_NONE);
    assert_int_equal(sent_n, before + 1);
    assert_int_equal(sent[before].kind, WIRE_PROPOSAL);
    assert_int_equal(sent[before].peer, PEER);
    now_ns += RELAY_ANSWER_MS * 1000000ull - 1000000;
    summary(1, BYTES_NONE);
    assert_int_equal(sent_n, before + 1); /* too soon */
    now_ns += 1000000;
    summary(1, BYTES_NONE);
    assert_int_equal(sent_n, before + 2);
    now_ns += RELAY_ANSWER_MS * 1000000ull;
    summary(1, bytes_of(bits, sizeof bits - 1));
    assert_int_equal(reported, 0);
    summary(1, bytes_of(bits, sizeof bits));
    assert_int_equal(reported, 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
TEST_MAIN(T(take__what_waits_here_is_not_asked_for), T(take__the_young_ones_come_along), T(take__misses_are_fetched),
          T(take__asked_again_until_it_comes), T(reply__of_others_is_reported), T(take__other_hashes_than_the_headers),
          T(request__is_served), T(request__edges), T(reply__as_long_as_it_may_be), T(request__no_faster_than_allowed),
          T(body_request__no_faster_than_allowed), T(summary__no_faster_than_allowed), T(take__a_block_of_each_round),
          T(take__another_certificate), T(summary__is_answered))
