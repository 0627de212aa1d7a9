/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/store/hash_all.h"

#include "chain/crypto/hash_many.h"

#include <stdlib.h>

struct job {
    struct bytes in;
    struct hash *out;
};

static int by_length(const void *a, const void *b) {
    size_t x = ((const struct job *)a)->in.len, y = ((const struct job *)b)->in.len;
    return x < y ? -1 : x > y;
}

enum { GROUP = 256 };

/* jobs[n], all of one length. */
static void run(enum domain domain, const struct job *jobs, size_t n) {
    const uint8_t *in[GROUP] = {NULL};
    struct hash out[GROUP];
    for (size_t i = 0; i < n; i++)
        in[i] = jobs[i].in.data;
    hash_many(domain, in, jobs[0].in.len, n, out);
    for (size_t i = 0; i < n; i++)
        *jobs[i].out = out[i];
}

/* Inputs that are all of one length, as keys and small records often are: nothing to put in order. */
static bool run_alike(enum domain domain, const struct bytes *inputs, size_t n, struct hash *ret) {
    const uint8_t *in[GROUP];
    if (n > GROUP || n == 0 || inputs[0].len == 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (inputs[i].len != inputs[0].len)
            return false;
        in[i] = inputs[i].data;
    }
    hash_many(domain, in, inputs[0].len, n, ret);
    return true;
}

void hash_all(enum domain domain, const struct bytes *inputs, size_t n, struct arena *arena, struct hash *ret) {
    if (run_alike(domain, inputs, n, ret))
        return;
    struct arena_mark mark = arena_mark(arena);
    struct job *jobs = (struct job *)arena_array(arena, n, sizeof *jobs);
    for (size_t i = 0; i < n; i++) {
        if (jobs)
            jobs[i] = (struct job){inputs[i], &ret[i]};
        else
            ret[i] = hash_of(domain, inputs[i]);
    }
    if (jobs)
        qsort(jobs, n, sizeof *jobs, by_length); /* order among equals does not show */
    for (size_t i = 0, j; jobs && i < n; i = j) {
        for (j = i + 1; j < n && j - i < GROUP && jobs[j].in.len == jobs[i].in.len; j++)
            continue;
        if (jobs[i].in.len)
            run(domain, jobs + i, j - i);
        else
            for (size_t k = i; k < j; k++)
                *jobs[k].out = hash_of(domain, BYTES_NONE);
    }
    arena_rewind(arena, mark);
}
