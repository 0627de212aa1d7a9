/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/manager/manager.h"
#include "tests/lib/test.h"

struct world {
    struct spdb db;
    struct manager manager;
    struct arena arena;
};

static int setup(void **state) {
    struct world *w = calloc(1, sizeof *w);
    *state = w;
    arena_init(&w->arena, 1 << 20);
    return spdb_open_mem(&w->db, NULL) || manager_init(&w->manager, &w->db, NULL);
}

static int teardown(void **state) {
    struct world *w = *state;
    manager_release(&w->manager);
    spdb_close(&w->db);
    arena_release(&w->arena);
    free(w);
    return 0;
}

static Task task_of(TaskKind kind, uint64_t object_id, uint32_t priority) {
    Task task = TASK__INIT;
    task.kind = kind;
    task.object_id = object_id;
    task.priority = priority;
    return task;
}

static Task *take(struct world *w) {
    Task *task = NULL;
    assert_int_equal(manager_take(&w->manager, &w->arena, &task, NULL), CODE_OK);
    return task;
}

static void manager_take__by_priority_then_age(void **state) {
    struct world *w = *state;
    Task tasks[] = {task_of(TASK_KIND_GC_OBJECT, 1, TASK_PRIORITY_GC),
                    task_of(TASK_KIND_SEAL_OBJECT, 2, TASK_PRIORITY_SEAL),
                    task_of(TASK_KIND_SEAL_OBJECT, 3, TASK_PRIORITY_SEAL),
                    task_of(TASK_KIND_ANSWER_CHALLENGE, 4, TASK_PRIORITY_CHALLENGE)};
    const uint64_t order[] = {4, 2, 3, 1};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(manager_add(&w->manager, &tasks[i], NULL, NULL), CODE_OK);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(take(w)->object_id, order[i]);
}

static void manager_add__same_work_once(void **state) {
    struct world *w = *state;
    Task task = task_of(TASK_KIND_REPAIR_PIECE, 7, 1);
    bool known = true;
    assert_int_equal(manager_add(&w->manager, &task, &known, NULL), CODE_OK);
    assert_false(known);
    assert_int_equal(manager_add(&w->manager, &task, &known, NULL), CODE_OK);
    assert_true(known);
    task.segment = 1;
    assert_int_equal(manager_add(&w->manager, &task, &known, NULL), CODE_OK);
    assert_false(known);
    assert_int_equal(manager_count(&w->manager), 2);
}

/* What was asked for while the same work was under way is done behind it: the work may have looked too early. */
static void manager_add__while_it_runs(void **state) {
    struct world *w = *state;
    Task task = task_of(TASK_KIND_REPAIR_PIECE, 7, 1);
    assert_int_equal(manager_add(&w->manager, &task, NULL, NULL), CODE_OK);
    Task *first = take(w);
    assert_int_equal(manager_add(&w->manager, &task, NULL, NULL), CODE_OK);
    assert_int_equal(manager_done(&w->manager, first, CODE_OK, NULL, false, NULL), CODE_OK);
    assert_int_equal(manager_count(&w->manager), 1);
    Task *second = take(w); /* due at once */
    assert_int_equal(second->id, first->id);
    assert_int_equal(manager_done(&w->manager, second, CODE_OK, NULL, false, NULL), CODE_OK);
    assert_int_equal(manager_count(&w->manager), 0);
}

/* Work that cannot be done goes to the back with a pause: what is behind it is done meanwhile. */
static void cess_9_5_5__ten_impossible_ones_do_not_hold_up_a_hundred(void **state) {
    enum { IMPOSSIBLE = 10, GOOD = 100 };
    struct world *w = *state;
    struct err why;
    unsigned done = 0, failed = 0;
    err_set(&why, CODE_UNAVAILABLE, "nobody is there");
    for (uint64_t id = 1; id <= IMPOSSIBLE + GOOD; id++) {
        Task task = task_of(TASK_KIND_SEAL_OBJECT, id, TASK_PRIORITY_SEAL);
        assert_int_equal(manager_add(&w->manager, &task, NULL, NULL), CODE_OK);
    }
    while (done < GOOD) {
        Task *task = take(w);
        bool impossible = task->object_id <= IMPOSSIBLE;
        assert_int_equal(manager_done(&w->manager, task, impossible ? CODE_UNAVAILABLE : CODE_OK,
                                      impossible ? &why : NULL, false, NULL),
                         CODE_OK);
        *(impossible ? &failed : &done) += 1;
        assert_true(failed <= 3 * IMPOSSIBLE);
        arena_reset(&w->arena);
    }
    assert_int_equal(manager_count(&w->manager), IMPOSSIBLE); /* and they are tried on */
}

