/* SPDX-License-Identifier: MIT */
/*
 * The chain, in the words of nft(8):
 *
 *   table inet rudeproxy { chain in {
 *       type filter hook prerouting priority mangle
 *       tcp flags & (fin|syn|rst|ack) != syn accept          a SYN only
 *       socket wildcard 0 accept                             the command listens there itself
 *       socket wildcard 1 accept
 *       tcp dport FIRST-LAST ip daddr NETWORK tproxy to :PORT accept   each rule, twice:
 *       tcp dport FIRST-LAST ip daddr NETWORK accept                   where nobody listens
 *   } }
 *
 * A rule for served ports has `tcp dport @served` as well, a set of ports. Rules that differ by one
 * address are one rule with a set of addresses, `ip daddr @hostsN`: a message to the kernel holds
 * only some hundred rules (net.core.wmem_max), and a name may have more addresses.
 *
 * The two `socket` lines do not match a SYN that meets a connection in TIME_WAIT: they look at full
 * sockets only (nft_socket_eval). tproxy gives that SYN to the listener
 * (nf_tproxy_handle_time_wait4).
 */
#include "proxy/app/intercept/redirect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/app/intercept/netlink.h"

#define TABLE "rudeproxy"
#define CHAIN "in"
#define ELEMENTS_MAX 1024      /* of one message: they are an attribute of less than 64 kB */
#define TYPE_IPADDR 7          /* types of keys as nft(8) numbers and shows them */
#define TYPE_IP6ADDR 8         /* of 16 bytes */
#define TYPE_INET_SERVICE 13   /* a port */
#define PRIORITY_MANGLE (-150) /* NF_IP_PRI_MANGLE in linux/netfilter_ipv4.h */
#define TCP_FLAGS_OFFSET 13
#define TCP_FLAGS_MASK 0x17 /* FIN, SYN, RST, ACK */
#define TCP_FLAGS_SYN 0x02
#define DPORT_OFFSET 2
#define IPV4_DADDR_OFFSET 16
#define IPV6_DADDR_OFFSET 24
#define MAPPED_SIZE 12 /* of ::ffff:0:0/96, before the bytes of an IPv4 address */

static void begin(struct netlink *netlink, uint16_t type, uint16_t flags)
{
    const struct nfgenmsg header = {.nfgen_family = NFPROTO_INET};
    netlink_begin(
        netlink, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, &header, sizeof header);
}

static void batch(struct netlink *netlink, uint16_t type)
{
    const struct nfgenmsg header = {.res_id = htons(NFNL_SUBSYS_NFTABLES)};
    netlink_begin(netlink, type, 0, &header, sizeof header);
}

/* --- expressions: each an element of the rule's list --- */

struct expression {
    struct netlink *netlink;
    size_t element, data;
};

static struct expression begin_expression(struct netlink *netlink, const char *name)
{
    struct expression expression = {.netlink = netlink};
    expression.element = netlink_nest(netlink, NFTA_LIST_ELEM);
    netlink_put_text(netlink, NFTA_EXPR_NAME, name);
    expression.data = netlink_nest(netlink, NFTA_EXPR_DATA);
    return expression;
}

static void end_expression(const struct expression *expression)
{
    netlink_end(expression->netlink, expression->data);
    netlink_end(expression->netlink, expression->element);
}

static void put_value(struct netlink *netlink, uint16_t type, const void *value, size_t size)
{
    size_t nest = netlink_nest(netlink, type);
    netlink_put(netlink, NFTA_DATA_VALUE, value, size);
    netlink_end(netlink, nest);
}

static void load_meta(struct netlink *netlink, uint32_t key)
{
    struct expression expression = begin_expression(netlink, "meta");
    netlink_put_be32(netlink, NFTA_META_KEY, key);
    netlink_put_be32(netlink, NFTA_META_DREG, NFT_REG_1);
    end_expression(&expression);
}

static void load_payload(struct netlink *netlink, uint32_t base, uint32_t offset, uint32_t size)
{
    struct expression expression = begin_expression(netlink, "payload");
    netlink_put_be32(netlink, NFTA_PAYLOAD_DREG, NFT_REG_1);
    netlink_put_be32(netlink, NFTA_PAYLOAD_BASE, base);
    netlink_put_be32(netlink, NFTA_PAYLOAD_OFFSET, offset);
    netlink_put_be32(netlink, NFTA_PAYLOAD_LEN, size);
    end_expression(&expression);
}

