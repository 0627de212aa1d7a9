/* SPDX-License-Identifier: Apache-2.0 */
#include "client/lib/ledger.h"

#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/os/clock.h"
#include "chain/os/file.h"
#include "chain/types/keys_app.h"
#include "chain/types/proof.h"
#include "chain/types/proof_file.h"
#include "chain/types/tx.h"
#include "client/lib/ledger_internal.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    GENESIS_MAX = 16 << 20,
    GENESIS_ARENA_MAX = 64 << 20,
    RECORD_TRIES = 8,
    WAIT_PROVABLE_MS = 10000,
    HEADERS_ARENA_MAX = 64 << 20
};

/* --- opening ------------------------------------------------------------------------------------------------------ */

static int set_nodes(struct ledger *l, const char *nodes, struct err *err) {
    for (const char *p = nodes; *p;) {
        size_t len = strcspn(p, ",");
        if (len >= LEDGER_URL_MAX || l->node_count == LEDGER_NODES_MAX)
            return err_set(err, CODE_INVALID_ARGUMENT, "more than %d ledger nodes, or one with too long a URL",
                           LEDGER_NODES_MAX);
        while (len && p[len - 1] == '/')
            len--;
        if (len) {
            memcpy(l->node[l->node_count], p, len);
            l->node[l->node_count++][len] = '\0';
        }
        p += strcspn(p, ",");
        p += *p == ',';
    }
    return l->node_count ? CODE_OK
                         : err_set(err, CODE_INVALID_ARGUMENT, "no ledger node was named: --node http://HOST:PORT");
}

static int take_genesis(struct ledger *l, const Genesis *genesis, struct arena *arena, struct light_trust *ret_trust,
                        struct err *err) {
    struct bytes encoded;
    int rc = pb_encode(genesis, arena, &encoded, err);
    if (rc)
        return rc;
    l->chain_tag = chain_tag_of(encoded);
    snprintf(l->chain_id, sizeof l->chain_id, "%s", genesis->chain_id);
    return light_trust_genesis(genesis, &l->chain_tag, ret_trust, err);
}

static int read_genesis(const char *path, struct arena *arena, Genesis **ret, struct err *err) {
    struct buf text;
    buf_init(&text, GENESIS_MAX);
    int rc = file_read(path, &text, err);
    if (!rc)
        rc = json_read_pb(&genesis__descriptor, buf_bytes(&text), arena, ret, err);
    buf_release(&text);
    return rc ? err_wrap(err, rc, "genesis file %s", path) : CODE_OK;
}

static int load_genesis(struct ledger *l, const char *path, struct light_trust *ret_trust, struct err *err) {
    struct arena arena;
    Genesis *genesis;
    if (path && snprintf(l->genesis_path, sizeof l->genesis_path, "%s", path) >= (int)sizeof l->genesis_path)
        return err_set(err, CODE_INVALID_ARGUMENT, "the path of the genesis file is too long");
    arena_init(&arena, GENESIS_ARENA_MAX);
    int rc = path ? read_genesis(path, &arena, &genesis, err)
                  : ledger_get(l, "/v1/genesis", &genesis__descriptor, &arena, &genesis, err);
    if (!rc)
        rc = take_genesis(l, genesis, &arena, ret_trust, err);
    arena_release(&arena);
    return rc;
}

int ledger_genesis_trust(const char *path, struct light_trust *ret, char *ret_chain_id, size_t ret_size,
                         struct err *err) {
    struct arena arena;
    Genesis *genesis;
    struct bytes encoded;
    arena_init(&arena, GENESIS_ARENA_MAX);
    int rc = read_genesis(path, &arena, &genesis, err);
    if (!rc)
        rc = pb_encode(genesis, &arena, &encoded, err);
    if (!rc) {
        struct hash tag = chain_tag_of(encoded);
        snprintf(ret_chain_id, ret_size, "%s", genesis->chain_id);
        rc = light_trust_genesis(genesis, &tag, ret, err);
    }
    arena_release(&arena);
    return rc;
}

