/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_ACTION_H
#define CAIRN_CHAIN_TYPES_ACTION_H
/* What policies allow or deny, in the words that people type and read. */
#include "cairn/permission.h"
#include "chain/base/bytes.h"

/* "get" for ACTION_GET_OBJECT; "do that" for an action that has no word. */
const char *action_text(Action action);

/* The action of a word, whatever its case. CODE_INVALID_ARGUMENT with all words when there is none. */
int action_parse(const char *text, size_t len, Action *ret, struct err *err);

/* The ledger's reason for a no (CheckAnswer.reason) as the end of a sentence. A reason that is not known is returned.
 */
const char *action_denial_text(const char *reason);

#endif
