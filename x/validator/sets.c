/* SPDX-License-Identifier: Apache-2.0 */
#include "x/validator/sets.h"

#include "chain/codec/pb.h"
#include "chain/types/keys_validator.h"
#include "x/validator/move.h"

#include <inttypes.h>
#include <string.h>

/* --- looking ----------------------------------------------------------------------------------------------------- */

static int get_state(struct ctx *ctx, SetState **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_set_state(&k), &set_state__descriptor, ret, err);
    if (rc == CODE_NOT_FOUND || (rc == CODE_OK && (*ret)->n_newest == 0))
        rc = ctx_fault(ctx, CODE_CORRUPT, "the state does not say which validators vote");
    return rc;
}

static int too_old(uint64_t height, struct err *err) {
    return err_set(err, CODE_NOT_FOUND, "the validators of height %" PRIu64 " are not kept any more", height);
}

static int page_of(struct ctx *ctx, uint64_t height, HeightPage **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_height_page(&k, height), &height_page__descriptor, ret, err);
    if (rc == CODE_NOT_FOUND || (rc == CODE_OK && (height < (*ret)->first || height - (*ret)->first > (*ret)->n_gaps)))
        rc = too_old(height, err);
    return rc;
}

/* The last of ascending heights that is not after `height`, or -1. */
static long last_not_after(const uint64_t *from, size_t n, uint64_t height) {
    long found = -1;
    for (size_t i = 0; i < n && from[i] <= height; i++)
        found = (long)i;
    return found;
}

static int start_of_record(struct ctx *ctx, uint64_t from, SetStart *ret, struct err *err) {
    struct key k;
    ValidatorSet *record;
    int rc = record_get(ctx, key_validator_set(&k, from), &validator_set__descriptor, &record, err);
    if (rc)
        return rc == CODE_NOT_FOUND ? ctx_fault(ctx, CODE_CORRUPT, "the set from height %" PRIu64 " is missing", from)
                                    : rc;
    SetStart s = SET_START__INIT;
    s.height = from;
    s.count = (uint32_t)record->n_validators;
    for (size_t i = 0; i < record->n_validators; i++)
        s.power += record->validators[i]->power;
    *ret = s;
    return CODE_OK;
}

int set_start_at(struct ctx *ctx, uint64_t height, SetStart *ret, struct err *err) {
    SetState *state;
    int rc = get_state(ctx, &state, err);
    if (rc)
        return rc;
    for (size_t i = state->n_newest; i > 0; i--)
        if (state->newest[i - 1]->height <= height) {
            *ret = *state->newest[i - 1];
            return CODE_OK;
        }
    HeightPage *page;
    rc = page_of(ctx, height, &page, err);
    if (rc)
        return rc;
    long at = last_not_after(page->sets, page->n_sets, height);
    if (at < 0)
        return ctx_fault(ctx, CODE_CORRUPT, "height %" PRIu64 " has no set of validators", height);
    return start_of_record(ctx, page->sets[at], ret, err);
}

static int load_set(struct ctx *ctx, uint64_t from, struct validator_set *ret, struct err *err) {
    struct key k;
    ValidatorSet *record;
    int rc = record_get(ctx, key_validator_set(&k, from), &validator_set__descriptor, &record, err);
    if (rc == CODE_OK)
        rc = validator_set_from_pb(record, ret, err);
    return rc == CODE_NOT_FOUND || rc == CODE_MALFORMED
               ? ctx_fault(ctx, CODE_CORRUPT, "the set from height %" PRIu64 " is missing or damaged", from)
               : rc;
}

int set_at(struct ctx *ctx, uint64_t height, struct validator_set *ret, struct err *err) {
    SetStart start;
    int rc = set_start_at(ctx, height, &start, err);
    return rc ? rc : load_set(ctx, start.height, ret, err);
}

int set_time_at(struct ctx *ctx, uint64_t height, uint64_t *ret, struct err *err) {
    HeightPage *page;
    if (height == ctx->height) {
        *ret = ctx->time;
        return CODE_OK;
    }
    int rc = page_of(ctx, height, &page, err);
    if (rc)
        return rc;
    uint64_t time = page->first_time;
    for (uint64_t h = page->first; h < height; h++)
        time += page->gaps[h - page->first];
    *ret = time;
    return CODE_OK;
}

/* --- the next set ------------------------------------------------------------------------------------------------ */

