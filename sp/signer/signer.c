/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/signer/signer.h"

#include "chain/crypto/address.h"
#include "chain/crypto/wipe.h"
#include "chain/os/file.h"
#include "chain/types/signed.h"
#include "client/lib/keystore.h"

#include <limits.h>

enum { JOB_MSGS_MAX = 4, SEND_ARENA_MAX = 8 << 20, SEND_TIMEOUT_MS = 60000 };

/* One caller that waits; lives on its stack. */
struct signer_job {
    struct signer_job *next;
    Msg *const *msgs;
    size_t count;
    bool free, done;
    int rc;
    struct err err;
    struct signer_result result;
};

/* --- keys --------------------------------------------------------------------------------------------------------- */

int signer_keys_load(const char *home, struct bytes passphrase, struct signer_keys *ret, struct err *err) {
    static const char *const names[] = {"seal.key", "approval.key", "gc.key", "node.key"};
    struct signer_keys keys;
    struct seckey *slots[] = {&keys.seal, &keys.approval, &keys.gc, &keys.node};
    char path[PATH_MAX];
    int rc = CODE_OK;
    for (size_t i = 0; !rc && i < sizeof names / sizeof *names; i++) {
        rc = path_join(home, names[i], path, sizeof path, err);
        if (!rc)
            rc = keyfile_read(path, passphrase, slots[i], err);
    }
    if (!rc)
        *ret = keys;
    wipe(&keys, sizeof keys);
    return rc;
}

void signer_keys_wipe(struct signer_keys *keys) {
    wipe(keys, sizeof *keys);
}

/* --- signatures --------------------------------------------------------------------------------------------------- */

int signer_approve(struct signer *s, const Approval *approval, struct arena *arena, SignedApproval **ret,
                   struct err *err) {
    return approval_sign(approval, &s->keys.approval, ledger_chain_tag(s->ledger), arena, ret, err);
}

int signer_receipts(struct signer *s, const Receipt *const *receipts, size_t count, struct arena *arena,
                    SignedReceipt **ret, struct err *err) {
    return receipts_sign(receipts, count, &s->keys.seal, ledger_chain_tag(s->ledger), arena, ret, err);
}

int signer_ask(struct signer *s, const SecondaryAsk *ask, struct arena *arena, SignedSecondaryAsk **ret,
               struct err *err) {
    return ask_sign(ask, &s->keys.approval, ledger_chain_tag(s->ledger), arena, ret, err);
}

int signer_offer(struct signer *s, const SecondaryApproval *offer, struct arena *arena, SignedSecondaryApproval **ret,
                 struct err *err) {
    return offer_sign(offer, &s->keys.approval, ledger_chain_tag(s->ledger), arena, ret, err);
}

const struct seckey *signer_request_key(const struct signer *s) {
    return &s->keys.approval;
}

/* --- the thread that sends ---------------------------------------------------------------------------------------- */

struct batch {
    struct signer_job *jobs[SIGNER_BATCH_MAX];
    size_t job_count;
    Msg *msgs[SIGNER_BATCH_MAX + JOB_MSGS_MAX];
    size_t msg_count;
};

static size_t job_bytes(const struct signer_job *job) {
    size_t bytes = 0;
    for (size_t i = 0; i < job->count; i++)
        bytes += msg__get_packed_size(job->msgs[i]);
    return bytes;
}

/* Does the queue's first job fit behind what the batch has? */
static bool fits(const struct signer *s, const struct batch *b, bool free, size_t bytes) {
    return s->head && s->head->free == free && b->job_count < SIGNER_BATCH_MAX &&
           b->msg_count + s->head->count <= SIGNER_BATCH_MAX &&
           (!b->job_count || bytes + job_bytes(s->head) <= SIGNER_BATCH_BYTES);
}

/* Takes the oldest jobs of one kind off the queue; lock is held. A free transaction holds nothing but answers. */
static void take_batch(struct signer *s, struct batch *b) {
    size_t bytes = 0;
    b->job_count = b->msg_count = 0;
    bool free = s->head->free;
    while (fits(s, b, free, bytes)) {
        struct signer_job *job = s->head;
        s->head = job->next;
        if (!s->head)
            s->tail = NULL;
        s->waiting--;
        bytes += job_bytes(job);
        for (size_t i = 0; i < job->count; i++)
            b->msgs[b->msg_count++] = job->msgs[i];
        b->jobs[b->job_count++] = job;
    }
}

static void finish(struct signer *s, struct signer_job *job, int rc, const struct err *err,
                   const struct signer_result *result) {
    mutex_lock(&s->lock);
    job->rc = rc;
    if (rc)
        job->err = *err;
    else
        job->result = *result;
    job->done = true;
    cond_broadcast(&s->done);
    mutex_unlock(&s->lock);
}

