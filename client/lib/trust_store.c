/* SPDX-License-Identifier: Apache-2.0 */
#include "client/lib/trust_store.h"

#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/os/file.h"

#include <stdio.h>

enum { STORE_VERSION = 1, STORE_FILE_MAX = 2 << 20, STORE_ARENA_MAX = 16 << 20, TAG_SHOWN = 8 };

void trust_store_init(struct trust_store *store, const struct hash *chain_tag) {
    store->chain_tag = *chain_tag;
    store->count = 0;
}

static void remove_at(struct trust_store *store, size_t i) {
    memmove(&store->point[i], &store->point[i + 1], (store->count - 1 - i) * sizeof *store->point);
    store->count--;
}

/* The point, not the newest, whose neighbours lie closest together; the lowest has the genesis below it. */
static size_t least_missed(const struct trust_store *store) {
    size_t best = 0;
    uint64_t best_gap = UINT64_MAX;
    for (size_t i = 0; i + 1 < store->count; i++) {
        uint64_t gap = store->point[i + 1].height - (i > 0 ? store->point[i - 1].height : 0);
        if (gap < best_gap) {
            best = i;
            best_gap = gap;
        }
    }
    return best;
}

void trust_store_add(struct trust_store *store, const struct light_trust *point) {
    size_t place = store->count;
    while (place > 0 && store->point[place - 1].height > point->height)
        place--;
    if (place > 0 && store->point[place - 1].height == point->height) {
        store->point[place - 1] = *point;
        return;
    }
    if (store->count == TRUST_POINTS_MAX) {
        size_t goes = least_missed(store);
        remove_at(store, goes);
        place -= goes < place;
    }
    memmove(&store->point[place + 1], &store->point[place], (store->count - place) * sizeof *store->point);
    store->point[place] = *point;
    store->count++;
}

void trust_store_expire(struct trust_store *store, const struct light_rules *rules, uint64_t now_ms) {
    while (store->count > 0 && light_expired(&store->point[0], rules, now_ms))
        remove_at(store, 0);
}

const struct light_trust *trust_store_below(const struct trust_store *store, uint64_t height) {
    for (size_t i = store->count; i-- > 0;)
        if (store->point[i].height <= height)
            return &store->point[i];
    return NULL;
}

const struct light_trust *trust_store_above(const struct trust_store *store, uint64_t height) {
    for (size_t i = 0; i < store->count; i++)
        if (store->point[i].height > height)
            return &store->point[i];
    return NULL;
}

const struct light_trust *trust_store_newest(const struct trust_store *store) {
    return store->count > 0 ? &store->point[store->count - 1] : NULL;
}

const struct light_trust *trust_store_find(const struct trust_store *store, uint64_t height, const struct hash *id) {
    const struct light_trust *point = trust_store_below(store, height);
    return point != NULL && point->height == height && hash_eq(&point->id, id) ? point : NULL;
}

/* --- as messages -------------------------------------------------------------------------------------------------- */

