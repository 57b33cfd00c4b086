#include <criterion/criterion.h>

#include "base/check.h"
#include "peer/channel.h"

static struct pen_channel a, b;
static struct pen_wire_packet packet;

static void setup(void)
{
	a = (struct pen_channel){.own = 1, .other = 2, .version = 1, .check_seed = 7};
	b = (struct pen_channel){.own = 2, .other = 1, .version = 1, .check_seed = 7};
	pen_mac_init(&a.tx, "one", 3);
	pen_mac_init(&b.rx, "one", 3);
	pen_mac_init(&a.rx, "two", 3);
	pen_mac_init(&b.tx, "two", 3);
	memset(&packet, 0, sizeof packet);
}

TestSuite(peer_channel, .init = setup);

static struct pen_bytes body(void)
{
	return (struct pen_bytes){packet.body, packet.head.body_bytes};
}

/* A packet of b with this counter, as a would see it. */
static enum pen_channel_check check(enum pen_wire_type type, uint64_t counter)
{
	b.tx_counter = counter - 1;
	pen_channel_seal(&b, type, &packet, 4);
	return pen_channel_check(&a, &packet.head, body());
}

Test(peer_channel, a_header_is_filled_in)
{
	packet.body[0] = 9;
	cr_expect_eq(pen_channel_seal(&a, PEN_WIRE_OPEN, &packet, 5), 37);
	cr_expect_eq(packet.head.type, PEN_WIRE_OPEN);
	cr_expect_eq(packet.head.version, 1);
	cr_expect_eq(packet.head.body_bytes, 5);
	cr_expect_eq(packet.head.session, 2);
	cr_expect_eq(packet.head.counter, 1);
	cr_expect_eq(pen_channel_check(&b, &packet.head, body()), PEN_CHANNEL_FINE);
	pen_channel_seal(&a, PEN_WIRE_OPEN, &packet, 5);
	cr_expect_eq(packet.head.counter, 2);
}

Test(peer_channel, every_bit_is_tagged)
{
	pen_channel_seal(&a, PEN_WIRE_OPEN, &packet, 5);
	uint8_t *bytes = (uint8_t *)&packet;
	for (unsigned bit = 0; bit < 8 * 37; bit++) {
		/* The length is the decoder's to check. */
		if (bit / 8 == 2 || bit / 8 == 3)
			continue;
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_expect_eq(pen_channel_check(&b, &packet.head, body()), PEN_CHANNEL_FORGED);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	cr_expect_eq(pen_channel_check(&b, &packet.head, body()), PEN_CHANNEL_FINE);
	cr_expect_eq(b.forged, 8 * 35);
}

Test(peer_channel, what_we_sent_does_not_come_back)
{
	pen_channel_seal(&a, PEN_WIRE_OPEN, &packet, 5);
	packet.head.session = 1;
	cr_expect_eq(pen_channel_check(&a, &packet.head, body()), PEN_CHANNEL_FORGED);
}

/* Counters one after another, and whether each is new. */
struct row {
	uint64_t counter;
	enum pen_wire_type type;
	enum pen_channel_check want;
};

static const struct row rows[] = {
	{5, PEN_WIRE_OPEN, PEN_CHANNEL_FINE},
	{5, PEN_WIRE_OPEN, PEN_CHANNEL_OLD},
	{3, PEN_WIRE_OPEN, PEN_CHANNEL_FINE},
	{3, PEN_WIRE_OPEN, PEN_CHANNEL_OLD},
	{8, PEN_WIRE_PULL, PEN_CHANNEL_FINE},
	{7, PEN_WIRE_PULL, PEN_CHANNEL_OLD},
	{7, PEN_WIRE_OPEN, PEN_CHANNEL_FINE},
	{9, PEN_WIRE_PULL, PEN_CHANNEL_FINE},
	{72, PEN_WIRE_OPEN, PEN_CHANNEL_FINE},
	{8, PEN_WIRE_OPEN, PEN_CHANNEL_OLD},
	{9, PEN_WIRE_OPEN, PEN_CHANNEL_OLD},
	{10, PEN_WIRE_PULL, PEN_CHANNEL_FINE},
	{71, PEN_WIRE_OPEN, PEN_CHANNEL_FINE},
	{1000, PEN_WIRE_OPEN, PEN_CHANNEL_FINE},
	{936, PEN_WIRE_OPEN, PEN_CHANNEL_OLD},
	{937, PEN_WIRE_OPEN, PEN_CHANNEL_FINE},
	{UINT64_MAX, PEN_WIRE_PULL, PEN_CHANNEL_FINE},
	{UINT64_MAX, PEN_WIRE_PULL, PEN_CHANNEL_OLD},
};

Test(peer_channel, counters_are_taken_once)
{
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		enum pen_channel_check said = check(rows[i].type, rows[i].counter);
		cr_expect_eq(said, rows[i].want, "row %zu", i);
		if (said == PEN_CHANNEL_FINE)
			pen_channel_take(&a, &packet.head);
	}
	cr_expect_eq(check(PEN_WIRE_OPEN, 0), PEN_CHANNEL_OLD, "nobody begins at 0");
}

/* Checked and not taken, it is still new. */
Test(peer_channel, checking_uses_nothing_up)
{
	cr_expect_eq(check(PEN_WIRE_PULL, 5), PEN_CHANNEL_FINE);
	cr_expect_eq(check(PEN_WIRE_PULL, 5), PEN_CHANNEL_FINE);
	cr_expect_eq(check(PEN_WIRE_PULL, 4), PEN_CHANNEL_FINE);
}

Test(peer_channel, data_is_marked)
{
	struct pen_wire_data data[3] = {{.type = PEN_WIRE_DATA, .slot = 3, .index = 4}};
	data[1] = data[0];
	data[1].index = 5;
	pen_channel_mark(&a, data, 2);
	cr_expect_eq(data[2].check, 0, "was not to be marked");
	for (int i = 0; i < 2; i++) {
		cr_expect(pen_channel_unharmed(&b, &data[i]));
		data[i].index ^= 1;
		cr_expect_not(pen_channel_unharmed(&b, &data[i]));
		data[i].index ^= 1;
	}
	b.check_seed++;
	cr_expect_not(pen_channel_unharmed(&b, &data[0]), "of another session");
}
