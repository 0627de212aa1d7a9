/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/cmd/cmd.h"

#include <string.h>

static struct cmd_option *find(struct cmd_option *options, size_t n, const char *name, size_t len) {
    for (size_t i = 0; i < n; i++)
        if (strlen(options[i].name) == len && memcmp(options[i].name, name, len) == 0)
            return &options[i];
    return NULL;
}

int cmd_options(int argc, char **argv, struct cmd_option *options, size_t n, struct err *err) {
    for (int i = 0; i < argc; i++) {
        const char *arg = argv[i];
        if (strncmp(arg, "--", 2) != 0 || arg[2] == '\0')
            return err_set(err, CODE_INVALID_ARGUMENT, "%s is no option; see cairnd help", arg);
        const char *eq = strchr(arg + 2, '=');
        size_t len = eq != NULL ? (size_t)(eq - arg - 2) : strlen(arg + 2);
        struct cmd_option *o = find(options, n, arg + 2, len);
        if (o == NULL)
            return err_set(err, CODE_INVALID_ARGUMENT, "there is no option %s here; see cairnd help", arg);
        if (o->value != NULL)
            return err_set(err, CODE_INVALID_ARGUMENT, "--%s is given twice", o->name);
        if (o->flag && eq != NULL)
            return err_set(err, CODE_INVALID_ARGUMENT, "--%s takes no value", o->name);
        if (o->flag)
            o->value = "";
        else if (eq != NULL)
            o->value = eq + 1;
        else if (++i < argc)
            o->value = argv[i];
        else
            return err_set(err, CODE_INVALID_ARGUMENT, "--%s needs a value", o->name);
    }
    for (size_t i = 0; i < n; i++)
        if (options[i].needed && options[i].value == NULL)
            return err_set(err, CODE_INVALID_ARGUMENT, "--%s is needed", options[i].name);
    return CODE_OK;
}
