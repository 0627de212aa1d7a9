/* SPDX-License-Identifier: Apache-2.0 */
/* MsgCreateObject {spec, approval}: a name is taken, or the version under it expected and to be replaced at the seal;
 * the charge is locked; the payload follows. An object of no bytes needs no provider and is sealed at once. */
#include "x/storage/msgs.h"

#include "x/storage/create.h"
#include "x/storage/fields.h"

int msg_create_object_check(const void *msg, const Params *params, struct err *err) {
    const MsgCreateObject *m = msg;
    (void)params;
    return fields_check_spec(m->spec, err);
}

int msg_create_object_run(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgCreateObject *m = msg;
    struct creation c;
    int rc = create_open(ctx, m->spec, &c, err);
    if (rc == CODE_OK)
        rc = create_commit(ctx, &c, m->approval, err);
    return rc ? rc : create_insert(ctx, &c, err);
}