static void manager_done__failure_is_tried_again_later(void **state) {
    struct world *w = *state;
    Task task = task_of(TASK_KIND_SEAL_OBJECT, 9, 1);
    struct err why;
    assert_int_equal(manager_add(&w->manager, &task, NULL, NULL), CODE_OK);
    Task *taken = take(w);
    err_set(&why, CODE_UNAVAILABLE, "nobody is there");
    assert_int_equal(manager_done(&w->manager, taken, CODE_UNAVAILABLE, &why, false, NULL), CODE_OK);
    assert_int_equal(manager_count(&w->manager), 1);
    Task *again = take(w); /* waits for the pause */
    assert_int_equal(again->attempts, 1);
    assert_string_equal(again->last_error, "nobody is there");
    assert_true(again->not_before_ms > 0);
    assert_int_equal(manager_done(&w->manager, again, CODE_OK, NULL, false, NULL), CODE_OK);
    assert_int_equal(manager_count(&w->manager), 0);
}

static void manager_done__final_or_past_its_deadline_goes(void **state) {
    struct world *w = *state;
    Task final = task_of(TASK_KIND_SEAL_OBJECT, 1, 2), late = task_of(TASK_KIND_SEAL_OBJECT, 2, 1);
    late.deadline_ms = 1;
    assert_int_equal(manager_add(&w->manager, &final, NULL, NULL), CODE_OK);
    assert_int_equal(manager_add(&w->manager, &late, NULL, NULL), CODE_OK);
    assert_int_equal(manager_done(&w->manager, take(w), CODE_NOT_FOUND, NULL, true, NULL), CODE_OK);
    assert_int_equal(manager_done(&w->manager, take(w), CODE_TIMEOUT, NULL, false, NULL), CODE_OK);
    assert_int_equal(manager_count(&w->manager), 0);
}

/* What was being worked on when the process was killed is there, and due, for the next one. */
static void manager_init__takes_up_what_was_left(void **state) {
    struct world *w = *state;
    Task task = task_of(TASK_KIND_REPAIR_PIECE, 5, 1);
    assert_int_equal(manager_add(&w->manager, &task, NULL, NULL), CODE_OK);
    assert_int_equal(take(w)->object_id, 5);
    manager_release(&w->manager);
    assert_int_equal(manager_init(&w->manager, &w->db, NULL), CODE_OK);
    assert_int_equal(take(w)->object_id, 5);
}

static void close_it(void *arg) {
    manager_close(arg);
}

static void manager_close__wakes_who_waits(void **state) {
    struct world *w = *state;
    struct thread thread = {0};
    Task *task;
    assert_int_equal(thread_start(&thread, "close", close_it, &w->manager, NULL), CODE_OK);
    assert_int_equal(manager_take(&w->manager, &w->arena, &task, NULL), CODE_CLOSED);
    thread_join(&thread);
}

#define WORLD_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

TEST_MAIN(WORLD_TEST(manager_take__by_priority_then_age), WORLD_TEST(manager_add__same_work_once),
          WORLD_TEST(manager_add__while_it_runs), WORLD_TEST(cess_9_5_5__ten_impossible_ones_do_not_hold_up_a_hundred),
          WORLD_TEST(manager_done__failure_is_tried_again_later),
          WORLD_TEST(manager_done__final_or_past_its_deadline_goes), WORLD_TEST(manager_init__takes_up_what_was_left),
          WORLD_TEST(manager_close__wakes_who_waits))
