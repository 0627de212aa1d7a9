/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_BLOCK_H
#define CAIRN_X_STORAGE_BLOCK_H
/* End-of-block work: objects that were not sealed in time; terms to renew, then those that are over; what was
 * discontinued; used approvals, used upload ids and what ended, to forget; memberships that end, members of groups that
 * are gone. */
#include "x/base/module.h"

#define STORAGE_END_HOOKS 12
extern const struct hook storage_end_hooks[STORAGE_END_HOOKS];

#endif
