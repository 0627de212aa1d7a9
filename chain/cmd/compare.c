/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cairnd digest, diff-state: whether two nodes hold the same, and where not. A side is a home whose node is stopped, a
 * running node's URL, or an export, which is first read into a store of its own. Both trees are gone down from their
 * roots: only where their hashes differ is anything read.
 */
#include "chain/cmd/cmd.h"

#include "chain/base/limits.h"
#include "chain/base/num.h"
#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/http/client.h"
#include "chain/store/compare.h"
#include "chain/types/key_table.h"
#include "chain/types/proof.h"

#include "cairn/rpc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { SHOWN = 20, URL_LEN = 2 * KEY_LEN_MAX + 512 };

#define ANSWER_MAX (1 * MIB)   /* a record in base64 */
#define AT_MEMORY  (256 * MIB) /* what heights since overwrote, put back */

/* --- a running node ------------------------------------------------------------------------------------------------
 */

/* The answer to GET base/path, as message, on arena. */
static int ask(struct http_client *http, const char *base, const char *path, const ProtobufCMessageDescriptor *desc,
               struct arena *arena, void *ret_msg, struct err *err) {
    char url[URL_LEN];
    size_t len = strlen(base);
    int n = snprintf(url, sizeof url, "%.*s%s", (int)(len > 0 && base[len - 1] == '/' ? len - 1 : len), base, path);
    if (n < 0 || (size_t)n >= sizeof url)
        return err_set(err, CODE_INVALID_ARGUMENT, "the URL is too long");
    struct http_call call = {.url = url, .body_max = ANSWER_MAX, .deadline_ms = 120000, .idle_ms = 120000};
    int rc = http_call_run(http, &call, err);
    if (rc == CODE_OK)
        rc = http_call_check(&call, err);
    if (rc == CODE_OK)
        rc = json_read_pb(desc, buf_bytes(&call.body), arena, ret_msg, err);
    http_call_release(&call);
    return rc == CODE_OK ? rc : err_wrap(err, rc, "%s", url);
}

static bool is_url(const char *text) {
    return strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
}

/* --- a side --------------------------------------------------------------------------------------------------------
 */

struct side {
    const char *name;
    uint64_t newest; /* height that it can be compared at; those before too, some */
    bool fixed;      /* no other height */
    struct compare_side side;

    struct http_client *http; /* a URL */

    struct stopped home; /* a home; or the store of an export alone, with its directory */
    struct compare_view at;
    char dir[64];
};

static int open_home(struct side *s, struct err *err) {
    int rc = stopped_open(&s->home, s->name, err);
    if (rc == CODE_LOCKED)
        rc = err_wrap(err, rc, "%s: its node runs; give its URL instead", s->name);
    return rc;
}

static int open_export(struct side *s, struct err *err) {
    uint64_t height;
    s->fixed = true;
    s->home = (struct stopped){.lock = {-1}};
    snprintf(s->dir, sizeof s->dir, "/tmp/cairnd-diff-XXXXXX");
    if (mkdtemp(s->dir) == NULL) {
        s->dir[0] = '\0';
        return err_set(err, CODE_IO, "cannot make a directory in /tmp");
    }
    int rc = store_open(s->dir, NULL, &s->home.store, err);
    return rc == CODE_OK ? export_read(s->name, s->home.store, false, &height, err) : rc;
}

static int open_view(struct side *s, struct err *err) {
    int rc = store_view_open(s->home.store, &s->home.view, err);
    if (rc != CODE_OK)
        return err_wrap(err, rc, "%s", s->name);
    s->newest = store_view_height(s->home.view);
    s->at.view = s->home.view;
    s->side = compare_side_of(&s->at);
    return CODE_OK;
}

