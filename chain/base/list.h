/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_BASE_LIST_H
#define CAIRN_CHAIN_BASE_LIST_H
/* A doubly linked ring; the node sits inside the element. An empty list points at itself; a node taken out does too. */
#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next, *prev;
};

#define LIST_ENTRY(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))
#define LIST_FOR_EACH(it, head)        for (struct list *it = (head)->next; it != (head); it = it->next)
/* The element at `it` may be removed in the loop. */
#define LIST_FOR_EACH_SAFE(it, head)                                                                                   \
    for (struct list *it = (head)->next, *it##_next = it->next; it != (head); it = it##_next, it##_next = it->next)

static inline void list_init(struct list *l) {
    l->next = l->prev = l;
}
static inline bool list_empty(const struct list *l) {
    return l->next == l;
}
static inline void list_push_back(struct list *head, struct list *node) {
    node->prev = head->prev;
    node->next = head;
    head->prev->next = node;
    head->prev = node;
}
static inline void list_push_front(struct list *head, struct list *node) {
    list_push_back(head->next, node);
}
static inline void list_remove(struct list *node) {
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}
/* NULL when empty. */
static inline struct list *list_first(struct list *head) {
    return list_empty(head) ? NULL : head->next;
}
static inline struct list *list_last(struct list *head) {
    return list_empty(head) ? NULL : head->prev;
}

#endif
