/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/node/verify.h"

#include "chain/base/limits.h"
#include "chain/node/known_keys.h"
#include "chain/os/clock.h"
#include "chain/os/queue.h"
#include "chain/os/random.h"
#include "chain/os/thread.h"

#include <stdatomic.h>
#include <stdlib.h>

enum {
    CHUNK = 32, /* a hand-off costs 4 us, a signature 30 */
    MEMORY_SETS = VERDICTS_MAX / 4,
    THREADS_MAX = 16,
};

struct job {
    const struct tx *const *txs;
    bool *good;
    size_t n;
    atomic_size_t next; /* the first one that nobody took */
    atomic_size_t right;
    unsigned holders; /* threads that may still look at it; under verify.lock */
    struct cond done;
};

struct verify {
    struct queue jobs;
    struct mutex lock;
    struct thread threads[THREADS_MAX];
    unsigned threads_n;
    uint64_t salt;
    struct mutex memory_lock[64];
    struct hash (*memory)[4];
    uint8_t *memory_turn;
    struct known_keys keys;
    atomic_uint_least64_t checked, remembered;
};

static size_t set_of(const struct verify *v, const struct hash *h) {
    return (size_t)((load_le64(h->b) * (v->salt | 1) >> 32) * MEMORY_SETS >> 32); /* by the top bits: as known_keys */
}

static bool known(struct verify *v, const struct hash *h) {
    size_t s = set_of(v, h);
    bool found = false;
    mutex_lock(&v->memory_lock[s % 64]);
    for (unsigned i = 0; i < 4; i++)
        found = found || hash_eq(&v->memory[s][i], h);
    mutex_unlock(&v->memory_lock[s % 64]);
    return found;
}

static void remember(struct verify *v, const struct hash *h) {
    size_t s = set_of(v, h);
    mutex_lock(&v->memory_lock[s % 64]);
    v->memory[s][v->memory_turn[s]++ % 4] = *h;
    mutex_unlock(&v->memory_lock[s % 64]);
}

static bool check_one(struct verify *v, const struct tx *tx) {
    if (known(v, &tx->wire_hash)) {
        atomic_fetch_add(&v->remembered, 1);
        return true;
    }
    atomic_fetch_add(&v->checked, 1);
    if (!known_keys_verify(&v->keys, &tx->signer, &tx->id, &tx->sig))
        return false;
    remember(v, &tx->wire_hash);
    return true;
}

/* Its name in the memory is that of a transaction whose body is key and digest: none has such a body, as a message
 * cannot begin with the first byte of a key. */
static bool nested(void *self, const struct pubkey *key, const struct hash *digest, const struct sig *sig) {
    struct verify *v = self;
    uint8_t body[sizeof key->b + sizeof digest->b];
    memcpy(body, key->b, sizeof key->b);
    memcpy(body + sizeof key->b, digest->b, sizeof digest->b);
    struct hash id = tx_wire_hash_of(bytes_of(body, sizeof body), sig);
    if (known(v, &id)) {
        atomic_fetch_add(&v->remembered, 1);
        return true;
    }
    atomic_fetch_add(&v->checked, 1);
    if (!known_keys_verify(&v->keys, key, digest, sig))
        return false;
    remember(v, &id);
    return true;
}

struct app_verifier verify_nested(struct verify *v) {
    return (struct app_verifier){.self = v, .check = nested};
}

static void work(struct verify *v, struct job *j) {
    for (;;) {
        size_t from = atomic_fetch_add(&j->next, CHUNK);
        if (from >= j->n)
            return;
        size_t to = from + CHUNK < j->n ? from + CHUNK : j->n, right = 0;
        for (size_t i = from; i < to; i++)
            right += j->good[i] = check_one(v, j->txs[i]);
        atomic_fetch_add(&j->right, right);
    }
}

static void leave(struct verify *v, struct job *j) {
    mutex_lock(&v->lock);
    if (--j->holders == 0)
        cond_signal(&j->done);
    mutex_unlock(&v->lock);
}

static void worker(void *arg) {
    struct verify *v = arg;
    void *j;
    while (queue_take(&v->jobs, DEADLINE_NEVER, &j) == CODE_OK) {
        work(v, j);
        leave(v, j);
    }
}

int verify_new(unsigned threads, struct verify **ret, struct err *err) {
    struct verify *v = calloc(1, sizeof *v);
    if (v == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for the verifiers");
    int rc = queue_init(&v->jobs, 256, err);
    if (rc != CODE_OK) {
        free(v);
        return rc;
    }
    mutex_init(&v->lock);
    for (unsigned i = 0; i < 64; i++)
        mutex_init(&v->memory_lock[i]);
    v->salt = random_u64();
    rc = known_keys_init(&v->keys, KNOWN_KEYS_MAX, random_u64(), err);
    v->memory = calloc(MEMORY_SETS, sizeof *v->memory);
    v->memory_turn = calloc(MEMORY_SETS, 1);
    if (rc == CODE_OK && (v->memory == NULL || v->memory_turn == NULL))
        rc = err_set(err, CODE_NO_MEMORY, "no memory for the verifiers");
    for (unsigned i = 0; rc == CODE_OK && i < threads && i < THREADS_MAX; i++) {
        rc = thread_start(&v->threads[i], "verify", worker, v, err);
        v->threads_n += rc == CODE_OK;
    }
    if (rc != CODE_OK) {
        verify_free(v);
        return rc;
    }
    *ret = v;
    return CODE_OK;
}

void verify_free(struct verify *v) {
    if (v == NULL)
        return;
    queue_close(&v->jobs);
    for (unsigned i = 0; i < v->threads_n; i++)
        thread_join(&v->threads[i]);
    queue_release(&v->jobs);
    mutex_release(&v->lock);
    for (unsigned i = 0; i < 64; i++)
        mutex_release(&v->memory_lock[i]);
    known_keys_release(&v->keys);
    free(v->memory);
    free(v->memory_turn);
    free(v);
}

size_t verify_txs(struct verify *v, const struct tx *const *txs, size_t n, bool *ret_good) {
    struct job j = {.txs = txs, .good = ret_good, .n = n, .holders = 1};
    cond_init(&j.done);
    size_t helpers = n / CHUNK < v->threads_n ? n / CHUNK : v->threads_n;
    for (size_t i = 0; i < helpers; i++) {
        mutex_lock(&v->lock);
        j.holders++;
        mutex_unlock(&v->lock);
        if (queue_put(&v->jobs, &j, 0) != CODE_OK) {
            leave(v, &j);
            break;
        }
    }
    work(v, &j);
    mutex_lock(&v->lock);
    j.holders--;
    while (j.holders > 0)
        cond_wait(&j.done, &v->lock);
    mutex_unlock(&v->lock);
    cond_release(&j.done);
    return atomic_load(&j.right);
}

struct verify_stats verify_stats(struct verify *v) {
    return (struct verify_stats){atomic_load(&v->checked), atomic_load(&v->remembered)};
}
