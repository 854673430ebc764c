//go:build ignore

// The memory of flows: which frames are those of flows that began here, and which MACs their ends have. A program at
// each way in and out of the two ports reads and writes it. flows.o is what `make flows` makes of this file; what
// differs between boxes are constants that load.go writes before the kernel is given the programs.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

// Written by load.go. Marks are those of interceptor.Mark.
const volatile __u8 bridge_mac[ETH_ALEN];
const volatile __u64 ports[1024]; // captured TCP ports, a bit each
const volatile __u64 vlans[64];   // captured 802.1Q identifiers, a bit each; bit 0 is for untagged frames
const volatile __u64 slots;       // flows that may be live at once
const volatile __u64 room;        // flows that may be known at once
const volatile __u64 flow_timeout, opening_timeout, asked_timeout, ended_timeout; // ns
const volatile __u32 mark_from_client, mark_from_server, mark_to_client, mark_to_server, mark_asked, mark_full;
const volatile bool with_ipv6;

#define MARK_MASK 0xfff0000f // of the kind; the bits between are the VLAN's
#define VLAN_SHIFT 4

// What is known of a flow.
#define SLOT 0x001     // it counts against slots
#define CAPTURED 0x002 // the client was answered: its frames are ours
#define SPOKEN 0x004   // the client has said more than SYN
#define ANSWERED 0x008 // the server's side was heard: its MACs are known
#define CLIENT_FIN 0x010
#define SAID_TO_CLIENT 0x020 // our FIN
#define CLIENT_RST 0x040     // either way
#define SERVER_FIN 0x100
#define SAID_TO_SERVER 0x200
#define SERVER_RST 0x400
#define EXPECTED 0x800 // we have asked the server: its answers are ours
#define DYING 0x1000   // somebody takes it out of the map: for all others it is gone

#define SERVERS (EXPECTED | ANSWERED | SERVER_FIN | SAID_TO_SERVER | SERVER_RST)

struct macs {
	__u8 destination[ETH_ALEN], source[ETH_ALEN];
};

struct flow {
	__u64 heard; // when the last frame came from either end, ns since boot
	__u64 state;
	struct macs client; // of the client's SYN
	struct macs server; // of the first that the server's side said
};

// The client is first, whichever way a frame travels; IPv4 addresses are mapped (RFC 4291, section 2.5.5.2).
struct tuple {
	struct in6_addr client, server;
	__be16 client_port, server_port;
};

// Elements are made when they are needed: most boxes have few flows at a time. load.go says how many there may be.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct tuple);
	__type(value, struct flow);
} flows SEC(".maps");

// How many flows have a slot, and how many were known when they were gone through last.
enum { TAKEN, KNOWN, COUNTS };
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, COUNTS);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

// The beginning of a frame, as far as it has to be looked at.
struct head {
	__u16 pad; // so that IP is aligned
	struct ethhdr eth;
	union {
		struct iphdr four;
		struct ipv6hdr six;
	} ip;
};

// What an ICMP error quotes (RFC 792; RFC 4443, section 3). Our segments have no options before TCP.
struct quote4 {
	__u8 type, rest[7];
	struct iphdr ip;
	__be16 source, dest;
};

struct quote6 {
	__u8 type, rest[7];
	struct ipv6hdr ip;
	__be16 source, dest;
};

struct frame {
	struct macs macs;
	struct tuple tuple;
	__u8 protocol; // TCP, or ICMP of the family for an error that quotes TCP
	__u8 flags;    // of TCP
	__u32 vlan;
};

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define ACK 0x10
#define FLAGS_AT 13 // in the TCP header

static __always_inline bool has(const volatile __u64 *bits, __u32 i)
{
	return bits[i / 64] >> (i % 64) & 1;
}

static __always_inline void map4(struct in6_addr *to, __be32 address)
{
	to->s6_addr32[0] = to->s6_addr32[1] = 0;
	to->s6_addr32[2] = bpf_htonl(0xffff);
	to->s6_addr32[3] = address;
}

// between4 and between6 say whose addresses are whose.
static __always_inline void between4(struct tuple *t, const struct iphdr *ip, bool to_server)
{
	map4(&t->client, to_server ? ip->saddr : ip->daddr);
	map4(&t->server, to_server ? ip->daddr : ip->saddr);
}

static __always_inline void between6(struct tuple *t, const struct ipv6hdr *ip, bool to_server)
{
	t->client = to_server ? ip->saddr : ip->daddr;
	t->server = to_server ? ip->daddr : ip->saddr;
}

static __always_inline bool at_ports(struct tuple *t, __be16 source, __be16 dest, bool to_server)
{
	t->client_port = to_server ? source : dest;
	t->server_port = to_server ? dest : source;
	return has(ports, bpf_ntohs(t->server_port));
}

