/* SPDX-License-Identifier: MIT */
/*
 * The BPF program. For each filter in turn: does the filter match the segment (flag, payload,
 * size), and if so, does it drop this one? The data begins with the TCP header. SKF_AD_RANDOM draws
 * 32 bits from the kernel's generator, so a seed cannot repeat which segments are lost.
 */
#include "proxy/net/packet_filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <sys/socket.h>

#include "proxy/base/rng.h"

#define TCP_FLAGS_OFFSET 13
#define TCP_DATA_OFFSET 12
#define TCP_FIN 0x01
#define TCP_RST 0x04

#define FILTER_MAX 4
#define STEPS_PER_FILTER 12

struct program {
    struct sock_filter steps[FILTER_MAX * STEPS_PER_FILTER + 1];
    unsigned short count;
};

static void filter_add(struct program *program, unsigned short code, unsigned char if_true,
    unsigned char if_false, unsigned value)
{
    program->steps[program->count++] = (struct sock_filter){code, if_true, if_false, value};
}

/* Loads into A the payload size: length of the segment minus its header. */
static void load_payload(struct program *program)
{
    filter_add(program, BPF_LD | BPF_B | BPF_ABS, 0, 0, TCP_DATA_OFFSET);
    filter_add(program, BPF_ALU | BPF_AND | BPF_K, 0, 0, 0xf0);
    filter_add(program, BPF_ALU | BPF_RSH | BPF_K, 0, 0, 2);
    filter_add(program, BPF_MISC | BPF_TAX, 0, 0, 0);
    filter_add(program, BPF_LD | BPF_W | BPF_LEN, 0, 0, 0);
    filter_add(program, BPF_ALU | BPF_SUB | BPF_X, 0, 0, 0);
}

/* Sets the jumps out of the filter, which were written with target 0, now that its end is known. */
static void link_exits(struct program *program, unsigned short start)
{
    for (unsigned short i = start; i < program->count; i++) {
        struct sock_filter *step = &program->steps[i];
        if (BPF_CLASS(step->code) == BPF_JMP && step->jf == UINT8_MAX)
            step->jf = (unsigned char)(program->count - i - 1);
    }
}

static void add_filter(struct program *program, const struct packet_filter *filter)
{
    const unsigned char out = UINT8_MAX; /* jumps to the next filter */
    unsigned short start = program->count;
    uint64_t more_than = filter->larger_than;
    if (filter->only == PACKET_FIN || filter->only == PACKET_RST) {
        filter_add(program, BPF_LD | BPF_B | BPF_ABS, 0, 0, TCP_FLAGS_OFFSET);
        filter_add(program, BPF_JMP | BPF_JSET | BPF_K, 0, out,
            filter->only == PACKET_FIN ? TCP_FIN : TCP_RST);
    }
    if (filter->only == PACKET_DATA || more_than > 0) {
        load_payload(program);
        filter_add(program, BPF_JMP | BPF_JGT | BPF_K, 0, out,
            more_than > UINT32_MAX ? UINT32_MAX : (unsigned)more_than);
    }
    if (filter->loss_ppb < PPB_ALL) {
        /* Drop if draw < rate * 2^32, so if the threshold is greater than the draw. */
        filter_add(program, BPF_LD | BPF_W | BPF_ABS, 0, 0, (unsigned)(SKF_AD_OFF + SKF_AD_RANDOM));
        unsigned threshold = (unsigned)((filter->loss_ppb << 32) / PPB_ALL);
        filter_add(program, BPF_JMP | BPF_JGE | BPF_K, out, 0, threshold);
        program->steps[program->count - 1].jt = 1; /* over the `return` below */
    }
    filter_add(program, BPF_RET | BPF_K, 0, 0, 0);
    link_exits(program, start);
}

/* The kernel takes a filter for a UNIX stream, but runs none (unix_stream_sendmsg). */
static bool is_unix(int fd)
{
    int domain = 0;
    socklen_t size = sizeof domain;
    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

int packet_filter_attach(int fd, const struct packet_filter *filters, unsigned count)
{
    struct program program = {.count = 0};
    int ignored = 0;
    if (is_unix(fd))
        return count == 0 ? 0 : -EOPNOTSUPP;
    if (count == 0)
        return setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &ignored, sizeof ignored) == 0 ? 0
                                                                                           : -errno;
    for (unsigned i = 0; i < count && i < FILTER_MAX; i++)
        add_filter(&program, &filters[i]);
    filter_add(&program, BPF_RET | BPF_K, 0, 0, UINT32_MAX); /* accept the whole segment */
    const struct sock_fprog attached = {.len = program.count, .filter = program.steps};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &attached, sizeof attached) == 0 ? 0
                                                                                         : -errno;
}
