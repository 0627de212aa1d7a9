/* SPDX-License-Identifier: Apache-2.0 */
/* Another value of a parameter, by its name: "payment.price_max". What chains grow up with stays as genesis has it. */
#include "x/params/params.h"

#include "chain/codec/pb.h"
#include "chain/types/keys_params.h"

#include <string.h>

/* Records were made by these and do not say so: another value would make them wrong. */
static const struct {
    const char *name, *why;
} fixed[] = {
    {"consensus.development", "it says what the network is"},
    {"consensus.time_scale", "it says what the network is"},
    {"consensus.evidence_window_ms", "the history of sets is kept for it"},
    {"validator.bond_per_power", "the powers of all validators were computed with it"},
    {"validator.downtime_window", "absences are kept for it"},
    {"payment.reserve_time_ms", "the reserves of all payment accounts were computed with it"},
};

static int check_free(const char *name, struct err *err) {
    for (size_t i = 0; i < COUNT_OF(fixed); i++)
        if (strcmp(fixed[i].name, name) == 0)
            return err_set(err, CODE_PARAMETER, "parameter %s is fixed at genesis: %s", name, fixed[i].why);
    return CODE_OK;
}

static int unknown(const char *name, struct err *err) {
    return err_set(err, CODE_PARAMETER, "there is no parameter %.80s that is a number", name);
}

/* The price of one message, kept in the order of names. */
static int set_price(struct ctx *ctx, AuthParams *p, const char *message, uint64_t price, struct err *err) {
    size_t at = 0;
    if (!*message || strlen(message) > 64)
        return unknown(message, err);
    while (at < p->n_message_prices && strcmp(p->message_prices[at]->message, message) < 0)
        at++;
    if (at == p->n_message_prices || strcmp(p->message_prices[at]->message, message) != 0) {
        MessagePrice **list = ctx_array(ctx, p->n_message_prices + 1, sizeof *list);
        for (size_t i = 0; i < p->n_message_prices; i++)
            list[i < at ? i : i + 1] = p->message_prices[i];
        list[at] = CTX_NEW(ctx, MessagePrice);
        message_price__init(list[at]);
        list[at]->message = ctx_str(ctx, message);
        p->message_prices = list;
        p->n_message_prices++;
    }
    p->message_prices[at]->price = price;
    return CODE_OK;
}

int params_set(struct ctx *ctx, Params *params, const char *name, uint64_t value, struct err *err) {
    static const char prices[] = "auth.message_prices.";
    char group[32];
    const char *dot = strchr(name, '.');
    int rc = check_free(name, err);
    if (rc)
        return rc;
    if (strncmp(name, prices, sizeof prices - 1) == 0)
        return set_price(ctx, params->auth, name + sizeof prices - 1, value, err);
    if (!dot || (size_t)(dot - name) >= sizeof group)
        return unknown(name, err);
    memcpy(group, name, (size_t)(dot - name));
    group[dot - name] = '\0';
    const ProtobufCFieldDescriptor *g = protobuf_c_message_descriptor_get_field_by_name(&params__descriptor, group);
    if (!g || g->type != PROTOBUF_C_TYPE_MESSAGE)
        return unknown(name, err);
    char *inner = *(char *const *)(const void *)((const char *)params + g->offset);
    const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field_by_name(g->descriptor, dot + 1);
    if (!inner || !f || f->type != PROTOBUF_C_TYPE_UINT64 || f->label == PROTOBUF_C_LABEL_REPEATED)
        return unknown(name, err);
    memcpy(inner + f->offset, &value, sizeof value);
    return CODE_OK;
}

int params_latest(struct ctx *ctx, Params **ret, struct err *err) {
    struct key k;
    uint64_t version = ctx->params_next ? ctx->params_next : ctx->params->version;
    int rc = record_get(ctx, key_params(&k, version), &params__descriptor, ret, err);
    return rc == CODE_NOT_FOUND ? ctx_fault(ctx, CODE_CORRUPT, "the parameters in force are not there") : rc;
}

int params_adopt(struct ctx *ctx, Params *params, struct err *err) {
    params->version++;
    params->since = ctx->time;
    int rc = params_put(ctx, params, err);
    if (rc == CODE_OK)
        ctx->params_next = params->version;
    return rc;
}