static int fetch_header(void *ctx, size_t node, uint64_t height, struct arena *arena, SignedHeader **ret,
                        struct err *err) {
    struct ledger *l = ctx;
    char url[LEDGER_URL_MAX + 64];
    struct http_call call = {.method = "GET", .url = url, .deadline_ms = l->deadline_ms, .body_max = LEDGER_ANSWER_MAX};
    snprintf(url, sizeof url, "%s/v1/header/%llu", l->node[node], (unsigned long long)height);
    int rc = http_call_run(l->http, &call, err);
    if (!rc)
        rc = http_call_check(&call, err);
    if (!rc)
        rc = json_read_pb(&signed_header__descriptor, buf_bytes(&call.body), arena, ret, err);
    http_call_release(&call);
    return rc;
}

static const char *node_name(void *ctx, size_t node) {
    const struct ledger *l = ctx;
    return l->node[node];
}

static uint64_t now_ms(void *ctx) {
    (void)ctx;
    return clock_real_ms();
}

static int open_light(struct ledger *l, const struct light_trust *genesis, const struct ledger_options *options,
                      struct err *err) {
    struct light_options light = {.genesis = genesis,
                                  .chain_id = l->chain_id,
                                  .home = options->home,
                                  .rules = light_rules_default,
                                  .source = {fetch_header, node_name, now_ms, l->node_count, l}};
    int rc = light_open(&light, &l->light, err);
    if (!rc && options->trust_height)
        rc = light_trust_header(l->light, options->trust_height, &options->trust_id, err);
    return rc;
}

int ledger_open(const struct ledger_options *options, struct ledger **ret, struct err *err) {
    struct http_client_config http = {.allow_private = options->allow_private, .user_agent = "cairn"};
    struct light_trust genesis;
    struct ledger *l = calloc(1, sizeof *l);
    if (!l)
        return err_set(err, CODE_NO_MEMORY, "no memory for the connection to the ledger");
    mutex_init(&l->send_lock);
    mutex_init(&l->time_lock);
    arena_init(&l->params_arena, 1 << 20);
    l->deadline_ms = options->deadline_ms ? options->deadline_ms : 10000;
    l->verify = options->verify;
    int rc = set_nodes(l, options->nodes, err);
    if (!rc)
        rc = http_client_new(&http, &l->http, err);
    if (!rc && options->verify && !options->genesis_path)
        rc = err_set(err, CODE_INVALID_ARGUMENT, "without a genesis file nothing can be verified");
    if (!rc)
        rc = load_genesis(l, options->genesis_path, &genesis, err);
    if (!rc && options->verify)
        rc = open_light(l, &genesis, options, err);
    if (rc)
        ledger_close(l);
    else
        *ret = l;
    return rc;
}

void ledger_close(struct ledger *l) {
    if (!l)
        return;
    light_close(l->light);
    http_client_free(l->http);
    arena_release(&l->params_arena);
    mutex_release(&l->send_lock);
    mutex_release(&l->time_lock);
    free(l);
}

void ledger_cancel(struct ledger *l) {
    atomic_store(&l->cancelled, true);
    http_client_close(l->http);
}

const struct hash *ledger_chain_tag(const struct ledger *l) {
    return &l->chain_tag;
}

const char *ledger_chain_id(const struct ledger *l) {
    return l->chain_id;
}

struct http_client *ledger_http(struct ledger *l) {
    return l->http;
}

/* --- questions ---------------------------------------------------------------------------------------------------- */

/* Would another node perhaps answer? */
static bool worth_another(int rc, const struct http_call *call) {
    if (rc)
        return rc == CODE_UNAVAILABLE || rc == CODE_TIMEOUT;
    return call->status == 502 || call->status == 503;
}

int ledger_call(struct ledger *l, const char *path, struct http_call *call, struct err *err) {
    char url[LEDGER_URL_MAX + LEDGER_PATH_MAX];
    size_t first = atomic_load(&l->preferred);
    int rc = CODE_UNAVAILABLE;
    call->url = url;
    if (!call->deadline_ms)
        call->deadline_ms = l->deadline_ms;
    if (!call->body_max)
        call->body_max = LEDGER_ANSWER_MAX;
    for (size_t i = 0; i < l->node_count; i++) {
        size_t at = (first + i) % l->node_count;
        if (snprintf(url, sizeof url, "%s%s", l->node[at], path) >= (int)sizeof url)
            return err_set(err, CODE_TOO_LARGE, "the question to the ledger is too long");
        rc = http_call_run(l->http, call, err);
        if (!worth_another(rc, call) || i + 1 == l->node_count) {
            if (!rc)
                atomic_store(&l->preferred, at);
            break;
        }
        http_call_release(call);
    }
    call->url = NULL;
    return rc;
}

