/* Bodies of ENTRIES. */
#include "made.h"
#include "wire/encode.h"

static uint8_t again[PEN_WIRE_BODY_BYTES_MAX];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pen_bytes body = {data, len};
	const struct pen_wire_catalog *got = pen_wire_entries_decode(body);
	if (!got)
		return 0;
	struct pen_wire_catalog made = made_catalog(got);
	for (unsigned i = 0; i < got->count; i++)
		PEN_CHECK((got->entries[i].bytes == 0) == (got->entries[i].pieces == 0));
	made_same((struct pen_bytes){again, pen_wire_entries_encode(&made, got->entries, again)},
		body);
	return 0;
}
