/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SP_APPROVER_JUDGE_H
#define CAIRN_SP_APPROVER_JUDGE_H
/* What every approval is judged by; private to the approver. */
#include "sp/approver/approver.h"

/* The operator's lists, and whether it takes anything new. CODE_DENIED, CODE_NOT_READY. */
int judge_account(const struct approver *a, const struct addr *account, struct err *err);

/* May the caller ask for what `creator` is to sign, or has granted it (what)? *ret: the creator, for questions about
 * its rights; judged by the operator's lists too. */
int judge_creator(const struct approver *a, const struct caller *caller, ProtobufCBinaryData creator,
                  const struct acting *what, struct caller *ret, struct err *err);

/* Room on the disk beyond what is kept free; *ret_free (may be NULL): all of it. CODE_DISK_FULL. */
int judge_space(const struct approver *a, uint64_t bytes, uint64_t *ret_free, struct err *err);
/* The ledger would not seal what goes beyond the capacity offered. CODE_SP_CAPACITY. */
int judge_capacity(const StorageProvider *own, uint64_t bytes, struct err *err);

/* This provider's record. CODE_NOT_READY when it is not in service. */
int judge_own(const struct approver *a, struct arena *arena, StorageProvider **ret, struct err *err);

/* The bucket as the operator's own node knows it now: one of the newest block cannot be proven yet. The ledger judges
 * the create again. */
int judge_bucket(const struct approver *a, const char *name, struct arena *arena, BucketInfo **ret, struct err *err);

/* Says yes: the approval that was given for this spec and is still good, or a new one. */
int judge_approve(struct approver *a, struct bytes spec, struct arena *arena, ApprovalBody **ret, struct err *err);

#endif
