#include "make/profile.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/check.h"
#include "make/words.h"

/* Streams of randomness: one of each kind for each index. */
enum {
	KIND_IMPLICIT = 1,
	KIND_NAMED = 2,
	KIND_CODED = 3,
	KIND_EXTRA = 4,
	KIND_ACCOUNT = 5,
	KIND_CODE_OF = 6,
	KIND_ACCESS = 7,
	KIND_ACCESS_VALUE = 8,
	KIND_TOKEN = 20,
};

#define ACCESS_KEY_BYTES 32
#define ACCESS_KEYS_MAX 3
#define ACCOUNT_TEXT_MAX 64
#define IMPLICIT_TOP_DIGITS 12
#define IMPLICIT_TAIL_BYTES 26
#define KEY_BYTES_MAX 160
#define VALUE_BYTES_MAX 20000
/* Every so many balances, one has a value around the bound of what flat state inlines. */
#define LONG_EVERY 4000

static const char *const tokens[PEN_PROFILE_TOKENS] = {
	"game.hot.tg", "token.sweat", "usdt.tether-token.near", "v2.ref-finance.near", "wrap.near"};

/* The run under way. */
struct maker {
	uint64_t seed, accounts, implicit;
	uint64_t holders; /* of the token under way */
	pen_pair_fn fn;
	void *context;
	struct pen_words *words;
	size_t key_len, value_len;
	uint8_t key[KEY_BYTES_MAX];
	uint8_t value[VALUE_BYTES_MAX];
};

/* Strictly growing with i: a random point of stratum i of n strata of [0, 2^bits). */
static uint64_t spread(uint64_t i, uint64_t n, unsigned bits, struct pen_rng *rng)
{
	uint64_t lo = (uint64_t)(((unsigned __int128)i << bits) / n);
	uint64_t hi = (uint64_t)(((unsigned __int128)(i + 1) << bits) / n);
	return lo + pen_rng_below(rng, hi - lo);
}

static bool is_coded(uint64_t seed, uint64_t i)
{
	struct pen_rng rng = pen_words_stream(seed, KIND_CODED, i);
	return pen_rng_below(&rng, 200) == 0;
}

static unsigned access_keys(uint64_t seed, uint64_t i)
{
	struct pen_rng rng = pen_words_stream(seed, KIND_EXTRA, i);
	return pen_rng_below(&rng, 5) == 0 ? ACCESS_KEYS_MAX : 1;
}

static uint64_t accounts_of(uint64_t keys)
{
	uint64_t accounts = keys * 23 / 100;
	return accounts ? accounts : 1;
}

/* Extend the counts of a plan to `accounts` accounts; returns the keys that are no balances. */
static uint64_t count_accounts(uint64_t seed, uint64_t accounts, struct pen_profile_plan *plan)
{
	for (; plan->accounts < accounts; plan->accounts++) {
		plan->coded += is_coded(seed, plan->accounts);
		plan->access += access_keys(seed, plan->accounts);
	}
	return plan->accounts + plan->coded + plan->access;
}

int pen_profile_plan(
	const struct pen_profile_want *want, struct pen_profile_plan *out, struct pen_why *why)
{
	if (want->keys > PEN_PROFILE_KEYS_MAX)
		return pen_fail(why, PEN_EREFUSED, "at most %llu keys can be made",
			(unsigned long long)PEN_PROFILE_KEYS_MAX);
	struct pen_profile_plan plan = {0};
	uint64_t least = want->keys;
	uint64_t base = count_accounts(want->seed, accounts_of(least), &plan);
	if (base + PEN_PROFILE_TOKENS <= least) {
		*out = plan;
		out->data = least - base;
		return 0;
	}
	/* More keys bring more accounts; an account needs 4.4 keys and comes with 100 / 23, so this
	 * climbs for a few small numbers and stops. */
	while (base + PEN_PROFILE_TOKENS > least) {
		least = base + PEN_PROFILE_TOKENS;
		base = count_accounts(want->seed, accounts_of(least), &plan);
	}
	return pen_fail(why, PEN_EREFUSED,
		"at least %llu keys are needed with this seed, %llu were asked for",
		(unsigned long long)least, (unsigned long long)want->keys);
}

static void put(uint8_t *to, size_t *len, size_t max, const void *from, size_t bytes)
{
	PEN_CHECK(*len + bytes <= max);
	memcpy(to + *len, from, bytes);
	*len += bytes;
}

static void put_key(struct maker *maker, const void *from, size_t bytes)
{
	put(maker->key, &maker->key_len, sizeof maker->key, from, bytes);
}

