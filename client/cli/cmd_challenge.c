/* SPDX-License-Identifier: Apache-2.0 */
/* cairn challenge ...: what the ledger asked providers to prove, and what anybody may ask. */
#include "chain/base/num.h"
#include "chain/codec/pb.h"
#include "chain/os/clock.h"
#include "chain/types/keys_challenge.h"
#include "client/cli/commands.h"
#include "client/lib/challenge_check.h"
#include "client/lib/placement.h"

enum { CLOSED_WAIT_S = 300 };

static const char *status_name(ChallengeStatus status) {
    switch (status) {
    case CHALLENGE_STATUS_OPEN:
        return "open";
    case CHALLENGE_STATUS_PASSED:
        return "passed";
    case CHALLENGE_STATUS_MISSED:
        return "missed";
    case CHALLENGE_STATUS_UNSPECIFIED:
        break;
    }
    return "?";
}

static const char *origin_name(ChallengeOrigin origin) {
    switch (origin) {
    case CHALLENGE_ORIGIN_FLOOR:
        return "floor";
    case CHALLENGE_ORIGIN_BYTES:
        return "bytes";
    case CHALLENGE_ORIGIN_SUBMITTED:
        return "submitted";
    case CHALLENGE_ORIGIN_REPAIR:
        return "repair";
    case CHALLENGE_ORIGIN_TAKEOVER:
        return "takeover";
    case CHALLENGE_ORIGIN_UNSPECIFIED:
        break;
    }
    return "?";
}

static json_t *challenge_row(struct cli *cli, const Challenge *c) {
    return json_pack("{s:s, s:s, s:s, s:i, s:i, s:s, s:s, s:s, s:s, s:s}", "id", cli_u64(cli, c->id), "status",
                     status_name(c->status), "origin", origin_name(c->origin), "sp_id", (int)c->sp_id, "position",
                     (int)c->position, "segment", cli_u64(cli, c->segment), "object_id", cli_u64(cli, c->object_id),
                     "bucket_name", c->bucket_name, "object_name", c->object_name, "slashed", cli_u64(cli, c->slashed));
}

static bool wanted(const struct cli *cli, const Challenge *c) {
    const char *status = cli_value(cli, "--status"), *origin = cli_value(cli, "--origin");
    return (!status || !strcmp(status, status_name(c->status))) && (!origin || !strcmp(origin, origin_name(c->origin)));
}

int cmd_challenge_list(struct cli *cli, struct err *err) {
    static const char *const columns[] = {"id",      "status",      "origin",      "sp_id", "position",
                                          "segment", "bucket_name", "object_name", NULL};
    const char *uri = cli_value(cli, "--object");
    uint64_t sp, object = 0, after = 0;
    struct placement p;
    int rc = cli_number(cli, "--sp", 0, UINT32_MAX, &sp, err);
    if (!rc && uri) {
        rc = cli_find_object(cli, uri, &p, err);
        object = rc ? 0 : p.object->id;
    }
    json_t *rows = json_array();
    while (!rc) { /* all, open and closed a while ago; the indexes by provider and object know the open ones only */
        ChallengesAnswer *page;
        rc = cli_ask(cli, "/challenge/challenges", &challenges_answer__descriptor, &page, err, "start_after",
                     after ? cli_u64(cli, after) : "", NULL);
        for (size_t i = 0; !rc && i < page->n_challenges; i++) {
            const Challenge *c = page->challenges[i];
            if ((!sp || c->sp_id == sp) && (!object || c->object_id == object) && wanted(cli, c))
                json_array_append_new(rows, challenge_row(cli, c));
        }
        if (rc || !page->next)
            break;
        after = page->next;
    }
    return cli_print_rows(cli, rc, rows, columns, err);
}

static int find_challenge(struct cli *cli, uint64_t id, uint64_t min_height, Challenge **ret, struct err *err) {
    struct ledger *ledger;
    struct key k;
    int rc = cli_ledger(cli, &ledger, err);
    if (!rc)
        rc = ledger_record(ledger, key_challenge(&k, id), min_height, &challenge__descriptor, &cli->arena, ret, NULL,
                           err);
    return rc == CODE_NOT_FOUND
               ? err_set(err, CODE_CHALLENGE_NOT_FOUND,
                         "there is no challenge %llu; closed ones are kept for a while only", (unsigned long long)id)
               : rc;
}

