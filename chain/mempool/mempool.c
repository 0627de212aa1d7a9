/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/mempool/mempool.h"

#include <assert.h>
#include <string.h>

/* --- tables --- */

static uint32_t table_size(uint32_t txs_max) {
    uint32_t n = 16;
    while (n < txs_max)
        n *= 2;
    return n;
}

size_t mempool_memory(const struct mempool_limits *limits) {
    size_t n = limits->txs_max, t = table_size(limits->txs_max);
    return 2 * t * sizeof(struct mempool_tx *) + t * sizeof(struct mempool_sender *) +
           2 * n * sizeof(struct mempool_sender) + n * sizeof(struct mempool_tx *);
}

void mempool_init(struct mempool *p, const struct mempool_limits *limits, void *memory, uint64_t salt,
                  void (*drop)(void *arg, struct mempool_tx *tx, enum mempool_drop why), void *drop_arg) {
    assert(limits->txs_max > 0 && limits->sender_max > 0);
    uint32_t n = limits->txs_max, t = table_size(n);
    uint8_t *m = memory;
    *p = (struct mempool){.limits = *limits, .salt = salt, .table_mask = t - 1, .drop = drop, .drop_arg = drop_arg};
    if (p->limits.origin_txs_max == 0)
        p->limits.origin_txs_max = UINT32_MAX;
    if (p->limits.origin_bytes_max == 0)
        p->limits.origin_bytes_max = UINT64_MAX;
    p->senders = (struct mempool_sender *)(void *)m;
    m += 2 * n * sizeof *p->senders;
    p->tx_table = (struct mempool_tx **)(void *)m;
    m += t * sizeof *p->tx_table;
    p->id_table = (struct mempool_tx **)(void *)m;
    m += t * sizeof *p->id_table;
    p->sender_table = (struct mempool_sender **)(void *)m;
    m += t * sizeof *p->sender_table;
    p->heap = (struct mempool_tx **)(void *)m;
    for (uint32_t i = 2 * n; i-- > 0;) {
        p->senders[i].free_next = p->sender_free;
        p->sender_free = &p->senders[i];
    }
}

/* The keys are outputs of a hash function already; the salt keeps the place in the table unpredictable. */
static uint32_t slot_of(const struct mempool *p, const uint8_t *key) {
    uint64_t x = load_le64(key) ^ p->salt;
    x *= 0x9e3779b97f4a7c15u;
    x ^= load_le64(key + 8);
    x *= 0xbf58476d1ce4e5b9u;
    return (uint32_t)(x >> 32) & p->table_mask;
}

static struct mempool_tx *tx_find(const struct mempool *p, const struct hash *h) {
    struct mempool_tx *tx = p->tx_table[slot_of(p, h->b)];
    while (tx != NULL && !hash_eq(&tx->wire_hash, h))
        tx = tx->hash_next;
    return tx;
}

static struct mempool_sender *sender_find(const struct mempool *p, const struct addr *a) {
    struct mempool_sender *s = p->sender_table[slot_of(p, a->b)];
    while (s != NULL && !addr_eq(&s->addr, a))
        s = s->hash_next;
    return s;
}

static struct mempool_sender *sender_make(struct mempool *p, const struct addr *a) {
    struct mempool_sender *s = p->sender_free;
    assert(s != NULL); /* two a transaction: its sender and who pays */
    p->sender_free = s->free_next;
    *s = (struct mempool_sender){.addr = *a};
    struct mempool_sender **head = &p->sender_table[slot_of(p, a->b)];
    s->hash_next = *head;
    *head = s;
    return s;
}

static void sender_drop(struct mempool *p, struct mempool_sender *s) {
    struct mempool_sender **at = &p->sender_table[slot_of(p, s->addr.b)];
    while (*at != s)
        at = &(*at)->hash_next;
    *at = s->hash_next;
    s->free_next = p->sender_free;
    p->sender_free = s;
}

/* Nothing of it waits any more, and nothing that it pays for. */
static void sender_done(struct mempool *p, struct mempool_sender *s) {
    if (s->count == 0 && s->paying == 0)
        sender_drop(p, s);
}

