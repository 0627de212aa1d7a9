/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SP_FOLLOWER_RECONCILE_H
#define CAIRN_SP_FOLLOWER_RECONCILE_H
/* Asking the ledger for what an event would have told; private to the follower. */
#include "sp/follower/follower.h"

/* Open challenges and repair duties of this provider become tasks; positions that are not sealed here are looked up. */
int reconcile_all(struct follower *f, struct err *err);

#endif