// read_tcp reads the segment at an offset. Of its header it needs what is before the window.
static __always_inline bool read_tcp(struct __sk_buff *skb, __u32 at, struct frame *f, bool to_server)
{
	__be16 head[7];
	if (bpf_skb_load_bytes(skb, at, head, sizeof(head)))
		return false;
	f->flags = ((__u8 *)head)[FLAGS_AT];
	return at_ports(&f->tuple, head[0], head[1], to_server);
}

// read says whether a frame may be a flow's: TCP in one piece between a captured port and any other. Fragments, and
// IPv6 packets with another header before TCP, are never captured: the pieces of a packet must all go the same way.
static __always_inline bool read(struct __sk_buff *skb, struct frame *f, bool to_server)
{
	struct head h;
	f->vlan = 0;
	if (skb->vlan_present) {
		f->vlan = skb->vlan_tci & 0xfff;
		if (skb->vlan_proto != bpf_htons(ETH_P_8021Q) || !f->vlan)
			return false;
	}
	if (!has(vlans, f->vlan))
		return false;
	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		if (bpf_skb_load_bytes(skb, 0, &h.eth, sizeof(h.eth) + sizeof(h.ip.four)) || h.ip.four.version != 4 ||
		    h.ip.four.ihl < 5 || h.ip.four.frag_off & bpf_htons(0x3fff))
			return false;
		f->protocol = h.ip.four.protocol;
		between4(&f->tuple, &h.ip.four, to_server);
	} else if (with_ipv6 && skb->protocol == bpf_htons(ETH_P_IPV6)) {
		if (bpf_skb_load_bytes(skb, 0, &h.eth, sizeof(h.eth) + sizeof(h.ip.six)))
			return false;
		f->protocol = h.ip.six.nexthdr;
		between6(&f->tuple, &h.ip.six, to_server);
	} else {
		return false;
	}
	__builtin_memcpy(&f->macs, &h.eth, sizeof(f->macs));
	__u32 behind = sizeof(h.eth) + (skb->protocol == bpf_htons(ETH_P_IP) ? h.ip.four.ihl * 4 : sizeof(h.ip.six));
	if (f->protocol == IPPROTO_TCP)
		return read_tcp(skb, behind, f, to_server);
	// An error quotes what went the other way.
	if (f->protocol == IPPROTO_ICMP && skb->protocol == bpf_htons(ETH_P_IP)) {
		struct quote4 q;
		if (bpf_skb_load_bytes(skb, behind, &q, sizeof(q)) || q.type != 3 || q.ip.version != 4 || q.ip.ihl != 5 ||
		    q.ip.protocol != IPPROTO_TCP)
			return false;
		between4(&f->tuple, &q.ip, !to_server);
		return at_ports(&f->tuple, q.source, q.dest, !to_server);
	}
	if (f->protocol == IPPROTO_ICMPV6 && skb->protocol == bpf_htons(ETH_P_IPV6)) {
		struct quote6 q;
		if (bpf_skb_load_bytes(skb, behind, &q, sizeof(q)) || q.type < 1 || q.type > 2 || q.ip.nexthdr != IPPROTO_TCP)
			return false;
		between6(&f->tuple, &q.ip, !to_server);
		return at_ports(&f->tuple, q.source, q.dest, !to_server);
	}
	return false;
}

static __always_inline bool same(const struct macs *a, const struct macs *b)
{
	for (int i = 0; i < ETH_ALEN; i++)
		if (a->destination[i] != b->destination[i] || a->source[i] != b->source[i])
			return false;
	return true;
}

// to_box says that a frame is for the box itself: that is never captured.
static __always_inline bool to_box(const struct frame *f)
{
	for (int i = 0; i < ETH_ALEN; i++)
		if (f->macs.destination[i] != bridge_mac[i])
			return false;
	return true;
}

static __always_inline bool is_syn(const struct frame *f)
{
	return (f->flags & (FIN | SYN | RST | ACK)) == SYN;
}

static __always_inline bool is_syn_ack(const struct frame *f)
{
	return (f->flags & (FIN | SYN | RST | ACK)) == (SYN | ACK);
}

// end_in is what a segment ends.
static __always_inline __u64 end_in(const struct frame *f, __u64 fin, __u64 rst)
{
	return f->flags & RST ? rst : f->flags & FIN ? fin : 0;
}

static __always_inline __u64 *slot_count(void)
{
	__u32 i = TAKEN;
	return bpf_map_lookup_elem(&counts, &i);
}

static __always_inline bool take_slot(void)
{
	__u64 *n = slot_count();
	if (!n)
		return false;
	if (__sync_fetch_and_add(n, 1) < slots)
		return true;
	__sync_fetch_and_add(n, -1);
	return false;
}

