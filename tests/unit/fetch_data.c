/* DATA that comes side by side: what is a run, and what becomes of the rest. */
#include "fetch/data.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/check.h"
#include "base/rng.h"
#include "fakes/lab.h"

#define BURST 100u
#define PAYLOAD_MAX 8192u

struct PEN_PACKED packet {
	struct pen_wire_data head;
	uint8_t payload[PAYLOAD_MAX];
};

static struct packet packets[BURST];
static struct pen_slice slices[BURST];

/* Run until data flows, of a slot whose piece is of a known length. */
static const struct pen_place *flowing(void)
{
	lab_open(4 << 20, 1);
	lab_start();
	while (lab->client->counters.packets < 100)
		cr_assert(lab_turn());
	const struct pen_server *server = &lab->client->server[0];
	const struct pen_place *place = &lab->client->place[server->place[0]];
	cr_assert_eq(place->bytes, 1 << 20);
	cr_assert_eq(place->recv.awaited + place->recv.ahead, 0);
	return place;
}

/* Packet `index` of a place under a number, with the object's bytes, as the server would send it.
 */
static void make(unsigned at, const struct pen_place *place, uint32_t index, uint64_t seq)
{
	uint32_t payload = pen_wire_size_bytes(place->size);
	size_t from = ((size_t)place->piece.piece << 20) + (size_t)index * payload;
	struct packet *packet = &packets[at];
	packet->head = (struct pen_wire_data){.type = PEN_WIRE_DATA,
		.slot = place->slot,
		.nonce = place->nonce,
		.index = index,
		.seq = (uint32_t)seq};
	pen_channel_mark(&lab->client->server[0].visit.channel, &packet->head, 1);
	for (uint32_t i = 0; i < payload; i++)
		packet->payload[i] = from + i < lab->bytes ? lab->object[from + i] : 0;
	slices[at] = (struct pen_slice){.head = (const uint8_t *)packet,
		.tail = packet->payload,
		.bytes = (uint16_t)(PEN_WIRE_HEAD_BYTES + payload),
		.flags = PEN_SLICE_SUM_GOOD};
}

enum flaw {
	SOUND,
	FORGED, /* a bit of the header, that the check covers */
	UNSUMMED, /* the UDP checksum does not fit */
	SHORT, /* a byte */
	FOREIGN, /* of no server */
};

static void spoil(unsigned at, enum flaw flaw)
{
	if (flaw == FORGED)
		packets[at].head.time_us ^= 1;
	if (flaw == UNSUMMED)
		slices[at].flags = 0;
	if (flaw == SHORT)
		slices[at].bytes--;
	if (flaw == FOREIGN)
		packets[at].head.slot ^= 0x500;
}

