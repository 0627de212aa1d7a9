/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions, headers, sets, certificates, evidence, the signed messages of providers and clients, credentials of
 * requests, hellos: what is taken apart from messages and bytes of others. The first byte chooses.
 *
 * Properties: what is taken is the one encoding of what it says; ids and lengths agree with the other ways to them; no
 * signature of a stranger verifies.
 */
#include "chain/bft/record.h"
#include "chain/codec/pb.h"
#include "chain/net/hello.h"
#include "chain/types/certificate.h"
#include "chain/types/evidence.h"
#include "chain/types/header.h"
#include "chain/types/light.h"
#include "chain/types/request.h"
#include "chain/types/signed.h"
#include "chain/types/tx.h"

#include "cairn/genesis.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct hash tag; /* that of tests/vectors, which the corpus is made of */
static struct pubkey stranger;

static void must(bool ok) {
    if (!ok)
        abort();
}

static void same_encoding(const void *msg, struct bytes in, struct arena *arena) {
    struct bytes again;
    must(pb_encode(msg, arena, &again, NULL) == CODE_OK && bytes_eq(again, in));
}

static void fuzz_tx(struct bytes in, struct arena *arena) {
    struct tx tx;
    struct hash wire;
    size_t told = tx_wire_len(in);
    bool framed = tx_wire_hash(in, &wire);
    if (tx_parse(in, &tag, arena, &tx, NULL) != CODE_OK)
        return;
    must(told == in.len && framed && hash_eq(&wire, &tx.wire_hash));
    struct hash id = tx_id_of(&tag, tx.body_bytes);
    must(hash_eq(&id, &tx.id) && tx.body_bytes.len + TX_FRAME_LEN == in.len && tx.body->n_msgs > 0);
    same_encoding(tx.body, tx.body_bytes, arena);
    (void)tx_verify(&tx, NULL);
}

static void fuzz_header(struct bytes in, struct arena *arena) {
    struct header h;
    Header *first;
    struct hash any = tag;
    if (pb_decode(&header__descriptor, in, arena, &first, NULL) == CODE_OK)
        hash_from(pb_bytes(first->chain_tag), &any);
    if (header_parse(in, &any, arena, &h, NULL) != CODE_OK)
        return;
    struct hash id = header_id(in);
    must(hash_eq(&h.id, &id) && h.height >= 1);
    same_encoding(h.pb, in, arena);
}

static void fuzz_set(struct bytes in, struct arena *arena) {
    ValidatorSet *pb, *again;
    static struct validator_set set;
    if (pb_decode(&validator_set__descriptor, in, arena, &pb, NULL) != CODE_OK ||
        validator_set_from_pb(pb, &set, NULL) != CODE_OK)
        return;
    must(set.n >= 1 && validator_set_power(&set) <= POWER_TOTAL_MAX);
    for (uint16_t i = 0; i < set.n; i++)
        must(validator_set_find(&set, &set.at[i].addr) == i);
    must(validator_set_to_pb(&set, arena, &again, NULL) == CODE_OK);
    same_encoding(again, in, arena);
}

static void fuzz_certificate(struct bytes in, struct arena *arena) {
    Certificate *pb, *again;
    static struct certificate cert;
    if (pb_decode(&certificate__descriptor, in, arena, &pb, NULL) != CODE_OK)
        return;
    uint16_t validators = (uint16_t)(pb->signers.len * 8 <= VALIDATORS_MAX ? pb->signers.len * 8 : VALIDATORS_MAX);
    if (certificate_from_pb(pb, validators, &cert, NULL) != CODE_OK)
        return;
    must(certificate_to_pb(&cert, validators, arena, &again, NULL) == CODE_OK);
    same_encoding(again, in, arena);
}

static void fuzz_evidence(struct bytes in, struct arena *arena) {
    Evidence *pb;
    struct evidence e, turned;
    if (pb_decode(&evidence__descriptor, in, arena, &pb, NULL) != CODE_OK || evidence_from_pb(pb, &e, NULL) != CODE_OK)
        return;
    must(!hash_eq(&e.half[0].value, &e.half[1].value) || e.half[0].pol_round != e.half[1].pol_round);
    Vote *vote = pb->vote_a; /* whichever half comes first, it is one case */
    Proposal *proposal = pb->proposal_a;
    pb->vote_a = pb->vote_b;
    pb->vote_b = vote;
    pb->proposal_a = pb->proposal_b;
    pb->proposal_b = proposal;
    must(evidence_from_pb(pb, &turned, NULL) == CODE_OK);
    struct addr who = {{1}};
    struct hash a = evidence_id(&e, &who), b = evidence_id(&turned, &who);
    must(hash_eq(&a, &b));
    static struct validator_set strangers;
    if (strangers.n == 0)
        must(validator_set_add(&strangers, &stranger, 5, NULL) == CODE_OK);
    must(evidence_verify(&e, &tag, &strangers, NULL) != CODE_OK);
}

