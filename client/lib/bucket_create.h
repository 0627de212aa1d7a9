/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLIENT_LIB_BUCKET_CREATE_H
#define CAIRN_CLIENT_LIB_BUCKET_CREATE_H
/* Making a bucket: a primary provider approves it, then the ledger creates it. */
#include "cairn/storage.h"
#include "client/lib/sp_client.h"

struct bucket_create {
    const char *name;
    Visibility visibility;              /* 0: private */
    const Profile *profile;             /* the default of its objects */
    uint32_t primary_sp;                /* 0: one in service is chosen, by free space */
    uint64_t read_quota;                /* bytes a month that are charged; 0: only what is free */
    const struct addr *payment_address; /* NULL: the creator */
    uint64_t fee;                       /* 0: as asked */
    const struct addr *creator;         /* who has granted the key's account this; NULL: that account itself */
    const struct addr *fee_payer;       /* who has granted it fees; NULL: it pays them */
};

/* Sends MsgCreateBucket and waits until it is committed. ret_sp: the primary that approved. With primary_sp 0, others
 * are asked when one cannot be reached or refuses. CODE_UNAVAILABLE: no provider is in service. */
int bucket_create_run(struct sp_client *client, const struct bucket_create *create, struct arena *arena, TxStatus **ret,
                      uint32_t *ret_sp, struct err *err);

#endif
