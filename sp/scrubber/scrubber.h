/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Re-reads every piece that this SP holds, over and over, at a bounded rate, and compares it with the piece index. What
 * is damaged or missing is told to env, which has it rebuilt from the other positions. Where a round stands is durable:
 * a restart goes on.
 */
#ifndef CAIRN_SP_SCRUBBER_SCRUBBER_H
#define CAIRN_SP_SCRUBBER_SCRUBBER_H

#include "cairn/sp_db.h"
#include "sp/piecestore/piecestore.h"
#include "sp/spdb/spdb.h"

struct scrubber_env {
    void *ctx;
    /* True: leave this object alone for now (the operator holds it). May be NULL. */
    bool (*held_back)(void *ctx, uint64_t object_id);
    /* This piece is damaged (CODE_CORRUPT) or gone (CODE_NOT_FOUND): have it rebuilt. Called once a round and piece. */
    void (*piece_bad)(void *ctx, const struct piece_key *key, int why);
};

struct scrubber_config {
    struct spdb *db;
    struct piecestore *store;
    struct scrubber_env env;
    uint64_t bytes_per_second; /* 0: as fast as the disk goes */
    uint64_t interval_ms;      /* from the start of one round to the start of the next */
};

struct scrubber;

/* Starts its thread. The first round goes on where the last one stopped, or begins when interval_ms have passed since
 * that began. */
int scrubber_new(const struct scrubber_config *config, struct scrubber **ret_scrubber, struct err *err);
/* Begins a round now, if none is running. Any thread. */
void scrubber_kick(struct scrubber *scrubber);
/* Stops early. Idempotent, does not wait. */
void scrubber_close(struct scrubber *scrubber);
/* Closes, waits, writes down where it stands, frees. NULL is fine. */
void scrubber_free(struct scrubber *scrubber);

/* Counts over the life of the database; *ret_running: a round is under way. */
void scrubber_stats(struct scrubber *scrubber, ScrubStats *ret_stats, bool *ret_running);
/* A repair ended: counted as rebuilt or failed; written down when the scrubber next writes, or is freed. Any
 * thread. */
void scrubber_note_repair(struct scrubber *scrubber, bool rebuilt);

#endif