static int get_text(struct ledger *l, const char *path, uint64_t deadline_ms, struct http_call *call, struct err *err) {
    *call = (struct http_call){.method = "GET", .deadline_ms = deadline_ms};
    int rc = ledger_call(l, path, call, err);
    return rc ? rc : http_call_check(call, err);
}

int ledger_get(struct ledger *l, const char *path, const ProtobufCMessageDescriptor *desc, struct arena *arena,
               void *ret_msg, struct err *err) {
    struct http_call call;
    int rc = get_text(l, path, 0, &call, err);
    if (!rc)
        rc = json_read_pb_open(desc, buf_bytes(&call.body), arena, ret_msg, err);
    http_call_release(&call);
    return rc;
}

int ledger_get_json(struct ledger *l, const char *path, json_t **ret, struct err *err) {
    struct http_call call;
    int rc = get_text(l, path, 0, &call, err);
    if (!rc)
        rc = json_parse(buf_bytes(&call.body), ret, err);
    http_call_release(&call);
    return rc;
}

int ledger_query(struct ledger *l, const char *path, json_t **ret, struct err *err) {
    char full[LEDGER_PATH_MAX];
    if (snprintf(full, sizeof full, "/v1/query%s", path) >= (int)sizeof full)
        return err_set(err, CODE_TOO_LARGE, "the question to the ledger is too long");
    return ledger_get_json(l, full, ret, err);
}

int ledger_query_pb(struct ledger *l, const char *path, const ProtobufCMessageDescriptor *desc, struct arena *arena,
                    void *ret_msg, struct err *err) {
    json_t *root = NULL;
    int rc = ledger_query(l, path, &root, err);
    if (rc)
        return rc;
    json_t *record = json_object_get(root, "record");
    rc = json_is_object(record) ? json_to_pb_open(desc, record, arena, ret_msg, err)
                                : err_set(err, CODE_NOT_FOUND, "there is no such record");
    json_decref(root);
    return rc;
}

int ledger_status(struct ledger *l, struct arena *arena, NodeStatus **ret, struct err *err) {
    return ledger_get(l, "/v1/status", &node_status__descriptor, arena, ret, err);
}

/* --- proven records ----------------------------------------------------------------------------------------------- */

int ledger_app_hash(struct ledger *l, uint64_t height, struct hash *ret, struct err *err) {
    struct light_trust seen;
    /* the next header carries the app hash after `height` */
    int rc = light_header(l->light, atomic_load(&l->preferred), height + 1, &seen, err);
    if (!rc)
        *ret = seen.app_hash;
    return rc;
}

/* Asks a node, checks its proof. height: of this one; 0: of the newest provable, not below min_height. */
static int get_proven(struct ledger *l, struct bytes key, uint64_t height, uint64_t min_height, struct arena *arena,
                      QueryBody **ret, struct err *err) {
    char hex[2 * 2048 + 1], path[sizeof hex + 128], at[48] = "";
    QueryBody *answer;
    struct hash app_hash;
    struct http_call call;
    if (key.len > 2048)
        return err_set(err, CODE_TOO_LARGE, "the state key is too long");
    hex_encode(key.data, key.len, hex);
    if (height)
        snprintf(at, sizeof at, "&height=%llu", (unsigned long long)height);
    snprintf(path, sizeof path, "/v1/state/%s?prove=%d&min_height=%llu%s", hex, l->verify,
             (unsigned long long)min_height, at);
    int rc = get_text(l, path, min_height ? l->deadline_ms + WAIT_PROVABLE_MS : 0, &call, err);
    if (!rc)
        rc = json_read_pb_open(&query_body__descriptor, buf_bytes(&call.body), arena, &answer, err);
    http_call_release(&call);
    if (rc || !l->verify) {
        if (!rc)
            *ret = answer;
        return rc;
    }
    if (!answer->proof || answer->proof->height < min_height || (height && answer->proof->height != height))
        return err_set(err, CODE_PROOF, "the node gave no proof, or one of another height than asked for");
    rc = ledger_app_hash(l, answer->proof->height, &app_hash, err);
    if (!rc)
        rc = proof_verify(answer->proof, key, &app_hash, err);
    if (!rc)
        *ret = answer;
    return rc;
}

