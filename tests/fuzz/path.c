#include "path.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#define DELAY_NS PAIR_MS
/* More than the largest that is sent. */
#define PATH_BYTES_MAX 9000u
/* What the input decides, at most. */
#define DECISIONS 4000u

/* The next bytes of the input; fewer at its end. */
static struct pen_bytes take(struct path *path, size_t len)
{
	struct pen_bytes out = {path->input.at, len < path->input.len ? len : path->input.len};
	path->input.at += out.len;
	path->input.len -= out.len;
	return out;
}

static uint64_t number(struct path *path, size_t len)
{
	uint64_t out = 0;
	struct pen_bytes bytes = take(path, len);
	for (size_t i = 0; i < bytes.len; i++)
		out = out << 8 | bytes.at[i];
	return out;
}

static struct pair_packet copy(const struct pair_packet *packet)
{
	struct pair_packet out = pair_packet(packet->at, packet->bytes, packet->to_server, 0);
	out.path = packet->path;
	return out;
}

static void keep(struct path *path, const struct pair_packet *packet)
{
	unsigned side = packet->to_server;
	struct pair_packet *place = &path->kept[side][path->kept_at[side]++ % PATH_KEPT];
	free(place->at);
	*place = copy(packet);
}

static void replay(struct pair *pair, struct path *path, bool to_server, unsigned i)
{
	const struct pair_packet *old = &path->kept[to_server][i % PATH_KEPT];
	if (old->at)
		pair_fly(pair, copy(old), DELAY_NS);
}

/* What a packet says is changed in one place. */
static void scribble(struct path *path, struct pair_packet *packet, unsigned from, unsigned len)
{
	struct pen_bytes bytes = take(path, len);
	for (size_t i = 0; i < bytes.len && from < packet->bytes; i++)
		packet->at[(from + i) % packet->bytes] = bytes.at[i];
}

/* Shorter, or longer by zeros. */
static void resize(struct path *path, struct pair_packet *packet)
{
	uint8_t at[PATH_BYTES_MAX] = {0};
	struct pair_packet all = *packet;
	uint32_t bytes = (uint32_t)number(path, 2) % (2 * all.bytes + 1);
	bytes = bytes < sizeof at ? bytes : sizeof at;
	memcpy(at, all.at, all.bytes < bytes ? all.bytes : bytes);
	*packet = pair_packet(at, bytes, all.to_server, 0);
	packet->path = all.path;
	free(all.at);
}

/* From another address than it came from: a stranger's, or another of the client's; or of the
 * server's port. */
static void disguise(struct pair_packet *packet, unsigned as)
{
	if (packet->to_server)
		packet->path.remote[15] = (uint8_t)(as % PAIR_ADDRESSES + 1);
	else
		packet->path.remote_port ^= (uint16_t)(as + 1);
}

static void inject(struct pair *pair, struct path *path, unsigned how)
{
	unsigned address = (unsigned)number(path, 1) % PAIR_ADDRESSES;
	struct pen_bytes bytes = take(path, number(path, 2) % 1500);
	bool to_server = how & 1;
	if (!to_server)
		address %= PAIR_STRANGERS;
	pair_fly(pair, pair_packet(bytes.at, bytes.len, to_server, address), DELAY_NS);
}

/* Under the key of its direction: whatever it says, it is authentic. */
static void sign(struct pair *pair, struct pair_packet *packet)
{
	struct pen_channel *channel = pair_channel(pair, packet->to_server);
	struct pen_wire_packet own;
	if (!channel || packet->bytes <= PEN_WIRE_HEAD_BYTES)
		return;
	if (packet->at[0] == PEN_WIRE_DATA) {
		pen_channel_mark(channel, (void *)packet->at, 1);
		return;
	}
	if (packet->bytes > PEN_WIRE_PACKET_BYTES_MAX)
		return;
	size_t body = packet->bytes - PEN_WIRE_HEAD_BYTES;
	memcpy(&own, packet->at, packet->bytes);
	pen_channel_seal(channel, packet->at[0], &own, body);
	memcpy(packet->at, &own, packet->bytes);
}

/* A field of a body, or of a header of DATA, becomes another. */
static void falsify(struct pair *pair, struct path *path, struct pair_packet *packet, unsigned len)
{
	bool data = packet->bytes && packet->at[0] == PEN_WIRE_DATA;
	unsigned from = (unsigned)number(path, 1) + (data ? 1 : PEN_WIRE_HEAD_BYTES);
	if (from < packet->bytes)
		scribble(path, packet, from, len);
	sign(pair, packet);
}

