/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/key.h"

const char *key_module_name(unsigned module) {
    static const char *const names[] = {
        [KEY_APP] = "app",
        [KEY_PARAMS] = "params",
        [KEY_AUTH] = "auth",
        [KEY_VALIDATOR] = "validator",
        [KEY_SP] = "sp",
        [KEY_STORAGE] = "storage",
        [KEY_PERMISSION] = "permission",
        [KEY_PAYMENT] = "payment",
        [KEY_CHALLENGE] = "challenge",
        [KEY_GOV] = "gov",
        [KEY_GATEWAY] = "gateway",
    };
    return module < sizeof names / sizeof *names ? names[module] : NULL;
}

void key_begin_module(struct key *k, enum key_module module) {
    k->b[0] = (uint8_t)module;
    k->len = 1;
}

void key_begin(struct key *k, enum key_module module, char table) {
    key_begin_module(k, module);
    k->b[k->len++] = (uint8_t)table;
}

void key_add_bytes(struct key *k, struct bytes s) {
    size_t n = s.len < sizeof k->b - k->len ? s.len : sizeof k->b - k->len;
    if (n)
        memcpy(k->b + k->len, s.data, n);
    k->len += n;
}

void key_add_u8(struct key *k, uint8_t v) {
    key_add_bytes(k, bytes_of(&v, 1));
}

void key_add_u32(struct key *k, uint32_t v) {
    uint8_t b[4];
    store_be32(b, v);
    key_add_bytes(k, bytes_of(b, sizeof b));
}

void key_add_u64(struct key *k, uint64_t v) {
    uint8_t b[8];
    store_be64(b, v);
    key_add_bytes(k, bytes_of(b, sizeof b));
}

void key_add_addr(struct key *k, const struct addr *a) {
    key_add_bytes(k, addr_bytes(a));
}

void key_add_name(struct key *k, const char *name) {
    key_add_bytes(k, bytes_str(name));
}