/* Each opens, and no stranger signed it. */
static void fuzz_signed(unsigned kind, struct bytes in, struct arena *arena) {
    void *pb, *inner = NULL;
    static const ProtobufCMessageDescriptor *const descs[] = {
        &signed_approval__descriptor, &signed_statement__descriptor, &signed_secondary_ask__descriptor,
        &signed_secondary_approval__descriptor, &signed_receipt__descriptor};
    kind %= sizeof descs / sizeof *descs;
    if (pb_decode(descs[kind], in, arena, &pb, NULL) != CODE_OK)
        return;
    int rc = kind == 0   ? approval_open(pb, &tag, arena, (Approval **)&inner, NULL)
             : kind == 1 ? statement_open(pb, &tag, arena, (PayloadStatement **)&inner, NULL)
             : kind == 2 ? ask_open(pb, &tag, arena, (SecondaryAsk **)&inner, NULL)
             : kind == 3 ? offer_open(pb, &tag, arena, (SecondaryApproval **)&inner, NULL)
                         : receipt_open(pb, &tag, arena, (Receipt **)&inner, NULL);
    must((rc == CODE_OK) == (inner != NULL));
    rc = kind == 0   ? approval_verify(pb, &stranger, &tag, NULL)
         : kind == 1 ? statement_verify(pb, &stranger, &tag, NULL)
         : kind == 2 ? ask_verify(pb, &stranger, &tag, NULL)
         : kind == 3 ? offer_verify(pb, &stranger, &tag, NULL)
                     : receipt_verify(pb, &stranger, &tag, NULL);
    must(rc != CODE_OK);
}

static void fuzz_request(struct bytes in, struct arena *arena) {
    char *text = arena_strndup(arena, (const char *)in.data, in.len), again[REQUEST_TEXT_MAX], found[REQUEST_TEXT_MAX];
    struct request_auth auth, back;
    if (text == NULL)
        return;
    (void)request_auth_find(text, "", found, NULL);
    (void)request_auth_find(NULL, text, found, NULL);
    if (request_auth_parse(text, &auth, NULL) != CODE_OK)
        return;
    request_auth_print(&auth, again);
    must(request_auth_parse(again, &back, NULL) == CODE_OK);
    must(pubkey_eq(&auth.key, &back.key) && auth.issued_ms == back.issued_ms && auth.expires_ms == back.expires_ms &&
         !strcmp(auth.headers, back.headers) && !strcmp(auth.content, back.content));
    struct buf out;
    buf_init(&out, 1 << 16);
    struct request_http http = {.method = "GET", .host = "h", .path = "/", .query = text};
    (void)request_canonical(&auth, &http, 1, &out, NULL);
    buf_release(&out);
}

static void fuzz_hello(struct bytes in) {
    enum hello_role role;
    struct pubkey key;
    struct hello ours;
    struct hello_keys keys;
    uint8_t bytes[HELLO_BYTES];
    struct hash any;
    if (in.len != HELLO_BYTES)
        return;
    memcpy(bytes, in.data, sizeof bytes);
    memcpy(any.b, bytes + 8, sizeof any.b);
    if (hello_read(bytes, &any, &role, &key, NULL) != CODE_OK)
        return;
    must(!memcmp(bytes, "CRNP", 4) && (role == HELLO_VALIDATOR || role == HELLO_FULL_NODE) && bytes[7] == 0);
    hello_make(&ours, HELLO_FULL_NODE, &any, &stranger);
    (void)hello_agree(&ours, bytes, true, &any, &keys, NULL);
}

static void fuzz_record(struct bytes in) {
    static struct certificate cert;
    static uint8_t again[BFT_RECORD_MAX];
    struct bft_event event;
    if (!bft_record_decode(in.data, in.len, &cert, &event))
        return;
    must(bft_record_encode(&event, again) == in.len && !memcmp(again, in.data, in.len));
}

static void fuzz_genesis(struct bytes in, struct arena *arena) {
    Genesis *genesis;
    static struct light_trust trust;
    if (pb_decode(&genesis__descriptor, in, arena, &genesis, NULL) != CODE_OK ||
        light_trust_genesis(genesis, &tag, &trust, NULL) != CODE_OK)
        return;
    must(trust.validators.n == genesis->n_validators && trust.height == 0);
    struct hash set = validator_set_hash(&trust.validators);
    must(hash_eq(&set, &trust.next_hash));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct arena arena;
    if (stranger.b[0] == 0) {
        struct seckey key;
        uint8_t raw[32] = {1, 2, 3};
        must(seckey_init(&key, raw, NULL) == CODE_OK);
        stranger = seckey_pubkey(&key);
        tag = chain_tag_of(bytes_str("vectors"));
    }
    if (len == 0 || len > 1 << 16)
        return 0;
    struct bytes in = bytes_of(data + 1, len - 1);
    arena_init(&arena, 64 << 20);
    switch (data[0] % 16) {
    case 0:
        fuzz_tx(in, &arena);
        break;
    case 1:
        fuzz_header(in, &arena);
        break;
    case 2:
        fuzz_set(in, &arena);
        break;
    case 3:
        fuzz_certificate(in, &arena);
        break;
    case 4:
        fuzz_evidence(in, &arena);
        break;
    case 5:
    case 6:
    case 7:
    case 8:
    case 9:
        fuzz_signed(data[0] % 16 - 5u, in, &arena);
        break;
    case 10:
        fuzz_request(in, &arena);
        break;
    case 11:
        fuzz_hello(in);
        break;
    case 12:
        fuzz_record(in);
        break;
    case 13:
        fuzz_genesis(in, &arena);
        break;
    default:
        break;
    }
    arena_release(&arena);
    return 0;
}
