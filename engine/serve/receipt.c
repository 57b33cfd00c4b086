#include "serve/receipt.h"

#include <string.h>

#include "base/check.h"

void pen_receipt_init(struct pen_receipt *receipt, const struct pen_prf_key *key, int64_t now_ns)
{
	*receipt = (struct pen_receipt){.key = *key, .round_ns = now_ns, .heard_ns = now_ns};
}

static void note_era(struct pen_receipt *receipt, uint32_t bytes)
{
	struct pen_receipt_era *era = receipt->era;
	if (receipt->eras && era[receipt->eras - 1].bytes == bytes)
		return;
	if (receipt->eras == PEN_RECEIPT_ERAS) {
		memmove(era, era + 1, (PEN_RECEIPT_ERAS - 1) * sizeof *era);
		receipt->eras--;
	}
	era[receipt->eras++] = (struct pen_receipt_era){receipt->sent, bytes};
}

/* The tokens of `count` packets from number `first` on, which are the next. */
static void make_tokens(
	struct pen_receipt *receipt, uint64_t first, unsigned count, uint16_t *tokens)
{
	uint64_t four = 0;
	for (uint64_t seq = first; seq < first + count; seq++, four >>= 16) {
		if (seq % 4 == 0 || seq == first)
			four = pen_prf(&receipt->key, seq / 4) >> seq % 4 * 16;
		uint16_t token = (uint16_t)four, *sum = &receipt->sums[seq / 64 % PEN_RECEIPT_SUMS];
		*sum = seq % 64 ? *sum ^ token : token;
		*tokens++ = token;
	}
}

uint64_t pen_receipt_send(
	struct pen_receipt *receipt, uint32_t bytes, unsigned count, uint16_t *tokens)
{
	uint64_t first = receipt->sent, all = (uint64_t)bytes * count;
	PEN_CHECK(bytes > 0);
	make_tokens(receipt, first, count, tokens);
	note_era(receipt, bytes);
	receipt->flying_bytes += all;
	if (!receipt->path_proved)
		receipt->path_bytes += all;
	receipt->sent += count;
	return first;
}

/* Bytes of packet `seq`; of one older than all eras the oldest's. */
static uint32_t bytes_of(const struct pen_receipt *receipt, uint64_t seq)
{
	unsigned i = receipt->eras;
	PEN_CHECK(i > 0);
	while (--i > 0)
		if (receipt->era[i].first <= seq)
			break;
	return receipt->era[i].bytes;
}

/* All below `end` is settled. */
static void settle(struct pen_receipt *receipt, uint64_t end)
{
	uint64_t bytes = 0;
	PEN_CHECK(end <= receipt->sent);
	for (unsigned i = receipt->eras; i-- > 0;) {
		uint64_t from = i ? receipt->era[i].first : 0;
		uint64_t to = i + 1 < receipt->eras ? receipt->era[i + 1].first : receipt->sent;
		from = from > receipt->settled ? from : receipt->settled;
		to = to < end ? to : end;
		if (from < to)
			bytes += (to - from) * receipt->era[i].bytes;
	}
	receipt->settled = end;
	/* Eras that are gone may have been of another size. */
	receipt->flying_bytes -= bytes < receipt->flying_bytes ? bytes : receipt->flying_bytes;
	if (end == receipt->sent)
		receipt->flying_bytes = 0;
}

/* By four bits of a proof: those of four tokens side by side that they name. */
static const uint64_t named[16] = {0, 0xffff, 0xffff0000, 0xffffffff, 0xffff00000000,
	0xffff0000ffff, 0xffffffff0000, 0xffffffffffff, 0xffff000000000000, 0xffff00000000ffff,
	0xffff0000ffff0000, 0xffff0000ffffffff, 0xffffffff00000000, 0xffffffff0000ffff,
	0xffffffffffff0000, 0xffffffffffffffff};

/* Whether the sum of a word of 64 packets is still kept. (One that names packets which were not
 * sent yet is refused, whatever the sum.) */
static bool is_kept(const struct pen_receipt *receipt, uint64_t word)
{
	return receipt->sent <= 64 * (word + PEN_RECEIPT_SUMS);
}

