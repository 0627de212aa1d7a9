/* SPDX-License-Identifier: Apache-2.0 */
/* cairn policy ...: who may do what. RESOURCE is cairn://bucket, cairn://bucket/key or group:NAME. */
#include "chain/codec/bech32.h"
#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/types/action.h"
#include "chain/types/keys_permission.h"
#include "client/cli/commands.h"
#include "client/lib/placement.h"

enum { ACTIONS_MAX = 16 };

#define GROUP_SCHEME "group:"

static int parse_actions(const char *text, Action ret[ACTIONS_MAX], size_t *ret_count, struct err *err) {
    size_t n = 0;
    for (const char *p = text;; p++) {
        size_t len = strcspn(p, ",");
        if (n == ACTIONS_MAX)
            return err_set(err, CODE_INVALID_ARGUMENT, "more than %d actions", ACTIONS_MAX);
        int rc = action_parse(p, len, &ret[n++], err);
        if (rc)
            return rc;
        p += len;
        if (!*p)
            break;
    }
    *ret_count = n;
    return CODE_OK;
}

static int parse_resource(struct cli *cli, const char *text, Resource *ret, struct err *err) {
    struct object_uri *uri = ARENA_NEW(&cli->arena, struct object_uri);
    if (!uri)
        return err_set(err, CODE_NO_MEMORY, "no memory for a name");
    resource__init(ret);
    if (!strncmp(text, GROUP_SCHEME, sizeof GROUP_SCHEME - 1)) {
        ret->kind = RESOURCE_KIND_GROUP;
        ret->group_name = pb_text(text + sizeof GROUP_SCHEME - 1);
        return CODE_OK;
    }
    int rc = object_uri_parse(text, uri, err);
    if (rc)
        return err_set(err, rc, "\"%s\" is not a resource: cairn://bucket, cairn://bucket/key or group:NAME", text);
    ret->kind = *uri->key ? RESOURCE_KIND_OBJECT : RESOURCE_KIND_BUCKET;
    ret->bucket_name = uri->bucket;
    ret->object_name = uri->key;
    return CODE_OK;
}

/* The id behind a resource, from proven records. */
static int resource_id(struct cli *cli, const Resource *resource, uint64_t *ret, struct err *err) {
    struct ledger *ledger;
    struct placement found;
    BucketInfo *bucket;
    GroupInfo *group;
    if (resource->kind == RESOURCE_KIND_GROUP) {
        int rc = cli_group(cli, resource->group_name, &group, err);
        if (!rc)
            *ret = group->id;
        return rc;
    }
    int rc = cli_ledger(cli, &ledger, err);
    if (rc)
        return rc;
    if (resource->kind == RESOURCE_KIND_BUCKET) {
        rc = placement_bucket(ledger, resource->bucket_name, 0, &cli->arena, &bucket, err);
        if (!rc)
            *ret = bucket->id;
        return rc;
    }
    rc = placement_find(ledger, resource->bucket_name, resource->object_name, 0, &cli->arena, &found, err);
    if (!rc)
        *ret = found.object->id;
    return rc;
}

/* --to ADDR or --group NAME, exactly one of them. */
static int parse_principal(struct cli *cli, Principal *ret, struct err *err) {
    const char *to = cli_value(cli, "--to"), *group = cli_value(cli, "--group");
    GroupInfo *info;
    principal__init(ret);
    if (!to == !group)
        return err_set(err, CODE_INVALID_ARGUMENT, "say whom it is about: --to ADDR or --group NAME");
    if (group) {
        int rc = cli_group(cli, group, &info, err);
        ret->kind = PRINCIPAL_KIND_GROUP;
        ret->group_id = rc ? 0 : info->id;
        return rc;
    }
    ret->kind = PRINCIPAL_KIND_ACCOUNT;
    return cli_address_field(cli, to, &ret->account, err);
}

