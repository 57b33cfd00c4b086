/* A raw object whose size the caller decides, at toy servers that say different ones. */
#include "fetch/sized.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/check.h"
#include "fakes/lab.h"
#include "part/raw_page.h"

#define BYTES ((3u << 20) + 1000u)

static struct pen_hash leaves[8];
static struct pen_buf page;
static bool paged; /* a page came that leads to the root, if the object is as large as it is */
static unsigned wrong; /* pages that did not */
static unsigned blocks; /* that came */
static uint64_t from; /* servers that sent blocks: a set */

static void take(const struct pen_client_piece *piece)
{
	struct pen_raw_page_ask ask = {.blocks = pen_raw_blocks(lab->client->sized_bytes)};
	const struct pen_bytes bytes = {piece->block->at, piece->bytes};
	const struct pen_hash *came;
	memcpy(ask.root.bytes, lab->config.root, sizeof ask.root.bytes);
	if (piece->piece.kind == PEN_WIRE_KIND_PIECE) {
		memcpy(lab->copy + ((size_t)piece->unit << 20), bytes.at, bytes.len);
		from |= UINT64_C(1) << piece->server;
		blocks++;
	} else if (pen_raw_page_decode(bytes, &ask, &came)) {
		wrong++;
		pen_client_wrong(lab->client, &piece->piece, piece->unit, bytes, lab->now);
	} else {
		paged = true;
	}
}

/* So many servers of an object of BYTES, each as large as it says; 0: it tells the truth. */
static void begin(const uint64_t *says, unsigned toys)
{
	struct pen_hash root;
	lab_open(BYTES, toys);
	for (uint32_t i = 0; i < pen_raw_blocks(BYTES); i++) {
		struct pen_bytes block = {
			lab->object + ((size_t)i << 20), pen_raw_block_bytes(BYTES, i)};
		pen_raw_leaf(block, &leaves[i]);
	}
	page.len = 0;
	cr_assert_eq(pen_raw_page_encode(leaves, pen_raw_blocks(BYTES), 0, &page), 0);
	pen_raw_leaves_root(leaves, pen_raw_blocks(BYTES), &root);
	memcpy(lab->config.root, root.bytes, sizeof root.bytes);
	for (unsigned t = 0; t < toys; t++) {
		memcpy(lab->toy[t].root, root.bytes, sizeof root.bytes);
		lab->toy[t].page = pen_buf_bytes(&page);
		lab->toy[t].manners.says = says[t];
	}
	lab->config.sized = true;
	lab->take = take;
	paged = false;
	wrong = blocks = 0;
	from = 0;
	lab_start();
}

static void end(void)
{
	pen_client_choose(lab->client, 0, false, lab->now);
	/* Each test has looked for itself whether it is the object. */
	memcpy(lab->copy, lab->object, BYTES);
	lab_close();
	pen_buf_fini(&page);
}

static void run(int64_t ns)
{
	int64_t until = lab->now + ns;
	while (lab->now < until && lab_turn())
		continue;
}

static void fetch(const uint64_t *here)
{
	cr_assert(pen_sized_blocks(lab->client, here, lab->now));
	run(LAB_S);
}

Test(fetch_sized, nothing_comes_until_a_size_is_chosen)
{
	const uint64_t says[] = {9000000, 0, 5};
	const uint64_t none = 0;
	begin(says, 3);
	cr_expect_eq(pen_sized_offers(lab->client), 0);
	cr_expect(!lab_run(2 * LAB_S));
	cr_expect_eq(lab->client->counters.packets, 0);
	cr_expect_eq(pen_sized_said_by(lab->client, 0), 9000000);
	cr_expect_eq(pen_sized_said_by(lab->client, 1), BYTES);
	cr_expect_eq(pen_sized_said_by(lab->client, 2), 5);
	cr_expect_eq(pen_sized_offers(lab->client), 7);
	pen_sized_pages(lab->client, BYTES);
	run(LAB_S);
	cr_expect(paged);
	cr_expect_eq(blocks, 0);
	fetch(&none);
	cr_expect_eq(blocks, 4);
	cr_expect_eq(from, 2, "only who says so sends it");
	cr_expect_eq(memcmp(lab->object, lab->copy, BYTES), 0);
	end();
}

Test(fetch_sized, what_is_here_does_not_come)
{
	const uint64_t says[] = {0}, here = 5;
	begin(says, 1);
	run(LAB_S / 10);
	pen_sized_pages(lab->client, BYTES);
	run(LAB_S / 10);
	memcpy(lab->copy, lab->object, 3 << 20);
	memset(lab->copy + (1 << 20), 0, 1 << 20);
	fetch(&here);
	cr_expect_eq(blocks, 2);
	cr_expect_eq(memcmp(lab->object, lab->copy, BYTES), 0);
	end();
}

Test(fetch_sized, what_is_held_does_not_come_until_it_is_missed)
{
	const uint64_t says[] = {0}, here = 1;
	begin(says, 1);
	run(LAB_S / 10);
	pen_sized_hold(lab->client, 1, lab->now);
	pen_sized_miss(lab->client, 1);
	cr_expect(!pen_sized_lacks(lab->client), "nothing is asked for yet");
	pen_sized_pages(lab->client, BYTES);
	run(LAB_S / 10);
	cr_assert(pen_sized_blocks(lab->client, &here, lab->now));
	cr_expect(pen_sized_lacks(lab->client));
	pen_sized_hold(lab->client, 1, lab->now);
	pen_sized_hold(lab->client, 1, lab->now);
	pen_sized_hold(lab->client, 2, lab->now);
	run(LAB_S);
	cr_expect_eq(blocks, 1);
	cr_expect(!pen_sized_lacks(lab->client));
	pen_sized_miss(lab->client, 2);
	cr_expect(pen_sized_lacks(lab->client));
	run(LAB_S);
	cr_expect_eq(blocks, 2);
	memcpy(lab->copy, lab->object, 2 << 20);
	cr_expect_eq(memcmp(lab->object, lab->copy, BYTES), 0);
	cr_expect_eq(lab->client->server[0].bytes, BYTES - (2 << 20) + page.len);
	end();
}

