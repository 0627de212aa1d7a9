/* SPDX-License-Identifier: Apache-2.0 */
/* cairn object put: a file, or standard input spooled to one, so that it is hashed before it is sent. */
#include "chain/codec/bech32.h"
#include "chain/os/file.h"
#include "client/cli/commands.h"
#include "client/cli/progress.h"
#include "client/lib/object_direct.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SPOOL_CHUNK = 1 << 20, KEEP_MAX_MS = 3600000 };

/* Standard input into a file that has no name, below $TMPDIR or /var/tmp: it may be large. */
static int spool_input(int *ret_fd, uint64_t *ret_size, struct err *err) {
    const char *dir = getenv("TMPDIR");
    char path[CLI_PATH_MAX];
    int rc = path_join(dir && *dir ? dir : "/var/tmp", "cairn-put-XXXXXX", path, sizeof path, err);
    if (rc)
        return rc;
    int fd = mkostemp(path, O_CLOEXEC);
    uint8_t *chunk = malloc(SPOOL_CHUNK);
    uint64_t size = 0;
    ssize_t n = 0;
    if (fd < 0)
        rc = err_errno(err, errno, "cannot make %s", path);
    else
        unlink(path);
    if (!rc && !chunk)
        rc = err_set(err, CODE_NO_MEMORY, "no memory to read standard input");
    while (!rc && (n = read(STDIN_FILENO, chunk, SPOOL_CHUNK)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        rc = n < 0 ? err_errno(err, errno, "cannot read standard input") : file_pwrite(fd, chunk, (size_t)n, size, err);
        size += rc ? 0 : (uint64_t)n;
    }
    free(chunk);
    if (rc && fd >= 0)
        close(fd);
    if (!rc) {
        *ret_fd = fd;
        *ret_size = size;
    }
    return rc;
}

static int open_payload(const char *path, int *ret_fd, uint64_t *ret_size, struct err *err) {
    struct stat st;
    if (!strcmp(path, "-"))
        return spool_input(ret_fd, ret_size, err);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, errno, "cannot open %s", path);
    int rc = CODE_OK;
    if (fstat(fd, &st))
        rc = err_errno(err, errno, "cannot look at %s", path);
    else if (!S_ISREG(st.st_mode))
        rc =
            err_set(err, CODE_INVALID_ARGUMENT, "%s is not a regular file: use - to store what a program writes", path);
    if (rc) {
        close(fd);
        return rc;
    }
    *ret_fd = fd;
    *ret_size = (uint64_t)st.st_size;
    return CODE_OK;
}

static void show(void *ctx, enum object_put_stage stage, uint64_t done, uint64_t total) {
    struct progress *p = ctx;
    if (stage != PUT_DONE)
        progress_step(p, object_put_stage_name(stage), stage == PUT_HASH || stage == PUT_UPLOAD, done, total);
}

/* "cairn://bucket/" and "cairn://bucket/dir/" take the file's own name. */
static int complete_key(struct object_uri *uri, const char *file, struct err *err) {
    size_t len = strlen(uri->key);
    if (len && uri->key[len - 1] != '/')
        return CODE_OK;
    if (!strcmp(file, "-"))
        return err_set(err, CODE_INVALID_ARGUMENT, "standard input has no name: write cairn://%s/KEY", uri->bucket);
    const char *slash = strrchr(file, '/');
    const char *name = slash ? slash + 1 : file;
    if (len + strlen(name) >= sizeof uri->key)
        return err_set(err, CODE_OBJECT_NAME, "the object's name is longer than allowed");
    memcpy(uri->key + len, name, strlen(name) + 1);
    return CODE_OK;
}

static int warn_private(struct cli *cli, const struct object_put *put, struct err *err) {
    struct ledger *ledger;
    BucketInfo *bucket;
    int rc = cli_ledger(cli, &ledger, err);
    if (!rc)
        rc = placement_bucket(ledger, put->bucket, 0, &cli->arena, &bucket, err);
    if (rc)
        return rc;
    Visibility seen = put->visibility && put->visibility != VISIBILITY_INHERIT ? put->visibility : bucket->visibility;
    if (seen != VISIBILITY_PUBLIC_READ && put->size)
        cli_note(cli,
                 "note: %s is private, but this version does not encrypt it: 4 KiB parts of it that are drawn for "
                 "challenges become public on the ledger",
                 put->object);
    return CODE_OK;
}

