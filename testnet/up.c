/* SPDX-License-Identifier: Apache-2.0 */
#include "testnet/commands.h"
#include "testnet/create.h"
#include "testnet/process.h"
#include "testnet/run.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READY_MS = 120000 };

static int port_free(uint16_t port, struct err *err) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int one = 1, rc = CODE_OK;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_errno(err, errno, "cannot make a socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&at, sizeof at))
        rc = err_errno(err, errno, "port %u is taken: choose another --port-base", port);
    close(fd);
    return rc;
}

static int ports_free(const struct network *net, struct err *err) {
    int rc = CODE_OK;
    for (size_t i = 0; !rc && i < net->node_count; i++)
        if (!process_alive(net->nodes[i].pid, net->nodes[i].start_ticks)) {
            rc = port_free(net->nodes[i].http_port, err);
            if (!rc)
                rc = port_free(net->nodes[i].p2p_port, err);
        }
    return rc;
}

static bool any_alive(const struct network *net) {
    for (size_t i = 0; i < net->node_count; i++)
        if (process_alive(net->nodes[i].pid, net->nodes[i].start_ticks))
            return true;
    return false;
}

/* Loads the network of the directory, or makes one. */
static int prepare(const struct options *o, struct network *net, struct err *err) {
    int rc = network_load(net, o->dir, err);
    if (rc == CODE_NOT_FOUND) {
        err_clear(err);
        rc = network_plan(net, o->dir, o->validators, o->sps, o->port_base, err);
        if (!rc)
            rc = ports_free(net, err);
        if (!rc) {
            printf("making %u validator%s and %u provider%s in %s\n", o->validators, o->validators == 1 ? "" : "s",
                   o->sps, o->sps == 1 ? "" : "s", o->dir);
            fflush(stdout);
            rc = create_network(net, o->time_scale, err);
        }
        return rc ? rc : network_save(net, err);
    }
    if (!rc && any_alive(net))
        return err_set(err, CODE_CONFLICT, "the network in %s is up already: `cairn-testnet status --dir %s`", o->dir,
                       o->dir);
    return rc ? rc : ports_free(net, err);
}

static int start_all(struct network *net, struct err *err) {
    int rc = CODE_OK;
    for (size_t i = 0; !rc && i < net->node_count; i++) {
        rc = run_start(&net->nodes[i], err);
        if (!rc)
            rc = network_save(net, err); /* so that `down` finds it whatever happens to us */
    }
    if (!rc)
        rc = run_wait_ready(net, READY_MS, err);
    return rc ? rc : run_wait_block(net, READY_MS, err);
}

static void print_endpoints(const struct network *net) {
    printf("%-12s %-9s %-28s %s\n", "name", "pid", "http", "p2p");
    for (size_t i = 0; i < net->node_count; i++) {
        const struct node *n = &net->nodes[i];
        printf("%-12s %-9d http://127.0.0.1:%-11u 127.0.0.1:%u\n", n->name, (int)n->pid, n->http_port, n->p2p_port);
    }
    printf("\nshell:  eval \"$(cairn-testnet env --dir ");
    options_print_quoted(net->dir);
    printf(")\"\nstop:   cairn-testnet down --dir ");
    options_print_quoted(net->dir);
    putchar('\n');
    fflush(stdout);
}

/* Stays until Ctrl-C or SIGTERM, or until `down` from another shell ended everything; reaps what ends meanwhile. */
static void supervise(const sigset_t *signals) {
    for (;;) {
        int signal;
        if (sigwait(signals, &signal))
            continue;
        if (signal != SIGCHLD)
            return;
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
    }
}

static int stop_everything(const struct options *o, struct err *err) {
    struct file_lock lock;
    struct network *net = calloc(1, sizeof *net);
    if (!net)
        return err_set(err, CODE_NO_MEMORY, "no memory");
    int rc = command_open(o, &lock, net, err);
    if (!rc) {
        printf("\nstopping\n");
        if (!run_stop_all(net))
            rc = err_set(err, CODE_TIMEOUT, "some processes did not end");
        net->supervisor = 0;
        int saved = network_save(net, rc ? NULL : err);
        rc = rc ? rc : saved;
        lock_release(&lock);
    }
    free(net);
    return rc;
}

int command_up(const struct options *o, struct err *err) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, NULL);

    struct network *net = calloc(1, sizeof *net);
    struct file_lock lock;
    char path[NETWORK_PATH_MAX];
    if (!net)
        return err_set(err, CODE_NO_MEMORY, "no memory");
    int rc = dir_make(o->dir, 0700, err);
    if (!rc)
        rc = path_join(o->dir, "lock", path, sizeof path, err);
    if (!rc)
        rc = lock_file(&lock, path, err);
    if (rc)
        goto out;
    rc = prepare(o, net, err);
    if (!rc) {
        net->supervisor = o->detach ? 0 : getpid();
        rc = start_all(net, err);
        if (rc && rc != CODE_CONFLICT) {
            run_stop_all(net);
            network_save(net, NULL);
        }
    }
    if (!rc)
        print_endpoints(net);
    lock_release(&lock);
    if (!rc && !o->detach) {
        printf("running; Ctrl-C stops it\n");
        fflush(stdout);
        supervise(&signals);
        rc = stop_everything(o, err);
        if (!rc && !o->dir_given)
            rc = dir_remove(o->dir, err);
    }
out:
    free(net);
    return rc;
}

int command_down(const struct options *o, struct err *err) {
    struct file_lock lock;
    struct network *net = calloc(1, sizeof *net);
    if (!net)
        return err_set(err, CODE_NO_MEMORY, "no memory");
    int rc = command_open(o, &lock, net, err);
    if (rc)
        goto out;
    if (!run_stop_all(net))
        rc = err_set(err, CODE_TIMEOUT, "some processes did not end");
    net->supervisor = 0;
    int saved = network_save(net, rc ? NULL : err);
    rc = rc ? rc : saved;
    lock_release(&lock);
    if (!rc && o->remove)
        rc = dir_remove(o->dir, err);
    if (!rc)
        printf("down\n");
out:
    free(net);
    return rc;
}
