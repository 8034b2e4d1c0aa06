/* SPDX-License-Identifier: MIT */
#include "proxy/relay/change_search.h"

uint64_t change_search_first(struct change_search *search, const struct fault_type *type,
    const void *params, uint64_t key, uint64_t offset, size_t n)
{
    uint64_t end = offset + n;
    if (offset < search->from || offset > search->to)
        search->from = search->to = offset;
    if (end <= search->to)
        return FAULT_NO_PLACE;
    uint64_t first = type->first_changed(params, key, search->to, (size_t)(end - search->to));
    search->to = first == FAULT_NO_PLACE ? end : first;
    return first;
}
