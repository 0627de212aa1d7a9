/* SPDX-License-Identifier: Apache-2.0 */
#include "x/permission/queries.h"

#include "chain/types/keys_permission.h"
#include "x/base/record.h"

int query_policy(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    const PolicyQuery *q = question;
    struct addr account;
    (void)ctx;
    if (q->group_id) {
        key_policy_group(ret, (uint8_t)q->resource_kind, q->resource_id, q->group_id);
        return CODE_OK;
    }
    int rc = addr_need(q->account, "account", &account, err);
    if (rc == CODE_OK)
        key_policy_account(ret, (uint8_t)q->resource_kind, q->resource_id, &account);
    return rc;
}

struct page {
    PoliciesAnswer *answer;
    size_t limit;
    bool more;
};

/* record_fn; the entry beyond the page tells that there is more. */
static int page_add(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct page *page = arg;
    (void)rest, (void)value, (void)err;
    if (ctx_page_full(ctx, page->answer->n_policies, page->limit)) {
        page->more = true;
        return RECORD_STOP;
    }
    page->answer->policies[page->answer->n_policies++] = msg;
    page->answer->next_cursor = ctx_data(ctx, rest);
    return CODE_OK;
}

int query_policies(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    const PoliciesQuery *q = question;
    struct key prefix, after;
    struct page page = {CTX_NEW(ctx, PoliciesAnswer), query_limit(q->limit), false};
    policies_answer__init(page.answer);
    page.answer->policies = ctx_alloc(ctx, page.limit * sizeof *page.answer->policies);
    key_policy_all(&prefix, (uint8_t)q->resource_kind, q->resource_id);
    after = prefix;
    key_add_bytes(&after, bytes_of(q->cursor.data, q->cursor.len));
    int rc = record_each(ctx, key_bytes(&prefix), q->cursor.len ? key_bytes(&after) : BYTES_NONE, page.limit + 1,
                         &policy__descriptor, page_add, &page, err);
    if (rc)
        return rc;
    if (!page.more)
        page.answer->next_cursor = (ProtobufCBinaryData){0, NULL};
    *(PoliciesAnswer **)ret_answer = page.answer;
    return CODE_OK;
}

struct grants {
    struct page page;
    const GrantsQuery *question;
};

/* record_fn over what is said of a principal. rest: resource kind u8, resource id u64be. */
static int grants_add(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct grants *g = arg;
    struct key k;
    struct addr account = {{0}};
    Policy *policy = NULL;
    (void)msg;
    addr_of_field(g->question->account, &account);
    struct bytes key = g->question->group_id
                           ? key_policy_group(&k, rest.data[0], load_be64(rest.data + 1), g->question->group_id)
                           : key_policy_account(&k, rest.data[0], load_be64(rest.data + 1), &account);
    int rc = record_get(ctx, key, &policy__descriptor, &policy, err);
    return rc ? rc : page_add(ctx, &g->page, rest, value, policy, err);
}

int query_grants(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    const GrantsQuery *q = question;
    struct key prefix, after;
    struct addr account = {{0}};
    struct grants g = {{CTX_NEW(ctx, PoliciesAnswer), query_limit(q->limit), false}, q};
    int rc = q->group_id ? CODE_OK : addr_need(q->account, "account", &account, err);
    if (rc)
        return rc;
    policies_answer__init(g.page.answer);
    g.page.answer->policies = ctx_alloc(ctx, g.page.limit * sizeof *g.page.answer->policies);
    if (q->group_id)
        key_granted_group(&prefix, q->group_id);
    else
        key_granted_account(&prefix, &account);
    after = prefix;
    key_add_bytes(&after, bytes_of(q->cursor.data, q->cursor.len));
    rc = record_each(ctx, key_bytes(&prefix), q->cursor.len ? key_bytes(&after) : BYTES_NONE, g.page.limit + 1, NULL,
                     grants_add, &g, err);
    if (rc)
        return rc;
    if (!g.page.more)
        g.page.answer->next_cursor = (ProtobufCBinaryData){0, NULL};
    *(PoliciesAnswer **)ret_answer = g.page.answer;
    return CODE_OK;
}
