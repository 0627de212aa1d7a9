/* SPDX-License-Identifier: Apache-2.0 */
/* cairn group ...: groups of accounts, for policies. */
#include "chain/codec/bech32.h"
#include "chain/codec/pb.h"
#include "chain/types/keys_storage.h"
#include "chain/types/name.h"
#include "client/cli/commands.h"

enum { MEMBERS_MAX = CLI_FLAGS_MAX };

/* The group's owner: --owner, else the account of --from. */
static int group_owner(struct cli *cli, struct addr *ret, struct err *err) {
    const char *owner = cli_value(cli, "--owner");
    return owner ? cli_parse_address(cli, owner, ret, err) : cli_address(cli, ret, err);
}

int cli_group(struct cli *cli, const char *name, GroupInfo **ret, struct err *err) {
    struct ledger *ledger;
    struct addr owner;
    struct key k;
    int rc = name_check_group(name, err);
    if (!rc)
        rc = group_owner(cli, &owner, err);
    if (!rc)
        rc = cli_ledger(cli, &ledger, err);
    if (!rc)
        rc =
            ledger_record(ledger, key_group(&k, &owner, name), 0, &group_info__descriptor, &cli->arena, ret, NULL, err);
    return rc == CODE_NOT_FOUND ? err_set(err, CODE_GROUP_NOT_FOUND, "there is no group %s of this account", name) : rc;
}

/* "ADDR", "KEY", "ADDR:30d". */
static int parse_member(struct cli *cli, const char *text, GroupMember **ret, struct err *err) {
    const char *colon = strchr(text, ':');
    GroupMember *member = ARENA_NEW(&cli->arena, GroupMember);
    char *who = arena_strndup(&cli->arena, text, colon ? (size_t)(colon - text) : strlen(text));
    if (!member || !who)
        return err_set(err, CODE_NO_MEMORY, "no memory for a member");
    group_member__init(member);
    int rc = cli_address_field(cli, who, &member->account, err);
    if (!rc)
        rc = cli_expiry(cli, colon ? colon + 1 : NULL, &member->expires_at, err);
    *ret = member;
    return rc;
}

static int parse_added(struct cli *cli, GroupMember *ret[MEMBERS_MAX], size_t *ret_count, struct err *err) {
    size_t at = 0, n = 0;
    const char *text;
    int rc = CODE_OK;
    while (!rc && (text = cli_next_value(cli, "--add", &at)) != NULL)
        rc = parse_member(cli, text, &ret[n++], err);
    *ret_count = n;
    return rc;
}

int cmd_group_create(struct cli *cli, struct err *err) {
    GroupMember *members[MEMBERS_MAX];
    MsgCreateGroup message = MSG_CREATE_GROUP__INIT;
    int rc = name_check_group(cli->words[0], err);
    if (!rc)
        rc = parse_added(cli, members, &message.n_members, err);
    if (rc)
        return rc;
    message.group_name = pb_text(cli->words[0]);
    message.members = members;
    return cli_act(cli, &message.base, err);
}

int cmd_group_head(struct cli *cli, struct err *err) {
    GroupInfo *group;
    int rc = cli_group(cli, cli->words[0], &group, err);
    return rc ? rc : cli_print_pb(cli, group, err);
}

int cmd_group_list(struct cli *cli, struct err *err) {
    static const char *const columns[] = {"name", "id", "members", NULL};
    struct addr owner;
    char text[ADDR_TEXT_MAX];
    const char *after = "";
    json_t *rows = json_array();
    int rc = cli->word_count ? cli_parse_address(cli, cli->words[0], &owner, err) : cli_address(cli, &owner, err);
    if (!rc)
        addr_to_text(&owner, text);
    while (!rc) {
        GroupsAnswer *page;
        rc = cli_ask(cli, "/storage/groups", &groups_answer__descriptor, &page, err, "owner", text, "start_after",
                     after, NULL);
        for (size_t i = 0; !rc && i < page->n_groups; i++)
            json_array_append_new(rows, json_pack("{s:s, s:s, s:s}", "name", page->groups[i]->group_name, "id",
                                                  cli_u64(cli, page->groups[i]->id), "members",
                                                  cli_u64(cli, page->groups[i]->members)));
        if (rc || !*page->next)
            break;
        after = page->next;
    }
    return cli_print_rows(cli, rc, rows, columns, err);
}