int trust_point_to_pb(const struct light_trust *point, struct arena *arena, TrustPoint **ret, struct err *err) {
    TrustPoint *pb = ARENA_NEW(arena, TrustPoint);
    if (pb == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for a trusted header");
    trust_point__init(pb);
    int rc = validator_set_to_pb(&point->validators, arena, &pb->validators, err);
    if (rc != CODE_OK)
        return rc;
    pb->height = point->height;
    pb->time = point->time;
    pb->header_id = pb_data(hash_bytes(&point->id));
    pb->app_hash = pb_data(hash_bytes(&point->app_hash));
    pb->next_validators_hash = pb_data(hash_bytes(&point->next_hash));
    *ret = pb;
    return CODE_OK;
}

int trust_point_from_pb(const TrustPoint *in, const struct hash *chain_tag, struct light_trust *ret, struct err *err) {
    struct light_trust point = {.chain_tag = *chain_tag, .height = in->height, .time = in->time};
    if (in->validators == NULL || !hash_from(pb_bytes(in->header_id), &point.id) ||
        !hash_from(pb_bytes(in->app_hash), &point.app_hash) ||
        !hash_from(pb_bytes(in->next_validators_hash), &point.next_hash))
        return err_set(err, CODE_MALFORMED, "the trusted header of height %llu is not complete",
                       (unsigned long long)in->height);
    int rc = validator_set_from_pb(in->validators, &point.validators, err);
    if (rc == CODE_OK)
        *ret = point;
    return rc;
}

/* --- the file ----------------------------------------------------------------------------------------------------- */

int trust_store_path(const char *home, const struct hash *chain_tag, char *ret_path, size_t ret_size, struct err *err) {
    char name[2 * TAG_SHOWN + sizeof "trust/" + sizeof ".json"] = "trust/";
    hex_encode(chain_tag->b, TAG_SHOWN, name + strlen(name));
    snprintf(name + strlen(name), sizeof name - strlen(name), ".json");
    return path_join(home, name, ret_path, ret_size, err);
}

static int take_points(const TrustStore *in, struct trust_store *store, struct err *err) {
    int rc = CODE_OK;
    if (in->version != STORE_VERSION || !bytes_eq(pb_bytes(in->chain_tag), hash_bytes(&store->chain_tag)))
        return err_set(err, CODE_MALFORMED, "it is of another version or of another chain");
    if (in->n_points > TRUST_POINTS_MAX)
        return err_set(err, CODE_MALFORMED, "it holds more than %d headers", TRUST_POINTS_MAX);
    for (size_t i = 0; rc == CODE_OK && i < in->n_points; i++) {
        uint64_t before = i > 0 ? in->points[i - 1]->height : 0;
        rc = in->points[i]->height > before
                 ? trust_point_from_pb(in->points[i], &store->chain_tag, &store->point[i], err)
                 : err_set(err, CODE_MALFORMED, "its heights do not ascend");
    }
    if (rc == CODE_OK)
        store->count = in->n_points;
    return rc;
}

int trust_store_load(const char *path, struct trust_store *store, struct err *err) {
    struct arena arena;
    struct buf text;
    TrustStore *pb;
    store->count = 0;
    if (!path_exists(path))
        return CODE_OK;
    arena_init(&arena, STORE_ARENA_MAX);
    buf_init(&text, STORE_FILE_MAX);
    int rc = file_read(path, &text, err);
    if (rc == CODE_OK) {
        rc = json_read_pb(&trust_store__descriptor, buf_bytes(&text), &arena, &pb, err);
        if (rc == CODE_OK)
            rc = take_points(pb, store, err);
        if (rc != CODE_OK)
            rc = err_wrap(err, CODE_CORRUPT,
                          "%s, the memory of verified headers, is damaged (remove it to begin again at the genesis)",
                          path);
    }
    buf_release(&text);
    arena_release(&arena);
    return rc;
}

static int store_to_pb(const char *chain_id, const struct trust_store *store, struct arena *arena, TrustStore *ret,
                       struct err *err) {
    trust_store__init(ret);
    ret->version = STORE_VERSION;
    ret->chain_id = pb_text(chain_id);
    ret->chain_tag = pb_data(hash_bytes(&store->chain_tag));
    ret->points = arena_array(arena, store->count, sizeof *ret->points);
    if (ret->points == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for the trusted headers");
    int rc = CODE_OK;
    for (; rc == CODE_OK && ret->n_points < store->count; ret->n_points++)
        rc = trust_point_to_pb(&store->point[ret->n_points], arena, &ret->points[ret->n_points], err);
    return rc;
}

int trust_store_save(const char *path, const char *chain_id, const struct trust_store *store, struct err *err) {
    struct arena arena;
    TrustStore pb;
    const char *text;
    char dir[PATH_LEN_MAX];
    const char *slash = strrchr(path, '/');
    arena_init(&arena, STORE_ARENA_MAX);
    int rc = store_to_pb(chain_id, store, &arena, &pb, err);
    if (rc == CODE_OK)
        rc = json_print_pb(&pb, true, &arena, &text, err);
    if (rc == CODE_OK && slash != NULL && (size_t)(slash - path) < sizeof dir) {
        snprintf(dir, sizeof dir, "%.*s", (int)(slash - path), path);
        rc = dir_make(dir, 0700, err);
    }
    if (rc == CODE_OK)
        rc = file_write_atomic(path, bytes_str(text), 0600, err);
    arena_release(&arena);
    return rc;
}