/* What becomes of packets of the oldest place, and of the numbers that follow. */
Test(fetch_data, runs)
{
	static const struct {
		const char *name;
		unsigned count;
		struct {
			uint32_t index, seq; /* behind the place's reach, and the stream's top */
			enum flaw flaw;
		} packets[6];
		uint32_t run; /* the first so many are one */
		uint64_t placed, duplicates, harmed, broken, strays;
	} rows[] = {
		{"alone", 1, {{0, 0, 0}}, 1, 1, 0, 0, 0, 0},
		{"side by side", 4, {{0, 0, 0}, {1, 1, 0}, {2, 2, 0}, {3, 3, 0}}, 4, 4, 0, 0, 0, 0},
		{"behind gaps", 3, {{5, 9, 0}, {6, 10, 0}, {7, 11, 0}}, 3, 3, 0, 0, 0, 0},
		{"a gap within", 4, {{0, 0, 0}, {1, 1, 0}, {3, 3, 0}, {4, 4, 0}}, 2, 4, 0, 0, 0, 0},
		{"a number left out", 3, {{0, 0, 0}, {1, 2, 0}, {2, 3, 0}}, 1, 3, 0, 0, 0, 0},
		{"twice within", 4, {{0, 0, 0}, {1, 1, 0}, {1, 1, 0}, {2, 2, 0}}, 2, 3, 1, 0, 0, 0},
		{"again under a new number", 3, {{0, 0, 0}, {1, 1, 0}, {1, 2, 0}}, 2, 2, 1, 0, 0,
			0},
		{"all of it twice", 4, {{0, 0, 0}, {1, 1, 0}, {0, 0, 0}, {1, 1, 0}}, 2, 2, 2, 0, 0,
			0},
		{"backwards", 3, {{2, 2, 0}, {1, 1, 0}, {0, 0, 0}}, 1, 3, 0, 0, 0, 0},
		{"the third is forged", 5,
			{{0, 0, 0}, {1, 1, 0}, {2, 2, FORGED}, {3, 3, 0}, {4, 4, 0}}, 2, 4, 0, 1, 0,
			0},
		{"the first is", 2, {{0, 0, FORGED}, {1, 1, 0}}, 1, 1, 0, 1, 0, 0},
		{"the third has a wrong sum", 4,
			{{0, 0, 0}, {1, 1, 0}, {2, 2, UNSUMMED}, {3, 3, 0}}, 2, 3, 0, 1, 0, 0},
		{"the third is short", 4, {{0, 0, 0}, {1, 1, 0}, {2, 2, SHORT}, {3, 3, 0}}, 2, 3, 0,
			0, 1, 0},
		{"all are short", 3, {{0, 0, SHORT}, {1, 1, SHORT}, {2, 2, SHORT}}, 1, 0, 0, 0, 3,
			0},
		{"the second is nobody's", 3, {{0, 0, 0}, {1, 1, FOREIGN}, {2, 2, 0}}, 1, 2, 0, 0,
			0, 1},
		{"the first is", 2, {{0, 0, FOREIGN}, {1, 1, 0}}, 1, 1, 0, 0, 0, 1},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		const struct pen_place *place = flowing();
		struct pen_client *client = lab->client;
		uint64_t top = client->server[0].stream.seqs.top;
		uint32_t reach = place->recv.reach;
		for (unsigned k = 0; k < rows[i].count; k++) {
			make(k, place, reach + rows[i].packets[k].index,
				top + rows[i].packets[k].seq);
			spoil(k, rows[i].packets[k].flaw);
		}
		struct pen_client_counters before = client->counters, *now = &client->counters;
		uint32_t run = pen_data_hear(client, slices, rows[i].count, lab->now);
		cr_expect_eq(run, rows[i].run, "%s: a run of %u", rows[i].name, run);
		pen_client_hear(client, slices + run, rows[i].count - run, lab->now);
		cr_expect_eq(now->placed - before.placed, rows[i].placed, "%s", rows[i].name);
		cr_expect_eq(now->duplicates - before.duplicates, rows[i].duplicates, "%s",
			rows[i].name);
		cr_expect_eq(now->harmed - before.harmed, rows[i].harmed, "%s", rows[i].name);
		cr_expect_eq(now->broken - before.broken, rows[i].broken, "%s", rows[i].name);
		cr_expect_eq(now->strays - before.strays, rows[i].strays, "%s", rows[i].name);
		cr_expect(lab_run(10 * LAB_S), "%s: the fetch goes on", rows[i].name);
		lab_close();
	}
}

/* A run ends where the grant does, at the last full packet of a piece, and with the burst. */
Test(fetch_data, ends_of_runs)
{
	static const struct {
		const char *name;
		uint32_t before_end; /* packets from the first to the end of the piece; 0: anywhere
				      */
		uint32_t before_grant; /* and to the grant's */
		uint32_t run;
		uint64_t placed, broken, strays;
	} rows[] = {
		{"the burst's", 0, 0, BURST, BURST, 0, 0},
		{"the grant's", 0, 5, 5, 5, 0, BURST - 5},
		{"beyond the grant", 0, 0x100, BURST, BURST, 0, 0},
		/* The last packet of a piece is shorter than the others. */
		{"the piece's", 5, 0, 4, 4, BURST - 4, 0},
		{"the last packet, full", 1, 0, 1, 0, BURST, 0},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		const struct pen_place *place = flowing();
		struct pen_client *client = lab->client;
		struct pen_stream *stream = &client->server[0].stream;
		uint64_t top = stream->seqs.top;
		uint32_t first = rows[i].before_end ? place->recv.packets - rows[i].before_end
						    : place->recv.reach;
		/* Room for all of the burst, whatever was granted so far. */
		if (stream->granted < top + BURST)
			stream->granted = top + BURST;
		if (rows[i].before_grant)
			stream->granted = top + rows[i].before_grant;
		for (unsigned k = 0; k < BURST; k++)
			make(k, place, first + k, top + k);
		struct pen_client_counters before = client->counters, *now = &client->counters;
		uint32_t run = pen_data_hear(client, slices, BURST, lab->now);
		cr_expect_eq(run, rows[i].run, "%s: a run of %u", rows[i].name, run);
		pen_client_hear(client, slices + run, BURST - run, lab->now);
		cr_expect_eq(now->placed - before.placed, rows[i].placed, "%s", rows[i].name);
		cr_expect_eq(now->broken - before.broken, rows[i].broken, "%s", rows[i].name);
		cr_expect_eq(now->strays - before.strays, rows[i].strays, "%s", rows[i].name);
		cr_expect_eq(now->harmed, before.harmed);
		lab_run(10 * LAB_S);
		lab_close();
	}
}