// give_slot gives the flow's slot back, if it still has it.
static __always_inline void give_slot(struct flow *f)
{
	__u64 *n = slot_count();
	if (n && __sync_fetch_and_and(&f->state, ~(__u64)SLOT) & SLOT)
		__sync_fetch_and_add(n, -1);
}

static __always_inline bool both(__u64 state, __u64 bits)
{
	return (state & bits) == bits;
}

static __always_inline bool client_over(__u64 state)
{
	return both(state, CLIENT_FIN | SAID_TO_CLIENT) || state & CLIENT_RST;
}

static __always_inline bool server_over(__u64 state)
{
	return !(state & ANSWERED) || both(state, SERVER_FIN | SAID_TO_SERVER) || state & SERVER_RST;
}

// note adds to what is known. Once the client's leg is over, its slot is free: what is known stays, for the other leg and
// for segments that are late.
static __always_inline void note(struct flow *f, __u64 bits)
{
	if (both(f->state, bits))
		return;
	if (client_over(__sync_fetch_and_or(&f->state, bits) | bits))
		give_slot(f);
}

// hear renews what is known. The clock goes in ticks, so that nearly all frames only read.
static __always_inline void hear(struct flow *f)
{
	__u64 now = bpf_ktime_get_coarse_ns();
	if (f->heard != now)
		f->heard = now;
}

// forget takes a flow out of the map. Of two that try, one does; a state that changes meanwhile is another's frame, and
// the flow stays.
static __always_inline void forget(struct flow *f, __u64 state, const struct tuple *t)
{
	__u64 *n = slot_count();
	if (state & DYING || !n || __sync_val_compare_and_swap(&f->state, state, DYING) != state)
		return;
	if (state & SLOT)
		__sync_fetch_and_add(n, -1);
	bpf_map_delete_elem(&flows, t);
}

static __always_inline int pass(struct __sk_buff *skb, __u32 mark, const struct frame *f)
{
	skb->mark = mark | f->vlan << VLAN_SHIFT;
	return TC_ACT_UNSPEC;
}

static __always_inline void untake_slot(void)
{
	__u64 *n = slot_count();
	if (n)
		__sync_fetch_and_add(n, -1);
}

// begin takes a slot for a SYN. It is not captured yet: the rules decide, and one that they let go is forgotten on its
// way out. A flow that is live is left alone: its SYN was sent twice. What is known of a server's leg that goes on stays; late
// segments of one that is over are still ours.
static __always_inline int begin(struct __sk_buff *skb, struct frame *f)
{
	struct flow *known = bpf_map_lookup_elem(&flows, &f->tuple);
	__u64 state = known ? known->state : 0;
	if (state & SLOT) {
		hear(known);
		return pass(skb, mark_asked, f);
	}
	if (state & DYING || !take_slot())
		return pass(skb, mark_full, f);
	struct flow new = {.heard = bpf_ktime_get_coarse_ns(), .state = SLOT, .client = f->macs};
	bool mine;
	if (known) {
		__u64 servers = state & ANSWERED && server_over(state) ? EXPECTED : SERVERS;
		known->heard = new.heard;
		mine = __sync_val_compare_and_swap(&known->state, state, SLOT | (state & servers)) == state;
		if (mine)
			known->client = new.client;
	} else {
		mine = !bpf_map_update_elem(&flows, &f->tuple, &new, BPF_NOEXIST);
	}
	if (mine)
		return pass(skb, mark_asked, f);
	// No room; or another processor has done something with it just now: the next SYN finds that done.
	untake_slot();
	return pass(skb, mark_full, f);
}

SEC("tc/from_client") int from_client(struct __sk_buff *skb)
{
	struct frame f = {};
	if (!read(skb, &f, true) || to_box(&f))
		return TC_ACT_UNSPEC;
	if (is_syn(&f) && f.protocol == IPPROTO_TCP)
		return begin(skb, &f);
	struct flow *flow = bpf_map_lookup_elem(&flows, &f.tuple);
	if (!flow || !(flow->state & CAPTURED))
		return TC_ACT_UNSPEC;
	if (f.protocol == IPPROTO_TCP) {
		hear(flow);
		note(flow, SPOKEN | end_in(&f, CLIENT_FIN, CLIENT_RST));
	}
	return pass(skb, mark_from_client, &f);
}

SEC("tc/from_server") int from_server(struct __sk_buff *skb)
{
	struct frame f = {};
	if (!read(skb, &f, false) || to_box(&f))
		return TC_ACT_UNSPEC;
	struct flow *flow = bpf_map_lookup_elem(&flows, &f.tuple);
	if (!flow || !(flow->state & EXPECTED))
		return TC_ACT_UNSPEC;
	if (f.protocol == IPPROTO_TCP) {
		hear(flow);
		if ((is_syn_ack(&f) || !(flow->state & ANSWERED)) && !same(&flow->server, &f.macs))
			flow->server = f.macs;
		note(flow, ANSWERED | end_in(&f, SERVER_FIN, SERVER_RST));
	}
	return pass(skb, mark_from_server, &f);
}

