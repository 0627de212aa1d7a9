/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ledger/policies.h"

#include "chain/codec/bech32.h"

static Statement *statement(struct fixture *f, const struct policy_put *p) {
    Statement *s = ARENA_NEW(&f->tx_arena, Statement);
    statement__init(s);
    s->effect = p->effect ? (Effect)p->effect : EFFECT_ALLOW;
    s->actions = arena_array(&f->tx_arena, 1, sizeof *s->actions);
    s->actions[0] = p->action ? (Action)p->action : ACTION_GET_OBJECT;
    s->n_actions = 1;
    if (p->pattern) {
        s->resources = arena_array(&f->tx_arena, 1, sizeof *s->resources);
        s->resources[0] = arena_strdup(&f->tx_arena, p->pattern);
        s->n_resources = 1;
    }
    s->expires_at = p->expires_at;
    s->size_limit = p->size_limit;
    return s;
}

Principal *policies_principal(struct fixture *f, const char *account, uint64_t group_id) {
    Principal *p = ARENA_NEW(&f->tx_arena, Principal);
    principal__init(p);
    p->kind = account ? PRINCIPAL_KIND_ACCOUNT : PRINCIPAL_KIND_GROUP;
    if (account)
        p->account = fixture_addr_data(f, account);
    p->group_id = group_id;
    return p;
}

Resource *policies_resource(struct deal *d, const struct policy_put *p) {
    struct arena *arena = &d->f->tx_arena;
    Resource *r = ARENA_NEW(arena, Resource);
    resource__init(r);
    r->kind = p->kind ? (ResourceKind)p->kind : RESOURCE_KIND_BUCKET;
    if (r->kind != RESOURCE_KIND_GROUP)
        r->bucket_name = arena_strdup(arena, d->bucket);
    if (p->object)
        r->object_name = arena_strdup(arena, p->object);
    if (p->group)
        r->group_name = arena_strdup(arena, p->group);
    return r;
}

int policies_send(struct fixture *f, const char *who, ProtobufCMessage *message, uint64_t *ret_id) {
    struct err err = {0};
    Msg *msg = fixture_msg(f, who, message);
    const struct tx *tx = fixture_tx(f, who, 0, &msg, 1);
    int rc = fixture_process(f, &tx, 1, &err);
    if (rc)
        return rc;
    const TxResult *r = fixture_block(f, &tx, 1)->txs[0];
    if (ret_id && r->n_ids)
        *ret_id = r->ids[0];
    return (int)r->code;
}

int policies_put(struct deal *d, struct policy_put p) {
    MsgPutPolicy m = MSG_PUT_POLICY__INIT;
    size_t n = p.statements ? p.statements : 1;
    m.resource = policies_resource(d, &p);
    m.principal = policies_principal(d->f, p.account, p.group_id);
    m.statements = arena_array(&d->f->tx_arena, n, sizeof *m.statements);
    for (; m.n_statements < n; m.n_statements++)
        m.statements[m.n_statements] = statement(d->f, &p);
    m.expires_at = p.policy_expires_at;
    m.mode = p.mode < 0 ? POLICY_MODE_UNSPECIFIED : p.mode ? (PolicyMode)p.mode : POLICY_MODE_REPLACE;
    return policies_send(d->f, p.by ? p.by : d->owner, &m.base, NULL);
}

uint64_t policies_group(struct fixture *f, const char *owner, const char *name, const char *member,
                        uint64_t expires_at) {
    MsgCreateGroup m = MSG_CREATE_GROUP__INIT;
    GroupMember one = GROUP_MEMBER__INIT, *list[] = {&one};
    uint64_t id = 0;
    m.group_name = arena_strdup(&f->tx_arena, name);
    if (member) {
        one.account = fixture_addr_data(f, member);
        one.expires_at = expires_at;
        m.members = list;
        m.n_members = 1;
    }
    assert_code(policies_send(f, owner, &m.base, &id), CODE_OK);
    return id;
}

const CheckAnswer *policies_check(struct deal *d, const char *who, const char *action, const char *object,
                                  const char *size) {
    char text[ADDR_TEXT_MAX] = "";
    if (who) {
        struct addr a = fixture_addr(who);
        addr_to_text(&a, text);
        return fixture_query(d->f, "/permission/check", "account", text, "action", action, "bucket_name", d->bucket,
                             "object_name", object, "size", size, NULL);
    }
    return fixture_query(d->f, "/permission/check", "action", action, "bucket_name", d->bucket, "object_name", object,
                         "size", size, NULL);
}

void policies_expect(struct deal *d, const char *who, const char *action, const char *object, const char *reason) {
    const CheckAnswer *a = policies_check(d, who, action, object, "10");
    if (strcmp(a->reason, reason) != 0)
        fail_msg("%s %s %s: %s, want %s", who ? who : "anybody", action, object, a->reason, reason);
}
