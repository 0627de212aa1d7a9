/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/scrubber/scrubber.h"

#include <stdlib.h>

#include "chain/base/code.h"
#include "chain/codec/pb.h"
#include "chain/os/clock.h"
#include "chain/os/thread.h"
#include "chain/types/layout.h"
#include "sp/piecestore/checked.h"
#include "sp/spdb/notes.h"
#include "sp/spdb/pieces.h"

#define NOTE "scrub"

/* Keys taken from the index at a time: no view of the database is held while the disk is read. */
#define KEYS_AT_ONCE 256

/* An SP that holds nothing would otherwise run round after round. */
#define INTERVAL_MIN_MS 1000

struct item {
    struct piece_key key;
    struct hash root;
};

struct scrubber {
    struct scrubber_config config;
    struct mutex lock;
    struct cond changed;
    struct thread thread;
    bool closing, kicked, running;
    ScrubStats stats;    /* next_key points to `next` */
    uint8_t next[28];    /* key of the index where the round goes on */
    uint64_t allowed_ns; /* the rate lets the next read begin then */
    uint8_t *data;       /* one piece */
    struct hash *leaves; /* of one piece */
    struct item *items;  /* KEYS_AT_ONCE of them */
};

/* --- where the round stands --- */

static void put_next(struct scrubber *s, const struct piece_key *key) {
    if (!key) {
        s->stats.next_key = (ProtobufCBinaryData){0, NULL};
        return;
    }
    store_be64(s->next, key->object_id);
    store_be64(s->next + 8, key->version);
    store_be32(s->next + 16, key->position);
    store_be64(s->next + 20, key->segment);
    s->stats.next_key = pb_data(bytes_of(s->next, sizeof s->next));
}

static struct piece_key get_next(const struct scrubber *s) {
    if (s->stats.next_key.len == 0)
        return (struct piece_key){0};
    return (struct piece_key){load_be64(s->next), load_be64(s->next + 8), load_be32(s->next + 16),
                              load_be64(s->next + 20)};
}

static int load(struct scrubber *s, struct err *err) {
    struct arena arena;
    ScrubStats *stats;
    scrub_stats__init(&s->stats);
    arena_init(&arena, 64 * KIB);
    int rc = note_get(s->config.db, NOTE, &scrub_stats__descriptor, &arena, &stats, err);
    if (rc == CODE_OK) {
        s->stats = *stats;
        if (stats->next_key.len == sizeof s->next)
            memcpy(s->next, stats->next_key.data, sizeof s->next);
        s->stats.next_key = stats->next_key.len == sizeof s->next ? pb_data(bytes_of(s->next, sizeof s->next))
                                                                  : (ProtobufCBinaryData){0, NULL};
    }
    arena_release(&arena);
    return rc == CODE_NOT_FOUND ? CODE_OK : rc;
}

/* A failure to write it down costs a part of a round after a restart, no more. */
static void save(struct scrubber *s) {
    mutex_lock(&s->lock);
    ScrubStats stats = s->stats;
    mutex_unlock(&s->lock);
    note_put(s->config.db, NOTE, &stats, NULL);
}

/* --- one piece --- */

/* How long the piece must be; 0 when its position is not recorded (an upload that is still arriving). */
static uint64_t expected_len(struct scrubber *s, const struct piece_key *key) {
    struct arena arena;
    HeldPosition *held;
    uint64_t len = 0;
    arena_init(&arena, 64 * KIB);
    if (held_get(s->config.db, key->object_id, key->version, key->position, &arena, &held, NULL) == CODE_OK &&
        held->profile && profile_check(held->profile, NULL) == CODE_OK &&
        key->position < profile_positions(held->profile) &&
        key->segment < layout_segments(held->profile, held->payload_size))
        len = layout_piece_len(held->profile, held->payload_size, key->segment, key->position);
    arena_release(&arena);
    return len;
}

/* Waits until the rate allows `bytes` more; false when the scrubber is closing. */
static bool pace(struct scrubber *s, uint64_t bytes) {
    mutex_lock(&s->lock);
    uint64_t rate = s->config.bytes_per_second, now = clock_mono_ns();
    if (s->allowed_ns < now)
        s->allowed_ns = now;
    while (!s->closing && rate > 0 && clock_mono_ns() < s->allowed_ns)
        cond_wait_until(&s->changed, &s->lock, s->allowed_ns);
    if (rate > 0)
        s->allowed_ns += bytes * 1000000000u / rate;
    bool go_on = !s->closing;
    mutex_unlock(&s->lock);
    return go_on;
}

static void count(struct scrubber *s, uint64_t bytes, int rc) {
    mutex_lock(&s->lock);
    s->stats.pieces_checked++;
    s->stats.bytes_checked += bytes;
    s->stats.damaged += rc == CODE_CORRUPT;
    s->stats.missing += rc == CODE_NOT_FOUND;
    mutex_unlock(&s->lock);
}

/* A piece whose record went while it was read was deleted, not lost. */
static bool still_recorded(struct scrubber *s, const struct item *item) {
    struct hash root;
    return piece_root_get(s->config.db, &item->key, &root, NULL) == CODE_OK && hash_eq(&root, &item->root);
}

