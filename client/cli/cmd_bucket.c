/* SPDX-License-Identifier: Apache-2.0 */
/* cairn bucket ...: buckets. */
#include "chain/codec/bech32.h"
#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/types/layout.h"
#include "client/cli/commands.h"
#include "client/lib/bucket_create.h"
#include "client/lib/placement.h"

#define DEFAULT_PROFILE "ec:4+2+w"

int cli_visibility(const struct cli *cli, Visibility *ret, struct err *err) {
    const char *text = cli_value(cli, "--visibility");
    if (!text)
        *ret = VISIBILITY_UNSPECIFIED;
    else if (!strcmp(text, "private"))
        *ret = VISIBILITY_PRIVATE;
    else if (!strcmp(text, "public") || !strcmp(text, "public-read"))
        *ret = VISIBILITY_PUBLIC_READ;
    else
        return err_set(err, CODE_VISIBILITY, "--visibility is private or public, not \"%s\"", text);
    return CODE_OK;
}

/* A bucket may be made before its providers are there; whoever makes one should know that nothing can be stored yet. */
static int note_few_providers(struct cli *cli, const Profile *profile, struct err *err) {
    char text[PROFILE_TEXT_MAX];
    uint32_t positions = profile_positions(profile), serving = 0, after = 0;
    if (cli->quiet)
        return CODE_OK;
    do {
        SpsAnswer *page;
        int rc =
            cli_ask(cli, "/sp/list", &sps_answer__descriptor, &page, err, "start_after", cli_u64(cli, after), NULL);
        if (rc)
            return rc;
        for (size_t i = 0; i < page->n_sps; i++)
            serving += page->sps[i]->status == SP_STATUS_IN_SERVICE;
        after = page->next;
    } while (after && serving < positions);
    if (serving < positions)
        cli_note(cli, "note: %s needs %u providers, %u %s in service: objects cannot be stored until there are more",
                 profile_print(profile, text), positions, serving, serving == 1 ? "is" : "are");
    return CODE_OK;
}

int cmd_bucket_create(struct cli *cli, struct err *err) {
    struct bucket_create create = {.fee = cli->fee};
    struct sp_client *sps;
    struct addr payment;
    Profile *profile;
    TxStatus *status;
    uint64_t sp;
    uint32_t primary = 0;
    int rc = cli_bucket_name(cli, cli->words[0], &create.name, err);
    if (!rc)
        rc = cli_profile(cli, DEFAULT_PROFILE, &profile, err);
    if (!rc)
        rc = cli_visibility(cli, &create.visibility, err);
    if (!rc)
        rc = cli_number(cli, "--sp", 0, UINT32_MAX, &sp, err);
    if (!rc)
        rc = cli_size(cli, "--quota", 0, &create.read_quota, err);
    if (!rc)
        rc = cli_sponsors(cli, &create.creator, &create.fee_payer, err);
    if (!rc && cli_value(cli, "--payment")) {
        rc = cli_payer(cli, cli_value(cli, "--payment"), &payment, err);
        create.payment_address = &payment;
    }
    if (!rc)
        rc = cli_sps(cli, true, &sps, err);
    if (rc)
        return rc;
    create.profile = profile;
    create.primary_sp = (uint32_t)sp;
    rc = note_few_providers(cli, profile, err);
    if (!rc)
        rc = bucket_create_run(sps, &create, &cli->arena, &status, &primary, err);
    if (rc)
        return rc;
    json_t *value = cli_tx_json(status);
    if (value) {
        json_object_set_new(value, "bucket_name", json_string(create.name));
        json_object_set_new(value, "primary_sp", json_integer(primary));
    }
    return cli_print(cli, value, err);
}

int cmd_bucket_head(struct cli *cli, struct err *err) {
    struct ledger *ledger;
    const char *name;
    BucketInfo *bucket;
    int rc = cli_bucket_name(cli, cli->words[0], &name, err);
    if (!rc)
        rc = cli_ledger(cli, &ledger, err);
    if (!rc)
        rc = placement_bucket(ledger, name, 0, &cli->arena, &bucket, err);
    return rc ? rc : cli_print_pb(cli, bucket, err);
}

