/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_LIB_HTTP_PAGES_H
#define CAIRN_TESTS_LIB_HTTP_PAGES_H
/*
 * What the test server serves, a page for each way in which a handler may behave: /hello/{name}, /v1/sum (a body of
 * page_byte), /v1/big?len=N[&chunked][&cut], /v1/wait (at the gate), /v1/events, /v1/me (signed by "good"), and others.
 * Their ctx is "ctx".
 */
#include "tests/lib/http/web.h"

/* Starts the server with these pages and the gate, and stops both. */
void pages_start(const struct http_server_config *cfg);
void pages_stop(void);

/* The byte that stands there in every body. */
uint8_t page_byte(uint64_t at);

/* The sender's side: an http_call's source. */
struct page_source {
    uint64_t at, len;
};
int page_give(void *ctx, void *ret_data, size_t cap, size_t *ret_len, struct err *err);

/* The receiver's side: an http_call's sink, which compares. CODE_DONE_ALREADY at stop_at. */
struct page_check {
    uint64_t at, offset;
    size_t wrong;
    uint64_t stop_at; /* 0: never */
};
int page_take(void *ctx, int status, struct bytes data, struct err *err);

#endif
