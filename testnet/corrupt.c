/* SPDX-License-Identifier: Apache-2.0 */
/* Damages what a provider holds, the way a failing disk would: bytes change under it, nobody tells it. */
#include "testnet/commands.h"
#include "testnet/create.h"
#include "testnet/process.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OUTPUT_MAX = 1 << 20, PIECE_HEADER_MAX = 4096 };

struct target {
    char object_id[24], version[24], position[12], segment[24];
};

/* Asks `cairn object where` which position of the object the provider holds. */
static int find_target(const struct options *o, struct network *net, unsigned sp_id, struct target *ret,
                       struct err *err) {
    char client[NETWORK_PATH_MAX], cairn[NETWORK_PATH_MAX], url[40];
    struct buf out;
    json_t *root = NULL, *entry;
    size_t i;
    buf_init(&out, OUTPUT_MAX);
    int rc = create_client_home(net, client, sizeof client, err);
    if (!rc)
        rc = process_sibling("cairn", cairn, sizeof cairn, err);
    if (rc)
        goto out;
    snprintf(url, sizeof url, "http://127.0.0.1:%u", network_ledger(net)->http_port);
    const char *argv[] = {cairn,    "--home", client,   "--node", url,     "--keyring", "test",
                          "--from", "owner",  "--json", "object", "where", o->words[1], NULL};
    rc = process_run(argv, &out, NULL, err);
    if (rc)
        goto out;
    root = json_loadb((const char *)out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
    const char *id = json_string_value(json_object_get(root, "object_id"));
    const char *version = json_string_value(json_object_get(root, "version"));
    rc = err_set(err, CODE_NOT_FOUND, "%s holds no piece of %s; `cairn object where` tells who does", o->words[0],
                 o->words[1]);
    json_array_foreach(json_object_get(root, "positions"), i, entry) {
        if (!id || !version || (unsigned)json_integer_value(json_object_get(entry, "sp_id")) != sp_id)
            continue;
        snprintf(ret->object_id, sizeof ret->object_id, "%s", id);
        snprintf(ret->version, sizeof ret->version, "%s", version);
        snprintf(ret->position, sizeof ret->position, "%d",
                 (int)json_integer_value(json_object_get(entry, "position")));
        snprintf(ret->segment, sizeof ret->segment, "%llu", (unsigned long long)o->segment);
        rc = CODE_OK;
    }
    if (!rc)
        err_clear(err);
out:
    json_decref(root);
    buf_release(&out);
    return rc;
}

static int run_sp(struct node *node, const char *const words[], struct buf *ret_output, struct err *err) {
    char program[NETWORK_PATH_MAX];
    const char *argv[12] = {program, words[0], "--home", node->home};
    size_t n = 4;
    int rc = process_sibling("cairn-sp", program, sizeof program, err);
    for (size_t i = 1; words[i] && n < 11; i++)
        argv[n++] = words[i];
    return rc ? rc : process_run(argv, ret_output, NULL, err);
}

/* Turns over the bits of some bytes in every 4 KiB of the file's data, so that whichever leaf is drawn is wrong. */
static int damage_file(const char *path, struct err *err) {
    struct stat st;
    int rc = CODE_OK;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, errno, "cannot open %s", path);
    if (fstat(fd, &st))
        rc = err_errno(err, errno, "cannot look at %s", path);
    for (off_t at = PIECE_HEADER_MAX; !rc && at < st.st_size; at += 4096) {
        uint8_t byte;
        rc = file_pread(fd, &byte, 1, (uint64_t)at, err);
        byte = (uint8_t)~byte;
        if (!rc)
            rc = file_pwrite(fd, &byte, 1, (uint64_t)at, err);
    }
    if (!rc)
        rc = file_sync(fd, err);
    close(fd);
    return rc;
}

static struct node *find_sp(struct network *net, const char *name, unsigned *ret_id, struct err *err) {
    unsigned id = 0;
    for (size_t i = 0; i < net->node_count; i++) {
        id += net->nodes[i].kind == NODE_SP;
        if (net->nodes[i].kind == NODE_SP && !strcmp(net->nodes[i].name, name)) {
            *ret_id = id;
            return &net->nodes[i];
        }
    }
    err_set(err, CODE_NOT_FOUND, "there is no provider %s in %s; see `cairn-testnet status`", name, net->dir);
    return NULL;
}

static int corrupt_work(const struct options *o, struct network *net, struct err *err) {
    unsigned sp_id = 0;
    struct target t;
    struct buf out;
    buf_init(&out, OUTPUT_MAX);
    struct node *node = find_sp(net, o->words[0], &sp_id, err);
    int rc = node ? find_target(o, net, sp_id, &t, err) : CODE_NOT_FOUND;
    if (!rc && o->hold) {
        const char *words[] = {"hold", t.object_id, NULL};
        rc = run_sp(node, words, NULL, err);
    }
    if (!rc) {
        const char *words[] = {"piece-path", t.object_id, t.version, t.position, t.segment, NULL};
        rc = run_sp(node, words, &out, err);
    }
    while (!rc && out.len && (out.data[out.len - 1] == '\n' || out.data[out.len - 1] == '\r'))
        out.len--;
    const char *path = rc ? NULL : buf_cstr(&out);
    if (!rc && !path)
        rc = err_set(err, CODE_NO_MEMORY, "no memory");
    if (!rc)
        rc = damage_file(path, err);
    if (!rc)
        printf("damaged position %s, segment %s of object %s at %s%s\n", t.position, t.segment, t.object_id,
               o->words[0], o->hold ? "; held until `cairn-testnet mend`" : "");
    buf_release(&out);
    return rc;
}

static int mend_work(const struct options *o, struct network *net, struct err *err) {
    unsigned sp_id = 0;
    struct node *node = find_sp(net, o->words[0], &sp_id, err);
    const char *words[] = {"release", NULL};
    int rc = node ? run_sp(node, words, NULL, err) : CODE_NOT_FOUND;
    if (!rc)
        printf("%s scrubs, repairs and answers again\n", o->words[0]);
    return rc;
}

static int with_lock(const struct options *o, int (*work)(const struct options *, struct network *, struct err *),
                     struct err *err) {
    struct file_lock lock;
    struct network *net = calloc(1, sizeof *net);
    if (!net)
        return err_set(err, CODE_NO_MEMORY, "no memory");
    int rc = command_open(o, &lock, net, err);
    if (!rc) {
        rc = work(o, net, err);
        lock_release(&lock);
    }
    free(net);
    return rc;
}

int command_corrupt(const struct options *o, struct err *err) {
    return with_lock(o, corrupt_work, err);
}

int command_mend(const struct options *o, struct err *err) {
    return with_lock(o, mend_work, err);
}
