/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_SP_BLOCK_H
#define CAIRN_X_SP_BLOCK_H
/* End-of-block work: maintenances and reservations whose time is over, empty groups, forced exits. */
#include "x/base/module.h"

#define SP_END_HOOKS 4
extern const struct hook sp_end_hooks[SP_END_HOOKS];

#endif
