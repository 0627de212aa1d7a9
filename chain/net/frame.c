/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/net/frame.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

enum { FLAG_FIRST = 1, FLAG_LAST = 2 };

size_t net_class_cap(enum net_class class) {
    switch (class) {
    case NET_VOTES:
        return NET_VOTES_LEN_MAX;
    case NET_PROPOSALS:
        return NET_PROPOSALS_LEN_MAX;
    case NET_BODIES:
        return NET_BODIES_LEN_MAX;
    case NET_SYNC:
        return NET_SYNC_LEN_MAX;
    case NET_MEMPOOL:
        return NET_MEMPOOL_LEN_MAX;
    case NET_CLASSES:
        break;
    }
    return 0;
}

const char *net_class_name(enum net_class class) {
    static const char *const names[NET_CLASSES] = {"votes", "proposals", "bodies", "sync", "mempool"};
    return class < NET_CLASSES ? names[class] : "?";
}

static void nonce_of(uint64_t counter, uint8_t nonce[12]) {
    memset(nonce, 0, 12);
    store_le64(nonce + 4, counter);
}

size_t frame_seal(struct frame_key *k, const struct frame *f, uint8_t *out) {
    assert(f->part.len <= FRAME_PART_MAX);
    uint8_t plain[FRAME_INNER_HEAD + FRAME_PART_MAX], nonce[12];
    size_t n = 0;
    plain[n++] = (uint8_t)f->class;
    plain[n++] = (uint8_t)((f->first ? FLAG_FIRST : 0) | (f->last ? FLAG_LAST : 0));
    if (f->first) {
        plain[n++] = f->kind;
        store_be32(plain + n, f->total);
        n += 4;
    }
    if (f->part.len > 0)
        memcpy(plain + n, f->part.data, f->part.len);
    n += f->part.len;
    store_be32(out, (uint32_t)(n + FRAME_TAG));
    nonce_of(k->counter++, nonce);
    unsigned long long sealed = 0;
    crypto_aead_chacha20poly1305_ietf_encrypt(out + FRAME_HEAD, &sealed, plain, n, out, FRAME_HEAD, NULL, nonce,
                                              k->key);
    assert(sealed == n + FRAME_TAG);
    return FRAME_HEAD + (size_t)sealed;
}

size_t frame_length(const uint8_t head[FRAME_HEAD]) {
    uint32_t n = load_be32(head);
    return n < 2 + FRAME_TAG || n > FRAME_MAX - FRAME_HEAD ? 0 : FRAME_HEAD + (size_t)n;
}

int frame_open(struct frame_key *k, uint8_t *wire, size_t len, struct frame *ret_frame, struct err *err) {
    assert(len >= FRAME_HEAD + 2 + FRAME_TAG && len <= FRAME_MAX);
    uint8_t nonce[12], *p = wire + FRAME_HEAD;
    nonce_of(k->counter, nonce);
    unsigned long long opened = 0;
    if (crypto_aead_chacha20poly1305_ietf_decrypt(p, &opened, NULL, p, len - FRAME_HEAD, wire, FRAME_HEAD, nonce,
                                                  k->key) != 0)
        return err_set(err, CODE_INTEGRITY, "a frame does not open");
    k->counter++;
    size_t n = (size_t)opened, head = 2;
    struct frame f = {.class = (enum net_class)p[0], .first = p[1] & FLAG_FIRST, .last = p[1] & FLAG_LAST};
    if (p[0] >= NET_CLASSES || (p[1] & ~(FLAG_FIRST | FLAG_LAST)) != 0)
        return err_set(err, CODE_MALFORMED, "a frame of class %u with flags %u", p[0], p[1]);
    if (f.first) {
        if (n < FRAME_INNER_HEAD)
            return err_set(err, CODE_MALFORMED, "a first frame of %zu bytes", n);
        f.kind = p[2];
        f.total = load_be32(p + 3);
        head = FRAME_INNER_HEAD;
    }
    f.part = bytes_of(p + head, n - head);
    *ret_frame = f;
    return CODE_OK;
}

static int join_begin(struct frame_join *j, const struct frame *f, struct err *err) {
    if (j->open)
        return err_set(err, CODE_MALFORMED, "a message begins inside another one");
    if (f->total > net_class_cap(f->class))
        return err_set(err, CODE_TOO_LARGE, "a message of %u bytes is over the cap of %zu of class %s", f->total,
                       net_class_cap(f->class), net_class_name(f->class));
    free(j->data);
    *j = (struct frame_join){.open = true, .kind = f->kind, .total = f->total};
    if (f->last)
        return CODE_OK;
    j->data = malloc(f->total == 0 ? 1 : f->total);
    return j->data != NULL ? CODE_OK : err_set(err, CODE_NO_MEMORY, "no memory for a message of %u bytes", f->total);
}

static int join_take(struct frame_join *j, const struct frame *f, bool *ret_done, uint8_t *ret_kind,
                     struct bytes *ret_message, struct err *err) {
    int rc = CODE_OK;
    if (f->first)
        rc = join_begin(j, f, err);
    else if (!j->open)
        rc = err_set(err, CODE_MALFORMED, "a part without a beginning");
    if (rc != CODE_OK)
        return rc;
    if (f->part.len > j->total - j->len || (f->last && f->part.len != j->total - j->len) ||
        (!f->last && f->part.len == 0))
        return err_set(err, CODE_MALFORMED, "the parts of a message do not add up");
    struct bytes message = f->part;
    if (j->data != NULL) {
        if (f->part.len > 0)
            memcpy(j->data + j->len, f->part.data, f->part.len);
        message = bytes_of(j->data, j->total);
    }
    j->len += f->part.len;
    *ret_done = f->last;
    if (f->last) {
        j->open = false;
        *ret_kind = j->kind;
        *ret_message = message;
    }
    return CODE_OK;
}

int frame_join_take(struct frame_join *j, const struct frame *f, bool *ret_done, uint8_t *ret_kind,
                    struct bytes *ret_message, struct err *err) {
    int rc = join_take(j, f, ret_done, ret_kind, ret_message, err);
    if (rc != CODE_OK)
        j->open = false; /* nothing can be added to what is broken */
    return rc;
}

void frame_join_release(struct frame_join *j) {
    free(j->data);
    *j = (struct frame_join){0};
}
