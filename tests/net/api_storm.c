/* SPDX-License-Identifier: MIT */
/*
 * Requests that are wrong in every way, and a thousand at once: each gets the 4xx that HTTP allows,
 * nothing changes, nothing is left behind, and the connections of a proxy do not notice.
 *
 * One client sends a byte now and then from the beginning of the test to its end, and has its 408
 * when everything else is over. Another one sends a single byte behind its first request.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/lib/expect.h"
#include "tests/lib/http_answer.h"
#include "tests/lib/records.h"
#include "tests/lib/wire.h"

#define STORM 1000
#define SLOW_DEADLINE_MS 40000

/* The work that the program may do before it forwards an echo while the API is stormed: 1,000
 * requests are some 30 ms, done in turns of 2 ms. Counted in its CPU time, which other tests do not
 * take from it. */
#define ECHO_CPU_MS_MAX 500

static struct proxy_process process;
static int slow_fd = -1;
static int64_t slow_since;
static int kept_fd = -1; /* a slow one whose first request was answered */

static bool send_text(int fd, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t n = send(fd, text, size, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            if (wire_poll(fd, POLLOUT, WIRE_DEADLINE_MS) < 0)
                return false;
            continue;
        }
        if (n < 0)
            return false;
        text += n;
        size -= (size_t)n;
    }
    return true;
}

/* Reads as many bytes as `text` has: they are those of `text`. */
static bool read_text(int fd, const char *text)
{
    char byte;
    for (size_t i = 0; text[i] != '\0'; i++) {
        bool arrived = wire_poll(fd, POLLIN, WIRE_DEADLINE_MS) > 0 && recv(fd, &byte, 1, 0) == 1;
        if (!expect_true(text, arrived && byte == text[i]))
            return false;
    }
    return true;
}

/* Sends bytes as they are, and perhaps a FIN, and reads the answer. */
static struct http_answer *exchange_and_end(const char *bytes, size_t size, bool shut)
{
    static struct http_answer answer;
    int fd = wire_connect_proxy(&process, "@admin");
    memset(&answer, 0, sizeof answer);
    if (fd < 0)
        return &answer;
    send_text(fd, bytes, size);
    if (shut)
        shutdown(fd, SHUT_WR);
    http_answer_read(fd, &answer, WIRE_DEADLINE_MS);
    close(fd);
    return &answer;
}

/* A status that refuses, or an end without one. */
static bool is_refused(const struct http_answer *answer, int status_max)
{
    return answer->status == 0 ? answer->ended
                               : answer->status >= 400 && answer->status <= status_max;
}

static struct http_answer *exchange(const char *bytes, size_t size)
{
    return exchange_and_end(bytes, size, false);
}

static struct http_answer *request(const char *method, const char *path, const char *body)
{
    char text[4096];
    int size = snprintf(text, sizeof text,
        "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n%s", method, path,
        strlen(body), body);
    return exchange(text, (size_t)size);
}

/* Whether there is one proxy, and nothing else. */
static bool nothing_has_changed(void)
{
    struct http_answer *answer = request("GET", "/v1/proxies", "");
    return expect_number("GET /v1/proxies", answer->status, 200) &&
           expect_true("one proxy", strstr(answer->text, "\"name\":\"echo\"") != NULL) &&
           expect_true(
               "only one", strstr(strstr(answer->text, "\"name\":") + 1, "\"name\":") == NULL) &&
           expect_true("no fault", strstr(answer->text, "\"faults\":[]") != NULL);
}

static bool is_json_error(const struct http_answer *answer, int status)
{
    char wanted[32];
    snprintf(wanted, sizeof wanted, "\"status\":%d}", status);
    bool good =
        expect_number("status", answer->status, status) &&
        expect_true("an error in JSON", strstr(answer->text, "\r\n\r\n{\"error\":\"") != NULL) &&
        expect_true("its status", strstr(answer->text, wanted) != NULL);
    if (!good)
        printf("     the answer: %.300s\n", answer->text);
    return good;
}

/* --- The cases --- */

/* Bytes that are not HTTP get a 4xx or an end, never a 2xx. The bound on the time of a request has
 * its own test below. */
