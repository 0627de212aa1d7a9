/* SPDX-License-Identifier: Apache-2.0 */
/* cairn object get, cat: verified bytes into a file that appears whole, or to standard output. */
#include "chain/base/num.h"
#include "chain/types/deal_state.h"
#include "client/cli/commands.h"
#include "client/cli/progress.h"
#include "client/lib/object_get.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file under a name of its own until it is whole. */
struct output {
    int fd;
    bool is_stdout;
    char path[CLI_PATH_MAX + 16];
    char part[CLI_PATH_MAX + 32]; /* "" when there is none */
    struct progress progress;
};

/* What Ctrl-C must not leave behind. */
static char part_to_unlink[CLI_PATH_MAX + 32];

static void on_signal(int signal) {
    unlink(part_to_unlink);
    _exit(128 + signal);
}

static void guard_part(const char *part) {
    struct sigaction sa = {.sa_handler = *part ? on_signal : SIG_DFL};
    snprintf(part_to_unlink, sizeof part_to_unlink, "%s", part);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGHUP, &sa, NULL);
}

/* FILE, or in a directory FILE, or here under the last part of the object's name. */
static int output_path(const char *given, const char *key, char *ret, size_t size, struct err *err) {
    const char *slash = strrchr(key, '/');
    const char *name = slash ? slash + 1 : key;
    struct stat st;
    int n = !given                                     ? snprintf(ret, size, "%s", name)
            : !stat(given, &st) && S_ISDIR(st.st_mode) ? snprintf(ret, size, "%s/%s", given, name)
                                                       : snprintf(ret, size, "%s", given);
    if (n < 0 || (size_t)n >= size)
        return err_set(err, CODE_INVALID_ARGUMENT, "the file's name is too long");
    if (!*name && (!given || ret[n - 1] == '/'))
        return err_set(err, CODE_INVALID_ARGUMENT, "\"%s\" ends with a slash: say the file to write", key);
    return CODE_OK;
}

static int output_open(struct output *out, const char *given, const char *key, struct err *err) {
    out->fd = STDOUT_FILENO;
    out->is_stdout = given && !strcmp(given, "-");
    out->part[0] = '\0';
    if (out->is_stdout)
        return CODE_OK;
    int rc = output_path(given, key, out->path, CLI_PATH_MAX, err);
    if (rc)
        return rc;
    snprintf(out->part, sizeof out->part, "%s.part-XXXXXX", out->path);
    out->fd = mkostemp(out->part, O_CLOEXEC);
    if (out->fd < 0) {
        rc = err_errno(err, errno, "cannot make %s", out->part);
        out->part[0] = '\0';
        return rc;
    }
    guard_part(out->part);
    mode_t mask = umask(0);
    umask(mask);
    fchmod(out->fd, 0666 & ~mask);
    return CODE_OK;
}

/* Gives the file its name when rc is CODE_OK, else removes it; returns the first error. */
static int output_close(struct output *out, int rc, struct err *err) {
    if (out->is_stdout)
        return rc;
    if (close(out->fd) && !rc)
        rc = err_errno(err, errno, "cannot write %s", out->path);
    if (!rc && rename(out->part, out->path))
        rc = err_errno(err, errno, "cannot name the file %s", out->path);
    if (rc)
        unlink(out->part);
    guard_part("");
    return rc;
}

static int write_out(void *ctx, struct bytes data, struct err *err) {
    struct output *out = ctx;
    while (data.len) {
        ssize_t n = write(out->fd, data.data, data.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, errno, "cannot write %s", out->is_stdout ? "to standard output" : out->path);
        data = bytes_of(data.data + n, data.len - (size_t)n);
    }
    return CODE_OK;
}

static void show(void *ctx, uint64_t done, uint64_t total) {
    struct output *out = ctx;
    progress_step(&out->progress, "get", true, done, total);
}

/* "a-b" with both ends, "a-" to the end, "-n" the last n bytes: as HTTP has it. */
static int parse_range(const char *text, uint64_t size, struct object_get *get, struct err *err) {
    const char *dash = text ? strchr(text, '-') : NULL;
    uint64_t from = 0, to = 0;
    get->offset = 0;
    get->length = UINT64_MAX;
    if (!text)
        return CODE_OK;
    bool has_from = dash && dash != text, has_to = dash && dash[1];
    if (!dash || (!has_from && !has_to) || (has_from && !u64_parse(text, (size_t)(dash - text), &from)) ||
        (has_to && !u64_parse(dash + 1, strlen(dash + 1), &to)) || (has_from && has_to && to < from))
        return err_set(err, CODE_INVALID_ARGUMENT, "--range is FIRST-LAST, FIRST- or -COUNT in bytes, not \"%s\"",
                       text);
    if (!has_from) {
        get->offset = to < size ? size - to : 0;
        return CODE_OK;
    }
    if (from >= size)
        return err_set(err, CODE_RANGE, "the object has %llu bytes: there is nothing at byte %llu",
                       (unsigned long long)size, (unsigned long long)from);
    get->offset = from;
    if (has_to)
        get->length = to - from < UINT64_MAX - 1 ? to - from + 1 : UINT64_MAX;
    return CODE_OK;
}

