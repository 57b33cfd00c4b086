#include "base/text.h"

#include "base/err.h"

/* The longest size there is, "18446744073709551615KiB/s", and the end. */
#define RATE_BYTES 32

static const char base58_digits[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
static const char hex_digits[] = "0123456789abcdef";

const char *pen_base58(const struct pen_hash *hash, char text[PEN_HASH_TEXT_BYTES])
{
	uint8_t digits[PEN_HASH_TEXT_BYTES] = {0}; /* base 58, least significant first */
	size_t count = 0, zeros = 0;
	while (zeros < PEN_HASH_BYTES && hash->bytes[zeros] == 0)
		zeros++;
	for (size_t i = zeros; i < PEN_HASH_BYTES; i++) {
		unsigned carry = hash->bytes[i];
		for (size_t j = 0; j < count; j++) {
			carry += (unsigned)digits[j] << 8;
			digits[j] = (uint8_t)(carry % 58);
			carry /= 58;
		}
		for (; carry; carry /= 58)
			digits[count++] = (uint8_t)(carry % 58);
	}
	size_t at = 0;
	for (; at < zeros; at++)
		text[at] = '1';
	while (count)
		text[at++] = base58_digits[digits[--count]];
	text[at] = 0;
	return text;
}

static int base58_digit(char c)
{
	const char *found = c ? strchr(base58_digits, c) : NULL;
	return found ? (int)(found - base58_digits) : -1;
}

int pen_base58_decode(const char *text, size_t len, struct pen_hash *out)
{
	if (len == 0 || len >= PEN_HASH_TEXT_BYTES)
		return PEN_EINPUT;
	uint8_t bytes[PEN_HASH_BYTES] = {0}; /* base 256, least significant first */
	size_t count = 0, zeros = 0;
	while (zeros < len && text[zeros] == '1')
		zeros++;
	for (size_t i = zeros; i < len; i++) {
		int digit = base58_digit(text[i]);
		if (digit < 0)
			return PEN_EINPUT;
		unsigned carry = (unsigned)digit;
		for (size_t j = 0; j < count; j++) {
			carry += bytes[j] * 58u;
			bytes[j] = (uint8_t)carry;
			carry >>= 8;
		}
		if (carry && count == PEN_HASH_BYTES)
			return PEN_EINPUT;
		if (carry)
			bytes[count++] = (uint8_t)carry;
	}
	if (zeros + count != PEN_HASH_BYTES)
		return PEN_EINPUT;
	memset(out->bytes, 0, zeros);
	for (size_t i = 0; i < count; i++)
		out->bytes[zeros + i] = bytes[count - 1 - i];
	return 0;
}

const char *pen_hex(struct pen_bytes bytes, char *text)
{
	for (size_t i = 0; i < bytes.len; i++) {
		text[2 * i] = hex_digits[bytes.at[i] >> 4];
		text[2 * i + 1] = hex_digits[bytes.at[i] & 15];
	}
	text[2 * bytes.len] = 0;
	return text;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int pen_hex_decode(const char *text, size_t len, uint8_t *out)
{
	if (len % 2)
		return PEN_EINPUT;
	for (size_t i = 0; i < len; i += 2) {
		int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
		if (high < 0 || low < 0)
			return PEN_EINPUT;
		out[i / 2] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

int pen_hash_parse(const char *text, struct pen_hash *out)
{
	size_t len = strlen(text);
	if (len == 2 * PEN_HASH_BYTES)
		return pen_hex_decode(text, len, out->bytes);
	return pen_base58_decode(text, len, out);
}

/* The decimal digits at *text, at most `max`; moves *text behind them. */
static int digits_parse(const char **text, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;
	const char *at = *text;
	for (; *at >= '0' && *at <= '9'; at++) {
		unsigned digit = (unsigned)(*at - '0');
		if (value > (UINT64_MAX - digit) / 10)
			return PEN_EINPUT;
		value = value * 10 + digit;
	}
	if (at == *text || value > max)
		return PEN_EINPUT;
	*text = at;
	*out = value;
	return 0;
}

int pen_number_parse(const char *text, uint64_t max, uint64_t *out)
{
	int err = digits_parse(&text, max, out);
	if (err)
		return err;
	return *text ? PEN_EINPUT : 0;
}

/* What a unit stands for, in the smallest one; a row without a name ends the list. */
struct unit {
	const char *name;
	uint64_t worth;
};

/* A decimal and one of these units. */
static int united_parse(const char *text, const struct unit *units, uint64_t *out)
{
	uint64_t value;
	int err = digits_parse(&text, UINT64_MAX, &value);
	if (err)
		return err;
	for (; units->name; units++) {
		if (strcmp(text, units->name) != 0)
			continue;
		if (value > UINT64_MAX / units->worth)
			return PEN_EINPUT;
		*out = value * units->worth;
		return 0;
	}
	return PEN_EINPUT;
}

int pen_size_parse(const char *text, uint64_t *bytes)
{
	static const struct unit units[] = {{"", 1}, {"B", 1}, {"kB", 1000}, {"KiB", 1ull << 10},
		{"MB", 1000000}, {"MiB", 1ull << 20}, {"GB", 1000000000}, {"GiB", 1ull << 30},
		{"TB", 1000000000000}, {"TiB", 1ull << 40}, {NULL, 0}};
	return united_parse(text, units, bytes);
}

int pen_rate_parse(const char *text, uint64_t *bytes_s)
{
	static const struct unit units[] = {{"bit/s", 1}, {"kbit/s", 1000}, {"Mbit/s", 1000000},
		{"Gbit/s", 1000000000}, {"Tbit/s", 1000000000000}, {NULL, 0}};
	char size[RATE_BYTES];
	uint64_t bits;
	size_t len = strlen(text);
	if (!united_parse(text, units, &bits)) {
		*bytes_s = bits / 8;
		return 0;
	}
	if (len >= sizeof size)
		return PEN_EINPUT;
	memcpy(size, text, len + 1);
	if (len > 2 && !strcmp(size + len - 2, "/s"))
		size[len - 2] = 0;
	return pen_size_parse(size, bytes_s);
}