static bool check_piece(struct scrubber *s, const struct item *item) {
    const struct scrubber_env *env = &s->config.env;
    if (item->key.position == POSITION_STAGE || (env->held_back && env->held_back(env->ctx, item->key.object_id)))
        return true;
    uint64_t len = expected_len(s, &item->key);
    if (len == 0)
        return true;
    if (!pace(s, len))
        return false;
    int rc = checked_read(s->config.store, &item->key, &item->root, len, s->leaves, s->data, NULL);
    if (rc != CODE_OK && !still_recorded(s, item))
        return true;
    count(s, len, rc);
    if (rc == CODE_CORRUPT || rc == CODE_NOT_FOUND)
        env->piece_bad(env->ctx, &item->key, rc);
    return true;
}

/* --- a round --- */

struct taking {
    struct scrubber *s;
    size_t count;
};

static int take_key(void *ctx, const struct piece_key *key, const struct hash *root, struct err *err) {
    struct taking *taking = ctx;
    (void)err;
    taking->s->items[taking->count++] = (struct item){*key, *root};
    return taking->count == KEYS_AT_ONCE ? CODE_DONE_ALREADY : CODE_OK;
}

/* The key right after. */
static struct piece_key after(struct piece_key key) {
    key.segment++;
    return key;
}

/* Checks the next keys; false at the end of the round, or when closing (the place is then kept). */
static bool run_batch(struct scrubber *s) {
    struct taking taking = {.s = s};
    struct piece_key from = get_next(s);
    int rc = piece_each(s->config.db, &from, take_key, &taking, NULL);
    if (rc != CODE_OK && rc != CODE_DONE_ALREADY) { /* the database fails: try again at the next round */
        mutex_lock(&s->lock);
        put_next(s, NULL);
        mutex_unlock(&s->lock);
        return false;
    }
    for (size_t i = 0; i < taking.count; i++) {
        if (!check_piece(s, &s->items[i]))
            return false;
        struct piece_key next = after(s->items[i].key);
        mutex_lock(&s->lock);
        put_next(s, &next);
        mutex_unlock(&s->lock);
    }
    if (taking.count == KEYS_AT_ONCE)
        return true;
    mutex_lock(&s->lock);
    put_next(s, NULL);
    s->stats.rounds++;
    mutex_unlock(&s->lock);
    return false;
}

static void run_round(struct scrubber *s) {
    bool more = true;
    while (more) {
        more = run_batch(s);
        save(s);
    }
}

/* Waits for the next round; false when closing. */
static bool wait_for_round(struct scrubber *s) {
    mutex_lock(&s->lock);
    s->running = false;
    for (;;) {
        uint64_t now = clock_real_ms(), due = s->stats.round_started_ms + s->config.interval_ms;
        if (s->closing || s->kicked || s->stats.next_key.len > 0 || due <= now)
            break;
        cond_wait_until(&s->changed, &s->lock, deadline_in_ms(due - now));
    }
    if (s->stats.next_key.len == 0)
        s->stats.round_started_ms = clock_real_ms();
    s->kicked = false;
    s->running = !s->closing;
    bool go_on = !s->closing;
    mutex_unlock(&s->lock);
    return go_on;
}

static void work(void *arg) {
    struct scrubber *s = arg;
    while (wait_for_round(s))
        run_round(s);
}

/* --- outside --- */

int scrubber_new(const struct scrubber_config *config, struct scrubber **ret_scrubber, struct err *err) {
    struct scrubber *s = calloc(1, sizeof *s);
    if (!s)
        return err_set(err, CODE_NO_MEMORY, "no memory for the scrubber");
    s->config = *config;
    if (s->config.interval_ms < INTERVAL_MIN_MS)
        s->config.interval_ms = INTERVAL_MIN_MS;
    mutex_init(&s->lock);
    cond_init(&s->changed);
    s->data = malloc(SEGMENT_LEN_MAX);
    s->leaves = malloc(SEGMENT_LEN_MAX / LEAF_LEN * sizeof *s->leaves);
    s->items = malloc(KEYS_AT_ONCE * sizeof *s->items);
    int rc =
        s->data && s->leaves && s->items ? load(s, err) : err_set(err, CODE_NO_MEMORY, "no memory for the scrubber");
    if (!rc)
        rc = thread_start(&s->thread, "scrubber", work, s, err);
    if (rc) {
        scrubber_free(s);
        return rc;
    }
    *ret_scrubber = s;
    return CODE_OK;
}

void scrubber_kick(struct scrubber *s) {
    mutex_lock(&s->lock);
    s->kicked = s->kicked || !s->running;
    cond_broadcast(&s->changed);
    mutex_unlock(&s->lock);
}

void scrubber_close(struct scrubber *s) {
    mutex_lock(&s->lock);
    s->closing = true;
    cond_broadcast(&s->changed);
    mutex_unlock(&s->lock);
}

void scrubber_free(struct scrubber *s) {
    if (!s)
        return;
    bool ran = s->thread.running;
    scrubber_close(s);
    thread_join(&s->thread);
    if (ran)
        save(s);
    cond_release(&s->changed);
    mutex_release(&s->lock);
    free(s->data);
    free(s->leaves);
    free(s->items);
    free(s);
}

void scrubber_stats(struct scrubber *s, ScrubStats *ret_stats, bool *ret_running) {
    mutex_lock(&s->lock);
    *ret_stats = s->stats;
    ret_stats->next_key = (ProtobufCBinaryData){0, NULL};
    *ret_running = s->running;
    mutex_unlock(&s->lock);
}

void scrubber_note_repair(struct scrubber *s, bool rebuilt) {
    mutex_lock(&s->lock);
    s->stats.rebuilt += rebuilt;
    s->stats.failed += !rebuilt;
    mutex_unlock(&s->lock);
}
