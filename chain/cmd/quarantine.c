/* SPDX-License-Identifier: Apache-2.0 */
/* cairnd quarantine: why a node only answers reads, and how it gets back to work. */
#include "chain/cmd/cmd.h"

#include "chain/codec/json.h"
#include "chain/node/quarantine.h"
#include "chain/os/file.h"

#include <stdio.h>
#include <unistd.h>

enum { MARK_ARENA = 64 << 10 };

static int show(const struct home *h, struct err *err) {
    struct arena arena;
    Quarantine *mark = NULL;
    const char *text;
    struct err why;
    arena_init(&arena, MARK_ARENA);
    int rc = quarantine_load(h->data, &arena, &mark, err);
    if (rc == CODE_OK && mark == NULL)
        rc = err_set(err, CODE_NOT_FOUND, "this node is not in quarantine");
    if (rc == CODE_OK)
        rc = json_print_pb(mark, true, &arena, &text, err);
    if (rc == CODE_OK) {
        quarantine_refuse(mark, &why);
        printf("%s", text);
        fprintf(stderr, "%s\n", err_text(&why));
    }
    arena_release(&arena);
    return rc;
}

/* All that the node will fetch again. The keys and the signer's memory stay: they are what only this node has. */
static int forget_ledger(const struct home *h, struct err *err) {
    static const char *const files[] = {"wal.0", "wal.1"};
    char path[PATH_LEN_MAX];
    int rc = path_join(h->data, "db", path, sizeof path, err);
    if (rc == CODE_OK)
        rc = dir_remove(path, err);
    for (size_t i = 0; rc == CODE_OK && i < sizeof files / sizeof *files; i++) {
        rc = path_join(h->data, files[i], path, sizeof path, err);
        if (rc == CODE_OK && path_exists(path) && unlink(path) != 0)
            rc = err_set(err, CODE_IO, "cannot remove %s", path);
    }
    return rc == CODE_OK ? dir_sync(h->data, err) : rc;
}

static int clear(const struct home *h, bool resync, struct err *err) {
    struct file_lock lock = {-1};
    char path[PATH_LEN_MAX];
    struct arena arena;
    Quarantine *mark = NULL;
    arena_init(&arena, MARK_ARENA);
    int rc = home_path(h->dir, "LOCK", path, sizeof path, err);
    if (rc == CODE_OK)
        rc = lock_file(&lock, path, err);
    if (rc == CODE_OK && quarantine_load(h->data, &arena, &mark, NULL) == CODE_OK && mark == NULL)
        rc = err_set(err, CODE_NOT_FOUND, "this node is not in quarantine");
    if (rc == CODE_OK && resync)
        rc = forget_ledger(h, err);
    if (rc == CODE_OK)
        rc = quarantine_clear(h->data, err); /* last: until then it starts in quarantine */
    if (rc == CODE_OK)
        printf("%s\n",
               resync ? "the mark and the ledger are gone; on its next start the node fetches the ledger from its peers"
                      : "the mark is gone; the ledger is as it was");
    lock_release(&lock);
    arena_release(&arena);
    return rc;
}

int cmd_quarantine(int argc, char **argv, struct err *err) {
    struct cmd_option o[] = {{.name = "home", .needed = true}, {.name = "resync", .flag = true}};
    bool clears = argc > 0 && strcmp(argv[0], "clear") == 0;
    if (!clears && (argc == 0 || strcmp(argv[0], "show") != 0))
        return err_set(err, CODE_INVALID_ARGUMENT, "say show or clear; see cairnd help");
    int rc = cmd_options(argc - 1, argv + 1, o, 2, err);
    if (rc != CODE_OK)
        return rc;
    if (!clears && o[1].value != NULL)
        return err_set(err, CODE_INVALID_ARGUMENT, "--resync goes with clear");
    struct home h;
    rc = home_open(&h, o[0].value, err);
    if (rc != CODE_OK)
        return rc;
    rc = clears ? clear(&h, o[1].value != NULL, err) : show(&h, err);
    home_release(&h);
    return rc;
}
