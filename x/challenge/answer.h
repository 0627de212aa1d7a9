/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_CHALLENGE_ANSWER_H
#define CAIRN_X_CHALLENGE_ANSWER_H
/* Does an answer show that the provider has the piece? Pure: the challenge's record has all that is needed. */
#include "chain/base/err.h"

#include "cairn/challenge.h"

#define CHALLENGE_LEAVES_MAX 64 /* of one challenge */

/*
 * Every leaf that was asked, in that order, with the length that it has in the piece, leads by its path to one piece
 * root, and that by piece_path to the sealed checksum; paths have exactly the lengths that index and count give.
 * CODE_CHALLENGE_LEAVES, CODE_CHALLENGE_LEAF, CODE_CHALLENGE_PATH.
 */
int answer_verify(const Challenge *challenge, const MsgAnswerChallenge *answer, struct err *err);

#endif
