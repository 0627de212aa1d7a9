/* SPDX-License-Identifier: Apache-2.0 */
#include "testnet/probe.h"

#include "chain/http/client.h"

#include <stdio.h>

int probe_get(uint16_t port, const char *path, unsigned timeout_ms, json_t **ret, struct err *err) {
    static struct http_client *client; /* one for the life of this program, which has one thread */
    struct http_client_config config = {.allow_private = true, .user_agent = "cairn-testnet"};
    char url[128];
    int rc = client ? CODE_OK : http_client_new(&config, &client, err);
    if (rc)
        return rc;
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", port, path);
    struct http_call call = {.url = url, .deadline_ms = timeout_ms};
    rc = http_call_run(client, &call, err);
    if (!rc)
        rc = http_call_check(&call, err);
    if (!rc) {
        json_t *root = json_loadb((const char *)call.body.data, call.body.len, JSON_REJECT_DUPLICATES, NULL);
        if (json_is_object(root))
            *ret = root;
        else {
            json_decref(root);
            rc = err_set(err, CODE_MALFORMED, "port %u did not answer with a JSON object", port);
        }
    }
    http_call_release(&call);
    return rc;
}
