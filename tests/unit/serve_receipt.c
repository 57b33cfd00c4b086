#include <criterion/criterion.h>
#include <string.h>

#include "base/check.h"
#include "base/rng.h"
#include "serve/receipt.h"

#define MS INT64_C(1000000)
#define PACKET 1232u /* a header and a payload of 1,200 */

static struct pen_prf_key key = {{7, 7, 7}};

/* Of four packets in a row, one number that only the key makes: 16 bits each. */
static uint16_t token_of(const struct pen_receipt *receipt, uint64_t seq)
{
	return (uint16_t)(pen_prf(&receipt->key, seq / 4) >> seq % 4 * 16);
}

/* A receiver that knows the tokens of what came, as DATA carried them. */
struct client {
	uint8_t bits[8 * PEN_WIRE_PROOF_WORDS_MAX];
	uint16_t tokens;
};

static void came(struct client *client, struct pen_receipt *receipt, uint64_t first, uint64_t seq)
{
	client->bits[(seq - first) / 8] |= (uint8_t)(1u << (seq - first) % 8);
	client->tokens ^= token_of(receipt, seq);
}

static struct pen_receipt_proof proof_of(const struct client *client, uint64_t first)
{
	return (struct pen_receipt_proof){
		first, client->bits, PEN_WIRE_PROOF_WORDS_MAX, client->tokens};
}

static void send(struct pen_receipt *receipt, unsigned count, uint32_t bytes)
{
	uint16_t tokens[64];
	for (unsigned some; count; count -= some) {
		some = count < PEN_COUNT(tokens) ? count : PEN_COUNT(tokens);
		pen_receipt_send(receipt, bytes, some, tokens);
	}
}

/* Proves packets from..end-1; all of them came. */
static struct pen_receipt_news prove(
	struct pen_receipt *receipt, uint64_t from, uint64_t end, int64_t now_ns)
{
	struct client client = {.tokens = 0};
	struct pen_receipt_news news;
	uint64_t first = from - from % 64;
	for (uint64_t seq = from; seq < end; seq++)
		came(&client, receipt, first, seq);
	struct pen_receipt_proof proof = proof_of(&client, first);
	cr_assert(pen_receipt_prove(receipt, &proof, now_ns, &news));
	return news;
}

/* Three quarters at once, the rest one by one; never more, however long it waits. */
Test(serve_receipt, a_stranger_gets_64_kib)
{
	struct pen_receipt receipt;
	pen_receipt_init(&receipt, &key, 0);
	unsigned packets = 0, singles = 0;
	while (pen_receipt_allowed(&receipt, PACKET, 0) >= PACKET) {
		uint16_t token;
		cr_expect_eq(pen_receipt_send(&receipt, PACKET, 1, &token), packets);
		packets++;
	}
	cr_expect_eq(packets, PEN_RECEIPT_BURST_BYTES / PACKET);
	cr_expect(receipt.doubt);
	int64_t last_ns = 0;
	for (int64_t now_ns = 0; now_ns < 3600 * 1000 * MS; now_ns += 50 * MS) {
		if (pen_receipt_allowed(&receipt, PACKET, now_ns) < PACKET)
			continue;
		cr_expect_eq(pen_receipt_allowed(&receipt, PACKET, now_ns), PACKET);
		cr_expect_geq(now_ns - last_ns, 250 * MS);
		send(&receipt, 1, PACKET);
		last_ns = now_ns;
		singles++;
	}
	cr_expect_eq(packets + singles, PEN_RECEIPT_FREE_BYTES / PACKET);
	cr_expect(last_ns > 20 * 1000 * MS && last_ns < 60 * 1000 * MS, "%ld", last_ns);
	/* One that arrives is enough. */
	prove(&receipt, receipt.sent - 1, receipt.sent, last_ns);
	cr_expect(!receipt.doubt);
	cr_expect_gt(pen_receipt_allowed(&receipt, PACKET, last_ns), 65536);
}

