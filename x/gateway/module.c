/* SPDX-License-Identifier: Apache-2.0 */
#include "cairn/state.h"
#include "chain/types/keys_gateway.h"
#include "x/gateway/gateway.h"
#include "x/gateway/msgs.h"

static const struct msg_rule msgs[] = {
    {.kind = MSG__BODY_REGISTER_GATEWAY,
     .desc = &msg_register_gateway__descriptor,
     .check = msg_register_gateway_check,
     .run = msg_register_gateway_run},
    {.kind = MSG__BODY_UPDATE_GATEWAY,
     .desc = &msg_update_gateway__descriptor,
     .check = msg_update_gateway_check,
     .run = msg_update_gateway_run},
    {.kind = MSG__BODY_REMOVE_GATEWAY, .desc = &msg_remove_gateway__descriptor, .run = msg_remove_gateway_run},
};

/* --- queries --- */

static int query_gateway(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    (void)ctx, (void)err;
    key_gateway(ret, ((const IdQuery *)question)->id);
    return CODE_OK;
}

static int query_totals(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    (void)ctx, (void)question, (void)err;
    key_gateway_totals(ret);
    return CODE_OK;
}

struct page {
    GatewaysAnswer *answer;
    size_t limit;
};

/* rest: an id. */
static int add(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct page *p = arg;
    GatewaysAnswer *a = p->answer;
    (void)value, (void)msg;
    if (ctx_page_full(ctx, a->n_gateways, p->limit)) {
        a->next = a->gateways[a->n_gateways - 1]->id;
        return RECORD_STOP;
    }
    return gateway_get(ctx, load_be64(rest.data), &a->gateways[a->n_gateways++], err);
}

static int query_list(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    const GatewaysQuery *q = question;
    struct page p = {CTX_NEW(ctx, GatewaysAnswer), query_limit(q->limit)};
    struct key prefix, after;
    struct addr operator_;
    int rc = q->operator_.len ? addr_need(q->operator_, "operator", &operator_, err) : CODE_OK;
    if (rc)
        return rc;
    gateways_answer__init(p.answer);
    p.answer->gateways = ctx_array(ctx, p.limit, sizeof *p.answer->gateways);
    if (q->operator_.len) {
        key_operator_gateways(&prefix, &operator_);
        key_operator_gateway(&after, &operator_, q->start_after);
    } else {
        key_gateways(&prefix);
        key_gateway(&after, q->start_after);
    }
    rc = record_each(ctx, key_bytes(&prefix), q->start_after ? key_bytes(&after) : BYTES_NONE, 0, NULL, add, &p, err);
    if (rc == CODE_OK)
        *(GatewaysAnswer **)ret_answer = p.answer;
    return rc;
}

static const struct query queries[] = {
    {.path = "/gateway/gateway",
     .help = "a gateway's record: id",
     .question = &id_query__descriptor,
     .answer = &gateway__descriptor,
     .key = query_gateway},
    {.path = "/gateway/list",
     .help = "gateways by id, all or an operator's: operator, start_after, limit",
     .question = &gateways_query__descriptor,
     .answer = &gateways_answer__descriptor,
     .run = query_list},
    {.path = "/gateway/totals",
     .help = "how many gateways there are",
     .question = &empty_query__descriptor,
     .answer = &gateway_totals__descriptor,
     .key = query_totals},
};

const struct module gateway_module = {
    .name = "gateway",
    .id = KEY_GATEWAY,
    .msgs = msgs,
    .msgs_n = COUNT_OF(msgs),
    .queries = queries,
    .queries_n = COUNT_OF(queries),
    .invariants = gateway_invariants,
};
