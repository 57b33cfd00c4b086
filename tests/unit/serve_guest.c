#include <criterion/criterion.h>

#include "base/check.h"
#include "mem/frame.h"
#include "serve/guest.h"

#define MS INT64_C(1000000)

static struct pen_guest guest;
static struct pen_prf_key key = {{3}};

static void setup(void)
{
	memset(&guest, 0, sizeof guest);
	pen_guest_init(&guest, &key, 0);
	guest.open = true;
}

TestSuite(serve_guest, .init = setup);

static uint16_t token_of(uint64_t seq)
{
	return (uint16_t)(pen_prf(&guest.receipt.key, seq / 4) >> seq % 4 * 16);
}

static bool pull(const struct pen_wire_pull *fields, int64_t now_ns)
{
	struct pen_wire_pulled pulled = {.pull = fields};
	return pen_guest_pull(&guest, &pulled, now_ns);
}

/* Proves all that was sent. */
static bool prove(uint64_t grant, uint16_t spoil, int64_t now_ns)
{
	static uint8_t bits[8 * PEN_WIRE_PROOF_WORDS_MAX];
	struct pen_wire_pull fields = {.grant = grant, .lease_ms = 1000};
	uint64_t sent = guest.receipt.sent;
	cr_assert_leq(sent, 64 * PEN_WIRE_PROOF_WORDS_MAX);
	memset(bits, 0, sizeof bits);
	fields.proof = spoil;
	fields.proof_words = (uint8_t)((sent + 63) / 64);
	for (uint64_t seq = 0; seq < sent; seq++) {
		bits[seq / 8] |= (uint8_t)(1u << seq % 8);
		fields.proof ^= token_of(seq);
	}
	struct pen_wire_pulled pulled = {.pull = &fields, .proof = bits};
	return pen_guest_pull(&guest, &pulled, now_ns);
}

static unsigned may(int64_t now_ns, enum pen_guest_stop *stop)
{
	unsigned packets;
	*stop = pen_guest_may(&guest, PEN_WIRE_SIZE_1200, now_ns, &packets);
	return packets;
}

static void send(unsigned count)
{
	uint16_t token;
	while (count--)
		pen_receipt_send(&guest.receipt, 1232, 1, &token);
}

Test(serve_guest, nothing_leaves_without_a_grant)
{
	enum pen_guest_stop stop;
	cr_expect_eq(may(0, &stop), 0);
	cr_expect_eq(stop, PEN_GUEST_GRANT);
	cr_expect(pull(&(struct pen_wire_pull){.grant = 10, .lease_ms = 5}, 100 * MS));
	cr_expect_eq(may(100 * MS, &stop), 10);
	cr_expect_eq(stop, PEN_GUEST_GO);
	/* The newest PULL's grant is what counts, a smaller one too. */
	pull(&(struct pen_wire_pull){.grant = 1000, .lease_ms = 5}, 106 * MS);
	cr_expect_eq(may(106 * MS, &stop), 39);
	pull(&(struct pen_wire_pull){.grant = 3, .lease_ms = 5}, 107 * MS);
	send(2);
	cr_expect_eq(may(107 * MS, &stop), 1);
	pull(&(struct pen_wire_pull){.grant = UINT64_MAX, .lease_ms = 5}, 108 * MS);
	cr_expect_eq(may(108 * MS, &stop), 37);
}

/* A grant is a lease: what was not sent until its end stays here until it is given anew. */
Test(serve_guest, expired_grant_lets_nothing_go)
{
	enum pen_guest_stop stop;
	cr_expect(pull(&(struct pen_wire_pull){.grant = 10, .lease_ms = 5}, 100 * MS));
	send(4);
	cr_expect_eq(may(105 * MS - 1, &stop), 6);
	cr_expect_eq(stop, PEN_GUEST_GO);
	cr_expect_eq(may(105 * MS, &stop), 0);
	cr_expect_eq(stop, PEN_GUEST_GRANT);
	cr_expect_eq(may(3600 * 1000 * MS, &stop), 0);
	pull(&(struct pen_wire_pull){.grant = 10, .lease_ms = 5}, 3600 * 1000 * MS);
	cr_expect_eq(may(3600 * 1000 * MS, &stop), 6);
}

Test(serve_guest, proofs_let_more_go)
{
	enum pen_guest_stop stop;
	pull(&(struct pen_wire_pull){.grant = 1000, .lease_ms = 1000}, MS);
	send(53);
	cr_expect_eq(may(MS, &stop), 0);
	cr_expect_eq(stop, PEN_GUEST_GRANT);
	cr_expect(prove(1000, 0, 2 * MS));
	cr_expect_eq(may(2 * MS, &stop), PEN_FRAME_BYTES_MAX / 1232);
	pen_guest_move(&guest);
	cr_expect_eq(may(2 * MS, &stop), 39);
}

Test(serve_guest, the_second_wrong_proof_ends_it)
{
	send(5);
	cr_expect(prove(100, 1, MS));
	cr_expect_eq(guest.grant, 100);
	cr_expect(prove(100, 0, MS));
	cr_expect(!prove(100, 1, MS));
}

