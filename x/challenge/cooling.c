/* SPDX-License-Identifier: Apache-2.0 */
#include "x/challenge/cooling.h"

#include "chain/types/keys_challenge.h"
#include "x/base/record.h"

/* *ret: until when; 0: it is not. */
static int until(struct ctx *ctx, uint64_t object_id, uint32_t position, uint64_t *ret, struct err *err) {
    struct key k;
    *ret = 0;
    int rc = record_get_u64(ctx, key_cooling(&k, object_id, position), ret, err);
    return rc == CODE_NOT_FOUND ? CODE_OK : rc;
}

int cooling_is(struct ctx *ctx, uint64_t object_id, uint32_t position, bool *ret, struct err *err) {
    uint64_t end = 0;
    int rc = until(ctx, object_id, position, &end, err);
    if (rc == CODE_OK)
        *ret = ctx->time < end; /* an end that the queue has not come to yet is over all the same */
    return rc;
}

int cooling_begin(struct ctx *ctx, uint64_t object_id, uint32_t position, struct err *err) {
    struct key k;
    uint64_t before = 0, after = ctx->time + ctx->params->challenge->cooling_off_ms;
    int rc = until(ctx, object_id, position, &before, err);
    if (rc == CODE_OK && before)
        rc = record_del(ctx, key_cooling_due(&k, before, object_id, position), err);
    if (rc == CODE_OK && after == ctx->time)
        return before ? record_del(ctx, key_cooling(&k, object_id, position), err) : CODE_OK;
    if (rc == CODE_OK)
        rc = record_put_u64(ctx, key_cooling(&k, object_id, position), after, err);
    return rc ? rc : record_put_mark(ctx, key_cooling_due(&k, after, object_id, position), err);
}

int cooling_over(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    struct key k;
    (void)due_time, (void)value;
    if (rest.len != 12)
        return err_set(err, CODE_CORRUPT, "an entry of the queue of those that cool off has %zu bytes", rest.len);
    return record_del(ctx, key_cooling(&k, load_be64(rest.data), load_be32(rest.data + 8)), err);
}
