/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/executor/placing.h"

#include "chain/codec/pb.h"
#include "chain/os/log.h"
#include "chain/types/layout.h"
#include "sp/executor/secondaries.h"

#include <inttypes.h>
#include <stdio.h>

enum { GROUP_PATH_MAX = 96 };

/* As if it had been created: what the other providers are asked about. */
static ObjectInfo object_of(const SecondaryAsk *q) {
    ObjectInfo o = OBJECT_INFO__INIT;
    o.payload_size = q->payload_size;
    o.profile = q->profile;
    o.max_price = q->max_price;
    o.bucket_id = q->bucket_id;
    o.bucket_name = q->bucket_name;
    o.object_name = q->object_name;
    o.creator = q->creator;
    o.version = q->version;
    return o;
}

static int check_count(struct provider *p, struct arena *arena, struct err *err) {
    char path[GROUP_PATH_MAX];
    PlacementGroupsAnswer *groups;
    snprintf(path, sizeof path, "/sp/groups?sp_id=%u&primary=true&limit=%d", p->sp_id, PLACING_GROUPS_MAX);
    int rc = ledger_query_pb(p->ledger, path, &placement_groups_answer__descriptor, arena, &groups, err);
    if (!rc && groups->n_groups >= PLACING_GROUPS_MAX)
        rc = err_set(err, CODE_LIMIT,
                     "none of this primary's placement groups has these members willing, and it opens no more for such "
                     "objects; store it in two steps");
    return rc;
}

static int open_group(struct provider *p, const Profile *profile, const struct secondary *chosen, struct arena *arena,
                      uint64_t *ret, struct err *err) {
    MsgOpenGroup open = MSG_OPEN_GROUP__INIT;
    Msg msg = MSG__INIT, *msgs[] = {&msg};
    uint32_t members[CODE_N_MAX], positions = profile_positions(profile);
    struct signer_result result;
    int rc = check_count(p, arena, err);
    if (rc)
        return rc;
    for (uint32_t i = 0; i < positions; i++)
        members[i] = chosen[i].sp_id;
    open.creator = pb_data(addr_bytes(&p->signer->seal_account));
    open.profile = (Profile *)(uintptr_t)profile;
    open.members = members;
    open.n_members = positions;
    msg.body_case = MSG__BODY_OPEN_GROUP;
    msg.open_group = &open;
    rc = signer_send(p->signer, msgs, 1, false, &result, err);
    if (!rc)
        rc = secondaries_group(p, profile, chosen, arena, ret, err);
    if (!rc && !*ret)
        rc = err_set(err, CODE_NOT_READY, "the placement group was opened a moment ago; ask again");
    if (!rc)
        log_info("executor", "a placement group was opened for a client", "group=%" PRIu64, *ret);
    return rc;
}

int placing_find(struct provider *p, const SecondaryAsk *question, const uint32_t *avoid, size_t avoid_count,
                 struct arena *arena, PlacementGroup **ret, struct err *err) {
    struct secondary chosen[CODE_N_MAX] = {0};
    ObjectInfo object = object_of(question);
    char path[GROUP_PATH_MAX];
    uint64_t id = 0;
    int rc = secondaries_choose(p, &object, avoid, avoid_count, chosen, arena, &id, err);
    if (!rc && !id)
        rc = open_group(p, question->profile, chosen, arena, &id, err);
    if (rc)
        return rc;
    snprintf(path, sizeof path, "/sp/group?id=%" PRIu64, id);
    return ledger_query_pb(p->ledger, path, &placement_group__descriptor, arena, ret, err);
}
