/* SPDX-License-Identifier: Apache-2.0 */
#include "client/lib/sp_probe.h"

#include "chain/codec/json.h"
#include "chain/http/client.h"
#include "chain/http/uri.h"

#include <stdio.h>
#include <string.h>

enum { URL_MAX = 400, BODY_MAX = 64 << 10, DEADLINE_MS = 5000 };

/* "tcp://host:port": whether the host is an address that only its own network has. A name is not resolved here. */
static int check_p2p(const struct sp_probe *probe, const char *p2p, struct err *err) {
    char host[256];
    const char *at = strstr(p2p, "://");
    const char *end = at ? strrchr(at + 3, ':') : NULL;
    if (!end || end == at + 3 || (size_t)(end - at - 3) >= sizeof host)
        return err_set(err, CODE_INVALID_ARGUMENT, "\"%.200s\" is no address for other providers: tcp://HOST:PORT",
                       p2p);
    size_t len = (size_t)(end - at - 3);
    const char *from = at + 3;
    if (*from == '[' && from[len - 1] == ']') {
        from++;
        len -= 2;
    }
    memcpy(host, from, len);
    host[len] = 0;
    if (!probe->allow_private && (uri_address_is_private(host) == 1 || !strcmp(host, "localhost")))
        return err_set(err, CODE_DENIED,
                       "%.200s is a private address: other providers cannot reach it (on a local network: "
                       "--allow-private)",
                       p2p);
    return CODE_OK;
}

/* Only what is asked for is looked at: a provider of a later version may say more. */
static int judge(const struct sp_probe *probe, const char *endpoint, struct bytes body, struct err *err) {
    json_t *status = NULL;
    int rc = json_parse(body, &status, err);
    const char *chain_id = json_string_value(json_object_get(status, "chain_id"));
    json_int_t sp_id = json_integer_value(json_object_get(status, "sp_id"));
    if (rc || !chain_id || sp_id <= 0)
        rc = err_set(err, CODE_CONFLICT, "what answers at %.200s is no storage provider", endpoint);
    else if (strcmp(chain_id, probe->chain_id) != 0)
        rc = err_set(err, CODE_CONFLICT, "what answers at %.200s follows chain %.64s, not %.64s", endpoint, chain_id,
                     probe->chain_id);
    else if (probe->sp_id && sp_id != (json_int_t)probe->sp_id)
        rc = err_set(err, CODE_CONFLICT, "what answers at %.200s is provider %lld, not %u", endpoint, (long long)sp_id,
                     probe->sp_id);
    json_decref(status);
    return rc;
}

static int ask(const struct sp_probe *probe, const char *endpoint, struct err *err) {
    struct http_client_config config = {.allow_private = probe->allow_private};
    struct http_client *client;
    char url[URL_MAX];
    size_t len = strlen(endpoint);
    while (len && endpoint[len - 1] == '/')
        len--;
    if ((size_t)snprintf(url, sizeof url, "%.*s/v1/status", (int)len, endpoint) >= sizeof url)
        return err_set(err, CODE_INVALID_ARGUMENT, "the endpoint is longer than %d characters", URL_MAX);
    int rc = http_client_new(&config, &client, err);
    if (rc)
        return rc;
    struct http_call call = {
        .url = url, .body_max = BODY_MAX, .deadline_ms = probe->deadline_ms ? probe->deadline_ms : DEADLINE_MS};
    rc = http_call_run(client, &call, err);
    if (rc == CODE_DENIED)
        rc = err_set(err, CODE_DENIED,
                     "%.200s is a private address: clients cannot reach it (on a local network: --allow-private)",
                     endpoint);
    else if (rc)
        rc = err_wrap(err, rc, "nobody answers at %.200s: start the provider first, and open its port", endpoint);
    else if (http_call_check(&call, err))
        rc = err_set(err, CODE_CONFLICT, "what answers at %.200s is no storage provider", endpoint);
    else
        rc = judge(probe, endpoint, buf_bytes(&call.body), err);
    http_call_release(&call);
    http_client_free(client);
    return rc;
}

int sp_probe(const struct sp_probe *probe, const char *endpoint, const char *p2p_endpoint, struct err *err) {
    struct uri_parts parts;
    int rc = p2p_endpoint && *p2p_endpoint ? check_p2p(probe, p2p_endpoint, err) : CODE_OK;
    if (!rc)
        rc = uri_parse_base(endpoint, &parts, err);
    return rc ? rc : ask(probe, endpoint, err);
}
