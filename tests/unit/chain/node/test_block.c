/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "chain/base/limits.h"
#include "chain/codec/pb.h"
#include "chain/crypto/hash.h"
#include "chain/node/block.h"

enum { VALIDATORS = 4, TXS = 3 };

static struct arena arena;
static struct seckey key;
static const struct hash tag = {{7}};

static int setup(void **state) {
    (void)state;
    uint8_t raw[32] = {9};
    arena_init(&arena, 256 * MIB);
    assert_int_equal(seckey_init(&key, raw, NULL), CODE_OK);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_release(&arena);
    return 0;
}

static struct bytes a_tx(uint64_t sequence) {
    static struct addr to = {{0xaa}};
    static struct pubkey pub;
    MsgSend send = MSG_SEND__INIT;
    Msg msg = MSG__INIT, *msgs[] = {&msg};
    TxBody body = TX_BODY__INIT;
    struct bytes wire;
    pub = seckey_pubkey(&key);
    send.creator = send.to = pb_data(addr_bytes(&to));
    send.amount = 5;
    msg.body_case = MSG__BODY_SEND;
    msg.send = &send;
    body.signer = pb_data(pubkey_bytes(&pub));
    body.sequence = sequence;
    body.n_msgs = 1;
    body.msgs = msgs;
    assert_int_equal(tx_sign(&body, &key, &tag, &arena, &wire, NULL), CODE_OK);
    return wire;
}

static struct certificate a_certificate(void) {
    struct certificate cert = {.kind = CERTIFICATE_COMMIT, .height = 1, .value = {{3}}};
    for (uint16_t i = 0; i < 3; i++) {
        cert.votes[cert.n] = (struct vote){
            .height = 1, .validator = i, .type = VOTE_PRECOMMIT, .value = cert.value, .sig = {{(uint8_t)i}}};
        cert.n++;
    }
    return cert;
}

/* A header of height 2 over these transactions and a_certificate. */
static struct bytes a_header(const struct hash *wire_hashes, size_t n) {
    static struct hash any = {{5}}, root, cert_hash, copy[TXS];
    static struct addr proposer = {{6}};
    struct certificate cert = a_certificate();
    memcpy(copy, wire_hashes, n * sizeof *copy);
    root = header_txs_root(copy, n);
    cert_hash = certificate_hash(&cert);
    Header pb = HEADER__INIT;
    struct bytes out;
    pb.version = HEADER_VERSION;
    pb.chain_tag = pb_data(hash_bytes(&tag));
    pb.height = 2;
    pb.time = 1000;
    pb.previous_id = pb.validators_hash = pb.next_validators_hash = pb.params_hash = pb.app_hash = pb.results_hash =
        pb.reveal = pb_data(hash_bytes(&any));
    pb.last_certificate_hash = pb_data(hash_bytes(&cert_hash));
    pb.txs_root = pb_data(hash_bytes(&root));
    pb.txs_count = n;
    pb.proposer = pb_data(addr_bytes(&proposer));
    assert_int_equal(pb_encode(&pb, &arena, &out, NULL), CODE_OK);
    return out;
}

static struct hash wire_hash(struct bytes wire) {
    struct sig sig;
    memcpy(sig.b, wire.data + wire.len - 64, 64);
    return tx_wire_hash_of(bytes_of(wire.data + 4, wire.len - TX_FRAME_LEN), &sig);
}

struct parts {
    struct bytes txs[TXS];
    struct bytes header;
    struct certificate cert;
};

static void parts_make(struct parts *p) {
    struct hash hashes[TXS];
    for (size_t i = 0; i < TXS; i++) {
        p->txs[i] = a_tx(i + 1);
        hashes[i] = wire_hash(p->txs[i]);
    }
    p->header = a_header(hashes, TXS);
    p->cert = a_certificate();
}

static struct block *block_of(const struct parts *p, size_t n) {
    Certificate *pb = NULL;
    struct err err;
    struct block *b = NULL;
    assert_ok(certificate_to_pb(&p->cert, VALIDATORS, &arena, &pb, &err), &err);
    struct block_parts parts = {.header = p->header, .last_certificate = pb, .txs = p->txs, .txs_n = n};
    assert_ok(block_build(&parts, &tag, &b, &err), &err);
    return b;
}

static void bind__own_content(void **state) {
    (void)state;
    struct parts p;
    struct err err;
    parts_make(&p);
    struct block *b = block_of(&p, TXS);
    assert_ok(block_bind(b, VALIDATORS, &err), &err);
    assert_ok(block_open(b, VALIDATORS, &err), &err);
    assert_int_equal(b->txs_n, TXS);
    assert_int_equal(b->last->n, 3);
    block_unref(b);
}

