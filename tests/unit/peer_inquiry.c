#include <criterion/criterion.h>

#include "base/check.h"
#include "peer/inquiry.h"
#include "peer_util.h"

static struct duo duo;
static struct pen_inquiry inquiry;
static struct pen_answer out;
static const uint8_t came[4] = {1, 2, 3, 4};

static void setup(void)
{
	duo_init(&duo);
	cr_assert_eq(duo_shake(&duo), PEN_VISIT_OPENED);
	struct pen_wire_object object = {
		.n = 9, .form = PEN_WIRE_FORM_NEARCORE, .kind = PEN_WIRE_KIND_PIECE, .part = 8};
	pen_inquiry_init(&inquiry, &object, (struct pen_bytes){came, sizeof came}, duo.now_ns);
}

TestSuite(peer_inquiry, .init = setup);

/* What the server may say: state, bytes, which byte of the digest or object differs. */
struct row {
	const char *what;
	uint8_t state;
	uint32_t bytes;
	bool digest_differs, object_differs;
	enum pen_inquiry_verdict want;
};

static const struct row rows[] = {
	{"it holds what came", PEN_WIRE_ATTESTED_HELD, 4, false, false, PEN_INQUIRY_LIE},
	{"it holds other bytes", PEN_WIRE_ATTESTED_HELD, 4, true, false, PEN_INQUIRY_CHANGED},
	{"it holds more", PEN_WIRE_ATTESTED_HELD, 5, false, false, PEN_INQUIRY_CHANGED},
	{"it holds nothing", PEN_WIRE_ATTESTED_NOT_HELD, 0, true, false, PEN_INQUIRY_UNKNOWN},
	{"it is busy", PEN_WIRE_ATTESTED_BUSY, 0, true, false, PEN_INQUIRY_NONE},
	{"of another piece", PEN_WIRE_ATTESTED_HELD, 4, false, true, PEN_INQUIRY_NONE},
};

Test(peer_inquiry, says_whose_fault_it_is)
{
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct pen_inquiry ours = inquiry;
		struct pen_wire_attested said = {
			.object = ours.object, .bytes = row->bytes, .state = row->state};
		memcpy(said.digest, ours.came[0].bytes, 32);
		said.digest[31] ^= row->digest_differs;
		said.object.piece += row->object_differs;
		cr_expect_eq(pen_inquiry_hear(&ours, &said), row->want, "%s", row->what);
		cr_expect_eq(ours.open, row->want == PEN_INQUIRY_NONE, "%s", row->what);
		if (!ours.open)
			cr_expect_eq(pen_inquiry_hear(&ours, &said), PEN_INQUIRY_NONE, "said once");
	}
}

/* Of a piece of several blocks each is asked for; one that is another clears the server. */
Test(peer_inquiry, all_blocks_must_be_a_lie)
{
	static uint8_t piece[2 * PEN_WIRE_PIECE_BYTES_MAX + 5];
	static const struct {
		unsigned other; /* block that is held otherwise; 3: none */
		unsigned answers;
		enum pen_inquiry_verdict want;
	} cases[] = {{0, 1, PEN_INQUIRY_CHANGED}, {1, 2, PEN_INQUIRY_CHANGED},
		{2, 3, PEN_INQUIRY_CHANGED}, {3, 3, PEN_INQUIRY_LIE}};
	for (size_t i = 0; i < PEN_COUNT(cases); i++) {
		struct pen_inquiry ours;
		struct pen_wire_object object = {.n = 9, .form = PEN_WIRE_FORM_LEAN, .piece = 4};
		enum pen_inquiry_verdict verdict = PEN_INQUIRY_NONE;
		unsigned answers = 0;
		pen_inquiry_init(
			&ours, &object, (struct pen_bytes){piece, sizeof piece}, duo.now_ns);
		for (; ours.open; answers++) {
			unsigned block = ours.object.block;
			struct pen_wire_attested said = {.object = ours.object,
				.bytes = block < 2 ? PEN_WIRE_PIECE_BYTES_MAX : 5,
				.state = PEN_WIRE_ATTESTED_HELD};
			struct pen_hash digest;
			pen_sha256((struct pen_bytes){piece, said.bytes}, &digest);
			memcpy(said.digest, digest.bytes, sizeof said.digest);
			said.digest[0] ^= block == cases[i].other;
			cr_expect_eq(block, answers);
			verdict = pen_inquiry_hear(&ours, &said);
			if (ours.open)
				cr_expect_eq(
					pen_inquiry_hear(&ours, &said), PEN_INQUIRY_NONE, "twice");
		}
		cr_expect_eq(verdict, cases[i].want, "%zu", i);
		cr_expect_eq(answers, cases[i].answers, "%zu", i);
	}
}

