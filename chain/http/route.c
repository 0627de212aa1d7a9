/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/http/route.h"
#include "chain/base/vec.h"

#include <stdio.h>

static bool parse_segment(const char *s, size_t len, bool last, struct segment *ret) {
    if (len && s[0] == '{') {
        bool rest = len > 3 && s[len - 2] == '*';
        if (len < 3 || s[len - 1] != '}' || (rest && !last))
            return false;
        *ret = (struct segment){rest ? SEGMENT_REST : SEGMENT_PARAM, s + 1, len - 2 - rest};
        return true;
    }
    *ret = (struct segment){SEGMENT_LITERAL, s, len};
    return !memchr(s, '{', len) && (len || last);
}

static bool parse_pattern(const char *pattern, struct route_entry *e) {
    size_t params = 0;
    if (*pattern != '/')
        return false;
    for (const char *s = pattern + 1;; e->n_segments++) {
        size_t len = strcspn(s, "/");
        if (e->n_segments == ROUTE_SEGMENTS_MAX || !parse_segment(s, len, !s[len], &e->segments[e->n_segments]))
            return false;
        if (e->segments[e->n_segments].kind != SEGMENT_LITERAL && ++params > ROUTE_PARAMS_MAX)
            return false;
        s += len;
        if (!*s) {
            e->n_segments++;
            return true;
        }
        s++;
    }
}

static bool same_shape(const struct route_entry *a, const struct route_entry *b) {
    if (a->n_segments != b->n_segments || strcmp(a->route->method, b->route->method) != 0)
        return false;
    for (size_t i = 0; i < a->n_segments; i++) {
        const struct segment *x = &a->segments[i], *y = &b->segments[i];
        if (x->kind != y->kind ||
            (x->kind == SEGMENT_LITERAL && (x->len != y->len || memcmp(x->text, y->text, x->len) != 0)))
            return false;
    }
    return true;
}

int route_add(struct route_table *t, const struct http_route *route, void *ctx, struct err *err) {
    struct route_entry e = {.route = route, .ctx = ctx};
    if (!route->method || !route->pattern || !route->handler || !parse_pattern(route->pattern, &e))
        return err_set(err, CODE_INVALID_ARGUMENT, "route %s: bad pattern, or no method or handler",
                       route->pattern ? route->pattern : "(none)");
    if (route->auth == HTTP_AUTH_UNSET)
        return err_set(err, CODE_INVALID_ARGUMENT, "route %s %s has no auth class", route->method, route->pattern);
    for (size_t i = 0; i < t->n; i++)
        if (same_shape(&t->entries[i], &e))
            return err_set(err, CODE_INVALID_ARGUMENT, "routes %s and %s match the same", t->entries[i].route->pattern,
                           route->pattern);
    void *at = t->entries;
    if (!vec_grow(&at, t->n, &t->room, 1024, sizeof e))
        return err_set(err, CODE_NO_MEMORY, "too many routes, or no memory");
    t->entries = (struct route_entry *)at;
    t->entries[t->n++] = e;
    return CODE_OK;
}

void route_table_release(struct route_table *t) {
    free(t->entries);
    *t = (struct route_table){.n = 0};
}

static bool matches(const struct route_entry *e, const char *path, struct route_match *ret) {
    const char *s = path + 1;
    *ret = (struct route_match){.entry = e};
    for (size_t i = 0; i < e->n_segments; i++) {
        const struct segment *g = &e->segments[i];
        size_t len = g->kind == SEGMENT_REST ? strlen(s) : strcspn(s, "/");
        if (g->kind == SEGMENT_LITERAL) {
            if (len != g->len || memcmp(s, g->text, len) != 0)
                return false;
        } else {
            if (g->kind == SEGMENT_PARAM && !len)
                return false;
            ret->params[ret->n_params++] = (struct route_param){g->text, g->len, s, len};
        }
        s += len;
        if (i + 1 == e->n_segments)
            return !*s;
        if (*s != '/')
            return false;
        s++;
    }
    return false;
}

/* Whether a is the more literal of two that match the same path. */
static bool better(const struct route_entry *a, const struct route_entry *b) {
    size_t n = a->n_segments < b->n_segments ? a->n_segments : b->n_segments;
    for (size_t i = 0; i < n; i++)
        if (a->segments[i].kind != b->segments[i].kind)
            return a->segments[i].kind < b->segments[i].kind;
    return a->n_segments > b->n_segments;
}

static bool method_fits(const struct http_route *r, const char *method) {
    return !strcmp(r->method, method) || (!strcmp(method, "HEAD") && !strcmp(r->method, "GET"));
}

int route_find(const struct route_table *t, const char *method, const char *path, struct route_match *ret, char *allow,
               size_t allow_size) {
    struct route_match best = {.entry = NULL}, m;
    size_t n = 0;
    allow[0] = 0;
    for (size_t i = 0; i < t->n; i++) {
        const struct route_entry *e = &t->entries[i];
        if (!matches(e, path, &m))
            continue;
        if (method_fits(e->route, method)) {
            if (!best.entry || better(e, best.entry))
                best = m;
        } else if (!strstr(allow, e->route->method)) {
            int len = snprintf(allow + n, allow_size - n, "%s%s", n ? ", " : "", e->route->method);
            n = len > 0 && (size_t)len < allow_size - n ? n + (size_t)len : n;
        }
    }
    if (!best.entry)
        return allow[0] ? CODE_METHOD : CODE_NOT_FOUND;
    *ret = best;
    return CODE_OK;
}
