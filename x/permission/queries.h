/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_PERMISSION_QUERIES_H
#define CAIRN_X_PERMISSION_QUERIES_H
/* Questions about policies, as x/base/module.h says. Private to the folder. */
#include "x/base/module.h"

int query_policy(struct ctx *ctx, const void *question, struct key *ret, struct err *err);
int query_policies(struct ctx *ctx, const void *question, void *ret_answer, struct err *err);
int query_grants(struct ctx *ctx, const void *question, void *ret_answer, struct err *err);

#endif
