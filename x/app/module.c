/* SPDX-License-Identifier: Apache-2.0 */
/* x/app's own table: queries over the chain's state, and what was put aside. */
#include "cairn/state.h"
#include "chain/types/keys_app.h"
#include "x/app/modules.h"

static int query_chain(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    (void)ctx, (void)question, (void)err;
    key_chain_state(ret);
    return CODE_OK;
}

static int query_sequences(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    (void)ctx, (void)question, (void)err;
    key_sequences(ret);
    return CODE_OK;
}

struct quarantine {
    ProtobufCBinaryData *keys;
    size_t n;
};

static int add_item(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)value, (void)msg, (void)err;
    struct quarantine *q = arg;
    q->keys[q->n++] = ctx_data(ctx, rest);
    return CODE_OK;
}

static int query_quarantine(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    (void)question;
    struct key k;
    struct quarantine q = {.keys = ctx_array(ctx, QUERY_LIMIT_MAX, sizeof *q.keys)};
    int rc = record_each(ctx, key_quarantine_prefix(&k), BYTES_NONE, QUERY_LIMIT_MAX, NULL, add_item, &q, err);
    if (rc)
        return rc;
    QuarantineAnswer *answer = CTX_NEW(ctx, QuarantineAnswer);
    quarantine_answer__init(answer);
    answer->state_keys = q.keys;
    answer->n_state_keys = q.n;
    *(QuarantineAnswer **)ret_answer = answer;
    return CODE_OK;
}

static const struct query queries[] = {
    {.path = "/app/chain",
     .help = "height, ledger time, supply and hashes after the newest block",
     .question = &empty_query__descriptor,
     .answer = &chain_state__descriptor,
     .key = query_chain},
    {.path = "/app/sequences",
     .help = "the ids that were given last",
     .question = &empty_query__descriptor,
     .answer = &sequences__descriptor,
     .key = query_sequences},
    {.path = "/app/quarantine",
     .help = "state keys of the items of begin and end work that failed and were put aside; empty on a sound chain",
     .question = &empty_query__descriptor,
     .answer = &quarantine_answer__descriptor,
     .run = query_quarantine},
};

const struct module app_module = {
    .name = "app",
    .id = KEY_APP,
    .queries = queries,
    .queries_n = COUNT_OF(queries),
};
