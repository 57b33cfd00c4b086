/* What a server says about a root is believed only as far as it makes sense. */
#include "tools/penstock/locate.h"

#include "fuzz.h"

static const struct pen_hash root = {"thirty-two bytes of a state root"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct locate_offers offers;
	struct locate_offer offer;
	if (locate_answer((struct pen_bytes){data, len}, &root, &offers))
		return 0;
	PEN_CHECK(!offers.any);
	PEN_CHECK(offers.count <= LOCATE_OFFERS_MAX);
	for (unsigned i = 0; i < offers.count; i++) {
		PEN_CHECK(offers.list[i].n > 0);
		PEN_CHECK(offers.list[i].n <= PEN_PARTS_MAX);
		PEN_CHECK(memchr(offers.list[i].prefix, 0, PEN_SOURCE_PREFIX_BYTES));
		PEN_CHECK(locate_find(&offers, offers.list[i].n, &offer));
		PEN_CHECK(
			!offer.smaller || offer.smaller_at + (offer.n + 7) / 8 <= offers.bits.len);
	}
	PEN_CHECK(offers.count == 0 || locate_choose(&offers, 1) > 0);
	return 0;
}
