/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signer dies at every point where it touches the disk, with every thing that a power cut may leave of what was not
 * synced. Whatever signature was handed out is remembered: the same is answered the same, anything else of that step or
 * before is refused. Likewise for a disk that is full or fails, at every call.
 */
#include "tests/lib/test.h"

#include "chain/signer/signer.h"
#include "tests/lib/disk/model_disk.h"

#define CACHE TAILS /* only the process dies; the page cache stays */

struct life {
    struct disk *disk;
    struct rng rng;
    int calls, end_at;
    enum disk_call bad;
    int bad_code, bad_code_was;
    char where[64];
    bool made;   /* signer_create came back well */
    int signed_; /* signatures handed out: STEPS[0..signed_) */
    struct sig sigs[16];
};

static struct seckey key;
static struct pubkey pub;

static const struct {
    uint64_t height;
    uint32_t round;
    enum signer_step step;
} STEPS[] = {{1, 0, SIGNER_PROPOSE}, {1, 0, SIGNER_PREVOTE},   {1, 0, SIGNER_PRECOMMIT}, {2, 0, SIGNER_PREVOTE},
             {2, 3, SIGNER_PREVOTE}, {2, 3, SIGNER_PRECOMMIT}, {9, 0, SIGNER_PROPOSE}};
#define STEPS_N ((int)(sizeof STEPS / sizeof *STEPS))

static bool dies(void *ctx, enum disk_call call, bool after, const char *file) {
    struct life *l = ctx;
    if (l->bad_code || l->calls++ != l->end_at)
        return false;
    snprintf(l->where, sizeof l->where, "%s %s %s", after ? "after" : "before", disk_call_name(call), file);
    return true;
}

static int fails(void *ctx, enum disk_call call, const char *file) {
    struct life *l = ctx;
    if (!l->bad_code || call != l->bad || l->calls++ != l->end_at)
        return CODE_OK;
    snprintf(l->where, sizeof l->where, "%s of %s", disk_call_name(call), file);
    return l->bad_code;
}

static void life_begin(struct life *l, int end_at) {
    uint8_t raw[32] = {1, 2, 3};
    *l = (struct life){.end_at = end_at};
    rng_init(&l->rng, (uint64_t)end_at + 1);
    l->disk = model_disk_new(&(struct model_disk_hooks){.ctx = l, .dies = dies, .fails = fails});
    assert_code(seckey_init(&key, raw, NULL), CODE_OK);
    pub = seckey_pubkey(&key);
}

static struct hash digest_of(int step, uint8_t other) {
    return (struct hash){{(uint8_t)step, other, 7}};
}

static int sign(struct signer *s, int step, uint8_t other, struct sig *ret_sig) {
    struct hash digest = digest_of(step, other);
    return signer_sign(s, STEPS[step].height, STEPS[step].round, STEPS[step].step, &digest, ret_sig, NULL);
}

/* Makes the memory, signs step after step; every third time it is closed and opened between. */
static int live(struct life *l) {
    struct signer s = {0};
    int rc = signer_create(l->disk, &pub, NULL);
    l->made = rc == CODE_OK;
    rc = rc ? rc : signer_open(&s, l->disk, &key, NULL);
    for (int i = 0; rc == CODE_OK && i < STEPS_N; i++) {
        if (i % 3 == 2) {
            signer_release(&s);
            rc = signer_open(&s, l->disk, &key, NULL);
        }
        rc = rc ? rc : sign(&s, i, 0, &l->sigs[i]);
        l->signed_ += rc == CODE_OK;
    }
    signer_release(&s);
    return rc;
}

static void check_remembers(struct life *l, struct signer *s, const char *tail) {
    struct sig sig;
    for (int i = 0; i < l->signed_; i++) {
        if (sign(s, i, 1, &sig) != CODE_CONFLICT)
            fail_msg("death %s, tail %s: it signs twice in step %d", l->where, tail, i);
        int rc = sign(s, i, 0, &sig);
        bool last = i == l->signed_ - 1 && s->last.height == STEPS[i].height && s->last.round == STEPS[i].round &&
                    s->last.step == STEPS[i].step;
        if (last ? rc != CODE_OK || !sig_eq(&sig, &l->sigs[i]) : rc != CODE_CONFLICT)
            fail_msg("death %s, tail %s: step %d again gives %s", l->where, tail, i, code_name(rc));
    }
}