int cmd_challenge_show(struct cli *cli, struct err *err) {
    uint64_t id;
    Challenge *challenge;
    if (!u64_parse(cli->words[0], strlen(cli->words[0]), &id))
        return err_set(err, CODE_INVALID_ARGUMENT, "\"%s\" is not the number of a challenge", cli->words[0]);
    int rc = find_challenge(cli, id, 0, &challenge, err);
    return rc ? rc : cli_print_pb(cli, challenge, err);
}

/* --- whom to ask -------------------------------------------------------------------------------------------------- */

/* The position of --position, or the one that --sp holds. */
static int read_position(struct cli *cli, const struct placement *p, uint32_t *ret, struct err *err) {
    uint64_t position, sp;
    int rc = cli_number(cli, "--position", 0, UINT32_MAX, &position, err);
    if (!rc)
        rc = cli_number(cli, "--sp", 0, UINT32_MAX, &sp, err);
    if (rc)
        return rc;
    if (cli_has(cli, "--position") == cli_has(cli, "--sp"))
        return err_set(err, CODE_INVALID_ARGUMENT, "say whom to challenge: --sp N or --position N");
    *ret = cli_has(cli, "--sp") ? placement_position_of(p, (uint32_t)sp) : (uint32_t)position;
    if (*ret >= p->positions)
        return err_set(err, CODE_CHALLENGE_POSITION, "%s: `cairn object where %s` tells who holds what",
                       p->positions ? "the object has no such position" : "the object has no pieces", cli->words[0]);
    return CODE_OK;
}

/* --- submit ------------------------------------------------------------------------------------------------------- */

/* Waits, height by height, until the ledger has closed it. */
static int await_closed(struct cli *cli, uint64_t id, uint64_t height, Challenge **ret, struct err *err) {
    uint64_t seconds;
    int rc = cli_number(cli, "--timeout", CLOSED_WAIT_S, 24 * 3600, &seconds, err);
    uint64_t until = clock_mono_ms() + (rc ? 0 : seconds) * 1000;
    while (!rc) {
        struct arena_mark mark = arena_mark(&cli->arena);
        rc = find_challenge(cli, id, height++, ret, err);
        if (rc == CODE_TIMEOUT || rc == CODE_NOT_READY) { /* the height is not there yet */
            height--;
            rc = CODE_OK;
        } else if (!rc && (*ret)->status != CHALLENGE_STATUS_OPEN) {
            return CODE_OK;
        }
        if (!rc && clock_mono_ms() > until)
            rc = err_set(err, CODE_TIMEOUT, "challenge %llu is still open: `cairn challenge show %llu`",
                         (unsigned long long)id, (unsigned long long)id);
        arena_rewind(&cli->arena, mark);
    }
    return rc;
}

int cmd_challenge_submit(struct cli *cli, struct err *err) {
    struct placement p;
    Challenge *challenge;
    TxStatus *status;
    MsgSubmitChallenge message = MSG_SUBMIT_CHALLENGE__INIT;
    int rc = cli_find_object(cli, cli->words[0], &p, err);
    if (!rc)
        rc = read_position(cli, &p, &message.position, err);
    if (!rc)
        rc = cli_number(cli, "--segment", 0, UINT64_MAX, &message.segment, err);
    if (rc)
        return rc;
    message.bucket_name = p.bucket->bucket_name;
    message.object_name = p.object->object_name;
    message.any_segment = !cli_has(cli, "--segment");
    rc = cli_act_status(cli, &message.base, &status, err);
    if (rc)
        return rc;
    bool wait = cli->wait && !strcmp(cli->wait, "closed");
    if (!wait || !status->result || !status->result->n_ids)
        return cli_print(cli, cli_tx_json(status), err);
    rc = await_closed(cli, status->result->ids[0], status->height, &challenge, err);
    if (!rc)
        rc = cli_print(cli, challenge_row(cli, challenge), err);
    if (!rc && challenge->status == CHALLENGE_STATUS_MISSED)
        rc = err_set(err, CODE_INTEGRITY, "provider %u missed the challenge and was slashed %s", challenge->sp_id,
                     money_text(challenge->slashed).s);
    return rc;
}

