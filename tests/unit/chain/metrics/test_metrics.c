/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/metrics/metrics.h"
#include "chain/os/thread.h"
#include "tests/lib/test.h"

static void metrics_write__prometheus_text(void **state) {
    (void)state;
    struct metrics *m = metrics_new();
    struct buf out, labels;
    static const double bounds[] = {1, 10};
    buf_init(&out, 1 << 16);
    buf_init(&labels, 100);
    metrics_label(&labels, "route", "/a\"b");
    struct metric *c = metrics_counter(m, "c_total", "a counter", NULL);
    struct metric *h = metrics_histogram(m, "h", "sizes", buf_cstr(&labels), bounds, 2);
    metric_add(c, 3);
    metric_set(metrics_gauge(m, "g", "a gauge", "x=\"1\""), 2.5);
    metric_observe(h, 0.5);
    metric_observe(h, 5);
    metric_observe(h, 50);
    assert_ptr_equal(metrics_counter(m, "c_total", "again", NULL), c);
    assert_null(metrics_gauge(m, "c_total", "another type", NULL));
    metrics_write(m, &out);
    assert_string_equal(buf_cstr(&out), "# HELP c_total a counter\n# TYPE c_total counter\nc_total 3\n"
                                        "# HELP h sizes\n# TYPE h histogram\n"
                                        "h_bucket{route=\"/a\\\"b\",le=\"1\"} 1\n"
                                        "h_bucket{route=\"/a\\\"b\",le=\"10\"} 2\n"
                                        "h_bucket{route=\"/a\\\"b\",le=\"+Inf\"} 3\n"
                                        "h_sum{route=\"/a\\\"b\"} 55.5\nh_count{route=\"/a\\\"b\"} 3\n"
                                        "# HELP g a gauge\n# TYPE g gauge\ng{x=\"1\"} 2.5\n");
    buf_release(&out);
    buf_release(&labels);
    metrics_free(m);
}

static void add_many(void *arg) {
    for (int i = 0; i < 10000; i++)
        metric_change((struct metric *)arg, 1);
}

static void metric_change__loses_nothing_between_threads(void **state) {
    (void)state;
    struct metrics *m = metrics_new();
    struct metric *g = metrics_gauge(m, "g", "a gauge", NULL);
    struct thread t[4];
    for (size_t i = 0; i < 4; i++)
        assert_ok(thread_start(&t[i], "add", add_many, g, NULL), NULL);
    for (size_t i = 0; i < 4; i++)
        thread_join(&t[i]);
    assert_true(metric_value(g) == 40000);
    metrics_free(m);
}

static void metrics_add_process__reads_proc(void **state) {
    (void)state;
    struct metrics *m = metrics_new();
    struct buf out;
    buf_init(&out, 1 << 16);
    metrics_add_process(m);
    metrics_write(m, &out);
    const char *rss = strstr(buf_cstr(&out), "\nprocess_resident_memory_bytes ");
    assert_non_null(rss);
    assert_true(strtod(strchr(rss, ' '), NULL) > 100000);
    assert_non_null(strstr((const char *)out.data, "\nprocess_threads "));
    buf_release(&out);
    metrics_free(m);
}

static void metrics__null_and_the_cap(void **state) {
    (void)state;
    metric_add(NULL, 1);
    metric_observe(NULL, 1);
    assert_null(metrics_counter(NULL, "x", "x", NULL));
    struct metrics *m = metrics_new();
    char l[32];
    for (int i = 0; i < METRICS_MAX; i++) {
        (void)snprintf(l, sizeof l, "i=\"%d\"", i);
        assert_non_null(metrics_counter(m, "x", "x", l));
    }
    assert_null(metrics_counter(m, "x", "x", "i=\"more\""));
    metrics_free(m);
}

TEST_MAIN(cmocka_unit_test(metrics_write__prometheus_text),
          cmocka_unit_test(metric_change__loses_nothing_between_threads),
          cmocka_unit_test(metrics_add_process__reads_proc), cmocka_unit_test(metrics__null_and_the_cap))
