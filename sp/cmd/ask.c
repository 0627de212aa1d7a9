/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that ask the provider which runs on this home, over its HTTP interface with the operator's token. */
#include "chain/codec/json.h"
#include "chain/http/client.h"
#include "chain/os/file.h"
#include "sp/cmd/commands.h"
#include "sp/cmd/home.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { TOKEN_MAX = 256, URL_MAX = 512, HEADER_MAX = 320 };

static int read_token(const struct home *home, char ret_header[HEADER_MAX], struct err *err) {
    char path[PATH_MAX];
    struct buf text;
    buf_init(&text, TOKEN_MAX);
    int rc = home_path(home, "operator.token", path, err);
    if (!rc)
        rc = file_read(path, &text, err);
    if (rc == CODE_NOT_FOUND)
        rc = err_set(err, CODE_UNAVAILABLE, "no provider has run on %s yet: `cairn-sp start --home %s`", home->dir,
                     home->dir);
    if (!rc)
        snprintf(ret_header, HEADER_MAX, "Authorization: Bearer %.*s", (int)text.len, (const char *)text.data);
    buf_release(&text);
    return rc;
}

static int make_url(const struct home *home, const char *path, char ret_url[URL_MAX], struct err *err) {
    char host[URL_MAX / 2];
    uint16_t port;
    int rc = home_split(home->config->http_listen, host, sizeof host, &port, err);
    if (rc)
        return rc;
    bool any = !strcmp(host, "0.0.0.0") || !strcmp(host, "[::]");
    snprintf(ret_url, URL_MAX, "http://%s:%u%s", any ? "127.0.0.1" : host, port, path);
    return CODE_OK;
}

/* One question; *ret_answer (may be NULL) is the caller's. body NULL: none. */
static int ask(const struct options *o, const char *method, const char *path, const char *body, json_t **ret_answer,
               struct err *err) {
    struct home home;
    struct http_client *client = NULL;
    struct http_client_config config = {.allow_private = true, .user_agent = "cairn-sp"};
    char url[URL_MAX], token[HEADER_MAX];
    int rc = home_open(&home, o->home, err);
    if (rc)
        return rc;
    struct http_call call = {.method = method, .url = url, .headers = {token, "Content-Type: application/json"}};
    call.body_out = body ? bytes_str(body) : BYTES_NONE;
    rc = read_token(&home, token, err);
    if (!rc)
        rc = make_url(&home, path, url, err);
    if (!rc)
        rc = http_client_new(&config, &client, err);
    if (!rc) {
        rc = http_call_run(client, &call, err);
        if (rc == CODE_UNAVAILABLE)
            rc = err_set(err, rc, "no provider answers at %s; is `cairn-sp start --home %s` running?", url, home.dir);
        if (!rc)
            rc = http_call_check(&call, err);
        if (!rc && ret_answer)
            rc = json_parse(buf_bytes(&call.body), ret_answer, err);
        http_call_release(&call);
    }
    http_client_free(client);
    home_release(&home);
    return rc;
}

static int print_json(json_t *root, struct err *err) {
    char *text = json_dumps(root, JSON_INDENT(2));
    if (!text)
        return err_set(err, CODE_NO_MEMORY, "no memory to print the answer");
    puts(text);
    free(text);
    return CODE_OK;
}

static int show(const struct options *o, const char *method, const char *path, struct err *err) {
    json_t *root = NULL;
    int rc = ask(o, method, path, NULL, &root, err);
    if (!rc)
        rc = print_json(root, err);
    json_decref(root);
    return rc;
}

int command_status(const struct options *o, struct err *err) {
    return show(o, "GET", "/v1/status", err);
}

int command_gc_status(const struct options *o, struct err *err) {
    return show(o, "GET", "/v1/operator/gc", err);
}

int command_gc_start(const struct options *o, struct err *err) {
    return show(o, "POST", "/v1/operator/gc", err);
}

int command_scrub_status(const struct options *o, struct err *err) {
    return show(o, "GET", "/v1/operator/scrub", err);
}

int command_scrub_start(const struct options *o, struct err *err) {
    return show(o, "POST", "/v1/operator/scrub", err);
}

/* {"object_id": ...} to /v1/operator/hold or release; release without an object ends all holds. */
static int hold(const struct options *o, const char *path, const char *done, struct err *err) {
    char body[64] = "{}";
    uint64_t id = 0;
    if (o->word_count) {
        int rc = options_word_u64(o, 0, "OBJECT_ID", &id, err);
        if (rc)
            return rc;
        snprintf(body, sizeof body, "{\"object_id\":\"%" PRIu64 "\"}", id);
    }
    int rc = ask(o, "POST", path, body, NULL, err);
    if (!rc && o->word_count)
        printf("object %" PRIu64 " is %s\n", id, done);
    else if (!rc)
        printf("all objects are %s\n", done);
    return rc;
}

int command_hold(const struct options *o, struct err *err) {
    return hold(o, "/v1/operator/hold", "held: no scrub, no rebuild, no challenge answers", err);
}

int command_release(const struct options *o, struct err *err) {
    return hold(o, "/v1/operator/release", "released", err);
}

static const char *text_in(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

int command_task_list(const struct options *o, struct err *err) {
    json_t *root = NULL, *task;
    size_t i;
    int rc = ask(o, "GET", "/v1/operator/tasks", NULL, &root, err);
    if (rc)
        return rc;
    printf("%-8s %-28s %-8s %-8s %-8s %s\n", "ID", "KIND", "OBJECT", "TRIES", "STATE", "LAST ERROR");
    json_array_foreach(json_object_get(root, "tasks"), i, task)
        printf("%-8s %-28s %-8s %-8lld %-8s %s\n", text_in(task, "id"), text_in(task, "kind"),
               text_in(task, "object_id"), (long long)json_integer_value(json_object_get(task, "attempts")),
               json_is_true(json_object_get(task, "running")) ? "running" : "waiting", text_in(task, "last_error"));
    json_decref(root);
    return CODE_OK;
}
