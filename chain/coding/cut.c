/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/coding/cut.h"

#include <assert.h>
#include <stdlib.h>

#include "chain/base/code.h"

/* Memory and file offsets of pieces are multiples of this: O_DIRECT asks for it. */
#define ALIGN LEAF_LEN

int coder_init(struct coder *coder, const Profile *profile, struct err *err) {
    int rc = profile_check(profile, err);
    if (rc)
        return rc;
    if (profile->kind == PROFILE_KIND_KEYED_REPLICA)
        return err_set(err, CODE_UNSUPPORTED, "keyed replicas are made by their owner's client, not by a provider");
    coder->profile = *profile;
    if (profile->kind == PROFILE_KIND_EC)
        rs_init(&coder->rs, profile->k, profile->m);
    return CODE_OK;
}

static size_t round_up(size_t len) {
    return (len + ALIGN - 1) / ALIGN * ALIGN;
}

static bool has_columns(const Profile *profile) {
    return profile->kind == PROFILE_KIND_EC;
}

/* Distance between parity columns, and room for the segment with its padding (at most k - 1 bytes). */
static size_t parity_stride(const Profile *profile) {
    return round_up((size_t)layout_column_len(profile, profile->segment_size));
}

static size_t segment_room(const Profile *profile) {
    return round_up((size_t)profile->segment_size + CODE_K_MAX);
}

static size_t parity_room(const Profile *profile) {
    return has_columns(profile) ? profile->m * parity_stride(profile) : 0;
}

/* The segment's own groups, and those of each column. */
static size_t groups_room(const Profile *profile) {
    size_t count = piece_groups(profile->segment_size);
    if (has_columns(profile))
        count += (profile->k + profile->m) * piece_groups(parity_stride(profile));
    return count * sizeof(struct hash);
}

static size_t leaves_room(const Profile *profile) {
    return (size_t)leaf_count(profile->segment_size) * sizeof(struct hash);
}

size_t cut_memory(const Profile *profile) {
    return segment_room(profile) + parity_room(profile) + groups_room(profile) + leaves_room(profile);
}

int cut_init(struct cut *cut, const struct coder *coder, struct err *err) {
    const Profile *profile = &coder->profile;
    *cut = (struct cut){.coder = coder};
    cut->segment = aligned_alloc(ALIGN, segment_room(profile));
    cut->groups = malloc(groups_room(profile));
    cut->leaves = malloc(leaves_room(profile));
    if (parity_room(profile) > 0)
        cut->parity = aligned_alloc(ALIGN, parity_room(profile));
    if (!cut->segment || !cut->groups || !cut->leaves || (parity_room(profile) > 0 && !cut->parity)) {
        cut_release(cut);
        return err_set(err, CODE_NO_MEMORY, "no memory for a segment of %zu bytes and its pieces",
                       (size_t)profile->segment_size);
    }
    return CODE_OK;
}

void cut_release(struct cut *cut) {
    free(cut->segment);
    free(cut->parity);
    free(cut->groups);
    free(cut->leaves);
    *cut = (struct cut){.coder = cut->coder};
}

/* Takes the next `count` hashes of the cut's room for groups. */
static struct hash *take_groups(struct hash **at, size_t count) {
    struct hash *first = *at;
    *at += count;
    return first;
}

static void hash_piece(struct cut *cut, struct cut_piece *piece, struct hash **groups) {
    struct hash *own = take_groups(groups, piece_groups(piece->data.len));
    piece->root = piece_hash(piece->data.data, piece->data.len, cut->leaves, own);
    piece->groups = own;
}

/* Groups and root of a piece from leaf hashes that are there already; destroys them. */
static void fold_piece(struct cut_piece *piece, struct hash *leaves, struct hash **groups) {
    size_t count = list_tree_fold(DOMAIN_NODE, leaves, (size_t)leaf_count(piece->data.len), PIECE_GROUP_LEVEL);
    struct hash *own = take_groups(groups, count);
    memcpy(own, leaves, count * sizeof *own);
    struct hash root = list_tree_root_of(DOMAIN_NODE, leaves, count);
    piece->root = piece_root(piece->data.len, &root);
    piece->groups = own;
}

