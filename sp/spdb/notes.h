/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The small records: how far the ledger was followed, which approvals are out, single messages by name.
 */
#ifndef CAIRN_SP_SPDB_NOTES_H
#define CAIRN_SP_SPDB_NOTES_H

#include "cairn/sp_db.h"
#include "chain/base/fixed.h"
#include "sp/spdb/spdb.h"

/* How far a follower has come; height 0 when it never started. */
int cursor_get(struct spdb *db, const char *name, uint64_t *ret_height, uint32_t *ret_index, struct err *err);
int cursor_put(struct spdb *db, const char *name, uint64_t height, uint32_t index, struct err *err);
void cursor_put_in(struct spdb_batch *batch, const char *name, uint64_t height, uint32_t index);

/* Approvals given, by H(spec), so that the same request gets the same answer. */
int approval_get(struct spdb *db, const struct hash *spec_hash, struct arena *arena, ApprovalRecord **ret_record,
                 struct err *err);
int approval_put(struct spdb *db, const struct hash *spec_hash, const ApprovalRecord *record, struct err *err);
int approval_del(struct spdb *db, const struct hash *spec_hash, struct err *err);
/* msg is a const ApprovalRecord *, key the hash. */
int approval_each(struct spdb *db, spdb_visit *visit, void *ctx, struct err *err);

/* One message under a name of at most 32 bytes. */
int note_get(struct spdb *db, const char *name, const ProtobufCMessageDescriptor *desc, struct arena *arena,
             void *ret_msg, struct err *err);
int note_put(struct spdb *db, const char *name, const void *msg, struct err *err);

#endif