/* A new process: the memory is there, or nothing was ever signed and it can be made (again). */
static void check_after(struct life *l, const char *tail) {
    struct signer s = {0};
    struct sig sig;
    struct err err;
    l->end_at = -1;
    l->bad_code_was = l->bad_code;
    l->bad_code = CODE_OK;
    int rc = signer_open(&s, l->disk, &key, &err);
    if (rc != CODE_OK && l->made)
        fail_msg("death %s, tail %s: %s", l->where, tail, err.msg);
    if (rc != CODE_OK) {
        assert_int_equal(l->signed_, 0);
        assert_true(rc == CODE_NOT_FOUND || rc == CODE_CORRUPT);
        assert_ok(signer_create(l->disk, &pub, &err), &err);
        assert_ok(signer_open(&s, l->disk, &key, &err), &err);
    }
    check_remembers(l, &s, tail);
    if (l->bad_code_was) { /* and once more, now in the write of the next signature */
        l->bad_code_was = CODE_OK;
        l->calls = 0;
        l->end_at = 1;
        (void)sign(&s, STEPS_N - 1, 2, &sig);
        signer_release(&s);
        model_disk_power_cut(l->disk, TAIL_FLIPPED, &l->rng);
        check_after(l, tail);
        return;
    }
    struct hash digest = digest_of(0, 3);
    assert_ok(signer_sign(&s, 20, 0, SIGNER_PREVOTE, &digest, &sig, &err), &err);
    signer_release(&s);
    model_disk_power_cut(l->disk, TAIL_LOST, &l->rng); /* what was handed out now is durable, too */
    assert_ok(signer_open(&s, l->disk, &key, &err), &err);
    assert_int_equal(s.last.height, 20);
    signer_release(&s);
}

static void signer__dies_at_every_point(void **state) {
    (void)state;
    int deaths = 0;
    for (int end = 0;; end++)
        for (int tail = 0; tail <= CACHE; tail++) {
            struct life l;
            life_begin(&l, end);
            int rc = live(&l);
            bool died = l.where[0] != 0;
            assert_true(died || rc == CODE_OK);
            if (tail == CACHE)
                model_disk_restart(l.disk);
            else
                model_disk_power_cut(l.disk, (enum tail)tail, &l.rng);
            check_after(&l, tail == CACHE ? "in the cache" : tail_name((enum tail)tail));
            l.disk->free(l.disk);
            if (!died) {
                assert_true(deaths > 200);
                return;
            }
            deaths++;
        }
}

/* One call fails. The signature is not handed out, the signer says so from then on, a new process goes on; also when
 * the power goes before or after. */
static int sweep_faults(enum disk_call call, int code, bool power_cut) {
    for (int n = 0;; n++) {
        struct life l;
        life_begin(&l, n);
        l.bad = call;
        l.bad_code = code;
        int rc = live(&l);
        bool failed = l.where[0] != 0;
        assert_code(rc, failed ? code : CODE_OK);
        if (power_cut)
            model_disk_power_cut(l.disk, TAIL_LOST, &l.rng);
        else
            model_disk_restart(l.disk);
        check_after(&l, power_cut ? "lost" : "in the cache");
        l.disk->free(l.disk);
        if (!failed)
            return n;
    }
}

static void signer__a_failed_call_hands_out_nothing(void **state) {
    (void)state;
    for (int cut = 0; cut < 2; cut++) {
        assert_true(sweep_faults(DISK_SYNC, CODE_IO, cut) >= STEPS_N);
        assert_true(sweep_faults(DISK_WRITE, CODE_IO, cut) >= STEPS_N);
        assert_true(sweep_faults(DISK_WRITE, CODE_DISK_FULL, cut) >= STEPS_N);
        assert_int_equal(sweep_faults(DISK_CREATE, CODE_DISK_FULL, cut), 1);
    }
}

/* After a failure every signature is refused, also one that would be the last again. */
static void signer__failure_is_final(void **state) {
    (void)state;
    struct life l;
    struct signer s;
    struct sig sig;
    struct err err;
    life_begin(&l, -1);
    assert_code(signer_create(l.disk, &pub, &err), CODE_OK);
    assert_code(signer_open(&s, l.disk, &key, &err), CODE_OK);
    l.calls = 0;
    l.end_at = 0;
    l.bad = DISK_SYNC;
    l.bad_code = CODE_IO;
    assert_code(sign(&s, 0, 0, &sig), CODE_IO);
    l.bad_code = CODE_OK;
    struct hash digest = digest_of(0, 0);
    assert_code(signer_sign(&s, 1, 0, SIGNER_PROPOSE, &digest, &sig, &err), CODE_IO);
    assert_non_null(strstr(err.msg, "restart the node"));
    signer_release(&s);
    l.disk->free(l.disk);
}

TEST_MAIN(cmocka_unit_test(signer__dies_at_every_point), cmocka_unit_test(signer__a_failed_call_hands_out_nothing),
          cmocka_unit_test(signer__failure_is_final))
