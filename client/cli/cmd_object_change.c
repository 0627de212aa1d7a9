/* SPDX-License-Identifier: Apache-2.0 */
/* cairn object copy, move, update, renew, refund, ended, discontinue: what is done with an object that is there. */
#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/types/deal_state.h"
#include "chain/types/layout.h"
#include "client/cli/commands.h"
#include "client/lib/approval.h"
#include "client/lib/placement.h"

/* --- what is said of it ------------------------------------------------------------------------------------------- */

int cli_tag_list(struct cli *cli, Tag *ret[CLI_FLAGS_MAX], size_t *ret_count, struct err *err) {
    const char *text;
    size_t at = 0, n = 0;
    while ((text = cli_next_value(cli, "--tag", &at)) != NULL) {
        const char *equals = strchr(text, '=');
        if (!equals)
            return err_set(err, CODE_TAGS, "--tag is KEY=VALUE, not \"%s\"", text);
        Tag *tag = ARENA_NEW(&cli->arena, Tag);
        char *key = arena_strndup(&cli->arena, text, (size_t)(equals - text));
        if (!tag || !key)
            return err_set(err, CODE_NO_MEMORY, "no memory for tags");
        tag__init(tag);
        tag->key = key;
        tag->value = pb_text(equals + 1);
        ret[n++] = tag;
    }
    *ret_count = n;
    return CODE_OK;
}

int cli_tags(struct cli *cli, SetTags **ret, struct err *err) {
    *ret = NULL;
    if (!cli_has(cli, "--tag") && !cli_has(cli, "--no-tags"))
        return CODE_OK;
    SetTags *set = ARENA_NEW(&cli->arena, SetTags);
    Tag **tags = arena_array(&cli->arena, CLI_FLAGS_MAX, sizeof *tags);
    if (!set || !tags)
        return err_set(err, CODE_NO_MEMORY, "no memory for tags");
    set_tags__init(set);
    set->tags = tags;
    int rc = cli_tag_list(cli, tags, &set->n_tags, err);
    if (!rc)
        *ret = set;
    return rc;
}

static SetText *new_text(struct cli *cli, const char *flag) {
    const char *value = cli_value(cli, flag);
    SetText *set = value ? ARENA_NEW(&cli->arena, SetText) : NULL;
    if (!set)
        return NULL;
    set_text__init(set);
    set->value = pb_text(value);
    return set;
}

int cmd_object_update(struct cli *cli, struct err *err) {
    struct object_uri uri;
    MsgUpdateObject m = MSG_UPDATE_OBJECT__INIT;
    SetBytes metadata = SET_BYTES__INIT;
    const char *text = cli_value(cli, "--metadata");
    int rc = cli_object_uri(cli->words[0], &uri, err);
    if (!rc && cli_value(cli, "--visibility") && !strcmp(cli_value(cli, "--visibility"), "inherit"))
        m.visibility = VISIBILITY_INHERIT;
    else if (!rc)
        rc = cli_visibility(cli, &m.visibility, err);
    if (!rc)
        rc = cli_tags(cli, &m.tags, err);
    if (rc)
        return rc;
    m.bucket_name = uri.bucket;
    m.object_name = uri.key;
    m.content_type = new_text(cli, "--content-type");
    m.etag = new_text(cli, "--etag");
    if (text) {
        metadata.value = pb_data(bytes_str(text));
        m.metadata = &metadata;
    }
    return cli_act(cli, &m.base, err);
}

int cmd_object_move(struct cli *cli, struct err *err) {
    struct object_uri from, to;
    MsgMoveObject m = MSG_MOVE_OBJECT__INIT;
    int rc = cli_object_uri(cli->words[0], &from, err);
    if (!rc)
        rc = cli_object_uri(cli->words[1], &to, err);
    if (!rc && strcmp(from.bucket, to.bucket) != 0)
        rc = err_set(err, CODE_INVALID_ARGUMENT,
                     "an object moves within its bucket; into another one it is copied, then deleted");
    if (rc)
        return rc;
    m.bucket_name = from.bucket;
    m.object_name = from.key;
    m.new_object_name = to.key;
    return cli_act(cli, &m.base, err);
}

/* --- copy --------------------------------------------------------------------------------------------------------- */

struct copying {
    struct object_uri from, to;
    struct placement source;
    BucketInfo *bucket;
    const ObjectInfo *there; /* that it replaces; NULL: none */
    struct addr creator;
    Profile *profile;
    uint64_t term, max_price;
};

