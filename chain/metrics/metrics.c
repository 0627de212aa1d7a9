/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/metrics/metrics.h"
#include "chain/os/thread.h"

#include <stdatomic.h>
#include <stdlib.h>

#define BOUNDS_MAX 24

enum kind { COUNTER, GAUGE, HISTOGRAM };
static const char *const kind_names[] = {"counter", "gauge", "histogram"};

const double metrics_seconds[METRICS_SECONDS_N] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                   0.1,    0.25,    0.5,    1,     2.5,    5,     10,   30,    60};

struct metric {
    struct family *family;
    struct metric *next; /* in the family, in order of registration */
    char *labels;        /* "" when there are none */
    atomic_ullong count;
    atomic_ullong bits; /* of the double: a gauge's value, a histogram's sum */
    double (*read)(void *ctx);
    void *ctx;
    size_t n_bounds;
    double bounds[BOUNDS_MAX];
    atomic_ullong buckets[BOUNDS_MAX];
};

struct family {
    struct family *next;
    enum kind kind;
    char *name, *help;
    struct metric *first, *last;
};

struct metrics {
    struct mutex lock; /* of the lists; values are atomic */
    struct family *first, *last;
    size_t n;
};

struct metrics *metrics_new(void) {
    struct metrics *m = (struct metrics *)calloc(1, sizeof *m);
    if (m)
        mutex_init(&m->lock);
    return m;
}

static void metric_free(struct metric *x) {
    if (!x)
        return;
    free(x->labels);
    free(x);
}

static void family_free(struct family *f) {
    if (!f)
        return;
    while (f->first) {
        struct metric *x = f->first;
        f->first = x->next;
        metric_free(x);
    }
    free(f->name);
    free(f->help);
    free(f);
}

void metrics_free(struct metrics *m) {
    if (!m)
        return;
    while (m->first) {
        struct family *f = m->first;
        m->first = f->next;
        family_free(f);
    }
    mutex_release(&m->lock);
    free(m);
}

static struct family *family_of(struct metrics *m, enum kind kind, const char *name, const char *help) {
    for (struct family *f = m->first; f; f = f->next)
        if (!strcmp(f->name, name))
            return f->kind == kind ? f : NULL;
    struct family *f = (struct family *)calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->kind = kind;
    f->name = strdup(name);
    f->help = strdup(help);
    if (!f->name || !f->help) {
        family_free(f);
        return NULL;
    }
    if (m->last)
        m->last->next = f;
    else
        m->first = f;
    m->last = f;
    return f;
}

static struct metric *series(struct family *f, const char *labels) {
    struct metric *x = (struct metric *)calloc(1, sizeof *x);
    if (!x)
        return NULL;
    x->family = f;
    x->labels = strdup(labels);
    if (!x->labels) {
        metric_free(x);
        return NULL;
    }
    return x;
}

/* Finds the series or makes one from the template. */
static struct metric *add(struct metrics *m, enum kind kind, const char *name, const char *help, const char *labels,
                          const struct metric *template) {
    if (!m)
        return NULL;
    labels = labels ? labels : "";
    struct metric *x = NULL;
    mutex_lock(&m->lock);
    struct family *f = family_of(m, kind, name, help);
    if (f)
        for (x = f->first; x && strcmp(x->labels, labels) != 0; x = x->next)
            ;
    if (f && !x && m->n < METRICS_MAX && (x = series(f, labels))) {
        x->read = template->read;
        x->ctx = template->ctx;
        x->n_bounds = template->n_bounds;
        memcpy(x->bounds, template->bounds, sizeof x->bounds);
        if (f->last)
            f->last->next = x;
        else
            f->first = x;
        f->last = x;
        m->n++;
    }
    mutex_unlock(&m->lock);
    return x;
}

struct metric *metrics_counter(struct metrics *m, const char *name, const char *help, const char *labels) {
    return add(m, COUNTER, name, help, labels, &(struct metric){.read = NULL});
}

struct metric *metrics_gauge(struct metrics *m, const char *name, const char *help, const char *labels) {
    return add(m, GAUGE, name, help, labels, &(struct metric){.read = NULL});
}

struct metric *metrics_gauge_fn(struct metrics *m, const char *name, const char *help, const char *labels,
                                double (*read)(void *ctx), void *ctx) {
    return add(m, GAUGE, name, help, labels, &(struct metric){.read = read, .ctx = ctx});
}

