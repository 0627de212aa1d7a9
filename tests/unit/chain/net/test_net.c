/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "chain/net/net.h"
#include "chain/os/clock.h"
#include "chain/os/thread.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

/* One node of a test: counts what it hears. */
struct node {
    struct net *net;
    struct seckey key;
    struct addr id;
    struct mutex lock;
    struct cond changed;
    int ups, downs, messages;
    size_t bytes;
    uint32_t sum;
    net_peer peer;
    uint8_t order[64];
    int votes;
    size_t flood, flood_at_vote; /* bytes of class mempool, and before the newest vote */
};

static void on_up(void *self, net_peer peer, const struct addr *id) {
    (void)id;
    struct node *t = self;
    mutex_lock(&t->lock);
    t->ups++;
    t->peer = peer;
    cond_broadcast(&t->changed);
    mutex_unlock(&t->lock);
}

static void on_down(void *self, net_peer peer) {
    (void)peer;
    struct node *t = self;
    mutex_lock(&t->lock);
    t->downs++;
    cond_broadcast(&t->changed);
    mutex_unlock(&t->lock);
}

static void on_message(void *self, net_peer peer, enum net_class class, uint8_t kind, struct bytes payload) {
    (void)peer;
    (void)kind;
    struct node *t = self;
    mutex_lock(&t->lock);
    if (t->messages < 64)
        t->order[t->messages] = (uint8_t) class;
    t->messages++;
    t->bytes += payload.len;
    t->votes += class == NET_VOTES;
    t->flood += class == NET_MEMPOOL ? payload.len : 0;
    if (class == NET_VOTES)
        t->flood_at_vote = t->flood;
    for (size_t i = 0; i < payload.len; i++)
        t->sum = t->sum * 31 + payload.data[i];
    cond_broadcast(&t->changed);
    mutex_unlock(&t->lock);
}

#define WAIT(t, condition)                                                                                             \
    do {                                                                                                               \
        uint64_t deadline_ = deadline_in_ms(TEST_DEADLINE_MS);                                                         \
        mutex_lock(&(t)->lock);                                                                                        \
        bool ok_ = true;                                                                                               \
        while (!(condition) && ok_)                                                                                    \
            ok_ = cond_wait_until(&(t)->changed, &(t)->lock, deadline_);                                               \
        ok_ = (condition);                                                                                             \
        mutex_unlock(&(t)->lock);                                                                                      \
        assert_true(ok_);                                                                                              \
    } while (0)

static void node_key(struct node *t, uint8_t seed) {
    uint8_t raw[32] = {seed, 77};
    struct err err;
    *t = (struct node){0};
    mutex_init(&t->lock);
    cond_init(&t->changed);
    assert_ok(seckey_init(&t->key, raw, &err), &err);
    struct pubkey pub = seckey_pubkey(&t->key);
    t->id = hello_node_id(&pub);
}

/* Links of nodes that are not configured, of NET_PEERS_MAX. */
enum { STRANGERS = NET_PEERS_MAX / 2 };

static void node_start(struct node *t, uint8_t chain, const struct node *other) {
    struct err err;
    struct net_address known = {{{0}}, {0}};
    struct net_config c = {.node_key = t->key, .role = HELLO_VALIDATOR, .listen = "127.0.0.1:0"};
    c.chain_tag.b[0] = chain;
    if (other != NULL) {
        known.node_id = other->id;
        /* a node that does not run yet: known by its id */
        snprintf(known.host_port, sizeof known.host_port, "%s",
                 other->net != NULL ? net_listen_address(other->net) : "127.0.0.1:1");
        c.known = &known;
        c.known_n = 1;
    }
    struct net_handler h = {.self = t, .up = on_up, .message = on_message, .down = on_down};
    assert_ok(net_start(&c, &h, &t->net, &err), &err);
}

static void node_end(struct node *t) {
    net_stop(t->net, 1000);
    cond_release(&t->changed);
    mutex_release(&t->lock);
}

/* The pair in the order in which the first one dials at once. */
static void pair(struct node *dialer, struct node *listener) {
    node_key(dialer, 1);
    node_key(listener, 2);
    if (addr_cmp(&dialer->id, &listener->id) > 0) {
        node_key(dialer, 2);
        node_key(listener, 1);
    }
}

static void net_send__small_and_large(void **state) {
    (void)state;
    struct node a, b;
    pair(&a, &b);
    node_start(&b, 1, NULL);
    node_start(&a, 1, &b);
    WAIT(&a, a.ups == 1);
    WAIT(&b, b.ups == 1);
    size_t n = 5 << 20;
    uint8_t *big = malloc(n);
    assert_non_null(big);
    uint32_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        big[i] = (uint8_t)(i * 7 + i / 1000);
        sum = sum * 31 + big[i];
    }
    assert_true(net_send(a.net, a.peer, NET_BODIES, 3, bytes_of(big, n)));
    WAIT(&b, b.messages == 1);
    assert_int_equal(b.bytes, n);
    assert_int_equal(b.sum, sum);
    for (int i = 0; i < 100; i++)
        assert_true(net_send(b.net, b.peer, NET_VOTES, 1, bytes_str("vote")));
    WAIT(&a, a.messages == 100);
    assert_true(net_send(a.net, a.peer, NET_MEMPOOL, 1, BYTES_NONE)); /* an empty message is one */
    WAIT(&b, b.messages == 2);
    assert_int_equal(net_connected(a.net), 1);
    free(big);
    node_end(&a);
    WAIT(&b, b.downs == 1);
    node_end(&b);
}