static json_t *bucket_row(struct cli *cli, const BucketInfo *b) {
    char profile[PROFILE_TEXT_MAX] = "";
    if (b->profile)
        profile_print(b->profile, profile);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i}", "name", b->bucket_name, "objects", cli_u64(cli, b->objects),
                     "bytes", cli_u64(cli, b->stored_bytes), "profile", profile, "visibility",
                     b->visibility == VISIBILITY_PUBLIC_READ ? "public" : "private", "primary_sp", (int)b->primary_sp);
}

int cmd_bucket_list(struct cli *cli, struct err *err) {
    static const char *const columns[] = {"name", "objects", "bytes", "profile", "visibility", "primary_sp", NULL};
    struct addr owner;
    char text[ADDR_TEXT_MAX];
    const char *after = "";
    json_t *rows = json_array();
    int rc = cli->word_count ? cli_parse_address(cli, cli->words[0], &owner, err) : cli_address(cli, &owner, err);
    if (!rc)
        addr_to_text(&owner, text);
    while (!rc) {
        BucketsAnswer *page;
        rc = cli_ask(cli, "/storage/buckets", &buckets_answer__descriptor, &page, err, "owner", text, "start_after",
                     after, NULL);
        for (size_t i = 0; !rc && i < page->n_buckets; i++)
            json_array_append_new(rows, bucket_row(cli, page->buckets[i]));
        if (rc || !*page->next)
            break;
        after = page->next;
    }
    return cli_print_rows(cli, rc, rows, columns, err);
}

int cmd_bucket_delete(struct cli *cli, struct err *err) {
    const char *name;
    MsgDeleteBucket message = MSG_DELETE_BUCKET__INIT;
    int rc = cli_bucket_name(cli, cli->words[0], &name, err);
    if (rc)
        return rc;
    message.bucket_name = pb_text(name);
    return cli_act(cli, &message.base, err);
}

static SetNumber *new_number(struct cli *cli, const char *flag, uint64_t value) {
    SetNumber *set = cli_value(cli, flag) ? ARENA_NEW(&cli->arena, SetNumber) : NULL;
    if (!set)
        return NULL;
    set_number__init(set);
    set->value = value;
    return set;
}

int cmd_bucket_update(struct cli *cli, struct err *err) {
    struct addr payer;
    const char *name;
    MsgUpdateBucket m = MSG_UPDATE_BUCKET__INIT;
    uint64_t quota, cap;
    int rc = cli_bucket_name(cli, cli->words[0], &name, err);
    if (!rc)
        rc = cli_visibility(cli, &m.visibility, err);
    if (!rc)
        rc = cli_profile(cli, NULL, &m.profile, err);
    if (!rc)
        rc = cli_size(cli, "--quota", 0, &quota, err);
    if (!rc)
        rc = cli_number(cli, "--price-cap", 0, UINT64_MAX, &cap, err);
    if (!rc)
        rc = cli_tags(cli, &m.tags, err);
    if (!rc && cli_value(cli, "--payment"))
        rc = cli_payer(cli, cli_value(cli, "--payment"), &payer, err);
    if (rc)
        return rc;
    m.bucket_name = pb_text(name);
    m.read_quota = new_number(cli, "--quota", quota);
    m.price_cap = new_number(cli, "--price-cap", cap);
    if (cli_value(cli, "--payment"))
        m.payment_address = pb_data(addr_bytes(&payer));
    return cli_act(cli, &m.base, err);
}

int cmd_bucket_discontinue(struct cli *cli, struct err *err) {
    const char *name;
    MsgDiscontinueBucket m = MSG_DISCONTINUE_BUCKET__INIT;
    int rc = cli_bucket_name(cli, cli->words[0], &name, err);
    if (rc)
        return rc;
    m.bucket_name = pb_text(name);
    m.reason = pb_text(cli->words[1]);
    return cli_act(cli, &m.base, err);
}
