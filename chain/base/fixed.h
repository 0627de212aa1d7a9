/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_BASE_FIXED_H
#define CAIRN_CHAIN_BASE_FIXED_H
/* The byte strings of fixed size, as values. Equality of these is not secret: plain memcmp. */
#include "chain/base/bytes.h"

struct hash { /* BLAKE2b-256 */
    uint8_t b[32];
};
struct addr { /* account: first 20 bytes of H(cairn.addr, pubkey) */
    uint8_t b[20];
};
struct pubkey { /* secp256k1, compressed */
    uint8_t b[33];
};
struct sig { /* secp256k1, compact r || s, low s */
    uint8_t b[64];
};

#define FIXED_OPS(type)                                                                                                \
    static inline bool type##_eq(const struct type *x, const struct type *y) {                                         \
        return !memcmp(x->b, y->b, sizeof x->b);                                                                       \
    }                                                                                                                  \
    static inline int type##_cmp(const struct type *x, const struct type *y) {                                         \
        return memcmp(x->b, y->b, sizeof x->b);                                                                        \
    }                                                                                                                  \
    static inline bool type##_is_zero(const struct type *x) {                                                          \
        static const struct type zero;                                                                                 \
        return !memcmp(x->b, zero.b, sizeof x->b);                                                                     \
    }                                                                                                                  \
    static inline struct bytes type##_bytes(const struct type *x) {                                                    \
        return bytes_of(x->b, sizeof x->b);                                                                            \
    }                                                                                                                  \
    /* False, and *ret untouched, unless s has exactly the right length. */                                            \
    static inline bool type##_from(struct bytes s, struct type *ret) {                                                 \
        if (s.len != sizeof ret->b)                                                                                    \
            return false;                                                                                              \
        memcpy(ret->b, s.data, sizeof ret->b);                                                                         \
        return true;                                                                                                   \
    }

FIXED_OPS(hash)
FIXED_OPS(addr)
FIXED_OPS(pubkey)
FIXED_OPS(sig)

/* A hash as 64 hex digits and a NUL. */
struct hash_hex {
    char s[65];
};
static inline struct hash_hex hash_hex(const struct hash *h) {
    struct hash_hex t;
    hex_encode(h->b, sizeof h->b, t.s);
    return t;
}

#endif
