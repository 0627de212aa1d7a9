/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/light/proof_cases.h"

#include "chain/codec/pb.h"
#include "chain/types/proof.h"
#include "chain/types/tx.h"
#include "tests/lib/light/committee.h"
#include "tests/lib/light/records.h"

#include <assert.h>
#include <stdlib.h>

#define START ((uint64_t)1700000000000)

enum { HEIGHT = 1200, HEADERS_MAX = 8 };

struct maker {
    struct arena *arena;
    struct proof_cases *cases;
    struct committee first; /* of the genesis: numbers 1 to 4 */
    struct header_maker headers;
    struct records state;
    struct hash root;
    struct bytes genesis;
};

static void must(int rc) {
    if (rc != CODE_OK)
        abort();
}

/* --- parts -------------------------------------------------------------------------------------------------------- */

static struct bytes name_of(struct maker *m, const char *what, unsigned i) {
    return bytes_str(arena_printf(m->arena, "%s%u", what, i));
}

static void begin(struct maker *m, struct arena *arena) {
    m->arena = arena;
    m->cases = ARENA_NEW(arena, struct proof_cases);
    committee_of(&m->first, 1, 4);
    Genesis *genesis = committee_genesis(&m->first, START, arena);
    genesis->version = 1;
    genesis->chain_id = pb_text("vectors");
    must(pb_encode(genesis, arena, &m->genesis, NULL));
    m->cases->chain_tag = chain_tag_of(m->genesis);
    for (unsigned i = 0; i < 10; i++)
        records_add(&m->state, name_of(m, "key", i), name_of(m, "value", i));
    m->root = records_root(&m->state);
    m->headers = (struct header_maker){arena, m->cases->chain_tag, &m->first, START};
}

static SignedHeader *header(struct maker *m, struct header_wish w) {
    if (!w.app_hash)
        w.app_hash = &m->root;
    SignedHeader *out = committee_header(&m->headers, &w);
    out->next_validators = NULL;
    return out;
}

/* A file of these headers (up to a NULL) and a proof of one key. */
static ProofFile *file_of(struct maker *m, const char *key, SignedHeader *const *headers) {
    ProofFile *f = ARENA_NEW(m->arena, ProofFile);
    proof_file__init(f);
    f->version = PROOF_FILE_VERSION;
    f->chain_id = pb_text("vectors");
    f->chain_tag = pb_data(hash_bytes(&m->cases->chain_tag));
    f->genesis = pb_data(m->genesis);
    f->headers = arena_array(m->arena, HEADERS_MAX, sizeof *f->headers);
    for (; *headers; headers++)
        f->headers[f->n_headers++] = *headers;
    f->proofs = arena_array(m->arena, 2, sizeof *f->proofs);
    f->proofs[f->n_proofs++] = records_prove(&m->state, bytes_str(key), HEIGHT, m->arena);
    return f;
}

/* The plain one: a header of the genesis set. */
static ProofFile *plain(struct maker *m, const char *key) {
    return file_of(m, key, (SignedHeader *[]){header(m, (struct header_wish){.height = HEIGHT + 1}), NULL});
}

static struct proof_case *add(struct maker *m, const char *name, ProofFile *file, int code) {
    assert(m->cases->count < PROOF_CASES_MAX);
    struct proof_case *c = &m->cases->at[m->cases->count++];
    *c = (struct proof_case){.name = name, .file = file, .now = START + HEIGHT + 1000, .code = code};
    return c;
}

static void by_header(struct proof_case *c, size_t i) {
    struct hash id = header_id(pb_bytes(c->file->headers[i]->header));
    c->trust_id = id;
    c->file->genesis = (ProtobufCBinaryData){0, NULL};
}

/* --- good ones ---------------------------------------------------------------------------------------------------- */

