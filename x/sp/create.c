/* SPDX-License-Identifier: Apache-2.0 */
/* A new provider: from genesis or MsgRegisterSp. */
#include "x/sp/msgs.h"

#include "chain/base/limits.h"
#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/crypto/key.h"
#include "chain/types/keys_sp.h"
#include "x/auth/account.h"

#include <inttypes.h>

#define SP_KEYS            4
#define SP_ADDRS           (SP_KEYS + 1) /* and the operator */
#define SP_MONIKER_MAX     64
#define SP_DESCRIPTION_MAX 256

static const char *const key_names[SP_KEYS] = {"seal_key", "approval_key", "gc_key", "node_key"};

static int check_keys(const StorageProvider *sp, struct err *err) {
    const ProtobufCBinaryData keys[SP_KEYS] = {sp->seal_key, sp->approval_key, sp->gc_key, sp->node_key};
    for (size_t i = 0; i < SP_KEYS; i++) {
        struct pubkey key;
        struct verifier verifier;
        if (!pubkey_from(pb_bytes(keys[i]), &key) || verifier_init(&verifier, &key, NULL))
            return err_set(err, CODE_SP_KEY, "%s is not a public key", key_names[i]);
        for (size_t j = 0; j < i; j++)
            if (bytes_eq(pb_bytes(keys[i]), pb_bytes(keys[j])))
                return err_set(err, CODE_SP_KEY, "%s and %s are the same key", key_names[j], key_names[i]);
    }
    return CODE_OK;
}

static bool printable(const char *s) {
    for (; *s; s++)
        if (*s <= ' ' || *s > '~')
            return false;
    return true;
}

static int check_endpoint(const char *what, const char *text, const char *scheme, const char *other, struct err *err) {
    size_t n = strlen(scheme), m = strlen(other);
    bool known = strncmp(text, scheme, n) == 0 ? text[n] != 0 : strncmp(text, other, m) == 0 && text[m] != 0;
    if (!known || strlen(text) > ENDPOINT_MAX || !printable(text))
        return err_set(err, CODE_SP_ENDPOINT, "%s must begin with %s or %s and have at most %d characters", what,
                       scheme, other, ENDPOINT_MAX);
    return CODE_OK;
}

static int check_description(const SpDescription *d, struct err *err) {
    if (d && (strlen(d->moniker) > SP_MONIKER_MAX || strlen(d->website) > SP_DESCRIPTION_MAX ||
              strlen(d->region) > SP_MONIKER_MAX || strlen(d->details) > SP_DESCRIPTION_MAX))
        return err_set(err, CODE_SP_DESCRIPTION, "moniker and region have at most %d bytes, website and details %d",
                       SP_MONIKER_MAX, SP_DESCRIPTION_MAX);
    return CODE_OK;
}

int sp_check_fields(const StorageProvider *sp, struct err *err) {
    struct addr addr;
    int rc = addr_need(sp->operator_, "operator", &addr, err);
    if (rc == CODE_OK)
        rc = addr_need(sp->funding, "funding", &addr, err);
    if (rc == CODE_OK)
        rc = check_keys(sp, err);
    if (rc == CODE_OK)
        rc = check_endpoint("endpoint", sp->endpoint, "http://", "https://", err);
    if (rc == CODE_OK)
        rc = check_endpoint("p2p_endpoint", sp->p2p_endpoint, "tcp://", "tls+tcp://", err);
    return rc ? rc : check_description(sp->description, err);
}

/* Its operator and the accounts of its keys, in the order of the record. */
static void addrs_of(const StorageProvider *sp, struct addr ret[SP_ADDRS]) {
    const ProtobufCBinaryData keys[SP_KEYS] = {sp->seal_key, sp->approval_key, sp->gc_key, sp->node_key};
    addr_of_field(sp->operator_, &ret[0]);
    for (size_t i = 0; i < SP_KEYS; i++) {
        struct pubkey key = {{0}};
        pubkey_from(pb_bytes(keys[i]), &key);
        ret[i + 1] = addr_of_key(&key);
    }
}

static int index_addrs(struct ctx *ctx, const StorageProvider *sp, struct err *err) {
    struct addr addrs[SP_ADDRS];
    struct key k;
    addrs_of(sp, addrs);
    for (size_t i = 0; i < SP_ADDRS; i++) {
        bool taken;
        int rc = record_has(ctx, key_sp_by_addr(&k, &addrs[i]), &taken, err);
        if (rc == CODE_OK && taken)
            rc = err_set(err, CODE_SP_EXISTS, "%s belongs to a storage provider already",
                         i ? key_names[i - 1] : "the operator");
        if (rc == CODE_OK)
            rc = record_put_u32(ctx, key_sp_by_addr(&k, &addrs[i]), sp->id, err);
        if (rc)
            return rc;
    }
    return CODE_OK;
}

int sp_create(struct ctx *ctx, StorageProvider *sp, const struct addr *payer, struct err *err) {
    const SpParams *p = ctx->params->sp;
    uint64_t id;
    int rc = sp_check_fields(sp, err);
    if (rc)
        return rc;
    if (sp->deposit < p->deposit_min)
        return err_set(err, CODE_SP_DEPOSIT, "the deposit is %s, at least %s is needed", money_text(sp->deposit).s,
                       money_text(p->deposit_min).s);
    if (sp->store_price > ctx->params->payment->price_max)
        return err_set(err, CODE_PRICE, "the store price is above the highest one allowed, %" PRIu64,
                       ctx->params->payment->price_max);
    rc = ctx_next_id(ctx, SEQ_SP, &id, err);
    if (rc)
        return rc;
    if (id > p->sps_max)
        return err_set(err, CODE_SP_LIMIT, "there are %" PRIu64 " storage providers, as many as allowed", p->sps_max);
    sp->id = (uint32_t)id;
    sp->status = SP_STATUS_IN_SERVICE;
    sp->created_at = ctx->time;
    rc = index_addrs(ctx, sp, err);
    if (rc == CODE_OK)
        rc = coins_to_module(ctx, payer, MODULE_SP, sp->deposit, err);
    return rc ? rc : sp_put(ctx, sp, err);
}
