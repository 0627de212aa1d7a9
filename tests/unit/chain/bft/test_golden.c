/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plays the scripts of tests/sim/golden against one core and compares every output with what the script expects, in the
 * paper's words. The lines that begin with two spaces are the expectation; CAIRN_GOLDEN_UPDATE=1 writes them anew (then
 * read the diff).
 *
 *   start h 1 self 0 [of 4] [idle] [powers 3 1 2 1]   a height begins; 4 validators of power 1; a block is due unless
 * idle proposal r 0 A [pol 0] [untimely] [from 2]   from the round's proposer unless told prevote|precommit r 0 A|nil
 * from 1 2 3 cert polka|commit r 0 A from 1 2 3       cert round r 5 by prevote|precommit r 5 A|nil from 1 2 or each
 * vote by itself: cert round r 5 votes 1:prevote:5:A 2:precommit:6:nil body A valid|invalid      built A|nil      due
 * timer propose|prevote|precommit|start|heartbeat|rebroadcast show                                     round, phase,
 * locked, valid restart                                  a new core from the log; what it does then Signatures are
 * given at once. Values are capital letters.
 */
#include "tests/lib/test.h"

#include "chain/base/num.h"
#include "chain/bft/record.h"

#include <dirent.h>

#define LOG_MAX  256
#define TEXT_MAX 65536

struct player {
    void *memory[2];
    struct bft *core;
    struct bft_start start;
    struct bft_update update;
    struct certificate cert;
    uint8_t log[LOG_MAX][BFT_RECORD_MAX];
    size_t log_len[LOG_MAX];
    int log_n;
    char out[TEXT_MAX];
    size_t out_len;
    uint64_t powers[16];
    char *words[64];
    int words_n;
};

static const struct bft_config CONFIG = {.propose_ms = 1000,
                                         .propose_delta_ms = 500,
                                         .prevote_ms = 200,
                                         .prevote_delta_ms = 100,
                                         .precommit_ms = 300,
                                         .precommit_delta_ms = 100,
                                         .timeout_max_ms = 5000,
                                         .rebroadcast_ms = 2000};

/* --- words
 * ---------------------------------------------------------------------------------------------------------------------
 */

static void say(struct player *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct player *p, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(p->out + p->out_len, TEXT_MAX - p->out_len, fmt, ap);
    va_end(ap);
    assert_true(n >= 0 && (size_t)n < TEXT_MAX - p->out_len);
    p->out_len += (size_t)n;
}

static const char *name_of(const struct hash *value) {
    static char names[8][2];
    static int at;
    if (hash_is_zero(value))
        return "nil";
    char *name = names[at++ % 8];
    name[0] = (char)value->b[0];
    return name;
}

static struct hash value_of(const char *name) {
    struct hash value = {0};
    if (strcmp(name, "nil") != 0)
        memset(value.b, name[0], sizeof value.b);
    return value;
}

static const char *const TIMERS[BFT_TIMER_KINDS] = {
    "", "newHeight", "heartbeat", "timeoutPropose", "timeoutPrevote", "timeoutPrecommit", "rebroadcast"};
static const char *const TIMER_WORDS[BFT_TIMER_KINDS] = {"",        "start",     "heartbeat",  "propose",
                                                         "prevote", "precommit", "rebroadcast"};

static void say_vote(struct player *p, const struct vote *v) {
    say(p, "%s(%llu, %u, %s)", v->type == VOTE_PREVOTE ? "PREVOTE" : "PRECOMMIT", (unsigned long long)v->height,
        v->round, name_of(&v->value));
}

static void say_proposal(struct player *p, const struct proposal *q) {
    say(p, "PROPOSAL(%llu, %u, %s, %d)", (unsigned long long)q->height, q->round, name_of(&q->value), q->pol_round);
}

static void say_cert(struct player *p, const struct certificate *c) {
    static const char *const kinds[] = {"", "polka", "commit", "round"};
    say(p, "%s certificate(%llu, %u", kinds[c->kind], (unsigned long long)c->height, c->round);
    if (c->kind != CERTIFICATE_ROUND)
        say(p, ", %s", name_of(&c->value));
    say(p, ") by");
    for (uint16_t i = 0; i < c->n; i++)
        say(p, " %u", c->votes[i].validator);
}

static void say_send(struct player *p, const struct bft_send *send) {
    say(p, "send ");
    switch (send->kind) {
    case BFT_SEND_PROPOSAL:
        say_proposal(p, &send->proposal);
        break;
    case BFT_SEND_VOTE:
        say_vote(p, &send->vote);
        break;
    case BFT_SEND_CERTIFICATE:
        say_cert(p, send->certificate);
        break;
    case BFT_SEND_STATUS:
        say(p, "status(%llu, %u)", (unsigned long long)send->status.height, send->status.round);
        break;
    }
}

