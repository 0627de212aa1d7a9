/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_CERTIFICATE_H
#define CAIRN_CHAIN_TYPES_CERTIFICATE_H
/*
 * Certificates (the value type is in vote.h): checking their signatures and power against a validator set, their form
 * on the wire and in blocks, and the hash that headers carry.
 *
 *     hash        H(cairn.cert, kind u8 | height u64be | round u32be | value 32 | n u16be | (validator u16be |
 * signature 64)...), kind as message Certificate's type: 1 prevotes, 2 precommits; 32 zero bytes where there is none
 * (height 1)
 *
 * Message Certificate holds prevotes or precommits for one value: CERTIFICATE_POLKA and CERTIFICATE_COMMIT. Its bitmap
 * has bit (i % 8) of byte (i / 8) for validator i, ceil(set size / 8) bytes; the signatures follow the bits in
 * ascending order.
 */
#include "chain/base/arena.h"
#include "chain/crypto/key.h"
#include "chain/types/validator_set.h"
#include "chain/types/vote.h"

#include "cairn/block.h"

/* Checks every signature, of any kind of certificate that is well formed for the set. `verifiers`: the set's keys
 * parsed already, in its order, or NULL. CODE_BAD_SIGNATURE names the first that is wrong; CODE_MALFORMED. */
int certificate_check_signatures(const struct certificate *cert, const struct hash *chain_tag,
                                 const struct validator_set *set, const struct verifier *verifiers, struct err *err);

/* The same without those votes of which `known` says that their signature is good. */
int certificate_check_unknown(const struct certificate *cert, const struct hash *chain_tag,
                              const struct validator_set *set, const struct verifier *verifiers,
                              bool (*known)(const void *arg, const struct vote *vote), const void *arg,
                              struct err *err);

/* A polka or commit whose signers hold more than 2/3 of the set's power, all signatures good. CODE_MALFORMED,
 * CODE_UNTRUSTED for too little power, CODE_BAD_SIGNATURE. */
int certificate_verify(const struct certificate *cert, const struct hash *chain_tag, const struct validator_set *set,
                       struct err *err);

/* The same when `known` (NULL: nothing) of the same set has been verified: what it has is not verified again. */
int certificate_verify_beside(const struct certificate *cert, const struct certificate *known,
                              const struct hash *chain_tag, const struct validator_set *set, struct err *err);

/* Power of the signers in `set`. */
uint64_t certificate_power(const struct certificate *cert, const struct validator_set *set);

/* For skipping heights: the power, in `trusted`, of those signers (validators of `set`) that are in both. */
uint64_t certificate_overlap(const struct certificate *cert, const struct validator_set *set,
                             const struct validator_set *trusted);

/* NULL: 32 zero bytes. Polka and commit only. */
struct hash certificate_hash(const struct certificate *cert);

/* The message, on the arena, for a set of `validators`. Polka and commit only. CODE_NO_MEMORY. */
int certificate_to_pb(const struct certificate *cert, uint16_t validators, struct arena *arena, Certificate **ret,
                      struct err *err);

/* The reverse; well formed afterwards. Checks no signature. CODE_MALFORMED with what is wrong, *ret untouched. */
int certificate_from_pb(const Certificate *in, uint16_t validators, struct certificate *ret, struct err *err);

/* One vote and its message. vote_from_pb checks type and sizes. */
int vote_from_pb(const Vote *in, struct vote *ret, struct err *err);
int vote_to_pb(const struct vote *vote, struct arena *arena, Vote **ret, struct err *err);

#endif