/* --- who pays --- */

static void payer_take(struct mempool *p, struct mempool_tx *tx) {
    struct mempool_sender *payer = sender_find(p, &tx->payer);
    if (payer == NULL)
        payer = sender_make(p, &tx->payer);
    payer->fees += tx->fee;
    payer->paying += payer != tx->owner;
    tx->paid_by = payer;
}

static void payer_leave(struct mempool *p, struct mempool_tx *tx) {
    struct mempool_sender *payer = tx->paid_by;
    payer->fees -= tx->fee;
    if (payer == tx->owner)
        return;
    payer->paying--;
    sender_done(p, payer);
}

/* --- lists --- */

static uint8_t fee_class(const struct mempool_tx *tx) {
    uint64_t fee = tx->fee >= (UINT64_C(1) << 56) ? UINT64_MAX >> 1 : tx->fee << 8;
    uint64_t density = fee / (tx->wire.len == 0 ? 1 : tx->wire.len);
    uint8_t c = 0;
    while (density > 0) {
        c++;
        density >>= 1;
    }
    return c < MEMPOOL_FEE_CLASSES ? c : MEMPOOL_FEE_CLASSES - 1;
}

static void all_push(struct mempool_list *l, struct mempool_tx *tx) {
    tx->all_prev = l->last;
    tx->all_next = NULL;
    *(l->last != NULL ? &l->last->all_next : &l->first) = tx;
    l->last = tx;
}

static void all_remove(struct mempool_list *l, struct mempool_tx *tx) {
    *(tx->all_prev != NULL ? &tx->all_prev->all_next : &l->first) = tx->all_next;
    *(tx->all_next != NULL ? &tx->all_next->all_prev : &l->last) = tx->all_prev;
}

static void fee_push(struct mempool_list *l, struct mempool_tx *tx) {
    tx->fee_prev = l->last;
    tx->fee_next = NULL;
    *(l->last != NULL ? &l->last->fee_next : &l->first) = tx;
    l->last = tx;
}

static void fee_remove(struct mempool_list *l, struct mempool_tx *tx) {
    *(tx->fee_prev != NULL ? &tx->fee_prev->fee_next : &l->first) = tx->fee_next;
    *(tx->fee_next != NULL ? &tx->fee_next->fee_prev : &l->last) = tx->fee_prev;
}

/* Behind the last one of the chain with a smaller sequence; new ones mostly belong at the end. */
static void chain_insert(struct mempool_sender *s, struct mempool_tx *tx) {
    struct mempool_tx *before = s->last;
    while (before != NULL && before->sequence > tx->sequence)
        before = before->seq_prev;
    tx->seq_prev = before;
    tx->seq_next = before != NULL ? before->seq_next : s->first;
    *(before != NULL ? &before->seq_next : &s->first) = tx;
    *(tx->seq_next != NULL ? &tx->seq_next->seq_prev : &s->last) = tx;
    for (; tx != NULL && tx->sequence == s->end; tx = tx->seq_next)
        s->end++;
}

static void chain_remove(struct mempool_sender *s, struct mempool_tx *tx) {
    *(tx->seq_prev != NULL ? &tx->seq_prev->seq_next : &s->first) = tx->seq_next;
    *(tx->seq_next != NULL ? &tx->seq_next->seq_prev : &s->last) = tx->seq_prev;
    if (tx->sequence < s->end)
        s->end = tx->sequence;
}

static void loose_push(struct mempool_sender *s, struct mempool_tx *tx) {
    tx->seq_prev = s->loose_last;
    tx->seq_next = NULL;
    *(s->loose_last != NULL ? &s->loose_last->seq_next : &s->loose_first) = tx;
    s->loose_last = tx;
}

static void loose_remove(struct mempool_sender *s, struct mempool_tx *tx) {
    *(tx->seq_prev != NULL ? &tx->seq_prev->seq_next : &s->loose_first) = tx->seq_next;
    *(tx->seq_next != NULL ? &tx->seq_next->seq_prev : &s->loose_last) = tx->seq_prev;
}

static bool head_ready(const struct mempool_sender *s) {
    return s->first != NULL && s->first->sequence == s->next;
}

