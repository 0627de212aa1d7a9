/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_GATEWAY_GATEWAY_H
#define CAIRN_X_GATEWAY_GATEWAY_H
/*
 * The directory of gateways: where clients find one, in which region, at which version. It says nothing about what a
 * gateway may do: that are grants (x/auth), which stay as they are when a gateway comes or goes. A deposit, and a
 * number for all and for each operator, keep it short.
 */
#include "cairn/gateway.h"
#include "x/base/module.h"

enum {
    GATEWAY_URL_MAX = 200, /* bytes */
    GATEWAY_TEXT_MAX = 64, /* of region and version, each */
};

/* CODE_GATEWAY_NOT_FOUND. */
int gateway_get(struct ctx *ctx, uint64_t id, Gateway **ret, struct err *err);
/* The same, and the signer is its operator: CODE_GATEWAY_OPERATOR. */
int gateway_get_own(struct ctx *ctx, uint64_t id, Gateway **ret, struct err *err);
int gateway_put(struct ctx *ctx, const Gateway *gateway, struct err *err);
/* A new one of the signer's, with its place in the list and the deposit taken; gateway->id is set. */
int gateway_add(struct ctx *ctx, Gateway *gateway, struct err *err);
/* Takes it out of the list and gives the deposit back. */
int gateway_remove(struct ctx *ctx, const Gateway *gateway, struct err *err);

/* http:// or https:// and a host, of printable ASCII: CODE_GATEWAY_URL. */
int gateway_check_url(const char *url, struct err *err);
/* CODE_GATEWAY_TEXT. */
int gateway_check_text(const char *what, const char *text, struct err *err);

int gateway_invariants(struct ctx *ctx, struct err *err);

extern const struct module gateway_module;

#endif