static int parse_statement(struct cli *cli, Statement *ret, Action actions[ACTIONS_MAX], char *globs[CLI_FLAGS_MAX],
                           struct err *err) {
    const char *effect = cli_value(cli, "--effect"), *glob;
    statement__init(ret);
    ret->effect = EFFECT_ALLOW;
    if (effect && !strcmp(effect, "deny"))
        ret->effect = EFFECT_DENY;
    else if (effect && strcmp(effect, "allow"))
        return err_set(err, CODE_INVALID_ARGUMENT, "--effect is allow or deny, not \"%s\"", effect);
    const char *text = cli_value(cli, "--actions");
    int rc = parse_actions(text ? text : "get", actions, &ret->n_actions, err);
    ret->actions = actions;
    for (size_t at = 0; (glob = cli_next_value(cli, "--objects", &at)) != NULL;)
        globs[ret->n_resources++] = pb_text(glob);
    ret->resources = globs;
    if (!rc)
        rc = cli_expiry(cli, cli_value(cli, "--expires"), &ret->expires_at, err);
    return rc ? rc : cli_size(cli, "--size-limit", 0, &ret->size_limit, err);
}

int cmd_policy_put(struct cli *cli, struct err *err) {
    MsgPutPolicy message = MSG_PUT_POLICY__INIT;
    Resource resource;
    Principal principal;
    Statement statement, *statements[] = {&statement};
    Action actions[ACTIONS_MAX];
    char *globs[CLI_FLAGS_MAX];
    int rc = parse_resource(cli, cli->words[0], &resource, err);
    if (!rc)
        rc = parse_principal(cli, &principal, err);
    if (!rc)
        rc = parse_statement(cli, &statement, actions, globs, err);
    if (!rc)
        rc = cli_expiry(cli, cli_value(cli, "--policy-expires"), &message.expires_at, err);
    if (rc)
        return rc;
    message.resource = &resource;
    message.principal = &principal;
    message.n_statements = 1;
    message.statements = statements;
    message.mode = cli_has(cli, "--replace") ? POLICY_MODE_REPLACE : POLICY_MODE_MERGE;
    return cli_act(cli, &message.base, err);
}

int cmd_policy_show(struct cli *cli, struct err *err) {
    struct ledger *ledger;
    Resource resource;
    Principal principal;
    Policy *policy;
    struct addr account;
    struct key k;
    uint64_t id = 0;
    int rc = parse_resource(cli, cli->words[0], &resource, err);
    if (!rc)
        rc = parse_principal(cli, &principal, err);
    if (!rc)
        rc = resource_id(cli, &resource, &id, err);
    if (!rc)
        rc = cli_ledger(cli, &ledger, err);
    if (rc)
        return rc;
    struct bytes key;
    if (principal.kind == PRINCIPAL_KIND_GROUP)
        key = key_policy_group(&k, (uint8_t)resource.kind, id, principal.group_id);
    else {
        addr_from(pb_bytes(principal.account), &account);
        key = key_policy_account(&k, (uint8_t)resource.kind, id, &account);
    }
    rc = ledger_record(ledger, key, 0, &policy__descriptor, &cli->arena, &policy, NULL, err);
    if (rc == CODE_NOT_FOUND)
        return err_set(err, CODE_POLICY_NOT_FOUND, "there is no policy for it on %s", cli->words[0]);
    return rc ? rc : cli_print_pb(cli, policy, err);
}

/* Pages of policies as rows: of a resource, or of a principal. */
static int print_pages(struct cli *cli, const char *path, const char *const names[2], const char *const values[2],
                       struct err *err) {
    char cursor[256] = "";
    PoliciesAnswer all = POLICIES_ANSWER__INIT;
    json_t *rows = json_array();
    int rc = CODE_OK;
    while (!rc) {
        PoliciesAnswer *page;
        json_t *value = NULL;
        rc = cli_ask(cli, path, &policies_answer__descriptor, &page, err, names[0], values[0], names[1], values[1],
                     "cursor", cursor, NULL);
        if (!rc) {
            all.n_policies = page->n_policies;
            all.policies = page->policies;
            rc = json_from_pb(&all, &value, err);
        }
        if (!rc)
            json_array_extend(rows, json_object_get(value, "policies"));
        json_decref(value);
        if (rc || !page->next_cursor.len || 2 * page->next_cursor.len >= sizeof cursor)
            break;
        hex_encode(page->next_cursor.data, page->next_cursor.len, cursor);
    }
    if (rc) {
        json_decref(rows);
        return rc;
    }
    return cli_print(cli, rows, err);
}

