/*
 * What a server and a client make of any packet, from a stranger and from each other with the right
 * tag. The first byte says who hears it and whether it is tagged, the second the type, the rest is
 * the body. What is answered is small, and no answer to an answer comes of it.
 */
#include "fuzz.h"
#include "peer/greet.h"
#include "peer/visit.h"
#include "wire/decode.h"

#define NOW_NS INT64_C(1000000000000)

static struct pen_greeter greeter;
static struct pen_session session;
static struct pen_visit visit;
static struct pen_draw draw;
static struct pen_net_path path = {.local = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 1},
	.remote = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 2},
	.local_port = 7070,
	.remote_port = 9};

static struct pen_packet packet_of(const struct pen_answer *answer)
{
	const uint8_t *at = (const uint8_t *)&answer->packet;
	const struct pen_wire_head *head = pen_wire_head_decode(
		(struct pen_bytes){at, PEN_WIRE_HEAD_BYTES}, answer->bytes);
	PEN_CHECK(head != NULL);
	return (struct pen_packet){head, {answer->packet.body, head->body_bytes}, &path};
}

static bool greets(
	const struct pen_answer *hello, enum pen_greet_heard want, struct pen_answer *out)
{
	uint64_t again;
	struct pen_packet packet = packet_of(hello);
	return pen_greeter_hear(&greeter, &packet, NOW_NS, &again, out) == want;
}

static enum pen_visit_heard visits(const struct pen_answer *came, struct pen_answer *out)
{
	struct pen_packet packet = packet_of(came);
	return pen_visit_hear(&visit, &packet, &draw, NOW_NS, out);
}

/* One session between the two, the same in every run. */
static void begin(void)
{
	static const uint8_t bytes[32] = {1};
	struct pen_greet_config config = {.slots = 1, .idle_s = 1};
	struct pen_visit_config client = {.tries = 1};
	struct pen_answer there, back;
	pen_identity_init(&config.identity, bytes);
	pen_identity_init(&client.identity, bytes);
	pen_greeter_init(&greeter, &config, bytes, NOW_NS);
	pen_draw_init(&draw, bytes);
	pen_visit_init(&visit, &client, &draw, NOW_NS);
	pen_visit_poll(&visit, NOW_NS, &there);
	PEN_CHECK(greets(&there, PEN_GREET_ANSWER, &back));
	PEN_CHECK(visits(&back, &there) == PEN_VISIT_ANSWER);
	PEN_CHECK(greets(&there, PEN_GREET_NEW, &back));
	struct pen_packet packet = packet_of(&there);
	PEN_CHECK(pen_greeter_welcome(&greeter, &packet, 5, NOW_NS, &session, &back));
	PEN_CHECK(visits(&back, &there) == PEN_VISIT_OPENED);
}

/* Everything that a server does with a packet; the most that it answers. */
static void hear_server(
	const struct pen_answer *came, const struct pen_net_path *from, struct pen_answer *out)
{
	uint64_t again;
	struct pen_answer reset;
	struct pen_session copy = session;
	struct pen_packet packet = packet_of(came);
	packet.path = from;
	pen_resets_answer(&greeter.resets, &packet, NOW_NS, &reset);
	PEN_CHECK(reset.bytes < came->bytes);
	if (packet.head->type == PEN_WIRE_HELLO)
		pen_greeter_hear(&greeter, &packet, NOW_NS, &again, out);
	else
		pen_session_hear(&copy, &packet, &draw, NOW_NS, out);
	if (!out->bytes)
		*out = reset;
}

static void hear_client(const struct pen_answer *came, struct pen_answer *out)
{
	struct pen_visit copy = visit;
	struct pen_packet packet = packet_of(came);
	pen_visit_hear(&copy, &packet, &draw, NOW_NS, out);
}

static void check_answer(const struct pen_answer *came, bool server, struct pen_answer *out)
{
	struct pen_answer more = {.bytes = 0};
	if (!out->bytes)
		return;
	PEN_CHECK(!(came->packet.head.type & PEN_WIRE_TO_CLIENT) == server);
	if (server)
		PEN_CHECK(PEN_WIRE_AMPLIFIES_LITTLE(came->bytes, out->bytes));
	if (server)
		hear_server(out, &path, &more);
	else if (out->packet.head.type & PEN_WIRE_TO_CLIENT)
		hear_client(out, &more);
	PEN_CHECK(more.bytes == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static bool begun;
	struct pen_answer came = {.bytes = 0}, out = {.bytes = 0};
	struct pen_net_path away = path;
	if (!begun)
		begin();
	begun = true;
	if (len < 3 || len - 2 > PEN_WIRE_BODY_BYTES_MAX || data[1] == PEN_WIRE_DATA)
		return 0;
	bool server = data[0] & 1, tagged = data[0] & 2;
	memcpy(came.packet.body, data + 2, len - 2);
	struct pen_channel channel = server ? visit.channel : session.channel;
	came.bytes = pen_channel_seal(&channel, data[1], &came.packet, len - 2);
	if (!tagged) {
		came.packet.head.counter = data[0] >> 3;
		came.packet.head.tag = 0;
		came.packet.head.session = data[1] == PEN_WIRE_HELLO ? 0 : channel.other;
	}
	away.remote_port += data[0] >> 2 & 1;
	if (server)
		hear_server(&came, &away, &out);
	else
		hear_client(&came, &out);
	check_answer(&came, server, &out);
	return 0;
}
