/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/http/uri.h"
#include "chain/base/limits.h"
#include "chain/base/num.h"

#include <arpa/inet.h>

static bool unreserved(uint8_t c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

void uri_encode(struct buf *b, struct bytes s, bool keep_slash) {
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.data[i];
        if (unreserved(c) || (keep_slash && c == '/')) {
            buf_put_u8(b, c);
        } else {
            char t[3] = {'%', digits[c >> 4], digits[c & 15]};
            buf_put(b, t, sizeof t);
        }
    }
}

char *uri_decode(struct arena *a, const char *s, size_t len) {
    struct arena_mark m = arena_mark(a);
    char *out = arena_strndup(a, s, len);
    size_t n = 0;
    for (size_t i = 0; out && i < len; i++) {
        if (s[i] != '%') {
            out[n++] = s[i];
            continue;
        }
        if (len - i < 3 || !hex_decode(s + i + 1, 2, &out[n], 1) || !out[n]) {
            arena_rewind(a, m);
            return NULL;
        }
        n++;
        i += 2;
    }
    if (out)
        out[n] = 0;
    return out;
}

bool uri_is_clean(const char *s) {
    if (s[0] != '/')
        return false;
    size_t n = 0;
    for (; s[n]; n++) {
        uint8_t byte = 1;
        if ((unsigned char)s[n] <= ' ' || (unsigned char)s[n] >= 0x7f || n >= HTTP_URI_MAX)
            return false;
        if (s[n] == '%' && (!s[n + 1] || !s[n + 2] || !hex_decode(s + n + 1, 2, &byte, 1) || byte == 0))
            return false;
    }
    return true;
}

/* "host:port" or "[v6]:port"; false when it is neither. */
static bool parse_authority(const char *s, size_t len, struct uri_parts *p) {
    const char *end = s + len, *host = s, *host_end;
    if (len && *s == '[') {
        host = s + 1;
        host_end = (const char *)memchr(s, ']', len);
        if (!host_end)
            return false;
        s = host_end + 1;
    } else {
        host_end = (const char *)memchr(s, ':', len);
        host_end = host_end ? host_end : end;
        s = host_end;
    }
    size_t host_len = (size_t)(host_end - host);
    if (!host_len || host_len >= sizeof p->host)
        return false;
    for (size_t i = 0; i < host_len; i++)
        if (!unreserved((uint8_t)host[i]) && !(host[i] == ':' && host[-1] == '[') &&
            !(host[i] == ':' && *host_end == ']'))
            return false;
    memcpy(p->host, host, host_len);
    p->host[host_len] = 0;
    if (s == end)
        return true;
    uint64_t port;
    if (*s != ':' || !u64_parse(s + 1, (size_t)(end - s - 1), &port) || port == 0 || port > UINT16_MAX)
        return false;
    p->port = (uint16_t)port;
    return true;
}

int uri_parse_base(const char *text, struct uri_parts *ret, struct err *err) {
    struct uri_parts p = {.port = 80};
    const char *s = text;
    if (!strncmp(s, "https://", 8)) {
        p.tls = true;
        p.port = 443;
        s += 8;
    } else if (!strncmp(s, "http://", 7)) {
        s += 7;
    } else {
        goto bad;
    }
    size_t len = strcspn(s, "/?#");
    if (strlen(text) > ENDPOINT_MAX || !parse_authority(s, len, &p))
        goto bad;
    s += len;
    size_t path_len = strlen(s);
    while (path_len && s[path_len - 1] == '/')
        path_len--;
    if (strpbrk(s, "?#") || (*s && !uri_is_clean(s)) || path_len >= sizeof p.path)
        goto bad;
    memcpy(p.path, s, path_len);
    p.path[path_len] = 0;
    *ret = p;
    return CODE_OK;
bad:
    return err_set(err, CODE_INVALID_ARGUMENT,
                   "'%.128s' is not an endpoint; write http://host:port or https://host:port", text);
}

static int private_v4(uint32_t a) {
    static const struct {
        uint32_t net;
        unsigned bits;
    } nets[] = {
        {0x00000000, 8},  /* this network */
        {0x0a000000, 8},  /* private */
        {0x64400000, 10}, /* carrier */
        {0x7f000000, 8},  /* loopback */
        {0xa9fe0000, 16}, /* link-local */
        {0xac100000, 12}, /* private */
        {0xc0000000, 24}, /* protocol assignments */
        {0xc0000200, 24}, /* documentation */
        {0xc0a80000, 16}, /* private */
        {0xc6120000, 15}, /* benchmarks */
        {0xc6336400, 24}, /* documentation */
        {0xcb007100, 24}, /* documentation */
        {0xe0000000, 3},  /* multicast, reserved, broadcast */
    };
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++)
        if ((a ^ nets[i].net) >> (32 - nets[i].bits) == 0)
            return 1;
    return 0;
}

static int private_v6(const uint8_t b[16]) {
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    static const uint8_t nat64[12] = {0, 0x64, 0xff, 0x9b};
    static const uint8_t zero[12];
    if (!memcmp(b, mapped, 12) || !memcmp(b, nat64, 12) || !memcmp(b, zero, 12)) /* also :: and ::1 */
        return private_v4(load_be32(b + 12));
    if ((b[0] & 0xfe) == 0xfc || b[0] == 0xff) /* unique local, multicast */
        return 1;
    if (b[0] == 0xfe && (b[1] & 0x80)) /* link-local, site-local */
        return 1;
    if (b[0] == 0x20 && b[1] == 0x02) /* 6to4 */
        return private_v4(load_be32(b + 2));
    return b[0] == 0x20 && b[1] == 0x01 && b[2] == 0x0d && b[3] == 0xb8; /* documentation */
}

int uri_address_is_private(const char *literal) {
    uint8_t b[16];
    if (inet_pton(AF_INET, literal, b) == 1)
        return private_v4(load_be32(b));
    if (inet_pton(AF_INET6, literal, b) == 1)
        return private_v6(b);
    return -1;
}

bool uri_range_parse(const char *s, uint64_t total, uint64_t *ret_first, uint64_t *ret_last) {
    const char *dash = strchr(s, '-');
    if (!dash)
        return false;
    size_t a_len = (size_t)(dash - s), b_len = strlen(dash + 1);
    uint64_t a = 0, b = UINT64_MAX;
    if ((a_len && !u64_parse(s, a_len, &a)) || (b_len && !u64_parse(dash + 1, b_len, &b)) || (!a_len && !b_len))
        return false;
    if (!a_len) { /* the last b bytes */
        *ret_first = b < total ? total - b : 0;
        *ret_last = b ? UINT64_MAX : 0;
        if (!b)
            *ret_first = total; /* none: outside */
        return true;
    }
    *ret_first = a;
    *ret_last = b;
    return a <= b;
}
