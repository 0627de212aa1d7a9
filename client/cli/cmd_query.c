/* SPDX-License-Identifier: Apache-2.0 */
/* cairn query, verify: records of the state with their proofs, for oneself and for others. */
#include "chain/base/num.h"
#include "chain/codec/bech32.h"
#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/os/clock.h"
#include "chain/os/file.h"
#include "chain/types/key_table.h"
#include "chain/types/keys_storage.h"
#include "chain/types/proof_file.h"
#include "client/cli/commands.h"
#include "client/lib/trust_store.h"

#include <stdio.h>
#include <stdlib.h>

enum { PROOFS_MAX = 2 };

/* --- what is proven, as JSON -------------------------------------------------------------------------------------- */

/* The record, taken apart where its table holds messages; null when it is absent or nothing but a key. */
static json_t *record_json(struct cli *cli, const StateProof *proof) {
    const struct key_row *row = key_row_of(pb_bytes(proof->key));
    void *record;
    json_t *json = NULL;
    if (!proof->present || !row || !row->record)
        return json_null();
    if (pb_decode(row->record, pb_bytes(proof->value), &cli->arena, &record, NULL) || json_from_pb(record, &json, NULL))
        return json_null();
    return json;
}

static json_t *proof_json(struct cli *cli, const StateProof *proof) {
    char *key = arena_alloc(&cli->arena, 2 * proof->key.len + 1);
    char *value = arena_alloc(&cli->arena, 2 * proof->value.len + 1);
    const char *words = key_to_words(pb_bytes(proof->key), &cli->arena);
    if (!key || !value || !words)
        return NULL;
    hex_encode(proof->key.data, proof->key.len, key);
    hex_encode(proof->value.data, proof->value.len, value);
    return json_pack("{s:s, s:s, s:b, s:o, s:s}", "what", words, "key", key, "present", proof->present, "record",
                     record_json(cli, proof), "value", value);
}

static json_t *proofs_json(struct cli *cli, StateProof *const *proofs, size_t count) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, proof_json(cli, proofs[i]));
    return list;
}

static json_t *end_json(struct cli *cli, const char *chain_id, const struct light_trust *end, json_t *records) {
    char id[2 * sizeof end->id.b + 1], app_hash[2 * sizeof end->app_hash.b + 1];
    hex_encode(end->id.b, sizeof end->id.b, id);
    hex_encode(end->app_hash.b, sizeof end->app_hash.b, app_hash);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "chain_id", chain_id, "height", cli_u64(cli, end->height - 1),
                     "header", arena_printf(&cli->arena, "%llu:%s", (unsigned long long)end->height, id), "time",
                     cli_u64(cli, end->time), "app_hash", app_hash, "records", records);
}

/* --- query -------------------------------------------------------------------------------------------------------- */

static bool is_hex_key(const struct cli *cli) {
    size_t len = strlen(cli->words[0]);
    return cli->word_count == 1 && len >= 4 && strspn(cli->words[0], "0123456789abcdefABCDEF") == len;
}

/* "object BUCKET/NAME": the bucket's record leads to the key of the object's. */
static int prove_object(struct cli *cli, struct ledger *ledger, uint64_t height, StateProof **ret, size_t *ret_count,
                        struct err *err) {
    struct object_uri uri;
    struct key k;
    BucketInfo *bucket;
    const char *text = cli->words[1];
    if (!strstr(text, "://"))
        text = arena_printf(&cli->arena, "cairn://%s", text);
    int rc = text ? cli_object_uri(text, &uri, err) : err_set(err, CODE_NO_MEMORY, "no memory for a name");
    if (!rc)
        rc = ledger_prove(ledger, key_bucket(&k, uri.bucket), height, &cli->arena, &ret[0], err);
    if (rc)
        return rc;
    *ret_count = 1;
    if (!ret[0]->present)
        return CODE_OK; /* no bucket, no object */
    rc = pb_decode(&bucket_info__descriptor, pb_bytes(ret[0]->value), &cli->arena, &bucket, err);
    if (!rc)
        rc = ledger_prove(ledger, key_object(&k, bucket->id, uri.key), ret[0]->height, &cli->arena, &ret[1], err);
    if (!rc)
        *ret_count = 2;
    return rc;
}

