#include "serve_util.h"

#include <errno.h>

#include "serve/attest.h"

static struct house house;
static struct pen_attests attests;
static struct pen_wire_attested attested;

static void setup(void)
{
	house_open(&house, 4, 0);
	memset(&attests, 0, sizeof attests);
}

static void teardown(void)
{
	pen_attests_end(&attests, &house.reacher);
	cr_expect_eq(attests.count, 0);
	house_close(&house);
}

TestSuite(serve_attest, .init = setup, .fini = teardown);

static bool poll(int64_t now_ns, uint64_t *session)
{
	for (int i = 0; i < 4; i++) {
		pen_cache_poll(&house.cache);
		if (pen_attests_poll(&attests, &house.reacher, now_ns, session, &attested))
			return true;
	}
	return false;
}

Test(serve_attest, says_what_it_holds)
{
	const struct {
		uint8_t form, kind;
		uint32_t part, piece;
		uint8_t block;
		const uint8_t *at;
		uint32_t bytes; /* 0: not held */
	} rows[] = {
		{PEN_WIRE_FORM_NEARCORE, PEN_WIRE_KIND_PIECE, 3, 1, 0, house.bytes + 3 + HOUSE_MIB,
			HOUSE_MIB},
		{PEN_WIRE_FORM_LEAN, PEN_WIRE_KIND_PIECE, 1, 3, 0,
			house.lean.at + house.lean.len - 300, 300},
		{PEN_WIRE_FORM_LEAN, PEN_WIRE_KIND_PIECE, 1, 4, 0, NULL, 0},
		{PEN_WIRE_FORM_RAW, PEN_WIRE_KIND_PIECE, 0, 3, 0, house.bytes + 3 * HOUSE_MIB, 77},
		{PEN_WIRE_FORM_RAW, PEN_WIRE_KIND_PIECE, 0, 4, 0, NULL, 0},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_wire_object object = house_object(&house, rows[i].form, rows[i].kind,
			rows[i].part, rows[i].piece, rows[i].block);
		uint64_t session = 0;
		struct pen_hash digest = {{0}};
		if (pen_attests_ask(&attests, &house.reacher, 40 + i, &object, &attested)) {
			cr_assert(poll((int64_t)(i + 1) * PEN_ATTEST_ALL_NS, &session));
			cr_expect_eq(session, 40 + i);
		}
		if (rows[i].bytes)
			pen_sha256((struct pen_bytes){rows[i].at, rows[i].bytes}, &digest);
		cr_expect_eq(attested.state,
			rows[i].bytes ? PEN_WIRE_ATTESTED_HELD : PEN_WIRE_ATTESTED_NOT_HELD,
			"row %zu", i);
		cr_expect_eq(attested.bytes, rows[i].bytes);
		cr_expect_eq(memcmp(attested.digest, digest.bytes, 32), 0);
		cr_expect_eq(memcmp(&attested.object, &object, sizeof object), 0);
	}
}

/* One digest at a time, and no more under way than there are places. */
Test(serve_attest, is_limited)
{
	uint64_t session;
	struct pen_wire_object object = house_object(
		&house, PEN_WIRE_FORM_NEARCORE, PEN_WIRE_KIND_PIECE, 0, 0, 0);
	for (unsigned i = 0; i < PEN_ATTESTS_MAX; i++)
		cr_expect(pen_attests_ask(&attests, &house.reacher, i, &object, &attested));
	cr_expect(!pen_attests_ask(&attests, &house.reacher, 9, &object, &attested));
	cr_expect_eq(attested.state, PEN_WIRE_ATTESTED_BUSY);
	int64_t now_ns = 1;
	cr_expect(poll(now_ns, &session));
	cr_expect(!poll(now_ns, &session));
	cr_expect(!poll(now_ns + PEN_ATTEST_ALL_NS - 1, &session));
	for (unsigned i = 1; i < PEN_ATTESTS_MAX; i++) {
		now_ns += PEN_ATTEST_ALL_NS;
		cr_expect(poll(now_ns, &session));
	}
	cr_expect_eq(attests.count, 0);
	cr_expect_eq(attests.hashed, PEN_ATTESTS_MAX);
}

/* A disk that fails now convicts nobody. */
Test(serve_attest, failing_is_not_denying)
{
	uint64_t session;
	struct pen_wire_object object = house_object(
		&house, PEN_WIRE_FORM_LEAN, PEN_WIRE_KIND_PIECE, 1, 0, 0);
	house.disk.err = -EIO;
	cr_expect(pen_attests_ask(&attests, &house.reacher, 1, &object, &attested));
	cr_expect(poll(1, &session));
	cr_expect_eq(attested.state, PEN_WIRE_ATTESTED_BUSY);
	object = house_object(&house, PEN_WIRE_FORM_NEARCORE, PEN_WIRE_KIND_PIECE, 0, 0, 0);
	cr_expect(pen_attests_ask(&attests, &house.reacher, 1, &object, &attested));
	cr_expect(poll(1, &session));
	cr_expect_eq(attested.state, PEN_WIRE_ATTESTED_BUSY);
	house.disk.err = 0;
	cr_expect(pen_attests_ask(&attests, &house.reacher, 1, &object, &attested));
}
