/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_PAYMENT_DEPS_H
#define CAIRN_X_PAYMENT_DEPS_H
/* What x/payment needs of the slots that flows hang on; x/storage answers. */
#include "x/base/ctx.h"

struct payment_deps {
    /* Settles one slot: loads it with its payer and its group's members, calls payment_slot_settle, puts it. CODE_OK
     * also when the slot is gone. */
    int (*settle_slot)(struct ctx *ctx, uint64_t bucket_id, uint64_t slot, struct err *err);
    /* The end of a slot whose payer was frozen too long: deletes up to objects_max of its objects (their flows stop one
     * by one, through payment_slot_change), *ret_n of them. Slot 0 is the bucket's read quota: sets it to none. */
    int (*end_slot)(struct ctx *ctx, uint64_t bucket_id, uint64_t slot, uint64_t objects_max, uint64_t *ret_n,
                    struct err *err);
};

#endif