struct metric *metrics_histogram(struct metrics *m, const char *name, const char *help, const char *labels,
                                 const double *bounds, size_t n) {
    struct metric t = {.n_bounds = n < BOUNDS_MAX ? n : BOUNDS_MAX};
    memcpy(t.bounds, bounds, t.n_bounds * sizeof *bounds);
    return add(m, HISTOGRAM, name, help, labels, &t);
}

static double from_bits(unsigned long long bits) {
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static unsigned long long to_bits(double v) {
    unsigned long long bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

void metric_add(struct metric *x, uint64_t n) {
    if (x)
        atomic_fetch_add_explicit(&x->count, n, memory_order_relaxed);
}

void metric_set(struct metric *x, double v) {
    if (x)
        atomic_store_explicit(&x->bits, to_bits(v), memory_order_relaxed);
}

void metric_change(struct metric *x, double delta) {
    if (!x)
        return;
    unsigned long long old = atomic_load_explicit(&x->bits, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&x->bits, &old, to_bits(from_bits(old) + delta), memory_order_relaxed,
                                                  memory_order_relaxed))
        ;
}

void metric_observe(struct metric *x, double v) {
    if (!x)
        return;
    for (size_t i = 0; i < x->n_bounds; i++)
        if (v <= x->bounds[i]) {
            atomic_fetch_add_explicit(&x->buckets[i], 1, memory_order_relaxed);
            break;
        }
    metric_change(x, v);
    metric_add(x, 1);
}

uint64_t metric_count(const struct metric *x) {
    return x ? atomic_load_explicit(&x->count, memory_order_relaxed) : 0;
}

double metric_value(const struct metric *x) {
    if (!x)
        return 0;
    return x->read ? x->read(x->ctx) : from_bits(atomic_load_explicit(&x->bits, memory_order_relaxed));
}

void metrics_label(struct buf *b, const char *key, const char *value) {
    if (b->len)
        buf_put_u8(b, ',');
    buf_printf(b, "%s=\"", key);
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            buf_put_u8(b, '\\');
        if (*value == '\n')
            buf_put_str(b, "\\n");
        else
            buf_put_u8(b, (uint8_t)*value);
    }
    buf_put_u8(b, '"');
}

static void write_histogram(const struct metric *x, struct buf *out) {
    const char *name = x->family->name, *comma = x->labels[0] ? "," : "";
    /* counted once first, so that the last bucket is never below an earlier one */
    unsigned long long total = metric_count(x), below = 0;
    for (size_t i = 0; i < x->n_bounds; i++) {
        below += atomic_load_explicit(&x->buckets[i], memory_order_relaxed);
        buf_printf(out, "%s_bucket{%s%sle=\"%g\"} %llu\n", name, x->labels, comma, x->bounds[i], below);
    }
    total = total < below ? below : total;
    buf_printf(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", name, x->labels, comma, total);
    const char *open = x->labels[0] ? "{" : "", *close = x->labels[0] ? "}" : "";
    buf_printf(out, "%s_sum%s%s%s %.9g\n%s_count%s%s%s %llu\n", name, open, x->labels, close,
               from_bits(atomic_load_explicit(&x->bits, memory_order_relaxed)), name, open, x->labels, close, total);
}

static void write_metric(const struct metric *x, struct buf *out) {
    const char *open = x->labels[0] ? "{" : "", *close = x->labels[0] ? "}" : "";
    switch (x->family->kind) {
    case COUNTER:
        buf_printf(out, "%s%s%s%s %llu\n", x->family->name, open, x->labels, close,
                   (unsigned long long)metric_count(x));
        return;
    case GAUGE:
        buf_printf(out, "%s%s%s%s %.17g\n", x->family->name, open, x->labels, close, metric_value(x));
        return;
    case HISTOGRAM:
        write_histogram(x, out);
        return;
    }
}

void metrics_write(struct metrics *m, struct buf *out) {
    mutex_lock(&m->lock);
    for (const struct family *f = m->first; f; f = f->next) {
        buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help, f->name, kind_names[f->kind]);
        for (const struct metric *x = f->first; x; x = x->next)
            write_metric(x, out);
    }
    mutex_unlock(&m->lock);
}