static void put_value(struct maker *maker, const void *from, size_t bytes)
{
	put(maker->value, &maker->value_len, sizeof maker->value, from, bytes);
}

static void put_value_u64(struct maker *maker, uint64_t word)
{
	put_value(maker, &word, sizeof word);
}

static void zero_value(struct maker *maker, size_t bytes)
{
	PEN_CHECK(maker->value_len + bytes <= sizeof maker->value);
	memset(maker->value + maker->value_len, 0, bytes);
	maker->value_len += bytes;
}

static int emit(struct maker *maker, struct pen_bytes value)
{
	struct pen_pair pair = {{maker->key, maker->key_len}, value};
	return maker->fn(maker->context, &pair);
}

static int emit_value(struct maker *maker)
{
	return emit(maker, (struct pen_bytes){maker->value, maker->value_len});
}

/* Append 64 hex digits: the point in its stratum, then randomness. */
static void put_implicit(struct maker *maker, uint64_t top, struct pen_rng *rng)
{
	static const char digits[] = "0123456789abcdef";
	char text[ACCOUNT_TEXT_MAX];
	uint8_t tail[IMPLICIT_TAIL_BYTES];
	for (unsigned i = 0; i < IMPLICIT_TOP_DIGITS; i++)
		text[i] = digits[top >> 4 * (IMPLICIT_TOP_DIGITS - 1 - i) & 15];
	pen_rng_bytes(rng, tail, sizeof tail);
	for (unsigned i = 0; i < sizeof tail; i++) {
		text[IMPLICIT_TOP_DIGITS + 2 * i] = digits[tail[i] >> 4];
		text[IMPLICIT_TOP_DIGITS + 2 * i + 1] = digits[tail[i] & 15];
	}
	put_key(maker, text, sizeof text);
}

static void put_named(struct maker *maker, uint64_t i)
{
	static const char letters[] = "ghijklmnopqrstuv";
	char text[10];
	struct pen_rng rng = pen_words_stream(maker->seed, KIND_NAMED, i);
	uint64_t top = spread(i - maker->implicit, maker->accounts - maker->implicit, 40, &rng);
	for (unsigned k = 0; k < sizeof text; k++)
		text[k] = letters[top >> 4 * (sizeof text - 1 - k) & 15];
	put_key(maker, text, sizeof text);
	if (pen_rng_below(&rng, 4))
		put_key(maker, ".near", 5);
	else
		put_key(maker, ".tg", 3);
}

/* Begin a key with its column and account i, the value with nothing. */
static void start(struct maker *maker, uint8_t column, uint64_t i)
{
	maker->key_len = maker->value_len = 0;
	put_key(maker, &column, 1);
	if (i >= maker->implicit) {
		put_named(maker, i);
		return;
	}
	struct pen_rng rng = pen_words_stream(maker->seed, KIND_IMPLICIT, i);
	uint64_t top = spread(i, maker->implicit, 48, &rng);
	put_implicit(maker, top, &rng);
}

static int make_accounts(struct maker *maker)
{
	int err = 0;
	for (uint64_t i = 0; i < maker->accounts && !err; i++) {
		struct pen_rng rng = pen_words_stream(maker->seed, KIND_ACCOUNT, i);
		start(maker, 0, i);
		put_value_u64(maker, pen_rng_next(&rng) >> 4);
		put_value_u64(maker, pen_rng_below(&rng, 1024));
		zero_value(maker, 48);
		put_value_u64(maker, 182 + pen_rng_below(&rng, 400));
		err = emit_value(maker);
	}
	return err;
}

static int make_code(struct maker *maker)
{
	int err = 0;
	for (uint64_t i = 0; i < maker->accounts && !err; i++) {
		if (!is_coded(maker->seed, i))
			continue;
		struct pen_rng rng = pen_words_stream(maker->seed, KIND_CODE_OF, i);
		struct pen_bytes code;
		err = pen_words_code(
			maker->words, (unsigned)pen_rng_below(&rng, PEN_WORDS_CODES), &code);
		if (err)
			break;
		start(maker, 1, i);
		err = emit(maker, code);
	}
	return err;
}

static void put_access_value(struct maker *maker, uint64_t index)
{
	struct pen_rng rng = pen_words_stream(maker->seed, KIND_ACCESS_VALUE, index);
	maker->value_len = 0;
	put_value_u64(maker, pen_rng_below(&rng, UINT64_C(100000000000000)));
	if (pen_rng_below(&rng, 5) < 3) {
		put_value(maker, "\1", 1);
		return;
	}
	put_value(maker, "\0\1", 2);
	put_value_u64(maker, pen_rng_next(&rng) >> 4);
	put_value_u64(maker, 8192);
	put_value(maker, "\22\0\0\0app.nearcrowd.near", 22);
	zero_value(maker, 4);
}

