#include "peer/reset.h"

#include "base/check.h"

#define STEP_NS (INT64_C(1000000000) / PEN_RESET_PER_S)
/* A tenth of a second's worth at once. */
#define BURST (PEN_RESET_PER_S / 10)

void pen_resets_init(struct pen_resets *resets, const uint8_t key[32])
{
	static_assert(BURST > 0 && STEP_NS > 0, "else nobody would be told");
	*resets = (struct pen_resets){.full_ns = INT64_MIN};
	pen_mac_init(&resets->key, key, 32);
}

void pen_resets_token(
	const struct pen_resets *resets, uint64_t session, uint8_t out[PEN_WIRE_RESET_BYTES])
{
	uint8_t text[8];
	struct pen_hash code;
	pen_put_le64(text, session);
	pen_mac_make(&resets->key, &(struct pen_bytes){text, sizeof text}, 1, &code);
	memcpy(out, code.bytes, PEN_WIRE_RESET_BYTES);
}

static bool admitted(struct pen_resets *resets, int64_t now_ns)
{
	if (resets->full_ns < now_ns)
		resets->full_ns = now_ns;
	if (resets->full_ns - now_ns > (BURST - 1) * STEP_NS)
		return false;
	resets->full_ns += STEP_NS;
	return true;
}

void pen_resets_answer(struct pen_resets *resets, const struct pen_packet *packet, int64_t now_ns,
	struct pen_answer *answer)
{
	const struct pen_wire_head *head = packet->head;
	answer->bytes = 0;
	/* Answers cause none, HELLO has its own, who says CLOSE wants none, and nothing is answered
	 * with more than it had. */
	if (head->type <= PEN_WIRE_HELLO || head->type >= PEN_WIRE_CLOSE || !head->body_bytes)
		return;
	if (!admitted(resets, now_ns)) {
		resets->refused++;
		return;
	}
	uint8_t token[PEN_WIRE_RESET_BYTES];
	pen_resets_token(resets, head->session, token);
	answer->packet.head = (struct pen_wire_head){.type = PEN_WIRE_RESET,
		.version = head->version,
		.session = head->session,
		.counter = pen_le64(token),
		.tag = pen_le64(token + 8)};
	answer->bytes = PEN_WIRE_RESET_PACKET_BYTES;
	PEN_CHECK(answer->bytes < sizeof *head + packet->body.len);
}

bool pen_reset_fits(const struct pen_wire_head *head, const uint8_t token[PEN_WIRE_RESET_BYTES])
{
	static_assert(
		sizeof head->counter + sizeof head->tag == PEN_WIRE_RESET_BYTES, "two halves");
	uint8_t came[PEN_WIRE_RESET_BYTES];
	pen_put_le64(came, head->counter);
	pen_put_le64(came + 8, head->tag);
	return pen_mac_equal(came, token, sizeof came);
}
