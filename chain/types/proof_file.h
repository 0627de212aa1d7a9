/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_PROOF_FILE_H
#define CAIRN_CHAIN_TYPES_PROOF_FILE_H
/*
 * A proof file: records of the state with all that somebody needs to believe them who holds nothing but a chain tag or
 * the id of one header. `cairn query KEY... --prove --out FILE` writes one, `cairn verify FILE` and
 * tests/vectors/verify.py check one. JSON of message ProofFile; docs/formats.md has the rules.
 *
 * Pure: what is trusted and what time it is are arguments.
 */
#include "chain/types/light.h"

#include "cairn/light.h"

enum { PROOF_FILE_VERSION = 1, PROOF_FILE_HEADERS_MAX = LIGHT_FETCH_MAX + 1, PROOF_FILE_PROOFS_MAX = 64 };

/* What checks out: the file's headers lead from the trust to the last one, and each proof to its app hash. */
struct proof_file_result {
    struct light_trust end;  /* the last header; records are of the state after height - 1 */
    uint64_t trusted_height; /* where it began; 0: the genesis */
    size_t headers_verified; /* of the file, behind the trust */
};

/*
 * Headers below the trusted height are passed over, the one of that height must be the trusted one, each later one must
 * be believed of the one before, without bisection: the file has all that is needed. CODE_MALFORMED, CODE_VERSION,
 * CODE_CHAIN_MISMATCH (also: the genesis in it is another one), CODE_STALE: its last header lies below the trust; those
 * of light_block_from_pb, light_verify and proof_verify.
 */
int proof_file_verify(const ProofFile *file, const struct light_trust *trust, const struct light_rules *rules,
                      uint64_t now_ms, struct arena *arena, struct proof_file_result *ret, struct err *err);

/* The trust that a file itself offers at a header whose height and id somebody trusted has told. CODE_NOT_FOUND when it
 * has no such header; errors of light_trust_named. */
int proof_file_trust_named(const ProofFile *file, uint64_t height, const struct hash *id, struct arena *arena,
                           struct light_trust *ret, struct err *err);

#endif
