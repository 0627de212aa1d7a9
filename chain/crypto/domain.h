/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every hash in Cairn is BLAKE2b-256 with a domain as its 16-byte *personal* parameter: ASCII, padded with zeros. This
 * table lists them all, and no two uses share one, so that bytes hashed for one purpose can never stand for another. A
 * domain is never renamed or reused: digests made with it live in blocks and in other people's programs.
 */
#ifndef CAIRN_CHAIN_CRYPTO_DOMAIN_H
#define CAIRN_CHAIN_CRYPTO_DOMAIN_H

#include <stdint.h>

/* X(enumerator, personal string (at most 16 bytes), what is hashed) */
#define DOMAIN_TABLE(X)                                                                                                \
    X(LEAF, "cairn.leaf", "list tree: one leaf's data")                                                                \
    X(NODE, "cairn.node", "list tree: left 32 | right 32")                                                             \
    X(EMPTY, "cairn.empty", "list tree of no leaves: nothing")                                                         \
    X(PIECE, "cairn.piece", "piece root: length u64be | list tree root over 4 KiB leaves")                             \
    X(PNODE, "cairn.pnode", "checksum: left 32 | right 32 over piece roots")                                           \
    X(LAYOUT, "cairn.layout", "layout root: content root 32 | checksums in order of position")                         \
    X(CONTENT, "cairn.content", "content id: size u64be | content root 32")                                            \
    X(STATE, "cairn.state", "state tree: full state key")                                                              \
    X(VALUE, "cairn.value", "state tree: record bytes")                                                                \
    X(SLEAF, "cairn.sleaf", "state tree leaf: key hash 32 | value hash 32")                                            \
    X(SNODE, "cairn.snode", "state tree node: left 32 | right 32")                                                     \
    X(DIGEST, "cairn.digest", "state, in key order: key length u32be | key | value length u32be | value")              \
    X(CHUNK, "cairn.chunk", "a chunk of a snapshot: its bytes")                                                        \
    X(MANIFEST, "cairn.manifest", "id of a snapshot: its manifest's bytes")                                            \
    X(ADDR, "cairn.addr", "address: public key 33")                                                                    \
    X(MODULE, "cairn.module", "module account: name")                                                                  \
    X(PAYADDR, "cairn.payaddr", "payment account: owner 20 | index u32be")                                             \
    X(GENESIS, "cairn.genesis", "chain tag: genesis bytes")                                                            \
    X(TX, "cairn.tx", "transaction id: chain tag 32 | body")                                                           \
    X(WIRE, "cairn.wire", "wire hash: body | signature 64")                                                            \
    X(HEADER, "cairn.header", "value id: encoded header")                                                              \
    X(RESULTS, "cairn.results", "results hash: a block's encoded results")                                             \
    X(PARAMS, "cairn.params", "parameters hash: encoded parameters")                                                   \
    X(VALSET, "cairn.valset", "validators hash: count u32be | (public key 33 | power u64be) in order")                 \
    X(CERT, "cairn.cert", "last-certificate hash: fixed layout of a certificate")                                      \
    X(VOTE, "cairn.vote", "signed: chain tag 32 | vote layout")                                                        \
    X(PROPOSAL, "cairn.proposal", "signed: chain tag 32 | proposal layout")                                            \
    X(PROPOSER, "cairn.proposer", "proposer draw: height u64be | draw u32be")                                          \
    X(TRANSCRIPT, "cairn.transcript", "a link's transcript: chain tag 32 | the dialer's hello | the listener's")       \
    X(HELLO, "cairn.hello", "signed: chain tag 32 | transcript 32 | direction u8")                                     \
    X(LINK, "cairn.link", "frame keys of a link: shared secret 32 | transcript | direction u8")                        \
    X(REQUEST, "cairn.request", "signed: chain tag 32 | canonical request")                                            \
    X(BODY, "cairn.body", "digest of a request's or answer's body: bytes")                                             \
    X(SESSION, "cairn.session", "signed: chain tag 32 | session certificate")                                          \
    X(SPEC, "cairn.spec", "H(spec) in an approval: spec bytes of CreateBucket or CreateObject")                        \
    X(APPROVAL, "cairn.approval", "signed: chain tag 32 | approval bytes")                                             \
    X(RECEIPT, "cairn.receipt", "signed: chain tag 32 | list tree root over receipts 32 | count u32be")                \
    X(STATEMENT, "cairn.statement", "signed: chain tag 32 | payload statement bytes")                                  \
    X(VOUCHER, "cairn.voucher", "signed: chain tag 32 | channel voucher bytes")                                        \
    X(ASK, "cairn.ask", "signed: chain tag 32 | a primary's question to secondaries")                                  \
    X(ASKID, "cairn.askid", "id of a question to secondaries: its bytes")                                              \
    X(OFFER, "cairn.offer", "signed: chain tag 32 | a secondary's answer")                                             \
    X(STAGE, "cairn.stage", "id of pieces staged at a provider: bucket id u64be | upload id 16 | object name")         \
    X(SEED, "cairn.seed", "challenge seed: previous seed 32 | reveal 32")                                              \
    X(REVEAL, "cairn.reveal", "reveal chain: next preimage 32")                                                        \
    X(REVEAL_KEY, "cairn.revealkey", "first value of a reveal chain: secret 32 | number of the chain u64be")           \
    X(DRAW, "cairn.draw", "challenge draw: seed 32 | stream u8 | counter u64be ...")                                   \
    X(EVIDENCE, "cairn.evidence", "id of evidence: validator 20 | height u64be | round u32be | type u8")               \
    X(POSSESSION, "cairn.possess", "signed: chain tag 32 | address of the operator 20")                                \
    X(SP_KEY, "cairn.spkey", "signed: chain tag 32 | address of the operator 20 | use of the key u8")                  \
    X(ENVELOPE, "cairn.envelope", "digest of an object's key envelope: bytes")                                         \
    X(NODEID, "cairn.nodeid", "id of a node on the network: node public key 33")

enum domain {
#define X(name, personal, what) DOMAIN_##name,
    DOMAIN_TABLE(X)
#undef X
        DOMAIN_COUNT
};

enum { DOMAIN_BYTES = 16 };

/* The 16 bytes of `domain`, zero-padded; static. */
const uint8_t *domain_personal(enum domain domain);

/* Its name as text ("cairn.leaf"), static; for vectors and messages. */
const char *domain_name(enum domain domain);

#endif