int ledger_record_raw(struct ledger *l, struct bytes key, uint64_t min_height, struct arena *arena,
                      struct bytes *ret_value, uint64_t *ret_height, struct err *err) {
    QueryBody *answer;
    int rc = get_proven(l, key, 0, min_height, arena, &answer, err);
    if (rc)
        return rc;
    struct bytes value = l->verify ? bytes_of(answer->proof->value.data, answer->proof->value.len)
                                   : bytes_of(answer->value.data, answer->value.len);
    if (ret_height)
        *ret_height = l->verify ? answer->proof->height : answer->height;
    if (l->verify ? !answer->proof->present : !value.len)
        return err_set(err, CODE_NOT_FOUND, "the ledger has no such record");
    *ret_value = value;
    return CODE_OK;
}

int ledger_record(struct ledger *l, struct bytes key, uint64_t min_height, const ProtobufCMessageDescriptor *desc,
                  struct arena *arena, void *ret_msg, uint64_t *ret_height, struct err *err) {
    struct bytes value;
    int rc = ledger_record_raw(l, key, min_height, arena, &value, ret_height, err);
    return rc ? rc : pb_decode_open(desc, value, arena, ret_msg, err);
}

/* --- proofs for others -------------------------------------------------------------------------------------------- */

int ledger_prove(struct ledger *l, struct bytes key, uint64_t height, struct arena *arena, StateProof **ret,
                 struct err *err) {
    QueryBody *answer;
    if (!l->verify)
        return err_set(err, CODE_INVALID_ARGUMENT,
                       "a proof is made only where proofs are checked: not with --no-verify");
    int rc = get_proven(l, key, height, height, arena, &answer, err);
    if (!rc)
        *ret = answer->proof;
    return rc;
}

static int take_headers(struct ledger *l, const struct light_path *path, struct arena *arena, ProofFile *file,
                        struct err *err) {
    Genesis *genesis;
    struct bytes encoded;
    file->headers = arena_array(arena, path->count, sizeof *file->headers);
    if (!file->headers)
        return err_set(err, CODE_NO_MEMORY, "no memory for a proof file");
    for (size_t i = 0; i < path->count; i++) {
        file->headers[i] = path->headers[i];
        file->headers[i]->next_validators = NULL; /* its hash in the header is enough */
    }
    file->n_headers = path->count;
    if (!path->from_genesis)
        return CODE_OK;
    int rc = read_genesis(l->genesis_path, arena, &genesis, err);
    if (!rc)
        rc = pb_encode(genesis, arena, &encoded, err);
    if (!rc)
        file->genesis = pb_data(encoded);
    return rc;
}

int ledger_proof_file(struct ledger *l, StateProof **proofs, size_t count, struct arena *arena, ProofFile **ret,
                      struct light_trust *ret_end, struct err *err) {
    struct light_path *path = ARENA_NEW(arena, struct light_path);
    ProofFile *file = ARENA_NEW(arena, ProofFile);
    if (!path || !file)
        return err_set(err, CODE_NO_MEMORY, "no memory for a proof file");
    proof_file__init(file);
    file->version = PROOF_FILE_VERSION;
    file->chain_id = l->chain_id;
    file->chain_tag = pb_data(hash_bytes(&l->chain_tag));
    file->proofs = proofs;
    file->n_proofs = count;
    int rc = light_path(l->light, atomic_load(&l->preferred), proofs[0]->height + 1, arena, path, err);
    if (!rc)
        rc = take_headers(l, path, arena, file, err);
    if (rc)
        return rc;
    *ret_end = path->end;
    *ret = file;
    return CODE_OK;
}

int ledger_time(struct ledger *l, uint64_t *ret_ms, struct err *err) {
    struct arena arena;
    NodeStatus *status;
    int rc = CODE_OK;
    uint64_t now = clock_mono_ms();
    mutex_lock(&l->time_lock);
    bool fresh = l->time_mono_ms && now - l->time_mono_ms < 1000;
    if (fresh)
        *ret_ms = l->time_ledger_ms;
    mutex_unlock(&l->time_lock);
    if (fresh)
        return CODE_OK;
    arena_init(&arena, 1 << 20);
    rc = ledger_status(l, &arena, &status, err);
    if (!rc) {
        mutex_lock(&l->time_lock);
        l->time_mono_ms = now;
        l->time_ledger_ms = status->ledger_time;
        mutex_unlock(&l->time_lock);
        *ret_ms = status->ledger_time;
    }
    arena_release(&arena);
    return rc;
}