/* Puts the sender into the list of ready ones, or takes it out, after any change to what it has. */
static void sender_note(struct mempool *p, struct mempool_sender *s) {
    bool ready = s->loose_first != NULL || head_ready(s);
    if (ready == s->ready)
        return;
    s->ready = ready;
    if (ready) {
        s->ready_prev = NULL;
        s->ready_next = p->ready;
        if (p->ready != NULL)
            p->ready->ready_prev = s;
        p->ready = s;
        return;
    }
    *(s->ready_prev != NULL ? &s->ready_prev->ready_next : &p->ready) = s->ready_next;
    if (s->ready_next != NULL)
        s->ready_next->ready_prev = s->ready_prev;
}

static struct mempool_tx *chain_at(const struct mempool_sender *s, uint64_t sequence) {
    struct mempool_tx *tx = s->last;
    while (tx != NULL && tx->sequence > sequence)
        tx = tx->seq_prev;
    return tx != NULL && tx->sequence == sequence ? tx : NULL;
}

static void link_in(struct mempool *p, struct mempool_sender *s, struct mempool_tx *tx) {
    struct mempool_tx **head = &p->tx_table[slot_of(p, tx->wire_hash.b)];
    tx->hash_next = *head;
    *head = tx;
    head = &p->id_table[slot_of(p, tx->tx_id.b)];
    tx->id_next = *head;
    *head = tx;
    tx->owner = s;
    tx->arrival = p->arrivals++;
    tx->fee_class = fee_class(tx);
    all_push(&p->all, tx);
    fee_push(&p->fees[tx->fee_class], tx);
    if (tx->sequence == 0)
        loose_push(s, tx);
    else
        chain_insert(s, tx);
    s->count++;
    payer_take(p, tx);
    sender_note(p, s);
    p->count++;
    p->bytes += tx->wire.len;
    p->origin_txs[tx->origin]++;
    p->origin_bytes[tx->origin] += tx->wire.len;
}

static void tables_remove(struct mempool *p, struct mempool_tx *tx) {
    struct mempool_tx **at = &p->tx_table[slot_of(p, tx->wire_hash.b)];
    while (*at != tx)
        at = &(*at)->hash_next;
    *at = tx->hash_next;
    at = &p->id_table[slot_of(p, tx->tx_id.b)];
    while (*at != tx)
        at = &(*at)->id_next;
    *at = tx->id_next;
}

static void leave(struct mempool *p, struct mempool_tx *tx, enum mempool_drop why) {
    tables_remove(p, tx);
    all_remove(&p->all, tx);
    fee_remove(&p->fees[tx->fee_class], tx);
    struct mempool_sender *s = tx->owner;
    if (tx->sequence == 0)
        loose_remove(s, tx);
    else
        chain_remove(s, tx);
    s->count--;
    payer_leave(p, tx);
    sender_note(p, s);
    sender_done(p, s);
    assert(p->count > 0 && p->bytes >= tx->wire.len && p->origin_txs[tx->origin] > 0);
    p->count--;
    p->bytes -= tx->wire.len;
    p->origin_txs[tx->origin]--;
    p->origin_bytes[tx->origin] -= tx->wire.len;
    p->drop(p->drop_arg, tx, why);
}

void mempool_clear(struct mempool *p) {
    while (p->all.first != NULL)
        leave(p, p->all.first, MEMPOOL_CLEARED);
}

/* --- admission --- */

static int replace_check(const struct mempool_tx *old, const struct mempool_tx *tx, struct err *err) {
    uint64_t least = old->fee + old->fee / 10 + 1;
    if (tx->fee < least)
        return err_set(err, CODE_FEE_LOW,
                       "sequence %llu is taken by a waiting transaction; a fee of at least %llu pebble replaces it",
                       (unsigned long long)tx->sequence, (unsigned long long)least);
    return CODE_OK;
}

static bool fits(const struct mempool *p, const struct mempool_tx *tx, uint64_t count, uint64_t bytes) {
    return count < p->limits.txs_max && tx->wire.len <= p->limits.bytes_max - bytes;
}

