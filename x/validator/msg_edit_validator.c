/* SPDX-License-Identifier: Apache-2.0 */
/* MsgEditValidator: the operator renames its validator, or hands it to another account. */
#include "x/validator/msgs.h"

#include "x/auth/account.h"
#include "x/validator/validator.h"

int msg_edit_validator_check(const void *message, const Params *params, struct err *err) {
    (void)params;
    const MsgEditValidator *msg = message;
    struct addr addr;
    int rc = addr_need(msg->validator, "validator", &addr, err);
    if (rc == CODE_OK && msg->new_operator.len)
        rc = addr_need(msg->new_operator, "new_operator", &addr, err);
    return rc ? rc : validator_check_text(msg->name, msg->description, err);
}

/* A module signs nothing: it could never take the bond back. */
static int check_operator(struct ctx *ctx, ProtobufCBinaryData operator_, struct err *err) {
    struct addr addr;
    Account *account;
    int rc = addr_need(operator_, "new_operator", &addr, err);
    if (rc == CODE_OK)
        rc = account_get(ctx, &addr, &account, err);
    if (rc == CODE_OK && account->module[0])
        rc = err_set(err, CODE_RECIPIENT, "the account of module %s cannot be an operator", account->module);
    return rc;
}

int msg_edit_validator_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgEditValidator *msg = message;
    struct addr addr, operator;
    Validator *v;
    int rc = validator_need_operator(ctx, msg->validator, &addr, &v, err);
    if (rc == CODE_OK && msg->new_operator.len)
        rc = check_operator(ctx, msg->new_operator, err);
    if (rc)
        return rc;
    v->name = msg->name;
    v->description = msg->description;
    if (msg->new_operator.len)
        v->operator_ = msg->new_operator;
    addr_of_field(v->operator_, &operator);
    ctx_event(ctx, "validator.edited", "validator", ctx_addr_text(ctx, &addr), "operator",
              ctx_addr_text(ctx, &operator), "name", v->name, NULL);
    return validator_put(ctx, &addr, v, err);
}
