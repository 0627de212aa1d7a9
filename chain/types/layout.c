/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/layout.h"
#include "chain/base/num.h"

#include <assert.h>
#include <stdio.h>

static bool is_ec(const Profile *profile) {
    return profile->kind == PROFILE_KIND_EC;
}

static int check_ec(const Profile *profile, struct err *err) {
    if (profile->k < 1 || profile->k > CODE_K_MAX)
        return err_set(err, CODE_INVALID_ARGUMENT, "an erasure code has 1 to %d data columns, not %u", CODE_K_MAX,
                       profile->k);
    if (profile->m > CODE_N_MAX || profile_positions(profile) > CODE_N_MAX)
        return err_set(err, CODE_INVALID_ARGUMENT, "a profile has at most %d positions", CODE_N_MAX);
    return CODE_OK;
}

static int check_replica(const Profile *profile, struct err *err) {
    if (profile->k < 1 || profile->k > CODE_N_MAX)
        return err_set(err, CODE_INVALID_ARGUMENT, "there can be 1 to %d copies, not %u", CODE_N_MAX, profile->k);
    if (profile->m != 0 || profile->whole)
        return err_set(err, CODE_INVALID_ARGUMENT, "a profile of copies has no parity columns");
    return CODE_OK;
}

int profile_check(const Profile *profile, struct err *err) {
    if (profile->segment_size < SEGMENT_LEN_MIN || profile->segment_size > SEGMENT_LEN_MAX ||
        profile->segment_size % LEAF_LEN != 0)
        return err_set(err, CODE_INVALID_ARGUMENT, "a segment has 64 KiB to 32 MiB, in steps of 4 KiB; not %llu bytes",
                       (unsigned long long)profile->segment_size);
    switch ((int)profile->kind) {
    case PROFILE_KIND_EC:
        return check_ec(profile, err);
    case PROFILE_KIND_REPLICA:
    case PROFILE_KIND_KEYED_REPLICA:
        return check_replica(profile, err);
    default:
        return err_set(err, CODE_INVALID_ARGUMENT, "a profile is ec, replica or keyed-replica");
    }
}

/* A number of one to three digits at *at, which moves behind it. */
static bool take_number(const char **at, uint32_t *ret) {
    uint32_t value = 0;
    const char *p = *at;
    for (; *p >= '0' && *p <= '9' && p - *at < 3; p++)
        value = value * 10 + (uint32_t)(*p - '0');
    if (p == *at || **at == '0')
        return false;
    *at = p;
    *ret = value;
    return true;
}

static bool take_text(const char **at, const char *text) {
    size_t len = strlen(text);
    if (strncmp(*at, text, len) != 0)
        return false;
    *at += len;
    return true;
}

/* "k+m", "k+m+w"; m may be 0. */
static bool take_ec(const char **at, Profile *profile) {
    if (!take_number(at, &profile->k) || !take_text(at, "+"))
        return false;
    if (!take_text(at, "0") && !take_number(at, &profile->m))
        return false;
    profile->whole = take_text(at, "+w");
    return true;
}

static uint64_t default_segment(const Profile *profile) {
    bool large = is_ec(profile) && profile->k == 4 && profile->m == 8 && !profile->whole;
    return large ? PROFILE_SEGMENT_LARGE : PROFILE_SEGMENT_LEN;
}

int profile_parse(const char *text, uint64_t segment_size, Profile *ret, struct err *err) {
    Profile profile = PROFILE__INIT;
    const char *at = text;
    bool ok = false;
    if (take_text(&at, "ec:")) {
        profile.kind = PROFILE_KIND_EC;
        ok = take_ec(&at, &profile);
    } else if (take_text(&at, "replica:")) {
        profile.kind = PROFILE_KIND_REPLICA;
        ok = take_number(&at, &profile.k);
    } else if (take_text(&at, "keyed-replica:")) {
        profile.kind = PROFILE_KIND_KEYED_REPLICA;
        ok = take_number(&at, &profile.k);
    }
    if (!ok || *at != 0)
        return err_set(err, CODE_INVALID_ARGUMENT,
                       "'%.40s' is not a profile; write ec:4+2+w, ec:K+M, replica:N or keyed-replica:N", text);
    profile.segment_size = segment_size != 0 ? segment_size : default_segment(&profile);
    int rc = profile_check(&profile, err);
    if (rc == CODE_OK)
        *ret = profile;
    return rc;
}