/* Any body of any type. */
static void forge(struct pair *pair, struct path *path, unsigned how)
{
	uint8_t at[PEN_WIRE_PACKET_BYTES_MAX] = {0};
	bool to_server = how & 1;
	at[0] = (uint8_t)(number(path, 1) % 16 + (to_server ? 0 : PEN_WIRE_TO_CLIENT));
	struct pen_bytes body = take(path, number(path, 2) % (PEN_WIRE_BODY_BYTES_MAX + 1));
	if (body.len)
		memcpy(at + PEN_WIRE_HEAD_BYTES, body.at, body.len);
	struct pair_packet packet = pair_packet(
		at, PEN_WIRE_HEAD_BYTES + body.len, to_server, pair->client_at);
	sign(pair, &packet);
	pair_fly(pair, packet, DELAY_NS);
}

/* Back to where it came from. */
static void reflect(struct pair *pair, const struct pair_packet *packet)
{
	pair_fly(pair, pair_packet(packet->at, packet->bytes, !packet->to_server, pair->client_at),
		DELAY_NS);
}

static void trouble(struct pair *pair, struct path *path, unsigned how)
{
	switch (how) {
	case 0: pair->disk.err = -EIO; break;
	case 1: pair->disk.err = 0; break;
	case 2: pair->disk.allowed = 0; break;
	case 3: pair->disk.allowed = UINT_MAX; break;
	case 4: pair->refuse = (unsigned)number(path, 1); break;
	case 5: pen_serve_list(&pair->serve, &pair->serve.nothing); break;
	case 6: pen_serve_list(&pair->serve, &pair->listing); break;
	default: path->silent_ns = pair->now_ns + (int64_t)number(path, 1) * 100 * PAIR_MS;
	}
}

/* The packet flies, changed or late, or not at all: then it is freed. */
static void decide(struct pair *pair, struct path *path, struct pair_packet packet)
{
	unsigned code = (unsigned)number(path, 1), how = code & 7;
	int64_t delay_ns = DELAY_NS;
	if (code & 0x80) {
		path->passes = code & 0x7f;
		pair_fly(pair, packet, delay_ns);
		return;
	}
	switch (code >> 3) {
	case 0: free(packet.at); return;
	case 1:
		for (unsigned i = 0; i <= how; i++)
			pair_fly(pair, copy(&packet), (i + 2) * DELAY_NS);
		break;
	case 2: delay_ns <<= how; break;
	case 3: delay_ns += (int64_t)number(path, 1) * 100 * PAIR_MS; break;
	case 4: replay(pair, path, packet.to_server, how); break;
	case 5: scribble(path, &packet, (unsigned)number(path, 2), how + 1); break;
	case 6:
		resize(path, &packet);
		if (how & 1)
			sign(pair, &packet);
		break;
	case 7: disguise(&packet, how); break;
	case 8: inject(pair, path, how); break;
	case 9: falsify(pair, path, &packet, how + 1); break;
	case 10: forge(pair, path, how); break;
	case 11: pair->client_at = how % PAIR_STRANGERS; break;
	case 12: trouble(pair, path, how); break;
	case 13: reflect(pair, &packet); break;
	case 14: replay(pair, path, !packet.to_server, how); break;
	default: sign(pair, &packet);
	}
	pair_fly(pair, packet, delay_ns);
}

void path_meet(struct pair *pair, struct pair_packet packet)
{
	struct path *path = pair->holder;
	if (packet.bytes == 0 || path->silent_ns > pair->now_ns) {
		free(packet.at);
		return;
	}
	keep(path, &packet);
	if (path->passes > 0) {
		path->passes--;
		pair_fly(pair, packet, DELAY_NS);
	} else if (path->input.len && path->decisions < DECISIONS) {
		path->decisions++;
		decide(pair, path, packet);
	} else {
		pair_fly(pair, packet, DELAY_NS);
	}
}

void path_calm(struct pair *pair, struct path *path)
{
	path->input.len = 0;
	path->silent_ns = 0;
	pair->disk.err = 0;
	pair->disk.allowed = UINT_MAX;
	pair->refuse = 0;
	pen_serve_list(&pair->serve, &pair->listing);
}

void path_fini(struct path *path)
{
	for (unsigned i = 0; i < 2 * PATH_KEPT; i++)
		free(path->kept[i / PATH_KEPT][i % PATH_KEPT].at);
}