/* Names of our keys stand for their addresses. */
static int take_words(struct cli *cli, struct err *err) {
    const struct keystore store = cli_keystore(cli);
    for (size_t i = 1; i < cli->word_count; i++) {
        struct key_info info;
        char text[ADDR_TEXT_MAX];
        uint64_t number;
        if (u64_parse(cli->words[i], strlen(cli->words[i]), &number) ||
            keystore_info(&store, cli->words[i], &info, NULL))
            continue;
        addr_to_text(&info.address, text);
        cli->words[i] = arena_strdup(&cli->arena, text);
        if (!cli->words[i])
            return err_set(err, CODE_NO_MEMORY, "no memory for a key");
    }
    return CODE_OK;
}

static int prove_key(struct cli *cli, struct ledger *ledger, uint64_t height, StateProof **ret, size_t *ret_count,
                     struct err *err) {
    struct key k, again;
    int rc;
    if (is_hex_key(cli)) {
        const char *raw = arena_printf(&cli->arena, "0x%s", cli->words[0]);
        rc = raw ? key_from_words(&raw, 1, &k, err) : err_set(err, CODE_NO_MEMORY, "no memory for a key");
    } else {
        rc = key_from_words(cli->words, cli->word_count, &k, err);
        /* a word that is no address may be the name of a key of ours */
        if (rc && !take_words(cli, err) && !key_from_words(cli->words, cli->word_count, &again, NULL)) {
            k = again;
            rc = CODE_OK;
        }
    }
    if (!rc)
        rc = ledger_prove(ledger, key_bytes(&k), height, &cli->arena, &ret[0], err);
    if (!rc)
        *ret_count = 1;
    return rc;
}

static int write_file(struct cli *cli, const ProofFile *file, const char *path, struct err *err) {
    const char *text;
    int rc = json_print_pb(file, true, &cli->arena, &text, err);
    if (!rc && strlen(text) > JSON_LEN_MAX)
        rc = err_set(err, CODE_TOO_LARGE,
                     "the proof would have more than %zu MiB, mostly headers: name a later one with --trust",
                     JSON_LEN_MAX / MIB);
    return rc ? rc : file_write_atomic(path, bytes_str(text), 0644, err);
}

static int siblings_json(StateProof *const *proofs, size_t count, json_t **ret, struct err *err) {
    json_t *list = json_array(), *one = NULL;
    int rc = CODE_OK;
    for (size_t i = 0; !rc && i < count; i++) {
        rc = json_from_pb(proofs[i], &one, err);
        if (!rc)
            json_array_append_new(list, one);
    }
    if (rc)
        json_decref(list);
    else
        *ret = list;
    return rc;
}

static int query_proven(struct cli *cli, struct ledger *ledger, struct err *err) {
    StateProof *proofs[PROOFS_MAX];
    size_t count = 0;
    uint64_t height;
    ProofFile *file;
    struct light_trust end;
    json_t *shown = NULL;
    const char *out = cli_value(cli, "--out");
    int rc = cli_number(cli, "--height", 0, UINT64_MAX - 1, &height, err);
    if (!rc)
        rc = cli->word_count != 2 && !strcmp(cli->words[0], "object")
                 ? err_set(err, CODE_INVALID_ARGUMENT, "say it as: object BUCKET/NAME")
             : !strcmp(cli->words[0], "object") ? prove_object(cli, ledger, height, proofs, &count, err)
                                                : prove_key(cli, ledger, height, proofs, &count, err);
    if (!rc)
        rc = ledger_proof_file(ledger, proofs, count, &cli->arena, &file, &end, err);
    if (!rc && out)
        rc = write_file(cli, file, out, err);
    if (!rc && !out) /* people get the siblings, programs all of it */
        rc = cli->json ? json_from_pb(file, &shown, err) : siblings_json(proofs, count, &shown, err);
    if (rc)
        return rc;
    json_t *answer = end_json(cli, ledger_chain_id(ledger), &end, proofs_json(cli, proofs, count));
    json_object_set_new(answer, out ? "file" : "proof", out ? json_string(out) : shown);
    if (out)
        cli_note(cli, "anybody can check it: cairn verify %s", out);
    return cli_print(cli, answer, err);
}

