/* SPDX-License-Identifier: Apache-2.0 */
/* A new provider, from genesis or MsgRegisterSp; its keys and the accounts that lead to it. */
#include "x/sp/life.h"
#include "x/sp/msgs.h"

#include "chain/base/limits.h"
#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/crypto/key.h"
#include "chain/types/keys_sp.h"
#include "chain/types/signed.h"
#include "x/auth/account.h"

#include <inttypes.h>

#define SP_ADDRS           (SP_KEYS + 1) /* and the operator */
#define SP_MONIKER_MAX     64
#define SP_DESCRIPTION_MAX 256

static const char *const key_names[SP_KEYS] = {"seal_key", "approval_key", "gc_key", "node_key"};

const char *sp_key_name(size_t i) {
    return key_names[i];
}

ProtobufCBinaryData *sp_key_field(StorageProvider *sp, size_t i) {
    ProtobufCBinaryData *const fields[SP_KEYS] = {&sp->seal_key, &sp->approval_key, &sp->gc_key, &sp->node_key};
    return fields[i];
}

int sp_check_possession(struct ctx *ctx, const struct addr *operator_, size_t i, ProtobufCBinaryData key,
                        ProtobufCBinaryData possession, struct err *err) {
    const enum sp_key_use uses[SP_KEYS] = {SP_KEY_SEAL, SP_KEY_APPROVAL, SP_KEY_GC, SP_KEY_NODE};
    struct pubkey pubkey;
    struct sig sig;
    if (!pubkey_from(pb_bytes(key), &pubkey))
        return err_set(err, CODE_SP_KEY, "%s is not a public key", key_names[i]);
    struct hash digest = signed_sp_key(operator_, uses[i], &ctx->chain_tag);
    if (!sig_from(pb_bytes(possession), &sig) || !ctx_signed(ctx, &pubkey, &digest, &sig))
        return err_set(
            err, CODE_SP_POSSESSION,
            "%s has not signed that it is to be this operator's, for this use; sign with `cairn-sp possession`",
            key_names[i]);
    return CODE_OK;
}

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

int sp_check_payee(struct ctx *ctx, const char *what, ProtobufCBinaryData field, struct err *err) {
    struct addr addr;
    Account *account;
    int rc = addr_need(field, what, &addr, err);
    if (rc == CODE_OK)
        rc = account_get(ctx, &addr, &account, err);
    if (rc == CODE_OK && account->module[0])
        rc = err_set(err, CODE_RECIPIENT, "the account of module %s cannot be the %s of a storage provider",
                     account->module, what);
    return rc;
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

int sp_unindex(struct ctx *ctx, const StorageProvider *sp, struct err *err) {
    struct addr addrs[SP_ADDRS];
    struct key k;
    int rc = CODE_OK;
    addrs_of(sp, addrs);
    for (size_t i = 0; rc == CODE_OK && i < SP_ADDRS; i++)
        rc = record_del(ctx, key_sp_by_addr(&k, &addrs[i]), err);
    return rc;
}

int sp_index(struct ctx *ctx, const StorageProvider *sp, struct err *err) {
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

int sp_check_price(const struct ctx *ctx, uint64_t store_price, struct err *err) {
    uint64_t max = ctx->params->payment->price_max;
    if (store_price > max)
        return err_set(err, CODE_PRICE, "the store price is above the highest one allowed, %" PRIu64, max);
    return CODE_OK;
}

int sp_totals_get(struct ctx *ctx, SpTotals **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_sp_totals(&k), &sp_totals__descriptor, ret, err);
    if (rc != CODE_NOT_FOUND)
        return rc;
    *ret = CTX_NEW(ctx, SpTotals);
    sp_totals__init(*ret);
    return CODE_OK;
}

int sp_totals_put(struct ctx *ctx, const SpTotals *totals, struct err *err) {
    struct key k;
    return record_put(ctx, key_sp_totals(&k), totals, err);
}

int sp_create(struct ctx *ctx, StorageProvider *sp, const struct addr *payer, struct err *err) {
    const SpParams *p = ctx->params->sp;
    SpTotals *totals = NULL;
    uint64_t id;
    int rc = sp_check_fields(sp, err);
    if (rc)
        return rc;
    if (sp->deposit < p->deposit_min)
        return err_set(err, CODE_SP_DEPOSIT, "the deposit is %s, at least %s is needed", money_text(sp->deposit).s,
                       money_text(p->deposit_min).s);
    rc = sp_check_price(ctx, sp->store_price, err);
    if (rc == CODE_OK)
        rc = sp_check_payee(ctx, "funding account", sp->funding, err);
    if (rc)
        return rc;
    rc = ctx_next_id(ctx, SEQ_SP, &id, err);
    if (rc)
        return rc;
    rc = sp_totals_get(ctx, &totals, err);
    if (rc)
        return rc;
    if (totals->sps >= p->sps_max || id > UINT32_MAX)
        return err_set(err, CODE_SP_LIMIT, "there are %" PRIu64 " storage providers, as many as allowed", totals->sps);
    totals->sps++;
    rc = sp_totals_put(ctx, totals, err);
    if (rc)
        return rc;
    sp->id = (uint32_t)id;
    sp->status = SP_STATUS_IN_SERVICE;
    sp->created_at = ctx->time;
    rc = sp_index(ctx, sp, err);
    if (rc == CODE_OK)
        rc = coins_to_module(ctx, payer, MODULE_SP, sp->deposit, err);
    return rc ? rc : sp_put(ctx, sp, err);
}
