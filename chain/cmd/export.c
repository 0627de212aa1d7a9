/* SPDX-License-Identifier: Apache-2.0 */
/* cairnd export, import: a whole state as text and back. Both stream: memory does not grow with the state. */
#include "chain/cmd/cmd.h"

#include "chain/base/limits.h"
#include "chain/base/num.h"
#include "chain/crypto/hash.h"
#include "chain/store/store_snapshot.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define LINE_MAX_LEN (64 * MIB) /* the last one has the block in hex */

static int write_out(void *ctx, struct bytes text, struct err *err) {
    (void)ctx;
    return fwrite(text.data, 1, text.len, stdout) == text.len ? CODE_OK : err_set(err, CODE_IO, "cannot write");
}

int cmd_export(int argc, char **argv, struct err *err) {
    struct cmd_option o[] = {{.name = "home", .needed = true}, {.name = "state-only", .flag = true}};
    struct stopped s = {.lock = {-1}};
    int rc = cmd_options(argc, argv, o, sizeof o / sizeof *o, err);
    if (rc == CODE_OK)
        rc = stopped_open(&s, o[0].value, err);
    if (rc == CODE_OK)
        rc = store_view_open(s.store, &s.view, err);
    if (rc == CODE_OK)
        rc = store_export_json(s.view, o[1].value == NULL, write_out, NULL, err);
    if (rc == CODE_OK && fflush(stdout) != 0)
        rc = err_set(err, CODE_IO, "cannot write");
    stopped_close(&s);
    return rc;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

struct reader {
    FILE *file;
    struct buf line;
    uint64_t lines;
    struct store_load *load;
    struct hasher digest;
    uint64_t count;
    uint8_t *value; /* room for VALUE_LEN_MAX */
    uint64_t height, time;
    struct hash root;
    bool for_node; /* it must have the block to start from */
};

static int bad_line(const struct reader *r, const char *what, struct err *err) {
    return err_set(err, CODE_MALFORMED, "line %" PRIu64 " of the export: %s", r->lines, what);
}

/* The next line without its end. */
static int read_line(struct reader *r, struct err *err) {
    int c;
    buf_clear(&r->line);
    r->lines++;
    flockfile(r->file);
    while ((c = getc_unlocked(r->file)) != EOF && c != '\n')
        buf_put_u8(&r->line, (uint8_t)c);
    funlockfile(r->file);
    if (ferror(r->file))
        return err_set(err, CODE_IO, "cannot read the export");
    if (c == EOF && r->line.len == 0)
        return bad_line(r, "it ends before its last line", err);
    return buf_check(&r->line, err) ? bad_line(r, "too long", err) : CODE_OK;
}

/* The line between `before` and `after` as a JSON object; the caller's. */
static json_t *line_json(struct reader *r, const char *before, const char *after) {
    struct buf text;
    buf_init(&text, LINE_MAX_LEN + 64);
    buf_put_str(&text, before);
    buf_put_bytes(&text, buf_bytes(&r->line));
    buf_put_str(&text, after);
    json_t *json =
        buf_failed(&text) ? NULL : json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
    buf_release(&text);
    return json;
}

static bool number_of(const json_t *json, const char *name, uint64_t *ret) {
    const char *text = json_string_value(json_object_get(json, name));
    return text != NULL && u64_parse(text, strlen(text), ret);
}

static bool hash_from_text(const json_t *json, const char *name, struct hash *ret) {
    const char *text = json_string_value(json_object_get(json, name));
    return text != NULL && hex_decode(text, strlen(text), ret->b, sizeof ret->b);
}

static int read_head(struct reader *r, struct err *err) {
    int rc = read_line(r, err);
    if (rc != CODE_OK)
        return rc;
    json_t *json = line_json(r, "", "]}");
    const char *format = json_string_value(json_object_get(json, "format"));
    bool known = format != NULL && strcmp(format, "cairn-export-1") == 0;
    bool good = number_of(json, "height", &r->height) && number_of(json, "time", &r->time) &&
                hash_from_text(json, "root", &r->root);
    json_decref(json);
    if (!known)
        return err_set(err, CODE_VERSION, "this is no export of cairnd export, or one of another version");
    return good ? CODE_OK : bad_line(r, "want height, time and root", err);
}

/* Cuts `prefix` and the hex digits behind it, up to a quote, off *at. False when that is not there or too long. */
static bool take_hex(struct bytes *at, const char *prefix, uint8_t *ret, size_t max, size_t *ret_len) {
    size_t n = strlen(prefix);
    if (at->len < n || memcmp(at->data, prefix, n) != 0)
        return false;
    const uint8_t *digits = at->data + n, *end = memchr(digits, '"', at->len - n);
    if (end == NULL || (size_t)(end - digits) > 2 * max)
        return false;
    *ret_len = (size_t)(end - digits) / 2;
    at->len -= n + (size_t)(end - digits);
    at->data = end;
    return hex_decode((const char *)digits, (size_t)(end - digits), ret, *ret_len);
}

static int read_pair(struct reader *r, struct err *err) {
    uint8_t key[KEY_LEN_MAX];
    size_t key_len, value_len;
    struct bytes at = buf_bytes(&r->line);
    if (!take_hex(&at, "{\"key\":\"", key, sizeof key, &key_len) ||
        !take_hex(&at, "\",\"value\":\"", r->value, VALUE_LEN_MAX, &value_len) ||
        !(bytes_eq(at, bytes_str("\"}")) || bytes_eq(at, bytes_str("\"},"))))
        return bad_line(r, "want {\"key\":\"hex\",\"value\":\"hex\"}, alone on its line", err);
    hasher_add_u32(&r->digest, (uint32_t)key_len);
    hasher_add(&r->digest, key, key_len);
    hasher_add_u32(&r->digest, (uint32_t)value_len);
    hasher_add(&r->digest, r->value, value_len);
    r->count++;
    int rc = store_load_pair(r->load, bytes_of(key, key_len), bytes_of(r->value, value_len), err);
    return rc == CODE_OK ? rc : err_wrap(err, rc, "line %" PRIu64 " of the export", r->lines);
}

/* The records of the last line, on arena. */
static int read_records(const json_t *records, struct arena *arena, struct store_import_end *ret, struct err *err) {
    static const char *const kinds[] = {"b", "r", "v", "o"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const char *text = json_string_value(json_object_get(records, kinds[i]));
        size_t n = text != NULL ? strlen(text) / 2 : 0;
        uint8_t *data = text != NULL ? arena_alloc(arena, n) : NULL;
        if (text == NULL)
            continue;
        if (data == NULL || !hex_decode(text, strlen(text), data, n))
            return err_set(err, CODE_MALFORMED, "the last line of the export: record %s is not in hexadecimal digits",
                           kinds[i]);
        ret->records[ret->records_n].kind = (enum store_record)kinds[i][0];
        ret->records[ret->records_n++].bytes = bytes_of(data, n);
    }
    return CODE_OK;
}

/* The last line is in r->line. */
static int read_end(struct reader *r, struct err *err) {
    struct store_import_end end = {.time = r->time};
    struct arena arena;
    struct hash digest, want = hasher_done(&r->digest);
    uint64_t count = 0;
    arena_init(&arena, LINE_MAX_LEN);
    json_t *json = line_json(r, "{\"entries\":[", "");
    bool good = number_of(json, "count", &count) && hash_from_text(json, "digest", &digest);
    int rc = good ? CODE_OK : bad_line(r, "want ],\"count\":…,\"digest\":…}", err);
    if (rc == CODE_OK && count != r->count)
        rc = err_set(err, CODE_INTEGRITY, "the export says that it has %" PRIu64 " records, and has %" PRIu64, count,
                     r->count);
    if (rc == CODE_OK && !hash_eq(&digest, &want))
        rc = err_set(err, CODE_INTEGRITY, "some records of the export were changed: make it again");
    if (rc == CODE_OK)
        rc = read_records(json_object_get(json, "records"), &arena, &end, err);
    if (rc == CODE_OK && r->for_node && end.records_n == 0)
        rc = err_set(err, CODE_NOT_FOUND,
                     "the export was made with --state-only: it has no block that a node can start from; make one "
                     "without it");
    if (rc == CODE_OK)
        rc = store_load_finish(r->load, r->height, &r->root, &end, err);
    json_decref(json);
    arena_release(&arena);
    return rc;
}

static int read_all(struct reader *r, struct err *err) {
    int rc = read_head(r, err);
    while (rc == CODE_OK && (rc = read_line(r, err)) == CODE_OK && r->line.len > 0 && r->line.data[0] == '{')
        rc = read_pair(r, err);
    return rc == CODE_OK ? read_end(r, err) : rc;
}

int export_read(const char *path, struct store *s, bool for_node, uint64_t *ret_height, struct err *err) {
    bool piped = strcmp(path, "-") == 0;
    struct reader r = {.file = piped ? stdin : fopen(path, "r"), .value = malloc(VALUE_LEN_MAX), .for_node = for_node};
    if (r.file == NULL || r.value == NULL) {
        free(r.value);
        return err_set(err, r.file ? CODE_NO_MEMORY : CODE_NOT_FOUND, "cannot read %s", path);
    }
    buf_init(&r.line, LINE_MAX_LEN);
    hasher_init(&r.digest, DOMAIN_DIGEST);
    int rc = store_load_begin(s, &r.load, err);
    if (rc == CODE_OK)
        rc = read_all(&r, err);
    store_load_close(r.load);
    buf_release(&r.line);
    free(r.value);
    if (!piped)
        fclose(r.file);
    if (rc == CODE_OK)
        *ret_height = r.height;
    return rc;
}

int cmd_import(int argc, char **argv, struct err *err) {
    struct cmd_option o[] = {{.name = "home", .needed = true}, {.name = "from", .needed = true}};
    struct stopped s = {.lock = {-1}};
    uint64_t height;
    int rc = cmd_options(argc, argv, o, sizeof o / sizeof *o, err);
    if (rc == CODE_OK)
        rc = stopped_open(&s, o[0].value, err);
    if (rc == CODE_OK)
        rc = export_read(o[1].value, s.store, true, &height, err);
    if (rc == CODE_OK) {
        struct hash root = store_root(s.store);
        printf("{\"height\":\"%" PRIu64 "\",\"app_hash\":\"%s\"}\n", height, hash_hex(&root).s);
    }
    stopped_close(&s);
    return rc;
}