int cmd_query(struct cli *cli, struct err *err) {
    struct ledger *ledger;
    json_t *answer = NULL;
    char path[8192];
    bool prove = cli_has(cli, "--prove");
    if (!prove && (cli->word_count > 1 || cli_has(cli, "--out") || cli_has(cli, "--height")))
        return err_set(err, CODE_INVALID_ARGUMENT,
                       "several words, --out and --height are for records that are proven: add --prove");
    int rc = cli_ledger(cli, &ledger, err);
    if (!rc && prove)
        return query_proven(cli, ledger, err);
    if (!rc && snprintf(path, sizeof path, "/v1/query%s%s", *cli->words[0] == '/' ? "" : "/", cli->words[0]) >=
                   (int)sizeof path)
        rc = err_set(err, CODE_TOO_LARGE, "the question is too long");
    if (!rc)
        rc = ledger_get_json(ledger, path, &answer, err);
    return rc ? rc : cli_print(cli, answer, err);
}

/* --- verify ------------------------------------------------------------------------------------------------------- */

static int read_proof_file(struct cli *cli, const char *path, ProofFile **ret, struct err *err) {
    struct buf text;
    buf_init(&text, JSON_LEN_MAX);
    int rc = file_read(path, &text, err);
    if (!rc) {
        rc = json_read_pb(&proof_file__descriptor, buf_bytes(&text), &cli->arena, ret, err);
        if (rc)
            rc = err_wrap(err, CODE_MALFORMED, "%s is not a proof file", path);
    }
    buf_release(&text);
    return rc;
}

/* A header of the file that this home has verified before, the latest. */
static bool known_header(struct cli *cli, const ProofFile *file, struct light_trust *ret) {
    struct trust_store *store = ARENA_NEW(&cli->arena, struct trust_store);
    struct hash tag;
    char path[CLI_PATH_MAX];
    if (!store || !hash_from(pb_bytes(file->chain_tag), &tag))
        return false;
    trust_store_init(store, &tag);
    if (trust_store_path(cli->home, &tag, path, sizeof path, NULL) || trust_store_load(path, store, NULL))
        return false;
    for (size_t i = store->count; i-- > 0;)
        for (size_t h = 0; h < file->n_headers; h++) {
            struct hash id = header_id(pb_bytes(file->headers[h]->header));
            if (hash_eq(&id, &store->point[i].id)) {
                *ret = store->point[i];
                return true;
            }
        }
    return false;
}

/* From what the file is judged: --trust, a header that this home has verified, the home's genesis. */
static int find_trust(struct cli *cli, const ProofFile *file, struct light_trust *ret, struct err *err) {
    char path[CLI_PATH_MAX], chain_id[CHAIN_ID_MAX + 1];
    if (cli->trust_height)
        return proof_file_trust_named(file, cli->trust_height, &cli->trust_id, &cli->arena, ret, err);
    if (known_header(cli, file, ret))
        return CODE_OK;
    int rc = path_join(cli->home, "genesis.json", path, sizeof path, err);
    if (!rc && !path_exists(path))
        rc = err_set(err, CODE_NOT_FOUND,
                     "%s is missing: it is what the file is checked against. Or name a header of it that you trust: "
                     "--trust HEIGHT:ID",
                     path);
    return rc ? rc : ledger_genesis_trust(path, ret, chain_id, sizeof chain_id, err);
}

int cmd_verify(struct cli *cli, struct err *err) {
    ProofFile *file;
    struct light_trust trust;
    struct proof_file_result result;
    uint64_t now;
    int rc = cli_number(cli, "--at", clock_real_ms(), UINT64_MAX, &now, err);
    if (!rc)
        rc = read_proof_file(cli, cli->words[0], &file, err);
    if (!rc)
        rc = find_trust(cli, file, &trust, err);
    if (!rc)
        rc = proof_file_verify(file, &trust, &light_rules_default, now, &cli->arena, &result, err);
    if (rc == CODE_BAD_SIGNATURE)
        rc = err_wrap(err, CODE_UNTRUSTED, "%s", err_text(err)); /* the file is damaged; nobody was denied anything */
    if (rc)
        return rc;
    json_t *answer = end_json(cli, file->chain_id, &result.end, proofs_json(cli, file->proofs, file->n_proofs));
    json_object_set_new(answer, "trusted",
                        result.trusted_height ? json_string(cli_u64(cli, result.trusted_height))
                                              : json_string("genesis"));
    json_object_set_new(answer, "headers", json_integer((json_int_t)result.headers_verified));
    return cli_print(cli, answer, err);
}
