/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/cmd/daemon.h"

#include "chain/crypto/wipe.h"
#include "chain/os/clock.h"
#include "chain/os/log.h"
#include "client/lib/keystore.h"
#include "sp/piecestore/piece_local.h"
#include "sp/spdb/uploads.h"

#include <stdlib.h>

enum {
    DEGRADED_MAX = 4,
    PART_WAIT_MS = 30000,
    STOP_GRACE_MS = 8000,
    CARE_MS = 5000,
    GC_FULL_EVERY = 6, /* runs */
    TMP_AGE_MS = 3600000,
};

#define QUOTA_LAG_BYTES ((uint64_t)64 << 20)

/* --- one step a module: open and close
 * -------------------------------------------------------------------------------------- */

static int open_lock(struct daemon *d, struct err *err) {
    char path[PATH_MAX];
    int rc = home_path(&d->home, "lock", path, err);
    return rc ? rc : lock_file(&d->lock, path, err);
}
static void close_lock(struct daemon *d) {
    lock_release(&d->lock);
}

static int open_metrics(struct daemon *d, struct err *err) {
    d->metrics = metrics_new();
    if (!d->metrics)
        return err_set(err, CODE_NO_MEMORY, "no memory for metrics");
    metrics_add_process(d->metrics);
    return CODE_OK;
}
static void close_metrics(struct daemon *d) {
    metrics_free(d->metrics);
}

static int open_ledger(struct daemon *d, struct err *err) {
    char path[PATH_MAX];
    struct ledger_options options = {.genesis_path = path,
                                     .home = d->home.dir,
                                     .verify = true,
                                     .allow_private = d->home.config->allow_private_endpoints};
    int rc = home_path(&d->home, "genesis.json", path, err);
    if (!rc)
        rc = home_nodes(&d->home, &options.nodes, err);
    return rc ? rc : ledger_open(&options, &d->ledger, err);
}
static void close_ledger(struct daemon *d) {
    ledger_close(d->ledger);
}

static int open_signer(struct daemon *d, struct err *err) {
    uint8_t passphrase[PASSPHRASE_MAX];
    struct signer_keys keys;
    size_t len = 0;
    int rc = home_passphrase(d->passphrase_file, passphrase, &len, err);
    if (!rc)
        rc = signer_keys_load(d->home.dir, bytes_of(passphrase, len), &keys, err);
    wipe(passphrase, sizeof passphrase);
    if (rc)
        return rc;
    rc = signer_init(&d->signer, d->ledger, d->home.config->sp_id, &keys, err);
    signer_keys_wipe(&keys);
    return rc;
}
static void close_signer(struct daemon *d) {
    signer_release(&d->signer);
}

static int open_db(struct daemon *d, struct err *err) {
    char path[PATH_MAX];
    int rc = home_path(&d->home, "db", path, err);
    return rc ? rc : spdb_open(&d->db, path, (size_t)d->home.config->rocksdb_cache_mib << 20, err);
}
static void close_db(struct daemon *d) {
    spdb_close(&d->db);
}

static int open_pieces(struct daemon *d, struct err *err) {
    char dir[PATH_MAX];
    uint64_t removed;
    int rc = home_piece_dir(&d->home, dir, err);
    if (!rc)
        rc = piece_local_open(dir, &d->pieces, err);
    return rc ? rc : piece_local_sweep(d->pieces, TMP_AGE_MS, &removed, err);
}
static void close_pieces(struct daemon *d) {
    piecestore_free(d->pieces);
}

static int open_auth(struct daemon *d, struct err *err) {
    char path[PATH_MAX];
    int rc = home_path(&d->home, "operator.token", path, err);
    return rc ? rc : authenticator_init(&d->auth, d->ledger, d->home.config->sp_id, path, err);
}
static void close_auth(struct daemon *d) {
    authenticator_release(&d->auth);
}

static int open_approver(struct daemon *d, struct err *err) {
    struct stage_limits stages = home_stage_limits(&d->home);
    (void)err;
    approver_init(&d->approver, d->ledger, &d->auth, &d->signer, &d->db, d->pieces, d->home.config, &stages);
    return CODE_OK;
}
static void close_approver(struct daemon *d) {
    approver_release(&d->approver);
}

static int open_manager(struct daemon *d, struct err *err) {
    return manager_init(&d->manager, &d->db, err);
}
static void close_manager(struct daemon *d) {
    manager_release(&d->manager);
}

static int open_p2p(struct daemon *d, struct err *err) {
    return p2p_init(&d->p2p, d->home.config->p2p_listen, d->ledger, &d->signer, &d->approver,
                    d->home.config->allow_private_endpoints, err);
}
static void close_p2p(struct daemon *d) {
    p2p_close(&d->p2p);
    p2p_release(&d->p2p);
}

static int open_peers(struct daemon *d, struct err *err) {
    return sp_client_open(d->ledger, signer_request_key(&d->signer), &d->peers, err);
}
static void close_peers(struct daemon *d) {
    sp_client_close(d->peers);
}

static int open_holds(struct daemon *d, struct err *err) {
    return holds_init(&d->holds, &d->db, err);
}
static void close_holds(struct daemon *d) {
    holds_release(&d->holds);
}

