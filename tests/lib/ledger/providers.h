/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_LIB_LEDGER_PROVIDERS_H
#define CAIRN_TESTS_LIB_LEDGER_PROVIDERS_H
/* Storage providers that join and change their keys, with every signature made by test keys. */
#include "tests/lib/ledger/fixture.h"

#include "chain/types/signed.h"

#include "cairn/sp.h"

/* The named key's signature that it is to be this operator's for this use. */
ProtobufCBinaryData provider_possession(struct fixture *f, const char *operator_name, const char *key,
                                        enum sp_key_use use);

/* The registration of a provider by the operator called `name`, which is its funding account too: keys "name.seal",
 * "name.approval", "name.gc", "name.node", a deposit of 100 CAIRN, no prices, no limit of capacity. */
void provider_registration(struct fixture *f, const char *name, MsgRegisterSp *ret);

#endif