static void say_evidence(struct player *p, const struct bft_evidence *e) {
    say(p, "evidence of %u: ", e->type == VOTE_PROPOSAL ? e->proposals[0].validator : e->votes[0].validator);
    for (int i = 0; i < 2; i++) {
        if (e->type == VOTE_PROPOSAL)
            say_proposal(p, &e->proposals[i]);
        else
            say_vote(p, &e->votes[i]);
        say(p, i == 0 ? " and " : "");
    }
}

static void say_output(struct player *p, const struct bft_output *out) {
    say(p, "  ");
    switch (out->kind) {
    case BFT_OUT_LOG:
        say(p, "log");
        break;
    case BFT_OUT_SYNC:
        say(p, "sync");
        break;
    case BFT_OUT_ARM:
        say(p, "arm %s(%u) %u ms", TIMERS[out->timer.kind], out->timer.round, out->timer.delay_ms);
        break;
    case BFT_OUT_CANCEL:
        say(p, "cancel %s(%u)", TIMERS[out->timer.kind], out->timer.round);
        break;
    case BFT_OUT_SIGN:
        say(p, "sign ");
        if (out->sign.type == VOTE_PROPOSAL)
            say_proposal(p, &out->sign.proposal);
        else
            say_vote(p, &out->sign.vote);
        break;
    case BFT_OUT_SEND:
        say_send(p, &out->send);
        break;
    case BFT_OUT_BUILD:
        say(p, "getValue(%llu, %u)", (unsigned long long)out->build.height, out->build.round);
        break;
    case BFT_OUT_VALIDATE:
        say(p, "valid(%s)?", name_of(&out->body.value));
        break;
    case BFT_OUT_NEED:
        say(p, "need the body of %s", name_of(&out->body.value));
        break;
    case BFT_OUT_DECIDE:
        say(p, "decide %s with ", name_of(&out->decide.value));
        say_cert(p, out->decide.certificate);
        break;
    case BFT_OUT_EVIDENCE:
        say_evidence(p, &out->evidence);
        break;
    case BFT_OUT_DIVERGED:
        say(p, "diverged: %s is decided, but invalid here", name_of(&out->body.value));
        break;
    case BFT_OUT_REJECTED:
        say(p, "rejected: %s", out->reason);
        break;
    }
    say(p, "\n");
}

/* --- steps
 * ---------------------------------------------------------------------------------------------------------------------
 */

static void keep(struct player *p, const struct bft_event *event) {
    assert_true(p->log_n < LOG_MAX);
    p->log_len[p->log_n] = bft_record_encode(event, p->log[p->log_n]);
    p->log_n++;
}

static void step(struct player *p, const struct bft_event *event) {
    struct bft_event answers[8];
    int n = 0;
    bft_step(p->core, event, &p->update);
    for (uint32_t i = 0; i < p->update.n; i++) {
        const struct bft_output *out = &p->update.outputs[i];
        say_output(p, out);
        if (out->kind == BFT_OUT_LOG)
            keep(p, event);
        if (out->kind == BFT_OUT_SIGN)
            answers[n++] = (struct bft_event){.kind = BFT_EVENT_SIGNED, .sign = out->sign};
    }
    for (int i = 0; i < n; i++)
        step(p, &answers[i]);
}

static int word(const struct player *p, const char *name) {
    for (int i = 0; i < p->words_n; i++)
        if (strcmp(p->words[i], name) == 0)
            return i;
    return -1;
}

static uint32_t number(const char *text) {
    uint64_t n = 0;
    assert_true(u64_parse(text, strlen(text), &n) && n <= UINT32_MAX);
    return (uint32_t)n;
}

static uint32_t number_after(const struct player *p, const char *name, uint32_t otherwise) {
    int i = word(p, name);
    if (i < 0)
        return otherwise;
    assert_true(i + 1 < p->words_n);
    return number(p->words[i + 1]);
}

static void play_start(struct player *p) {
    bool idle = word(p, "idle") >= 0;
    int powers = word(p, "powers");
    p->log_n = 0;
    for (int v = 0; v < 16; v++)
        p->powers[v] = powers >= 0 && powers + 1 + v < p->words_n ? number(p->words[powers + 1 + v]) : 1;
    p->start = (struct bft_start){.height = number_after(p, "h", 1),
                                  .powers = p->powers,
                                  .validators = (uint16_t)number_after(p, "of", 4),
                                  .self = (uint16_t)number_after(p, "self", BFT_SELF_NONE),
                                  .wait_ms = number_after(p, "wait", 0),
                                  .heartbeat_ms = 5000,
                                  .due = !idle,
                                  .config = CONFIG};
    struct bft_event event = {.kind = BFT_EVENT_START, .start = p->start};
    step(p, &event);
}

