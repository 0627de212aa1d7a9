/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/http/guard.h"

#include "chain/os/clock.h"

#include <netinet/in.h>
#include <stdlib.h>

int guard_init(struct guard *g, size_t connections, unsigned per_address, bool own_free, uint64_t head_ns,
               struct err *err) {
    *g = (struct guard){.room = connections, .per_address = per_address, .own_free = own_free, .head_ns = head_ns};
    g->conns = calloc(connections, sizeof *g->conns);
    if (g->conns == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for %zu connections", connections);
    for (size_t i = 0; i < connections; i++)
        g->conns[i].fd = -1;
    mutex_init(&g->lock);
    return CODE_OK;
}

void guard_release(struct guard *g) {
    if (g->conns == NULL)
        return;
    free(g->conns);
    g->conns = NULL;
    mutex_release(&g->lock);
}

uint64_t guard_later(uint64_t now_ns, uint64_t by_ns) {
    return by_ns < DEADLINE_NEVER - now_ns ? now_ns + by_ns : DEADLINE_NEVER;
}

/* IPv4 as mapped into IPv6; of IPv6 what one site has: the first 64 bits. */
static void address_of(const struct sockaddr *from, uint8_t ret[16], bool *ret_own) {
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, one[16] = {[15] = 1};
    memset(ret, 0, 16);
    *ret_own = false;
    if (from->sa_family == AF_INET6) {
        memcpy(ret, ((const struct sockaddr_in6 *)(const void *)from)->sin6_addr.s6_addr, 16);
        *ret_own = !memcmp(ret, one, 16);
    } else if (from->sa_family == AF_INET) {
        memcpy(ret, mapped, sizeof mapped);
        memcpy(ret + sizeof mapped, &((const struct sockaddr_in *)(const void *)from)->sin_addr.s_addr, 4);
    }
    if (!memcmp(ret, mapped, sizeof mapped))
        *ret_own = ret[12] == 127;
    else if (!*ret_own)
        memset(ret + 8, 0, 8);
}

bool guard_admit(struct guard *g, const struct sockaddr *from) {
    uint8_t address[16];
    bool own;
    unsigned n = 0;
    address_of(from, address, &own);
    if (g->per_address == 0 || (own && g->own_free))
        return true;
    mutex_lock(&g->lock);
    for (size_t i = 0; i < g->room; i++)
        n += g->conns[i].fd >= 0 && g->conns[i].counts && !memcmp(g->conns[i].address, address, sizeof address);
    bool room = n < g->per_address;
    g->refused += !room;
    mutex_unlock(&g->lock);
    return room;
}

struct guard_conn *guard_begin(struct guard *g, int fd, const struct sockaddr *from, uint64_t now_ns) {
    struct guard_conn *c = NULL;
    mutex_lock(&g->lock);
    for (size_t i = 0; c == NULL && i < g->room; i++)
        if (g->conns[i].fd < 0)
            c = &g->conns[i];
    if (c != NULL) {
        bool own;
        address_of(from, c->address, &own);
        c->fd = fd;
        c->counts = !(own && g->own_free);
        c->deadline_ns = guard_later(now_ns, g->head_ns);
    }
    mutex_unlock(&g->lock);
    return c;
}

void guard_end(struct guard *g, struct guard_conn *c) {
    if (c == NULL)
        return;
    mutex_lock(&g->lock);
    c->fd = -1;
    mutex_unlock(&g->lock);
}

void guard_due(struct guard *g, struct guard_conn *c, uint64_t deadline_ns) {
    if (c == NULL)
        return;
    mutex_lock(&g->lock);
    c->deadline_ns = deadline_ns;
    mutex_unlock(&g->lock);
}

void guard_next(struct guard *g, struct guard_conn *c, uint64_t now_ns) {
    guard_due(g, c, guard_later(now_ns, g->head_ns));
}

uint64_t guard_time_for(uint64_t len) {
    uint64_t seconds = len / GUARD_PACE_MIN;
    return seconds < DEADLINE_NEVER / 2000000000 ? (GUARD_SLACK_MS + seconds * 1000) * 1000000 : DEADLINE_NEVER;
}

size_t guard_sweep(struct guard *g, uint64_t now_ns) {
    size_t n = 0;
    mutex_lock(&g->lock);
    for (size_t i = 0; i < g->room; i++) {
        struct guard_conn *c = &g->conns[i];
        if (c->fd < 0 || now_ns < c->deadline_ns)
            continue;
        (void)shutdown(c->fd, SHUT_RDWR);
        c->deadline_ns = DEADLINE_NEVER;
        n++;
    }
    g->cut += n;
    mutex_unlock(&g->lock);
    return n;
}