int cmd_policy_list(struct cli *cli, struct err *err) {
    Resource resource;
    uint64_t id = 0;
    int rc = parse_resource(cli, cli->words[0], &resource, err);
    if (!rc)
        rc = resource_id(cli, &resource, &id, err);
    if (rc)
        return rc;
    const char *names[] = {"resource_kind", "resource_id"};
    const char *values[] = {protobuf_c_enum_descriptor_get_value(&resource_kind__descriptor, (int)resource.kind)->name,
                            cli_u64(cli, id)};
    return print_pages(cli, "/permission/policies", names, values, err);
}

int cmd_policy_grants(struct cli *cli, struct err *err) {
    const char *group = cli_value(cli, "--group");
    GroupInfo *info;
    struct addr account;
    char text[ADDR_TEXT_MAX] = "";
    int rc = CODE_OK;
    if (group && cli->word_count)
        return err_set(err, CODE_INVALID_ARGUMENT, "an account, or --group NAME, not both");
    if (group)
        rc = cli_group(cli, group, &info, err);
    else
        rc = cli->word_count ? cli_parse_address(cli, cli->words[0], &account, err) : cli_address(cli, &account, err);
    if (rc)
        return rc;
    if (!group)
        addr_to_text(&account, text);
    const char *names[] = {"account", "group_id"};
    const char *values[] = {text, group ? cli_u64(cli, info->id) : ""};
    return print_pages(cli, "/permission/grants", names, values, err);
}

int cmd_policy_delete(struct cli *cli, struct err *err) {
    MsgDeletePolicy message = MSG_DELETE_POLICY__INIT;
    Resource resource;
    Principal principal;
    int rc = parse_resource(cli, cli->words[0], &resource, err);
    if (!rc)
        rc = parse_principal(cli, &principal, err);
    if (rc)
        return rc;
    message.resource = &resource;
    message.principal = &principal;
    return cli_act(cli, &message.base, err);
}

/* May an account do something? Exit code 5 when it may not. */
int cmd_policy_check(struct cli *cli, struct err *err) {
    Resource resource;
    Action action;
    struct addr account;
    CheckAnswer *answer;
    GroupInfo *group;
    char who[ADDR_TEXT_MAX];
    uint64_t size = 0, group_id = 0;
    int rc = parse_resource(cli, cli->words[0], &resource, err);
    if (!rc)
        rc = action_parse(cli->words[1], strlen(cli->words[1]), &action, err);
    if (!rc)
        rc = cli_value(cli, "--to") ? cli_parse_address(cli, cli_value(cli, "--to"), &account, err)
                                    : cli_address(cli, &account, err);
    if (!rc)
        rc = cli_size(cli, "--size", 0, &size, err);
    if (!rc && resource.kind == RESOURCE_KIND_GROUP) {
        rc = cli_group(cli, resource.group_name, &group, err);
        group_id = rc ? 0 : group->id;
    }
    if (rc)
        return rc;
    addr_to_text(&account, who);
    rc = cli_ask(cli, "/permission/check", &check_answer__descriptor, &answer, err, "account", who, "action",
                 protobuf_c_enum_descriptor_get_value(&action__descriptor, (int)action)->name, "bucket_name",
                 resource.bucket_name, "object_name", resource.object_name, "size", size ? cli_u64(cli, size) : "",
                 "group_id", group_id ? cli_u64(cli, group_id) : "", NULL);
    if (!rc)
        rc = cli_print_pb(cli, answer, err);
    if (!rc && !answer->allowed)
        rc = err_set(err, CODE_DENIED, "%s may not %s %s: %s", who, action_text(action), cli->words[0],
                     action_denial_text(answer->reason));
    return rc;
}
