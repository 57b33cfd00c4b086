#include "peer/inquiry.h"

#include "base/check.h"

void pen_inquiry_init(struct pen_inquiry *inquiry, const struct pen_wire_object *object,
	struct pen_bytes came, int64_t now_ns)
{
	PEN_CHECK(came.len > 0);
	PEN_CHECK(came.len <= PEN_WIRE_PIECE_BYTES_MAX);
	*inquiry = (struct pen_inquiry){.object = *object,
		.came_bytes = (uint32_t)came.len,
		.due_ns = now_ns,
		.open = true};
	pen_sha256(came, &inquiry->came);
}

static enum pen_inquiry_verdict end(struct pen_inquiry *inquiry, enum pen_inquiry_verdict verdict)
{
	inquiry->open = false;
	return verdict;
}

enum pen_inquiry_verdict pen_inquiry_poll(struct pen_inquiry *inquiry, struct pen_channel *channel,
	int64_t now_ns, struct pen_answer *answer)
{
	answer->bytes = 0;
	if (!inquiry->open || now_ns < inquiry->due_ns)
		return PEN_INQUIRY_NONE;
	PEN_CHECK(inquiry->tries <= PEN_INQUIRY_TRIES);
	if (inquiry->tries == PEN_INQUIRY_TRIES)
		return end(inquiry, PEN_INQUIRY_UNKNOWN);
	inquiry->tries++;
	inquiry->due_ns = now_ns + PEN_INQUIRY_WAIT_NS;
	memcpy(answer->packet.body, &inquiry->object, sizeof inquiry->object);
	answer->bytes = pen_channel_seal(
		channel, PEN_WIRE_ATTEST, &answer->packet, sizeof inquiry->object);
	return PEN_INQUIRY_NONE;
}

int64_t pen_inquiry_due_ns(const struct pen_inquiry *inquiry)
{
	return inquiry->open ? inquiry->due_ns : INT64_MAX;
}

enum pen_inquiry_verdict pen_inquiry_hear(
	struct pen_inquiry *inquiry, const struct pen_wire_attested *attested)
{
	if (!inquiry->open || memcmp(&attested->object, &inquiry->object, sizeof inquiry->object) ||
		attested->state == PEN_WIRE_ATTESTED_BUSY)
		return PEN_INQUIRY_NONE;
	if (attested->state == PEN_WIRE_ATTESTED_NOT_HELD)
		return end(inquiry, PEN_INQUIRY_UNKNOWN);
	bool same = attested->bytes == inquiry->came_bytes &&
		!memcmp(attested->digest, inquiry->came.bytes, sizeof attested->digest);
	return end(inquiry, same ? PEN_INQUIRY_LIE : PEN_INQUIRY_CHANGED);
}

bool pen_inquiry_count(struct pen_inquiry_record *record, enum pen_inquiry_verdict verdict)
{
	record->lies += verdict == PEN_INQUIRY_LIE;
	record->changed += verdict == PEN_INQUIRY_CHANGED;
	record->unknown += verdict == PEN_INQUIRY_UNKNOWN;
	return record->lies > 0 || record->changed >= PEN_INQUIRY_ASIDE_MAX;
}
