/* SPDX-License-Identifier: MIT */
/*
 * A FIN is held for ever, and both peers have closed. The kernel finds out that they are gone, and
 * only then the connection ends. So that the test need not wait a minute, the peers' kernel
 * forgets them after a second (TCP_LINGER2), and it is probed each second.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxy/net/connection.h"
#include "tests/lib/rig.h"
#include "tests/lib/wire.h"

struct pair {
    struct wire_listener listener;
    int client, server;
    struct session *session;
};

static void connect_pair(struct rig *rig, struct pair *pair, const char *listen, const char *server)
{
    char words[512];
    assert_int_equal(wire_listen(&pair->listener, server, 1, 0), 0);
    snprintf(words, sizeof words, "listen=%s upstream=%s", listen, pair->listener.text);
    assert_int_equal(rig_add_proxy(rig, "a", words), CONTROL_OK);
    assert_int_equal(rig_add(rig, "a", "f", "type=hold_fin"), CONTROL_OK);
    pair->client = rig_connect(rig, "a");
    assert_true(pair->client >= 0);
    RIG_WAIT(rig, rig->events[EVENT_OPEN] == 1);
    pair->server = wire_accept(&pair->listener);
    assert_true(pair->server >= 0);
    const struct proxy *proxy = control_proxy(&rig->control, "a");
    pair->session = &container_of(proxy->connections.next, struct connection, link)->session;
}

/* Closes for good: the kernel forgets the socket one second later. */
static void leave(int fd)
{
    int second = 1;
    assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_LINGER2, &second, sizeof second), 0);
    close(fd);
}

static void probe_now(struct session *session)
{
    session->probes_from = session->now;
    for (int i = 0; i < 2; i++) {
        int second = 1;
        struct endpoint *ep = session->side[i].ep;
        const struct socket_endpoint *socket = container_of(ep, struct socket_endpoint, ep);
        ep->ops->probe(ep, 1);
        assert_int_equal(
            setsockopt(socket->fd, IPPROTO_TCP, TCP_KEEPINTVL, &second, sizeof second), 0);
    }
}

static void a_held_fin_waits_until_the_last_peer_is_gone(void **state)
{
    struct rig *rig = *state;
    struct pair pair;
    connect_pair(rig, &pair, "127.0.0.1:0", "127.0.0.1:0");
    assert_int_equal(shutdown(pair.client, SHUT_WR), 0);
    leave(pair.server);
    RIG_WAIT(rig, pair.session->probes_from != TIME_NEVER);
    probe_now(pair.session);
    RIG_WAIT(rig, (pair.session->side[SIDE_SERVER].ep->ready & ENDPOINT_ERROR) != 0);
    rig_turn(rig);
    assert_int_equal(rig->events[EVENT_CLOSED], 0);
    assert_int_equal(rig_readable(pair.client), 0);
    leave(pair.client);
    RIG_WAIT(rig, rig->events[EVENT_CLOSED] == 1);
    assert_int_equal(rig->events[EVENT_RESET_SEEN], 2);
    wire_unlisten(&pair.listener);
}

/* A UNIX socket shows at once that its peer is gone. */
static void between_unix_sockets_nothing_is_probed(void **state)
{
    struct rig *rig = *state;
    struct pair pair;
    char folder[] = "/tmp/rudeproxy-deserted.XXXXXX", listen[64], server[64];
    assert_non_null(mkdtemp(folder));
    snprintf(listen, sizeof listen, "unix:%s/proxy", folder);
    snprintf(server, sizeof server, "unix:%s/server", folder);
    connect_pair(rig, &pair, listen, server);
    close(pair.server);
    for (int i = 0; i < 5; i++)
        rig_turn(rig);
    assert_int_equal(rig->events[EVENT_CLOSED], 0);
    close(pair.client);
    RIG_WAIT(rig, rig->events[EVENT_CLOSED] == 1);
    assert_int_equal(control_remove_proxy(&rig->control, "a", &rig->err), CONTROL_OK);
    wire_unlisten(&pair.listener);
    unlink(server + strlen("unix:"));
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_held_fin_waits_until_the_last_peer_is_gone, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(
            between_unix_sockets_nothing_is_probed, rig_setup, rig_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
