/* SPDX-License-Identifier: Apache-2.0 */
/* Every grant: indexes, counts, the queue of ends; and lists of them. */
#include "chain/codec/pb.h"
#include "chain/types/keys_auth.h"
#include "x/auth/account.h"
#include "x/auth/grant.h"

struct tally {
    size_t grants, ends, marks, queued;
    struct addr granter; /* of the grants that are counted now */
    uint64_t given;
};

static int check_count(struct ctx *ctx, const struct tally *t, struct err *err) {
    Account *account;
    if (!t->given)
        return CODE_OK;
    int rc = account_get(ctx, &t->granter, &account, err);
    if (rc == CODE_OK && account->grants != t->given)
        rc = err_set(err, CODE_INTERNAL, "account %s says that it gave %u grants, there are %llu",
                     ctx_addr_text(ctx, &t->granter), account->grants, (unsigned long long)t->given);
    return rc;
}

static int check_one(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct tally *t = arg;
    const Grant *g = msg;
    struct addr granter, grantee;
    struct key k;
    bool mark = false, queued = true;
    (void)value;
    if (rest.len != 40 || !addr_of_field(g->granter, &granter) || !addr_of_field(g->grantee, &grantee) ||
        !bytes_eq(bytes_of(rest.data, 20), addr_bytes(&granter)) ||
        !bytes_eq(bytes_of(rest.data + 20, 20), addr_bytes(&grantee)))
        return err_set(err, CODE_INTERNAL, "a grant lies at the key of another pair");
    int rc = CODE_OK;
    if (!t->given || !addr_eq(&granter, &t->granter)) {
        rc = check_count(ctx, t, err);
        t->granter = granter;
        t->given = 0;
    }
    t->given++;
    t->grants++;
    t->ends += g->expires_at != 0;
    if (rc == CODE_OK)
        rc = record_has(ctx, key_grantee(&k, &grantee, &granter), &mark, err);
    if (rc == CODE_OK && g->expires_at)
        rc = record_has(ctx, key_grant_expiry(&k, g->expires_at, &granter, &grantee), &queued, err);
    if (rc == CODE_OK && (!mark || !queued))
        rc = err_set(err, CODE_INTERNAL, "a grant of %s is not in the %s", ctx_addr_text(ctx, &granter),
                     mark ? "queue of ends" : "index of those who were granted something");
    return rc;
}

static int count_one(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)ctx, (void)rest, (void)value, (void)msg, (void)err;
    ++*(size_t *)arg;
    return CODE_OK;
}

static int sum_given(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)ctx, (void)rest, (void)value, (void)err;
    *(size_t *)arg += ((const Account *)msg)->grants;
    return CODE_OK;
}

int grant_check(struct ctx *ctx, struct err *err) {
    struct tally t = {.grants = 0};
    size_t given = 0;
    struct key k;
    int rc = record_each(ctx, key_grants_all(&k), BYTES_NONE, 0, &grant__descriptor, check_one, &t, err);
    if (rc == CODE_OK)
        rc = check_count(ctx, &t, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_grantees_all(&k), BYTES_NONE, 0, NULL, count_one, &t.marks, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_grant_expiries(&k), BYTES_NONE, 0, NULL, count_one, &t.queued, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_accounts(&k), BYTES_NONE, 0, &account__descriptor, sum_given, &given, err);
    if (rc == CODE_OK && (t.marks != t.grants || t.queued != t.ends || given != t.grants))
        rc =
            err_set(err, CODE_INTERNAL,
                    "there are %zu grants, %zu of them with an end; the index has %zu, the queue %zu, the accounts %zu",
                    t.grants, t.ends, t.marks, t.queued, given);
    return rc;
}

/* --- lists --- */

struct page {
    AccountGrantsAnswer *answer;
    struct addr account;
    bool received;
    size_t limit;
};

static int add(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct page *p = arg;
    AccountGrantsAnswer *a = p->answer;
    struct addr other;
    struct key k;
    Grant *g = msg;
    (void)value;
    if (ctx_page_full(ctx, a->n_grants, p->limit)) {
        const Grant *last = a->grants[a->n_grants - 1];
        a->next_cursor = p->received ? last->granter : last->grantee;
        return RECORD_STOP;
    }
    if (p->received) { /* the index has no records of its own */
        if (!addr_from(rest, &other))
            return ctx_fault(ctx, CODE_CORRUPT, "an entry in the index of grants without its account");
        int rc = record_get(ctx, key_grant(&k, &other, &p->account), &grant__descriptor, &g, err);
        if (rc)
            return rc;
    }
    a->grants[a->n_grants++] = g;
    return CODE_OK;
}

int grant_query_list(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    const AccountGrantsQuery *q = question;
    struct page p = {.received = q->received, .limit = query_limit(q->limit)};
    struct key prefix, after;
    int rc = addr_need(q->account, "account", &p.account, err);
    if (rc)
        return rc;
    p.answer = CTX_NEW(ctx, AccountGrantsAnswer);
    account_grants_answer__init(p.answer);
    p.answer->grants = ctx_array(ctx, p.limit, sizeof *p.answer->grants);
    struct bytes begin = p.received ? key_grantees(&prefix, &p.account) : key_grants(&prefix, &p.account);
    after = prefix;
    key_add_bytes(&after, bytes_of(q->cursor.data, q->cursor.len));
    rc = record_each(ctx, begin, q->cursor.len ? key_bytes(&after) : BYTES_NONE, 0,
                     p.received ? NULL : &grant__descriptor, add, &p, err);
    if (rc == CODE_OK)
        *(AccountGrantsAnswer **)ret_answer = p.answer;
    return rc;
}
