/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLIENT_LIB_APPROVAL_H
#define CAIRN_CLIENT_LIB_APPROVAL_H
/* Asking a provider for its approval of a create (storage.md §3). The ledger judges what it says. */
#include "cairn/sp_wire.h"
#include "client/lib/sp_client.h"

#define APPROVAL_BUCKET  "/v1/approval/bucket"
#define APPROVAL_OBJECT  "/v1/approval/object"
#define APPROVAL_MIGRATE "/v1/approval/migrate"

/* POSTs the encoded spec to route and gives the signed approval, on the arena. The provider's refusal is an error with
 * its reason; CODE_MALFORMED when it answers without an approval. */
int approval_ask(struct sp_client *client, uint32_t sp_id, const char *route, struct bytes spec, struct arena *arena,
                 SignedApproval **ret, struct err *err);

#endif