static void mask(struct netlink *netlink, const void *bits, uint32_t size)
{
    static const unsigned char zeros[16];
    struct expression expression = begin_expression(netlink, "bitwise");
    netlink_put_be32(netlink, NFTA_BITWISE_SREG, NFT_REG_1);
    netlink_put_be32(netlink, NFTA_BITWISE_DREG, NFT_REG_1);
    netlink_put_be32(netlink, NFTA_BITWISE_LEN, size);
    put_value(netlink, NFTA_BITWISE_MASK, bits, size);
    put_value(netlink, NFTA_BITWISE_XOR, zeros, size);
    end_expression(&expression);
}

static void compare(struct netlink *netlink, uint32_t operator, const void * value, size_t size)
{
    struct expression expression = begin_expression(netlink, "cmp");
    netlink_put_be32(netlink, NFTA_CMP_SREG, NFT_REG_1);
    netlink_put_be32(netlink, NFTA_CMP_OP, operator);
    put_value(netlink, NFTA_CMP_DATA, value, size);
    end_expression(&expression);
}

static void accept_packet(struct netlink *netlink)
{
    struct expression expression = begin_expression(netlink, "immediate");
    netlink_put_be32(netlink, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
    size_t data = netlink_nest(netlink, NFTA_IMMEDIATE_DATA);
    size_t verdict = netlink_nest(netlink, NFTA_DATA_VERDICT);
    netlink_put_be32(netlink, NFTA_VERDICT_CODE, NF_ACCEPT);
    netlink_end(netlink, verdict);
    netlink_end(netlink, data);
    end_expression(&expression);
}

static void find_socket(struct netlink *netlink)
{
    struct expression expression = begin_expression(netlink, "socket");
    netlink_put_be32(netlink, NFTA_SOCKET_KEY, NFT_SOCKET_WILDCARD);
    netlink_put_be32(netlink, NFTA_SOCKET_DREG, NFT_REG_1);
    end_expression(&expression);
}

static void give_to_listener(struct netlink *netlink, uint16_t port)
{
    const uint16_t bytes = htons(port);
    struct expression load = begin_expression(netlink, "immediate");
    netlink_put_be32(netlink, NFTA_IMMEDIATE_DREG, NFT_REG_1);
    put_value(netlink, NFTA_IMMEDIATE_DATA, &bytes, sizeof bytes);
    end_expression(&load);
    struct expression expression = begin_expression(netlink, "tproxy");
    netlink_put_be32(netlink, NFTA_TPROXY_FAMILY, NFPROTO_UNSPEC);
    netlink_put_be32(netlink, NFTA_TPROXY_REG_PORT, NFT_REG_1);
    end_expression(&expression);
}

/* --- sets --- */

struct set {
    char name[16];
    uint32_t id; /* within a batch */
    uint32_t type;
    uint32_t size; /* of a key */
};

static const struct set served_set = {"served", 1, TYPE_INET_SERVICE, sizeof(uint16_t)};

static void begin_set(struct netlink *netlink, const struct set *set)
{
    begin(netlink, NFT_MSG_NEWSET, NLM_F_CREATE);
    netlink_put_text(netlink, NFTA_SET_TABLE, TABLE);
    netlink_put_text(netlink, NFTA_SET_NAME, set->name);
    netlink_put_be32(netlink, NFTA_SET_ID, set->id);
    netlink_put_be32(netlink, NFTA_SET_KEY_TYPE, set->type);
    netlink_put_be32(netlink, NFTA_SET_KEY_LEN, set->size);
}

static size_t begin_elements(struct netlink *netlink, const struct set *set)
{
    begin(netlink, NFT_MSG_NEWSETELEM, NLM_F_CREATE);
    netlink_put_text(netlink, NFTA_SET_ELEM_LIST_TABLE, TABLE);
    netlink_put_text(netlink, NFTA_SET_ELEM_LIST_SET, set->name);
    netlink_put_be32(netlink, NFTA_SET_ELEM_LIST_SET_ID, set->id);
    return netlink_nest(netlink, NFTA_SET_ELEM_LIST_ELEMENTS);
}

static void put_element(struct netlink *netlink, const struct set *set, const void *key)
{
    size_t element = netlink_nest(netlink, NFTA_LIST_ELEM);
    put_value(netlink, NFTA_SET_ELEM_KEY, key, set->size);
    netlink_end(netlink, element);
}

static void look_up(struct netlink *netlink, const struct set *set)
{
    struct expression expression = begin_expression(netlink, "lookup");
    netlink_put_text(netlink, NFTA_LOOKUP_SET, set->name);
    netlink_put_be32(netlink, NFTA_LOOKUP_SET_ID, set->id);
    netlink_put_be32(netlink, NFTA_LOOKUP_SREG, NFT_REG_1);
    end_expression(&expression);
}

/* --- matches --- */

static void match_byte(struct netlink *netlink, uint32_t key, uint8_t value)
{
    load_meta(netlink, key);
    compare(netlink, NFT_CMP_EQ, &value, sizeof value);
}

static void match_ports(struct netlink *netlink, const struct redirect_rule *rule)
{
    const uint16_t first = htons(rule->first_port), last = htons(rule->last_port);
    load_payload(netlink, NFT_PAYLOAD_TRANSPORT_HEADER, DPORT_OFFSET, sizeof first);
    compare(netlink, NFT_CMP_GTE, &first, sizeof first);
    compare(netlink, NFT_CMP_LTE, &last, sizeof last);
}

static void match_served(struct netlink *netlink)
{
    load_payload(netlink, NFT_PAYLOAD_TRANSPORT_HEADER, DPORT_OFFSET, sizeof(uint16_t));
    look_up(netlink, &served_set);
}

/* Loads the address of a packet of this family. */
static void load_address(struct netlink *netlink, bool is_ipv4, uint32_t size)
{
    match_byte(netlink, NFT_META_NFPROTO, is_ipv4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
    load_payload(
        netlink, NFT_PAYLOAD_NETWORK_HEADER, is_ipv4 ? IPV4_DADDR_OFFSET : IPV6_DADDR_OFFSET, size);
}

static void match_network(struct netlink *netlink, const struct cidr *network)
{
    bool is_ipv4 = cidr_is_ipv4(network);
    uint32_t skipped = is_ipv4 ? MAPPED_SIZE : 0;
    uint32_t size = (uint32_t)sizeof network->bytes - skipped;
    unsigned char bits[sizeof network->bytes] = {0};
    for (unsigned bit = 0; bit < network->prefix; bit++)
        bits[bit / 8] |= (unsigned char)(0x80u >> bit % 8);
    load_address(netlink, is_ipv4, size);
    mask(netlink, bits + skipped, size);
    compare(netlink, NFT_CMP_EQ, network->bytes + skipped, size);
}

/* --- rules --- */

static size_t begin_rule(struct netlink *netlink)
{
    begin(netlink, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
    netlink_put_text(netlink, NFTA_RULE_TABLE, TABLE);
    netlink_put_text(netlink, NFTA_RULE_CHAIN, CHAIN);
    size_t list = netlink_nest(netlink, NFTA_RULE_EXPRESSIONS);
    match_byte(netlink, NFT_META_L4PROTO, IPPROTO_TCP);
    return list;
}

static void end_rule(struct netlink *netlink, size_t list)
{
    accept_packet(netlink);
    netlink_end(netlink, list);
}

static void add_first_rules(struct netlink *netlink)
{
    static const uint8_t flags = TCP_FLAGS_MASK, syn = TCP_FLAGS_SYN;
    size_t list = begin_rule(netlink);
    load_payload(netlink, NFT_PAYLOAD_TRANSPORT_HEADER, TCP_FLAGS_OFFSET, sizeof flags);
    mask(netlink, &flags, sizeof flags);
    compare(netlink, NFT_CMP_NEQ, &syn, sizeof syn);
    end_rule(netlink, list);
    list = begin_rule(netlink);
    find_socket(netlink);
    end_rule(netlink, list);
}

/* `to` 0: no listener gets the SYN, and the kernel refuses it. `hosts` NULL: the rule's network. */
static void add_rule_to(
    struct netlink *netlink, const struct redirect_rule *rule, const struct set *hosts, uint16_t to)
{
    size_t list = begin_rule(netlink);
    match_ports(netlink, rule);
    if (rule->served_only)
        match_served(netlink);
    if (hosts != NULL) {
        load_address(netlink, hosts->type == TYPE_IPADDR, hosts->size);
        look_up(netlink, hosts);
    } else if (rule->has_network) {
        match_network(netlink, &rule->network);
    }
    if (to != 0)
        give_to_listener(netlink, to);
    end_rule(netlink, list);
}

static void add_rule(
    struct netlink *netlink, const struct redirect_rule *rule, const struct set *hosts)
{
    if (rule->to != 0)
        add_rule_to(netlink, rule, hosts, rule->to);
    add_rule_to(netlink, rule, hosts, 0);
}

/* --- rules that differ by one address --- */

static bool differ_by_host(const struct redirect_rule *a, const struct redirect_rule *b)
{
    return a->has_network && b->has_network && a->network.prefix == 128 &&
           b->network.prefix == 128 && a->first_port == b->first_port &&
           a->last_port == b->last_port && a->served_only == b->served_only && a->to == b->to;
}

static size_t count_hosts(const struct redirect_rule *rules, size_t count)
{
    size_t n = 1;
    while (n < count && n < ELEMENTS_MAX && differ_by_host(&rules[0], &rules[n]))
        n++;
    return n;
}

/* The addresses of one family among the rules, and their rule. */
static void add_hosts(struct netlink *netlink, const struct redirect_rule *rules, size_t count,
    bool is_ipv4, uint32_t id)
{
    struct set set = {.id = id,
        .type = is_ipv4 ? TYPE_IPADDR : TYPE_IP6ADDR,
        .size = is_ipv4 ? 4 : sizeof rules->network.bytes};
    size_t elements = 0;
    snprintf(set.name, sizeof set.name, "hosts%u", (unsigned)set.id);
    for (size_t i = 0; i < count; i++) {
        if (cidr_is_ipv4(&rules[i].network) != is_ipv4)
            continue;
        if (elements == 0) {
            begin_set(netlink, &set);
            elements = begin_elements(netlink, &set);
        }
        put_element(netlink, &set, rules[i].network.bytes + (is_ipv4 ? MAPPED_SIZE : 0));
    }
    if (elements == 0)
        return;
    netlink_end(netlink, elements);
    add_rule(netlink, rules, &set);
}

/* --- the table --- */

static void put_table(struct netlink *netlink, uint16_t type, uint16_t flags)
{
    begin(netlink, type, flags);
    netlink_put_text(netlink, NFTA_TABLE_NAME, TABLE);
}

static void put_chain(struct netlink *netlink)
{
    begin(netlink, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
    netlink_put_text(netlink, NFTA_CHAIN_TABLE, TABLE);
    netlink_put_text(netlink, NFTA_CHAIN_NAME, CHAIN);
    size_t hook = netlink_nest(netlink, NFTA_CHAIN_HOOK);
    netlink_put_be32(netlink, NFTA_HOOK_HOOKNUM, NF_INET_PRE_ROUTING);
    netlink_put_be32(netlink, NFTA_HOOK_PRIORITY, (uint32_t)PRIORITY_MANGLE);
    netlink_end(netlink, hook);
    netlink_put_text(netlink, NFTA_CHAIN_TYPE, "filter");
}

static void put_served(struct netlink *netlink, const struct local_ports *served)
{
    begin_set(netlink, &served_set);
    for (unsigned i = 0; i < served->count;) {
        size_t list = begin_elements(netlink, &served_set);
        for (unsigned n = 0; n < ELEMENTS_MAX && i < served->count; n++, i++) {
            const uint16_t port = htons(served->ports[i]);
            put_element(netlink, &served_set, &port);
        }
        netlink_end(netlink, list);
    }
}

/* The socket stays open: where rules were deleted, close(2) waits for their last readers, about 10
 * ms (nft_rcv_nl_event in net/netfilter/nf_tables_api.c). */
static int open_socket(struct redirect *redirect, struct netns *netns)
{
    if (redirect->is_open)
        return 0;
    redirect->fd = netns_socket(netns, AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
    redirect->is_open = redirect->fd >= 0;
    return redirect->is_open ? 0 : redirect->fd;
}

static void put_rules(struct netlink *netlink, const struct redirect_rule *rules, size_t count)
{
    uint32_t sets = served_set.id;
    for (size_t i = 0, n; i < count; i += n) {
        n = count_hosts(&rules[i], count - i);
        if (n == 1) {
            add_rule(netlink, &rules[i], NULL);
            continue;
        }
        add_hosts(netlink, &rules[i], n, true, ++sets);
        add_hosts(netlink, &rules[i], n, false, ++sets);
    }
}

static void put_everything(struct netlink *netlink, bool replaces,
    const struct redirect_rule *rules, size_t count, const struct local_ports *served)
{
    batch(netlink, NFNL_MSG_BATCH_BEGIN);
    if (replaces)
        put_table(netlink, NFT_MSG_DELTABLE, 0);
    put_table(netlink, NFT_MSG_NEWTABLE, NLM_F_CREATE);
    put_chain(netlink);
    put_served(netlink, served);
    add_first_rules(netlink);
    put_rules(netlink, rules, count);
    netlink_want_ack(netlink);
    batch(netlink, NFNL_MSG_BATCH_END);
}

int redirect_set(struct redirect *redirect, struct netns *netns, const struct redirect_rule *rules,
    size_t count, const struct local_ports *served)
{
    struct netlink netlink;
    int result = open_socket(redirect, netns);
    if (result != 0)
        return result;
    netlink_init(&netlink);
    put_everything(&netlink, redirect->has_rules, rules, count, served);
    result = netlink_send(&netlink, redirect->fd);
    netlink_deinit(&netlink);
    redirect->has_rules = redirect->has_rules || result == 0;
    if (result != 0)
        redirect_close(redirect); /* an error leaves more answers unread */
    return result;
}

void redirect_close(struct redirect *redirect)
{
    if (redirect->is_open)
        close(redirect->fd);
    redirect->is_open = false;
}
