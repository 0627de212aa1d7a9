/* SPDX-License-Identifier: Apache-2.0 */
/* MsgDisableRefund: what is in a payment account pays for storage and for nothing else, for good. A withdrawal on its
 * way arrives still. */
#include "x/payment/msgs.h"

#include "x/payment/account.h"

int msg_disable_refund_check(const void *message, const Params *params, struct err *err) {
    (void)params;
    struct addr addr;
    return addr_need(((const MsgDisableRefund *)message)->payment_address, "payment_address", &addr, err);
}

int msg_disable_refund_run(struct ctx *ctx, const void *message, struct err *err) {
    struct addr addr;
    PaymentAccount *a;
    int rc = addr_need(((const MsgDisableRefund *)message)->payment_address, "payment_address", &addr, err);
    if (rc == CODE_OK)
        rc = payment_own(ctx, &addr, &a, err);
    if (rc)
        return rc;
    if (a->non_refundable)
        return err_set(err, CODE_PAYMENT_NO_REFUND, "refunds of payment account %s have been disabled already",
                       ctx_addr_text(ctx, &addr));
    a->non_refundable = true;
    ctx_event(ctx, "payment.refund_disabled", "account", ctx_addr_text(ctx, &addr), NULL);
    return payment_close(ctx, &addr, a, err);
}
