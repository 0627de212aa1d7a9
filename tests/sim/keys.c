/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim.h"

#include <stdlib.h>

uint64_t mix64(uint64_t x) {
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9ull;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebull;
    return x ^ x >> 31;
}

/* The model of a signature: 16 bytes of a keyed mix over the very bytes that a real one covers. Nobody in the
 * simulation signs with another's secret, and altered bytes do not verify: that is all that the core relies on. */
static void sign(uint64_t secret, const uint8_t *bytes, size_t len, struct sig *ret_sig) {
    uint64_t a = secret, b = ~secret;
    for (size_t i = 0; i < len; i += 8) {
        uint8_t word[8] = {0};
        memcpy(word, bytes + i, len - i < 8 ? len - i : 8);
        a = mix64(a ^ load_le64(word));
        b = mix64(b + a);
    }
    *ret_sig = (struct sig){0};
    store_le64(ret_sig->b, a);
    store_le64(ret_sig->b + 8, b);
}

void key_draw(struct sim *s, struct rng *r) {
    for (uint16_t v = 0; v < s->keyed; v++) {
        uint8_t raw[32];
        s->secrets[v] = rng_u64(r);
        rng_fill(r, raw, sizeof raw);
        raw[0] = 1; /* below the order of the group */
        if (s->drawn.kind == KIND_SMALL)
            continue;
        if (seckey_init(&s->seckeys[v], raw, NULL))
            abort();
        s->pubkeys[v] = seckey_pubkey(&s->seckeys[v]);
        if (verifier_init(&s->verifiers[v], &s->pubkeys[v], NULL))
            abort();
    }
    rng_fill(r, s->chain_tag.b, sizeof s->chain_tag.b);
}

/* Every node checks every signature; it is good or not once for all. */
#define VERDICTS (1u << 14)

static bool verify(const struct sim *s, uint16_t owner, const struct hash *digest, const struct sig *sig) {
    static struct verdict {
        bool good;
        struct pubkey key;
        struct hash digest;
        struct sig sig;
    } verdicts[VERDICTS];
    struct verdict *v = &verdicts[mix64(load_le64(sig->b) ^ load_le64(digest->b) ^ owner) % VERDICTS];
    if (sig_eq(&v->sig, sig) && hash_eq(&v->digest, digest) && pubkey_eq(&v->key, &s->pubkeys[owner]))
        return v->good;
    *v = (struct verdict){.key = s->pubkeys[owner], .digest = *digest, .sig = *sig};
    v->good = verifier_check(&s->verifiers[owner], digest, sig);
    return v->good;
}

void key_sign_vote(const struct sim *s, uint16_t owner, struct vote *vote) {
    if (s->drawn.kind != KIND_SMALL) {
        struct hash digest = vote_digest(&s->chain_tag, vote);
        vote->sig = seckey_sign(&s->seckeys[owner], &digest);
        return;
    }
    uint8_t bytes[VOTE_BYTES];
    vote_bytes(vote, bytes);
    sign(s->secrets[owner], bytes, sizeof bytes, &vote->sig);
}

void key_sign_proposal(const struct sim *s, uint16_t owner, struct proposal *proposal) {
    if (s->drawn.kind != KIND_SMALL) {
        struct hash digest = proposal_digest(&s->chain_tag, proposal);
        proposal->sig = seckey_sign(&s->seckeys[owner], &digest);
        return;
    }
    uint8_t bytes[PROPOSAL_BYTES];
    proposal_bytes(proposal, bytes);
    sign(s->secrets[owner] ^ 0x70726f70, bytes, sizeof bytes, &proposal->sig);
}

bool key_check_vote(const struct sim *s, const struct vote *vote) {
    if (vote->validator >= s->validators)
        return false;
    if (s->drawn.kind != KIND_SMALL) {
        struct hash digest = vote_digest(&s->chain_tag, vote);
        return verify(s, vote->validator, &digest, &vote->sig);
    }
    struct vote good = *vote;
    key_sign_vote(s, good.validator, &good);
    return sig_eq(&good.sig, &vote->sig);
}

bool key_check_proposal(const struct sim *s, const struct proposal *proposal) {
    if (proposal->validator >= s->validators)
        return false;
    if (s->drawn.kind != KIND_SMALL) {
        struct hash digest = proposal_digest(&s->chain_tag, proposal);
        return verify(s, proposal->validator, &digest, &proposal->sig);
    }
    struct proposal good = *proposal;
    key_sign_proposal(s, good.validator, &good);
    return sig_eq(&good.sig, &proposal->sig);
}

bool key_check_certificate(const struct sim *s, const struct certificate *cert) {
    for (uint16_t i = 0; i < cert->n; i++)
        if (!key_check_vote(s, &cert->votes[i]))
            return false;
    return true;
}

static bool check_msg(const struct sim *s, const struct msg *m) {
    switch (m->kind) {
    case MSG_PROPOSAL:
        return key_check_proposal(s, &m->proposal);
    case MSG_VOTE:
        return key_check_vote(s, &m->vote);
    case MSG_CERTIFICATE:
    case MSG_DECISION:
        return key_check_certificate(s, m->cert);
    case MSG_STATUS:
    case MSG_BODY_REQUEST:
    case MSG_BODY:
    case MSG_SUMMARY:
    case MSG_FRAME:
        break;
    }
    return true;
}

bool key_check_msg(const struct sim *s, struct msg *m) {
    if (m->verdict == 0)
        m->verdict = check_msg(s, m) ? 2 : 1;
    return m->verdict == 2;
}