/* What a server holds of a block: so many bytes, of a digest that the row makes another. */
static struct pen_wire_attested held(uint32_t bytes, bool other)
{
	struct pen_wire_attested said = {
		.object = inquiry.object, .bytes = bytes, .state = PEN_WIRE_ATTESTED_HELD};
	said.digest[0] = (uint8_t)(inquiry.object.piece + 10 * inquiry.object.block + other);
	return said;
}

/* Of a whole part all blocks of all pieces are asked for, and one that is another clears the
 * server, as does one that ends elsewhere. */
Test(peer_inquiry, all_of_a_part_must_be_a_lie)
{
	static const uint32_t full = PEN_WIRE_PIECE_BYTES_MAX;
	static const struct {
		const char *name;
		uint8_t form;
		uint32_t came[3][2], has[3][2]; /* bytes of the blocks of three pieces; 0: none */
		int other; /* the block of piece 1 that is held otherwise; -1: none */
		int lacks; /* a piece that is not held; -1: none */
		unsigned answers;
		enum pen_inquiry_verdict want;
	} parts[] = {
		{"as it came", PEN_WIRE_FORM_NEARCORE, {{full}, {full}, {7}}, {{full}, {full}, {7}},
			-1, -1, 3, PEN_INQUIRY_LIE},
		{"one is another", PEN_WIRE_FORM_NEARCORE, {{full}, {full}, {7}},
			{{full}, {full}, {7}}, 0, -1, 3, PEN_INQUIRY_CHANGED},
		{"the last is longer", PEN_WIRE_FORM_NEARCORE, {{full}, {full}, {7}},
			{{full}, {full}, {8}}, -1, -1, 3, PEN_INQUIRY_CHANGED},
		{"it has not got the second", PEN_WIRE_FORM_NEARCORE, {{full}, {full}, {7}},
			{{full}, {full}, {7}}, -1, 1, 2, PEN_INQUIRY_UNKNOWN},
		{"frames", PEN_WIRE_FORM_LEAN, {{9}, {8}, {7}}, {{9}, {8}, {7}}, -1, -1, 3,
			PEN_INQUIRY_LIE},
		{"a long frame", PEN_WIRE_FORM_LEAN, {{9}, {full, 8}, {7}}, {{9}, {full, 8}, {7}},
			-1, -1, 4, PEN_INQUIRY_LIE},
		{"its end is another", PEN_WIRE_FORM_LEAN, {{9}, {full, 8}, {7}},
			{{9}, {full, 8}, {7}}, 1, -1, 4, PEN_INQUIRY_CHANGED},
		{"a full frame", PEN_WIRE_FORM_LEAN, {{9}, {full}, {7}}, {{9}, {full}, {7}}, -1, -1,
			4, PEN_INQUIRY_LIE},
		{"a frame that was longer", PEN_WIRE_FORM_LEAN, {{9}, {full, 8}, {7}},
			{{9}, {full}, {7}}, -1, -1, 5, PEN_INQUIRY_UNKNOWN},
	};
	for (size_t i = 0; i < PEN_COUNT(parts); i++) {
		struct pen_wire_object object = {.n = 9, .form = parts[i].form};
		struct pen_hash sum = {0};
		uint32_t blocks = 0;
		unsigned answers = 0;
		enum pen_inquiry_verdict verdict = PEN_INQUIRY_NONE;
		for (unsigned p = 0; p < 3; p++)
			for (unsigned b = 0; b < 2 && parts[i].came[p][b]; b++, blocks++) {
				uint8_t digest[32] = {(uint8_t)(p + 10 * b)};
				pen_inquiry_sum(&sum, digest, parts[i].came[p][b]);
			}
		pen_inquiry_init_part(&inquiry, &object, blocks, &sum, duo.now_ns);
		for (; inquiry.open; answers++) {
			unsigned p = inquiry.object.piece, b = inquiry.object.block;
			cr_assert_lt(answers, 9, "%s", parts[i].name);
			bool has = p < 3 && b < 2 && parts[i].has[p][b] && (int)p != parts[i].lacks;
			struct pen_wire_attested said = held(
				has ? parts[i].has[p][b] : 0, p == 1 && (int)b == parts[i].other);
			if (!has)
				said.state = PEN_WIRE_ATTESTED_NOT_HELD;
			verdict = pen_inquiry_hear(&inquiry, &said);
		}
		cr_expect_eq(verdict, parts[i].want, "%s: %d", parts[i].name, verdict);
		cr_expect_eq(answers, parts[i].answers, "%s: %u", parts[i].name, answers);
	}
}