/* The set as a record, in the order of the bits of a certificate. */
static int store_set(struct ctx *ctx, const struct validator_set *set, uint64_t from, struct err *err) {
    struct key k;
    ValidatorSet *record;
    int rc = validator_set_to_pb(set, ctx->arena, &record, err);
    return rc ? rc : record_put(ctx, key_validator_set(&k, from), record, err);
}

static SetStart start_of(const struct validator_set *set, uint64_t from) {
    SetStart s = SET_START__INIT;
    s.height = from;
    s.power = validator_set_power(set);
    s.count = set->n;
    return s;
}

int set_genesis(struct ctx *ctx, const struct validator_set *set, struct err *err) {
    struct key k;
    SetStart start = start_of(set, 1), *newest[] = {&start};
    SetState state = SET_STATE__INIT;
    state.newest = newest;
    state.n_newest = 1;
    int rc = store_set(ctx, set, 1, err);
    return rc ? rc : record_put(ctx, key_set_state(&k), &state, err);
}

int set_touch(struct ctx *ctx, struct err *err) {
    struct key k;
    return record_put_mark(ctx, key_set_due(&k), err);
}

struct wanted {
    struct validator_set *set;
    uint64_t left; /* of POWER_TOTAL_MAX */
};

/* Candidates come strongest first; together they have at most POWER_TOTAL_MAX. */
static int take_candidate(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg,
                          struct err *err) {
    (void)value, (void)msg;
    struct wanted *w = arg;
    struct key k;
    struct addr addr;
    struct pubkey key;
    Validator *v;
    if (rest.len != 8 + sizeof addr.b)
        return ctx_fault(ctx, CODE_CORRUPT, "an entry of the candidates is damaged");
    uint64_t power = u64_min(UINT64_MAX - load_be64(rest.data), w->left);
    memcpy(addr.b, rest.data + 8, sizeof addr.b);
    if (power == 0)
        return RECORD_STOP;
    int rc = record_get(ctx, key_validator(&k, &addr), &validator__descriptor, &v, err);
    if (rc || !pubkey_from(pb_bytes(v->pubkey), &key))
        return ctx_fault(ctx, CODE_CORRUPT, "a candidate is no validator");
    w->left -= power;
    return validator_set_add(w->set, &key, power, err);
}

static int wanted_set(struct ctx *ctx, struct validator_set *ret, struct err *err) {
    struct key k;
    struct wanted w = {ret, POWER_TOTAL_MAX};
    return record_each(ctx, key_candidates(&k), BYTES_NONE, ctx->params->validator->validators_max, NULL,
                       take_candidate, &w, err);
}

static void told(struct ctx *ctx, const struct validator_set *set, uint64_t from) {
    ctx_event(ctx, "validator.set_changed", "from", ctx_u64_text(ctx, from), "validators", ctx_u64_text(ctx, set->n),
              "power", ctx_u64_text(ctx, validator_set_power(set)), NULL);
}

/* Adds the set that begins at `from` to the newest ones; the oldest makes room. */
static int begin_set(struct ctx *ctx, SetState *state, const struct validator_set *set, uint64_t from,
                     struct err *err) {
    struct key k;
    SetStart *newest[SETS_NEWEST], start = start_of(set, from);
    size_t n = state->n_newest, drop = n == SETS_NEWEST ? 1 : 0;
    memcpy(newest, state->newest + drop, (n - drop) * sizeof *newest);
    newest[n - drop] = &start;
    state->newest = newest;
    state->n_newest = n - drop + 1;
    int rc = store_set(ctx, set, from, err);
    if (rc == CODE_OK)
        rc = record_put(ctx, key_set_state(&k), state, err);
    if (rc == CODE_OK)
        told(ctx, set, from);
    return rc;
}

int set_next_step(struct ctx *ctx, uint64_t index, bool *ret_more, struct err *err) {
    (void)index, (void)ret_more;
    struct key k;
    SetState *state;
    bool due;
    int rc = record_has(ctx, key_set_due(&k), &due, err);
    if (rc || !due)
        return rc;
    struct validator_set *sets = ctx_array(ctx, 3, sizeof *sets), *now = &sets[0], *target = &sets[1], *next = &sets[2];
    rc = get_state(ctx, &state, err);
    if (rc == CODE_OK)
        rc = load_set(ctx, state->newest[state->n_newest - 1]->height, now, err);
    if (rc == CODE_OK)
        rc = wanted_set(ctx, target, err);
    if (rc)
        return rc;
    bool reached = set_move(now, target, (uint16_t)ctx->params->validator->validators_max, next);
    struct hash before = validator_set_hash(now), after = validator_set_hash(next);
    if (!hash_eq(&before, &after))
        rc = begin_set(ctx, state, next, ctx->height + 2, err);
    return rc == CODE_OK && reached ? record_del(ctx, key_set_due(&k), err) : rc;
}

