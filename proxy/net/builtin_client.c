/* SPDX-License-Identifier: MIT */
/*
 * A client either reads or writes at any moment: reading stops while an answer is written, so one
 * buffer each way bounds the memory. Bytes behind a request wait in the buffer until its answer is
 * written. A client that half-closes gets the rest of its answer, then a FIN. Any error closes the
 * client silently.
 */
#include "proxy/net/builtin_client.h"

#include <stdlib.h>

#include "proxy/framing/framing.h"
#include "proxy/net/builtin.h"

static void on_closed(uv_handle_t *handle)
{
    struct builtin_client *client = container_of(handle, struct builtin_client, tcp);
    list_remove(&client->link);
    framing_free(client->request);
    free(client);
}

void builtin_client_close(struct builtin_client *client)
{
    if (!uv_is_closing((uv_handle_t *)&client->tcp))
        uv_close((uv_handle_t *)&client->tcp, on_closed);
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    (void)status;
    builtin_client_close(container_of(request, struct builtin_client, shutdown));
}

static void on_written(uv_write_t *request, int status)
{
    struct builtin_client *client = container_of(request, struct builtin_client, write);
    client->writing = false;
    if (status != 0)
        builtin_client_close(client);
    else
        builtin_client_continue(client);
}

void builtin_client_write(struct builtin_client *client, const char *bytes, size_t size)
{
    uv_buf_t buf = uv_buf_init((char *)bytes, (unsigned)size);
    uv_read_stop((uv_stream_t *)&client->tcp);
    client->writing = true;
    if (uv_write(&client->write, (uv_stream_t *)&client->tcp, &buf, 1, on_written) != 0)
        builtin_client_close(client);
}

/* Writes the next piece of the pattern. The bytes depend on the offset alone, not on the sizes of
 * the writes. */
static void write_pattern(struct builtin_client *client)
{
    size_t at = (size_t)(client->sent % BUILTIN_PATTERN_SIZE);
    size_t size = BUILTIN_PATTERN_SIZE - at;
    if (!client->endless && client->to_send < size)
        size = (size_t)client->to_send;
    client->sent += size;
    client->to_send -= client->endless ? 0 : size;
    builtin_client_write(client, client->owner->pattern + at, size);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct builtin_client *client = container_of(handle, struct builtin_client, tcp);
    *buf = uv_buf_init(client->buffer, sizeof client->buffer);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    (void)buf;
    struct builtin_client *client = container_of(stream, struct builtin_client, tcp);
    if (n > 0) {
        client->begin = 0;
        client->end = (size_t)n;
        client->service->on_data(client);
    } else if (n == UV_EOF) {
        client->ended = true;
        client->endless = false;
        if (!client->writing)
            builtin_client_continue(client);
    } else if (n < 0) {
        builtin_client_close(client);
    }
}

void builtin_client_continue(struct builtin_client *client)
{
    if (uv_is_closing((uv_handle_t *)&client->tcp))
        return;
    if (client->to_send == 0 && !client->ended && client->begin < client->end)
        client->service->on_data(client);
    if (client->writing || uv_is_closing((uv_handle_t *)&client->tcp))
        return;
    bool sends = client->endless || client->to_send > 0;
    if (sends)
        write_pattern(client);
    else if (client->ended &&
             uv_shutdown(&client->shutdown, (uv_stream_t *)&client->tcp, on_shutdown) != 0)
        builtin_client_close(client);
    /* An endless sender keeps reading, to notice the peer's end. */
    if (client->endless || (!sends && !client->ended))
        uv_read_start((uv_stream_t *)&client->tcp, on_alloc, on_read);
}