static void net_send__votes_overtake_bodies(void **state) {
    (void)state;
    struct node a, b;
    pair(&a, &b);
    node_start(&b, 1, NULL);
    node_start(&a, 1, &b);
    WAIT(&a, a.ups == 1);
    size_t n = 6 << 20;
    uint8_t *big = calloc(1, n);
    assert_non_null(big);
    for (int i = 0; i < 3; i++)
        assert_true(net_send(a.net, a.peer, NET_SYNC, 3, bytes_of(big, n)));
    assert_true(net_send(a.net, a.peer, NET_VOTES, 1, bytes_str("vote")));
    WAIT(&b, b.messages == 4);
    assert_int_not_equal(b.order[3], NET_VOTES); /* not the last one, though it was sent last */
    free(big);
    node_end(&a);
    node_end(&b);
}

struct flood {
    struct node *from;
    atomic_bool stop;
    atomic_uint dropped;
    struct thread thread;
};

static void flood_run(void *arg) {
    struct flood *f = arg;
    static uint8_t gather[64 << 10];
    while (!atomic_load(&f->stop))
        if (!net_send(f->from->net, f->from->peer, NET_MEMPOOL, 9, bytes_of(gather, sizeof gather)))
            atomic_fetch_add(&f->dropped, 1);
}

/* As much mempool traffic as the link takes and more: it is what drops; every vote arrives, and before all that was
 * queued in front of it: only what had left already, and what is on its way to the kernel, comes sooner. */
static void net_send__a_flood_of_mempool_delays_no_vote(void **state) {
    (void)state;
    enum { LEAVING = 1 << 20 /* a quarter of the queue of class mempool */ };
    int votes = (int)test_share(100);
    struct node a, b;
    struct flood f = {.from = &a};
    pair(&a, &b);
    node_start(&b, 1, NULL);
    node_start(&a, 1, &b);
    WAIT(&a, a.ups == 1);
    assert_ok(thread_start(&f.thread, "flood", flood_run, &f, NULL), NULL);
    WAIT(&b, b.flood > 32 << 20);
    for (int i = 1; i <= votes; i++) {
        assert_true(net_send(a.net, a.peer, NET_VOTES, 1, bytes_str("vote")));
        uint64_t left = net_stats(a.net).sent;
        WAIT(&b, b.votes == i);
        assert_true(b.flood_at_vote < left + LEAVING);
    }
    atomic_store(&f.stop, true);
    thread_join(&f.thread);
    assert_true(atomic_load(&f.dropped) > 0);
    struct net_stats stats = net_stats(a.net);
    assert_int_equal(stats.dropped, atomic_load(&f.dropped)); /* nothing of another class */
    node_end(&a);
    node_end(&b);
}

static void net_start__reconnects(void **state) {
    (void)state;
    struct node a, b;
    pair(&a, &b);
    node_start(&b, 1, NULL);
    node_start(&a, 1, &b);
    WAIT(&b, b.ups == 1);
    WAIT(&a, a.ups == 1);
    net_report(b.net, b.peer, 10, "a little");
    struct net_peer_info info[4];
    assert_int_equal(net_peers(b.net, info, 4), 1);
    assert_int_equal(info[0].points, 10);
    char address[NET_ADDRESS_MAX];
    snprintf(address, sizeof address, "%s", net_listen_address(b.net));
    net_stop(b.net, 100);
    WAIT(&a, a.downs == 1);
    struct net_config c = {.node_key = b.key, .role = HELLO_VALIDATOR, .listen = address};
    c.chain_tag.b[0] = 1;
    struct net_handler h = {.self = &b, .up = on_up, .message = on_message, .down = on_down};
    struct err err;
    assert_ok(net_start(&c, &h, &b.net, &err), &err);
    WAIT(&a, a.ups == 2);
    node_end(&a);
    node_end(&b);
}

/* The other one would dial first, but where? */
static void net_start__who_listens_nowhere_dials_at_once(void **state) {
    (void)state;
    struct node a, b;
    pair(&b, &a); /* a has the higher id */
    node_start(&b, 1, NULL);
    struct net_address known = {.node_id = b.id};
    snprintf(known.host_port, sizeof known.host_port, "%s", net_listen_address(b.net));
    struct net_config c = {.node_key = a.key, .role = HELLO_FULL_NODE, .known = &known, .known_n = 1};
    c.chain_tag.b[0] = 1;
    struct net_handler h = {.self = &a, .up = on_up, .message = on_message, .down = on_down};
    struct err err;
    uint64_t begin = clock_mono_ms();
    assert_ok(net_start(&c, &h, &a.net, &err), &err);
    WAIT(&a, a.ups == 1);
    assert_true(clock_mono_ms() - begin < 450); /* the grace is 500 ms */
    node_end(&a);
    node_end(&b);
}

