/* SPDX-License-Identifier: Apache-2.0 */
#include "x/auth/unordered.h"

#include "cairn/auth.h"
#include "chain/base/limits.h"
#include "chain/types/keys_auth.h"

#include <inttypes.h>
#include <string.h>

enum { ID_LEN = 32, RECORDS_A_HEIGHT = 256 };

/* Where the id is, or belongs, among n sorted ones. */
static size_t place_of(const uint8_t *ids, size_t n, const struct hash *id, bool *ret_there) {
    size_t low = 0, high = n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (memcmp(ids + mid * ID_LEN, id->b, ID_LEN) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    *ret_there = low < n && memcmp(ids + low * ID_LEN, id->b, ID_LEN) == 0;
    return low;
}

int unordered_take(struct ctx *ctx, const struct hash *tx_id, uint64_t valid_until, struct err *err) {
    struct key k;
    struct bytes key = key_unordered(&k, valid_until, tx_id);
    UnorderedIds none = UNORDERED_IDS__INIT, *record = &none;
    int rc = record_get(ctx, key, &unordered_ids__descriptor, &record, err);
    if (rc != CODE_OK && rc != CODE_NOT_FOUND)
        return rc;
    size_t n = record->taken.len / ID_LEN;
    bool there;
    size_t at = place_of(record->taken.data, n, tx_id, &there);
    if (there)
        return err_set(err, CODE_TX_KNOWN, "this unordered transaction is in a block already");
    if (n >= UNORDERED_IDS_MAX)
        return err_set(err, CODE_TX_UNORDERED,
                       "too many unordered transactions end at height %" PRIu64 "; choose another valid_until_height",
                       valid_until);
    uint8_t *ids = ctx_alloc(ctx, (n + 1) * ID_LEN);
    if (at > 0)
        memcpy(ids, record->taken.data, at * ID_LEN);
    memcpy(ids + at * ID_LEN, tx_id->b, ID_LEN);
    if (at < n)
        memcpy(ids + (at + 1) * ID_LEN, record->taken.data + at * ID_LEN, (n - at) * ID_LEN);
    UnorderedIds next = UNORDERED_IDS__INIT;
    next.taken = (ProtobufCBinaryData){(n + 1) * ID_LEN, ids};
    return record_put(ctx, key, &next, err);
}

static int forget_one(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)arg, (void)value, (void)msg;
    if (rest.len != 9)
        return ctx_fault(ctx, CODE_CORRUPT, "a record of unordered transactions without its height");
    if (load_be64(rest.data) > ctx->height)
        return RECORD_STOP;
    struct hash first = {{rest.data[8]}};
    struct key k;
    return record_del(ctx, key_unordered(&k, load_be64(rest.data), &first), err);
}

int unordered_forget(struct ctx *ctx, uint64_t index, bool *ret_more, struct err *err) {
    struct key k;
    (void)index;
    *ret_more = false; /* a height has no more records than one step takes */
    return record_each(ctx, key_unordered_all(&k), BYTES_NONE, RECORDS_A_HEIGHT, NULL, forget_one, NULL, err);
}

uint64_t unordered_forget_cap(const struct ctx *ctx) {
    (void)ctx;
    return 1;
}

static int check_one(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)arg, (void)value;
    const UnorderedIds *record = msg;
    size_t n = record->taken.len / ID_LEN;
    bool good = rest.len == 9 && load_be64(rest.data) > ctx->height && n > 0 && n <= UNORDERED_IDS_MAX &&
                record->taken.len % ID_LEN == 0;
    for (size_t i = 0; good && i < n; i++)
        good = record->taken.data[i * ID_LEN] == rest.data[8] &&
               (i == 0 || memcmp(record->taken.data + (i - 1) * ID_LEN, record->taken.data + i * ID_LEN, ID_LEN) < 0);
    return good ? CODE_OK : err_set(err, CODE_INTERNAL, "a record of unordered transactions is over or out of order");
}

int unordered_check(struct ctx *ctx, struct err *err) {
    struct key k;
    return record_each(ctx, key_unordered_all(&k), BYTES_NONE, 0, &unordered_ids__descriptor, check_one, NULL, err);
}
