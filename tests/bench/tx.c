/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed transactions a second: four validators on this machine, every block synced, the load signed beforehand. Beside
 * it two limits, both for four validators that share the cores and each do all of it once:
 *
 *     what verifying alone allows                                    verify rate of one core x cores / 4
 *     what verify, decode, execute, root and write allow             the same blocks once more in one process, by its
 * CPU time, x cores / 4
 *
 * What a validator takes beyond the second is network, consensus, mempool, admission, RPC. The share of CPU says the
 * same as the second ratio, and says it on a busy machine, too.
 */
#include "chain/crypto/hash.h"
#include "tests/bench/alone.h"
#include "tests/bench/bench.h"
#include "tests/bench/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SENDERS = 400, EACH = 40, RUNS = 5, VERIFIES = 4000, VALIDATORS = 4 };

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

/* A part of what a transaction costs when it is done alone. */
static void part(const char *name, double seconds, uint64_t txs) {
    double each = seconds / (double)txs;
    (void)bench_given(name, "tx", 1 / each, each * 1e6);
}

int main(void) {
    struct bench_net net;
    struct alone alone;
    double rates[RUNS], cpu = 0;
    double share = (double)sysconf(_SC_NPROCESSORS_ONLN) / VALIDATORS;
    bench_net_up(&net, VALIDATORS, 0);
    struct bench_figure one = bench_run("verify, one core", "tx", verify, &net.owner);
    for (int i = 0; i < RUNS; i++) {
        struct load load;
        load_sign(&load, &net, SENDERS, EACH);
        double before = bench_net_cpu_s(&net);
        rates[i] = SENDERS * EACH / load_run(&load, &net);
        cpu += bench_net_cpu_s(&net) - before;
        load_release(&load);
    }
    qsort(rates, RUNS, sizeof *rates, slower_first);
    double each = cpu / (RUNS * SENDERS * EACH) / VALIDATORS;
    bench_net_stop(&net);
    alone_run(net.dir, &alone);
    part("alone: decode", alone.decode, alone.txs);
    part("alone: verify", alone.verify, alone.txs);
    part("alone: execute", alone.execute, alone.txs);
    part("alone: root", alone.root, alone.txs);
    part("alone: write", alone.write, alone.txs);
    (void)printf("%.0f transactions a block\n", (double)alone.txs / (double)alone.blocks);
    struct bench_figure committed = bench_given("tx committed, 4 validators", "tx", rates[RUNS / 2], each * 1e6);
    struct bench_figure verifying = bench_given("verify x cores / 4", "tx", one.per_s * share, one.cpu_us_each / share);
    struct bench_figure all = bench_given("verify, decode, execute, root, write x cores / 4", "tx",
                                          share / alone_each(&alone), alone_each(&alone) * 1e6 / share);
    bench_beside(committed, verifying, 0.35);
    bench_beside(committed, all, 0.7);
    bench_beside(bench_given("tx of a validator, by its CPU time", "tx", 1 / each, each * 1e6),
                 bench_given("tx alone, by CPU time", "tx", 1 / alone_each(&alone), alone_each(&alone) * 1e6), 0);
    bench_net_down(&net);
    return bench_end("tx");
}