static void add_good(struct maker *m) {
    static const char *const absent[] = {"absent0", "absent1", "absent2", "absent3", "absent4", "absent5", "absent6"};
    static const uint16_t three[] = {1, 2, 3, 0};
    struct committee *later = arena_array(m->arena, 3, sizeof *later),
                     *strangers = ARENA_NEW(m->arena, struct committee);
    for (uint16_t i = 0; i < 3; i++)
        committee_of(&later[i], (uint16_t)(3 + 2 * i), 4); /* two of the four before */
    committee_of(strangers, 100, 5);
    add(m, "present", plain(m, "key3"), CODE_OK);
    bool slot = false, leaf = false;
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
        ProofFile *f = plain(m, absent[i]);
        bool *seen = f->proofs[0]->other_key_hash.len ? &leaf : &slot;
        if (!*seen)
            add(m, f->proofs[0]->other_key_hash.len ? "absent-other-leaf" : "absent-empty-slot", f, CODE_OK);
        *seen = true;
    }
    assert(slot && leaf);
    ProofFile *two = plain(m, "key3");
    two->proofs[two->n_proofs++] = records_prove(&m->state, bytes_str("absent1"), HEIGHT, m->arena);
    add(m, "two-records", two, CODE_OK);
    add(m, "three-of-four",
        file_of(m, "key3",
                (SignedHeader *[]){header(m, (struct header_wish){.height = HEIGHT + 1, .numbers = three}), NULL}),
        CODE_OK);
    SignedHeader *steps[] = {header(m, (struct header_wish){.height = 300, .by = &later[0]}),
                             header(m, (struct header_wish){.height = 600, .by = &later[1]}),
                             header(m, (struct header_wish){.height = HEIGHT + 1, .by = &later[2]}), NULL};
    add(m, "bisected", file_of(m, "key7", steps), CODE_OK);
    SignedHeader *one = header(m, (struct header_wish){.height = HEIGHT, .next = strangers});
    struct hash id = header_id(pb_bytes(one->header));
    SignedHeader *adjacent[] = {
        one, header(m, (struct header_wish){.height = HEIGHT + 1, .by = strangers, .previous = &id, .round = 4}), NULL};
    add(m, "adjacent-new-set", file_of(m, "key7", adjacent), CODE_OK);
    struct proof_case *named = add(m, "from-a-named-header", file_of(m, "key7", steps), CODE_OK);
    by_header(named, 1);
    named->trust_height = 600;
    named = add(m, "the-named-header-itself", file_of(m, "key7", steps), CODE_OK);
    by_header(named, 2);
    named->trust_height = HEIGHT + 1;
    struct records none = {.n = 0};
    struct hash empty = {{0}};
    SignedHeader *of_nothing[] = {header(m, (struct header_wish){.height = HEIGHT + 1, .app_hash = &empty}), NULL};
    ProofFile *f = file_of(m, "key1", of_nothing);
    f->proofs[0] = records_prove(&none, bytes_str("key1"), HEIGHT, m->arena);
    add(m, "absent-from-an-empty-state", f, CODE_OK);
}

/* --- wrong proofs ------------------------------------------------------------------------------------------------- */

static StateProof *wrong_proof(struct maker *m, const char *name, const char *key, int code) {
    ProofFile *f = plain(m, key);
    add(m, name, f, code);
    return f->proofs[0];
}

static const char *other_leaf(struct maker *m) {
    for (size_t i = 0; i < m->cases->count; i++)
        if (!strcmp(m->cases->at[i].name, "absent-other-leaf"))
            return arena_strndup(m->arena, (const char *)m->cases->at[i].file->proofs[0]->key.data,
                                 m->cases->at[i].file->proofs[0]->key.len);
    abort();
}

