/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/object.h"

#include "cairn/tx.h"
#include "chain/base/num.h"
#include "chain/base/rng.h"
#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/os/clock.h"
#include "chain/os/file.h"
#include "chain/types/layout.h"
#include "client/lib/bucket_create.h"
#include "client/lib/object_get.h"
#include "client/lib/object_put.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { CHUNK = 1 << 20, ARENA = 64 << 20, DEPOSIT_CAIRN = 500 };

void object_file(const char *path, uint64_t size) {
    struct rng rng;
    uint8_t *chunk = malloc(CHUNK);
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
    if (!chunk || fd < 0)
        bench_must(CODE_IO, NULL);
    rng_init(&rng, 1);
    for (uint64_t at = 0; at < size; at += CHUNK) {
        rng_fill(&rng, chunk, CHUNK);
        bench_must(file_pwrite(fd, chunk, size - at < CHUNK ? (size_t)(size - at) : CHUNK, at, NULL), NULL);
    }
    close(fd);
    free(chunk);
}

static struct sp_client *open_sps(struct bench_net *net) {
    struct sp_client *client = NULL;
    struct err err = {0};
    bench_must(sp_client_open(net->ledger, &net->owner, &client, &err), &err);
    return client;
}

/* What storage is paid from: the owner's own payment account. */
static void deposit(struct bench_net *net, struct arena *arena) {
    struct err err = {0};
    struct pubkey key = seckey_pubkey(&net->owner);
    struct addr owner = addr_of_key(&key);
    MsgDeposit body = MSG_DEPOSIT__INIT;
    Msg msg = MSG__INIT, *msgs[] = {&msg};
    TxStatus *status;
    struct ledger_send_options options = {.wait = LEDGER_WAIT_COMMITTED};
    body.creator = pb_data(addr_bytes(&owner));
    body.payment_address = body.creator;
    body.amount = DEPOSIT_CAIRN * PEBBLE_PER_CAIRN;
    msg.body_case = MSG__BODY_DEPOSIT;
    msg.deposit = &body;
    bench_must(ledger_send(net->ledger, &net->owner, msgs, 1, &options, arena, &status, &err), &err);
}

void object_bucket(struct bench_net *net, const char *bucket, const char *profile) {
    struct sp_client *client = open_sps(net);
    struct arena arena;
    struct err err = {0};
    Profile shape = PROFILE__INIT;
    TxStatus *status;
    uint32_t sp;
    arena_init(&arena, ARENA);
    bench_must(profile_parse(profile, 0, &shape, &err), &err);
    deposit(net, &arena);
    struct bucket_create create = {.name = bucket, .profile = &shape, .primary_sp = 1};
    bench_must(bucket_create_run(client, &create, &arena, &status, &sp, &err), &err);
    arena_release(&arena);
    sp_client_close(client);
}

double object_store(struct bench_net *net, const char *bucket, const char *object, const char *path) {
    struct sp_client *client = open_sps(net);
    struct object_put_result result;
    struct arena arena;
    struct err err = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
    if (size < 0)
        bench_must(CODE_IO, NULL);
    arena_init(&arena, ARENA);
    struct object_put put = {.bucket = bucket, .object = object, .fd = fd, .size = (uint64_t)size, .wait_sealed = true};
    uint64_t start = clock_mono_ns();
    bench_must(object_put_run(client, &put, &arena, &result, &err), &err);
    double seconds = (double)(clock_mono_ns() - start) / 1e9;
    arena_release(&arena);
    close(fd);
    sp_client_close(client);
    return seconds;
}

static int to_nowhere(void *ctx, struct bytes data, struct err *err) {
    uint64_t *sum = ctx;
    (void)err;
    *sum += data.len;
    return CODE_OK;
}

double object_read(struct bench_net *net, const char *bucket, const char *object) {
    struct sp_client *client = open_sps(net);
    struct placement place;
    struct piece_fetch *fetch = calloc(1, sizeof *fetch);
    struct arena arena;
    struct err err = {0};
    uint64_t sum = 0;
    if (!fetch)
        bench_must(CODE_NO_MEMORY, NULL);
    arena_init(&arena, ARENA);
    uint64_t start = clock_mono_ns();
    bench_must(placement_find(net->ledger, bucket, object, 0, &arena, &place, &err), &err);
    bench_must(piece_fetch_init(fetch, client, &place, &err), &err);
    struct object_get get = {.length = UINT64_MAX, .sink = to_nowhere, .ctx = &sum};
    bench_must(object_get_run(fetch, &get, &err), &err);
    double seconds = (double)(clock_mono_ns() - start) / 1e9;
    if (sum != place.object->payload_size)
        bench_must(CODE_INTEGRITY, NULL);
    piece_fetch_release(fetch);
    free(fetch);
    arena_release(&arena);
    sp_client_close(client);
    return seconds;
}
