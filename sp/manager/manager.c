/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/manager/manager.h"

#include "chain/os/clock.h"
#include "sp/spdb/tasks.h"

#include <stdio.h>
#include <stdlib.h>

enum { LAST_ERROR_MAX = 200 };

/* What of a task is needed to choose among tasks; the rest lies in the database. */
struct manager_entry {
    uint64_t id;
    TaskKind kind;
    uint64_t object_id, segment, challenge_id;
    uint32_t position, priority;
    uint64_t not_before_ms, deadline_ms;
    bool running;
    bool again; /* asked for while it was running */
};

static struct manager_entry entry_of(const Task *task) {
    return (struct manager_entry){.id = task->id,
                                  .kind = task->kind,
                                  .object_id = task->object_id,
                                  .segment = task->segment,
                                  .challenge_id = task->challenge_id,
                                  .position = task->position,
                                  .priority = task->priority,
                                  .not_before_ms = task->not_before_ms,
                                  .deadline_ms = task->deadline_ms};
}

static bool same_work(const struct manager_entry *e, const Task *task) {
    return e->kind == task->kind && e->object_id == task->object_id && e->position == task->position &&
           e->segment == task->segment && e->challenge_id == task->challenge_id;
}

static int grow(struct manager *m, struct err *err) {
    if (m->count < m->room)
        return CODE_OK;
    if (m->count >= MANAGER_TASKS_MAX)
        return err_set(err, CODE_LIMIT, "%d tasks wait already", MANAGER_TASKS_MAX);
    size_t room = m->room ? 2 * m->room : 64;
    struct manager_entry *entries = realloc(m->entries, room * sizeof *entries);
    if (!entries)
        return err_set(err, CODE_NO_MEMORY, "no memory for tasks");
    m->entries = entries;
    m->room = room;
    return CODE_OK;
}

