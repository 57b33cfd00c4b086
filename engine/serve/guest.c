#include "serve/guest.h"

#include "base/check.h"
#include "mem/frame.h"

/* Packets of so many bytes that a device sends in one call. */
static unsigned run_most(uint64_t bytes)
{
	uint64_t most = PEN_FRAME_BYTES_MAX / bytes;
	return most < PEN_GUEST_RUN_MAX ? (unsigned)most : PEN_GUEST_RUN_MAX;
}

static uint64_t burst_of(uint64_t rate)
{
	uint64_t run = PEN_GUEST_RUN_MIN * pen_guest_packet_bytes(PEN_WIRE_SIZE_1200);
	uint64_t bytes = rate / (uint64_t)(INT64_C(1000000000) / PEN_GUEST_BURST_NS);
	bytes = bytes > run ? bytes : run;
	return bytes < PEN_PACER_BURST_MAX ? bytes : PEN_PACER_BURST_MAX;
}

/* The pacer goes at the pace of the PULL, or the brake's. */
static void set_pacer(struct pen_guest *guest, int64_t now_ns)
{
	uint64_t rate = guest->pace ? guest->pace : PEN_PACER_RATE_MAX;
	if (guest->brake.limit && guest->brake.limit < rate)
		rate = guest->brake.limit;
	rate = rate < PEN_PACER_RATE_MAX ? rate : PEN_PACER_RATE_MAX;
	if (rate != guest->pacer.rate)
		pen_pacer_set(&guest->pacer, rate, burst_of(rate), now_ns);
}

void pen_guest_init(struct pen_guest *guest, const struct pen_prf_key *tokens, int64_t now_ns)
{
	guest->echo = false;
	guest->attested = false;
	guest->locating = false;
	guest->pulled_us = 0;
	guest->pulled_ns = now_ns;
	guest->lease_ns = now_ns;
	guest->attested_ns = 0;
	guest->grant = 0;
	guest->pace = 0;
	guest->slots = (struct pen_sendings){.count = 0};
	pen_receipt_init(&guest->receipt, tokens, now_ns);
	pen_brake_init(&guest->brake, now_ns);
	pen_pacer_init(&guest->pacer, PEN_PACER_RATE_MAX, burst_of(PEN_PACER_RATE_MAX), now_ns);
}

static void take_echo(struct pen_guest *guest, const struct pen_wire_pull *pull, int64_t now_ns)
{
	guest->pulled_us = pull->time_us;
	guest->pulled_ns = now_ns;
	guest->echo = true;
	if (pull->echo_us == 0)
		return;
	uint32_t us = pen_guest_us(now_ns) - pull->echo_us - pull->echo_held_us;
	/* A stamp that we never sent makes no sense; the receipt bounds what it believes. */
	pen_receipt_rtt(&guest->receipt, (int64_t)(int32_t)us * 1000);
}

static bool take_proof(
	struct pen_guest *guest, const struct pen_wire_pulled *pulled, int64_t now_ns)
{
	struct pen_receipt_news news;
	struct pen_receipt_proof proof = {.first = pulled->pull->proof_first,
		.bits = pulled->proof,
		.words = pulled->pull->proof_words,
		.tokens = pulled->pull->proof};
	if (!pen_receipt_prove(&guest->receipt, &proof, now_ns, &news))
		return guest->receipt.wrong < PEN_RECEIPT_WRONG_MAX;
	pen_brake_report(&guest->brake, news.settled, news.proved, now_ns);
	return true;
}

bool pen_guest_pull(struct pen_guest *guest, const struct pen_wire_pulled *pulled, int64_t now_ns)
{
	const struct pen_wire_pull *pull = pulled->pull;
	PEN_CHECK(guest->open);
	take_echo(guest, pull, now_ns);
	if (!take_proof(guest, pulled, now_ns))
		return false;
	guest->grant = pull->grant;
	guest->lease_ns = now_ns + (int64_t)pull->lease_ms * 1000000;
	guest->pace = (uint64_t)pull->pace * 1024;
	set_pacer(guest, now_ns);
	for (uint32_t i = 0; i < pull->missing_count; i++) {
		const struct pen_wire_missing *missing = pulled->missing[i];
		struct pen_sending *slot = pen_sendings_find(&guest->slots, missing->slot);
		if (slot && slot->state == PEN_SENDING_FOUND)
			pen_sending_again(slot, missing);
	}
	return true;
}

void pen_guest_move(struct pen_guest *guest)
{
	pen_receipt_move(&guest->receipt);
}

static uint64_t quantum_of(const struct pen_guest *guest)
{
	return guest->pacer.rate / (uint64_t)(INT64_C(1000000000) / PEN_GUEST_QUANTUM_NS);
}

enum pen_guest_stop pen_guest_may(
	struct pen_guest *guest, enum pen_wire_size size, int64_t now_ns, unsigned *packets)
{
	uint32_t bytes = pen_guest_packet_bytes(size);
	uint64_t sent = guest->receipt.sent;
	*packets = 0;
	if (guest->grant <= sent || now_ns >= guest->lease_ns)
		return PEN_GUEST_GRANT;
	uint64_t most = guest->grant - sent;
	uint64_t proved = pen_receipt_allowed(&guest->receipt, bytes, now_ns) / bytes;
	most = most < proved ? most : proved;
	if (most == 0)
		return PEN_GUEST_GRANT;
	uint64_t paced = pen_pacer_allowed(&guest->pacer, now_ns);
	if (paced == 0)
		return PEN_GUEST_PACE;
	/* A pacer lets a run overdraw: a device sends it in one call or not at all. At a high pace
	 * it is a long one. */
	uint64_t least = quantum_of(guest) / bytes;
	least = least > PEN_GUEST_RUN_MIN ? least : PEN_GUEST_RUN_MIN;
	paced /= bytes;
	paced = paced > least ? paced : least;
	most = most < paced ? most : paced;
	*packets = most < run_most(bytes) ? (unsigned)most : run_most(bytes);
	return PEN_GUEST_GO;
}

int64_t pen_guest_due_ns(struct pen_guest *guest, int64_t now_ns)
{
	uint64_t bytes = quantum_of(guest);
	uint64_t run = PEN_GUEST_RUN_MAX * pen_guest_packet_bytes(PEN_WIRE_SIZE_1200);
	bytes = bytes < run ? bytes : run;
	bytes = bytes < guest->pacer.burst ? bytes : guest->pacer.burst;
	return pen_pacer_due_ns(&guest->pacer, bytes ? bytes : 1, now_ns);
}
