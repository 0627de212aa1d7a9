/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed transactions a second: four validators on this machine, every block synced, the load signed beforehand. Beside
 * it: what verifying alone allows, when four validators on two cores each verify every transaction once (rate of one
 * core x 2 / 4).
 */
#include "chain/crypto/hash.h"
#include "tests/bench/bench.h"
#include "tests/bench/load.h"

#include <stdlib.h>

enum { SENDERS = 400, EACH = 40, RUNS = 5, VERIFIES = 4000 };

static double verify(void *ctx) {
    struct seckey *key = ctx;
    struct pubkey pubkey = seckey_pubkey(key);
    struct hash digest = hash_of(DOMAIN_TX, bytes_str("bench"));
    struct sig sig = seckey_sign(key, &digest);
    for (int i = 0; i < VERIFIES; i++)
        if (!key_verify(&pubkey, &digest, &sig))
            exit(1);
    return VERIFIES;
}

static int slower_first(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(void) {
    struct bench_net net;
    double rates[RUNS];
    bench_net_up(&net, 4, 0);
    for (int i = 0; i < RUNS; i++) {
        struct load load;
        load_sign(&load, &net, SENDERS, EACH);
        rates[i] = SENDERS * EACH / load_run(&load, &net);
        load_release(&load);
    }
    qsort(rates, RUNS, sizeof *rates, slower_first);
    struct bench_figure committed = bench_given("tx committed, 4 validators", "tx", rates[RUNS / 2], 0);
    struct bench_figure one = bench_run("verify, one core", "tx", verify, &net.owner);
    struct bench_figure limit = bench_given("verify x 2 / 4", "tx", one.per_s * 2 / 4, one.cpu_us_each * 4);
    bench_beside(committed, limit, 0.15);
    bench_net_down(&net);
    return bench_end("tx");
}