static bool garbage_is_refused(void)
{
    static const char *const texts[] = {
        "\r\n\r\n\r\n\r\n",
        "hello\r\n\r\n",
        "GET\r\n\r\n",
        "GET /version\r\n\r\n",
        "GET  HTTP/1.1\r\n\r\n",
        "GET /version HTTP/9.9\r\nHost: localhost\r\n\r\n",
        "GET /version HTTP/1.1\r\nHost localhost\r\n\r\n",
        "POST /proxies HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n{}",
        "POST /proxies HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n{}",
        ("POST /proxies HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
         "99999999999999999999999999\r\n\r\n{}"),
        "POST /proxies HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    };
    bool good = true;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct http_answer *answer = exchange_and_end(texts[i], strlen(texts[i]), true);
        bool refused = is_refused(answer, 599);
        if (!refused)
            printf("     %zu: %s\n     got %.200s\n", i, texts[i], answer->text);
        good = good && refused;
    }
    return good && nothing_has_changed();
}

/* A client that is gone in the middle of what it says, at each byte. */
static bool half_a_request_does_nothing(void)
{
    static const char text[] = "POST /proxies HTTP/1.1\r\nHost: localhost\r\nContent-Length: 32\r\n"
                               "\r\n{\"name\":\"x\",\"upstream\":\"y:1\"}  ";
    for (size_t size = 0; size + 1 < sizeof text - 1; size++) {
        int fd = wire_connect_proxy(&process, "@admin");
        if (!expect_true("connected", fd >= 0))
            return false;
        send_text(fd, text, size);
        if (size % 2 == 0)
            wire_reset(fd);
        else
            close(fd);
    }
    return nothing_has_changed();
}

/* A head that does not fit, and one that does. */
static bool a_long_head_is_refused(void)
{
    static char text[100000];
    size_t used =
        (size_t)snprintf(text, sizeof text, "GET /version HTTP/1.1\r\nHost: localhost\r\nX: ");
    memset(text + used, 'x', 60000);
    snprintf(text + used + 60000, 8, "\r\n\r\n");
    struct http_answer *answer = exchange(text, used + 60004);
    bool good = expect_true("a 4xx or an end", is_refused(answer, 499));
    memset(text + 5, 'y', 40000);
    answer = exchange(text, used + 60004);
    return good && expect_true("a 4xx or an end", is_refused(answer, 499));
}

/* A body of 3 MB, with a length before it or in chunks: read, not kept, and answered. */
static bool a_large_body_gets_a_413(void)
{
    enum { SIZE = 3000000 };
    char *text = malloc(SIZE + 4096);
    if (text == NULL)
        return false;
    size_t head = (size_t)snprintf(text, 4096,
        "POST /v1/proxies HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n", SIZE);
    memset(text + head, '{', SIZE);
    bool good = is_json_error(exchange(text, head + SIZE), 413);
    head = (size_t)snprintf(text, 4096,
        "POST /proxies HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n",
        SIZE);
    memset(text + head, '{', SIZE);
    memcpy(text + head + SIZE, "\r\n0\r\n\r\n", 7);
    good = is_json_error(exchange(text, head + SIZE + 7), 413) && good;
    /* One that asks first is told before it sends anything. */
    static const char asks[] =
        "POST /proxies HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
        "Content-Length: 1000000000000\r\n\r\n";
    good = is_json_error(exchange(asks, strlen(asks)), 413) && good;
    free(text);
    return good && nothing_has_changed();
}

static bool wrong_json_gets_a_400(void)
{
    static const char *const bodies[] = {
        "",
        "{",
        "[",
        "\"",
        "{\"name\"",
        "nul",
        "{\"name\":1}",
        "\xff\xfe",
        "{\"a\":\"\xff\"}",
        "{\"name\":\"x\",\"listen\":\"127.0.0.1:0\",\"upstream\":\"127.0.0.1:1\",\"x\":1}",
        "{\"a\":1e999}",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
        "{\"name\":\"\\u0000\"}",
        "{\"name\":\"\\ud800\"}",
        "\0{}",
    };
    bool good = true;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        good = is_json_error(request("POST", "/v1/proxies", bodies[i]), 400) && good;
        good = is_json_error(request("POST", "/v1/proxies/echo/faults", bodies[i]), 400) && good;
    }
    /* Deeper than any stack of ours. */
    static char deep[200000];
    size_t head = (size_t)snprintf(deep, sizeof deep,
        "POST /proxies HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n", 150000);
    memset(deep + head, '[', 150000);
    good = is_json_error(exchange(deep, head + 150000), 400) && good;
    return good && nothing_has_changed();
}

