/* SPDX-License-Identifier: Apache-2.0 */
/* MsgDeclareLost: a provider that owes a repair says that it cannot. The duty ends for a fixed price, its open
 * challenge with it; the position is vacant: paid for no more and nobody's. Challenges of others that are open there
 * stay. */
#include "x/challenge/msgs.h"

#include "chain/crypto/address.h"
#include "x/auth/account.h"
#include "x/challenge/answer.h"
#include "x/challenge/cooling.h"
#include "x/challenge/duty.h"
#include "x/challenge/record.h"
#include "x/sp/sp.h"
#include "x/storage/object.h"
#include "x/storage/slot.h"

int msg_declare_lost_check(const void *msg, const Params *params, struct err *err) {
    const MsgDeclareLost *m = msg;
    (void)params;
    if (m->position >= OBJECT_POSITIONS_MAX)
        return err_set(err, CODE_CHALLENGE_POSITION, "no object has %u positions", m->position + 1);
    return CODE_OK;
}

/* The signer speaks for the provider that owes it. */
static int check_signer(struct ctx *ctx, const RepairDuty *duty, struct err *err) {
    StorageProvider *sp = NULL;
    struct addr owner = {{0}}, seal;
    struct pubkey key;
    int rc = sp_get(ctx, duty->sp_id, &sp, err);
    if (rc)
        return rc;
    if (!addr_of_field(sp->operator_, &owner) || !pubkey_from(bytes_of(sp->seal_key.data, sp->seal_key.len), &key))
        return ctx_fault(ctx, CODE_CORRUPT, "provider %u has no operator or no seal key", sp->id);
    seal = addr_of_key(&key);
    if (!addr_eq(&ctx->signer, &owner) && !addr_eq(&ctx->signer, &seal))
        return err_set(err, CODE_CHALLENGE_SP,
                       "provider %u owes this repair; its operator or seal key declares it lost", duty->sp_id);
    return CODE_OK;
}

/* The duty's open challenge, if there is one, is missed with it. */
static int close_open(struct ctx *ctx, const RepairDuty *duty, uint64_t slashed, struct err *err) {
    Challenge *c = NULL;
    if (duty->open_challenge == 0)
        return CODE_OK;
    int rc = challenge_get(ctx, duty->open_challenge, &c, err);
    if (rc)
        return rc;
    c->slashed = slashed;
    return challenge_close(ctx, c, CHALLENGE_STATUS_MISSED, err);
}

int msg_declare_lost_run(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgDeclareLost *m = msg;
    RepairDuty *duty = NULL;
    ObjectInfo *object = NULL;
    uint64_t slashed = 0;
    int rc = duty_get(ctx, m->object_id, m->position, &duty, err);
    if (rc)
        return rc;
    if (!duty)
        return err_set(err, CODE_REPAIR_NOT_FOUND, "no repair of object %llu at position %u is owed",
                       (unsigned long long)m->object_id, m->position);
    rc = check_signer(ctx, duty, err);
    if (rc == CODE_OK)
        rc = duty_object(ctx, duty, &object, err);
    if (rc)
        return rc;
    if (!object)
        return err_set(err, CODE_REPAIR_NOT_FOUND,
                       "object %llu has ended or changed, or the position is another's by now",
                       (unsigned long long)m->object_id);
    rc = sp_slash(ctx, duty->sp_id, ctx->params->challenge->lost_penalty, NULL, 0, &slashed, err);
    if (rc == CODE_OK)
        rc = close_open(ctx, duty, slashed, err);
    if (rc == CODE_OK)
        rc = duty_declared_lost(ctx, duty, slashed, err);
    if (rc == CODE_OK)
        rc = object_by_id(ctx, m->object_id, &object, err); /* with its counts as they are now */
    if (rc == CODE_OK)
        rc = slot_vacate(ctx, object, m->position, err);
    if (rc == CODE_OK)
        rc = object_put(ctx, object, err);
    return rc ? rc : cooling_begin(ctx, m->object_id, m->position, err);
}