static int open_replicator(struct daemon *d, struct err *err) {
    (void)err;
    d->provider = (struct provider){.sp_id = d->home.config->sp_id,
                                    .config = d->home.config,
                                    .ledger = d->ledger,
                                    .signer = &d->signer,
                                    .peers = d->peers,
                                    .db = &d->db,
                                    .pieces = d->pieces,
                                    .manager = &d->manager,
                                    .p2p = &d->p2p,
                                    .on_hold = holds_has,
                                    .hold_ctx = &d->holds,
                                    .repaired = links_repaired,
                                    .repaired_ctx = d};
    replicator_init(&d->replicator, &d->provider);
    return CODE_OK;
}
static void close_replicator(struct daemon *d) {
    replicator_release(&d->replicator);
}

static int open_uploader(struct daemon *d, struct err *err) {
    struct uploader_config config = {
        .db = &d->db,
        .store = d->pieces,
        .env = {.ctx = &d->replicator, .segment_durable = replicator_segment, .upload_ended = replicator_ended},
        .memory_bytes = (size_t)d->home.config->upload_memory_mib << 20,
        .wait_ms = PART_WAIT_MS};
    return uploader_new(&config, &d->uploader, err);
}
static void close_uploader(struct daemon *d) {
    uploader_free(d->uploader);
}

static int open_reads(struct daemon *d, struct err *err) {
    struct downloader_env env = links_downloader(d);
    (void)err;
    downloader_init(&d->downloader, &d->db, d->pieces, &env, DEGRADED_MAX);
    quota_init(&d->quota, &d->db, QUOTA_LAG_BYTES);
    metadata_init(&d->metadata, d->ledger, &d->auth, &d->db);
    d->receiver = (struct receiver){.db = &d->db,
                                    .store = d->pieces,
                                    .env = links_receiver(d),
                                    .chain_tag = *ledger_chain_tag(d->ledger),
                                    .sp_id = d->home.config->sp_id,
                                    .unsealed_ttl_ms = d->home.config->stored_secondary_ttl_seconds * 1000,
                                    .stages = home_stage_limits(&d->home)};
    return CODE_OK;
}
static void close_reads(struct daemon *d) {
    quota_release(&d->quota);
    downloader_release(&d->downloader);
}

static int open_gc(struct daemon *d, struct err *err) {
    struct gc_env env = links_gc(d);
    (void)err;
    gc_init(&d->gc, &d->db, d->pieces, &env);
    return CODE_OK;
}
static void close_gc(struct daemon *d) {
    gc_release(&d->gc);
}

static int open_scrubber(struct daemon *d, struct err *err) {
    struct scrubber_config config = {.db = &d->db,
                                     .store = d->pieces,
                                     .env = links_scrubber(d),
                                     .bytes_per_second = d->home.config->scrub_mib_per_second << 20,
                                     .interval_ms = d->home.config->scrub_interval_seconds * 1000};
    return scrubber_new(&config, &d->scrubber, err);
}
static void close_scrubber(struct daemon *d) {
    scrubber_free(d->scrubber);
}

static int open_follower(struct daemon *d, struct err *err) {
    return follower_init(&d->follower, d->ledger, &d->db, &d->manager, d->home.config->sp_id, err);
}
static void close_follower(struct daemon *d) {
    follower_release(&d->follower);
}

static int open_gateway(struct daemon *d, struct err *err) {
    struct gateway_modules modules = {.config = d->home.config,
                                      .ledger = d->ledger,
                                      .auth = &d->auth,
                                      .approver = &d->approver,
                                      .signer = &d->signer,
                                      .db = &d->db,
                                      .pieces = d->pieces,
                                      .manager = &d->manager,
                                      .uploader = d->uploader,
                                      .replicator = &d->replicator,
                                      .receiver = &d->receiver,
                                      .downloader = &d->downloader,
                                      .quota = &d->quota,
                                      .metadata = &d->metadata,
                                      .follower = &d->follower,
                                      .scrubber = d->scrubber,
                                      .gc = &d->gc,
                                      .holds = &d->holds,
                                      .metrics = d->metrics,
                                      .piece_bad = links_piece_bad,
                                      .piece_bad_ctx = d};
    return gateway_init(&d->gateway, &modules, err);
}
static void close_gateway(struct daemon *d) {
    gateway_release(&d->gateway);
}

static const struct {
    const char *what;
    int (*open)(struct daemon *d, struct err *err);
    void (*close)(struct daemon *d);
} steps[] = {
    {"lock", open_lock, close_lock},
    {"metrics", open_metrics, close_metrics},
    {"ledger", open_ledger, close_ledger},
    {"signer", open_signer, close_signer},
    {"database", open_db, close_db},
    {"piece store", open_pieces, close_pieces},
    {"authenticator", open_auth, close_auth},
    {"approver", open_approver, close_approver},
    {"tasks", open_manager, close_manager},
    {"p2p", open_p2p, close_p2p},
    {"peers", open_peers, close_peers},
    {"holds", open_holds, close_holds},
    {"replicator", open_replicator, close_replicator},
    {"uploader", open_uploader, close_uploader},
    {"reads", open_reads, close_reads},
    {"gc", open_gc, close_gc},
    {"scrubber", open_scrubber, close_scrubber},
    {"follower", open_follower, close_follower},
    {"gateway", open_gateway, close_gateway},
};

