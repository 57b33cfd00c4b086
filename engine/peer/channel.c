#include "peer/channel.h"

#include "base/check.h"

/* The tag of a header and its body under a key; the tag that stands in the header is not read. */
static uint64_t tag_of(
	const struct pen_mac_key *key, const struct pen_wire_head *head, struct pen_bytes body)
{
	struct pen_wire_head plain = *head;
	struct pen_hash code;
	plain.tag = 0;
	struct pen_bytes pieces[] = {{(const uint8_t *)&plain, sizeof plain}, body};
	pen_mac_make(key, pieces, PEN_COUNT(pieces), &code);
	return pen_le64(code.bytes);
}

size_t pen_channel_seal(struct pen_channel *channel, enum pen_wire_type type,
	struct pen_wire_packet *packet, size_t body_bytes)
{
	PEN_CHECK(body_bytes > 0);
	PEN_CHECK(body_bytes <= PEN_WIRE_BODY_BYTES_MAX);
	PEN_CHECK(channel->version != 0);
	packet->head = (struct pen_wire_head){.type = (uint8_t)type,
		.version = channel->version,
		.body_bytes = (uint16_t)body_bytes,
		.session = channel->other,
		.counter = ++channel->tx_counter};
	packet->head.tag = tag_of(
		&channel->tx, &packet->head, (struct pen_bytes){packet->body, body_bytes});
	return sizeof packet->head + body_bytes;
}

/* Whether a counter was taken before, or is too far back to know. */
static bool counter_old(const struct pen_channel *channel, const struct pen_wire_head *head)
{
	uint64_t counter = head->counter;
	if (head->type == PEN_WIRE_PULL && counter <= channel->pull_top)
		return true;
	if (counter > channel->rx_top)
		return false;
	uint64_t back = channel->rx_top - counter;
	return counter == 0 || back >= PEN_CHANNEL_WINDOW || (channel->rx_bits >> back & 1);
}

enum pen_channel_check pen_channel_check(
	struct pen_channel *channel, const struct pen_wire_head *head, struct pen_bytes body)
{
	PEN_CHECK(body.len == head->body_bytes);
	uint64_t tag = tag_of(&channel->rx, head, body), came = head->tag;
	if (head->session != channel->own || head->version != channel->version ||
		!pen_mac_equal(&tag, &came, sizeof tag)) {
		channel->forged++;
		return PEN_CHANNEL_FORGED;
	}
	if (counter_old(channel, head)) {
		channel->old++;
		return PEN_CHANNEL_OLD;
	}
	return PEN_CHANNEL_FINE;
}

void pen_channel_take(struct pen_channel *channel, const struct pen_wire_head *head)
{
	PEN_CHECK(head->session == channel->own);
	PEN_CHECK(!counter_old(channel, head));
	uint64_t counter = head->counter;
	if (counter > channel->rx_top) {
		uint64_t step = counter - channel->rx_top;
		channel->rx_bits = step < PEN_CHANNEL_WINDOW ? channel->rx_bits << step : 0;
		channel->rx_top = counter;
	}
	PEN_CHECK(channel->rx_top - counter < PEN_CHANNEL_WINDOW);
	channel->rx_bits |= UINT64_C(1) << (channel->rx_top - counter);
	if (head->type == PEN_WIRE_PULL)
		channel->pull_top = counter;
}

void pen_channel_mark(const struct pen_channel *channel, struct pen_wire_data *data, unsigned count)
{
	pen_wire_data_seal(data, count, channel->check_seed);
}

bool pen_channel_unharmed(const struct pen_channel *channel, const struct pen_wire_data *data)
{
	return data->check == pen_wire_data_check(data, channel->check_seed);
}
