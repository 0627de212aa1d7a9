/* SPDX-License-Identifier: Apache-2.0 */
#include "client/lib/light.h"

#include "chain/base/limits.h"
#include "chain/os/clock.h"
#include "chain/os/file.h"
#include "chain/os/log.h"
#include "chain/os/thread.h"
#include "client/lib/light_attack.h"
#include "client/lib/trust_store.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { RING = 64, CHAIN_ID_ROOM = 64, NODES_MAX = 64 };
#define ARENA_MAX (64 * MIB)

struct light {
    struct light_rules rules;
    struct light_source source;
    char chain_id[CHAIN_ID_ROOM];
    char home[PATH_LEN_MAX], path[PATH_LEN_MAX]; /* "": in memory only */
    struct light_trust genesis;
    struct light_trust pinned; /* named by the user; height 0: none */
    atomic_uint_fast64_t fetched;

    struct mutex lock; /* all below */
    struct trust_store store;
    uint64_t saved_time; /* of the newest header in the file, 0: no file */
    bool saving;
    uint64_t compared_ms;          /* monotonic, 0: never */
    struct light_trust ring[RING]; /* headers seen lately, by height modulo; height 0: none */
};

/* A header as it came, and taken apart. */
struct fetched {
    SignedHeader *pb;
    struct light_block *block;
    size_t node; /* where it is from */
};

/* One way from a ground to a height, with what was fetched on it. */
struct trip {
    struct light *light;
    struct arena *arena;
    struct light_walk walk;
    size_t node;    /* the one that is asked first */
    bool only;      /* no other */
    uint64_t liars; /* nodes whose headers did not stand: a bit each */
    size_t count;   /* fetched */
    struct fetched all[LIGHT_FETCH_MAX];
    size_t step_count; /* believed, ascending */
    struct fetched steps[LIGHT_FETCH_MAX];
    struct fetched refused; /* the last that did not stand; with CODE_FORK: what contradicts the trusted header */
};

/* --- opening ------------------------------------------------------------------------------------------------------ */

static int load(struct light *l, const struct light_options *options, struct err *err) {
    if (options->home == NULL)
        return CODE_OK;
    if (snprintf(l->home, sizeof l->home, "%s", options->home) >= (int)sizeof l->home)
        return err_set(err, CODE_INVALID_ARGUMENT, "the home's path is too long");
    int rc = trust_store_path(options->home, &l->genesis.chain_tag, l->path, sizeof l->path, err);
    if (rc == CODE_OK)
        rc = trust_store_load(l->path, &l->store, err);
    if (rc == CODE_OK && l->store.count > 0)
        l->saved_time = trust_store_newest(&l->store)->time;
    return rc;
}