static int read_copy(struct cli *cli, struct copying *c, struct err *err) {
    struct ledger *ledger;
    struct placement there;
    int rc = cli_object_uri(cli->words[0], &c->from, err);
    if (!rc)
        rc = cli_object_uri(cli->words[1], &c->to, err);
    if (!rc)
        rc = cli_address(cli, &c->creator, err);
    if (!rc)
        rc = cli_profile(cli, NULL, &c->profile, err);
    if (!rc)
        rc = cli_duration(cli, "--term", 0, &c->term, err);
    if (!rc)
        rc = cli_number(cli, "--max-price", 0, UINT64_MAX, &c->max_price, err);
    if (!rc)
        rc = cli_ledger(cli, &ledger, err);
    if (!rc)
        rc = placement_find(ledger, c->from.bucket, c->from.key, 0, &cli->arena, &c->source, err);
    if (!rc)
        rc = placement_bucket(ledger, c->to.bucket, 0, &cli->arena, &c->bucket, err);
    if (rc || !cli_has(cli, "--overwrite"))
        return rc;
    rc = placement_find(ledger, c->to.bucket, c->to.key, 0, &cli->arena, &there, err);
    if (!rc)
        c->there = there.object;
    return rc == CODE_NOT_FOUND ? CODE_OK : rc;
}

static int copy_price(struct cli *cli, struct copying *c, struct err *err) {
    StorageProvider *sp;
    if (c->max_price)
        return CODE_OK;
    int rc = placement_sp(cli->ledger, c->bucket->primary_sp, &cli->arena, &sp, err);
    if (!rc)
        c->max_price = sp->store_price > UINT64_MAX / 2 ? UINT64_MAX : 2 * sp->store_price;
    return rc;
}

static int copy_spec(struct cli *cli, struct copying *c, struct bytes *ret, struct err *err) {
    const ObjectInfo *o = c->source.object;
    CreateObjectSpec spec = CREATE_OBJECT_SPEC__INIT;
    int rc = copy_price(cli, c, err);
    if (rc)
        return rc;
    spec.creator = pb_data(addr_bytes(&c->creator));
    spec.bucket_name = c->to.bucket;
    spec.object_name = c->to.key;
    spec.payload_size = o->payload_size;
    spec.content_root = o->content_root;
    spec.visibility = VISIBILITY_INHERIT;
    spec.content_type = o->content_type;
    spec.metadata = o->metadata;
    spec.envelope_digest = o->envelope_digest;
    spec.etag = o->etag;
    spec.tags = o->tags;
    spec.n_tags = o->n_tags;
    spec.profile = c->profile;
    spec.term = c->term;
    spec.max_price = c->max_price;
    spec.expected_version = c->there ? c->there->version : 0;
    return pb_encode(&spec, &cli->arena, ret, err);
}

/* The ledger takes the copy on; the primary of the destination makes it. */
int cmd_object_copy(struct cli *cli, struct err *err) {
    struct copying c = {.there = NULL};
    struct sp_client *sps;
    struct bytes spec;
    MsgCopyObject m = MSG_COPY_OBJECT__INIT;
    int rc = cli_sps(cli, true, &sps, err);
    if (!rc)
        rc = read_copy(cli, &c, err);
    if (!rc)
        rc = copy_spec(cli, &c, &spec, err);
    if (!rc && c.source.object->payload_size)
        rc = approval_ask(sps, c.bucket->primary_sp, APPROVAL_OBJECT, spec, &cli->arena, &m.approval, err);
    if (rc)
        return rc;
    m.creator = pb_data(addr_bytes(&c.creator));
    m.source_bucket_name = c.from.bucket;
    m.source_object_name = c.from.key;
    m.source_version = c.source.object->version;
    m.spec = pb_data(spec);
    rc = cli_act(cli, &m.base, err);
    if (!rc && c.source.object->payload_size)
        cli_note(cli, "provider %u makes the copy: `cairn object progress` tells how far it is", c.bucket->primary_sp);
    return rc;
}

/* --- renew -------------------------------------------------------------------------------------------------------- */