/* --- history ----------------------------------------------------------------------------------------------------- */

static HeightPage *new_page(struct ctx *ctx) {
    HeightPage *page = CTX_NEW(ctx, HeightPage);
    height_page__init(page);
    page->first = ctx->height;
    page->first_time = ctx->time;
    return page;
}

/* The record is the caller's copy; its lists get room for one more. */
static uint64_t *appended(struct ctx *ctx, const uint64_t *list, size_t n, uint64_t value) {
    uint64_t *longer = ctx_array(ctx, n + 1, sizeof *longer);
    if (n)
        memcpy(longer, list, n * sizeof *longer);
    longer[n] = value;
    return longer;
}

static uint64_t last_time(const HeightPage *page) {
    uint64_t time = page->first_time;
    for (size_t i = 0; i < page->n_gaps; i++)
        time += page->gaps[i];
    return time;
}

static int write_line(struct ctx *ctx, struct err *err) {
    struct key k;
    HeightPage *page;
    SetStart start;
    int rc = set_start_at(ctx, ctx->height, &start, err);
    if (rc)
        return rc;
    rc = record_get(ctx, key_height_page(&k, ctx->height), &height_page__descriptor, &page, err);
    if (rc == CODE_NOT_FOUND) {
        page = new_page(ctx);
    } else if (rc) {
        return rc;
    } else if (page->first + page->n_gaps + 1 != ctx->height) {
        return ctx_fault(ctx, CODE_CORRUPT, "the page of height %" PRIu64 " does not end before it", ctx->height);
    } else {
        page->gaps = appended(ctx, page->gaps, page->n_gaps, ctx->time - last_time(page));
        page->n_gaps++;
    }
    if (page->n_sets == 0 || page->sets[page->n_sets - 1] != start.height) {
        page->sets = appended(ctx, page->sets, page->n_sets, start.height);
        page->n_sets++;
    }
    return record_put(ctx, key_height_page(&k, ctx->height), page, err);
}

struct two_pages {
    uint64_t number;
    HeightPage *at[2];
    unsigned n;
};

static int take_page(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)value, (void)err;
    struct two_pages *two = arg;
    if (rest.len != 8)
        return ctx_fault(ctx, CODE_CORRUPT, "the key of a page of heights is damaged");
    if (two->n == 0)
        two->number = load_be64(rest.data);
    two->at[two->n++] = msg;
    return CODE_OK;
}

/* Sets before `stays` are none of the newest any more. */
static int forget_before(struct ctx *ctx, uint64_t stays, struct err *err) {
    struct key k;
    SetState *state;
    size_t gone = 0;
    int rc = get_state(ctx, &state, err);
    if (rc)
        return rc;
    while (gone < state->n_newest && state->newest[gone]->height < stays)
        gone++;
    if (gone == 0)
        return CODE_OK;
    state->newest += gone;
    state->n_newest -= gone;
    return record_put(ctx, key_set_state(&k), state, err);
}

/* Sets of the oldest page that do not vote in the page behind it go with it. */
static int drop_page(struct ctx *ctx, const struct two_pages *two, struct err *err) {
    struct key k;
    const HeightPage *old = two->at[0];
    uint64_t stays = two->at[1]->sets[0];
    int rc = record_del(ctx, key_height_page(&k, two->number * HEIGHT_PAGE), err);
    for (size_t i = 0; rc == CODE_OK && i < old->n_sets; i++)
        if (old->sets[i] != stays)
            rc = record_del(ctx, key_validator_set(&k, old->sets[i]), err);
    return rc ? rc : forget_before(ctx, stays, err);
}

static bool outdated(const struct ctx *ctx, const HeightPage *page) {
    uint64_t window = ctx->params->consensus->evidence_window_ms;
    return ctx->time > window && last_time(page) < ctx->time - window;
}

static int drop_oldest(struct ctx *ctx, struct err *err) {
    struct key k;
    struct two_pages two = {.n = 0};
    int rc = record_each(ctx, key_height_pages(&k), BYTES_NONE, 2, &height_page__descriptor, take_page, &two, err);
    if (rc || two.n < 2 || !outdated(ctx, two.at[0]))
        return rc;
    return drop_page(ctx, &two, err);
}

