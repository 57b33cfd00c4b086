#include "peer/attest.h"

#include "base/check.h"

void pen_attest_init(struct pen_attest *attest, const struct pen_wire_object *object,
	struct pen_bytes came, int64_t now_ns)
{
	PEN_CHECK(came.len > 0);
	PEN_CHECK(came.len <= PEN_WIRE_PIECE_BYTES_MAX);
	*attest = (struct pen_attest){.object = *object,
		.came_bytes = (uint32_t)came.len,
		.due_ns = now_ns,
		.open = true};
	pen_sha256(came, &attest->came);
}

static enum pen_attest_verdict end(struct pen_attest *attest, enum pen_attest_verdict verdict)
{
	attest->open = false;
	return verdict;
}

enum pen_attest_verdict pen_attest_poll(struct pen_attest *attest, struct pen_channel *channel,
	int64_t now_ns, struct pen_answer *answer)
{
	answer->bytes = 0;
	if (!attest->open || now_ns < attest->due_ns)
		return PEN_ATTEST_NONE;
	PEN_CHECK(attest->tries <= PEN_ATTEST_TRIES);
	if (attest->tries == PEN_ATTEST_TRIES)
		return end(attest, PEN_ATTEST_UNKNOWN);
	attest->tries++;
	attest->due_ns = now_ns + PEN_ATTEST_WAIT_NS;
	memcpy(answer->packet.body, &attest->object, sizeof attest->object);
	answer->bytes = pen_channel_seal(
		channel, PEN_WIRE_ATTEST, &answer->packet, sizeof attest->object);
	return PEN_ATTEST_NONE;
}

int64_t pen_attest_due_ns(const struct pen_attest *attest)
{
	return attest->open ? attest->due_ns : INT64_MAX;
}

enum pen_attest_verdict pen_attest_hear(
	struct pen_attest *attest, const struct pen_wire_attested *attested)
{
	if (!attest->open || memcmp(&attested->object, &attest->object, sizeof attest->object) ||
		attested->state == PEN_WIRE_ATTESTED_BUSY)
		return PEN_ATTEST_NONE;
	if (attested->state == PEN_WIRE_ATTESTED_NOT_HELD)
		return end(attest, PEN_ATTEST_UNKNOWN);
	bool same = attested->bytes == attest->came_bytes &&
		!memcmp(attested->digest, attest->came.bytes, sizeof attested->digest);
	return end(attest, same ? PEN_ATTEST_LIE : PEN_ATTEST_CHANGED);
}

bool pen_attest_count(struct pen_attest_record *record, enum pen_attest_verdict verdict)
{
	record->lies += verdict == PEN_ATTEST_LIE;
	record->changed += verdict == PEN_ATTEST_CHANGED;
	record->unknown += verdict == PEN_ATTEST_UNKNOWN;
	return record->lies > 0 || record->changed >= PEN_ATTEST_ASIDE_MAX;
}
