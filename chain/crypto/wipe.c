/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE /* explicit_bzero */
#include "chain/crypto/wipe.h"

#include <string.h>

void wipe(void *data, size_t len) {
    if (len > 0)
        explicit_bzero(data, len);
}
