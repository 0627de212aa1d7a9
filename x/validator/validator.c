/* SPDX-License-Identifier: Apache-2.0 */
#include "x/validator/validator.h"

#include "chain/codec/bech32.h"
#include "chain/types/keys_validator.h"

#include <string.h>

int validator_get(struct ctx *ctx, const struct addr *addr, Validator **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_validator(&k, addr), &validator__descriptor, ret, err);
    if (rc == CODE_NOT_FOUND) {
        char text[ADDR_TEXT_MAX];
        addr_to_text(addr, text);
        rc = err_set(err, CODE_VALIDATOR_NOT_FOUND, "%s is no validator", text);
    }
    return rc;
}

int validator_put(struct ctx *ctx, const struct addr *addr, const Validator *validator, struct err *err) {
    struct key k;
    return record_put(ctx, key_validator(&k, addr), validator, err);
}

bool validator_governs(const struct ctx *ctx, const Validator *v) {
    struct addr operator;
    return addr_of_field(v->operator_, &operator) && addr_eq(&ctx->signer, &operator);
}

int validator_need_operator(struct ctx *ctx, ProtobufCBinaryData validator, struct addr *ret_addr, Validator **ret,
                            struct err *err) {
    int rc = addr_need(validator, "validator", ret_addr, err);
    if (rc == CODE_OK)
        rc = validator_get(ctx, ret_addr, ret, err);
    if (rc == CODE_OK && !validator_governs(ctx, *ret))
        rc = err_set(err, CODE_DENIED, "only the operator of the validator may do this");
    return rc;
}

int validator_check_text(const char *name, const char *description, struct err *err) {
    if (strlen(name) > VALIDATOR_NAME_MAX || strlen(description) > VALIDATOR_DESCRIPTION_MAX)
        return err_set(err, CODE_VALIDATOR_TEXT, "a validator's name has at most %d bytes, its description %d",
                       VALIDATOR_NAME_MAX, VALIDATOR_DESCRIPTION_MAX);
    return CODE_OK;
}
