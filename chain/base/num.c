/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/base/num.h"

#include <stdio.h>
#include <string.h>

bool u64_parse(const char *text, size_t len, uint64_t *ret) {
    if (len == 0 || len > 20 || (len > 1 && text[0] == '0'))
        return false;
    uint64_t v = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        if (!u64_mul(v, 10, &v) || !u64_add(v, (uint64_t)(text[i] - '0'), &v))
            return false;
    }
    *ret = v;
    return true;
}

static size_t digits(const char *s) {
    return strspn(s, "0123456789");
}

/* The unit behind a number, blanks skipped. */
static const char *unit_of(const char *s) {
    return s + strspn(s, " ");
}

int money_parse(const char *text, uint64_t *ret_pebble, struct err *err) {
    size_t n = digits(text);
    uint64_t whole, part = 0;
    const char *rest = text + n;
    bool point = *rest == '.';
    if (!u64_parse(text, n, &whole))
        goto bad;
    if (point) {
        size_t m = digits(rest + 1);
        if (m == 0 || m > 9)
            goto bad;
        for (size_t i = 0; i < 9; i++)
            part = part * 10 + (i < m ? (uint64_t)(rest[1 + i] - '0') : 0);
        rest += 1 + m;
    }
    rest = unit_of(rest);
    if (!strcmp(rest, "CAIRN")) {
        if (!u64_mul(whole, PEBBLE_PER_CAIRN, &whole) || !u64_add(whole, part, &whole))
            goto bad;
    } else if (point || (*rest && strcmp(rest, "pebble") != 0)) {
        goto bad;
    }
    *ret_pebble = whole;
    return CODE_OK;
bad:
    return err_set(err, CODE_INVALID_ARGUMENT, "'%.64s' is not an amount; write 1.5CAIRN or 1500000000pebble", text);
}

struct money_text money_text(uint64_t pebble) {
    struct money_text t;
    uint64_t whole = pebble / PEBBLE_PER_CAIRN, part = pebble % PEBBLE_PER_CAIRN;
    if (!part) {
        (void)snprintf(t.s, sizeof t.s, "%llu CAIRN", (unsigned long long)whole);
        return t;
    }
    int width = 9;
    while (part % 10 == 0) {
        part /= 10;
        width--;
    }
    (void)snprintf(t.s, sizeof t.s, "%llu.%0*llu CAIRN", (unsigned long long)whole, width, (unsigned long long)part);
    return t;
}

struct unit {
    const char *name;
    uint64_t factor;
};

static bool scale(const char *text, const struct unit *units, size_t n, uint64_t *ret) {
    size_t len = digits(text);
    uint64_t v;
    if (!u64_parse(text, len, &v))
        return false;
    const char *name = unit_of(text + len);
    for (size_t i = 0; i < n; i++)
        if (!strcmp(name, units[i].name))
            return u64_mul(v, units[i].factor, ret);
    return false;
}

#define COUNT(a) (sizeof(a) / sizeof *(a))

int size_parse(const char *text, uint64_t *ret_bytes, struct err *err) {
    static const struct unit units[] = {
        {"", 1},
        {"B", 1},
        {"k", 1ull << 10},
        {"K", 1ull << 10},
        {"KiB", 1ull << 10},
        {"M", 1ull << 20},
        {"MiB", 1ull << 20},
        {"G", 1ull << 30},
        {"GiB", 1ull << 30},
        {"T", 1ull << 40},
        {"TiB", 1ull << 40},
    };
    if (scale(text, units, COUNT(units), ret_bytes))
        return CODE_OK;
    return err_set(err, CODE_INVALID_ARGUMENT, "'%.64s' is not a size; write 4096, 64KiB, 16MiB, 2GiB", text);
}

int duration_parse(const char *text, uint64_t *ret_ms, struct err *err) {
    static const struct unit units[] = {{"ms", 1},      {"s", 1000},        {"m", 60000},
                                        {"h", 3600000}, {"d", 86400000ull}, {"w", 604800000ull}};
    if (scale(text, units, COUNT(units), ret_ms))
        return CODE_OK;
    return err_set(err, CODE_INVALID_ARGUMENT, "'%.64s' is not a duration; write 500ms, 10s, 5m, 2h, 30d, 52w", text);
}
