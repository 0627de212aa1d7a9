/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/follower/follower.h"

#include "chain/codec/pb.h"
#include "chain/types/layout.h"
#include "sp/spdb/notes.h"
#include "sp/spdb/pieces.h"
#include "sp/spdb/stages.h"
#include "tests/lib/test.h"

enum { OWN = 4 };

static struct spdb db;
static struct manager manager;
static struct follower follower;
static struct arena arena;
static struct err err;

static int setup(void **state) {
    (void)state;
    arena_init(&arena, 4 << 20);
    assert_ok(spdb_open_mem(&db, &err), &err);
    assert_ok(manager_init(&manager, &db, &err), &err);
    assert_ok(follower_init(&follower, NULL, &db, &manager, OWN, &err), &err);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    follower_release(&follower);
    manager_release(&manager);
    spdb_close(&db);
    arena_release(&arena);
    return 0;
}

/* An event of type with attributes: key, value, ... NULL. */
static int tell(const char *type, ...) {
    Event event = EVENT__INIT;
    EventNote note = EVENT_NOTE__INIT;
    Attribute attributes[16], *list[16];
    va_list args;
    const char *key;
    va_start(args, type);
    while ((key = va_arg(args, const char *))) {
        Attribute *a = &attributes[event.n_attributes];
        attribute__init(a);
        a->key = pb_text(key);
        a->value = pb_text(va_arg(args, const char *));
        list[event.n_attributes++] = a;
    }
    va_end(args);
    event.type = pb_text(type);
    event.attributes = list;
    note.height = 9;
    note.event = &event;
    return follower_event(&follower, &note, &err);
}

static int copy_task(void *ctx, const Task *task, bool running, struct err *e) {
    (void)running;
    return pb_copy(task, &arena, ctx, e);
}

/* The only task. */
static Task *the_task(void) {
    Task *task = NULL;
    assert_int_equal(manager_count(&manager), 1);
    assert_ok(manager_each(&manager, copy_task, &task, &err), &err);
    return task;
}

static void hold(uint64_t object, uint64_t version, uint32_t position) {
    Profile profile;
    HeldPosition held = HELD_POSITION__INIT;
    assert_ok(profile_parse("ec:2+1+w", 0, &profile, &err), &err);
    held.object_id = object;
    held.version = version;
    held.position = position;
    held.profile = &profile;
    held.payload_size = 10;
    held.expires_ms = 12345;
    assert_ok(held_put(&db, &held, &err), &err);
}

static const HeldPosition *held(uint64_t object, uint64_t version, uint32_t position) {
    HeldPosition *found;
    assert_ok(held_get(&db, object, version, position, &arena, &found, &err), &err);
    return found;
}

static void event__challenge_opened(void **state) {
    (void)state;
    assert_ok(
        tell("challenge.opened", "challenge", "17", "sp", "5", "object_id", "3", "position", "1", "segment", "2", NULL),
        &err);
    assert_int_equal(manager_count(&manager), 0); /* another provider's */
    for (int i = 0; i < 2; i++)                   /* it may come twice */
        assert_ok(tell("challenge.opened", "challenge", "17", "sp", "4", "object_id", "3", "position", "1", "segment",
                       "2", "deadline", "99", NULL),
                  &err);
    const Task *task = the_task();
    assert_int_equal(task->kind, TASK_KIND_ANSWER_CHALLENGE);
    assert_int_equal(task->challenge_id, 17);
    assert_int_equal(task->object_id, 3);
    assert_int_equal(task->position, 1);
    assert_int_equal(task->segment, 2);
    assert_int_equal(task->deadline_ms, 0); /* a halted ledger does not let it pass */
}

static void event__repair_opened(void **state) {
    (void)state;
    assert_ok(tell("challenge.repair_opened", "object_id", "3", "position", "1", "sp", "4", "segment", "6", NULL),
              &err);
    const Task *task = the_task();
    assert_int_equal(task->kind, TASK_KIND_REPAIR_PIECE);
    assert_int_equal(task->segment, 6);
}

