/* SPDX-License-Identifier: Apache-2.0 */
/* cairn bucket migrate ..., cairn sp ...-migration: buckets that move to another primary. */
#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/types/keys_storage.h"
#include "client/cli/commands.h"
#include "client/lib/approval.h"
#include "client/lib/placement.h"

static int find_bucket(struct cli *cli, BucketInfo **ret, struct err *err) {
    struct ledger *ledger;
    const char *name;
    int rc = cli_bucket_name(cli, cli->words[0], &name, err);
    if (!rc)
        rc = cli_ledger(cli, &ledger, err);
    return rc ? rc : placement_bucket(ledger, name, 0, &cli->arena, ret, err);
}

/* Asks the destination for its approval, then the ledger. */
int cmd_bucket_migrate(struct cli *cli, struct err *err) {
    MigrateBucketSpec spec = MIGRATE_BUCKET_SPEC__INIT;
    MsgMigrateBucket m = MSG_MIGRATE_BUCKET__INIT;
    struct sp_client *sps;
    struct addr creator;
    struct bytes encoded;
    BucketInfo *bucket;
    int rc = cli_sp_id(cli->words[1], &spec.to_sp, err);
    if (!rc)
        rc = find_bucket(cli, &bucket, err);
    if (!rc)
        rc = cli_address(cli, &creator, err);
    if (!rc)
        rc = cli_sps(cli, true, &sps, err);
    if (rc)
        return rc;
    spec.creator = pb_data(addr_bytes(&creator));
    spec.bucket_name = bucket->bucket_name;
    spec.bucket_id = bucket->id;
    rc = pb_encode(&spec.base, &cli->arena, &encoded, err);
    if (!rc)
        rc = approval_ask(sps, spec.to_sp, APPROVAL_MIGRATE, encoded, &cli->arena, &m.approval, err);
    if (rc)
        return rc;
    m.spec = pb_data(encoded);
    rc = cli_act(cli, &m.base, err);
    if (!rc)
        cli_note(cli, "provider %u takes it over: `cairn bucket migration %s` tells how far it is", spec.to_sp,
                 bucket->bucket_name);
    return rc;
}

int cmd_bucket_migrate_cancel(struct cli *cli, struct err *err) {
    MsgCancelMigrateBucket m = MSG_CANCEL_MIGRATE_BUCKET__INIT;
    const char *name;
    int rc = cli_bucket_name(cli, cli->words[0], &name, err);
    m.bucket_name = rc ? NULL : pb_text(name);
    return rc ? rc : cli_act(cli, &m.base, err);
}

int cmd_bucket_migration(struct cli *cli, struct err *err) {
    struct ledger *ledger;
    BucketInfo *bucket;
    BucketMigration *migration;
    struct key k;
    int rc = find_bucket(cli, &bucket, err);
    if (!rc)
        rc = cli_ledger(cli, &ledger, err);
    if (!rc)
        rc = ledger_record(ledger, key_migration(&k, bucket->id), 0, &bucket_migration__descriptor, &cli->arena,
                           &migration, NULL, err);
    if (rc == CODE_NOT_FOUND)
        rc = err_set(err, CODE_MIGRATION_NOT_FOUND, "bucket %s is not on its way to another provider",
                     bucket->bucket_name);
    return rc ? rc : cli_print_pb(cli, migration, err);
}

/* --- the destination's side --- */

int cmd_sp_migrations(struct cli *cli, struct err *err) {
    static const char *const columns[] = {"bucket", "from", "to", "deadline", NULL};
    MigrationsAnswer *page;
    uint64_t after = 0;
    uint32_t id = 0;
    json_t *rows = json_array();
    int rc = cli_sp_id(cli->words[0], &id, err);
    do {
        if (!rc)
            rc = cli_ask(cli, "/storage/migrations", &migrations_answer__descriptor, &page, err, "sp_id",
                         cli_u64(cli, id), "start_after", cli_u64(cli, after), NULL);
        for (size_t i = 0; !rc && i < page->n_migrations; i++) {
            const BucketMigration *m = page->migrations[i];
            json_array_append_new(rows,
                                  json_pack("{s:s, s:i, s:i, s:s}", "bucket", m->bucket_name, "from", (int)m->from_sp,
                                            "to", (int)m->to_sp, "deadline", cli_u64(cli, m->deadline)));
        }
        after = rc ? 0 : page->next;
    } while (after);
    return cli_print_rows(cli, rc, rows, columns, err);
}

int cmd_sp_reject_migration(struct cli *cli, struct err *err) {
    MsgRejectMigrateBucket m = MSG_REJECT_MIGRATE_BUCKET__INIT;
    const char *name;
    int rc = cli_bucket_name(cli, cli->words[0], &name, err);
    if (rc)
        return rc;
    m.bucket_name = pb_text(name);
    m.reason = pb_text(cli->words[1]);
    return cli_act(cli, &m.base, err);
}

/* One slot, into a group of the provider's own or out of another primary's hands; or no slot. */
int cmd_sp_complete_migration(struct cli *cli, struct err *err) {
    MsgCompleteMigrateBucket m = MSG_COMPLETE_MIGRATE_BUCKET__INIT;
    SlotMove move = SLOT_MOVE__INIT, *moves[] = {&move};
    const char *name;
    int rc = cli_bucket_name(cli, cli->words[0], &name, err);
    if (!rc && cli->word_count > 1)
        rc = cli_id(cli->words[1], "slot", &move.slot, err);
    if (!rc && cli->word_count > 2)
        rc = cli_id(cli->words[2], "placement group", &move.group_id, err);
    if (rc)
        return rc;
    m.bucket_name = pb_text(name);
    m.slots = moves;
    m.n_slots = cli->word_count > 1;
    return cli_act(cli, &m.base, err);
}
