/* SPDX-License-Identifier: Apache-2.0 */
/* cairn object ...: what the ledger says of objects, and what ends them. put, get and verify have files of their own.
 */
#include "chain/codec/bech32.h"
#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/types/deal_state.h"
#include "chain/types/layout.h"
#include "client/cli/commands.h"
#include "client/lib/object_put.h"
#include "client/lib/placement.h"

#include <stdio.h>

int cli_find_object(struct cli *cli, const char *text, struct placement *ret, struct err *err) {
    struct object_uri uri;
    struct ledger *ledger;
    int rc = cli_object_uri(text, &uri, err);
    if (!rc)
        rc = cli_ledger(cli, &ledger, err);
    return rc ? rc : placement_find(ledger, uri.bucket, uri.key, 0, &cli->arena, ret, err);
}

int cmd_object_head(struct cli *cli, struct err *err) {
    struct placement p;
    int rc = cli_find_object(cli, cli->words[0], &p, err);
    return rc ? rc : cli_print_pb(cli, p.object, err);
}

/* --- list --------------------------------------------------------------------------------------------------------- */

static const char *status_name(ObjectStatus status) {
    switch (status) {
    case OBJECT_STATUS_CREATED:
        return "created";
    case OBJECT_STATUS_SEALED:
        return "sealed";
    case OBJECT_STATUS_DISCONTINUED:
        return "discontinued";
    case OBJECT_STATUS_UNSPECIFIED:
        break;
    }
    return "?";
}

static json_t *object_row(struct cli *cli, const ObjectInfo *o) {
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", o->object_name, "size", cli_u64(cli, o->payload_size),
                     "status", status_name(o->object_status), "type", o->content_type, "id", cli_u64(cli, o->id));
}

/* One page, objects and folded prefixes in the order of their names. */
static size_t add_page(struct cli *cli, json_t *rows, const ObjectsAnswer *page) {
    size_t i = 0, j = 0;
    while (i < page->n_objects || j < page->n_common_prefixes) {
        bool object = j == page->n_common_prefixes ||
                      (i < page->n_objects && strcmp(page->objects[i]->object_name, page->common_prefixes[j]) < 0);
        json_array_append_new(rows, object ? object_row(cli, page->objects[i++])
                                           : json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", page->common_prefixes[j++],
                                                       "size", "", "status", "prefix", "type", "", "id", ""));
    }
    return i + j;
}

/* "cairn://bucket/dir/" lists what begins with dir/. */
int cmd_object_list(struct cli *cli, struct err *err) {
    static const char *const columns[] = {"name", "size", "status", "type", NULL}, *const ids[] = {"id", "name", NULL};
    struct object_uri uri = {.bucket = ""};
    const char *after = cli_value(cli, "--start-after"), *prefix = cli_value(cli, "--prefix");
    uint64_t limit, got = 0;
    int rc = CODE_OK;
    if (strstr(cli->words[0], "://"))
        rc = object_uri_parse(cli->words[0], &uri, err);
    else if (strlen(cli->words[0]) < sizeof uri.bucket)
        snprintf(uri.bucket, sizeof uri.bucket, "%s", cli->words[0]);
    if (!rc && prefix && *uri.key)
        rc = err_set(err, CODE_INVALID_ARGUMENT, "name the prefix once: in the address or with --prefix");
    if (!rc)
        rc = cli_number(cli, "--limit", UINT64_MAX, UINT64_MAX, &limit, err);
    json_t *rows = json_array();
    while (!rc && got < limit) {
        ObjectsAnswer *page;
        rc = cli_ask(cli, "/storage/objects", &objects_answer__descriptor, &page, err, "bucket_name", uri.bucket,
                     "prefix", prefix ? prefix : uri.key, "delimiter", cli_value(cli, "--delimiter"), "start_after",
                     after, "limit", limit - got < 1000 ? cli_u64(cli, limit - got) : "", NULL);
        if (!rc)
            got += add_page(cli, rows, page);
        if (rc || !*page->next)
            break;
        after = page->next;
    }
    return cli_print_rows(cli, rc, rows, cli_has(cli, "--ids") ? ids : columns, err);
}

/* --- where -------------------------------------------------------------------------------------------------------- */

static json_t *position_json(const struct placement *p, uint32_t i) {
    char checksum[65] = "";
    const ProtobufCBinaryData *c = &p->object->checksums[i];
    if (c->len == 32)
        hex_encode(c->data, c->len, checksum);
    return json_pack("{s:i, s:i, s:s, s:s, s:b, s:b}", "position", (int)i, "sp_id", (int)p->sps[i]->id, "endpoint",
                     p->sps[i]->endpoint, "checksum", checksum, "whole", (int)profile_is_whole(p->object->profile, i),
                     "sealed", (int)(deal_sealed_positions(p->object) >> i & 1));
}