/* Whoever puts other content under a good header must not be able to pass it off as the block of that id. */
static void bind__other_content_under_the_same_header(void **state) {
    (void)state;
    struct parts p;
    parts_make(&p);
    for (unsigned how = 0; how < 6; how++) {
        struct parts q = p;
        size_t n = TXS;
        switch (how) {
        case 0: /* one fewer */
            n = TXS - 1;
            break;
        case 1: /* another order */
            q.txs[0] = p.txs[1], q.txs[1] = p.txs[0];
            break;
        case 2: /* another one */
            q.txs[2] = a_tx(9);
            break;
        case 3: { /* another signature */
            uint8_t *copy = arena_dup(&arena, p.txs[0].data, p.txs[0].len);
            copy[p.txs[0].len - 1] ^= 1;
            q.txs[0] = bytes_of(copy, p.txs[0].len);
            break;
        }
        case 4: /* a signature of the last certificate */
            q.cert.votes[1].sig.b[5] ^= 1;
            break;
        default: /* cut off */
            q.txs[1] = bytes_of(p.txs[1].data, p.txs[1].len - 1);
        }
        struct block *b = block_of(&q, n), *good = block_of(&p, TXS);
        assert_true(hash_eq(&b->header.id, &good->header.id));
        assert_code(block_bind(b, VALIDATORS, NULL), CODE_MALFORMED);
        assert_false(b->bound);
        block_unref(b);
        block_unref(good);
    }
}

static void bind__certificate_left_out(void **state) {
    (void)state;
    struct parts p;
    parts_make(&p);
    struct block_parts parts = {.header = p.header, .txs = p.txs, .txs_n = TXS};
    struct block *b = NULL;
    assert_int_equal(block_build(&parts, &tag, &b, NULL), CODE_OK);
    assert_code(block_bind(b, VALIDATORS, NULL), CODE_MALFORMED);
    block_unref(b);
}

/* A tag or length of protobuf below 2^21, in three bytes at most. */
static size_t put_varint(uint8_t *p, uint32_t v) {
    size_t n = 0;
    for (; v > 127; v >>= 7)
        p[n++] = (uint8_t)(v | 128);
    p[n++] = (uint8_t)v;
    return n;
}

/* Eight put_policy messages of nothing but empty statements: two bytes that become over a hundred. */
static struct bytes a_growing_tx(uint8_t which) {
    enum { STATEMENTS = 60000, STATEMENTS_FIELD = 4, MSGS_FIELD = 7 };
    uint8_t *w = arena_alloc(&arena, TX_LEN_MAX), head[8];
    struct pubkey pub = seckey_pubkey(&key);
    size_t at = 4;
    w[at++] = 1 << 3 | 2;
    at += put_varint(w + at, 33);
    memcpy(w + at, pub.b, 33);
    at += 33;
    for (unsigned m = 0; m < 8; m++) {
        size_t n = put_varint(head, MSG__BODY_PUT_POLICY << 3 | 2);
        n += put_varint(head + n, 2 * STATEMENTS);
        w[at++] = MSGS_FIELD << 3 | 2;
        at += put_varint(w + at, (uint32_t)(n + 2 * STATEMENTS));
        memcpy(w + at, head, n);
        at += n;
        for (unsigned i = 0; i < STATEMENTS; i++, at += 2)
            w[at] = STATEMENTS_FIELD << 3 | 2;
    }
    store_be32(w, (uint32_t)(at - 4));
    memset(w + at, which, 64);
    assert_true(at + 64 <= TX_LEN_MAX);
    return bytes_of(w, at + 64);
}

/* A proposer that sends what grows a hundredfold when it is taken apart gets an invalid block, and stops nobody. */
static void open__grows_over_the_cap(void **state) {
    (void)state;
    struct parts p = {.cert = a_certificate()};
    struct hash hashes[TXS];
    for (size_t i = 0; i < TXS; i++) {
        p.txs[i] = a_growing_tx((uint8_t)(i + 1));
        hashes[i] = wire_hash(p.txs[i]);
    }
    p.header = a_header(hashes, TXS);
    struct block *b = block_of(&p, TXS);
    struct err err;
    assert_ok(block_bind(b, VALIDATORS, &err), &err);
    assert_code(block_open(b, VALIDATORS, &err), CODE_TOO_LARGE);
    block_unref(b);
}

TEST_MAIN(cmocka_unit_test_setup_teardown(bind__own_content, setup, teardown),
          cmocka_unit_test_setup_teardown(bind__other_content_under_the_same_header, setup, teardown),
          cmocka_unit_test_setup_teardown(bind__certificate_left_out, setup, teardown),
          cmocka_unit_test_setup_teardown(open__grows_over_the_cap, setup, teardown))