static void play_proposal(struct player *p) {
    struct bft_event event = {.kind = BFT_EVENT_PROPOSAL};
    uint32_t round = number_after(p, "r", 0);
    event.proposal.timely = word(p, "untimely") < 0;
    event.proposal.proposal = (struct proposal){.height = p->start.height,
                                                .round = round,
                                                .pol_round = (int32_t)number_after(p, "pol", (uint32_t)-1),
                                                .value = value_of(p->words[3])};
    event.proposal.proposal.validator = (uint16_t)number_after(p, "from", bft_proposer(p->core, round));
    step(p, &event);
}

static enum vote_type type_of(const char *name) {
    return strcmp(name, "prevote") == 0 ? VOTE_PREVOTE : VOTE_PRECOMMIT;
}

static void play_votes(struct player *p) {
    for (int i = word(p, "from") + 1; i < p->words_n; i++) {
        struct bft_event event = {.kind = BFT_EVENT_VOTE};
        event.vote = (struct vote){.height = p->start.height,
                                   .round = number_after(p, "r", 0),
                                   .validator = (uint16_t)number(p->words[i]),
                                   .type = (uint8_t)type_of(p->words[0]),
                                   .value = value_of(p->words[3])};
        step(p, &event);
    }
}

/* 2:precommit:6:nil */
static struct vote vote_of(const struct player *p, char *text) {
    char *part[4] = {text};
    for (int i = 1; i < 4; i++) {
        part[i] = strchr(part[i - 1], ':');
        assert_non_null(part[i]);
        *part[i]++ = 0;
    }
    return (struct vote){.height = p->start.height,
                         .validator = (uint16_t)number(part[0]),
                         .type = (uint8_t)type_of(part[1]),
                         .round = number(part[2]),
                         .value = value_of(part[3])};
}

static void play_cert(struct player *p) {
    struct certificate *cert = &p->cert;
    int by = word(p, "by"), votes = word(p, "votes");
    bool polka = strcmp(p->words[1], "polka") == 0;
    cert->kind = polka                                ? CERTIFICATE_POLKA
                 : strcmp(p->words[1], "commit") == 0 ? CERTIFICATE_COMMIT
                                                      : CERTIFICATE_ROUND;
    cert->height = p->start.height;
    cert->round = number_after(p, "r", 0);
    cert->value = by < 0 && votes < 0 ? value_of(p->words[4]) : (struct hash){0};
    cert->n = 0;
    for (int i = votes + 1; votes >= 0 && i < p->words_n; i++)
        cert->votes[cert->n++] = vote_of(p, p->words[i]);
    for (int i = word(p, "from") + 1; votes < 0 && i < p->words_n; i++)
        cert->votes[cert->n++] = (struct vote){.height = cert->height,
                                               .round = by < 0 ? cert->round : number(p->words[by + 3]),
                                               .validator = (uint16_t)number(p->words[i]),
                                               .type = (uint8_t)(by >= 0 ? type_of(p->words[by + 1])
                                                                 : polka ? VOTE_PREVOTE
                                                                         : VOTE_PRECOMMIT),
                                               .value = by < 0 ? cert->value : value_of(p->words[by + 4])};
    struct bft_event event = {.kind = BFT_EVENT_CERTIFICATE, .certificate = cert};
    step(p, &event);
}

static void play_body(struct player *p) {
    struct bft_event event = {.kind = BFT_EVENT_BODY};
    event.body.value = value_of(p->words[1]);
    event.body.verdict = strcmp(p->words[2], "valid") == 0 ? BFT_VERDICT_VALID : BFT_VERDICT_INVALID;
    step(p, &event);
}

static void play_built(struct player *p) {
    struct bft_view view;
    bft_view(p->core, &view);
    struct bft_event event = {.kind = BFT_EVENT_BUILT};
    event.built.height = view.height;
    event.built.round = view.round;
    event.built.value = value_of(p->words[1]);
    step(p, &event);
}

static void play_timer(struct player *p) {
    struct bft_view view;
    bft_view(p->core, &view);
    struct bft_event event = {.kind = BFT_EVENT_TIMER};
    for (uint8_t kind = 1; kind < BFT_TIMER_KINDS; kind++)
        if (strcmp(p->words[1], TIMER_WORDS[kind]) == 0)
            event.timer.kind = kind;
    assert_int_not_equal(event.timer.kind, 0);
    bool of_round = event.timer.kind >= BFT_TIMER_PROPOSE && event.timer.kind <= BFT_TIMER_PRECOMMIT;
    event.timer.height = view.height;
    event.timer.round = number_after(p, "r", of_round ? view.round : 0);
    step(p, &event);
}