static int read_end(struct cli *cli, MsgRenewObject *m, struct err *err) {
    const char *term = cli_value(cli, "--term");
    struct placement p;
    uint64_t more;
    m->open_ended = cli_has(cli, "--open-ended");
    int rc = term ? cli_expiry(cli, term, &m->expires_at, err) : CODE_OK;
    if (!rc)
        rc = cli_duration(cli, "--extend", 0, &more, err);
    if (!rc)
        rc = cli_number(cli, "--expires-at", m->expires_at, UINT64_MAX, &m->expires_at, err);
    if (rc || !more)
        return rc;
    rc = cli_find_object(cli, cli->words[0], &p, err);
    if (!rc && !p.object->expires_at)
        rc = err_set(err, CODE_TERM, "%s has no end that could be moved: --term gives it one", p.object->object_name);
    if (!rc)
        m->expires_at = p.object->expires_at + more;
    return rc;
}

static int read_auto(struct cli *cli, AutoRenew *a, MsgRenewObject *m, struct err *err) {
    const char *until = cli_value(cli, "--auto-until");
    int rc = cli_duration(cli, "--auto-renew", 0, &a->period, err);
    if (!rc)
        rc = cli_number(cli, "--auto-price", 0, UINT64_MAX, &a->max_price, err);
    if (!rc && until)
        rc = cli_expiry(cli, until, &a->until, err);
    if (a->period || cli_has(cli, "--no-auto-renew"))
        m->auto_renew = a;
    if (!rc && !m->auto_renew && (a->max_price || a->until))
        rc = err_set(err, CODE_RENEW, "--auto-price and --auto-until go with --auto-renew");
    return rc;
}

int cmd_object_renew(struct cli *cli, struct err *err) {
    struct object_uri uri;
    MsgRenewObject m = MSG_RENEW_OBJECT__INIT;
    AutoRenew automatic = AUTO_RENEW__INIT;
    uint64_t copies = 0;
    int rc = cli_object_uri(cli->words[0], &uri, err);
    if (!rc)
        rc = cli_number(cli, "--copies", 0, 64, &copies, err);
    if (!rc)
        rc = cli_number(cli, "--max-price", 0, UINT64_MAX, &m.max_price, err);
    if (!rc)
        rc = read_end(cli, &m, err);
    if (!rc)
        rc = read_auto(cli, &automatic, &m, err);
    if (rc)
        return rc;
    m.bucket_name = uri.bucket;
    m.object_name = uri.key;
    m.copies = (uint32_t)copies;
    return cli_act(cli, &m.base, err);
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

int cmd_object_refund(struct cli *cli, struct err *err) {
    struct object_uri uri;
    RefundAnswer *a;
    int rc = cli_object_uri(cli->words[0], &uri, err);
    if (!rc)
        rc = cli_ask(cli, "/storage/refund", &refund_answer__descriptor, &a, err, "bucket_name", uri.bucket,
                     "object_name", uri.key, NULL);
    return rc ? rc : cli_print_pb(cli, a, err);
}

int cmd_object_state(struct cli *cli, struct err *err) {
    struct object_uri uri;
    DealAnswer *deal;
    int rc = cli_object_uri(cli->words[0], &uri, err);
    if (!rc)
        rc = cli_ask(cli, "/storage/deal", &deal_answer__descriptor, &deal, err, "bucket_name", uri.bucket,
                     "object_name", uri.key, NULL);
    if (rc)
        return rc;
    const EndedObject *e = deal->ended;
    const ObjectInfo *o = deal->object;
    return cli_print(cli,
                     json_pack("{s:s, s:i, s:b, s:i, s:i, s:i, s:s, s:s, s:s, s:s, s:s}", "state",
                               deal_state_name(deal->state), "code", (int)deal->code, "lost", (int)deal->lost,
                               "positions", (int)deal->positions, "sealed", (int)deal->sealed, "sound",
                               (int)deal->sound, "ends_at", cli_u64(cli, deal->ends_at), "expires_at",
                               cli_u64(cli, o ? o->expires_at : 0), "max_price", cli_u64(cli, o ? o->max_price : 0),
                               "replacing", cli_u64(cli, o ? o->replacing : 0), "ended", e ? e->end : ""),
                     err);
}

int cmd_object_discontinue(struct cli *cli, struct err *err) {
    struct object_uri uri;
    struct placement p;
    MsgDiscontinueObject m = MSG_DISCONTINUE_OBJECT__INIT;
    int rc = cli_object_uri(cli->words[0], &uri, err);
    if (!rc)
        rc = cli_find_object(cli, cli->words[0], &p, err);
    if (rc)
        return rc;
    m.bucket_name = uri.bucket;
    m.object_name = uri.key;
    m.object_id = p.object->id;
    m.reason = pb_text(cli->words[1]);
    return cli_act(cli, &m.base, err);
}