/* The next block is asked for when the server reads again, not when an answer would be late. */
Test(peer_inquiry, goes_on_when_it_is_answered)
{
	struct pen_wire_object object = {.n = 9, .form = PEN_WIRE_FORM_NEARCORE};
	const struct pen_hash sum = {0};
	int64_t asked_ns = duo.now_ns;
	pen_inquiry_init_part(&inquiry, &object, 3, &sum, asked_ns);
	cr_expect_eq(
		pen_inquiry_poll(&inquiry, &duo.visit.channel, asked_ns, &out), PEN_INQUIRY_NONE);
	struct pen_wire_attested said = held(7, false);
	said.state = PEN_WIRE_ATTESTED_BUSY;
	cr_expect_eq(pen_inquiry_hear(&inquiry, &said), PEN_INQUIRY_NONE);
	cr_expect_eq(pen_inquiry_due_ns(&inquiry), asked_ns + PEN_INQUIRY_WAIT_NS);
	said = held(7, false);
	cr_expect_eq(pen_inquiry_hear(&inquiry, &said), PEN_INQUIRY_NONE);
	cr_expect_eq(pen_inquiry_due_ns(&inquiry), asked_ns + PEN_INQUIRY_NEXT_NS);
	cr_expect_eq(inquiry.object.piece, 1);
}

Test(peer_inquiry, asks_in_the_session_and_gives_up)
{
	struct pen_answer back;
	for (unsigned i = 0; i < PEN_INQUIRY_TRIES; i++) {
		duo.now_ns = pen_inquiry_due_ns(&inquiry);
		cr_expect_eq(pen_inquiry_poll(&inquiry, &duo.visit.channel, duo.now_ns, &out),
			PEN_INQUIRY_NONE);
		cr_assert_eq(duo_session(&duo, &out, &duo.path, &back), PEN_SESSION_TAKE);
		cr_expect_not_null(pen_wire_attest_decode(
			(struct pen_bytes){out.packet.body, out.packet.head.body_bytes}));
		pen_inquiry_poll(&inquiry, &duo.visit.channel, duo.now_ns + SECOND, &out);
		cr_expect_eq(out.bytes, 0, "not more than once in 1.5 s");
	}
	duo.now_ns = pen_inquiry_due_ns(&inquiry);
	cr_expect_eq(pen_inquiry_poll(&inquiry, &duo.visit.channel, duo.now_ns, &out),
		PEN_INQUIRY_UNKNOWN);
	cr_expect_eq(out.bytes, 0);
	cr_expect_eq(pen_inquiry_due_ns(&inquiry), INT64_MAX);
}

Test(peer_inquiry, a_path_is_no_crime)
{
	struct pen_inquiry_record record = {0};
	cr_expect_not(pen_inquiry_count(&record, PEN_INQUIRY_UNKNOWN, 1));
	cr_expect_not(pen_inquiry_count(&record, PEN_INQUIRY_CHANGED, 4));
	cr_expect_not(pen_inquiry_count(&record, PEN_INQUIRY_CHANGED, 4));
	cr_expect(pen_inquiry_count(&record, PEN_INQUIRY_CHANGED, 8), "left aside");
	cr_expect_not(pen_inquiry_count(&record, PEN_INQUIRY_CHANGED, 12), "four of twelve");
	cr_expect_eq(record.lies, 0);
	record.changed = 0;
	cr_expect(pen_inquiry_count(&record, PEN_INQUIRY_LIE, 1000), "one lie is enough");
}