static int send_msgs(struct signer *s, Msg *const *msgs, size_t count, bool free, struct signer_result *ret,
                     struct err *err) {
    struct ledger_send_options options = {.wait = LEDGER_WAIT_COMMITTED, .timeout_ms = SEND_TIMEOUT_MS, .free = free};
    struct arena arena;
    TxStatus *status = NULL;
    arena_init(&arena, SEND_ARENA_MAX);
    int rc = ledger_send(s->ledger, &s->keys.seal, msgs, count, &options, &arena, &status, err);
    if (status) {
        hash_from(bytes_of(status->tx_id.data, status->tx_id.len), &ret->tx_id);
        ret->height = status->height;
    }
    arena_release(&arena);
    return rc;
}

/* All together; when that fails because of what is in it, each alone. */
static void run_batch(struct signer *s, struct batch *b) {
    struct signer_result result = {.height = 0};
    struct err err;
    err_clear(&err);
    bool free = b->jobs[0]->free;
    int rc = send_msgs(s, b->msgs, b->msg_count, free, &result, &err);
    bool alone = rc && b->job_count > 1 && !code_retryable(rc);
    for (size_t i = 0; i < b->job_count; i++) {
        struct signer_job *job = b->jobs[i];
        if (alone) {
            err_clear(&err);
            rc = send_msgs(s, job->msgs, job->count, free, &result, &err);
        }
        finish(s, job, rc, &err, &result);
    }
}

static void fail_waiting(struct signer *s) {
    for (struct signer_job *job = s->head; job; job = job->next) {
        job->rc = err_set(&job->err, CODE_CLOSED, "the provider is stopping");
        job->done = true;
    }
    s->head = s->tail = NULL;
    s->waiting = 0;
    cond_broadcast(&s->done);
}

static void send_work(void *arg) {
    struct signer *s = arg;
    struct batch batch;
    mutex_lock(&s->lock);
    for (;;) {
        while (!s->head && !s->closing)
            cond_wait(&s->work, &s->lock);
        if (s->closing)
            break;
        take_batch(s, &batch);
        mutex_unlock(&s->lock);
        run_batch(s, &batch);
        mutex_lock(&s->lock);
    }
    fail_waiting(s);
    mutex_unlock(&s->lock);
}

int signer_send(struct signer *s, Msg *const *msgs, size_t count, bool free, struct signer_result *ret,
                struct err *err) {
    struct signer_job job = {.msgs = msgs, .count = count, .free = free};
    if (count < 1 || count > JOB_MSGS_MAX)
        return err_set(err, CODE_INVALID_ARGUMENT, "1 to %d messages happen together", JOB_MSGS_MAX);
    mutex_lock(&s->lock);
    if (s->closing || s->waiting >= SIGNER_WAITING_MAX) {
        mutex_unlock(&s->lock);
        return s->closing ? err_set(err, CODE_CLOSED, "the provider is stopping")
                          : err_set(err, CODE_BUSY, "too many transactions are waiting");
    }
    if (s->tail)
        s->tail->next = &job;
    else
        s->head = &job;
    s->tail = &job;
    s->waiting++;
    cond_signal(&s->work);
    while (!job.done)
        cond_wait(&s->done, &s->lock);
    mutex_unlock(&s->lock);
    if (job.rc && err)
        *err = job.err;
    if (!job.rc)
        *ret = job.result;
    return job.rc;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

int signer_init(struct signer *s, struct ledger *ledger, uint32_t sp_id, struct signer_keys *keys, struct err *err) {
    *s = (struct signer){.ledger = ledger, .sp_id = sp_id, .keys = *keys};
    wipe(keys, sizeof *keys);
    struct pubkey pubkey = seckey_pubkey(&s->keys.seal);
    s->seal_account = addr_of_key(&pubkey);
    mutex_init(&s->lock);
    cond_init(&s->work);
    cond_init(&s->done);
    int rc = thread_start(&s->thread, "signer", send_work, s, err);
    if (rc)
        signer_release(s);
    return rc;
}

void signer_close(struct signer *s) {
    mutex_lock(&s->lock);
    s->closing = true;
    cond_broadcast(&s->work);
    mutex_unlock(&s->lock);
}

void signer_release(struct signer *s) {
    signer_close(s);
    thread_join(&s->thread);
    wipe(&s->keys, sizeof s->keys);
    cond_release(&s->done);
    cond_release(&s->work);
    mutex_release(&s->lock);
}
