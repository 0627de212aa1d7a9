/* SPDX-License-Identifier: Apache-2.0 */
#include "x/gateway/gateway.h"

#include "chain/types/keys_gateway.h"
#include "x/auth/account.h"

#include <inttypes.h>
#include <string.h>

/* --- fields --- */

static bool printable(const char *s) {
    for (; *s; s++)
        if (*s <= ' ' || *s > '~')
            return false;
    return true;
}

int gateway_check_url(const char *url, struct err *err) {
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        size_t len = strlen(schemes[i]);
        if (strncmp(url, schemes[i], len) == 0 && url[len] && url[len] != '/' && strlen(url) <= GATEWAY_URL_MAX &&
            printable(url))
            return CODE_OK;
    }
    return err_set(err, CODE_GATEWAY_URL,
                   "a gateway's address begins with http:// or https:// and a host, and has at most %d characters",
                   GATEWAY_URL_MAX);
}

int gateway_check_text(const char *what, const char *text, struct err *err) {
    size_t len = strlen(text);
    return len <= GATEWAY_TEXT_MAX ? CODE_OK
                                   : err_set(err, CODE_GATEWAY_TEXT, "the %s has %zu bytes, at most %d are allowed",
                                             what, len, GATEWAY_TEXT_MAX);
}

/* --- records --- */

int gateway_get(struct ctx *ctx, uint64_t id, Gateway **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_gateway(&k, id), &gateway__descriptor, ret, err);
    return rc == CODE_NOT_FOUND ? err_set(err, CODE_GATEWAY_NOT_FOUND, "there is no gateway %" PRIu64, id) : rc;
}

static struct addr operator_of(const Gateway *gateway) {
    struct addr addr = {{0}};
    addr_of_field(gateway->operator_, &addr);
    return addr;
}

int gateway_get_own(struct ctx *ctx, uint64_t id, Gateway **ret, struct err *err) {
    Gateway *gateway;
    int rc = gateway_get(ctx, id, &gateway, err);
    if (rc)
        return rc;
    struct addr operator_ = operator_of(gateway);
    if (!addr_eq(&operator_, &ctx->signer))
        return err_set(err, CODE_GATEWAY_OPERATOR, "gateway %" PRIu64 " belongs to %s", id,
                       ctx_addr_text(ctx, &operator_));
    *ret = gateway;
    return CODE_OK;
}

int gateway_put(struct ctx *ctx, const Gateway *gateway, struct err *err) {
    struct key k;
    return record_put(ctx, key_gateway(&k, gateway->id), gateway, err);
}

static int totals_get(struct ctx *ctx, GatewayTotals *ret, struct err *err) {
    struct key k;
    GatewayTotals *record;
    gateway_totals__init(ret);
    int rc = record_get(ctx, key_gateway_totals(&k), &gateway_totals__descriptor, &record, err);
    if (rc)
        return rc == CODE_NOT_FOUND ? CODE_OK : rc;
    *ret = *record;
    return CODE_OK;
}

static int count_one(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)ctx, (void)rest, (void)value, (void)msg, (void)err;
    ++*(uint64_t *)arg;
    return CODE_OK;
}

static int need_room(struct ctx *ctx, uint64_t gateways, struct err *err) {
    const GatewayParams *p = ctx->params->gateway;
    struct key k;
    uint64_t own = 0;
    if (gateways >= p->gateways_max)
        return err_set(err, CODE_GATEWAY_LIMIT, "there are %" PRIu64 " gateways, as many as allowed", gateways);
    int rc = record_each(ctx, key_operator_gateways(&k, &ctx->signer), BYTES_NONE, (size_t)p->per_operator, NULL,
                         count_one, &own, err);
    if (rc == CODE_OK && own >= p->per_operator)
        rc = err_set(err, CODE_GATEWAY_LIMIT, "the account has %" PRIu64 " gateways, as many as allowed", own);
    return rc;
}

int gateway_add(struct ctx *ctx, Gateway *gateway, struct err *err) {
    struct key k;
    GatewayTotals totals;
    int rc = totals_get(ctx, &totals, err);
    if (rc == CODE_OK)
        rc = need_room(ctx, totals.gateways, err);
    if (rc == CODE_OK)
        rc = coins_to_module(ctx, &ctx->signer, MODULE_GATEWAY, gateway->deposit, err);
    if (rc == CODE_OK)
        rc = ctx_next_id(ctx, SEQ_GATEWAY, &gateway->id, err);
    if (rc)
        return rc;
    totals.gateways++;
    rc = record_put(ctx, key_gateway_totals(&k), &totals, err);
    if (rc == CODE_OK)
        rc = record_put_mark(ctx, key_operator_gateway(&k, &ctx->signer, gateway->id), err);
    return rc ? rc : gateway_put(ctx, gateway, err);
}

int gateway_remove(struct ctx *ctx, const Gateway *gateway, struct err *err) {
    struct key k;
    struct addr operator_ = operator_of(gateway);
    GatewayTotals totals;
    int rc = totals_get(ctx, &totals, err);
    if (rc)
        return rc;
    totals.gateways--;
    rc = record_put(ctx, key_gateway_totals(&k), &totals, err);
    if (rc == CODE_OK)
        rc = record_del(ctx, key_operator_gateway(&k, &operator_, gateway->id), err);
    if (rc == CODE_OK)
        rc = record_del(ctx, key_gateway(&k, gateway->id), err);
    return rc ? rc : coins_from_module(ctx, MODULE_GATEWAY, &operator_, gateway->deposit, err);
}

/* --- invariants --- */

struct sums {
    uint64_t gateways, deposits;
};

static int check_one(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct sums *s = arg;
    const Gateway *gateway = msg;
    struct addr operator_ = operator_of(gateway);
    struct key k;
    bool listed = false;
    (void)value;
    int rc = record_has(ctx, key_operator_gateway(&k, &operator_, gateway->id), &listed, err);
    if (rc)
        return rc;
    if (!listed || rest.len != 8 || load_be64(rest.data) != gateway->id)
        return err_set(err, CODE_INTERNAL, "gateway %" PRIu64 " is not where its operator's list says", gateway->id);
    s->gateways++;
    s->deposits += gateway->deposit;
    return CODE_OK;
}

int gateway_invariants(struct ctx *ctx, struct err *err) {
    struct sums s = {0};
    struct key k;
    GatewayTotals totals;
    uint64_t coins, listed = 0;
    int rc = record_each(ctx, key_gateways(&k), BYTES_NONE, 0, &gateway__descriptor, check_one, &s, err);
    if (rc == CODE_OK) {
        key_begin(&k, KEY_GATEWAY, 'o');
        rc = record_each(ctx, key_bytes(&k), BYTES_NONE, 0, NULL, count_one, &listed, err);
    }
    if (rc == CODE_OK)
        rc = totals_get(ctx, &totals, err);
    if (rc == CODE_OK)
        rc = coins_of_module(ctx, MODULE_GATEWAY, &coins, err);
    if (rc)
        return rc;
    if (coins != s.deposits)
        return err_set(err, CODE_INTERNAL, "gateways have deposits of %" PRIu64 ", the module holds %" PRIu64,
                       s.deposits, coins);
    if (listed != s.gateways || totals.gateways != s.gateways)
        return err_set(err, CODE_INTERNAL, "%" PRIu64 " gateways are there, %" PRIu64 " counted, %" PRIu64 " listed",
                       s.gateways, totals.gateways, listed);
    return CODE_OK;
}