// write gives a frame that leaves its MACs, and takes our mark off.
static __always_inline int write(struct __sk_buff *skb, const struct macs *m)
{
	if (bpf_skb_store_bytes(skb, 0, m, sizeof(*m), 0))
		return TC_ACT_SHOT;
	skb->mark = 0;
	return TC_ACT_UNSPEC;
}

static __always_inline int write_answer(struct __sk_buff *skb, const struct macs *to)
{
	struct macs m;
	__builtin_memcpy(m.destination, to->source, ETH_ALEN);
	__builtin_memcpy(m.source, to->destination, ETH_ALEN);
	return write(skb, &m);
}

// A frame of ours whose flow is not known is dropped: neither end must ever see a made-up MAC.
SEC("tc/to_client") int to_client(struct __sk_buff *skb)
{
	struct frame f = {};
	__u32 kind = skb->mark & MARK_MASK;
	if (kind == mark_to_server)
		return TC_ACT_SHOT;
	if (kind != mark_to_client)
		return TC_ACT_UNSPEC;
	if (!read(skb, &f, false) || f.protocol != IPPROTO_TCP)
		return TC_ACT_SHOT;
	struct flow *flow = bpf_map_lookup_elem(&flows, &f.tuple);
	if (!flow)
		return TC_ACT_SHOT;
	if (is_syn_ack(&f)) // what a late segment of a flow before has ended here
		__sync_fetch_and_and(&flow->state, ~(__u64)(CLIENT_FIN | SAID_TO_CLIENT | CLIENT_RST));
	note(flow, CAPTURED | end_in(&f, SAID_TO_CLIENT, CLIENT_RST));
	if (flow->state & ANSWERED)
		return write(skb, &flow->server);
	return write_answer(skb, &flow->client);
}

SEC("tc/to_server") int to_server(struct __sk_buff *skb)
{
	struct frame f = {};
	__u32 kind = skb->mark & MARK_MASK;
	if (kind == mark_to_client)
		return TC_ACT_SHOT;
	bool bridged = kind == mark_asked || kind == mark_full;
	if (!bridged && kind != mark_to_server)
		return TC_ACT_UNSPEC;
	if (!read(skb, &f, true) || f.protocol != IPPROTO_TCP)
		return bridged ? TC_ACT_UNSPEC : TC_ACT_SHOT;
	struct flow *flow = bpf_map_lookup_elem(&flows, &f.tuple);
	if (bridged) {
		if (flow)
			forget(flow, flow->state, &f.tuple);
		skb->mark = 0;
		return TC_ACT_UNSPEC;
	}
	if (!flow)
		return TC_ACT_SHOT;
	if (is_syn(&f)) {
		__sync_fetch_and_and(&flow->state, ~(__u64)(SERVER_FIN | SAID_TO_SERVER | SERVER_RST));
		note(flow, EXPECTED);
	} else {
		note(flow, end_in(&f, SAID_TO_SERVER, SERVER_RST));
	}
	return write(skb, &flow->client);
}

struct sweep {
	__u64 now, ended;
};

// sweep_one forgets a flow that was not heard for too long.
static long sweep_one(void *map, struct tuple *t, struct flow *f, struct sweep *s)
{
	__u64 state = f->state, heard = f->heard, limit = flow_timeout;
	if (client_over(state) && server_over(state))
		limit = s->ended;
	else if (!(state & (CAPTURED | EXPECTED)))
		limit = asked_timeout;
	else if (!(state & SPOKEN))
		limit = opening_timeout;
	if (s->now <= heard || s->now - heard <= limit)
		return 0;
	struct tuple copy = *t; // the element is another's as soon as it is out
	if (f->heard == heard)
		forget(f, state, &copy);
	return 0;
}

// CROWDED is how much sooner flows that are over are forgotten where most of the room is used: late segments are rarer
// than new connections then.
#define CROWDED 8

SEC("syscall") int sweep(void *ctx)
{
	__u32 i = KNOWN;
	__u64 *known = bpf_map_lookup_elem(&counts, &i);
	struct sweep s = {.now = bpf_ktime_get_ns(), .ended = ended_timeout};
	if (!known)
		return 0;
	if (*known > room / 2)
		s.ended /= CROWDED;
	*known = bpf_for_each_map_elem(&flows, sweep_one, &s, 0);
	return 0;
}

char terms[] SEC("license") = "Apache-2.0";
