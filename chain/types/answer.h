/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_ANSWER_H
#define CAIRN_CHAIN_TYPES_ANSWER_H
/*
 * Is this the answer to that challenge? The ledger asks before it counts one as passed, a provider before it sends one.
 *
 * The challenge names a checksum, a layout, a segment and leaves. The answer has each leaf's bytes with its path to the
 * piece's list tree root (all must lead to one piece root), and one path from the piece root to the checksum over the
 * position's pieces.
 */
#include "chain/base/err.h"

#include "cairn/challenge.h"

/*
 * CODE_OK when the answer has exactly the leaves asked for, in order, and they lead to the challenge's checksum.
 * CODE_MALFORMED for the wrong number of leaves, other indexes or wrong lengths; CODE_PROOF when the hashes do not lead
 * there. The challenge is the ledger's own record (its profile is valid, its segment and leaves exist).
 */
int answer_verify(const Challenge *challenge, const MsgAnswerChallenge *answer, struct err *err);

#endif