static void play_show(struct player *p) {
    static const char *const phases[] = {"idle", "newHeight", "propose", "prevote", "precommit", "decided"};
    struct bft_view view;
    bft_view(p->core, &view);
    say(p, "  round %u %s, proposer %u", view.round, phases[view.phase], view.proposer);
    if (view.locked_round >= 0)
        say(p, ", locked %s of %d", name_of(&view.locked), view.locked_round);
    if (view.valid_round >= 0)
        say(p, ", valid %s of %d", name_of(&view.valid), view.valid_round);
    say(p, "\n");
}

static void play_restart(struct player *p) {
    uint64_t before = bft_fingerprint(p->core);
    void *memory = p->memory[0];
    p->memory[0] = p->memory[1];
    p->memory[1] = memory;
    p->core = bft_init(p->memory[0], 16);
    for (int i = 0; i < p->log_n; i++) {
        struct bft_event event;
        assert_true(bft_record_decode(p->log[i], p->log_len[i], &p->cert, &event));
        if (event.kind == BFT_EVENT_START)
            event.start = p->start;
        bft_step(p->core, &event, &p->update);
    }
    assert_true(bft_fingerprint(p->core) == before);
    struct bft_event resume = {.kind = BFT_EVENT_RESUME};
    step(p, &resume);
}

static void play_due(struct player *p) {
    struct bft_event event = {.kind = BFT_EVENT_DUE};
    step(p, &event);
}

static void play(struct player *p, char *line) {
    static const struct {
        const char *name;
        void (*play)(struct player *);
    } commands[] = {{"start", play_start},     {"proposal", play_proposal}, {"prevote", play_votes},
                    {"precommit", play_votes}, {"cert", play_cert},         {"body", play_body},
                    {"built", play_built},     {"timer", play_timer},       {"due", play_due},
                    {"show", play_show},       {"restart", play_restart}};
    p->words_n = 0;
    for (char *at = line + strspn(line, " "); *at && p->words_n < 64; at += strspn(at, " ")) {
        p->words[p->words_n++] = at;
        at += strcspn(at, " ");
        if (*at)
            *at++ = 0;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(p->words[0], commands[i].name) == 0) {
            commands[i].play(p);
            return;
        }
    fail_msg("unknown command %s", p->words[0]);
}

/* --- files
 * ----------------------------------------------------------------------------------------------------------------------
 */

static void replace(const char *path, const char *text) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static void play_file(struct player *p, const char *path) {
    static char wanted[TEXT_MAX], line[512];
    FILE *f = fopen(path, "r");
    size_t len = 0;
    assert_non_null(f);
    p->out_len = 0;
    p->log_n = 0;
    p->core = bft_init(p->memory[0], 16);
    while (fgets(line, sizeof line, f)) {
        size_t n = strlen(line);
        assert_true(len + n < TEXT_MAX);
        memcpy(wanted + len, line, n + 1);
        len += n;
        if (strncmp(line, "  ", 2) == 0)
            continue;
        say(p, "%s", line);
        line[strcspn(line, "\n")] = 0;
        if (line[0] && line[0] != '#')
            play(p, line);
    }
    fclose(f);
    if (strcmp(wanted, p->out) == 0)
        return;
    if (getenv("CAIRN_GOLDEN_UPDATE")) {
        replace(path, p->out);
        return;
    }
    replace(test_path("got.txt"), p->out);
    size_t at = 0;
    while (wanted[at] && wanted[at] == p->out[at])
        at++;
    fail_msg("%s: differs from byte %zu:\nwant: %.60s\ngot:  %.60s\nif the new one is right: CAIRN_GOLDEN_UPDATE=1",
             path, at, wanted + at, p->out + at);
}

static void golden__all_scripts(void **state) {
    (void)state;
    struct player *p = calloc(1, sizeof *p);
    struct dirent *entry;
    int played = 0;
    DIR *dir = opendir("tests/sim/golden");
    assert_non_null(p);
    assert_non_null(dir);
    for (int i = 0; i < 2; i++)
        assert_non_null(p->memory[i] = aligned_alloc(16, (bft_size(16) + 15) / 16 * 16));
    while ((entry = readdir(dir))) {
        char path[512];
        size_t len = strlen(entry->d_name);
        if (len < 4 || strcmp(entry->d_name + len - 4, ".txt") != 0)
            continue;
        snprintf(path, sizeof path, "tests/sim/golden/%.200s", entry->d_name);
        print_message("# %s\n", path);
        play_file(p, path);
        played++;
    }
    closedir(dir);
    free(p->memory[0]);
    free(p->memory[1]);
    free(p);
    assert_true(played >= 10);
}

TEST_MAIN(cmocka_unit_test(golden__all_scripts))
