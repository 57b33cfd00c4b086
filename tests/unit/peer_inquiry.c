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
