/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_NODE_TWIN_H
#define CAIRN_CHAIN_NODE_TWIN_H
/*
 * Another copy of this validator's key. The signer's memory is durable before a signature leaves, so a good signature
 * of the own key that is later than the memory was given by somebody else: a second running copy, or this one before
 * its memory was put back to an older state. Whoever goes on then signs twice, sooner or later.
 */
#include "chain/signer/signer.h"
#include "chain/types/certificate.h"

/* CODE_CONFLICT, with what to do, when (height, round, step) is later than the memory. The signature of it is good. */
int twin_check(const struct signer_mark *memory, uint64_t height, uint32_t round, enum signer_step step,
               struct err *err);

/* The same of validator `self` in a commit certificate whose signatures are good. VALIDATOR_NONE: nothing to check. */
int twin_check_certificate(const struct signer_mark *memory, uint16_t self, const struct certificate *c,
                           struct err *err);

#endif
