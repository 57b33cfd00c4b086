/* What comes out of an envelope is bounded, lies where it should, and survives being sealed again.
 */
#include "fuzz.h"
#include "part/envelope.h"

/* Larger contents are not sealed again: it would only be slow. */
#define SEAL_BYTES_MAX ((size_t)1 << 20)

static struct pen_zstd zstd;
static struct pen_buf plain, sealed, reopened;

static void check_again(struct pen_bytes content, int level)
{
	struct pen_envelope again;
	sealed.len = 0;
	PEN_CHECK(pen_envelope_seal(&zstd, content, level, &sealed, NULL) == 0);
	int err = pen_envelope_open(&zstd, pen_buf_bytes(&sealed), false, &reopened, &again, NULL);
	/* V0 is taken as it is, V1 must look like a PartialState: its head is read on the way. */
	if (err)
		return;
	PEN_CHECK(again.kind == PEN_ENVELOPE_V1);
	PEN_CHECK(fuzz_same(again.content, content));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pen_bytes bytes = {data, len};
	struct pen_envelope envelope;
	PEN_CHECK(pen_envelope_open(&zstd, bytes, true, &plain, &envelope, NULL) == 0);
	PEN_CHECK(fuzz_same(envelope.content, bytes));
	if (pen_envelope_open(&zstd, bytes, false, &plain, &envelope, NULL))
		return 0;
	PEN_CHECK(fuzz_within(envelope.payload, bytes));
	PEN_CHECK(envelope.content.len <= PEN_PART_BYTES_MAX);
	if (envelope.kind == PEN_ENVELOPE_V0)
		PEN_CHECK(fuzz_same(envelope.content, envelope.payload));
	else
		PEN_CHECK(fuzz_within(envelope.content, pen_buf_bytes(&plain)));
	if (envelope.content.len <= SEAL_BYTES_MAX)
		check_again(envelope.content, (int)(data[len - 1] % 5));
	return 0;
}