static void add_wrong_proofs(struct maker *m) {
    StateProof *p = wrong_proof(m, "another-value", "key3", CODE_PROOF);
    p->value.data[0] ^= 1;
    p = wrong_proof(m, "another-key", "key3", CODE_PROOF);
    p->key.data[3] = '4';
    p = wrong_proof(m, "said-to-be-absent", "key3", CODE_PROOF);
    p->present = false;
    p->value.len = 0;
    p = wrong_proof(m, "absent-with-a-value", other_leaf(m), CODE_PROOF);
    p->value = pb_data(bytes_str("x"));
    p = wrong_proof(m, "said-to-be-present", other_leaf(m), CODE_PROOF);
    p->present = true;
    p->other_key_hash.len = p->other_value_hash.len = 0;
    p = wrong_proof(m, "present-with-another-leaf", "key3", CODE_PROOF);
    p->other_key_hash = p->other_value_hash = p->siblings[0];
    p = wrong_proof(m, "another-sibling", "key3", CODE_PROOF);
    p->siblings[0].data[31] ^= 0x80;
    p = wrong_proof(m, "a-sibling-less", "key3", CODE_PROOF);
    p->n_siblings--;
    p = wrong_proof(m, "a-sibling-of-zeros", "key3", CODE_PROOF);
    memset(p->siblings[0].data, 0, 32);
    p = wrong_proof(m, "a-bit-beyond-the-depth", "key3", CODE_PROOF);
    p->sibling_mask.data[p->sibling_mask.len - 1] |= 1;
    p = wrong_proof(m, "less-deep", "key3", CODE_PROOF);
    p->depth--;
    p = wrong_proof(m, "the-other-leaf-is-the-key", other_leaf(m), CODE_PROOF);
    struct hash own = proof_key_hash(pb_bytes(p->key));
    memcpy(p->other_key_hash.data, own.b, sizeof own.b);
    p = wrong_proof(m, "the-other-leaf-lies-elsewhere", other_leaf(m), CODE_PROOF);
    p->other_key_hash.data[0] ^= 0x80;
    p = wrong_proof(m, "of-another-height", "key3", CODE_PROOF);
    p->height--;
    p = wrong_proof(m, "of-the-header-s-own-height", "key3", CODE_PROOF);
    p->height++;
    ProofFile *f = plain(m, "key3");
    f->n_proofs = 0;
    add(m, "no-proof", f, CODE_MALFORMED);
}

/* --- wrong headers ------------------------------------------------------------------------------------------------ */

static SignedHeader *wrong_header(struct maker *m, const char *name, int code) {
    ProofFile *f = plain(m, "key3");
    add(m, name, f, code);
    return f->headers[0];
}

static void one_header(struct maker *m, const char *name, struct header_wish w, int code) {
    w.height = w.height ? w.height : HEIGHT + 1;
    add(m, name, file_of(m, "key3", (SignedHeader *[]){header(m, w), NULL}), code);
}

/* s and n - s verify alike; only the lower one is taken. */
static void mirror(uint8_t s[32]) {
    static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48,
                                      0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};
    int borrow = 0;
    for (int i = 31; i >= 0; i--) {
        int d = order[i] - s[i] - borrow;
        borrow = d < 0;
        s[i] = (uint8_t)d;
    }
}

static void add_wrong_signatures(struct maker *m) {
    SignedHeader *h = wrong_header(m, "forged-signature", CODE_BAD_SIGNATURE);
    h->certificate->signatures[2].data[40] ^= 4;
    h = wrong_header(m, "signature-with-high-s", CODE_BAD_SIGNATURE);
    mirror(h->certificate->signatures[0].data + 32);
    h = wrong_header(m, "signature-with-r-0", CODE_BAD_SIGNATURE);
    memset(h->certificate->signatures[0].data, 0, 32);
    h = wrong_header(m, "one-signature-for-all", CODE_BAD_SIGNATURE);
    for (size_t i = 1; i < h->certificate->n_signatures; i++)
        h->certificate->signatures[i] = h->certificate->signatures[0];
    h = wrong_header(m, "signed-in-another-round", CODE_BAD_SIGNATURE);
    h->certificate->round++;
    h = wrong_header(m, "of-prevotes", CODE_UNTRUSTED);
    h->certificate->type = CERTIFICATE_POLKA;
    h = wrong_header(m, "certificate-of-another-height", CODE_UNTRUSTED);
    h->certificate->height++;
    h = wrong_header(m, "certificate-of-another-header", CODE_UNTRUSTED);
    h->certificate->value_id.data[9] ^= 1;
    h = wrong_header(m, "a-signature-less-than-signers", CODE_MALFORMED);
    h->certificate->n_signatures--;
    h = wrong_header(m, "bitmap-too-long", CODE_MALFORMED);
    h->certificate->signers = pb_data(bytes_of(arena_dup(m->arena, "\x0f\x00", 2), 2));
    h = wrong_header(m, "a-signer-beyond-the-set", CODE_MALFORMED);
    h->certificate->signers.data[0] = 0x17;
    h = wrong_header(m, "no-certificate", CODE_MALFORMED);
    h->certificate = NULL;
}

