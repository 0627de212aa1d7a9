/* SPDX-License-Identifier: Apache-2.0 */
/* cairn object verify: every position's pieces and the content against the ledger. */
#include "client/cli/commands.h"
#include "client/cli/progress.h"
#include "client/lib/object_verify.h"

static void show(void *ctx, uint64_t done, uint64_t total) {
    progress_step(ctx, "verify", false, done, total);
}

static const char *state_of(const struct piece_fetch *fetch, const struct object_verify_result *r, uint32_t i) {
    const struct piece_fault *f = &fetch->faults[i];
    if (f->failed)
        return code_exit(f->code) == code_exit(CODE_INTEGRITY) ? "bad" : "unavailable";
    return r->coded_wrong >> i & 1 ? "wrong code" : "good";
}

static json_t *report(struct cli *cli, const struct placement *p, const struct piece_fetch *fetch,
                      const struct object_verify_result *r) {
    json_t *positions = json_array();
    for (uint32_t i = 0; i < p->positions; i++)
        json_array_append_new(positions,
                              json_pack("{s:i, s:i, s:s, s:s}", "position", (int)i, "sp_id", (int)p->sps[i]->id,
                                        "state", state_of(fetch, r, i), "reason", fetch->faults[i].reason));
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "object_id", cli_u64(cli, p->object->id), "version",
                     cli_u64(cli, p->object->version), "content", r->content ? "match" : "MISMATCH", "pieces",
                     cli_u64(cli, r->pieces), "bytes", cli_u64(cli, r->bytes), "positions", positions);
}

static int verdict(const struct placement *p, const struct piece_fetch *fetch, const struct object_verify_result *r,
                   struct err *err) {
    int rc = CODE_OK;
    for (uint32_t i = 0; i < p->positions; i++)
        if (fetch->faults[i].failed && rc != CODE_INTEGRITY)
            rc = err_set(err, fetch->faults[i].code, "position %u: %s", i, fetch->faults[i].reason);
    if (r->coded_wrong)
        rc = err_set(err, CODE_INTEGRITY, "what some positions sealed is not the code of the content");
    if (!r->content)
        rc = err_set(err, CODE_CONTENT_ROOT, "the content is not what the owner signed");
    return rc;
}

int cmd_object_verify(struct cli *cli, struct err *err) {
    struct placement p;
    struct sp_client *sps;
    struct piece_fetch fetch;
    struct progress progress;
    struct object_verify_result result = {.content = true};
    int rc = cli_find_object(cli, cli->words[0], &p, err);
    if (!rc)
        rc = cli_sps(cli, false, &sps, err);
    if (!rc && p.object->object_status == OBJECT_STATUS_SEALED && !p.object->payload_size)
        return cli_print(
            cli,
            json_pack("{s:s, s:s, s:[]}", "object_id", cli_u64(cli, p.object->id), "content", "match", "positions"),
            err);
    if (!rc)
        rc = piece_fetch_init(&fetch, sps, &p, err);
    if (rc)
        return rc;
    progress_init(&progress, cli);
    rc = object_verify_run(&fetch, show, &progress, &result, err);
    progress_end(&progress, !rc);
    if (!rc)
        rc = cli_print(cli, report(cli, &p, &fetch, &result), err);
    if (!rc)
        rc = verdict(&p, &fetch, &result, err);
    piece_fetch_release(&fetch);
    return rc;
}
