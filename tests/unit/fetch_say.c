/* The packets that a client writes, read by the decoders. */
#include "fetch/say.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/check.h"
#include "fakes/lab.h"
#include "wire/decode.h"

/* The last packet that waits in the post: its body. */
static struct pen_bytes last(uint8_t type)
{
	const struct pen_post *post = &lab->client->post;
	cr_assert_gt(post->waiting, 0);
	unsigned i = post->waiting - 1;
	const uint8_t *at = pen_cells_at(&post->cells[0], post->cell[i]);
	const struct pen_wire_head *head = pen_wire_head_decode(
		(struct pen_bytes){at, PEN_WIRE_HEAD_BYTES}, post->bytes[i]);
	cr_assert_not_null(head);
	cr_assert_eq(head->type, type);
	cr_assert_eq(post->path[i].remote_port, 7000);
	return (struct pen_bytes){at + PEN_WIRE_HEAD_BYTES, post->bytes[i] - PEN_WIRE_HEAD_BYTES};
}

/* A session with nothing said in it yet. */
static struct pen_server *begin(void)
{
	lab_open(100 << 20, 1);
	lab->config.n = 20000;
	lab->config.form = PEN_WIRE_FORM_NEARCORE;
	lab->config.places = 64;
	lab_start();
	struct pen_server *server = &lab->client->server[0];
	while (server->state != PEN_SERVER_READY)
		cr_assert(lab_turn());
	return server;
}

Test(fetch_say, questions)
{
	struct pen_server *server = begin();
	cr_assert(pen_say_want(lab->client, server, 2));
	const struct pen_wire_window *want = pen_wire_want_decode(last(PEN_WIRE_WANT));
	cr_assert_not_null(want);
	cr_expect_eq(want->window, 2);
	cr_expect_eq(want->n, 20000);
	cr_expect_eq(want->flags, PEN_WIRE_WINDOW_ALL);
	/* The page that the part stands in. */
	static const struct {
		uint32_t part, first;
		uint8_t count;
	} rows[] = {{0, 0, 32}, {31, 0, 32}, {32, 32, 32}, {19967, 19936, 32}, {19968, 19968, 32},
		{19999, 19968, 32}};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		server->catalog_part = rows[i].part;
		cr_assert(pen_say_catalog(lab->client, server));
		const struct pen_wire_catalog *catalog = pen_wire_catalog_decode(
			last(PEN_WIRE_CATALOG));
		cr_assert_not_null(catalog);
		cr_expect_eq(catalog->first, rows[i].first, "part %u", rows[i].part);
		cr_expect_eq(catalog->count, rows[i].count, "part %u", rows[i].part);
	}
	lab_close();
}

/* Closes come first, then slots that are asked for; each once in a timeout. */
Test(fetch_say, slots)
{
	struct pen_server *server = begin();
	struct pen_client *client = lab->client;
	struct pen_rtt *rtt = &server->stream.rtt;
	server->places = 16;
	for (unsigned i = 0; i < 16; i++) {
		server->place[i] = (uint8_t)i;
		client->place[i].state = i % 2 ? PEN_PLACE_ASKED : PEN_PLACE_OPENED;
		client->place[i].slot = 100 + i;
		client->place[i].nonce = 1000 + i;
		client->place[i].piece.kind = PEN_WIRE_KIND_PIECE;
	}
	for (uint32_t i = 0; i < 40; i++)
		pen_server_shut(server, i, 7, lab->now);
	cr_expect_eq(server->closes, PEN_SERVER_CLOSES_MAX, "the oldest are dropped");
	pen_server_begin(&server->opens, lab->now);
	cr_assert(pen_say_open(client, server, lab->now));
	const struct pen_wire_open *open = pen_wire_open_decode(last(PEN_WIRE_OPEN));
	cr_assert_not_null(open);
	cr_expect_eq(open->count, 32);
	cr_expect_eq(open->slots[0].act, PEN_WIRE_SLOT_CLOSE);
	cr_expect_eq(open->slots[0].slot, 8);
	unsigned waiting = client->post.waiting;
	cr_assert(pen_say_open(client, server, lab->now));
	cr_expect_eq(client->post.waiting, waiting, "nothing is due");
	for (uint32_t i = 8; i < 40; i++)
		pen_server_shut_done(server, i);
	cr_expect_eq(server->closes, 0);
	cr_assert(pen_say_open(client, server, lab->now + pen_rtt_timeout_ns(rtt)));
	open = pen_wire_open_decode(last(PEN_WIRE_OPEN));
	cr_assert_not_null(open);
	cr_expect_eq(open->count, 8);
	for (unsigned i = 0; i < open->count; i++) {
		cr_expect_eq(open->slots[i].act, PEN_WIRE_SLOT_OPEN);
		cr_expect_eq(open->slots[i].slot, 101 + 2 * i);
		cr_expect_eq(open->slots[i].nonce, 1001 + 2 * i);
	}
	server->places = 0;
	for (unsigned i = 0; i < 16; i++)
		client->place[i].state = PEN_PLACE_FREE;
	lab_close();
}

Test(fetch_say, nothing_without_room)
{
	struct pen_server *server = begin();
	struct pen_client *client = lab->client;
	struct pen_answer answer = {.bytes = 100};
	while (pen_say_answer(client, &answer, &server->path))
		;
	cr_expect_eq(client->post.waiting, PEN_POST_WAITING_MAX);
	struct pen_stream_want want = {.packet_bytes = 1232, .repair_ns = INT64_MAX};
	uint64_t granted = server->stream.granted;
	cr_expect(!pen_say_want(client, server, 0));
	cr_expect(!pen_say_catalog(client, server));
	cr_expect(!pen_say_open(client, server, lab->now));
	cr_expect(!pen_say_pull(client, server, &want, lab->now));
	cr_expect_eq(server->stream.granted, granted, "nothing has changed");
	answer.bytes = 0;
	cr_expect(pen_say_answer(client, &answer, &server->path));
	lab_close();
}
