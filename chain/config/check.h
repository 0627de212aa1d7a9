/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a config value must look like beyond its type, by field name.
 */
#ifndef CAIRN_CHAIN_CONFIG_CHECK_H
#define CAIRN_CHAIN_CONFIG_CHECK_H

#include <protobuf-c/protobuf-c.h>

#include "chain/base/err.h"

/*
 * Is `text` fit for this field? Fields named …_listen and address hold host:port (port 1–65535), …_nodes
 * http://host:port or https://…, log_level one of debug, info, warn, error; others are free. Empty is always fit.
 * CODE_CONFIG.
 */
int config_check_value(const ProtobufCFieldDescriptor *field, const char *text, struct err *err);

#endif
