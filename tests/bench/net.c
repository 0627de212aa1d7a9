/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/net.h"

#include "chain/os/file.h"
#include "client/lib/keystore.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

void bench_must(int rc, const struct err *err) {
    if (!rc)
        return;
    (void)fprintf(stderr, "%s: %s\n", code_name(rc), err_text(err));
    exit(1);
}

static int run(const char *const argv[]) {
    pid_t pid;
    int status = -1;
    if (posix_spawn(&pid, argv[0], NULL, NULL, (char *const *)(uintptr_t)argv, environ))
        return -1;
    while (waitpid(pid, &status, 0) < 0)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool port_free(unsigned port) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && !bind(fd, (struct sockaddr *)&at, sizeof at);
    close(fd);
    return ok;
}

static unsigned free_base(void) {
    for (unsigned base = 20000 + (unsigned)getpid() % 8000; base < 60000; base += 400) {
        bool all = true;
        for (unsigned i = 0; all && i < 400; i++)
            all = port_free(base + i);
        if (all)
            return base;
    }
    (void)fprintf(stderr, "no 400 free ports in a row\n");
    exit(1);
}

void bench_net_url(const struct bench_net *net, unsigned i, char ret[64]) {
    (void)snprintf(ret, 64, "http://127.0.0.1:%u", net->port_base + 10 * i + 1);
}

static void open_client(struct bench_net *net) {
    char home[BENCH_NET_PATH_MAX + 32], keys[sizeof home + 8], genesis[sizeof home + 32], url[64];
    struct err err = {0};
    (void)snprintf(home, sizeof home, "%s/client", net->dir);
    (void)snprintf(keys, sizeof keys, "%s/keys", home);
    (void)snprintf(genesis, sizeof genesis, "%s/genesis.json", home);
    bench_net_url(net, 0, url);
    struct keystore store = {.dir = keys, .keyring = KEYRING_TEST};
    bench_must(keystore_open(&store, "owner", &net->owner, &err), &err);
    struct ledger_options options = {.nodes = url, .genesis_path = genesis, .verify = true, .allow_private = true};
    bench_must(ledger_open(&options, &net->ledger, &err), &err);
}

/* The network that is up: however the benchmark ends, it is stopped. */
static char up_dir[BENCH_NET_PATH_MAX];

static void stop(void) {
    const char *argv[] = {"build/bin/cairn-testnet", "down", "--remove", "--dir", up_dir, NULL};
    if (up_dir[0])
        run(argv);
    up_dir[0] = 0;
}

void bench_net_up(struct bench_net *net, unsigned validators, unsigned sps) {
    char base[16], n[16], m[16];
    (void)atexit(stop);
    *net = (struct bench_net){.port_base = free_base(), .validators = validators, .sps = sps};
    (void)snprintf(net->dir, sizeof net->dir, "build/bench/net-%d", (int)getpid());
    (void)snprintf(base, sizeof base, "%u", net->port_base);
    (void)snprintf(n, sizeof n, "%u", validators);
    (void)snprintf(m, sizeof m, "%u", sps);
    bench_must(dir_make("build/bench", 0755, NULL), NULL);
    memcpy(up_dir, net->dir, sizeof up_dir);
    const char *argv[] = {"build/bin/cairn-testnet",
                          "up",
                          "--detach",
                          "--dir",
                          net->dir,
                          "--validators",
                          n,
                          "--sps",
                          m,
                          "--port-base",
                          base,
                          NULL};
    if (run(argv))
        exit(1);
    open_client(net);
}

void bench_net_stop(struct bench_net *net) {
    const char *argv[] = {"build/bin/cairn-testnet", "down", "--dir", net->dir, NULL};
    if (run(argv))
        exit(1);
}

void bench_net_down(struct bench_net *net) {
    ledger_close(net->ledger);
    seckey_wipe(&net->owner);
    stop();
}

/* network.json has "name" before "pid" in each node. */
static long pid_of(const struct bench_net *net, const char *name) {
    char path[BENCH_NET_PATH_MAX + 32], mark[64];
    struct buf text;
    struct err err = {0};
    buf_init(&text, 1 << 20);
    (void)snprintf(path, sizeof path, "%s/network.json", net->dir);
    bench_must(file_read(path, &text, &err), &err);
    (void)snprintf(mark, sizeof mark, "\"name\": \"%s\"", name);
    const char *at = strstr(buf_cstr(&text), mark);
    at = at ? strstr(at, "\"pid\": ") : NULL;
    long pid = at ? strtol(at + 7, NULL, 10) : 0;
    buf_release(&text);
    return pid;
}

double bench_net_rss_mib(const struct bench_net *net, const char *name) {
    char path[64], line[256];
    double kib = 0;
    (void)snprintf(path, sizeof path, "/proc/%ld/status", pid_of(net, name));
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof line, f))
        if (!strncmp(line, "VmRSS:", 6))
            kib = strtod(line + 6, NULL);
    if (f)
        (void)fclose(f);
    return kib / 1024;
}

/* The 14th and 15th fields; the second is in brackets and may hold blanks. */
static double cpu_of(long pid) {
    char path[64], line[1024] = "";
    unsigned long long user = 0, sys = 0;
    (void)snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *f = fopen(path, "re");
    const char *at = f && fgets(line, sizeof line, f) ? strrchr(line, ')') : NULL;
    if (at)
        (void)sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &sys);
    if (f)
        (void)fclose(f);
    return (double)(user + sys) / (double)sysconf(_SC_CLK_TCK);
}

double bench_net_cpu_s(const struct bench_net *net) {
    double sum = 0;
    for (unsigned i = 0; i < net->validators; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "validator%u", i);
        sum += cpu_of(pid_of(net, name));
    }
    return sum;
}