Test(serve_receipt, a_proof_allows_twice_as_much)
{
	struct pen_receipt receipt;
	pen_receipt_init(&receipt, &key, 0);
	send(&receipt, 53, PACKET);
	struct pen_receipt_news news = prove(&receipt, 0, 40, 20 * MS);
	cr_expect_eq(news.settled, 40);
	cr_expect_eq(news.proved, 40);
	cr_expect_eq(news.proved_bytes, 40 * PACKET);
	/* 13 packets are still on their way. */
	cr_expect_eq(
		pen_receipt_allowed(&receipt, PACKET, 20 * MS), 65536 + 80 * PACKET - 13 * PACKET);
	send(&receipt, 100, PACKET);
	news = prove(&receipt, 40, 153, 21 * MS);
	cr_expect_eq(pen_receipt_allowed(&receipt, PACKET, 21 * MS), 65536 + 2 * 113 * PACKET);
	/* What was proved before the last round trip no longer counts. */
	send(&receipt, 2, PACKET);
	prove(&receipt, 153, 154, 22 * MS);
	prove(&receipt, 154, 155, 23 * MS);
	cr_expect_eq(pen_receipt_allowed(&receipt, PACKET, 23 * MS), 65536 + 2 * PACKET);
}

Test(serve_receipt, tokens_of_a_run)
{
	struct pen_receipt receipt;
	struct pen_rng rng = {2};
	uint16_t tokens[20];
	pen_receipt_init(&receipt, &key, 0);
	for (uint64_t first = 0; first < 100000;) {
		unsigned count = (unsigned)pen_rng_below(&rng, PEN_COUNT(tokens));
		tokens[count] = 7;
		cr_assert_eq(pen_receipt_send(&receipt, PACKET, count, tokens), first);
		cr_assert_eq(tokens[count], 7);
		for (unsigned i = 0; i < count; i++)
			cr_assert_eq(tokens[i], token_of(&receipt, first + i));
		first += count;
	}
}

/* What came of packets from number `first` on, of which most words are whole; the last bit. */
static uint64_t some_came(
	struct pen_rng *rng, struct client *client, struct pen_receipt *receipt, uint64_t first)
{
	uint64_t last = 0;
	for (uint64_t word = 0; word < PEN_WIRE_PROOF_WORDS_MAX; word++) {
		uint64_t most = pen_rng_below(rng, 2) ? 1 + pen_rng_below(rng, 64) : 1;
		for (uint64_t i = 64 * word; i < 64 * word + 64; i++) {
			if (first + i >= receipt->sent || pen_rng_below(rng, most) == 1)
				continue;
			came(client, receipt, first, first + i);
			last = i;
		}
	}
	return last;
}

/* Whatever came of packets old and new, its own tokens are right, and those of one packet less are
 * not; also where a word has just been sent whole, or its sum is just about to be another's. */
Test(serve_receipt, any_set_can_be_proved)
{
	struct pen_receipt receipt;
	struct pen_rng rng = {4};
	pen_receipt_init(&receipt, &key, 0);
	for (uint64_t word = 1; word < 3 * PEN_RECEIPT_SUMS; word++) {
		uint64_t sent = 64 * word - 1 + pen_rng_below(&rng, 3),
			 back = pen_rng_below(&rng, word);
		if (word > PEN_RECEIPT_SUMS && back % 2)
			back = PEN_RECEIPT_SUMS;
		send(&receipt, (unsigned)(sent - receipt.sent), PACKET);
		struct client client = {.tokens = 0};
		struct pen_receipt_news news;
		uint64_t first = 64 * (word - 1 - back);
		uint64_t last = some_came(&rng, &client, &receipt, first);
		struct pen_receipt_proof proof = proof_of(&client, first);
		cr_assert(pen_receipt_prove(&receipt, &proof, MS, &news), "word %lu", word);
		client.bits[last / 8] ^= (uint8_t)(1u << last % 8);
		cr_assert_not(pen_receipt_prove(&receipt, &proof, MS, &news));
	}
}