static void add_wrong_powers(struct maker *m) {
    static const uint16_t half[] = {1, 2, 0};
    static const uint16_t none_of_ours[] = {30, 31, 32, 33, 34, 35, 36, 37, 38, 0};
    static const uint16_t third[] = {4, 5, 6, 7, 0};
    struct committee *heavy = ARENA_NEW(m->arena, struct committee), *mixed = ARENA_NEW(m->arena, struct committee);
    struct committee *strangers = ARENA_NEW(m->arena, struct committee);
    one_header(m, "half-signed", (struct header_wish){.numbers = half}, CODE_UNTRUSTED);
    committee_add(heavy, 1, 199999); /* 200,000 of 300,000 is not more than two thirds */
    committee_add(heavy, 2, 1);
    committee_add(heavy, 3, 100000);
    one_header(m, "exactly-two-thirds", (struct header_wish){.by = heavy, .numbers = half}, CODE_UNTRUSTED);
    committee_of(mixed, 1, 4);
    for (uint16_t i = 30; i < 39; i++)
        committee_add(mixed, i, 10);
    one_header(m, "the-trusted-did-not-sign", (struct header_wish){.by = mixed, .numbers = none_of_ours}, CODE_OVERLAP);
    committee_of(strangers, 4, 4); /* one of the trusted four, a quarter */
    one_header(m, "a-quarter-of-the-trusted", (struct header_wish){.by = strangers, .numbers = third}, CODE_OVERLAP);
    committee_of(strangers, 50, 4);
    one_header(m, "strangers", (struct header_wish){.by = strangers}, CODE_OVERLAP);
    one_header(m, "strangers-at-height-1", (struct header_wish){.by = strangers, .height = 1}, CODE_UNTRUSTED);
}

static void add_wrong_headers(struct maker *m) {
    static const uint8_t more[] = {0x80, 0x01, 0x01}; /* field 16 */
    struct committee *strangers = ARENA_NEW(m->arena, struct committee);
    committee_of(strangers, 50, 4);
    struct hash other_tag = {{7}};
    SignedHeader *h = wrong_header(m, "another-header-byte", CODE_UNTRUSTED);
    h->header.data[h->header.len - 3] ^= 1;
    h = wrong_header(m, "swapped-set", CODE_INTEGRITY);
    must(validator_set_to_pb(&strangers->set, m->arena, &h->validators, NULL));
    h = wrong_header(m, "another-power", CODE_INTEGRITY);
    h->validators->validators[1]->power = 11;
    h = wrong_header(m, "set-out-of-order", CODE_MALFORMED);
    ValidatorPower *v = h->validators->validators[0];
    h->validators->validators[0] = h->validators->validators[1];
    h->validators->validators[1] = v;
    one_header(m, "an-unknown-field", (struct header_wish){.tail = bytes_of(more, sizeof more)}, CODE_MALFORMED);
    one_header(m, "header-of-another-chain", (struct header_wish){.chain_tag = &other_tag}, CODE_CHAIN_MISMATCH);
    one_header(m, "time-of-the-trusted", (struct header_wish){.time = START}, CODE_BLOCK_TIME);
    one_header(m, "from-the-future", (struct header_wish){.time = START + HEIGHT + 11001}, CODE_FUTURE);
    add(m, "too-late", plain(m, "key3"), CODE_EXPIRED)->now = START + LIGHT_TRUST_PERIOD_MS;
    SignedHeader *low = header(m, (struct header_wish){.height = 900}),
                 *high = header(m, (struct header_wish){.height = HEIGHT + 1});
    add(m, "heights-fall", file_of(m, "key3", (SignedHeader *[]){high, low, NULL}), CODE_MALFORMED);
    add(m, "a-header-twice", file_of(m, "key3", (SignedHeader *[]){high, high, NULL}), CODE_MALFORMED);
    struct committee *half = ARENA_NEW(m->arena, struct committee);
    committee_of(half, 3, 4);
    SignedHeader *announced = header(m, (struct header_wish){.height = HEIGHT, .next = half});
    add(m, "adjacent-of-another-set", file_of(m, "key3", (SignedHeader *[]){announced, high, NULL}), CODE_UNTRUSTED);
    SignedHeader *before = header(m, (struct header_wish){.height = HEIGHT});
    add(m, "adjacent-that-does-not-point-back", file_of(m, "key3", (SignedHeader *[]){before, high, NULL}), CODE_FORK);
}

