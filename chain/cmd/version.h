/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_CMD_VERSION_H
#define CAIRN_CHAIN_CMD_VERSION_H
/* What cairnd says it is. */
#define CAIRND_VERSION "0.1.0"
#endif