/* --- run ---------------------------------------------------------------------------------------------------------- */

int cmd_challenge_run(struct cli *cli, struct err *err) {
    struct placement p;
    struct sp_client *sps;
    struct challenge_report report;
    uint32_t position;
    uint64_t segment;
    int rc = cli_find_object(cli, cli->words[0], &p, err);
    if (!rc)
        rc = read_position(cli, &p, &position, err);
    if (!rc)
        rc = cli_number(cli, "--segment", 0, UINT64_MAX, &segment, err);
    if (!rc)
        rc = cli_sps(cli, false, &sps, err);
    if (!rc)
        rc = challenge_check(sps, &p, position, segment, &report, err);
    if (rc)
        return rc;
    rc = cli_print(cli,
                   json_pack("{s:s, s:i, s:i, s:s, s:s, s:s}", "verdict", challenge_verdict_name(report.verdict),
                             "sp_id", (int)report.sp_id, "position", (int)position, "segment", cli_u64(cli, segment),
                             "bytes", cli_u64(cli, report.bytes), "reason",
                             report.verdict == CHALLENGE_MATCH ? "" : err_text(&report.why)),
                   err);
    if (!rc && report.verdict == CHALLENGE_MISMATCH)
        rc = err_set(err, CODE_INTEGRITY, "%s", err_text(&report.why));
    if (!rc && report.verdict == CHALLENGE_UNAVAILABLE)
        rc = err_set(err, CODE_UNAVAILABLE, "%s", err_text(&report.why));
    return rc;
}

/* --- what is owed ------------------------------------------------------------------------------------------------- */

int cmd_challenge_owed(struct cli *cli, struct err *err) {
    ChallengeSnapshot *s;
    uint32_t sp;
    int rc = cli_sp_id(cli->words[0], &sp, err);
    if (!rc)
        rc = cli_ask(cli, "/challenge/snapshot", &challenge_snapshot__descriptor, &s, err, "sp_id", cli_u64(cli, sp),
                     NULL);
    return rc ? rc : cli_print_pb(cli, s, err);
}

static json_t *repair_row(struct cli *cli, const RepairDuty *d) {
    return json_pack("{s:s, s:i, s:i, s:s, s:s, s:s, s:s}", "object_id", cli_u64(cli, d->object_id), "position",
                     (int)d->position, "sp_id", (int)d->sp_id, "segment", cli_u64(cli, d->segment), "misses",
                     cli_u64(cli, d->misses), "since", cli_u64(cli, d->since), "open_challenge",
                     cli_u64(cli, d->open_challenge));
}

int cmd_challenge_repairs(struct cli *cli, struct err *err) {
    static const char *const columns[] = {"object_id", "position",       "sp_id", "segment",
                                          "misses",    "open_challenge", NULL};
    json_t *rows = json_array();
    char cursor[64] = "";
    int rc = CODE_OK;
    while (!rc) {
        RepairDutiesAnswer *page;
        rc = cli_ask(cli, "/challenge/repairs", &repair_duties_answer__descriptor, &page, err, "cursor", cursor, NULL);
        for (size_t i = 0; !rc && i < page->n_duties; i++)
            json_array_append_new(rows, repair_row(cli, page->duties[i]));
        if (rc || !page->next_cursor.len || 2 * page->next_cursor.len >= sizeof cursor)
            break;
        hex_encode(page->next_cursor.data, page->next_cursor.len, cursor);
    }
    return cli_print_rows(cli, rc, rows, columns, err);
}

int cmd_challenge_lost(struct cli *cli, struct err *err) {
    struct placement p;
    MsgDeclareLost message = MSG_DECLARE_LOST__INIT;
    int rc = cli_find_object(cli, cli->words[0], &p, err);
    if (!rc)
        rc = read_position(cli, &p, &message.position, err);
    if (rc)
        return rc;
    message.object_id = p.object->id;
    return cli_act(cli, &message.base, err);
}