/* The packets that prove a size may all be of one run. */
Test(fetch_data, a_run_proves_its_size)
{
	lab_open(4 << 20, 1);
	lab_start();
	const struct pen_server *server = &lab->client->server[0];
	while (server->stream.granted < 2 * PEN_SIZES_PROOF)
		cr_assert(lab_turn());
	const struct pen_place *place = &lab->client->place[server->place[0]];
	cr_assert_eq(place->recv.got + server->stream.seqs.top, 0);
	for (unsigned k = 0; k < 2 * PEN_SIZES_PROOF; k++)
		make(k, place, k, k);
	unsigned few = PEN_SIZES_PROOF - 1;
	cr_expect_eq(pen_data_hear(lab->client, slices, few, lab->now), few);
	cr_expect(!server->sizes.settled);
	unsigned rest = PEN_SIZES_PROOF + 1;
	cr_expect_eq(pen_data_hear(lab->client, slices + few, rest, lab->now), rest);
	cr_expect(server->sizes.settled);
	cr_expect(lab_run(10 * LAB_S));
	lab_close();
}

/* What a burst leaves of a client. */
struct left {
	struct pen_client_counters counters;
	struct pen_stream_want want;
	struct pen_seqs seqs;
	struct pen_proofs proof;
	struct pen_feedback feedback;
	struct pen_rate_report report;
	struct pen_recv recv;
	uint64_t beyond, harmed, strays;
	uint32_t echo_us;
	uint64_t stirred;
	bool landed;
};

/* Mostly the next packet, else one that is left out, repeated, from before, or with flags. */
static void make_burst(const struct pen_place *place, struct pen_rng *rng)
{
	uint64_t seq = lab->client->server[0].stream.seqs.top;
	uint32_t index = place->recv.reach;
	for (unsigned k = 0; k < BURST; k++) {
		uint64_t what = pen_rng_below(rng, 40);
		uint32_t back = (uint32_t)pen_rng_below(rng, 10);
		index += what == 0 ? 1 + back : 0;
		seq += what == 1 || what == 0 ? 1 + back : 0;
		if (what == 2 && k > 0) {
			packets[k] = packets[k - 1 - back % k];
			slices[k] = slices[k - 1 - back % k];
			slices[k].head = (const uint8_t *)&packets[k];
			slices[k].tail = packets[k].payload;
			continue;
		}
		make(k, place, what == 3 && index > back ? index - back : index, seq);
		packets[k].head.token = (uint16_t)seq;
		packets[k].head.time_us = k;
		packets[k].head.flags = what == 4 ? PEN_WIRE_DATA_LAST
			: what == 5               ? PEN_WIRE_DATA_ECHO
						  : 0;
		pen_channel_mark(&lab->client->server[0].visit.channel, &packets[k].head, 1);
		if (what >= 6 && what <= 9)
			spoil(k, (enum flaw)(what - 5));
		index += what != 3;
		seq++;
	}
}

/* The same world twice: its burst comes at once, or packet by packet. Returns the runs. */
static unsigned hear_burst(uint64_t seed, bool alone, struct left *left)
{
	struct pen_rng rng = {seed};
	const struct pen_place *place = flowing();
	struct pen_client *client = lab->client;
	struct pen_stream *stream = &client->server[0].stream;
	unsigned runs = 0;
	uint64_t room = 30 + pen_rng_below(&rng, 200);
	if (stream->granted < stream->seqs.top + room)
		stream->granted = stream->seqs.top + room;
	make_burst(place, &rng);
	client->stirred = client->came = 0;
	for (unsigned i = 0; i < BURST; runs++) {
		bool whole = pen_slice_sum_fits(&slices[i]);
		if (whole && !alone) {
			i += pen_data_hear(client, &slices[i], BURST - i, lab->now);
			continue;
		}
		pen_client_hear(client, &slices[i++], 1, lab->now);
	}
	memset(left, 0, sizeof *left);
	left->counters = client->counters;
	left->want = client->server[0].want;
	left->seqs = stream->seqs;
	left->proof = stream->proof;
	left->feedback = stream->feedback;
	left->report = stream->report;
	left->recv = place->recv;
	left->beyond = stream->beyond;
	left->harmed = client->server[0].harmed;
	left->strays = client->server[0].strays;
	left->echo_us = stream->echo_us;
	left->stirred = client->stirred;
	left->landed = client->landed;
	lab_run(10 * LAB_S);
	lab_close();
	return runs;
}

Test(fetch_data, bursts_are_their_packets)
{
	static struct left at_once, alone;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		unsigned runs = hear_burst(seed, false, &at_once);
		cr_expect_eq(hear_burst(seed, true, &alone), BURST);
		cr_expect_lt(runs, BURST * 3 / 4, "%u runs", runs);
		cr_assert_arr_eq(
			&at_once, &alone, sizeof alone, "seed %llu", (unsigned long long)seed);
	}
}