enum { STEPS = sizeof steps / sizeof *steps };

static void take_apart(struct daemon *d) {
    while (d->opened)
        steps[--d->opened].close(d);
    home_release(&d->home);
}

/* --- now and then
 * ------------------------------------------------------------------------------------------------------------- */

static bool care_pause(struct daemon *d) {
    uint64_t until = deadline_in_ms(CARE_MS);
    mutex_lock(&d->care_lock);
    while (!d->closing && cond_wait_until(&d->care_changed, &d->care_lock, until))
        ;
    bool closing = d->closing;
    mutex_unlock(&d->care_lock);
    return !closing;
}

static void care(void *arg) {
    struct daemon *d = arg;
    struct err err;
    uint64_t next_gc = clock_mono_ms() + d->home.config->gc_interval_seconds * 1000, runs = 0;
    while (care_pause(d)) {
        err_clear(&err);
        if (quota_flush(&d->quota, &err))
            log_error("sp", "read counters were not written", "why=%s", log_quote(err_text(&err)).s);
        if (clock_mono_ms() < next_gc || !follower_ready(&d->follower))
            continue;
        next_gc = clock_mono_ms() + d->home.config->gc_interval_seconds * 1000;
        if (gc_run(&d->gc, runs++ % GC_FULL_EVERY == 0, &err))
            log_warn("sp", "garbage collection failed", "why=%s", log_quote(err_text(&err)).s);
    }
}

/* --- what an earlier run left
 * --------------------------------------------------------------------------------------------------- */

/* Whole uploads whose end was not written down are closed; a damaged one holds up nobody else. */
static int resume_upload(void *ctx, struct bytes key, const void *msg, struct err *err) {
    struct daemon *d = ctx;
    const UploadRecord *upload = msg;
    struct err why;
    (void)key, (void)err;
    err_clear(&why);
    if (upload->state == UPLOAD_OBJECT_DOING && upload->object && uploader_resume(d->uploader, upload->object, &why))
        log_warn("sp", "an upload could not be resumed", "object=%llu why=%s", (unsigned long long)upload->object_id,
                 log_quote(err_text(&why)).s);
    return CODE_OK;
}

static int recover(struct daemon *d, struct err *err) {
    int rc = upload_each(&d->db, resume_upload, d, err);
    return rc ? rc : replicator_recover(&d->replicator, err);
}

/* --- life
 * -------------------------------------------------------------------------------------------------------------------------
 */

static void stop_threads(struct daemon *d) {
    gateway_close(&d->gateway);
    follower_close(&d->follower);
    scrubber_close(d->scrubber);
    manager_close(&d->manager);
    gateway_stop(&d->gateway, STOP_GRACE_MS);
    ledger_cancel(d->ledger); /* what still asks the ledger, or another provider, ends now */
    mutex_lock(&d->care_lock);
    d->closing = true;
    cond_broadcast(&d->care_changed);
    mutex_unlock(&d->care_lock);
    signer_close(&d->signer);
    p2p_close(&d->p2p);
    follower_stop(&d->follower);
    executor_stop(&d->executor);
    thread_join(&d->care);
}

static int start_threads(struct daemon *d, struct err *err) {
    d->executor = (struct executor){.provider = &d->provider,
                                    .replicator = &d->replicator,
                                    .gc = links_gc_task,
                                    .copy = copy_task,
                                    .adopt = links_adopt_task,
                                    .gc_ctx = d};
    int rc = recover(d, err);
    if (!rc)
        rc = executor_start(&d->executor, d->home.config->worker_threads, err);
    if (!rc)
        rc = follower_start(&d->follower, err);
    if (!rc)
        rc = thread_start(&d->care, "care", care, d, err);
    if (!rc)
        rc = gateway_start(&d->gateway, err);
    return rc;
}

int daemon_start(struct daemon *d, const char *dir, const char *passphrase_file, struct err *err) {
    enum log_level level = LOG_INFO;
    *d = (struct daemon){.passphrase_file = passphrase_file};
    int rc = home_open(&d->home, dir, err);
    if (rc)
        return rc;
    if (*d->home.config->log_level && !log_level_parse(d->home.config->log_level, &level, NULL))
        log_set_level(level);
    while (!rc && d->opened < STEPS) {
        rc = steps[d->opened].open(d, err);
        if (rc)
            rc = err_wrap(err, rc, "%s", steps[d->opened].what);
        else
            d->opened++;
    }
    if (rc) {
        take_apart(d);
        return rc;
    }
    mutex_init(&d->care_lock);
    cond_init(&d->care_changed);
    rc = start_threads(d, err);
    if (rc)
        daemon_stop(d);
    return rc;
}

void daemon_stop(struct daemon *d) {
    stop_threads(d);
    take_apart(d);
    cond_release(&d->care_changed);
    mutex_release(&d->care_lock);
}