static void event__object_sealed(void **state) {
    (void)state;
    hold(3, 1, 2);
    hold(3, 1, 1);
    hold(3, 9, 2);
    assert_ok(
        tell("storage.object_sealed", "object_id", "3", "version", "1", "sps", "7,8,4,12", "sealed", "0,1,3", NULL),
        &err);
    assert_false(held(3, 1, 2)->sealed); /* it was sealed without this position */
    assert_ok(tell("storage.object_completed", "object_id", "3", "version", "1", "sps", "7,8,4,12", "added", "2",
                   "sealed", "0,1,2,3", NULL),
              &err);
    assert_true(held(3, 1, 2)->sealed);
    assert_int_equal(held(3, 1, 2)->expires_ms, 0);
    assert_false(held(3, 1, 1)->sealed); /* the seal gave it to provider 8 */
    assert_false(held(3, 9, 2)->sealed); /* another version */
    assert_ok(
        tell("storage.object_sealed", "object_id", "3", "version", "9", "sps", "7,8", "sealed", "0,1,2,63,64", NULL),
        &err);
    assert_false(held(3, 9, 2)->sealed); /* fewer positions than that */
    assert_int_equal(manager_count(&manager), 0);
}

static void event__object_ended(void **state) {
    static const char *const types[] = {"storage.object_deleted",          "storage.object_cancelled",
                                        "storage.object_rejected",         "storage.object_expired",
                                        "storage.object_unsealed_expired", "storage.object_unpaid"};
    (void)state;
    assert_ok(tell("storage.object_deleted", "object_id", "3", NULL), &err);
    assert_int_equal(manager_count(&manager), 0); /* nothing of it is here */
    hold(3, 1, 2);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        assert_ok(tell(types[i], "object_id", "3", "version", "1", NULL), &err);
    assert_int_equal(the_task()->kind, TASK_KIND_GC_OBJECT);
}

static void event__others_and_broken(void **state) {
    (void)state;
    hold(3, 1, 2);
    assert_ok(tell("auth.sent", "amount", "5", NULL), &err);
    assert_ok(tell("storage.object_sealed", NULL), &err);
    assert_ok(tell("storage.object_sealed", "object_id", "x", "version", "1", "sps", "4,4,4", NULL), &err);
    assert_ok(tell("storage.object_deleted", "object_id", "-3", NULL), &err);
    assert_ok(tell("challenge.opened", "sp", "4", NULL), &err);
    EventNote empty = EVENT_NOTE__INIT;
    assert_ok(follower_event(&follower, &empty, &err), &err);
    assert_int_equal(manager_count(&manager), 0);
    assert_false(held(3, 1, 2)->sealed);
}

static void follower__cursor(void **state) {
    (void)state;
    assert_int_equal(follower_height(&follower), 0);
    assert_false(follower_ready(&follower));
    follower_release(&follower);
    assert_ok(cursor_put(&db, "ledger", 77, 0, &err), &err);
    assert_ok(follower_init(&follower, NULL, &db, &manager, OWN, &err), &err);
    assert_int_equal(follower_height(&follower), 77);
}

static void sealed__what_was_staged_is_adopted(void **state) {
    (void)state;
    uint8_t upload[16];
    memset(upload, 0xab, sizeof upload);
    uint64_t stage = stage_id(3, bytes_of(upload, sizeof upload), "a b");
    static const char hex[] = "abababababababababababababababab";
    hold(stage, 5, 1);
    hold(stage, 5, 2);
    assert_ok(tell("storage.object_sealed", "object_id", "31", "version", "31", "bucket_id", "3", "object", "other",
                   "sps", "1,4,3", "upload_id", hex, NULL),
              &err);
    assert_int_equal(manager_count(&manager), 0);
    assert_ok(tell("storage.object_sealed", "object_id", "31", "version", "31", "bucket_id", "3", "object", "a b",
                   "sps", "1,4,3", "upload_id", hex, NULL),
              &err); /* position 2 is another provider's */
    Task *task = the_task();
    assert_int_equal(task->kind, TASK_KIND_ADOPT_STAGE);
    assert_int_equal(task->object_id, 31);
    assert_int_equal(task->segment, 31);
    assert_int_equal(task->position, 1);
    assert_true(task->challenge_id == stage);
}

#define UNIT(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(UNIT(event__challenge_opened), UNIT(event__repair_opened), UNIT(event__object_sealed),
          UNIT(event__object_ended), UNIT(event__others_and_broken), UNIT(follower__cursor),
          UNIT(sealed__what_was_staged_is_adopted))
