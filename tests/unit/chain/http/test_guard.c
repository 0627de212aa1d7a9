/* SPDX-License-Identifier: Apache-2.0 */
/* Connections of one address up to the limit and over it; deadlines to the nanosecond; sockets that are gone. */
#include "chain/http/guard.h"

#include "chain/os/clock.h"
#include "tests/lib/test.h"

#include <arpa/inet.h>
#include <poll.h>
#include <unistd.h>

enum { ROOM = 8 };
#define HEAD_NS ((uint64_t)1000)

static struct guard g;
static int pairs[ROOM + 1][2];

static int setup(void **state) {
    (void)state;
    for (int i = 0; i <= ROOM; i++)
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]), 0);
    assert_ok(guard_init(&g, ROOM, 3, true, HEAD_NS, NULL), NULL);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    guard_release(&g);
    for (int i = 0; i <= ROOM; i++) {
        (void)close(pairs[i][0]);
        (void)close(pairs[i][1]);
    }
    return 0;
}

static const struct sockaddr *at(const char *text) {
    static union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } a;
    memset(&a, 0, sizeof a);
    if (strchr(text, ':')) {
        a.v6.sin6_family = AF_INET6;
        assert_int_equal(inet_pton(AF_INET6, text, &a.v6.sin6_addr), 1);
    } else {
        a.v4.sin_family = AF_INET;
        assert_int_equal(inet_pton(AF_INET, text, &a.v4.sin_addr), 1);
    }
    return &a.any;
}

static struct guard_conn *begin(int i, const char *from, uint64_t now) {
    return guard_begin(&g, pairs[i][0], at(from), now);
}

/* The other side of a socket that was cut off reads the end. */
static bool cut(int i) {
    struct pollfd p = {pairs[i][1], POLLIN, 0};
    return poll(&p, 1, 0) == 1;
}

static void admit__up_to_the_limit_of_one_address(void **state) {
    struct guard_conn *c[3];
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_true(guard_admit(&g, at("192.0.2.7")));
        c[i] = begin(i, "192.0.2.7", 0);
        assert_non_null(c[i]);
    }
    assert_false(guard_admit(&g, at("192.0.2.7")));
    assert_false(guard_admit(&g, at("::ffff:192.0.2.7"))); /* the same, as a socket for both says it */
    assert_true(guard_admit(&g, at("192.0.2.8")));
    assert_int_equal(g.refused, 2);
    guard_end(&g, c[1]);
    assert_true(guard_admit(&g, at("192.0.2.7")));
}

static void admit__of_ipv6_a_site_is_one(void **state) {
    (void)state;
    static const char *const hosts[] = {"2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:2::3"};
    for (int i = 0; i < 3; i++)
        assert_non_null(begin(i, hosts[i], 0));
    assert_false(guard_admit(&g, at("2001:db8:1:2:77::1")));
    assert_true(guard_admit(&g, at("2001:db8:1:3::1")));
}

static void admit__this_machine_is_free_when_it_says_so(void **state) {
    (void)state;
    static const char *const own[] = {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "127.0.0.1"};
    for (int i = 0; i < 5; i++) {
        assert_true(guard_admit(&g, at(own[i])));
        assert_non_null(begin(i, own[i], 0));
    }
    guard_release(&g);
    assert_ok(guard_init(&g, ROOM, 1, false, HEAD_NS, NULL), NULL);
    assert_non_null(begin(0, "127.0.0.1", 0));
    assert_false(guard_admit(&g, at("127.0.0.1")));
    guard_release(&g);
    assert_ok(guard_init(&g, ROOM, 0, false, HEAD_NS, NULL), NULL); /* no limit */
    for (int i = 0; i < ROOM; i++) {
        assert_true(guard_admit(&g, at("192.0.2.7")));
        assert_non_null(begin(i, "192.0.2.7", 0));
    }
    assert_null(begin(ROOM, "192.0.2.7", 0)); /* no room: not watched */
    guard_end(&g, NULL);
    guard_due(&g, NULL, 5);
}

static void sweep__cuts_off_late_heads(void **state) {
    (void)state;
    struct guard_conn *c = begin(0, "192.0.2.1", 50), *headed = begin(1, "192.0.2.2", 50);
    guard_due(&g, headed, DEADLINE_NEVER);
    assert_int_equal(guard_sweep(&g, 50 + HEAD_NS - 1), 0);
    assert_false(cut(0));
    assert_int_equal(guard_sweep(&g, 50 + HEAD_NS), 1);
    assert_true(cut(0));
    assert_false(cut(1));
    assert_int_equal(guard_sweep(&g, 50 + HEAD_NS + 1), 0); /* once */
    assert_int_equal(g.cut, 1);
    guard_end(&g, c);
    guard_next(&g, headed, 2000);
    assert_int_equal(guard_sweep(&g, 2000 + HEAD_NS - 1), 0);
    assert_int_equal(guard_sweep(&g, 2000 + HEAD_NS), 1);
    assert_int_equal(guard_sweep(&g, UINT64_MAX - 1), 0);
}

static void sweep__leaves_sockets_that_are_gone_alone(void **state) {
    (void)state;
    struct guard_conn *c = begin(0, "192.0.2.1", 0);
    guard_end(&g, c); /* from now on the number may be somebody else's */
    assert_int_equal(guard_sweep(&g, 10 * HEAD_NS), 0);
    assert_false(cut(0));
}

static void time__for_bodies_and_answers(void **state) {
    (void)state;
    const uint64_t slack = GUARD_SLACK_MS * 1000000;
    assert_true(guard_time_for(0) == slack);
    assert_true(guard_time_for(GUARD_PACE_MIN) == slack + 1000000000);
    assert_true(guard_time_for(100 * GUARD_PACE_MIN) == slack + 100000000000);
    assert_true(guard_time_for(UINT64_MAX) >= slack); /* no overflow */
    assert_true(guard_later(5, 6) == 11);
    assert_true(guard_later(DEADLINE_NEVER, 1) == DEADLINE_NEVER);
    assert_true(guard_later(DEADLINE_NEVER - 3, 5) == DEADLINE_NEVER);
    assert_true(guard_later(7, DEADLINE_NEVER) == DEADLINE_NEVER);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
TEST_MAIN(TEST(admit__up_to_the_limit_of_one_address), TEST(admit__of_ipv6_a_site_is_one),
          TEST(admit__this_machine_is_free_when_it_says_so), TEST(sweep__cuts_off_late_heads),
          TEST(sweep__leaves_sockets_that_are_gone_alone), TEST(time__for_bodies_and_answers))