static void add_wrong_files(struct maker *m) {
    ProofFile *f = plain(m, "key3");
    f->version = 2;
    add(m, "another-version", f, CODE_VERSION);
    f = plain(m, "key3");
    struct hash *tag = arena_dup(m->arena, m->cases->chain_tag.b, sizeof m->cases->chain_tag.b);
    tag->b[0] ^= 1;
    f->chain_tag = pb_data(hash_bytes(tag));
    add(m, "another-chain-tag", f, CODE_CHAIN_MISMATCH);
    f = plain(m, "key3");
    f->genesis.data = arena_dup(m->arena, f->genesis.data, f->genesis.len);
    f->genesis.data[f->genesis.len - 1] ^= 1; /* a power */
    add(m, "another-genesis", f, CODE_CHAIN_MISMATCH);
    f = plain(m, "key3");
    f->n_headers = 0;
    add(m, "no-header", f, CODE_MALFORMED);
    struct proof_case *c = add(m, "named-header-is-another", plain(m, "key3"), CODE_NOT_FOUND);
    by_header(c, 0);
    c->trust_height = HEIGHT + 1;
    c->trust_id.b[0] ^= 1;
    c = add(m, "named-header-of-another-height", plain(m, "key3"), CODE_UNTRUSTED);
    by_header(c, 0);
    c->trust_height = HEIGHT;
}

struct proof_cases *proof_cases_make(struct arena *arena) {
    struct maker *m = ARENA_NEW(arena, struct maker);
    begin(m, arena);
    add_good(m);
    add_wrong_proofs(m);
    add_wrong_signatures(m);
    add_wrong_powers(m);
    add_wrong_headers(m);
    add_wrong_files(m);
    return m->cases;
}

int proof_case_judge(const ProofFile *file, const struct proof_case *c, const struct hash *chain_tag,
                     struct arena *arena, struct proof_file_result *ret, struct err *err) {
    struct light_trust trust;
    int rc;
    if (c->trust_height > 0) {
        rc = proof_file_trust_named(file, c->trust_height, &c->trust_id, arena, &trust, err);
    } else {
        Genesis *genesis;
        struct hash tag = chain_tag_of(pb_bytes(file->genesis));
        if (!hash_eq(&tag, chain_tag))
            return err_set(err, CODE_CHAIN_MISMATCH, "the genesis is not the trusted chain's");
        rc = pb_decode(&genesis__descriptor, pb_bytes(file->genesis), arena, &genesis, err);
        if (rc == CODE_OK)
            rc = light_trust_genesis(genesis, chain_tag, &trust, err);
    }
    return rc == CODE_OK ? proof_file_verify(file, &trust, &light_rules_default, c->now, arena, ret, err) : rc;
}