static int compare_access(const void *a, const void *b)
{
	return memcmp(a, b, ACCESS_KEY_BYTES);
}

static int make_access_of(struct maker *maker, uint64_t i)
{
	uint8_t keys[ACCESS_KEYS_MAX][ACCESS_KEY_BYTES];
	unsigned count = access_keys(maker->seed, i);
	for (unsigned j = 0; j < count; j++) {
		struct pen_rng rng = pen_words_stream(maker->seed, KIND_ACCESS, i * 4 + j);
		pen_rng_bytes(&rng, keys[j], sizeof keys[j]);
	}
	qsort(keys, count, sizeof keys[0], compare_access);
	start(maker, 2, i);
	put_key(maker, "\2\0", 2);
	size_t before = maker->key_len;
	int err = 0;
	for (unsigned j = 0; j < count && !err; j++) {
		maker->key_len = before;
		put_key(maker, keys[j], sizeof keys[j]);
		put_access_value(maker, i * 4 + j);
		err = emit_value(maker);
	}
	return err;
}

static int make_access(struct maker *maker)
{
	int err = 0;
	for (uint64_t i = 0; i < maker->accounts && !err; i++)
		err = make_access_of(maker, i);
	return err;
}

/* The second token names holders by 32 raw bytes, the others by length-prefixed hex. */
static void put_holder(struct maker *maker, unsigned token, uint64_t i, struct pen_rng *rng)
{
	if (token != 1) {
		uint32_t len = ACCOUNT_TEXT_MAX;
		put_key(maker, &len, sizeof len);
		put_implicit(maker, spread(i, maker->holders, 48, rng), rng);
		return;
	}
	uint64_t top = __builtin_bswap64(spread(i, maker->holders, 63, rng));
	uint8_t tail[24];
	pen_rng_bytes(rng, tail, sizeof tail);
	put_key(maker, &top, sizeof top);
	put_key(maker, tail, sizeof tail);
}

static void put_balance(struct maker *maker, unsigned token, uint64_t i, struct pen_rng *rng)
{
	static const size_t long_bytes[] = {3999, 4000, 4001, VALUE_BYTES_MAX};
	put_value_u64(maker, pen_rng_next(rng) >> 6);
	put_value_u64(maker, 0);
	if (token == 0) {
		put_value_u64(maker, pen_rng_below(rng, UINT64_C(1000000000000000000)));
		put_value_u64(maker, pen_rng_below(rng, UINT64_C(1) << 32));
		zero_value(maker, 40);
	}
	if (i % LONG_EVERY == LONG_EVERY - 1) {
		maker->value_len = long_bytes[i / LONG_EVERY % PEN_COUNT(long_bytes)];
		pen_rng_bytes(rng, maker->value, maker->value_len);
	}
}

static int make_token(struct maker *maker, unsigned token, uint64_t count)
{
	maker->holders = count;
	maker->key_len = 0;
	put_key(maker, "\11", 1);
	put_key(maker, tokens[token], strlen(tokens[token]));
	put_key(maker, ",t", 2);
	size_t before = maker->key_len;
	int err = 0;
	for (uint64_t i = 0; i < count && !err; i++) {
		struct pen_rng rng = pen_words_stream(maker->seed, KIND_TOKEN + token, i);
		maker->key_len = before;
		maker->value_len = 0;
		put_holder(maker, token, i, &rng);
		put_balance(maker, token, i, &rng);
		err = emit_value(maker);
	}
	return err;
}

static int make_all(struct maker *maker, const struct pen_profile_plan *plan)
{
	int err = make_accounts(maker);
	if (!err)
		err = make_code(maker);
	if (!err)
		err = make_access(maker);
	for (unsigned t = 0; t < PEN_PROFILE_TOKENS && !err; t++) {
		uint64_t more = t < plan->data % PEN_PROFILE_TOKENS;
		err = make_token(maker, t, plan->data / PEN_PROFILE_TOKENS + more);
	}
	return err;
}

int pen_profile_make(
	const struct pen_profile_want *want, pen_pair_fn fn, void *context, struct pen_why *why)
{
	struct pen_profile_plan plan;
	int err = pen_profile_plan(want, &plan, why);
	if (err)
		return err;
	struct pen_words words;
	pen_words_init(&words, want->seed);
	struct maker maker = {.seed = want->seed,
		.accounts = plan.accounts,
		.implicit = plan.accounts * 3 / 5,
		.fn = fn,
		.context = context,
		.words = &words};
	err = make_all(&maker, &plan);
	pen_words_fini(&words);
	return err;
}
