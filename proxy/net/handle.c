/* SPDX-License-Identifier: MIT */
#include "proxy/net/handle.h"

#include <stdlib.h>

static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

void handle_free(uv_handle_t *handle)
{
    uv_close(handle, on_closed);
}