int cmd_object_where(struct cli *cli, struct err *err) {
    static const char *const columns[] = {"position", "sp_id", "endpoint", "sealed", "checksum", NULL};
    struct placement p;
    int rc = cli_find_object(cli, cli->words[0], &p, err);
    if (rc)
        return rc;
    json_t *positions = json_array();
    for (uint32_t i = 0; i < p.positions; i++)
        json_array_append_new(positions, position_json(&p, i));
    if (!cli->json)
        return cli_print_table(cli, positions, columns, err);
    char profile[PROFILE_TEXT_MAX];
    return cli_print(cli,
                     json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "object_id", cli_u64(cli, p.object->id), "version",
                               cli_u64(cli, p.object->version), "profile", profile_print(p.object->profile, profile),
                               "segments", cli_u64(cli, layout_segments(p.object->profile, p.object->payload_size)),
                               "status", status_name(p.object->object_status), "positions", positions),
                     err);
}

/* --- progress ----------------------------------------------------------------------------------------------------- */

/* How far an upload is; once it is sealed, the state of its deal. */
int cmd_object_progress(struct cli *cli, struct err *err) {
    struct placement p;
    struct sp_client *sps;
    UploadProgress *upload;
    DealAnswer *deal;
    int rc = cli_find_object(cli, cli->words[0], &p, err);
    if (rc)
        return rc;
    if (p.object->object_status == OBJECT_STATUS_SEALED) {
        rc = cli_ask(cli, "/storage/deal", &deal_answer__descriptor, &deal, err, "bucket_name", p.bucket->bucket_name,
                     "object_name", p.object->object_name, NULL);
        return rc ? rc
                  : cli_print(cli,
                              json_pack("{s:s, s:s, s:i, s:i, s:i}", "status", "sealed", "deal",
                                        deal_state_name(deal->state), "positions", (int)deal->positions, "sealed",
                                        (int)deal->sealed, "sound", (int)deal->sound),
                              err);
    }
    rc = cli_sps(cli, true, &sps, err);
    if (!rc)
        rc = object_put_progress(sps, p.object->primary_sp ? p.object->primary_sp : p.bucket->primary_sp,
                                 p.bucket->bucket_name, p.object->object_name, 0, &cli->arena, &upload, err);
    return rc ? rc : cli_print_pb(cli, upload, err);
}

/* --- delete, cancel ----------------------------------------------------------------------------------------------- */

static int delete_msg(struct cli *cli, const char *text, const struct addr *creator, Msg **ret, struct err *err) {
    struct object_uri *uri = ARENA_NEW(&cli->arena, struct object_uri);
    MsgDeleteObject *message = ARENA_NEW(&cli->arena, MsgDeleteObject);
    Msg *msg = ARENA_NEW(&cli->arena, Msg);
    if (!uri || !message || !msg)
        return err_set(err, CODE_NO_MEMORY, "no memory for a transaction");
    int rc = cli_object_uri(text, uri, err);
    if (rc)
        return rc;
    msg_delete_object__init(message);
    msg__init(msg);
    message->creator = pb_data(addr_bytes(creator));
    message->bucket_name = uri->bucket;
    message->object_name = uri->key;
    msg->body_case = MSG__BODY_DELETE_OBJECT;
    msg->delete_object = message;
    *ret = msg;
    return CODE_OK;
}

/* Several in one transaction: all of them, or none. */
int cmd_object_delete(struct cli *cli, struct err *err) {
    Msg *msgs[CLI_WORDS_MAX];
    struct addr creator;
    TxStatus *status;
    int rc = cli_address(cli, &creator, err);
    for (size_t i = 0; !rc && i < cli->word_count; i++)
        rc = delete_msg(cli, cli->words[i], &creator, &msgs[i], err);
    if (!rc)
        rc = cli_send(cli, msgs, cli->word_count, &status, err);
    return rc ? rc : cli_print(cli, cli_tx_json(status), err);
}

/* Gives up an object that is not sealed: its lock is returned. */
int cmd_object_cancel(struct cli *cli, struct err *err) {
    struct object_uri uri;
    MsgCancelObject message = MSG_CANCEL_OBJECT__INIT;
    int rc = cli_object_uri(cli->words[0], &uri, err);
    if (rc)
        return rc;
    message.bucket_name = uri.bucket;
    message.object_name = uri.key;
    return cli_act(cli, &message.base, err);
}
