/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_APPROVAL_H
#define CAIRN_X_STORAGE_APPROVAL_H
/* A provider's promise to serve one create: bound to the very bytes of the spec, to a price and a time, good once. */
#include "x/base/ctx.h"

#include "cairn/storage.h"

/*
 * Checks everything about it and consumes its nonce. The signature is by the SP's approval key over H(cairn.approval,
 * chain tag | approval bytes); its spec hash is H(cairn.spec, spec). Codes, in this order: CODE_APPROVAL_MISSING,
 * CODE_MALFORMED, CODE_CHAIN_MISMATCH, CODE_APPROVAL_SPEC, CODE_APPROVAL_SP, CODE_PRIMARY_SP, CODE_APPROVAL_EXPIRED,
 * CODE_APPROVAL_TIMEOUT, CODE_APPROVAL_SIGNATURE, CODE_APPROVAL_USED.
 */
int approval_use(struct ctx *ctx, const SignedApproval *approval, struct bytes spec, uint32_t primary_sp,
                 uint64_t *ret_price, struct err *err);

/* Queue item: a consumed nonce whose approval has expired is forgotten. rest: sp u32be, nonce u64be. */
int approval_forget(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err);

#endif