static int url_page(void *ctx, const uint8_t *path, size_t n, struct arena *arena, struct tree_page_view *ret,
                    struct err *err) {
    struct side *s = ctx;
    char hex[65], text[160];
    TreeBody *pb = NULL;
    hex_encode(path, 32, hex);
    snprintf(text, sizeof text, "/v1/tree?path=%.*s&height=%" PRIu64, (int)n, hex, s->at.height);
    struct arena scratch;
    arena_init(&scratch, ANSWER_MAX);
    int rc = ask(s->http, s->name, text, &tree_body__descriptor, &scratch, &pb, err);
    if (rc == CODE_OK && !hash_from(pb_bytes(pb->subtree), &ret->hash))
        rc = err_set(err, CODE_MALFORMED, "%s answers with a page that has no hash", s->name);
    for (size_t i = 0; rc == CODE_OK && i < pb->n_slots; i++) {
        const TreeSlot *t = pb->slots[i];
        struct tree_slot *slot = &ret->slot[t->slot % 16];
        slot->kind = t->key.len > 0 ? TREE_LEAF : TREE_SUBTREE;
        bool good = t->slot < 16 && t->key.len <= KEY_LEN_MAX &&
                    (t->key.len > 0 ? hash_from(pb_bytes(t->value_hash), &slot->value_hash)
                                    : hash_from(pb_bytes(t->subtree), &slot->hash));
        slot->key_hash = proof_key_hash(pb_bytes(t->key));
        if (good && t->key.len > 0)
            good = arena_dup_bytes(arena, pb_bytes(t->key), &slot->key);
        if (!good)
            rc = err_set(err, CODE_MALFORMED, "%s answers with a page that is none", s->name);
    }
    arena_release(&scratch);
    return rc;
}

static int open_url(struct side *s, struct err *err) {
    const struct http_client_config cfg = {.allow_private = true, .user_agent = "cairnd"};
    struct arena arena;
    NodeStatus *status = NULL;
    arena_init(&arena, ANSWER_MAX);
    int rc = http_client_new(&cfg, &s->http, err);
    if (rc == CODE_OK)
        rc = ask(s->http, s->name, "/v1/status", &node_status__descriptor, &arena, &status, err);
    if (rc == CODE_OK && status->height == 0)
        rc = err_set(err, CODE_NOT_READY, "%s has no block yet", s->name);
    if (rc == CODE_OK)
        s->newest = status->height - 1; /* values are shown up to there */
    s->side = (struct compare_side){s, url_page};
    arena_release(&arena);
    return rc;
}

static int side_open(struct side *s, const char *name, struct err *err) {
    struct stat st;
    *s = (struct side){.name = name, .home = {.lock = {-1}}};
    if (is_url(name))
        return open_url(s, err);
    if (stat(name, &st) != 0)
        return err_set(err, CODE_NOT_FOUND, "there is no home and no export %s", name);
    int rc = S_ISDIR(st.st_mode) ? open_home(s, err) : open_export(s, err);
    return rc == CODE_OK ? open_view(s, err) : rc;
}

static void side_close(struct side *s) {
    stopped_close(&s->home);
    http_client_free(s->http);
    if (s->dir[0] != '\0')
        (void)dir_remove(s->dir, NULL);
}

static int side_value(struct side *s, struct bytes key, struct arena *arena, struct bytes *ret, struct err *err) {
    if (s->http == NULL)
        return store_get_at(s->home.view, s->at.height, key, arena, ret, err);
    char hex[2 * KEY_LEN_MAX + 1], path[2 * KEY_LEN_MAX + 64];
    QueryBody *pb = NULL;
    hex_encode(key.data, key.len, hex);
    snprintf(path, sizeof path, "/v1/state/%s?height=%" PRIu64, hex, s->at.height);
    int rc = ask(s->http, s->name, path, &query_body__descriptor, arena, &pb, err);
    if (rc == CODE_OK)
        *ret = pb_bytes(pb->value);
    return rc;
}

/* --- what differs --------------------------------------------------------------------------------------------------
 */

struct diff {
    struct side a, b;
    uint64_t shown, max;
};

