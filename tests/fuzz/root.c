/* The root that a part seems to belong to is one of its own entries, whatever the part holds. */
#include "fuzz.h"
#include "part/partial.h"
#include "store/root.h"

static struct pen_root finder;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pen_bytes bytes = {data, len};
	struct pen_buf entries = {0};
	struct pen_hash root, hash;
	uint32_t count;
	if (pen_root_find(&finder, bytes, &root, NULL))
		return 0;
	PEN_CHECK(pen_partial_decode(bytes, &entries, &count, NULL) == 0);
	bool found = false;
	for (uint32_t i = 0; i < count && !found; i++) {
		pen_sha256(((struct pen_bytes *)(void *)entries.at)[i], &hash);
		found = pen_hash_equal(&hash, &root);
	}
	PEN_CHECK(found);
	pen_buf_fini(&entries);
	return 0;
}
