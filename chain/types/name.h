/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_NAME_H
#define CAIRN_CHAIN_TYPES_NAME_H
/*
 * What buckets, objects and groups may be called. Clients check before they ask, the ledger checks what it is told.
 * All answer CODE_OK, or CODE_INVALID_ARGUMENT with a sentence that names the rule.
 */
#include "chain/base/bytes.h"

/*
 * S3's rules for buckets: 3..63 of a-z 0-9 . -; every label between dots begins and ends with a letter or digit (so no
 * "..",
 * ".-", "-."); not the form of an IPv4 address; no prefix xn-- sthree- amzn-s3-demo-, no suffix -s3alias --ol-s3 .mrap
 * --x-s3
 * --table-s3.
 */
int name_check_bucket(const char *name, struct err *err);

/* 1..1024 bytes of UTF-8 without control characters; no "." or ".." between slashes; not "/" at the start and no "//"
 * (either would be an empty part in a URL). A slash at the end is allowed: S3 tools make such objects for folders. */
int name_check_object(const char *name, struct err *err);

/* 1..63 bytes of UTF-8 without control characters or slashes, no blank at either end. */
int name_check_group(const char *name, struct err *err);

#endif