int light_open(const struct light_options *options, struct light **ret, struct err *err) {
    struct light *l = calloc(1, sizeof *l);
    if (l == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for a light client");
    assert(options->source.nodes > 0 && options->source.nodes <= NODES_MAX);
    mutex_init(&l->lock);
    l->rules = options->rules;
    l->source = options->source;
    l->genesis = *options->genesis;
    snprintf(l->chain_id, sizeof l->chain_id, "%s", options->chain_id);
    trust_store_init(&l->store, &l->genesis.chain_tag);
    int rc = load(l, options, err);
    if (rc == CODE_OK)
        *ret = l;
    else
        light_close(l);
    return rc;
}

/* A copy of the store, if enough in it is newer than the file: the caller writes it. */
static struct trust_store *save_begin(struct light *l, uint64_t least_ms) {
    struct trust_store *copy = NULL;
    mutex_lock(&l->lock);
    const struct light_trust *newest = trust_store_newest(&l->store);
    bool due = l->path[0] != '\0' && !l->saving && newest != NULL &&
               (l->saved_time == 0 || newest->time >= l->saved_time + least_ms);
    if (due && (copy = malloc(sizeof *copy)) != NULL) {
        *copy = l->store;
        l->saving = true;
    }
    mutex_unlock(&l->lock);
    return copy;
}

/* One thread at a time, outside of the lock. A full disk must not stop reads. */
static void save(struct light *l, uint64_t least_ms) {
    struct trust_store *copy = save_begin(l, least_ms);
    struct err why;
    if (copy == NULL)
        return;
    err_clear(&why);
    if (trust_store_save(l->path, l->chain_id, copy, &why) != CODE_OK)
        log_warn("light", "verified headers cannot be kept", "why=%s", log_quote(err_text(&why)).s);
    mutex_lock(&l->lock);
    l->saving = false;
    l->saved_time = trust_store_newest(copy)->time;
    mutex_unlock(&l->lock);
    free(copy);
}

void light_close(struct light *l) {
    if (l == NULL)
        return;
    save(l, LIGHT_SAVE_MS);
    mutex_release(&l->lock);
    free(l);
}

/* --- fetching ----------------------------------------------------------------------------------------------------- */

/* From one node, taken apart; the arena is as before on failure. */
static int fetch_from(struct light *l, size_t node, uint64_t height, struct arena *arena, struct fetched *ret,
                      struct err *err) {
    struct arena_mark mark = arena_mark(arena);
    struct fetched f = {.block = ARENA_NEW(arena, struct light_block), .node = node};
    if (f.block == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for a header");
    atomic_fetch_add(&l->fetched, 1);
    int rc = l->source.fetch(l->source.ctx, node, height, arena, &f.pb, err);
    if (rc == CODE_OK)
        rc = light_block_from_pb(f.pb, &l->genesis.chain_tag, arena, f.block, err);
    if (rc == CODE_OK && f.block->header.height != height)
        rc = err_set(err, CODE_MALFORMED, "header %" PRIu64 " came where %" PRIu64 " was asked for",
                     f.block->header.height, height);
    if (rc == CODE_OK)
        *ret = f;
    else
        arena_rewind(arena, mark);
    return rc != CODE_OK ? err_wrap(err, rc, "%s", l->source.name(l->source.ctx, node)) : CODE_OK;
}

static void on_step(void *ctx, const struct light_block *block) {
    struct trip *trip = ctx;
    for (size_t i = 0; i < trip->count; i++)
        if (trip->all[i].block == block)
            trip->steps[trip->step_count++] = trip->all[i];
}

/* The wanted header, from the first node that has it. */
static int trip_fetch(struct trip *t, struct err *err) {
    struct light *l = t->light;
    int rc = CODE_UNAVAILABLE;
    if (t->count == LIGHT_FETCH_MAX)
        return err_set(err, CODE_LIMIT, "%d headers did not lead to height %" PRIu64, LIGHT_FETCH_MAX, t->walk.target);
    for (size_t i = 0; i < (t->only ? 1 : l->source.nodes); i++) {
        size_t node = (t->node + i) % l->source.nodes;
        if (t->liars >> node & 1)
            continue;
        rc = fetch_from(l, node, light_walk_wants(&t->walk), t->arena, &t->all[t->count], err);
        if (rc == CODE_OK || rc == CODE_CANCELLED || rc == CODE_NO_MEMORY)
            break;
    }
    return rc;
}

/* Whose header the walk has just refused: it wants that height again. */
static size_t trip_liar(const struct trip *t) {
    size_t i = t->count;
    while (i > 1 && t->all[i - 1].block->header.height != light_walk_wants(&t->walk))
        i--;
    return i - 1;
}

static bool nobody_left(const struct trip *t) {
    if (t->only)
        return true;
    for (size_t i = 0; i < t->light->source.nodes; i++)
        if (!(t->liars >> i & 1))
            return false;
    return true;
}

/* One header on. A node whose header does not stand is not asked again; what stood by then is kept. */
static int trip_step(struct trip *t, struct err *err) {
    struct light *l = t->light;
    int rc = trip_fetch(t, err);
    if (rc != CODE_OK)
        return rc;
    rc = light_walk_give(&t->walk, t->all[t->count++].block, l->source.now_ms(l->source.ctx),
                         &(struct light_step){on_step, t}, err);
    if (rc == CODE_OK || rc == CODE_EXPIRED || rc == CODE_LIMIT)
        return rc;
    t->refused = t->all[trip_liar(t)];
    t->liars |= (uint64_t)1 << t->refused.node;
    err_wrap(err, rc, "%s", l->source.name(l->source.ctx, t->refused.node));
    if (rc == CODE_FORK || nobody_left(t))
        return rc;
    struct light_trust so_far = t->walk.trust;
    return light_walk_begin(&t->walk, &so_far, t->walk.target, &l->rules, 0, err);
}

static int trip_go(struct trip *t, struct light *l, const struct light_trust *ground, uint64_t height, size_t node,
                   bool only, struct arena *arena, struct err *err) {
    *t = (struct trip){.light = l, .arena = arena, .node = node, .only = only};
    int rc = light_walk_begin(&t->walk, ground, height, &l->rules, 0, err);
    while (rc == CODE_OK && light_walk_wants(&t->walk) != 0)
        rc = trip_step(t, err);
    return rc;
}

/* --- what others say ---------------------------------------------------------------------------------------------- */

/* `found` was verified on the ground; does a witness have another header that can be, too? */
static int ask_witness(struct light *l, const struct light_trust *ground, const struct fetched *found, size_t witness,
                       struct err *err) {
    struct arena arena;
    struct fetched other;
    struct trip *trip = NULL;
    int rc = CODE_OK;
    arena_init(&arena, ARENA_MAX);
    bool answers = fetch_from(l, witness, found->block->header.height, &arena, &other, NULL) == CODE_OK;
    if (answers && !hash_eq(&other.block->header.id, &found->block->header.id)) {
        trip = malloc(sizeof *trip);
        bool verified = trip != NULL &&
                        trip_go(trip, l, ground, found->block->header.height, witness, true, &arena, NULL) == CODE_OK;
        if (verified) {
            struct light_attack attack = {.trusted = ground,
                                          .chain_id = l->chain_id,
                                          .node_a = l->source.name(l->source.ctx, found->node),
                                          .node_b = l->source.name(l->source.ctx, witness),
                                          .header_a = found->pb,
                                          .header_b = other.pb,
                                          .block_a = found->block,
                                          .block_b = other.block};
            rc = light_attack_save(&attack, l->home, err);
        }
        if (trip != NULL && !verified)
            log_warn("light", "a node's header cannot be verified and differs from the one that is",
                     "node=%s height=%" PRIu64, log_quote(l->source.name(l->source.ctx, witness)).s,
                     found->block->header.height);
    }
    free(trip);
    arena_release(&arena);
    return rc;
}

static int compare(struct light *l, const struct light_trust *ground, const struct fetched *found, bool always,
                   struct err *err) {
    uint64_t now = clock_mono_ms();
    mutex_lock(&l->lock);
    bool due = l->source.nodes > 1 && (always || l->compared_ms == 0 || now - l->compared_ms >= LIGHT_COMPARE_MS);
    if (due)
        l->compared_ms = now;
    mutex_unlock(&l->lock);
    int rc = CODE_OK;
    for (size_t i = 1; due && rc == CODE_OK && i < l->source.nodes && i <= LIGHT_WITNESSES; i++)
        rc = ask_witness(l, ground, found, (found->node + i) % l->source.nodes, err);
    return rc;
}

/* --- grounds ------------------------------------------------------------------------------------------------------ */

/* The best ground at or below a height: the highest that is not too old, the genesis at the last. */
static int ground_below(struct light *l, uint64_t height, struct light_trust *ret, struct err *err) {
    uint64_t now = l->source.now_ms(l->source.ctx);
    mutex_lock(&l->lock);
    const struct light_trust *point = trust_store_below(&l->store, height);
    *ret = point != NULL ? *point : l->genesis;
    bool above = trust_store_above(&l->store, height) != NULL;
    mutex_unlock(&l->lock);
    if (!light_expired(ret, &l->rules, now) || ret->height == height)
        return CODE_OK;
    if (above)
        return CODE_STALE; /* only from above */
    return err_set(err, CODE_EXPIRED,
                   "what this client trusts (height %" PRIu64 ") is older than the trust period of %" PRIu64
                   " hours: get height and id of a recent header from somebody you trust, and name them with --trust",
                   ret->height, l->rules.trust_period_ms / 3600000);
}

static void remember(struct light *l, const struct trip *trip) {
    struct light_trust point = {.chain_tag = l->genesis.chain_tag};
    mutex_lock(&l->lock);
    trust_store_expire(&l->store, &l->rules, l->source.now_ms(l->source.ctx));
    for (size_t i = 0; i < trip->step_count; i++) {
        light_trust_advance(&point, trip->steps[i].block);
        trust_store_add(&l->store, &point);
        l->ring[point.height % RING] = point;
    }
    mutex_unlock(&l->lock);
    save(l, trip->step_count > 1 ? 1 : LIGHT_SAVE_MS);
}

static int forward(struct light *l, const struct light_trust *ground, size_t node, uint64_t height, struct arena *arena,
                   struct light_trust *ret, struct err *err) {
    struct trip *trip = malloc(sizeof *trip);
    if (trip == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory to verify a header");
    int rc = trip_go(trip, l, ground, height, node, false, arena, err);
    if (rc == CODE_FORK) {
        struct light_attack attack = {.trusted = &trip->walk.trust,
                                      .chain_id = l->chain_id,
                                      .node_a = l->source.name(l->source.ctx, trip->refused.node),
                                      .header_a = trip->refused.pb,
                                      .block_a = trip->refused.block};
        rc = light_attack_save(&attack, l->home, err);
    }
    if (rc == CODE_OK && trip->step_count > 0)
        rc = compare(l, ground, &trip->steps[trip->step_count - 1], trip->step_count > 1, err);
    if (rc == CODE_OK) {
        remember(l, trip);
        *ret = trip->walk.trust;
    }
    free(trip);
    return rc;
}

/* One header further down: from any node, if it is the one that the header above names. */
static int link_down(struct light *l, size_t node, const struct hash *id, uint64_t height, struct arena *arena,
                     struct fetched *ret, struct err *err) {
    int rc = CODE_UNAVAILABLE;
    for (size_t i = 0; i < l->source.nodes; i++) {
        rc = fetch_from(l, (node + i) % l->source.nodes, height, arena, ret, err);
        if (rc == CODE_OK && hash_eq(&ret->block->header.id, id))
            return CODE_OK;
        if (rc == CODE_OK)
            rc = err_set(err, CODE_UNTRUSTED, "%s: header %" PRIu64 " is not the one that the header above it names",
                         l->source.name(l->source.ctx, (node + i) % l->source.nodes), height);
    }
    return rc;
}

/* From the lowest point above, by the set's own signature in one step, or by hashes, height by height. */
static int backward(struct light *l, size_t node, uint64_t height, struct arena *arena, struct light_trust *ret,
                    struct err *err) {
    struct light_trust above = {.height = 0};
    struct fetched f;
    mutex_lock(&l->lock);
    const struct light_trust *point = trust_store_above(&l->store, height);
    if (point != NULL)
        above = *point;
    mutex_unlock(&l->lock);
    int rc = above.height > 0 ? fetch_from(l, node, height, arena, &f, err)
                              : err_set(err, CODE_EXPIRED, "what this client trusted has just become too old");
    if (rc == CODE_OK && light_verify(&above, f.block, &l->rules, l->source.now_ms(l->source.ctx), NULL) != CODE_OK) {
        if (above.height - height > LIGHT_BACK_MAX)
            return err_set(err, CODE_STALE,
                           "height %" PRIu64 " lies too far below the lowest trusted header, %" PRIu64
                           ": name a header at or below it with --trust",
                           height, above.height);
        struct hash id = above.id;
        for (uint64_t h = above.height; rc == CODE_OK && h >= height; h--) {
            struct arena_mark mark = arena_mark(arena);
            rc = link_down(l, node, &id, h, arena, &f, err);
            if (rc == CODE_OK)
                id = f.block->header.previous_id;
            if (h > height)
                arena_rewind(arena, mark);
        }
    }
    if (rc == CODE_OK) {
        *ret = (struct light_trust){.chain_tag = l->genesis.chain_tag};
        light_trust_advance(ret, f.block);
    }
    return rc;
}

int light_header(struct light *l, size_t node, uint64_t height, struct light_trust *ret, struct err *err) {
    struct arena arena;
    struct light_trust ground;
    mutex_lock(&l->lock);
    const struct light_trust *seen = &l->ring[height % RING];
    bool known = height > 0 && seen->height == height;
    if (known)
        *ret = *seen;
    mutex_unlock(&l->lock);
    if (known)
        return CODE_OK;
    arena_init(&arena, ARENA_MAX);
    int rc = ground_below(l, height, &ground, err);
    if (rc == CODE_OK) {
        rc = forward(l, &ground, node, height, &arena, ret, err);
    } else if (rc == CODE_STALE) {
        rc = backward(l, node, height, &arena, ret, err);
        if (rc == CODE_OK) {
            mutex_lock(&l->lock);
            l->ring[height % RING] = *ret;
            mutex_unlock(&l->lock);
        }
    }
    arena_release(&arena);
    return rc;
}

int light_trust_header(struct light *l, uint64_t height, const struct hash *id, struct err *err) {
    struct arena arena;
    struct light_trust point;
    int rc = CODE_UNAVAILABLE;
    arena_init(&arena, ARENA_MAX);
    for (size_t i = 0; rc != CODE_OK && i < l->source.nodes; i++) {
        struct fetched f;
        rc = fetch_from(l, i, height, &arena, &f, err);
        if (rc == CODE_OK)
            rc = light_trust_named(f.block, height, id, &l->genesis.chain_tag, &point, err);
    }
    arena_release(&arena);
    if (rc != CODE_OK)
        return rc;
    mutex_lock(&l->lock);
    trust_store_add(&l->store, &point);
    l->pinned = point;
    mutex_unlock(&l->lock);
    save(l, 0);
    return CODE_OK;
}

/* --- a way for others --------------------------------------------------------------------------------------------- */

/* Where a way for others begins: at the header that the user named, the genesis, or the lowest header that is trusted
 * and not too old. */
static int path_ground(struct light *l, uint64_t height, struct light_trust *ret, struct err *err) {
    uint64_t now = l->source.now_ms(l->source.ctx);
    int rc = CODE_OK;
    mutex_lock(&l->lock);
    *ret = l->pinned.height > 0 && l->pinned.height <= height ? l->pinned : l->genesis;
    mutex_unlock(&l->lock);
    if (!light_expired(ret, &l->rules, now))
        return CODE_OK;
    mutex_lock(&l->lock);
    trust_store_expire(&l->store, &l->rules, now);
    if (l->store.count > 0 && l->store.point[0].height <= height)
        *ret = l->store.point[0];
    else
        rc = CODE_EXPIRED;
    mutex_unlock(&l->lock);
    return rc == CODE_OK ? CODE_OK
                         : err_set(err, CODE_EXPIRED,
                                   "nothing that is trusted at or below height %" PRIu64
                                   " is young enough: name a recent header with --trust",
                                   height);
}

int light_path(struct light *l, size_t node, uint64_t height, struct arena *arena, struct light_path *ret,
               struct err *err) {
    struct light_trust ground;
    struct light_path path = {.count = 0};
    struct trip *trip = malloc(sizeof *trip);
    if (trip == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory to verify a header");
    int rc = path_ground(l, height, &ground, err);
    if (rc == CODE_OK)
        rc = trip_go(trip, l, &ground, height, node, false, arena, err);
    if (rc == CODE_OK && trip->step_count > 0)
        rc = compare(l, &ground, &trip->steps[trip->step_count - 1], true, err);
    if (rc == CODE_OK && ground.height > 0) {
        struct fetched first;
        rc = link_down(l, node, &ground.id, ground.height, arena, &first, err);
        if (rc == CODE_OK)
            path.headers[path.count++] = first.pb;
    }
    if (rc == CODE_OK) {
        path.from_genesis = ground.height == 0;
        for (size_t i = 0; i < trip->step_count; i++)
            path.headers[path.count++] = trip->steps[i].pb;
        path.end = trip->walk.trust;
        remember(l, trip);
        *ret = path;
    }
    free(trip);
    return rc;
}

void light_points(struct light *l, struct trust_store *ret) {
    mutex_lock(&l->lock);
    *ret = l->store;
    mutex_unlock(&l->lock);
}

uint64_t light_fetched(struct light *l) {
    return atomic_load(&l->fetched);
}
