#include "fetch/stuck.h"

#include "base/check.h"
#include "fetch/sized.h"

/* Servers in this state: a set. */
static uint64_t servers_in(const struct pen_client *client, enum pen_server_state state)
{
	uint64_t set = 0;
	for (unsigned s = 0; s < PEN_HAUL_PEERS; s++)
		set |= (uint64_t)(client->server[s].state == state) << s;
	return set;
}

/* Servers that will be called again. */
static uint64_t aside(const struct pen_client *client)
{
	uint64_t set = 0;
	for (unsigned s = 0; s < PEN_HAUL_PEERS; s++) {
		const struct pen_server *server = &client->server[s];
		set |= (uint64_t)(server->state == PEN_SERVER_GONE &&
			       server->fault == PEN_SERVER_SPOILT)
			<< s;
	}
	return set;
}

static int64_t quiet_ns(const struct pen_client *client, int64_t now_ns)
{
	int64_t quiet = INT64_MAX;
	for (unsigned s = 0; s < client->server_count && s < PEN_HAUL_PEERS; s++) {
		const struct pen_server *server = &client->server[s];
		int64_t since = now_ns - server->stream.came_ns;
		if (server->stream.seqs.seen && since < quiet)
			quiet = since;
	}
	return quiet;
}

static unsigned any_of(uint64_t set)
{
	return set ? (unsigned)__builtin_ctzll(set) : PEN_HAUL_PEERS;
}

/* The oldest haul that is not whole, or NULL. */
static const struct pen_haul *oldest(const struct pen_client *client)
{
	const struct pen_haul *best = NULL;
	for (uint32_t i = 0; i < client->hauls.hauls_max; i++) {
		const struct pen_haul *haul = &client->hauls.haul[i];
		if (haul->used && !pen_haul_whole(haul) && (!best || haul->order < best->order))
			best = haul;
	}
	return best;
}

/* The first part that is wanted, or PEN_HAUL_NONE. */
static uint32_t first_wanted(const struct pen_client *client)
{
	for (uint32_t k = 0; k < client->parts.n; k++) {
		if (client->parts.state[k] == PEN_PARTS_WANTED)
			return k;
	}
	return PEN_HAUL_NONE;
}

static void set(struct pen_stuck *out, enum pen_stuck_reason reason, uint64_t servers)
{
	out->reason = reason;
	out->server = any_of(servers);
}

/* Nobody is ready: why? */
static void look_at_servers(const struct pen_client *client, struct pen_stuck *out)
{
	uint64_t silent = servers_in(client, PEN_SERVER_SILENT);
	uint64_t calling = servers_in(client, PEN_SERVER_CALLING);
	if (silent)
		set(out, PEN_STUCK_SILENT, silent);
	else if (calling)
		set(out, PEN_STUCK_CALLING, calling);
	else
		set(out, aside(client) ? PEN_STUCK_ASIDE : PEN_STUCK_GONE, aside(client));
}

/* Who has the part, as far as is known: by its bytes, or by what was told. */
static uint64_t holders_of(const struct pen_client *client, const struct pen_haul *haul)
{
	if (haul && (haul->named || haul->kind != PEN_WIRE_KIND_PIECE))
		return haul->can;
	if (haul && haul->given)
		return pen_sized_offers(client);
	uint32_t part = haul ? haul->part : first_wanted(client);
	uint64_t holders = part == PEN_HAUL_NONE ? 0 : pen_parts_holders(&client->parts, part);
	/* Whose bytes failed is not one who has it. */
	return haul ? holders & ~haul->vain : holders;
}

/* Servers that have not said in this session whether they have the part, or only that they have it
 * and not yet what it is; but for those whose answers are none. */
static uint64_t untold_of(const struct pen_client *client, uint32_t part)
{
	uint64_t untold = 0;
	PEN_CHECK(part < client->parts.n);
	for (unsigned s = 0; s < client->server_count && s < PEN_HAUL_PEERS; s++) {
		const struct pen_server *server = &client->server[s];
		bool told = server->news_ns[part / PEN_WIRE_WINDOW_PARTS] > 0;
		bool waits = !told || server->catalog.open;
		untold |= (uint64_t)(waits && !server->garbled) << s;
	}
	return untold;
}

static bool all_busy(const struct pen_client *client, uint64_t servers, int64_t now_ns)
{
	for (unsigned s = 0; s < PEN_HAUL_PEERS; s++) {
		if (servers >> s & 1 && client->server[s].busy_ns <= now_ns)
			return false;
	}
	return servers != 0;
}

void pen_stuck_look(const struct pen_client *client, int64_t now_ns, struct pen_stuck *out)
{
	*out = (struct pen_stuck){.part = PEN_HAUL_NONE,
		.server = PEN_HAUL_PEERS,
		.quiet_ns = quiet_ns(client, now_ns)};
	if (pen_client_done(client))
		return;
	uint64_t ready = pen_client_ready(client);
	const struct pen_haul *haul = oldest(client);
	out->part = haul ? haul->part : first_wanted(client);
	if (!ready) {
		look_at_servers(client, out);
		return;
	}
	if (client->config.pool->free == 0 || client->backlog_bytes == 0) {
		set(out, PEN_STUCK_CALLER, 0);
		return;
	}
	/* All is here, and the caller has not said yet whether it is proved. */
	if (out->part == PEN_HAUL_NONE)
		return;
	uint64_t holders = holders_of(client, haul), untold = ready & untold_of(client, out->part);
	if (!holders)
		set(out, untold ? PEN_STUCK_UNTOLD : PEN_STUCK_NOBODY, untold);
	else if (!(holders & ready))
		set(out, PEN_STUCK_SILENT, holders);
	else if (all_busy(client, holders & ready, now_ns))
		set(out, PEN_STUCK_BUSY, holders & ready);
}

const char *pen_stuck_text(enum pen_stuck_reason reason)
{
	static const char *const text[PEN_STUCK_REASONS] = {
		[PEN_STUCK_NOT] = "it goes on",
		[PEN_STUCK_CALLING] = "no server has answered yet",
		[PEN_STUCK_GONE] = "every server has left, was banned, or never answered",
		[PEN_STUCK_ASIDE] =
			"what the last servers send is changed on the way; they are tried again",
		[PEN_STUCK_UNTOLD] = "a server has not said yet whether it has it",
		[PEN_STUCK_NOBODY] = "no server has it",
		[PEN_STUCK_SILENT] = "the servers that have it send nothing",
		[PEN_STUCK_BUSY] = "the servers that have it are busy",
		[PEN_STUCK_CALLER] = "what came is not taken: memory is full of it",
	};
	PEN_CHECK(reason < PEN_STUCK_REASONS);
	return text[reason];
}
