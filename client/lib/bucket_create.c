/* SPDX-License-Identifier: Apache-2.0 */
#include "client/lib/bucket_create.h"

#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/os/random.h"
#include "chain/types/name.h"
#include "client/lib/approval.h"

#include <stdio.h>

enum { PRIMARIES_TRIED = 3, CANDIDATES_MAX = 256 };

struct candidates {
    size_t n;
    uint32_t id[CANDIDATES_MAX];
};

static uint64_t free_bytes(const StorageProvider *sp) {
    return sp->capacity > sp->stored_bytes ? sp->capacity - sp->stored_bytes : 0;
}

/* One of the providers on the page, drawn by free space, so that load spreads; 0 when none has room. */
static uint32_t draw(const SpsAnswer *page, const struct candidates *tried) {
    uint64_t total = 0;
    uint32_t chosen = 0;
    for (size_t i = 0; i < page->n_sps; i++) {
        const StorageProvider *sp = page->sps[i];
        uint64_t weight = free_bytes(sp) >> 20;
        bool out = sp->status != SP_STATUS_IN_SERVICE || !weight;
        for (size_t t = 0; t < tried->n; t++)
            out = out || tried->id[t] == sp->id;
        if (out)
            continue;
        total += weight;
        if (random_u64() % total < weight)
            chosen = sp->id;
    }
    return chosen;
}

static int choose_primary(struct ledger *ledger, const struct candidates *tried, struct arena *arena, uint32_t *ret,
                          struct err *err) {
    SpsAnswer *page;
    char path[64];
    snprintf(path, sizeof path, "/sp/list?limit=%d", CANDIDATES_MAX);
    int rc = ledger_query_pb(ledger, path, &sps_answer__descriptor, arena, &page, err);
    if (rc)
        return rc;
    *ret = draw(page, tried);
    return *ret ? CODE_OK : err_set(err, CODE_UNAVAILABLE, "no storage provider is in service with room to spare");
}

static int create_at(struct sp_client *client, const struct bucket_create *create, uint32_t sp_id, struct arena *arena,
                     TxStatus **ret, struct err *err) {
    CreateBucketSpec spec = CREATE_BUCKET_SPEC__INIT;
    MsgCreateBucket message = MSG_CREATE_BUCKET__INIT;
    struct pubkey key = seckey_pubkey(sp_client_key(client));
    struct addr creator = create->creator ? *create->creator : addr_of_key(&key);
    struct bytes encoded;
    spec.creator = pb_data(addr_bytes(&creator));
    spec.bucket_name = pb_text(create->name);
    spec.visibility = create->visibility ? create->visibility : VISIBILITY_PRIVATE;
    if (create->payment_address)
        spec.payment_address = pb_data(addr_bytes(create->payment_address));
    spec.primary_sp = sp_id;
    spec.read_quota = create->read_quota;
    spec.profile = (Profile *)(uintptr_t)create->profile;
    int rc = pb_encode(&spec, arena, &encoded, err);
    if (!rc)
        rc = approval_ask(client, sp_id, APPROVAL_BUCKET, encoded, arena, &message.approval, err);
    if (rc)
        return rc;
    message.creator = spec.creator;
    message.spec = pb_data(encoded);
    Msg msg = MSG__INIT, *msgs[] = {&msg};
    msg.body_case = MSG__BODY_CREATE_BUCKET;
    msg.create_bucket = &message;
    struct ledger_send_options options = {
        .wait = LEDGER_WAIT_COMMITTED, .fee = create->fee, .provable = true, .fee_payer = create->fee_payer};
    return ledger_send(sp_client_ledger(client), sp_client_key(client), msgs, 1, &options, arena, ret, err);
}

static bool worth_another(int rc) {
    return rc == CODE_UNAVAILABLE || rc == CODE_TIMEOUT || rc == CODE_DENIED || rc == CODE_BUSY || rc == CODE_NOT_READY;
}

int bucket_create_run(struct sp_client *client, const struct bucket_create *create, struct arena *arena, TxStatus **ret,
                      uint32_t *ret_sp, struct err *err) {
    struct candidates tried = {0};
    if (!sp_client_key(client))
        return err_set(err, CODE_UNAUTHENTICATED, "making a bucket needs a key: --from NAME");
    int rc = name_check_bucket(create->name, err);
    if (rc)
        return rc;
    do {
        uint32_t sp_id = create->primary_sp;
        struct err none;
        err_clear(&none);
        if (!sp_id) {
            int found = choose_primary(sp_client_ledger(client), &tried, arena, &sp_id, &none);
            if (found) {
                if (!rc && err) /* the first look: nobody is there; later the last refusal says more */
                    *err = none;
                return rc ? rc : found;
            }
        }
        rc = create_at(client, create, sp_id, arena, ret, err);
        if (!rc)
            *ret_sp = sp_id;
        tried.id[tried.n++] = sp_id;
    } while (worth_another(rc) && !create->primary_sp && tried.n < PRIMARIES_TRIED);
    return rc;
}