/* Who would go: of the cheapest the newest, or the end of its chain, because its middle would strand the rest. */
static struct mempool_tx *victim(const struct mempool *p) {
    for (unsigned c = 0; c < MEMPOOL_FEE_CLASSES; c++)
        if (p->fees[c].last != NULL)
            return p->fees[c].last->sequence == 0 ? p->fees[c].last : p->fees[c].last->owner->last;
    return NULL;
}

/* An ordered one whose own sender's chain would have to go for it. */
static bool follows(const struct mempool_tx *tx, const struct mempool_tx *v) {
    return v->sequence > 0 && addr_eq(&v->sender, &tx->sender);
}

/* Do those that pay less make room enough? Ends of chains that go before them come on top of what is counted here. */
static bool room_can_be_made(const struct mempool *p, const struct mempool_tx *tx) {
    uint64_t count = p->count, bytes = p->bytes;
    for (unsigned c = 0; c < fee_class(tx); c++)
        for (const struct mempool_tx *v = p->fees[c].last; v != NULL && !fits(p, tx, count, bytes); v = v->fee_prev) {
            if (follows(tx, v))
                return false;
            count--;
            bytes -= v->wire.len;
        }
    return fits(p, tx, count, bytes);
}

/* All or nothing: nobody goes for one that does not come in. */
static int make_room(struct mempool *p, const struct mempool_tx *tx, struct err *err) {
    if (fits(p, tx, p->count, p->bytes))
        return CODE_OK;
    if (!p->limits.by_fee)
        return err_set(err, CODE_MEMPOOL_FULL, "%u transactions of %llu bytes are waiting already; try again later",
                       p->count, (unsigned long long)p->bytes);
    if (!room_can_be_made(p, tx))
        return err_set(err, CODE_MEMPOOL_FULL,
                       "%u transactions wait already, and too few of them pay less per byte; raise the fee or try "
                       "again later",
                       p->count);
    while (!fits(p, tx, p->count, p->bytes))
        leave(p, victim(p), MEMPOOL_EVICTED);
    return CODE_OK;
}

static int sequence_check(const struct mempool_sender *s, const struct mempool_tx *tx, uint64_t next, struct err *err) {
    bool chain = s != NULL && s->first != NULL;
    uint64_t end = chain ? s->end : next;
    if (chain && s->next > next)
        next = s->next;
    if (tx->sequence < next || (tx->sequence > end && tx->sequence - end > MEMPOOL_GAP_MAX))
        return err_set(err, CODE_SEQUENCE_WRONG, "the sequence is %llu, but the next one of this account is %llu",
                       (unsigned long long)tx->sequence, (unsigned long long)end);
    return CODE_OK;
}

/* The shares of one account and of one origin. */
static int share_check(const struct mempool *p, const struct mempool_sender *s, const struct mempool_tx *tx,
                       struct err *err) {
    if (s != NULL && s->count >= p->limits.sender_max)
        return err_set(err, CODE_RATE, "this account has %u transactions waiting, as many as it may; try again later",
                       s->count);
    if (tx->origin != 0 && (p->origin_txs[tx->origin] >= p->limits.origin_txs_max ||
                            p->origin_bytes[tx->origin] + tx->wire.len > p->limits.origin_bytes_max))
        return err_set(err, CODE_MEMPOOL_FULL, "%u transactions of this peer are waiting already",
                       p->origin_txs[tx->origin]);
    return CODE_OK;
}

static int replace(struct mempool *p, struct mempool_tx *old, const struct mempool_tx *tx, struct err *err) {
    int rc = replace_check(old, tx, err);
    if (rc == CODE_OK && !fits(p, tx, p->count - 1, p->bytes - old->wire.len))
        rc = err_set(err, CODE_MEMPOOL_FULL, "there is no room for a larger replacement; try again later");
    if (rc == CODE_OK)
        leave(p, old, MEMPOOL_REPLACED);
    return rc;
}