static void net_start__other_chain_is_refused(void **state) {
    (void)state;
    struct node a, b;
    pair(&a, &b);
    node_start(&b, 1, NULL);
    node_start(&a, 2, &b);
    uint64_t deadline = deadline_in_ms(TEST_DEADLINE_MS);
    while (net_stats(b.net).refused == 0 && deadline_left_ms(deadline) > 0)
        ;
    assert_true(net_stats(b.net).refused > 0);
    assert_int_equal(a.ups + b.ups, 0);
    node_end(&a);
    node_end(&b);
}

static void net_report__bans(void **state) {
    (void)state;
    struct node a, b;
    pair(&a, &b);
    node_start(&b, 1, NULL);
    node_start(&a, 1, &b);
    WAIT(&b, b.ups == 1);
    net_report(b.net, b.peer, NET_POINTS_MAX, "forged a vote");
    WAIT(&b, b.downs == 1);
    WAIT(&a, a.downs >= 1);
    uint64_t deadline = deadline_in_ms(TEST_DEADLINE_MS);
    while (net_stats(b.net).refused == 0 && deadline_left_ms(deadline) > 0) /* it comes back and is sent away */
        ;
    assert_int_equal(b.ups, 1);
    node_end(&a);
    node_end(&b);
}

/* Bytes from a stranger: cut off, and everybody else goes on. */
static void net_start__garbage(void **state) {
    (void)state;
    struct node a, b;
    pair(&a, &b);
    node_start(&b, 1, NULL);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port =
                                 htons((uint16_t)strtoul(strrchr(net_listen_address(b.net), ':') + 1, NULL, 10))};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < 8; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        assert_true(fd >= 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
        uint8_t junk[4096];
        memset(junk, i * 37, sizeof junk);
        if (i % 2 == 0)
            memcpy(junk, "CRNP\0\1\1\0\1", 9);
        assert_int_equal(send(fd, junk, sizeof junk, MSG_NOSIGNAL), (ssize_t)sizeof junk);
        uint8_t end[1024];
        ssize_t got;
        while ((got = recv(fd, end, sizeof end, 0)) > 0)
            ;
        close(fd);
    }
    node_start(&a, 1, &b);
    WAIT(&b, b.ups == 1);
    node_end(&a);
    node_end(&b);
}

static int silent_link(const struct node *to) {
    const char *port = strrchr(net_listen_address(to->net), ':') + 1;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

/* Links that never say hello are there to keep others out, for as long as a hello may take. */
static void net_start__silent_links_keep_nobody_out(void **state) {
    (void)state;
    struct node a, b;
    int fds[64];
    pair(&a, &b);
    node_start(&b, 1, NULL);
    for (size_t i = 0; i < 64; i++)
        fds[i] = silent_link(&b);
    uint64_t begin = clock_mono_ms();
    node_start(&a, 1, &b);
    WAIT(&b, b.ups == 1);
    assert_true(clock_mono_ms() - begin < 4000); /* before any of them is given up */
    node_end(&a);
    node_end(&b);
    for (size_t i = 0; i < 64; i++)
        close(fds[i]);
}

/* Anybody can make keys: those who are not configured never fill all places. */
static void net_start__strangers_leave_room(void **state) {
    (void)state;
    enum { CROWD = STRANGERS + 4 };
    struct node a, b, *crowd = calloc(CROWD, sizeof *crowd);
    assert_non_null(crowd);
    pair(&a, &b);
    node_start(&b, 1, &a);
    for (uint8_t i = 0; i < CROWD; i++) {
        node_key(&crowd[i], (uint8_t)(i + 10));
        node_start(&crowd[i], 1, &b);
    }
    WAIT(&b, b.ups >= STRANGERS);
    node_start(&a, 1, &b);
    WAIT(&a, a.ups >= 1);
    WAIT(&b, b.ups >= STRANGERS + 1);
    assert_int_equal(net_connected(b.net), STRANGERS + 1);
    node_end(&b);
    for (size_t i = 0; i < CROWD; i++)
        node_end(&crowd[i]);
    node_end(&a);
    free(crowd);
}

TEST_MAIN(cmocka_unit_test(net_send__small_and_large), cmocka_unit_test(net_send__votes_overtake_bodies),
          cmocka_unit_test(net_send__a_flood_of_mempool_delays_no_vote), cmocka_unit_test(net_start__reconnects),
          cmocka_unit_test(net_start__other_chain_is_refused),
          cmocka_unit_test(net_start__who_listens_nowhere_dials_at_once), cmocka_unit_test(net_report__bans),
          cmocka_unit_test(net_start__garbage), cmocka_unit_test(net_start__silent_links_keep_nobody_out),
          cmocka_unit_test(net_start__strangers_leave_room))
