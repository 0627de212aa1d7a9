/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page of 1,000 of 10^6 objects as a node makes it, beside RocksDB going through the very same keys and values; each
 * page begins somewhere else. "As records" is the whole query: the bucket found by name, a state of its own, every
 * object decoded into the answer. "As text" makes the JSON of that too. HTTP is not in it.
 *
 * BENCH_OBJECTS makes fewer objects; a page is half of a bucket at most, so 10^5 make pages of 500.
 */
#include "chain/codec/json.h"
#include "chain/types/keys_storage.h"
#include "tests/bench/bench.h"
#include "tests/bench/world.h"

#include <jansson.h>

enum { OBJECTS = 1000000, PAGES = 20 };

struct pages {
    struct world *w;
    struct kv *kv;
    uint64_t turn, page; /* page: 1,000 */
    size_t bytes;        /* of the last answer's text */
};

/* The name of the entry before a page. */
static const char *before(struct pages *p, uint64_t *ret_owner) {
    uint64_t each = p->w->objects / WORLD_OWNERS;
    *ret_owner = p->turn * 37 % WORLD_OWNERS;
    return world_object(p->w, *ret_owner * each + p->turn * 4099 % (each - p->page));
}

static const char *limit_text(const struct pages *p) {
    return arena_printf(&p->w->f.tx_arena, "%llu", (unsigned long long)p->page);
}

/* Units are entries. */
static double list_rules(void *arg) {
    struct pages *p = arg;
    uint64_t owner;
    for (unsigned i = 0; i < PAGES; i++, p->turn++) {
        const char *after = before(p, &owner);
        const ObjectsAnswer *a = fixture_query(&p->w->f, "/storage/objects", "bucket_name", world_bucket(p->w, owner),
                                               "start_after", after, "limit", limit_text(p), NULL);
        assert_int_equal(a->n_objects, p->page);
        arena_reset(&p->w->f.arena);
        arena_reset(&p->w->f.tx_arena);
    }
    return PAGES * (double)p->page;
}

static double list_text(void *arg) {
    struct pages *p = arg;
    struct err err = {0};
    uint64_t owner;
    for (unsigned i = 0; i < PAGES; i++, p->turn++) {
        const char *after = before(p, &owner);
        json_t *json = NULL;
        const ObjectsAnswer *a = fixture_query(&p->w->f, "/storage/objects", "bucket_name", world_bucket(p->w, owner),
                                               "start_after", after, "limit", limit_text(p), NULL);
        assert_int_equal(a->n_objects, p->page);
        assert_ok(json_from_pb(a, &json, &err), &err);
        char *text = json_dumps(json, JSON_COMPACT); /* chain/rpc */
        p->bytes = strlen(text);
        free(text);
        json_decref(json);
        arena_reset(&p->w->f.arena);
        arena_reset(&p->w->f.tx_arena);
    }
    return PAGES * (double)p->page;
}

static double scan(void *arg) {
    struct pages *p = arg;
    uint64_t owner;
    for (unsigned i = 0; i < PAGES; i++, p->turn++) {
        const char *after = before(p, &owner);
        struct key from, behind;
        struct kv_iter *it;
        struct bytes key, value;
        struct err err = {0};
        size_t n = 0;
        struct kv_range range = {key_object(&from, p->w->bucket_ids[owner], after),
                                 key_object(&behind, p->w->bucket_ids[owner] + 1, ""), false};
        assert_ok(kv_iter_open(p->kv, NULL, STORE_FAMILY_STATE, &range, &it, &err), &err);
        while (n < p->page && kv_iter_next(it, &key, &value))
            n += value.len > 0;
        assert_ok(kv_iter_close(it, &err), &err);
        assert_int_equal(n, p->page);
        arena_reset(&p->w->f.tx_arena);
    }
    return PAGES * (double)p->page;
}

int main(void) {
    static struct world w;
    char name[96];
    test_setup();
    world_open(&w, world_size(OBJECTS));
    struct pages p = {.w = &w, .kv = store_kv(w.f.store), .page = u64_min(1000, w.objects / WORLD_OWNERS / 2)};
    (void)snprintf(name, sizeof name, "pages of %llu of %llu, as records", (unsigned long long)p.page,
                   (unsigned long long)w.objects);
    struct bench_figure limit = bench_run("RocksDB through the same keys and values", "objects", scan, &p);
    p.turn = 0;
    struct bench_figure rules = bench_run(name, "objects", list_rules, &p);
    bench_beside(rules, limit, 0.3);
    (void)printf("  by processor time %.3f\n", limit.cpu_us_each / rules.cpu_us_each);
    p.turn = 0;
    struct bench_figure text = bench_run("the same as text", "objects", list_text, &p);
    bench_beside(text, limit, 0);
    (void)printf("  %zu bytes of text a page, %.1f ms of a core\n", p.bytes, (double)p.page * text.cpu_us_each / 1e3);
    world_close(&w);
    return bench_end("list");
}
