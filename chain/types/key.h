/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_KEY_H
#define CAIRN_CHAIN_TYPES_KEY_H
/*
 * State keys: module byte, table byte, fields. Numbers big-endian, fixed sizes as they are, names last (or with a zero
 * byte behind them, which no name contains), so that keys order as people expect and no key is a prefix of another of
 * its table. Keys are built only in chain/types/keys_<module>.[ch], because the ledger, providers and clients (who
 * prove with them) share them.
 *
 *     struct key k;
 *     rc = state_get(st, key_account(&k, &addr), &value, err);
 */
#include "chain/base/fixed.h"
#include "chain/base/limits.h"

/* First byte of every key. Never renumbered. */
enum key_module {
    KEY_APP = 0x01,
    KEY_PARAMS = 0x02,
    KEY_AUTH = 0x03,
    KEY_VALIDATOR = 0x04,
    KEY_SP = 0x05,
    KEY_STORAGE = 0x06,
    KEY_PERMISSION = 0x07,
    KEY_PAYMENT = 0x08,
    KEY_CHALLENGE = 0x09,
    KEY_GOV = 0x0a,
    KEY_GATEWAY = 0x0b,
};

/* "auth" for KEY_AUTH; NULL for a byte that no key begins with. */
const char *key_module_name(unsigned module);

/* A key under construction. Only len bytes of b are set. */
struct key {
    size_t len;
    uint8_t b[KEY_LEN_MAX];
};

/* Starts a key of module and table, or a whole module's prefix. */
void key_begin(struct key *k, enum key_module module, char table);
void key_begin_module(struct key *k, enum key_module module);
/* Append. What does not fit is cut: state_put refuses keys of KEY_LEN_MAX and more. */
void key_add_u8(struct key *k, uint8_t v);
void key_add_u32(struct key *k, uint32_t v);
void key_add_u64(struct key *k, uint64_t v);
void key_add_addr(struct key *k, const struct addr *a);
void key_add_bytes(struct key *k, struct bytes s);
void key_add_name(struct key *k, const char *name);

/* Borrowed from k. */
static inline struct bytes key_bytes(const struct key *k) {
    return bytes_of(k->b, k->len);
}

#endif
