/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_STORAGE_H
#define CAIRN_X_STORAGE_STORAGE_H
/* What x/app joins this module by. What x/challenge calls is in bucket.h, object.h, slot.h, access.h, weight.h, draw.h.
 */
#include "x/payment/deps.h"
#include "x/permission/deps.h"
#include "x/sp/deps.h"

struct module;
extern const struct module storage_module;

/* What x/permission asks of resources and groups. */
extern const struct permission_deps storage_permission_deps;

/* What x/payment asks of slots. */
extern const struct payment_deps storage_payment_deps;
/* What x/sp asks of the bytes in placement groups. */
extern const struct sp_deps storage_sp_deps;

#endif