/* The record as JSON where its table says what it is, else in hexadecimal digits. */
static void print_value(const char *letter, struct side *s, bool present, struct bytes key, struct arena *arena) {
    const struct key_row *row = key_row_of(key);
    struct bytes value;
    struct err err;
    const char *text = NULL;
    void *msg = NULL;
    int rc = present ? side_value(s, key, arena, &value, &err) : CODE_NOT_FOUND;
    if (!present)
        printf("  %s: absent\n", letter);
    else if (rc != CODE_OK)
        printf("  %s: (%s)\n", letter, err_text(&err));
    else if (row != NULL && row->record != NULL && pb_decode(row->record, value, arena, &msg, NULL) == CODE_OK &&
             json_print_pb(msg, false, arena, &text, NULL) == CODE_OK)
        printf("  %s: %s%s", letter, text, strchr(text, '\n') ? "" : "\n");
    else {
        printf("  %s: 0x", letter);
        for (size_t i = 0; i < value.len; i++)
            printf("%02x", value.data[i]);
        printf("\n");
    }
}

static int print_key(void *ctx, struct bytes key, const struct tree_slot *a, const struct tree_slot *b,
                     struct err *err) {
    struct diff *d = ctx;
    struct arena arena;
    if (d->shown == d->max)
        return err_set(err, CODE_DONE_ALREADY, "enough");
    d->shown++;
    arena_init(&arena, 4 * MIB);
    const char *module = key.len > 0 ? key_module_name(key.data[0]) : NULL, *words = key_to_words(key, &arena);
    printf("%s: %s\n", module != NULL ? module : "unknown", words != NULL ? words : "?");
    print_value("A", &d->a, a != NULL, key, &arena);
    print_value("B", &d->b, b != NULL, key, &arena);
    arena_release(&arena);
    return CODE_OK;
}

/* The lower of the two newest, unless told. */
static int choose_height(struct diff *d, const char *told, struct err *err) {
    uint64_t height = d->a.newest < d->b.newest ? d->a.newest : d->b.newest;
    if (told != NULL && !u64_parse(told, strlen(told), &height))
        return err_set(err, CODE_INVALID_ARGUMENT, "--height: want a decimal number");
    for (int i = 0; i < 2; i++) {
        struct side *s = i == 0 ? &d->a : &d->b;
        if (s->fixed && s->newest != height)
            return err_set(err, CODE_INVALID_ARGUMENT, "%s is of height %" PRIu64 "; the other goes to %" PRIu64,
                           s->name, s->newest, i == 0 ? d->b.newest : d->a.newest);
        s->at.height = height;
    }
    return CODE_OK;
}

static int diff_run(struct diff *d, const char *told, struct err *err) {
    int rc = choose_height(d, told, err);
    if (rc != CODE_OK)
        return rc;
    rc = compare_states(&d->a.side, &d->b.side, print_key, d, err);
    bool more = rc == CODE_DONE_ALREADY;
    if (rc != CODE_OK && !more)
        return rc;
    if (d->shown == 0)
        printf("equal after height %" PRIu64 "\n", d->a.at.height);
    return d->shown == 0 ? CODE_OK
                         : err_set(err, CODE_INTEGRITY, "%s%" PRIu64 " keys differ after height %" PRIu64,
                                   more ? "more than " : "", d->shown, d->a.at.height);
}

