/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_BASE_NUM_H
#define CAIRN_CHAIN_BASE_NUM_H
/* Checked arithmetic. Every function answers false, and leaves *ret untouched, when the exact result does not fit.
 * Money is plain uint64_t pebble (1 CAIRN = 10^9 pebble) and goes through these. */
#include "chain/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

__extension__ typedef unsigned __int128 u128;
__extension__ typedef __int128 i128;

#define PEBBLE_PER_CAIRN 1000000000ull

static inline bool u64_add(uint64_t a, uint64_t b, uint64_t *ret) {
    if (a > UINT64_MAX - b)
        return false;
    *ret = a + b;
    return true;
}
static inline bool u64_sub(uint64_t a, uint64_t b, uint64_t *ret) {
    if (a < b)
        return false;
    *ret = a - b;
    return true;
}
static inline bool u64_mul(uint64_t a, uint64_t b, uint64_t *ret) {
    u128 p = (u128)a * b;
    if (p > UINT64_MAX)
        return false;
    *ret = (uint64_t)p;
    return true;
}
/* floor(a * b / c) and, if ret_rest is not NULL, what is left. c must not be 0. */
static inline bool u64_mul_div(uint64_t a, uint64_t b, uint64_t c, uint64_t *ret, uint64_t *ret_rest) {
    u128 p = (u128)a * b;
    if (c == 0 || p / c > UINT64_MAX)
        return false;
    *ret = (uint64_t)(p / c);
    if (ret_rest)
        *ret_rest = (uint64_t)(p % c);
    return true;
}
static inline bool u128_add(u128 a, u128 b, u128 *ret) {
    if (a > ~(u128)0 - b)
        return false;
    *ret = a + b;
    return true;
}
static inline bool u128_sub(u128 a, u128 b, u128 *ret) {
    if (a < b)
        return false;
    *ret = a - b;
    return true;
}
static inline bool u128_mul(u128 a, u128 b, u128 *ret) {
    if (a && b > ~(u128)0 / a)
        return false;
    *ret = a * b;
    return true;
}
static inline uint64_t u64_min(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}
static inline uint64_t u64_max(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}
static inline size_t size_min(size_t a, size_t b) {
    return a < b ? a : b;
}
/* ceil(a / b); b must not be 0. */
static inline uint64_t u64_div_up(uint64_t a, uint64_t b) {
    return a / b + (a % b != 0);
}

/* A plain decimal number: digits only, no sign, no leading zero except "0" itself. */
bool u64_parse(const char *text, size_t len, uint64_t *ret);

/* "1.5CAIRN", "250pebble", "1500000000" (pebble) -> pebble; CODE_INVALID_ARGUMENT with a sentence otherwise. */
int money_parse(const char *text, uint64_t *ret_pebble, struct err *err);
/* 1500000000 -> "1.5 CAIRN"; at most 32 bytes with the NUL. */
struct money_text {
    char s[40];
};
struct money_text money_text(uint64_t pebble);
/* "16MiB", "4k", "123": a size in bytes (k, M, G, T and KiB ... are powers of 1024). */
int size_parse(const char *text, uint64_t *ret_bytes, struct err *err);
/* "500ms", "10s", "5m", "2h", "30d", "52w": milliseconds. A bare number is refused: say the unit. */
int duration_parse(const char *text, uint64_t *ret_ms, struct err *err);

#endif
