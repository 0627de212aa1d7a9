/* SPDX-License-Identifier: Apache-2.0 */
#include "x/app/modules.h"

#include "x/auth/account.h"
#include "x/challenge/challenge.h"
#include "x/gateway/gateway.h"
#include "x/gov/gov.h"
#include "x/params/params.h"
#include "x/payment/payment.h"
#include "x/permission/permission.h"
#include "x/sp/sp.h"
#include "x/storage/storage.h"
#include "x/validator/validator.h"

const struct module *const ledger_modules[] = {
    &app_module,        &params_module,  &auth_module,      &validator_module, &sp_module,      &payment_module,
    &permission_module, &storage_module, &challenge_module, &gov_module,       &gateway_module,
};
const size_t ledger_modules_n = COUNT_OF(ledger_modules);

const struct deps ledger_deps = {
    .payment = &storage_payment_deps,
    .permission = &storage_permission_deps,
    .storage = &challenge_storage_deps,
    .sp = &storage_sp_deps,
};
