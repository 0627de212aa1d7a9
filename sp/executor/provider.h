/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SP_EXECUTOR_PROVIDER_H
#define CAIRN_SP_EXECUTOR_PROVIDER_H
/* What tasks work with: the modules of this provider, put together once by sp/cmd. All borrowed. */
#include "cairn/config.h"
#include "client/lib/sp_client.h"
#include "sp/manager/manager.h"
#include "sp/p2p/p2p.h"
#include "sp/piecestore/piecestore.h"
#include "sp/signer/signer.h"
#include "sp/spdb/spdb.h"

struct provider {
    uint32_t sp_id;
    const SpConfig *config;
    struct ledger *ledger;
    struct signer *signer;
    struct sp_client *peers; /* requests signed with the approval key */
    struct spdb *db;
    struct piecestore *pieces;
    struct manager *manager;
    struct p2p *p2p;
    /* True while the operator keeps this object as it is: nothing scrubs, repairs or answers for it. */
    bool (*on_hold)(void *ctx, uint64_t object_id);
    void *hold_ctx;
    /* May be NULL: a rebuild of a piece ended. */
    void (*repaired)(void *ctx, bool rebuilt);
    void *repaired_ctx;
};

static inline bool provider_on_hold(const struct provider *p, uint64_t object_id) {
    return p->on_hold && p->on_hold(p->hold_ctx, object_id);
}

#endif