char *profile_print(const Profile *profile, char ret_text[PROFILE_TEXT_MAX]) {
    if (is_ec(profile))
        snprintf(ret_text, PROFILE_TEXT_MAX, "ec:%u+%u%s", profile->k, profile->m, profile->whole ? "+w" : "");
    else
        snprintf(ret_text, PROFILE_TEXT_MAX, "%sreplica:%u",
                 profile->kind == PROFILE_KIND_KEYED_REPLICA ? "keyed-" : "", profile->k);
    return ret_text;
}

bool profile_eq(const Profile *a, const Profile *b) {
    return a->kind == b->kind && a->k == b->k && a->m == b->m && a->whole == b->whole &&
           a->segment_size == b->segment_size;
}

uint32_t profile_positions(const Profile *profile) {
    return is_ec(profile) ? profile->k + profile->m + (profile->whole ? 1 : 0) : profile->k;
}

uint32_t profile_needed(const Profile *profile) {
    return is_ec(profile) ? profile->k : 1;
}

bool profile_is_whole(const Profile *profile, uint32_t position) {
    assert(position < profile_positions(profile));
    return !is_ec(profile) || (profile->whole && position == 0);
}

uint32_t profile_row(const Profile *profile, uint32_t position) {
    assert(!profile_is_whole(profile, position));
    return position - (profile->whole ? 1 : 0);
}

bool profile_readable(const Profile *profile, uint64_t positions) {
    uint32_t columns = 0;
    for (uint32_t i = 0; i < profile_positions(profile); i++) {
        if ((positions >> i & 1) == 0)
            continue;
        if (profile_is_whole(profile, i))
            return true;
        columns++;
    }
    return columns >= profile_needed(profile);
}

uint64_t layout_segments(const Profile *profile, uint64_t size) {
    return u64_div_up(size, profile->segment_size);
}

uint64_t layout_segment_len(const Profile *profile, uint64_t size, uint64_t segment) {
    assert(size <= PAYLOAD_LEN_MAX && segment < layout_segments(profile, size));
    return u64_min(profile->segment_size, size - segment * profile->segment_size);
}

uint64_t layout_column_len(const Profile *profile, uint64_t segment_len) {
    assert(is_ec(profile));
    return u64_div_up(segment_len, profile->k);
}

uint64_t layout_column_fill(const Profile *profile, uint64_t segment_len, uint32_t row) {
    assert(row < profile->k);
    uint64_t column = layout_column_len(profile, segment_len), from = row * column;
    return from >= segment_len ? 0 : u64_min(column, segment_len - from);
}

/* What a position keeps of one segment of this length. */
static uint64_t part_len(const Profile *profile, uint64_t segment_len, uint32_t position) {
    return profile_is_whole(profile, position) ? segment_len : layout_column_len(profile, segment_len);
}

uint64_t layout_piece_len(const Profile *profile, uint64_t size, uint64_t segment, uint32_t position) {
    return part_len(profile, layout_segment_len(profile, size, segment), position);
}

uint64_t layout_position_bytes(const Profile *profile, uint64_t size, uint32_t position) {
    assert(size <= PAYLOAD_LEN_MAX);
    uint64_t full = size / profile->segment_size, rest = size % profile->segment_size;
    uint64_t bytes = full * part_len(profile, profile->segment_size, position);
    return bytes + (rest != 0 ? part_len(profile, rest, position) : 0);
}

uint64_t layout_billed_bytes(const Profile *profile, uint64_t size) {
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < profile_positions(profile); i++)
        bytes += layout_position_bytes(profile, size, i);
    return bytes;
}

uint64_t layout_leaves(const Profile *profile, uint64_t size, uint64_t segment, uint32_t position) {
    return u64_div_up(layout_piece_len(profile, size, segment, position), LEAF_LEN);
}
