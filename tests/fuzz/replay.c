/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ordinary test of a fuzzer: fuzz_NAME runs its target over every file of tests/fuzz/corpus/NAME, over each cut
 * short, and over some hundred small changes of each, drawn from a fixed seed. With arguments it runs those files only
 * (the way to look at a crash). A property that does not hold aborts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chain/base/limits.h"
#include "chain/base/rng.h"
#include "chain/os/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define CHANGES 200

struct replay {
    const char *dir;
    unsigned files;
};

static int load(const char *path, struct buf *ret_data, struct err *err) {
    buf_init(ret_data, 4 * MIB);
    int rc = file_read(path, ret_data, err);
    if (rc)
        fprintf(stderr, "%s\n", err_text(err));
    return rc;
}

/* Exactly sized copies, so that a sanitizer sees a read past the end. */
static void run(const uint8_t *data, size_t len) {
    uint8_t *copy = malloc(len ? len : 1);
    if (!copy)
        abort();
    if (len)
        memcpy(copy, data, len);
    LLVMFuzzerTestOneInput(copy, len);
    free(copy);
}

static void run_changes(struct buf *data, uint64_t seed) {
    struct rng rng;
    rng_init(&rng, seed);
    for (unsigned i = 0; i < CHANGES && data->len > 0; i++) {
        size_t at = rng_below(&rng, data->len);
        uint8_t before = data->data[at];
        data->data[at] = (uint8_t)rng_below(&rng, 256);
        run(data->data, i % 4 == 0 ? rng_below(&rng, data->len) : data->len);
        data->data[at] = before;
    }
}

static int replay_file(void *ctx, const char *name, struct err *err) {
    struct replay *r = ctx;
    char path[PATH_LEN_MAX];
    struct buf data;
    int rc = path_join(r->dir, name, path, sizeof path, err);
    if (!rc)
        rc = load(path, &data, err);
    if (rc)
        return rc;
    run(data.data, data.len);
    run_changes(&data, data.len);
    buf_release(&data);
    r->files++;
    return CODE_OK;
}

static int replay_corpus(const char *program) {
    const char *base = strrchr(program, '/');
    const char *name = base ? base + 1 : program;
    char dir[PATH_LEN_MAX];
    struct err err;
    snprintf(dir, sizeof dir, "tests/fuzz/corpus/%s", strncmp(name, "fuzz_", 5) == 0 ? name + 5 : name);
    struct replay r = {.dir = dir, .files = 0};
    int rc = dir_each(dir, replay_file, &r, &err);
    if (rc)
        fprintf(stderr, "%s\n", err_text(&err));
    printf("1..1\n%sok 1 - %s: %u files\n", rc || r.files == 0 ? "not " : "", name, r.files);
    return rc || r.files == 0;
}

int main(int argc, char **argv) {
    if (argc == 1)
        return replay_corpus(argv[0]);
    for (int i = 1; i < argc; i++) {
        struct buf data;
        struct err err;
        if (load(argv[i], &data, &err))
            return 1;
        run(data.data, data.len);
        buf_release(&data);
    }
    return 0;
}
