/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_HTTP_URI_H
#define CAIRN_CHAIN_HTTP_URI_H
/* Percent coding and pieces of URIs, shared by server, client and whoever signs requests. */
#include "chain/base/arena.h"

/* Puts s with everything but A-Z a-z 0-9 - . _ ~ (and '/' when keep_slash) as %XX, upper-case digits. */
void uri_encode(struct buf *b, struct bytes s, bool keep_slash);
/* Decodes %XX; '+' stays. NULL for a broken escape, a NUL (%00) or no memory. */
char *uri_decode(struct arena *a, const char *s, size_t len);
/* Whether s is what a request line may carry: visible ASCII, whole escapes, no %00, at most HTTP_URI_MAX, begins with
 * '/'. */
bool uri_is_clean(const char *s);

/* "http://host:port/path" apart; all copied into ret. */
struct uri_parts {
    bool tls;
    char host[256]; /* without brackets */
    uint16_t port;
    char path[256]; /* without trailing '/', "" when there is none */
};
/* CODE_INVALID_ARGUMENT unless it is http:// or https:// with a host, an optional port and an optional plain path; no
 * user, query, fragment. */
int uri_parse_base(const char *text, struct uri_parts *ret, struct err *err);
/* Whether an address literal (IPv4 or IPv6) is loopback, private, link-local, multicast, unspecified or otherwise
 * special; -1: not an address. */
int uri_address_is_private(const char *literal);

/* The part of a Range header behind "bytes=", for `total` bytes: "a-b", "a-", "-n". False when it is none of these. The
 * first byte may lie at or behind the end; the last one too. */
bool uri_range_parse(const char *text, uint64_t total, uint64_t *ret_first, uint64_t *ret_last);

#endif