static json_t *skipped_json(const struct piece_fetch *fetch, const struct placement *p) {
    json_t *list = json_array();
    for (uint32_t i = 0; fetch && i < p->positions; i++)
        if (fetch->faults[i].failed)
            json_array_append_new(list, json_pack("{s:i, s:i, s:s, s:s}", "position", (int)i, "sp_id",
                                                  (int)p->sps[i]->id, "error", code_name(fetch->faults[i].code),
                                                  "reason", fetch->faults[i].reason));
    return list;
}

static void tell_skipped(const struct cli *cli, const struct piece_fetch *fetch, const struct placement *p) {
    for (uint32_t i = 0; i < p->positions; i++)
        if (fetch->faults[i].failed)
            cli_note(cli, "skipped position %u: %s", i, fetch->faults[i].reason);
}

static int check_sealed(const struct placement *p, struct err *err) {
    if (deal_is_stored(p->object))
        return CODE_OK;
    return err_set(err, CODE_OBJECT_STATUS,
                   "%s is not sealed yet: `cairn object progress cairn://%s/%s` tells how far it is",
                   p->object->object_name, p->bucket->bucket_name, p->object->object_name);
}

/* Reads what get names into out. *ret_skipped: who was passed over, owned by the caller. */
static int read_object(struct cli *cli, struct sp_client *sps, const struct placement *p, struct object_get *get,
                       struct output *out, json_t **ret_skipped, struct err *err) {
    struct piece_fetch fetch;
    *ret_skipped = json_array();
    if (!p->object->payload_size)
        return CODE_OK;
    int rc = piece_fetch_init(&fetch, sps, p, err);
    if (rc)
        return rc;
    if (cli_has(cli, "--direct"))
        fetch.skip = 1; /* position 0 */
    progress_init(&out->progress, cli);
    get->sink = write_out;
    get->progress = show;
    get->ctx = out;
    rc = object_get_run(&fetch, get, err);
    progress_end(&out->progress, !rc);
    if (!rc)
        tell_skipped(cli, &fetch, p);
    json_decref(*ret_skipped);
    *ret_skipped = skipped_json(&fetch, p);
    piece_fetch_release(&fetch);
    return rc;
}

static int get_to(struct cli *cli, const char *file, struct err *err) {
    struct object_uri uri;
    struct placement p;
    struct sp_client *sps;
    struct object_get get = {.length = UINT64_MAX};
    struct output *out = arena_alloc(&cli->arena, sizeof *out);
    json_t *skipped = NULL;
    if (!out)
        return err_set(err, CODE_NO_MEMORY, "no memory for the output");
    int rc = cli_object_uri(cli->words[0], &uri, err);
    if (!rc)
        rc = cli_sps(cli, false, &sps, err);
    if (!rc)
        rc = placement_find(sp_client_ledger(sps), uri.bucket, uri.key, 0, &cli->arena, &p, err);
    if (!rc)
        rc = check_sealed(&p, err);
    if (!rc)
        rc = parse_range(cli_value(cli, "--range"), p.object->payload_size, &get, err);
    if (!rc)
        rc = output_open(out, file, uri.key, err);
    if (rc)
        return rc;
    rc = read_object(cli, sps, &p, &get, out, &skipped, err);
    rc = output_close(out, rc, err);
    if (!rc && cli->json && !out->is_stdout) {
        uint64_t left = p.object->payload_size - get.offset;
        rc = cli_print(cli,
                       json_pack("{s:s, s:s, s:s, s:s, s:s, s:O}", "object_id", cli_u64(cli, p.object->id), "version",
                                 cli_u64(cli, p.object->version), "offset", cli_u64(cli, get.offset), "bytes",
                                 cli_u64(cli, get.length < left ? get.length : left), "file", out->path, "skipped",
                                 skipped),
                       err);
    } else if (!rc && !out->is_stdout) {
        cli_note(cli, "wrote %s", out->path);
    }
    json_decref(skipped);
    return rc;
}

int cmd_object_get(struct cli *cli, struct err *err) {
    return get_to(cli, cli->word_count > 1 ? cli->words[1] : NULL, err);
}

int cmd_object_cat(struct cli *cli, struct err *err) {
    return get_to(cli, "-", err);
}
