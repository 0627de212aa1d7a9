/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_LIB_LIGHT_PROOF_CASES_H
#define CAIRN_TESTS_LIB_LIGHT_PROOF_CASES_H
/* Proof files, good ones and ones with one thing wrong each: what the C verifier, the Python verifier and the fuzzer's
 * corpus have in common. Always the same bytes. */
#include "chain/types/proof_file.h"

enum { PROOF_CASES_MAX = 80 };

struct proof_case {
    const char *name;
    ProofFile *file;
    uint64_t now;
    uint64_t trust_height; /* 0: the chain tag, and the genesis in the file */
    struct hash trust_id;
    int code; /* CODE_OK, or what is wrong */
};

struct proof_cases {
    struct hash chain_tag;
    size_t count;
    struct proof_case at[PROOF_CASES_MAX];
};

/* All of them, on the arena (32 MiB do). */
struct proof_cases *proof_cases_make(struct arena *arena);

/* Judges a file as a case says: from the genesis in the file, which must hash to the tag, or the named header. */
int proof_case_judge(const ProofFile *file, const struct proof_case *c, const struct hash *chain_tag,
                     struct arena *arena, struct proof_file_result *ret, struct err *err);

#endif