/* XOR of the tokens that a word of a proof names, of packets from number `seq` on, in four parts
 * side by side. */
static uint64_t add_word(const struct pen_receipt *receipt, uint64_t seq, uint64_t bits)
{
	uint64_t sum = 0;
	if (bits == UINT64_MAX && is_kept(receipt, seq / 64))
		return receipt->sums[seq / 64 % PEN_RECEIPT_SUMS];
	for (; bits; bits >>= 4, seq += 4)
		if (bits & 15)
			sum ^= pen_prf(&receipt->key, seq / 4) & named[bits & 15];
	return sum;
}

/* One past the highest packet of a proof; the XOR of all tokens goes to *tokens. */
static uint64_t add_tokens(
	const struct pen_receipt *receipt, const struct pen_receipt_proof *proof, uint16_t *tokens)
{
	uint64_t end = 0, sum = 0;
	PEN_CHECK(proof->first % 64 == 0);
	for (uint32_t word = 0; word < proof->words; word++) {
		uint64_t bits = pen_le64(proof->bits + 8 * word), seq = proof->first + word * 64;
		end = bits ? seq + 64 - (uint64_t)__builtin_clzll(bits) : end;
		sum ^= add_word(receipt, seq, bits);
	}
	sum ^= sum >> 32;
	*tokens = (uint16_t)(sum ^ sum >> 16);
	return end;
}

/* Packets of a word of a proof that are new, by the sizes of the eras they are from. */
static void count_word(const struct pen_receipt *receipt, uint64_t first, uint64_t bits,
	struct pen_receipt_news *news)
{
	if (first + 63 < receipt->settled)
		return;
	if (first < receipt->settled)
		bits &= UINT64_MAX << (receipt->settled - first);
	unsigned count = (unsigned)__builtin_popcountll(bits);
	news->proved += count;
	if (receipt->era[receipt->eras - 1].first <= first) {
		news->proved_bytes += (uint64_t)count * receipt->era[receipt->eras - 1].bytes;
		return;
	}
	for (; bits; bits &= bits - 1)
		news->proved_bytes += bytes_of(receipt, first + (uint64_t)__builtin_ctzll(bits));
}

static void count_proved(const struct pen_receipt *receipt, const struct pen_receipt_proof *proof,
	struct pen_receipt_news *news)
{
	PEN_CHECK(receipt->eras > 0);
	for (uint32_t word = 0; word < proof->words; word++)
		count_word(
			receipt, proof->first + word * 64, pen_le64(proof->bits + 8 * word), news);
}

static int64_t round_trip(const struct pen_receipt *receipt)
{
	return receipt->rtt_ns > PEN_RECEIPT_RTT_NS_MIN ? receipt->rtt_ns : PEN_RECEIPT_RTT_NS_MIN;
}

bool pen_receipt_prove(struct pen_receipt *receipt, const struct pen_receipt_proof *proof,
	int64_t now_ns, struct pen_receipt_news *news)
{
	uint16_t tokens;
	PEN_CHECK(proof->words <= PEN_WIRE_PROOF_WORDS_MAX);
	*news = (struct pen_receipt_news){.settled = 0};
	if (proof->words == 0)
		return true;
	/* A peer may name any number: none so high that adding to it wraps. */
	uint64_t end = proof->first > receipt->sent ? UINT64_MAX
						    : add_tokens(receipt, proof, &tokens);
	if (end == 0 || end > receipt->sent || tokens != proof->tokens) {
		receipt->wrong++;
		return false;
	}
	/* A proof of what went elsewhere says nothing of this path. */
	receipt->path_proved |= end > receipt->path_first;
	/* State is sent again and again: only what is new shows that the path is alive. */
	if (end <= receipt->settled)
		return true;
	receipt->heard_ns = now_ns;
	receipt->doubt = receipt->doubt && end <= receipt->path_first;
	count_proved(receipt, proof, news);
	news->settled = (uint32_t)(end - receipt->settled);
	settle(receipt, end);
	receipt->proved += news->proved;
	if (now_ns - receipt->round_ns >= round_trip(receipt)) {
		receipt->round_before_bytes = receipt->round_bytes;
		receipt->round_bytes = 0;
		receipt->round_ns = now_ns;
	}
	receipt->round_bytes += news->proved_bytes;
	return true;
}

