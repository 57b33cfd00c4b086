#include "make/pair.h"

#include "base/check.h"
#include "base/text.h"

/* A key is shown whole up to here; real keys are shorter, and a message must stay readable. */
#define PAIR_SHOWN_BYTES 80

static const char *show_key(struct pen_bytes key, char text[2 * PAIR_SHOWN_BYTES + 4])
{
	struct pen_bytes head = {key.at, key.len > PAIR_SHOWN_BYTES ? PAIR_SHOWN_BYTES : key.len};
	if (!head.len)
		return "-";
	pen_hex(head, text);
	if (head.len < key.len)
		memcpy(text + 2 * head.len, "...", 4);
	return text;
}

static int refuse_order(int order, struct pen_bytes key, struct pen_bytes last, struct pen_why *why)
{
	char text[2 * PAIR_SHOWN_BYTES + 4], before[2 * PAIR_SHOWN_BYTES + 4];
	if (order == 0)
		return pen_fail(why, PEN_EINPUT, "key %s is there twice", show_key(key, text));
	return pen_fail(why, PEN_EINPUT,
		"key %s is smaller than the one before it, %s: keys must be sorted bytewise",
		show_key(key, text), show_key(last, before));
}

int pen_pair_accept(struct pen_pair_order *order, const struct pen_pair *pair, struct pen_why *why)
{
	struct pen_bytes last = {order->last, order->last_len};
	PEN_CHECK(last.len <= sizeof order->last);
	if (pair->key.len > PEN_KEY_BYTES_MAX)
		return pen_fail(why, PEN_EINPUT, "the key has %zu bytes, at most %u are allowed",
			pair->key.len, PEN_KEY_BYTES_MAX);
	if (pair->value.len > PEN_VALUE_BYTES_MAX)
		return pen_fail(why, PEN_EINPUT, "the value has %zu bytes, at most %u are allowed",
			pair->value.len, PEN_VALUE_BYTES_MAX);
	int way = pen_bytes_compare(pair->key, last);
	if (order->count && way <= 0)
		return refuse_order(way, pair->key, last, why);
	if (pair->key.len)
		memcpy(order->last, pair->key.at, pair->key.len);
	order->last_len = pair->key.len;
	order->count++;
	return 0;
}