int mempool_add(struct mempool *p, struct mempool_tx *tx, uint64_t next, struct err *err) {
    assert(tx->origin < MEMPOOL_ORIGINS);
    if (tx_find(p, &tx->wire_hash) != NULL)
        return err_set(err, CODE_TX_KNOWN, "this transaction is waiting already");
    if (tx->wire.len > p->limits.bytes_max)
        return err_set(err, CODE_TOO_LARGE, "the transaction is larger than everything that may wait");
    struct mempool_tx *old = NULL;
    int rc = CODE_OK;
    if (tx->sequence > 0) {
        mempool_sender_moved(p, &tx->sender, next);
        const struct mempool_sender *s = sender_find(p, &tx->sender);
        rc = sequence_check(s, tx, next, err);
        old = rc == CODE_OK && s != NULL ? chain_at(s, tx->sequence) : NULL;
    }
    if (rc == CODE_OK && old == NULL)
        rc = share_check(p, sender_find(p, &tx->sender), tx, err);
    if (rc == CODE_OK)
        rc = old != NULL ? replace(p, old, tx, err) : make_room(p, tx, err);
    if (rc != CODE_OK)
        return rc;
    struct mempool_sender *s = sender_find(p, &tx->sender); /* the last one of the chain may just have left */
    if (s == NULL)
        s = sender_make(p, &tx->sender);
    if (s->first == NULL)
        s->next = s->end = next;
    link_in(p, s, tx);
    return CODE_OK;
}

const struct mempool_tx *mempool_find(const struct mempool *p, const struct hash *wire_hash) {
    return tx_find(p, wire_hash);
}

const struct mempool_tx *mempool_find_id(const struct mempool *p, const struct hash *tx_id) {
    const struct mempool_tx *tx = p->id_table[slot_of(p, tx_id->b)];
    while (tx != NULL && !hash_eq(&tx->tx_id, tx_id))
        tx = tx->id_next;
    return tx;
}

const struct mempool_sender *mempool_sender(const struct mempool *p, const struct addr *sender) {
    return sender_find(p, sender);
}

static uint64_t fees_in(const struct mempool_tx *tx, const struct addr *payer) {
    uint64_t fees = 0;
    for (; tx != NULL; tx = tx->seq_next)
        fees += addr_eq(&tx->payer, payer) ? tx->fee : 0;
    return fees;
}

uint64_t mempool_fees(const struct mempool *p, const struct addr *sender, const struct addr *payer) {
    const struct mempool_sender *s = sender_find(p, sender);
    return s != NULL ? fees_in(s->first, payer) + fees_in(s->loose_first, payer) : 0;
}

uint64_t mempool_next_sequence(const struct mempool *p, const struct addr *sender, uint64_t next) {
    const struct mempool_sender *s = sender_find(p, sender);
    if (s == NULL || s->first == NULL)
        return next;
    return s->end >= next ? s->end : next;
}

/* --- picking --- */

bool mempool_ready(const struct mempool *p) {
    return p->ready != NULL;
}

/* True when a goes before b. Fees compare as products, so that no division rounds. */
static bool before(const struct mempool *p, const struct mempool_tx *x, const struct mempool_tx *y) {
    if (p->limits.by_fee) {
        __extension__ typedef unsigned __int128 wide;
        wide fx = (wide)x->fee * y->wire.len, fy = (wide)y->fee * x->wire.len;
        if (fx != fy)
            return fx > fy;
    }
    return x->arrival < y->arrival;
}

static void sift_down(struct mempool *p, size_t n, size_t i) {
    for (;;) {
        size_t best = i, l = 2 * i + 1, r = l + 1;
        if (l < n && before(p, p->heap[l], p->heap[best]))
            best = l;
        if (r < n && before(p, p->heap[r], p->heap[best]))
            best = r;
        if (best == i)
            return;
        struct mempool_tx *t = p->heap[i];
        p->heap[i] = p->heap[best];
        p->heap[best] = t;
        i = best;
    }
}

/* The heads of the chains and everything unordered. */
static size_t heap_fill(struct mempool *p) {
    size_t n = 0;
    for (const struct mempool_sender *s = p->ready; s != NULL; s = s->ready_next) {
        if (head_ready(s))
            p->heap[n++] = s->first;
        for (struct mempool_tx *tx = s->loose_first; tx != NULL; tx = tx->seq_next)
            p->heap[n++] = tx;
    }
    for (size_t i = n / 2; i-- > 0;)
        sift_down(p, n, i);
    return n;
}