/* 1,024 KiB a second are about 851 packets of 1,232 bytes. */
Test(serve_guest, keeps_the_pace)
{
	enum pen_guest_stop stop;
	struct pen_wire_pull fields = {.grant = UINT64_MAX, .lease_ms = UINT16_MAX, .pace = 1024};
	pull(&fields, 0);
	guest.receipt.path_proved = true;
	unsigned sent = 0, runs = 0;
	for (int64_t now_ns = 0; now_ns < 1000 * MS; now_ns += 100000) {
		guest.receipt.round_bytes = 1 << 30;
		unsigned count = may(now_ns, &stop);
		if (stop == PEN_GUEST_PACE)
			cr_expect_gt(pen_guest_due_ns(&guest, now_ns), now_ns);
		if (!count)
			continue;
		send(count);
		pen_pacer_spend(&guest.pacer, count * 1232);
		sent += count;
		runs++;
	}
	cr_expect(sent >= 851 && sent <= 851 + 32, "%u", sent);
	cr_expect_leq(runs * PEN_GUEST_RUN_MIN, sent + PEN_GUEST_RUN_MIN);
	/* Without a pace there is no wait. */
	fields.pace = 0;
	pull(&fields, 1000 * MS);
	guest.brake.limit = 0;
	cr_expect_eq(may(1001 * MS, &stop), PEN_FRAME_BYTES_MAX / 1232);
}

/* What a device sends in one call, and no more than a quantum of the pace beyond the pacer. */
Test(serve_guest, long_runs_at_a_high_pace)
{
	static const struct {
		uint32_t pace; /* KiB a second */
		enum pen_wire_size size;
		unsigned run;
	} rows[] = {{1 << 10, PEN_WIRE_SIZE_1408, PEN_GUEST_RUN_MIN},
		{160 << 10, PEN_WIRE_SIZE_1408, PEN_GUEST_RUN_MIN},
		{300 << 10, PEN_WIRE_SIZE_1408, 27}, {1 << 20, PEN_WIRE_SIZE_1408, 45},
		{1 << 20, PEN_WIRE_SIZE_1200, 53}, {1 << 20, PEN_WIRE_SIZE_8192, 7}};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		unsigned packets;
		struct pen_wire_pull fields = {
			.grant = UINT64_MAX, .lease_ms = UINT16_MAX, .pace = rows[i].pace};
		setup();
		pull(&fields, 0);
		guest.receipt.path_proved = true;
		guest.receipt.round_bytes = 1 << 30;
		guest.pacer.level = 1;
		cr_expect_eq(pen_guest_may(&guest, rows[i].size, 0, &packets), PEN_GUEST_GO);
		cr_expect_eq(packets, rows[i].run, "row %zu: %u", i, packets);
	}
}

/* A receiver that goes on though most is lost is slowed down. */
Test(serve_guest, brakes)
{
	enum pen_guest_stop stop;
	static uint8_t bits[8] = {1};
	pull(&(struct pen_wire_pull){.grant = UINT64_MAX, .lease_ms = UINT16_MAX}, 0);
	send(64);
	pen_brake_sent(&guest.brake, 10000000);
	struct pen_wire_pull fields = {
		.grant = UINT64_MAX, .lease_ms = UINT16_MAX, .proof_words = 1};
	bits[7] = 0x80;
	fields.proof = token_of(0) ^ token_of(63);
	struct pen_wire_pulled pulled = {.pull = &fields, .proof = bits};
	cr_expect(pen_guest_pull(&guest, &pulled, 1000 * MS));
	cr_expect_eq(guest.brake.braked, 1);
	cr_expect_eq(guest.pacer.rate, 5000000);
	may(1000 * MS, &stop);
	cr_expect_eq(stop, PEN_GUEST_GO);
}

Test(serve_guest, measures_round_trips)
{
	/* Sent at 100 ms, back after 30 ms of which 10 were waited there. */
	struct pen_wire_pull fields = {.grant = 1,
		.lease_ms = 1,
		.time_us = 77,
		.echo_us = pen_guest_us(100 * MS),
		.echo_held_us = 10000};
	pull(&fields, 130 * MS);
	cr_expect_eq(guest.receipt.rtt_ns, 20 * MS);
	cr_expect(guest.echo);
	cr_expect_eq(guest.pulled_us, 77);
	/* Any other stamp is bounded. */
	fields.echo_us = 0xdeadbeef;
	pull(&fields, 140 * MS);
	cr_expect_leq(guest.receipt.rtt_ns, PEN_RECEIPT_RTT_NS_MAX);
	cr_expect_eq(pen_guest_us(0), 1);
}

Test(serve_guest, missing_packets_of_open_slots)
{
	struct pen_wire_slot asked = {.slot = 4, .size = PEN_WIRE_SIZE_1200};
	uint16_t out[100];
	uint8_t bytes[sizeof(struct pen_wire_missing) + 8] = {0};
	struct pen_wire_missing *missing = (struct pen_wire_missing *)(void *)bytes;
	missing->words = 1;
	missing->bits[0] = 6;
	struct pen_wire_pull fields = {.grant = 9, .lease_ms = 9, .missing_count = 1};
	struct pen_wire_pulled pulled = {.pull = &fields, .missing = {missing}};
	for (uint32_t id = 4; id < 6; id++) {
		asked.slot = id;
		struct pen_sending *slot = pen_sendings_open(&guest.slots, &asked);
		missing->slot = id;
		cr_expect(pen_guest_pull(&guest, &pulled, MS));
		cr_expect_eq(slot->again, 0, "not located yet");
		pen_sending_found(slot, 0, 12000, 1);
		pen_sending_take(slot, out, 100);
		missing->slot = 4;
		cr_expect(pen_guest_pull(&guest, &pulled, MS));
	}
	cr_expect_eq(pen_sendings_find(&guest.slots, 4)->again, 2);
	cr_expect_eq(pen_sendings_find(&guest.slots, 5)->again, 0);
	missing->slot = 99;
	cr_expect(pen_guest_pull(&guest, &pulled, MS));
}