/*
 * The whole segment and its data columns from one hashing of the segment's leaves. Columns of whole groups need the
 * level of groups only; the segment's groups are then theirs, one after the other.
 */
static void hash_data_together(struct cut *cut, struct cut_piece *whole, struct cut_piece *columns,
                               struct hash **groups) {
    unsigned k = cut->coder->profile.k;
    size_t column = columns[0].data.len, leaves = (size_t)leaf_count(column);
    leaf_hash_many(whole->data.data, whole->data.len, cut->leaves);
    if (column % PIECE_GROUP_LEN == 0) {
        fold_piece(whole, cut->leaves, groups);
        for (unsigned r = 0; r < k; r++) {
            columns[r].groups = whole->groups + r * piece_groups(column);
            columns[r].root = piece_root_of_groups(column, columns[r].groups, cut->leaves);
        }
        return;
    }
    struct list_tree tree;
    list_tree_init(&tree, DOMAIN_NODE);
    struct hash *own = take_groups(groups, piece_groups(whole->data.len));
    for (size_t g = 0; g < piece_groups(whole->data.len); g++) {
        size_t at = g * PIECE_GROUP_LEAVES, all = (size_t)leaf_count(whole->data.len);
        size_t count = all - at < PIECE_GROUP_LEAVES ? all - at : PIECE_GROUP_LEAVES;
        struct hash group[PIECE_GROUP_LEAVES];
        memcpy(group, cut->leaves + at, count * sizeof *group);
        own[g] = list_tree_root_of(DOMAIN_NODE, group, count);
        list_tree_push(&tree, &own[g]);
    }
    struct hash root = list_tree_root(&tree);
    whole->root = piece_root(whole->data.len, &root);
    whole->groups = own;
    for (unsigned r = 0; r < k; r++)
        fold_piece(&columns[r], cut->leaves + r * leaves, groups);
}

/* Pads the segment, computes parity, and points rows[0..k+m) at their bytes. */
static void code_columns(struct cut *cut, size_t len, struct cut_piece *rows) {
    const Profile *profile = &cut->coder->profile;
    size_t column = (size_t)layout_column_len(profile, len), stride = parity_stride(profile);
    const uint8_t *data[CODE_K_MAX];
    uint8_t *parity[CODE_N_MAX];
    assert(column * profile->k <= segment_room(profile));
    memset(cut->segment + len, 0, column * profile->k - len);
    for (unsigned r = 0; r < profile->k; r++) {
        data[r] = cut->segment + r * column;
        rows[r].data = bytes_of(data[r], column);
    }
    for (unsigned r = 0; r < profile->m; r++) {
        parity[r] = cut->parity + r * stride;
        rows[profile->k + r].data = bytes_of(parity[r], column);
    }
    rs_encode(&cut->coder->rs, column, data, parity);
}

static void run_columns(struct cut *cut, struct cut_piece *whole, struct hash **groups) {
    const Profile *profile = &cut->coder->profile;
    struct cut_piece *rows = cut->pieces + (profile->whole ? 1 : 0);
    code_columns(cut, whole->data.len, rows);
    bool together = rows[0].data.len % LEAF_LEN == 0 && rows[0].data.len * profile->k == whole->data.len;
    if (together)
        hash_data_together(cut, whole, rows, groups);
    else
        hash_piece(cut, whole, groups);
    for (unsigned r = together ? profile->k : 0; r < profile->k + profile->m; r++)
        hash_piece(cut, &rows[r], groups);
    if (profile->whole)
        cut->pieces[0] = *whole;
}

void cut_run(struct cut *cut, size_t len) {
    const Profile *profile = &cut->coder->profile;
    assert(len >= 1 && len <= profile->segment_size);
    struct hash *groups = cut->groups;
    struct cut_piece whole = {.data = bytes_of(cut->segment, len)};
    cut->len = len;
    if (has_columns(profile)) {
        run_columns(cut, &whole, &groups);
    } else {
        hash_piece(cut, &whole, &groups);
        for (unsigned i = 0; i < profile_positions(profile); i++)
            cut->pieces[i] = whole;
    }
    assert((size_t)(groups - cut->groups) * sizeof *groups <= groups_room(profile));
    cut->whole = whole;
}