Test(fetch_sized, what_flies_is_given_up_when_it_is_held)
{
	const uint64_t says[] = {0}, none = 0;
	begin(says, 1);
	lab->toy[0].manners.rate = LAB_MB;
	run(LAB_S / 10);
	pen_sized_pages(lab->client, BYTES);
	run(LAB_S / 10);
	cr_assert(paged);
	cr_assert(pen_sized_blocks(lab->client, &none, lab->now));
	run(LAB_S / 2);
	unsigned flights = pen_sized_flights(lab->client);
	cr_assert_gt(flights, 0);
	cr_assert(pen_sized_flies(lab->client, 0));
	pen_sized_hold(lab->client, 0, lab->now);
	cr_expect(!pen_sized_flies(lab->client, 0));
	cr_expect_eq(pen_sized_flights(lab->client), flights - 1);
	run(5 * LAB_S);
	cr_expect_eq(blocks, 3);
	memcpy(lab->copy, lab->object, 1 << 20);
	cr_expect_eq(memcmp(lab->object, lab->copy, BYTES), 0);
	end();
}

Test(fetch_sized, who_lied_is_asked_and_nobody_else)
{
	const uint64_t says[] = {9000000, 0};
	const uint64_t none = 0;
	begin(says, 2);
	run(LAB_S / 10);
	pen_sized_pages(lab->client, 9000000);
	run(LAB_S);
	cr_expect_eq(wrong, 1);
	cr_expect(!paged);
	cr_expect_eq(lab->toy[0].attests, 1);
	cr_expect_eq(lab->toy[1].attests, 0);
	cr_expect_eq(lab->client->server[0].fault, PEN_SERVER_LIED);
	cr_expect_eq(pen_sized_said_by(lab->client, 0), 0, "it is gone");
	pen_sized_drop(lab->client, lab->now);
	pen_sized_pages(lab->client, BYTES);
	run(LAB_S);
	cr_expect(paged);
	fetch(&none);
	cr_expect_eq(blocks, 4);
	cr_expect_eq(lab->client->server[1].fault, PEN_SERVER_NO_FAULT);
	end();
}

Test(fetch_sized, a_size_falls_while_blocks_fly)
{
	/* As many blocks, so that its page is right, and another last one. */
	const uint64_t says[] = {BYTES + 1, 0};
	const uint64_t none = 0;
	begin(says, 2);
	lab->toy[0].manners.rate = LAB_MB;
	run(LAB_S / 10);
	pen_sized_pages(lab->client, BYTES + 1);
	run(LAB_S / 10);
	cr_expect(paged);
	cr_assert(pen_sized_blocks(lab->client, &none, lab->now));
	run(LAB_S / 2);
	cr_expect_eq(blocks, 0);
	cr_expect_gt(lab->client->server[0].places, 0);
	pen_sized_drop(lab->client, lab->now);
	cr_expect_eq(lab->client->server[0].places, 0);
	run(LAB_S / 10);
	pen_sized_pages(lab->client, BYTES);
	run(LAB_S / 10);
	fetch(&none);
	cr_expect_eq(from, 2);
	cr_expect_eq(memcmp(lab->object, lab->copy, BYTES), 0);
	end();
}

Test(fetch_sized, the_last_block_comes_as_it_is)
{
	const uint64_t says[] = {BYTES - 7};
	const uint64_t none = 0;
	begin(says, 1);
	run(LAB_S / 10);
	pen_sized_pages(lab->client, BYTES - 7);
	run(LAB_S / 10);
	fetch(&none);
	cr_expect_eq(blocks, 4);
	cr_expect_eq(memcmp(lab->object, lab->copy, BYTES), 0);
	end();
}

Test(fetch_sized, who_cannot_send_it_does_not_say_so)
{
	static const struct {
		const char *name;
		struct toy_manners manners;
		uint64_t said;
	} rows[] = {
		{"the truth", {.rate = 1}, BYTES},
		{"more than there can be", {.rate = 1, .says = PEN_RAW_BYTES_MAX + 1}, 0},
		{"more than the caller takes", {.rate = 1, .says = UINT64_C(1025) << 20}, 0},
		{"the most that he takes", {.rate = 1, .says = UINT64_C(1024) << 20},
			UINT64_C(1024) << 20},
		{"another object", {.rate = 1, .other_id = true}, 0},
		{"nothing", {.rate = 1, .lacks = true}, 0},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		begin(&(uint64_t){0}, 1);
		lab->toy[0].manners = rows[i].manners;
		run(LAB_S / 10);
		cr_expect_eq(pen_sized_said_by(lab->client, 0), rows[i].said, "%s", rows[i].name);
		end();
	}
}

Test(fetch_sized, who_has_no_page_has_nothing)
{
	begin(&(uint64_t){0}, 1);
	lab->toy[0].page.len = 0;
	run(LAB_S / 10);
	cr_expect_eq(pen_sized_said_by(lab->client, 0), BYTES);
	pen_sized_pages(lab->client, BYTES);
	for (unsigned i = 0; i < 100 && pen_sized_said_by(lab->client, 0); i++)
		lab_turn();
	cr_expect_eq(pen_sized_said_by(lab->client, 0), 0);
	/* Whoever has it later says so again. */
	lab->toy[0].page = pen_buf_bytes(&page);
	run(5 * LAB_S);
	cr_expect(paged);
	end();
}