Test(serve_receipt, says_what_was_lost)
{
	struct pen_receipt receipt;
	struct client client = {.tokens = 0};
	struct pen_receipt_news news;
	pen_receipt_init(&receipt, &key, 0);
	send(&receipt, 300, PACKET);
	for (uint64_t seq = 0; seq < 200; seq += 4)
		came(&client, &receipt, 0, seq);
	struct pen_receipt_proof proof = proof_of(&client, 0);
	cr_expect(pen_receipt_prove(&receipt, &proof, MS, &news));
	cr_expect_eq(news.settled, 197);
	cr_expect_eq(news.proved, 50);
	cr_expect_eq(receipt.flying_bytes, 103 * PACKET);
	/* Told again, and what came late: nothing new. */
	came(&client, &receipt, 0, 1);
	proof = proof_of(&client, 0);
	cr_expect(pen_receipt_prove(&receipt, &proof, MS, &news));
	cr_expect_eq(news.settled, 0);
	cr_expect_eq(news.proved, 0);
	cr_expect_eq(receipt.proved, 50);
}

Test(serve_receipt, wrong_proofs_are_counted)
{
	struct pen_receipt receipt;
	struct client client = {.tokens = 0}, none = {.tokens = 0};
	struct pen_receipt_news news;
	pen_receipt_init(&receipt, &key, 0);
	send(&receipt, 10, PACKET);
	for (uint64_t seq = 0; seq < 5; seq++)
		came(&client, &receipt, 0, seq);
	struct pen_receipt_proof right = proof_of(&client, 0), rows[6];
	rows[0] = right;
	rows[0].tokens ^= 1;
	rows[1] = right;
	rows[1].first = 64; /* never sent */
	rows[2] = right;
	rows[2].first = UINT64_MAX - 63;
	rows[3] = proof_of(&none, 0); /* names nothing */
	rows[4] = right;
	rows[4].first = UINT64_MAX / 2 - 63;
	came(&client, &receipt, 0, 10); /* the token of one that was not sent, known by magic */
	struct client magic = client;
	rows[5] = proof_of(&magic, 0);
	client.bits[1] = 0;
	client.tokens = right.tokens;
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		cr_expect(!pen_receipt_prove(&receipt, &rows[i], MS, &news), "row %zu", i);
		cr_expect_eq(news.settled, 0);
		cr_expect_eq(receipt.wrong, i + 1);
		cr_expect(!receipt.path_proved);
	}
	cr_expect(pen_receipt_prove(&receipt, &right, MS, &news));
	cr_expect(receipt.path_proved);
	struct pen_receipt_proof absent = {0};
	cr_expect(pen_receipt_prove(&receipt, &absent, MS, &news));
}

Test(serve_receipt, silence_is_forgiven_once_in_a_while)
{
	struct pen_receipt receipt;
	pen_receipt_init(&receipt, &key, 0);
	send(&receipt, 50, PACKET);
	prove(&receipt, 0, 50, 10 * MS);
	uint64_t before = pen_receipt_allowed(&receipt, PACKET, 10 * MS);
	/* An idle hour is no silence. */
	cr_expect_eq(pen_receipt_allowed(&receipt, PACKET, 3600 * 1000 * MS), before);
	int64_t now_ns = 3600 * 1000 * MS;
	while (pen_receipt_allowed(&receipt, PACKET, now_ns) >= PACKET)
		send(&receipt, 1, PACKET);
	cr_expect_lt(pen_receipt_allowed(&receipt, PACKET, now_ns + 249 * MS), PACKET);
	/* A proof of old things changes nothing. */
	prove(&receipt, 0, 50, now_ns + 249 * MS);
	cr_expect_eq(pen_receipt_allowed(&receipt, PACKET, now_ns + 250 * MS), 65536);
	while (pen_receipt_allowed(&receipt, PACKET, now_ns + 250 * MS) >= PACKET)
		send(&receipt, 1, PACKET);
	cr_expect_lt(pen_receipt_allowed(&receipt, PACKET, now_ns + 499 * MS), PACKET);
	cr_expect_eq(pen_receipt_allowed(&receipt, PACKET, now_ns + 500 * MS), 65536);
	cr_expect_eq(receipt.forgiven, 2);
	cr_expect(receipt.doubt);
	send(&receipt, 1, PACKET);
	prove(&receipt, receipt.sent - 1, receipt.sent, now_ns + 501 * MS);
	cr_expect(!receipt.doubt);
}

