/* SPDX-License-Identifier: Apache-2.0 */
/* After a restart: the log of the height after the head, read back into the consensus core. */
#include "chain/node/core_rooms.h"

#include "chain/os/crash.h"
#include "chain/os/log.h"

#include <inttypes.h>

struct recovery {
    struct core *c;
    unsigned records, bodies;
    struct err *err;
};

static int recover_one(void *arg, uint8_t kind, struct bytes payload) {
    struct recovery *r = arg;
    crash_point(CRASH_RECOVER_RECORD);
    if (kind == LOG_RECORD) {
        r->records++;
        return driver_replay(r->c->driver, payload, r->err);
    }
    struct block *b = NULL;
    int rc = block_new(payload, &r->c->chain_tag, &b, r->err);
    if (rc == CODE_OK)
        rc = block_open(b, r->c->head->last_validators.n, r->err);
    if (rc == CODE_OK)
        core_keep(r->c, b, BODY_VALID);
    block_unref(b);
    r->bodies++;
    return rc == CODE_OK ? CODE_OK : err_wrap(r->err, CODE_CORRUPT, "a body in the durability log");
}

/* The ledger was lost, or put back from a backup, and heights come again: the key has signed above it, or the log tells
 * of later heights. Their logs overwrite the one that holds what the key is bound to where it signed last, so it signs
 * nothing more there. */
static int give_up_forgotten(struct core *c, uint64_t height, struct err *err) {
    bool past = false;
    if (c->signer == NULL || c->signer->last.height < height || c->signer->last.round == UINT32_MAX)
        return CODE_OK;
    int rc = wal_is_past(c->wal, height, &past, err);
    if (rc != CODE_OK || (!past && c->signer->last.height == height))
        return rc;
    log_warn("node", "the ledger was lost after this validator had signed; it signs nothing up to that height",
             "height=%" PRIu64 " signed=%" PRIu64, height, c->signer->last.height);
    return signer_give_up(c->signer, c->signer->last.height, err);
}

/* A height that has a log was begun by this very memory; only one without is begun late. */
int recover(struct core *c, uint32_t listen_ms, struct err *err) {
    struct bft_start start = core_start(c);
    if (c->alone && start.self != BFT_SELF_NONE && start.validators > 1 && start.wait_ms < listen_ms)
        start.wait_ms = listen_ms;
    int rc = driver_replay_begin(c->driver, &start, err);
    struct recovery r = {.c = c, .err = err};
    if (rc == CODE_OK)
        rc = give_up_forgotten(c, start.height, err);
    if (rc == CODE_OK)
        rc = wal_open(c->wal, start.height, recover_one, &r, err);
    if (rc == CODE_OK && c->signer != NULL)
        rc = signer_check_log(c->signer, start.height, wal_synced(c->wal), err);
    if (rc == CODE_OK)
        rc = driver_replay_end(c->driver, err);
    crash_point(CRASH_RECOVERED);
    if (rc == CODE_OK && r.records > 0)
        log_info("node", "recovered from the durability log", "height=%" PRIu64 " records=%u bodies=%u torn=%" PRIu64,
                 start.height, r.records, r.bodies, wal_stats(c->wal).torn);
    return rc;
}