void pen_receipt_rtt(struct pen_receipt *receipt, int64_t rtt_ns)
{
	if (rtt_ns < PEN_RECEIPT_RTT_NS_MIN)
		rtt_ns = PEN_RECEIPT_RTT_NS_MIN;
	if (rtt_ns > PEN_RECEIPT_RTT_NS_MAX)
		rtt_ns = PEN_RECEIPT_RTT_NS_MAX;
	receipt->rtt_ns = receipt->rtt_ns ? receipt->rtt_ns + (rtt_ns - receipt->rtt_ns) / 8
					  : rtt_ns;
}

void pen_receipt_move(struct pen_receipt *receipt)
{
	receipt->path_proved = false;
	receipt->path_first = receipt->sent;
	receipt->path_bytes = 0;
	receipt->single_bytes = 0;
	receipt->round_bytes = 0;
	receipt->round_before_bytes = 0;
	settle(receipt, receipt->sent);
}

static int64_t silent_ns(const struct pen_receipt *receipt)
{
	int64_t silent = 4 * round_trip(receipt);
	return silent > PEN_RECEIPT_SILENT_NS ? silent : PEN_RECEIPT_SILENT_NS;
}

/* Has no proof come for so long that what is flying is lost, or the proofs are? */
static void forgive(struct pen_receipt *receipt, int64_t now_ns)
{
	if (receipt->flying_bytes == 0)
		receipt->heard_ns = now_ns;
	if (now_ns - receipt->heard_ns < silent_ns(receipt))
		return;
	settle(receipt, receipt->sent);
	receipt->round_bytes = 0;
	receipt->round_before_bytes = 0;
	receipt->heard_ns = now_ns;
	receipt->doubt = true;
	receipt->forgiven++;
}

/* Nothing is proved on this path, and all that may go at once has gone: a small packet may follow
 * when the last one has had its time. */
static uint64_t single(struct pen_receipt *receipt, int64_t now_ns)
{
	receipt->doubt = true;
	if (receipt->single_bytes == 0) {
		receipt->single_wait_ns = silent_ns(receipt);
	} else if (receipt->single_bytes != receipt->path_bytes) {
		receipt->single_wait_ns *= 2;
		if (receipt->single_wait_ns > PEN_RECEIPT_SINGLE_NS_MAX)
			receipt->single_wait_ns = PEN_RECEIPT_SINGLE_NS_MAX;
	}
	if (receipt->single_bytes != receipt->path_bytes)
		receipt->single_ns = now_ns;
	receipt->single_bytes = receipt->path_bytes;
	bool left = receipt->path_bytes + PEN_RECEIPT_SMALL_BYTES <= PEN_RECEIPT_FREE_BYTES;
	return left && now_ns - receipt->single_ns >= receipt->single_wait_ns
		? PEN_RECEIPT_SMALL_BYTES
		: 0;
}

uint64_t pen_receipt_allowed(struct pen_receipt *receipt, uint32_t bytes, int64_t now_ns)
{
	if (!receipt->path_proved) {
		/* A packet that does not fit what is left of the burst is none of it. */
		uint64_t used = receipt->path_bytes + PEN_RECEIPT_SMALL_BYTES;
		return used <= PEN_RECEIPT_BURST_BYTES
			? PEN_RECEIPT_BURST_BYTES - receipt->path_bytes
			: single(receipt, now_ns);
	}
	forgive(receipt, now_ns);
	uint64_t round = receipt->round_bytes;
	if (round < receipt->round_before_bytes)
		round = receipt->round_before_bytes;
	uint64_t free = bytes > PEN_RECEIPT_SMALL_BYTES ? PEN_RECEIPT_BURST_BYTES
							: PEN_RECEIPT_FREE_BYTES;
	uint64_t limit = free + 2 * round, used = receipt->flying_bytes;
	return used < limit ? limit - used : 0;
}