/* A path begins to swallow large packets: when no more of them may follow, small ones still may, a
 * quarter of what is free; the first that is proved settles all. */
Test(serve_receipt, small_packets_pass_where_large_ones_vanish)
{
	enum { LARGE = PEN_WIRE_HEAD_BYTES + 8192 };
	struct pen_receipt receipt;
	pen_receipt_init(&receipt, &key, 0);
	send(&receipt, 5, LARGE);
	prove(&receipt, 0, 5, 10 * MS);
	while (pen_receipt_allowed(&receipt, LARGE, 11 * MS) >= LARGE)
		send(&receipt, 1, LARGE);
	unsigned small = 0;
	for (; pen_receipt_allowed(&receipt, PACKET, 11 * MS) >= PACKET; small++)
		send(&receipt, 1, PACKET);
	uint64_t quarter = PEN_RECEIPT_FREE_BYTES - PEN_RECEIPT_BURST_BYTES;
	cr_expect_geq(small, quarter / PACKET, "%u", small);
	cr_expect_leq(small, (quarter + LARGE) / PACKET, "%u", small);
	prove(&receipt, receipt.sent - 1, receipt.sent, 12 * MS);
	cr_expect_geq(pen_receipt_allowed(&receipt, LARGE, 12 * MS), PEN_RECEIPT_BURST_BYTES);
	cr_expect_eq(receipt.forgiven, 0);
}

Test(serve_receipt, a_new_path_starts_at_the_beginning)
{
	struct pen_receipt receipt;
	pen_receipt_init(&receipt, &key, 0);
	send(&receipt, 50, PACKET);
	prove(&receipt, 0, 30, 10 * MS);
	pen_receipt_move(&receipt);
	cr_expect_eq(pen_receipt_allowed(&receipt, PACKET, 10 * MS), PEN_RECEIPT_BURST_BYTES);
	/* What arrived on the old path says nothing of the new one. */
	prove(&receipt, 0, 50, 11 * MS);
	cr_expect(!receipt.path_proved);
	send(&receipt, 30, PACKET);
	cr_expect_eq(pen_receipt_allowed(&receipt, PACKET, 11 * MS),
		PEN_RECEIPT_BURST_BYTES - 30 * PACKET);
	prove(&receipt, 30, 51, 12 * MS);
	cr_expect(receipt.path_proved);
}

Test(serve_receipt, sizes_are_remembered)
{
	struct pen_receipt receipt;
	pen_receipt_init(&receipt, &key, 0);
	for (unsigned i = 0; i < PEN_RECEIPT_ERAS; i++)
		send(&receipt, 4, 1000 + i);
	uint64_t bytes = receipt.flying_bytes;
	cr_expect_eq(prove(&receipt, 0, 6, MS).proved_bytes, 4 * 1000 + 2 * 1001);
	cr_expect_eq(receipt.flying_bytes, bytes - 6002);
	/* More than are remembered: the oldest go, and nothing runs below zero. */
	for (unsigned i = 0; i < 5 * PEN_RECEIPT_ERAS; i++)
		send(&receipt, 1, 8000 - i);
	cr_expect_gt(prove(&receipt, 6, receipt.sent - 1, MS).proved_bytes, 0);
	prove(&receipt, receipt.sent - 1, receipt.sent, MS);
	cr_expect_eq(receipt.flying_bytes, 0);
}

Test(serve_receipt, round_trips_are_bounded)
{
	static const struct {
		int64_t said_ns, kept_ns;
	} rows[] = {{-5, PEN_RECEIPT_RTT_NS_MIN}, {0, PEN_RECEIPT_RTT_NS_MIN}, {30 * MS, 30 * MS},
		{INT64_MAX, PEN_RECEIPT_RTT_NS_MAX}, {INT64_MIN, PEN_RECEIPT_RTT_NS_MIN}};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_receipt receipt;
		pen_receipt_init(&receipt, &key, 0);
		pen_receipt_rtt(&receipt, rows[i].said_ns);
		cr_expect_eq(receipt.rtt_ns, rows[i].kept_ns);
	}
}
