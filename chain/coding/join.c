/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/coding/join.h"

#include <assert.h>

#include "chain/base/code.h"

size_t join_room(const Profile *profile, size_t segment_len) {
    if (profile->kind != PROFILE_KIND_EC)
        return segment_len;
    return (size_t)layout_column_len(profile, segment_len) * profile->k;
}

/* A position with whole segments among the input, or NULL. */
static const uint8_t *find_whole(const Profile *profile, const struct join_input *input) {
    for (size_t i = 0; i < input->count; i++)
        if (profile_is_whole(profile, input->positions[i]))
            return input->data[i];
    return NULL;
}

/* k columns to work from; data rows first, since they cost only a copy. */
struct chosen {
    unsigned rows[CODE_K_MAX];
    const uint8_t *data[CODE_K_MAX];
    unsigned count;
};

static void choose(const Profile *profile, const struct join_input *input, bool parity, struct chosen *ret_chosen) {
    for (size_t i = 0; i < input->count && ret_chosen->count < profile->k; i++) {
        if (profile_is_whole(profile, input->positions[i]))
            continue;
        unsigned row = profile_row(profile, input->positions[i]);
        if ((row >= profile->k) != parity)
            continue;
        ret_chosen->rows[ret_chosen->count] = row;
        ret_chosen->data[ret_chosen->count++] = input->data[i];
    }
}

static int choose_columns(const Profile *profile, const struct join_input *input, struct chosen *ret_chosen,
                          struct err *err) {
    ret_chosen->count = 0;
    choose(profile, input, false, ret_chosen);
    choose(profile, input, true, ret_chosen);
    if (ret_chosen->count < profile->k)
        return err_set(err, CODE_UNAVAILABLE, "only %u of the %u columns that are needed can be read",
                       ret_chosen->count, profile->k);
    return CODE_OK;
}

static int join_columns(const struct coder *coder, size_t segment_len, const struct join_input *input,
                        uint8_t *ret_segment, struct err *err) {
    const Profile *profile = &coder->profile;
    size_t column = (size_t)layout_column_len(profile, segment_len), missing = 0;
    struct chosen chosen;
    unsigned want[CODE_K_MAX];
    uint8_t *out[CODE_K_MAX];
    bool there[CODE_K_MAX] = {false};
    int rc = choose_columns(profile, input, &chosen, err);
    if (rc)
        return rc;
    for (unsigned i = 0; i < chosen.count; i++) {
        if (chosen.rows[i] >= profile->k)
            continue;
        uint8_t *place = ret_segment + chosen.rows[i] * column;
        there[chosen.rows[i]] = true;
        if (place != chosen.data[i])
            memcpy(place, chosen.data[i], column);
    }
    for (unsigned row = 0; row < profile->k; row++)
        if (!there[row]) {
            want[missing] = row;
            out[missing++] = ret_segment + row * column;
        }
    return rs_rebuild(&coder->rs, column, chosen.rows, chosen.data, want, missing, out, err);
}

int join_segment(const struct coder *coder, size_t segment_len, const struct join_input *input, uint8_t *ret_segment,
                 struct err *err) {
    const Profile *profile = &coder->profile;
    const uint8_t *whole = find_whole(profile, input);
    if (whole) {
        if (whole != ret_segment)
            memcpy(ret_segment, whole, segment_len);
        return CODE_OK;
    }
    if (profile->kind != PROFILE_KIND_EC)
        return err_set(err, CODE_UNAVAILABLE, "no copy of the segment can be read");
    return join_columns(coder, segment_len, input, ret_segment, err);
}

/* One column by cutting the whole segment again. */
static void column_of_whole(const struct coder *coder, const uint8_t *whole, size_t segment_len, unsigned row,
                            uint8_t *scratch, uint8_t *ret_piece) {
    const Profile *profile = &coder->profile;
    size_t column = (size_t)layout_column_len(profile, segment_len);
    const uint8_t *data[CODE_K_MAX];
    unsigned rows[CODE_K_MAX];
    memcpy(scratch, whole, segment_len);
    memset(scratch + segment_len, 0, column * profile->k - segment_len);
    for (unsigned r = 0; r < profile->k; r++) {
        rows[r] = r;
        data[r] = scratch + r * column;
    }
    int rc = rs_rebuild(&coder->rs, column, rows, data, &row, 1, &ret_piece, NULL);
    assert(rc == CODE_OK);
    (void)rc;
}

int join_piece(const struct coder *coder, size_t segment_len, const struct join_input *input, uint32_t position,
               uint8_t *scratch, uint8_t *ret_piece, struct err *err) {
    const Profile *profile = &coder->profile;
    if (profile_is_whole(profile, position)) {
        int rc = join_segment(coder, segment_len, input, scratch, err);
        if (!rc)
            memcpy(ret_piece, scratch, segment_len);
        return rc;
    }
    unsigned row = profile_row(profile, position);
    const uint8_t *whole = find_whole(profile, input);
    if (whole) {
        column_of_whole(coder, whole, segment_len, row, scratch, ret_piece);
        return CODE_OK;
    }
    struct chosen chosen;
    int rc = choose_columns(profile, input, &chosen, err);
    if (rc)
        return rc;
    size_t column = (size_t)layout_column_len(profile, segment_len);
    return rs_rebuild(&coder->rs, column, chosen.rows, chosen.data, &row, 1, &ret_piece, err);
}