static int list_members(struct cli *cli, struct err *err) {
    static const char *const columns[] = {"account", "expires_at", NULL};
    GroupInfo *group;
    char cursor[256] = "";
    json_t *rows = json_array();
    int rc = cli_group(cli, cli->words[0], &group, err);
    while (!rc) {
        MembersAnswer *page;
        rc = cli_ask(cli, "/storage/members", &members_answer__descriptor, &page, err, "group_id",
                     cli_u64(cli, group->id), "cursor", cursor, NULL);
        for (size_t i = 0; !rc && i < page->n_members; i++) {
            char text[ADDR_TEXT_MAX];
            struct addr addr;
            if (addr_from(pb_bytes(page->members[i]->account), &addr)) {
                addr_to_text(&addr, text);
                json_array_append_new(rows, json_pack("{s:s, s:s}", "account", text, "expires_at",
                                                      cli_u64(cli, page->members[i]->expires_at)));
            }
        }
        if (rc || !page->next_cursor.len || 2 * page->next_cursor.len >= sizeof cursor)
            break;
        hex_encode(page->next_cursor.data, page->next_cursor.len, cursor);
    }
    return cli_print_rows(cli, rc, rows, columns, err);
}

/* The group that is named, and its owner when it is another than the creator. */
static int named(struct cli *cli, char **ret_name, ProtobufCBinaryData *ret_owner, struct err *err) {
    int rc = name_check_group(cli->words[0], err);
    *ret_name = pb_text(cli->words[0]);
    return rc ? rc : cli_address_field(cli, cli_value(cli, "--owner"), ret_owner, err);
}

/* Without --add and --remove: lists them. */
int cmd_group_members(struct cli *cli, struct err *err) {
    GroupMember *members[MEMBERS_MAX];
    ProtobufCBinaryData removed[MEMBERS_MAX];
    MsgUpdateGroupMembers message = MSG_UPDATE_GROUP_MEMBERS__INIT;
    const char *text;
    if (!cli_has(cli, "--add") && !cli_has(cli, "--remove"))
        return list_members(cli, err);
    int rc = named(cli, &message.group_name, &message.group_owner, err);
    if (!rc)
        rc = parse_added(cli, members, &message.n_add, err);
    for (size_t at = 0; !rc && (text = cli_next_value(cli, "--remove", &at)) != NULL;)
        rc = cli_address_field(cli, text, &removed[message.n_remove++], err);
    if (rc)
        return rc;
    message.add = members;
    message.remove = removed;
    return cli_act(cli, &message.base, err);
}

int cmd_group_delete(struct cli *cli, struct err *err) {
    MsgDeleteGroup message = MSG_DELETE_GROUP__INIT;
    int rc = named(cli, &message.group_name, &message.group_owner, err);
    return rc ? rc : cli_act(cli, &message.base, err);
}

int cmd_group_leave(struct cli *cli, struct err *err) {
    MsgLeaveGroup message = MSG_LEAVE_GROUP__INIT;
    if (!cli_has(cli, "--owner"))
        return err_set(err, CODE_INVALID_ARGUMENT, "say whose group: --owner ADDR");
    int rc = named(cli, &message.group_name, &message.group_owner, err);
    return rc ? rc : cli_act(cli, &message.base, err);
}

int cmd_group_update(struct cli *cli, struct err *err) {
    MsgUpdateGroup message = MSG_UPDATE_GROUP__INIT;
    Tag *tags[CLI_FLAGS_MAX];
    int rc = named(cli, &message.group_name, &message.group_owner, err);
    if (!rc)
        rc = cli_tag_list(cli, tags, &message.n_tags, err);
    if (rc)
        return rc;
    message.tags = tags;
    if (cli_value(cli, "--extra"))
        message.extra = pb_text(cli_value(cli, "--extra"));
    return cli_act(cli, &message.base, err);
}