/* What of the same account may follow tx in a block. */
static struct mempool_tx *follower(const struct mempool_tx *tx) {
    bool next = tx->sequence > 0 && tx->seq_next != NULL && tx->seq_next->sequence == tx->sequence + 1;
    return next ? tx->seq_next : NULL;
}

size_t mempool_take(struct mempool *p, uint64_t bytes_max, size_t txs_max, const struct mempool_tx **ret_txs) {
    size_t n = heap_fill(p), taken = 0;
    while (n > 0 && taken < txs_max) {
        struct mempool_tx *tx = p->heap[0], *next = NULL;
        if (tx->wire.len <= bytes_max) {
            ret_txs[taken++] = tx;
            bytes_max -= tx->wire.len;
            next = follower(tx);
        }
        p->heap[0] = next != NULL ? next : p->heap[--n];
        sift_down(p, n, 0);
    }
    return taken;
}

/* --- after a block --- */

void mempool_committed(struct mempool *p, const struct hash *wire_hash) {
    struct mempool_tx *tx = tx_find(p, wire_hash);
    if (tx != NULL)
        leave(p, tx, MEMPOOL_COMMITTED);
}

void mempool_sender_moved(struct mempool *p, const struct addr *sender, uint64_t next) {
    struct mempool_sender *s = sender_find(p, sender);
    if (s == NULL || s->first == NULL || next <= s->next)
        return;
    while (s->first != NULL && s->first->sequence < next) {
        bool last = s->count == 1; /* takes the record of its sender along */
        leave(p, s->first, MEMPOOL_EXPIRED);
        if (last)
            return;
    }
    s->next = s->end = next;
    for (const struct mempool_tx *tx = s->first; tx != NULL && tx->sequence == s->end; tx = tx->seq_next)
        s->end++;
    sender_note(p, s);
}

/* True: the sender is gone with its last one. */
static bool recheck_chain(struct mempool *p, struct mempool_sender *s,
                          bool (*keep)(void *arg, const struct mempool_tx *tx), void *arg) {
    struct mempool_tx *bad = s->first;
    while (bad != NULL && keep(arg, bad))
        bad = bad->seq_next;
    if (bad == NULL)
        return false;
    uint64_t from = bad->sequence;
    for (;;) {
        bool last = s->count == 1, done = s->last == s->first || s->last->seq_prev->sequence < from;
        leave(p, s->last, MEMPOOL_INVALID);
        if (last || done)
            return last;
    }
}

void mempool_recheck(struct mempool *p, const struct addr *sender, bool (*keep)(void *arg, const struct mempool_tx *tx),
                     void *arg) {
    struct mempool_sender *s = sender_find(p, sender);
    if (s == NULL || recheck_chain(p, s, keep, arg))
        return;
    struct mempool_tx *next;
    for (struct mempool_tx *tx = s->loose_first; tx != NULL; tx = next) {
        next = tx->seq_next;
        if (!keep(arg, tx))
            leave(p, tx, MEMPOOL_INVALID);
    }
}

void mempool_expire(struct mempool *p, uint64_t height) {
    struct mempool_tx *next;
    for (struct mempool_tx *tx = p->all.first; tx != NULL; tx = next) {
        next = tx->all_next;
        if (tx->valid_until != 0 && tx->valid_until < height)
            leave(p, tx, MEMPOOL_EXPIRED);
    }
}

void mempool_respread(struct mempool *p, uint64_t height, uint64_t age,
                      void (*each)(void *arg, const struct mempool_tx *tx), void *arg) {
    for (struct mempool_tx *tx = p->all.first; tx != NULL; tx = tx->all_next) {
        if (height < tx->height + (tx->local ? age : 3 * age))
            continue;
        tx->local = true;
        tx->height = height;
        each(arg, tx);
    }
}

const struct mempool_tx *mempool_next(const struct mempool *p, const struct mempool_tx *tx) {
    return tx == NULL ? p->all.first : tx->all_next;
}