int cmd_diff_state(int argc, char **argv, struct err *err) {
    struct cmd_option o[] = {{.name = "height"}, {.name = "max"}};
    if (argc < 2 || argv[0][0] == '-' || argv[1][0] == '-')
        return err_set(err, CODE_INVALID_ARGUMENT, "want two states: homes, exports or URLs");
    struct diff *d = calloc(1, sizeof *d);
    if (d == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory");
    d->max = SHOWN;
    d->a.home.lock.fd = d->b.home.lock.fd = -1;
    int rc = cmd_options(argc - 2, argv + 2, o, sizeof o / sizeof *o, err);
    if (rc == CODE_OK && o[1].value != NULL && (!u64_parse(o[1].value, strlen(o[1].value), &d->max) || d->max == 0))
        rc = err_set(err, CODE_INVALID_ARGUMENT, "--max: want a number from 1 on");
    if (rc == CODE_OK)
        rc = side_open(&d->a, argv[0], err);
    if (rc == CODE_OK)
        rc = side_open(&d->b, argv[1], err);
    if (rc == CODE_OK)
        rc = diff_run(d, o[0].value, err);
    side_close(&d->a);
    side_close(&d->b);
    free(d);
    return rc;
}

/* --- digests -------------------------------------------------------------------------------------------------------
 */

static int digests_of(struct store_view *v, uint64_t height, const struct hash *root, struct err *err) {
    struct state *st = NULL;
    bool first = true;
    int rc = store_view_state_at(v, height, AT_MEMORY, &st, err);
    if (rc != CODE_OK)
        return rc;
    printf("{\"height\":\"%" PRIu64 "\",\"app_hash\":\"%s\",\"modules\":[", height, hash_hex(root).s);
    for (unsigned m = 0; m < 256 && rc == CODE_OK; m++) {
        uint8_t prefix = (uint8_t)m;
        struct store_sum sum;
        if (key_module_name(m) == NULL)
            continue;
        rc = store_sum(st, bytes_of(&prefix, 1), &sum, err);
        if (rc == CODE_OK)
            printf("%s\n{\"module\":\"%s\",\"records\":\"%" PRIu64 "\",\"bytes\":\"%" PRIu64 "\",\"digest\":\"%s\"}",
                   first ? "" : ",", key_module_name(m), sum.records, sum.bytes, hash_hex(&sum.digest).s);
        first = false;
    }
    state_free(st);
    if (rc == CODE_OK)
        printf("\n]}\n");
    return rc;
}

static int digest_home(const char *dir, const uint64_t *height, struct err *err) {
    struct stopped s;
    struct hash root;
    uint64_t at = 0;
    int rc = stopped_open(&s, dir, err);
    if (rc == CODE_OK)
        rc = store_view_open(s.store, &s.view, err);
    if (rc == CODE_OK) {
        at = height != NULL ? *height : store_view_height(s.view);
        rc = store_get_root(s.store, at, &root, err);
    }
    if (rc == CODE_OK)
        rc = digests_of(s.view, at, &root, err);
    stopped_close(&s);
    return rc;
}

static int digest_url(const char *url, const uint64_t *height, struct err *err) {
    const struct http_client_config cfg = {.allow_private = true, .user_agent = "cairnd"};
    struct http_client *http = NULL;
    struct arena arena;
    DigestBody *pb = NULL;
    char path[64] = "/v1/digest";
    if (height != NULL)
        snprintf(path, sizeof path, "/v1/digest?height=%" PRIu64, *height);
    arena_init(&arena, 4 * MIB);
    const char *text = NULL;
    int rc = http_client_new(&cfg, &http, err);
    if (rc == CODE_OK)
        rc = ask(http, url, path, &digest_body__descriptor, &arena, &pb, err);
    if (rc == CODE_OK)
        rc = json_print_pb(pb, true, &arena, &text, err);
    if (rc == CODE_OK)
        printf("%s", text);
    http_client_free(http);
    arena_release(&arena);
    return rc;
}

int cmd_digest(int argc, char **argv, struct err *err) {
    struct cmd_option o[] = {{.name = "home"}, {.name = "url"}, {.name = "height"}};
    uint64_t height = 0;
    int rc = cmd_options(argc, argv, o, sizeof o / sizeof *o, err);
    if (rc == CODE_OK && (o[0].value != NULL) == (o[1].value != NULL))
        rc = err_set(err, CODE_INVALID_ARGUMENT, "want --home DIR or --url URL");
    if (rc == CODE_OK && o[2].value != NULL && !u64_parse(o[2].value, strlen(o[2].value), &height))
        rc = err_set(err, CODE_INVALID_ARGUMENT, "--height: want a decimal number");
    const uint64_t *at = o[2].value != NULL ? &height : NULL;
    if (rc != CODE_OK)
        return rc;
    return o[0].value != NULL ? digest_home(o[0].value, at, err) : digest_url(o[1].value, at, err);
}
