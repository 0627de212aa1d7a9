/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/crypto/wipe.h"
#include "chain/os/file.h"
#include "chain/os/random.h"
#include "chain/signer/signer.h"

#include <errno.h>
#include <sys/stat.h>

int key_file_create(const char *path, struct seckey *ret_key, struct err *err) {
    uint8_t raw[32];
    char text[66];
    struct seckey key;
    do
        random_bytes(raw, sizeof raw);
    while (seckey_init(&key, raw, NULL) != CODE_OK);
    hex_encode(raw, sizeof raw, text);
    text[64] = '\n';
    int rc = file_write_new(path, bytes_of(text, 65), 0600, err);
    if (rc == CODE_OK)
        *ret_key = key;
    wipe(raw, sizeof raw);
    wipe(text, sizeof text);
    seckey_wipe(&key);
    return rc;
}

int key_file_read(const char *path, struct seckey *ret_key, struct err *err) {
    struct stat st;
    if (stat(path, &st) != 0)
        return err_errno(err, errno, "key file %s", path);
    if ((st.st_mode & 077) != 0)
        return err_set(err, CODE_DENIED, "key file %s can be read by others (mode %04o); run: chmod 600 %s", path,
                       (unsigned)(st.st_mode & 07777), path);
    struct buf text;
    buf_init(&text, 128);
    int rc = file_read(path, &text, err);
    uint8_t raw[32];
    if (rc == CODE_OK) {
        size_t n = text.len > 0 && text.data[text.len - 1] == '\n' ? text.len - 1 : text.len;
        if (!hex_decode((const char *)text.data, n, raw, sizeof raw))
            rc = err_set(err, CODE_MALFORMED, "key file %s: want 64 hexadecimal digits", path);
    }
    if (rc == CODE_OK) {
        rc = seckey_init(ret_key, raw, err);
        if (rc != CODE_OK)
            rc = err_wrap(err, rc, "key file %s", path);
    }
    if (text.data != NULL)
        wipe(text.data, text.len);
    wipe(raw, sizeof raw);
    buf_release(&text);
    return rc;
}