static struct manager_entry *find(struct manager *m, uint64_t id) {
    for (size_t i = 0; i < m->count; i++)
        if (m->entries[i].id == id)
            return &m->entries[i];
    return NULL;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static int load_task(void *ctx, struct bytes key, const void *msg, struct err *err) {
    struct manager *m = ctx;
    (void)key;
    int rc = grow(m, err);
    if (!rc)
        m->entries[m->count++] = entry_of(msg);
    return rc;
}

int manager_init(struct manager *m, struct spdb *db, struct err *err) {
    *m = (struct manager){.db = db};
    mutex_init(&m->lock);
    cond_init(&m->changed);
    int rc = task_each(db, load_task, m, err);
    if (rc)
        manager_release(m);
    return rc;
}

void manager_close(struct manager *m) {
    mutex_lock(&m->lock);
    m->closing = true;
    cond_broadcast(&m->changed);
    mutex_unlock(&m->lock);
}

void manager_release(struct manager *m) {
    free(m->entries);
    cond_release(&m->changed);
    mutex_release(&m->lock);
}

/* --- in and out --------------------------------------------------------------------------------------------------- */

int manager_add(struct manager *m, const Task *task, bool *ret_known, struct err *err) {
    Task fresh = *task;
    int rc = CODE_OK;
    bool known = false;
    mutex_lock(&m->lock);
    for (size_t i = 0; i < m->count && !known; i++)
        if (same_work(&m->entries[i], task)) {
            m->entries[i].not_before_ms = 0;
            m->entries[i].again = m->entries[i].running; /* what it has looked at already may have changed */
            known = true;
        }
    if (!known) {
        fresh.created_ms = clock_real_ms();
        rc = grow(m, err);
        if (!rc)
            rc = task_add(m->db, &fresh, err);
        if (!rc)
            m->entries[m->count++] = entry_of(&fresh);
    }
    cond_broadcast(&m->changed);
    mutex_unlock(&m->lock);
    if (!rc && ret_known)
        *ret_known = known;
    return rc;
}

/* The due entry of the highest priority, the oldest among equals; else when the next one becomes due. Lock is held. */
static struct manager_entry *choose(struct manager *m, uint64_t now, uint64_t *ret_next) {
    struct manager_entry *best = NULL;
    *ret_next = UINT64_MAX;
    for (size_t i = 0; i < m->count; i++) {
        struct manager_entry *e = &m->entries[i];
        if (e->running)
            continue;
        if (e->not_before_ms > now)
            *ret_next = e->not_before_ms < *ret_next ? e->not_before_ms : *ret_next;
        else if (!best || e->priority > best->priority || (e->priority == best->priority && e->id < best->id))
            best = e;
    }
    return best;
}

int manager_take(struct manager *m, struct arena *arena, Task **ret, struct err *err) {
    int rc = CODE_OK;
    mutex_lock(&m->lock);
    while (!m->closing) {
        uint64_t now = clock_real_ms(), next;
        struct manager_entry *e = choose(m, now, &next);
        if (!e) {
            cond_wait_until(&m->changed, &m->lock, next == UINT64_MAX ? DEADLINE_NEVER : deadline_in_ms(next - now));
            continue;
        }
        rc = task_get(m->db, e->id, arena, ret, err);
        e->running = !rc;
        if (rc == CODE_NOT_FOUND) { /* not ours to work on any more */
            *e = m->entries[--m->count];
            continue;
        }
        mutex_unlock(&m->lock);
        return rc;
    }
    mutex_unlock(&m->lock);
    return err_set(err, CODE_CLOSED, "the provider is stopping");
}

static uint64_t backoff_ms(uint32_t attempts) {
    uint64_t ms = MANAGER_BACKOFF_MS;
    for (uint32_t i = 1; i < attempts && ms < MANAGER_BACKOFF_MAX_MS; i++)
        ms *= 2;
    return ms < MANAGER_BACKOFF_MAX_MS ? ms : MANAGER_BACKOFF_MAX_MS;
}

int manager_done(struct manager *m, const Task *task, int rc, const struct err *why, bool final, struct err *err) {
    char text[LAST_ERROR_MAX];
    Task next = *task;
    uint64_t now = clock_real_ms();
    mutex_lock(&m->lock);
    struct manager_entry *e = find(m, task->id);
    bool again = e && e->again && !final;
    bool gone = !again && (!rc || final || (task->deadline_ms && now > task->deadline_ms));
    if (again) {
        next.not_before_ms = 0;
    } else if (!gone) {
        snprintf(text, sizeof text, "%s", why ? err_text(why) : code_sentence(rc));
        next.attempts++;
        next.not_before_ms = now + backoff_ms(next.attempts);
        next.last_error = text;
    }
    int stored = gone ? task_del(m->db, task->id, err) : task_put(m->db, &next, err);
    if (e && gone)
        *e = m->entries[--m->count];
    else if (e)
        *e = entry_of(&next); /* not running any more */
    cond_broadcast(&m->changed);
    mutex_unlock(&m->lock);
    return stored;
}

void manager_wake(struct manager *m) {
    mutex_lock(&m->lock);
    for (size_t i = 0; i < m->count; i++)
        m->entries[i].not_before_ms = 0;
    cond_broadcast(&m->changed);
    mutex_unlock(&m->lock);
}

/* --- looking ------------------------------------------------------------------------------------------------------ */

int manager_each(struct manager *m, int (*visit)(void *ctx, const Task *task, bool running, struct err *err), void *ctx,
                 struct err *err) {
    struct arena arena;
    int rc = CODE_OK;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; !rc; i++) {
        Task *task;
        arena_reset(&arena);
        mutex_lock(&m->lock);
        bool there = i < m->count;
        struct manager_entry e = there ? m->entries[i] : (struct manager_entry){.id = 0};
        mutex_unlock(&m->lock);
        if (!there)
            break;
        if (!task_get(m->db, e.id, &arena, &task, NULL))
            rc = visit(ctx, task, e.running, err);
    }
    arena_release(&arena);
    return rc;
}

size_t manager_count(struct manager *m) {
    mutex_lock(&m->lock);
    size_t count = m->count;
    mutex_unlock(&m->lock);
    return count;
}
