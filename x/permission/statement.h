/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_PERMISSION_STATEMENT_H
#define CAIRN_X_PERMISSION_STATEMENT_H
/* What a statement may say, checked where it is stored. */
#include "chain/base/err.h"

#include "cairn/params.h"
#include "cairn/permission.h"

#include <stdint.h>

#define ACTIONS_END (ACTION_UPDATE_GROUP + 1) /* one beyond the last of enum Action */
#define POLICY_PATTERN_BYTES_MAX                                                                                       \
    2048 /* all patterns of one policy: with a name of 1 KiB, what bounds one evaluation                               \
          */

/* Why nothing can be said about this action on a resource of this kind; NULL when it can. docs/permissions.md has the
 * table. */
const char *statement_misfit(int action, int resource_kind);

/* Checks count statements that a message wants to store on a resource of this kind: effect, actions (known, fitting,
 * no repeats, ALL alone), patterns (buckets only), expiry in the future, a size budget only where CREATE_OBJECT is
 * allowed, size_used 0. CODE_POLICY_STATEMENT with the number of the statement; CODE_POLICY_LIMIT for too many. */
int statement_check_all(Statement *const *statements, size_t count, int resource_kind, uint64_t now,
                        const PermissionParams *params, struct err *err);

/* Bytes of all patterns together. */
size_t statement_pattern_bytes(Statement *const *statements, size_t count);

#endif
