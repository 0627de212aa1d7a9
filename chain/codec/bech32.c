/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/codec/bech32.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "chain/base/code.h"

static const char charset[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/* The sum of those of BIP-173's five generators that the bits of a value name, for each value: events are full of
 * addresses. */
#define SUM(v)                                                                                                         \
    (((v)&1 ? 0x3b6a57b2u : 0) ^ ((v)&2 ? 0x26508e6du : 0) ^ ((v)&4 ? 0x1ea119fau : 0) ^ ((v)&8 ? 0x3d4233ddu : 0) ^   \
     ((v)&16 ? 0x2a1462b3u : 0))
#define SUMS4(v) SUM(v), SUM((v) + 1), SUM((v) + 2), SUM((v) + 3)
static const uint32_t generator_sums[32] = {SUMS4(0),  SUMS4(4),  SUMS4(8),  SUMS4(12),
                                            SUMS4(16), SUMS4(20), SUMS4(24), SUMS4(28)};

/* The BCH code of BIP-173, one five-bit value at a time. */
static uint32_t polymod_step(uint32_t chk, uint8_t value) {
    return ((chk & 0x1ffffff) << 5 ^ value) ^ generator_sums[chk >> 25];
}

static uint32_t polymod_hrp(const char *hrp) {
    uint32_t chk = 1;
    for (const char *p = hrp; *p; p++)
        chk = polymod_step(chk, (uint8_t)((uint8_t)*p >> 5));
    chk = polymod_step(chk, 0);
    for (const char *p = hrp; *p; p++)
        chk = polymod_step(chk, (uint8_t)*p & 31);
    return chk;
}

void bech32_encode(const char *hrp, struct bytes data, char ret_text[BECH32_TEXT_MAX]) {
    size_t hrp_len = strlen(hrp);
    assert(hrp_len > 0 && hrp_len + 1 + (data.len * 8 + 4) / 5 + 6 < BECH32_TEXT_MAX);
    char *out = ret_text;
    memcpy(out, hrp, hrp_len);
    out += hrp_len;
    *out++ = '1';
    uint32_t chk = polymod_hrp(hrp);
    uint32_t bits = 0;
    unsigned held = 0;
    for (size_t i = 0; i < data.len || held > 0;) {
        if (held < 5 && i < data.len) {
            bits = bits << 8 | data.data[i++];
            held += 8;
        } else if (held < 5) {
            bits <<= 5 - held;
            held = 5;
        }
        while (held >= 5) {
            held -= 5;
            uint8_t value = bits >> held & 31;
            chk = polymod_step(chk, value);
            *out++ = charset[value];
        }
    }
    for (unsigned i = 0; i < 6; i++)
        chk = polymod_step(chk, 0);
    chk ^= 1;
    for (unsigned i = 0; i < 6; i++)
        *out++ = charset[chk >> (5 * (5 - i)) & 31];
    *out = 0;
}

static int refuse(struct err *err, const char *text, const char *why) {
    return err_set(err, CODE_INVALID_ARGUMENT, "\"%.100s\" is not a valid address: %s", text, why);
}

/* Five-bit value of a character, or 0xff. */
static uint8_t value_of(char c) {
    if (c >= 'A' && c <= 'Z')
        c = (char)(c - 'A' + 'a');
    const char *at = c ? strchr(charset, c) : NULL;
    return at ? (uint8_t)(at - charset) : 0xff;
}

/* Mixed case is refused by BIP-173. */
static bool one_case(const char *text) {
    bool lower = false, upper = false;
    for (const char *p = text; *p; p++) {
        lower = lower || (*p >= 'a' && *p <= 'z');
        upper = upper || (*p >= 'A' && *p <= 'Z');
    }
    return !(lower && upper);
}

static bool starts_with_hrp(const char *text, const char *hrp) {
    for (; *hrp; text++, hrp++) {
        char c = *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text;
        if (c != *hrp)
            return false;
    }
    return *text == '1';
}

int bech32_decode(const char *hrp, const char *text, uint8_t *ret_data, size_t ret_len, struct err *err) {
    uint8_t data[64];
    size_t hrp_len = strlen(hrp);
    size_t len = strnlen(text, BECH32_TEXT_MAX);
    assert(ret_len <= sizeof data);
    if (!one_case(text))
        return refuse(err, text, "upper and lower case are mixed");
    if (!starts_with_hrp(text, hrp))
        return err_set(err, CODE_INVALID_ARGUMENT, "\"%.100s\" is not a valid address: it must begin with %s1", text,
                       hrp);
    if (len == BECH32_TEXT_MAX || len != hrp_len + 1 + (ret_len * 8 + 4) / 5 + 6)
        return refuse(err, text, "it has the wrong length");

    uint32_t chk = polymod_hrp(hrp);
    uint32_t bits = 0;
    unsigned held = 0;
    size_t n = 0;
    for (size_t i = hrp_len + 1; i < len; i++) {
        uint8_t value = value_of(text[i]);
        if (value == 0xff)
            return refuse(err, text, "it holds a character that addresses never use");
        chk = polymod_step(chk, value);
        if (i >= len - 6)
            continue;
        bits = bits << 5 | value;
        held += 5;
        if (held >= 8 && n < ret_len) {
            held -= 8;
            data[n++] = (uint8_t)(bits >> held);
        }
    }
    if (chk != 1)
        return refuse(err, text, "its checksum does not match, so a character is mistyped");
    if (n != ret_len || held >= 5 || (bits & ((1u << held) - 1)) != 0)
        return refuse(err, text, "its last bits are not zero");
    memcpy(ret_data, data, ret_len);
    return CODE_OK;
}

void addr_to_text(const struct addr *addr, char ret_text[ADDR_TEXT_MAX]) {
    char text[BECH32_TEXT_MAX];
    bech32_encode(BECH32_HRP, (struct bytes){addr->b, sizeof addr->b}, text);
    assert(strlen(text) + 1 == ADDR_TEXT_MAX);
    memcpy(ret_text, text, ADDR_TEXT_MAX);
}

int addr_from_text(const char *text, struct addr *ret_addr, struct err *err) {
    return bech32_decode(BECH32_HRP, text, ret_addr->b, sizeof ret_addr->b, err);
}
