/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/base/bytes.h"

int bytes_cmp(struct bytes a, struct bytes b) {
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n ? memcmp(a.data, b.data, n) : 0;
    if (c)
        return c;
    return a.len < b.len ? -1 : a.len > b.len;
}

bool bytes_starts(struct bytes s, struct bytes prefix) {
    return s.len >= prefix.len && (prefix.len == 0 || !memcmp(s.data, prefix.data, prefix.len));
}

void hex_encode(const void *data, size_t len, char *ret_text) {
    static const char digits[] = "0123456789abcdef";
    const uint8_t *b = (const uint8_t *)data;
    for (size_t i = 0; i < len; i++) {
        ret_text[2 * i] = digits[b[i] >> 4];
        ret_text[2 * i + 1] = digits[b[i] & 15];
    }
    ret_text[2 * len] = 0;
}

static int digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool hex_decode(const char *text, size_t text_len, void *ret_data, size_t ret_len) {
    if (text_len % 2 || text_len / 2 != ret_len)
        return false;
    for (size_t i = 0; i < text_len; i++)
        if (digit(text[i]) < 0)
            return false;
    uint8_t *out = (uint8_t *)ret_data;
    for (size_t i = 0; i < ret_len; i++)
        out[i] = (uint8_t)(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
    return true;
}

size_t utf8_len(const uint8_t *s, size_t n) {
    uint8_t b = n ? s[0] : 0;
    if (b < 0x80)
        return n != 0;
    size_t len = b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : 2;
    if (b < 0xc2 || b > 0xf4 || n < len)
        return 0;
    uint8_t second = s[1];
    if ((b == 0xe0 && second < 0xa0) || (b == 0xed && second > 0x9f) || (b == 0xf0 && second < 0x90) ||
        (b == 0xf4 && second > 0x8f))
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    return len;
}
