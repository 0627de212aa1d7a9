/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/spdb/tasks.h"

#include "chain/base/code.h"

static struct spdb_key task_key(uint64_t id) {
    struct spdb_key key = {.len = 0};
    spdb_key_u64(&key, id);
    return key;
}

/* One after the largest id in the table. */
static int look_up_next(struct spdb *db, uint64_t *ret_next, struct err *err) {
    struct kv_range range = {.reverse = true};
    struct kv_iter *iter;
    struct bytes key, value;
    int rc = kv_iter_open(db->kv, NULL, SPDB_TASK, &range, &iter, err);
    if (rc)
        return rc;
    uint64_t next = 1;
    if (kv_iter_next(iter, &key, &value) && key.len == 8)
        next = load_be64(key.data) + 1;
    rc = kv_iter_close(iter, err);
    if (!rc)
        *ret_next = next;
    return rc;
}

static int take_id(struct spdb *db, uint64_t *ret_id, struct err *err) {
    int rc = CODE_OK;
    mutex_lock(&db->counting);
    if (db->next_task == 0)
        rc = look_up_next(db, &db->next_task, err);
    if (!rc)
        *ret_id = db->next_task++;
    mutex_unlock(&db->counting);
    return rc;
}

int task_add(struct spdb *db, Task *task, struct err *err) {
    int rc = take_id(db, &task->id, err);
    return rc ? rc : task_put(db, task, err);
}

int task_get(struct spdb *db, uint64_t id, struct arena *arena, Task **ret_task, struct err *err) {
    struct spdb_key key = task_key(id);
    return spdb_get(db, SPDB_TASK, spdb_key_of(&key), &task__descriptor, arena, ret_task, err);
}

int task_put(struct spdb *db, const Task *task, struct err *err) {
    struct spdb_key key = task_key(task->id);
    return spdb_put(db, SPDB_TASK, spdb_key_of(&key), task, err);
}

int task_del(struct spdb *db, uint64_t id, struct err *err) {
    struct spdb_key key = task_key(id);
    return spdb_del(db, SPDB_TASK, spdb_key_of(&key), err);
}

int task_each(struct spdb *db, spdb_visit *visit, void *ctx, struct err *err) {
    return spdb_each(db, SPDB_TASK, BYTES_NONE, BYTES_NONE, &task__descriptor, visit, ctx, err);
}
