/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/action.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    Action action;
} names[] = {
    {"all", ACTION_ALL},
    {"get", ACTION_GET_OBJECT},
    {"list", ACTION_LIST_OBJECTS},
    {"create", ACTION_CREATE_OBJECT},
    {"delete", ACTION_DELETE_OBJECT},
    {"update", ACTION_UPDATE_OBJECT},
    {"copy", ACTION_COPY_OBJECT},
    {"update-bucket", ACTION_UPDATE_BUCKET},
    {"delete-bucket", ACTION_DELETE_BUCKET},
    {"update-members", ACTION_UPDATE_GROUP_MEMBERS},
    {"delete-group", ACTION_DELETE_GROUP},
    {"renew", ACTION_RENEW_OBJECT},
    {"update-group", ACTION_UPDATE_GROUP},
};

const char *action_text(Action action) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].action == action)
            return names[i].name;
    return "do that";
}

int action_parse(const char *text, size_t len, Action *ret, struct err *err) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i].name) == len && !strncasecmp(names[i].name, text, len)) {
            *ret = names[i].action;
            return CODE_OK;
        }
    return err_set(err, CODE_INVALID_ARGUMENT,
                   "\"%.*s\" is not an action: all, get, list, create, delete, update, copy, update-bucket, "
                   "delete-bucket, renew, update-members, update-group, delete-group",
                   (int)(len < 40 ? len : 40), text);
}

const char *action_denial_text(const char *reason) {
    return !*reason || !strcmp(reason, "nothing") ? "no policy allows it"
           : !strcmp(reason, "denied")            ? "a policy denies it"
           : !strcmp(reason, "budget")            ? "it is more than the policy that would allow it has left"
                                                  : reason;
}
