/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_NODE_VERIFY_H
#define CAIRN_CHAIN_NODE_VERIFY_H
/*
 * Checking transaction signatures: once per node, on several threads, remembered by wire hash.
 *
 * A transaction is seen twice, when it is admitted and when a block brings it; the second time the memory answers. So
 * it is with the signatures inside its messages (approvals, receipts): admission has them checked, too. It is a fixed
 * table of VERDICTS_MAX places in sets of four; what is forgotten is only verified again. The keys of who signed are
 * remembered too, parsed (known_keys.h).
 */
#include "chain/types/app.h"
#include "chain/types/tx.h"

struct verify;

/* Starts `threads` (0: none, the callers do all the work). */
int verify_new(unsigned threads, struct verify **ret, struct err *err);
void verify_free(struct verify *v); /* no call may be under way; NULL is allowed */

/* Checks the signatures of txs[0..n); ret_good[i] says which are right. The caller works along; any thread, any number
 * at once. Returns how many are right. */
size_t verify_txs(struct verify *v, const struct tx *const *txs, size_t n, bool *ret_good);

/* For the rules: signatures inside messages, remembered by key, digest and signature in the same memory. */
struct app_verifier verify_nested(struct verify *v);

struct verify_stats {
    uint64_t checked, remembered;
};
struct verify_stats verify_stats(struct verify *v);

#endif