/* Milliseconds of CPU time that the program has had. */
static int64_t cpu_ms(void)
{
    clockid_t clock;
    struct timespec now = {0};
    if (clock_getcpuclockid(process.pid, &clock) == 0)
        (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* How much the program does until a byte is through the proxy and back; -1: it does not come. */
static int64_t echo_once(int fd)
{
    int64_t start = cpu_ms();
    char byte = 'x';
    if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1 || wire_poll(fd, POLLIN, WIRE_DEADLINE_MS) <= 0 ||
        recv(fd, &byte, 1, 0) != 1)
        return -1;
    return cpu_ms() - start;
}

static bool open_storm(int *fds)
{
    static const char text[] = "POST /proxies HTTP/1.1\r\nHost: localhost\r\nContent-Length: 33\r\n"
                               "\r\n{\"name\":\"x\",\"upstream\":\"y:1\",xxx}";
    for (int i = 0; i < STORM; i++) {
        fds[i] = wire_connect_proxy(&process, "@admin");
        if (fds[i] < 0 || !send_text(fds[i], text, sizeof text - 1))
            return expect_number("connections", i, STORM);
    }
    return true;
}

static bool a_thousand_at_once_are_answered(void)
{
    static int fds[STORM];
    static struct http_answer answer;
    int before = records_count_descriptors(process.pid);
    int echo = wire_connect_proxy(&process, "echo");
    int64_t worst = 0;
    bool good = expect_true("connected", echo >= 0) && open_storm(fds);
    for (int i = 0; i < STORM && good; i++) {
        int64_t took = i % 10 == 0 ? echo_once(echo) : 0;
        worst = took < 0 || took > worst ? took : worst;
        http_answer_read(fds[i], &answer, WIRE_DEADLINE_MS);
        good = is_json_error(&answer, 400) && took >= 0;
        close(fds[i]);
    }
    close(echo);
    if (good && worst > ECHO_CPU_MS_MAX)
        good = expect_number("an echo took ms of CPU", (long)worst, ECHO_CPU_MS_MAX);
    int64_t end = wire_now_ms() + WIRE_DEADLINE_MS;
    while (good && records_count_descriptors(process.pid) > before && wire_now_ms() < end)
        wire_tick();
    return good &&
           expect_true("no descriptor is left", records_count_descriptors(process.pid) <= before) &&
           nothing_has_changed();
}

/* More connections than we take, with nothing to say: the rest waits, and who speaks is answered.
 */
static bool silent_connections_do_not_shut_the_api(void)
{
    static int fds[2 * STORM];
    for (int i = 0; i < 2 * STORM; i++)
        fds[i] = wire_connect_proxy(&process, "@admin");
    bool good = nothing_has_changed();
    for (int i = 0; i < 2 * STORM; i++)
        close(fds[i]);
    return good;
}

static bool begin_slowly(void)
{
    static const char text[] = "POST /pro";
    slow_fd = wire_connect_proxy(&process, "@admin");
    slow_since = wire_now_ms();
    return expect_true("connected", slow_fd >= 0) && send_text(slow_fd, text, sizeof text - 1);
}

/* The last case: 15 seconds from the first byte, however often another one comes, and when the
 * first line is complete. So a request that began later, and says no more, has its 408 later. */
static bool a_slow_request_gets_a_408(void)
{
    static const char text[] = "xies HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{";
    static struct http_answer answer;
    int later = wire_connect_proxy(&process, "@admin");
    bool in_order = expect_true("connected", later >= 0) && send_text(later, "G", 1);
    while (wire_now_ms() < slow_since + 10000 && wire_poll(slow_fd, POLLIN, 200) <= 0)
        ;
    if (wire_poll(slow_fd, POLLIN, 0) <= 0)
        send_text(slow_fd, text, sizeof text - 1);
    int64_t end = wire_now_ms() + SLOW_DEADLINE_MS;
    while (in_order && wire_now_ms() < end && wire_poll(slow_fd, POLLIN, 500) <= 0) {
        if (send(slow_fd, " ", 1, MSG_NOSIGNAL) != 1)
            break;
        in_order = wire_poll(later, POLLIN, 0) <= 0 || wire_poll(slow_fd, POLLIN, 0) > 0;
    }
    http_answer_read(slow_fd, &answer, WIRE_DEADLINE_MS);
    close(slow_fd);
    close(later);
    return expect_true("answered before a later one", in_order) && is_json_error(&answer, 408) &&
           nothing_has_changed();
}

static bool begin_again_slowly(void)
{
    static const char text[] = "GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n";
    static struct http_answer answer;
    kept_fd = wire_connect_proxy(&process, "@admin");
    if (!expect_true("connected", kept_fd >= 0) || !send_text(kept_fd, text, sizeof text - 1))
        return false;
    http_answer_read(kept_fd, &answer, WIRE_DEADLINE_MS);
    return expect_number("status", answer.status, 200) && send_text(kept_fd, "G", 1);
}

/* The byte was sent before those of the slow request: its time was over when theirs was. */
static bool a_slow_request_on_a_kept_connection_gets_a_408(void)
{
    static struct http_answer answer;
    http_answer_read(kept_fd, &answer, WIRE_DEADLINE_MS);
    close(kept_fd);
    return is_json_error(&answer, 408);
}

/* A client that half-closes in the middle of its request gets a 400: both if the FIN arrives with
 * the bytes before it, and if it arrives after the server has read them. */
static bool an_incomplete_request_gets_a_400(void)
{
    static const char text[] =
        "POST /proxies HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{";
    return is_json_error(exchange_and_end(text, sizeof text - 1, true), 400) &&
           nothing_has_changed();
}

static bool an_end_instead_of_the_body_gets_a_400(void)
{
    static const char text[] = "POST /proxies HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n"
                               "Expect: 100-continue\r\n\r\n";
    static struct http_answer answer;
    int fd = wire_connect_proxy(&process, "@admin");
    bool good = expect_true("connected", fd >= 0) && send_text(fd, text, sizeof text - 1) &&
                read_text(fd, "HTTP/1.1 100 Continue\r\n\r\n");
    shutdown(fd, SHUT_WR);
    http_answer_read(fd, &answer, WIRE_DEADLINE_MS);
    close(fd);
    return good && is_json_error(&answer, 400) && nothing_has_changed();
}

static const struct expect_case cases[] = {
    {"begin_again_slowly", begin_again_slowly},
    {"begin_slowly", begin_slowly},
    {"garbage_is_refused", garbage_is_refused},
    {"an_incomplete_request_gets_a_400", an_incomplete_request_gets_a_400},
    {"an_end_instead_of_the_body_gets_a_400", an_end_instead_of_the_body_gets_a_400},
    {"half_a_request_does_nothing", half_a_request_does_nothing},
    {"a_long_head_is_refused", a_long_head_is_refused},
    {"a_large_body_gets_a_413", a_large_body_gets_a_413},
    {"wrong_json_gets_a_400", wrong_json_gets_a_400},
    {"a_thousand_at_once_are_answered", a_thousand_at_once_are_answered},
    {"silent_connections_do_not_shut_the_api", silent_connections_do_not_shut_the_api},
    {"a_slow_request_gets_a_408", a_slow_request_gets_a_408},
    {"a_slow_request_on_a_kept_connection_gets_a_408",
        a_slow_request_on_a_kept_connection_gets_a_408},
};

#define CASE_COUNT (sizeof cases / sizeof cases[0])

int main(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (!proxy_process_start(&process, "admin = 127.0.0.1:0\n",
            "[proxy echo]\nlisten = 127.0.0.1:0\nupstream = builtin:echo\n"))
        return EXIT_FAILURE;
    size_t passed = expect_run(cases, CASE_COUNT);
    bool stopped = proxy_process_stop(&process);
    return passed == CASE_COUNT && stopped ? EXIT_SUCCESS : EXIT_FAILURE;
}