int set_history_step(struct ctx *ctx, uint64_t index, bool *ret_more, struct err *err) {
    (void)index, (void)ret_more;
    int rc = write_line(ctx, err);
    return rc ? rc : drop_oldest(ctx, err);
}

/* --- invariants -------------------------------------------------------------------------------------------------- */

struct pages_check {
    uint64_t next, time; /* of the line that must follow; 0: any */
    uint64_t *sets;      /* that pages name, ascending */
    size_t n, room;
};

static int page_sets(struct pages_check *c, const HeightPage *page, struct err *err) {
    if (page->n_sets == 0 || page->sets[0] > page->first)
        return err_set(err, CODE_INTERNAL, "the page from height %" PRIu64 " has no set for its first", page->first);
    for (size_t i = 0; i < page->n_sets; i++) {
        if (c->n && c->sets[c->n - 1] == page->sets[i])
            continue;
        if (c->n && c->sets[c->n - 1] > page->sets[i])
            return err_set(err, CODE_INTERNAL, "sets of the page from height %" PRIu64 " do not ascend", page->first);
        if (c->n == c->room)
            return err_set(err, CODE_INTERNAL, "more sets in the pages than are stored");
        c->sets[c->n++] = page->sets[i];
    }
    return CODE_OK;
}

static int check_page(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)ctx, (void)value;
    struct pages_check *c = arg;
    const HeightPage *page = msg;
    uint64_t last = page->first + page->n_gaps;
    if (load_be64(rest.data) != page->first / HEIGHT_PAGE || last / HEIGHT_PAGE != page->first / HEIGHT_PAGE)
        return err_set(err, CODE_INTERNAL, "the page from height %" PRIu64 " is at another's key", page->first);
    if (c->next && (page->first != c->next || page->first_time <= c->time))
        return err_set(err, CODE_INTERNAL, "the page from height %" PRIu64 " does not follow the one before",
                       page->first);
    c->next = last + 1;
    c->time = last_time(page);
    return page_sets(c, page, err);
}

struct sets_check {
    const struct pages_check *pages;
    const SetState *state;
    size_t seen;
};

static bool names(const struct sets_check *c, uint64_t from) {
    for (size_t i = 0; i < c->pages->n; i++)
        if (c->pages->sets[i] == from)
            return true;
    for (size_t i = 0; i < c->state->n_newest; i++)
        if (c->state->newest[i]->height == from)
            return true;
    return false;
}

static int check_set(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)value;
    struct sets_check *c = arg;
    uint64_t from = load_be64(rest.data);
    struct validator_set *set = CTX_NEW(ctx, struct validator_set);
    c->seen += c->pages->n && from <= c->pages->sets[c->pages->n - 1];
    if (!names(c, from))
        return err_set(err, CODE_INTERNAL, "the set from height %" PRIu64 " votes nowhere and is kept", from);
    return validator_set_from_pb(msg, set, err);
}

static int count(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)ctx, (void)rest, (void)value, (void)msg, (void)err;
    ++*(size_t *)arg;
    return CODE_OK;
}

int set_invariants(struct ctx *ctx, struct err *err) {
    struct key k;
    struct pages_check pages = {.next = 0};
    struct sets_check sets = {.pages = &pages};
    SetState *state;
    int rc = record_each(ctx, key_validator_sets(&k), BYTES_NONE, 0, NULL, count, &pages.room, err);
    pages.sets = ctx_array(ctx, pages.room + 1, sizeof *pages.sets);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_height_pages(&k), BYTES_NONE, 0, &height_page__descriptor, check_page, &pages, err);
    if (rc == CODE_OK)
        rc = get_state(ctx, &state, err);
    if (rc)
        return rc;
    sets.state = state;
    if (pages.next && pages.next != ctx->height + 1)
        return err_set(err, CODE_INTERNAL, "the pages end before height %" PRIu64, ctx->height);
    if (state->n_newest > SETS_NEWEST || state->newest[state->n_newest - 1]->height > ctx->height + 2)
        return err_set(err, CODE_INTERNAL, "the newest sets are too many or too far ahead");
    rc = record_each(ctx, key_validator_sets(&k), BYTES_NONE, 0, &validator_set__descriptor, check_set, &sets, err);
    if (rc == CODE_OK && sets.seen != pages.n)
        rc = err_set(err, CODE_INTERNAL, "a set of the evidence window is missing");
    return rc;
}
