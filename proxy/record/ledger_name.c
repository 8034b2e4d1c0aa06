/* SPDX-License-Identifier: MIT */
#include "proxy/record/ledger_name.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/base/list.h"

struct ledger_name *ledger_name_add(struct hash *names, const char *text, size_t index)
{
    size_t size = strlen(text) + 1;
    struct ledger_name *name = calloc(1, sizeof *name + size);
    if (name == NULL)
        return NULL;
    name->index = index;
    memcpy(name->text, text, size);
    if (hash_add(names, &name->link, hash_text(0, text)) == 0)
        return name;
    free(name);
    return NULL;
}

struct ledger_name *ledger_name_find(const struct hash *names, const char *text)
{
    struct hash_link *link = hash_find(names, hash_text(0, text));
    for (; link != NULL; link = hash_find_next(link)) {
        struct ledger_name *name = container_of(link, struct ledger_name, link);
        if (strcmp(name->text, text) == 0)
            return name;
    }
    return NULL;
}

void ledger_name_remove(struct hash *names, struct ledger_name *name)
{
    hash_remove(names, &name->link);
    free(name);
}
