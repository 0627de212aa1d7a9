/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLIENT_LIB_SP_CLIENT_H
#define CAIRN_CLIENT_LIB_SP_CLIENT_H
/*
 * Talking to storage providers over HTTP: finds a provider's endpoint on the ledger, signs requests with the account's
 * key, turns error answers into codes and sentences. Nothing that a provider says is believed here: whoever calls
 * checks bytes against checksums. One handle serves any number of threads.
 */
#include "cairn/sp.h"
#include "client/lib/ledger.h"

struct sp_client;

/* key NULL: requests are not signed, and only what is public can be read. key and ledger are borrowed and must outlive
 * the handle. */
int sp_client_open(struct ledger *ledger, const struct seckey *key, struct sp_client **ret, struct err *err);
void sp_client_close(struct sp_client *client); /* no call may be running; NULL allowed */
struct ledger *sp_client_ledger(struct sp_client *client);
const struct seckey *sp_client_key(struct sp_client *client); /* NULL: anonymous */

/* Runs a call to a provider: call->method, body and limits are the caller's; url and the headers that sign it are
 * filled here. path is encoded already and begins with '/'. Any status but 2xx is an error with the provider's code and
 * a sentence that names the provider. The caller releases the call. */
int sp_client_call(struct sp_client *client, uint32_t sp_id, const char *path, struct http_call *call, struct err *err);

/* Prepares a call for http_calls_run: *ret_text (on the arena) holds what call borrows. */
int sp_client_prepare(struct sp_client *client, uint32_t sp_id, const char *path, struct http_call *call,
                      struct arena *arena, struct err *err);

/* What a finished call came to, as sp_client_call would say. */
int sp_client_judge(uint32_t sp_id, const struct http_call *call, int rc, struct err *err);

/* Forgets a provider's cached endpoint (it moved). */
void sp_client_forget(struct sp_client *client, uint32_t sp_id);

/* "/BUCKET/KEY" with every byte encoded that must be, and a query behind it (NULL: none). On the arena; NULL without
 * memory. */
const char *sp_object_path(const char *bucket, const char *object, const char *query, struct arena *arena);

#endif