static int print_result(struct cli *cli, const struct object_put *put, const struct object_put_result *r,
                        struct err *err) {
    struct hash_hex root = hash_hex(&r->content_root);
    json_t *value = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:b, s:b}", "bucket_name", put->bucket,
                              "object_name", put->object, "object_id", cli_u64(cli, r->object_id), "version",
                              cli_u64(cli, r->version), "size", cli_u64(cli, put->size), "content_root", root.s,
                              "primary_sp", (int)r->primary_sp, "sealed", r->sealed, "resumed", r->resumed);
    if (value && r->positions) {
        json_object_set_new(value, "positions", json_integer(r->positions));
        json_object_set_new(value, "sealed_positions", json_integer(r->sealed_positions));
    }
    return cli_print(cli, value, err);
}

static int read_options(struct cli *cli, struct object_put *put, struct err *err) {
    Profile *profile;
    uint64_t timeout_s, copies;
    int rc = cli_profile(cli, NULL, &profile, err);
    put->profile = profile;
    if (!rc)
        rc = cli_sponsors(cli, &put->creator, &put->fee_payer, err);
    if (!rc)
        rc = cli_visibility(cli, &put->visibility, err);
    if (!rc)
        rc = cli_number(cli, "--max-price", 0, UINT64_MAX, &put->max_price, err);
    if (!rc)
        rc = cli_duration(cli, "--term", 0, &put->term_ms, err);
    if (!rc)
        rc = cli_duration(cli, "--keep", 0, &put->keep_ms, err);
    if (!rc && put->keep_ms && !cli_has(cli, "--direct"))
        rc = err_set(err, CODE_INVALID_ARGUMENT, "--keep says how long providers keep what --direct leaves with them");
    if (!rc && put->keep_ms > KEEP_MAX_MS)
        rc = err_set(err, CODE_INVALID_ARGUMENT, "--keep is at most 1h");
    if (!rc)
        rc = cli_number(cli, "--timeout", 600, 7 * 24 * 3600, &timeout_s, err);
    if (!rc)
        rc = cli_number(cli, "--min-copies", 0, CODE_N_MAX, &copies, err);
    if (rc)
        return rc;
    put->min_positions = (uint32_t)copies;
    put->timeout_ms = timeout_s * 1000;
    put->content_type = cli_value(cli, "--content-type");
    put->overwrite = cli_has(cli, "--overwrite");
    put->fee = cli->fee;
    put->wait_sealed = !cli->wait || !strcmp(cli->wait, "sealed");
    return CODE_OK;
}

int cmd_object_put(struct cli *cli, struct err *err) {
    struct object_uri uri;
    struct object_put put = {.progress = show};
    struct object_put_result result;
    struct sp_client *sps;
    struct progress progress;
    int rc = object_uri_parse(cli->words[1], &uri, err);
    if (!rc)
        rc = complete_key(&uri, cli->words[0], err);
    put.bucket = uri.bucket;
    put.object = uri.key;
    if (!rc)
        rc = read_options(cli, &put, err);
    if (!rc)
        rc = cli_sps(cli, true, &sps, err);
    if (!rc)
        rc = open_payload(cli->words[0], &put.fd, &put.size, err);
    if (rc)
        return rc;
    progress_init(&progress, cli);
    put.ctx = &progress;
    rc = warn_private(cli, &put, err);
    if (!rc) {
        bool direct = cli_has(cli, "--direct");
        rc = (direct ? object_direct_run : object_put_run)(sps, &put, &cli->arena, &result, err);
        progress_end(&progress, !rc);
        if (rc && !direct && result.object_id && !result.sealed && code_retryable(rc) && err) {
            char why[ERR_MSG_MAX - 64];
            snprintf(why, sizeof why, "%s", err_text(err));
            err_set(err, rc, "%s; the same command again goes on where this one stopped", why);
        }
    }
    close(put.fd);
    if (!rc && result.sealed && result.sealed_positions < result.positions)
        cli_note(cli, "%s is stored at %u of %u providers (a Part-Deal); its primary stores the rest when it can",
                 put.object, result.sealed_positions, result.positions);
    return rc ? rc : print_result(cli, &put, &result, err);
}
