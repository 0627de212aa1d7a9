/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/deal_state.h"
#include "chain/types/layout.h"

uint64_t deal_sealed_positions(const ObjectInfo *object) {
    uint64_t positions = 0;
    for (size_t i = 0; i < object->sealed_positions.len && i < 8; i++)
        positions |= (uint64_t)object->sealed_positions.data[i] << 8 * i;
    return positions;
}

bool deal_is_stored(const ObjectInfo *object) {
    return object->object_status == OBJECT_STATUS_SEALED || object->object_status == OBJECT_STATUS_DISCONTINUED;
}

static DealState by_positions(const struct deal_facts *facts) {
    const ObjectInfo *object = facts->object;
    if (!deal_is_stored(object))
        return DEAL_STATE_BID;
    if (object->payload_size == 0)
        return DEAL_STATE_DEAL; /* no pieces, nothing to lose */
    uint64_t held = deal_sealed_positions(object) & facts->live;
    uint32_t positions = profile_positions(object->profile);
    uint64_t all = positions == 64 ? UINT64_MAX : ((uint64_t)1 << positions) - 1;
    if (object->lost || !profile_readable(object->profile, held))
        return DEAL_STATE_BID;
    return (held & all) == all ? DEAL_STATE_DEAL : DEAL_STATE_PART_DEAL;
}

DealState deal_state(const struct deal_facts *facts) {
    uint64_t end = facts->object->expires_at;
    if (facts->settled || (facts->object->ends_at != 0 && facts->now >= facts->object->ends_at))
        return DEAL_STATE_END;
    if (end != 0 && facts->now >= end)
        return DEAL_STATE_PENDING_END;
    DealState state = by_positions(facts);
    bool ending = facts->doomed || facts->object->object_status == OBJECT_STATUS_DISCONTINUED ||
                  (end != 0 && end - facts->now <= facts->warning_ms);
    return ending && state != DEAL_STATE_BID ? DEAL_STATE_PENDING_END : state;
}

uint32_t deal_state_code(DealState state) {
    return state == DEAL_STATE_UNSPECIFIED ? 0 : (uint32_t)state - DEAL_STATE_BID;
}

bool deal_lost(const struct deal_facts *facts) {
    return deal_is_stored(facts->object) && by_positions(facts) == DEAL_STATE_BID && !facts->settled;
}

const char *deal_state_name(DealState state) {
    switch ((int)state) {
    case DEAL_STATE_BID:
        return "bid";
    case DEAL_STATE_PART_DEAL:
        return "part-deal";
    case DEAL_STATE_DEAL:
        return "deal";
    case DEAL_STATE_PENDING_END:
        return "pending-end";
    case DEAL_STATE_END:
        return "end";
    default:
        return "unknown";
    }
}
