#include "store/layout.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"

#define PART_DIGITS 6

/* What the names of parts begin with. Raw objects are not parts of anything. */
static const char *const words[] = {
	[PEN_FORM_NEARCORE] = "state_part_",
	[PEN_FORM_LEAN] = "lean_part_",
};

bool pen_chain_valid(const char *text)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-");
	return len >= 1 && len <= PEN_CHAIN_BYTES_MAX && !text[len];
}

/* Write the directory of the epoch; returns its length. */
static int epoch_dir(const struct pen_labels *labels, char name[PEN_NAME_BYTES])
{
	char id[PEN_HASH_TEXT_BYTES];
	PEN_CHECK(pen_chain_valid(labels->chain));
	return snprintf(name, PEN_NAME_BYTES, "chain_id=%s/epoch_height=%" PRIu64 "/epoch_id=%s",
		labels->chain, labels->epoch_height, pen_base58(&labels->epoch_id, id));
}

const char *pen_labels_dir(const struct pen_labels *labels, char name[PEN_NAME_BYTES])
{
	int at = epoch_dir(labels, name);
	snprintf(name + at, PEN_NAME_BYTES - (size_t)at, "/shard_id=%" PRIu64, labels->shard);
	return name;
}

const char *pen_labels_header(const struct pen_labels *labels, char name[PEN_NAME_BYTES])
{
	int at = epoch_dir(labels, name);
	snprintf(name + at, PEN_NAME_BYTES - (size_t)at, "/headers/shard_id=%" PRIu64 "/header",
		labels->shard);
	return name;
}

/* Copy the value of "<key>VALUE" up to the next '/' or the end and move *at behind it. */
static int value_take(const char **at, const char *key, char value[PEN_CHAIN_BYTES_MAX + 1])
{
	size_t key_len = strlen(key);
	if (strncmp(*at, key, key_len) != 0)
		return PEN_EINPUT;
	*at += key_len;
	size_t len = strcspn(*at, "/");
	if (len > PEN_CHAIN_BYTES_MAX)
		return PEN_EINPUT;
	memcpy(value, *at, len);
	value[len] = 0;
	*at += len;
	return 0;
}

/* A decimal as it is written by us: no leading zero, so that one label has one name. */
static int number_take(const char **at, const char *key, uint64_t *out)
{
	char value[PEN_CHAIN_BYTES_MAX + 1];
	int err = value_take(at, key, value);
	if (err)
		return err;
	if (value[0] == '0' && value[1])
		return PEN_EINPUT;
	return pen_number_parse(value, UINT64_MAX, out);
}

static int epoch_id_take(const char **at, const char *key, struct pen_hash *out)
{
	char value[PEN_CHAIN_BYTES_MAX + 1];
	int err = value_take(at, key, value);
	return err ? err : pen_base58_decode(value, strlen(value), out);
}

int pen_labels_parse(const char *dir, struct pen_labels *out)
{
	const char *at = dir;
	int err = value_take(&at, "chain_id=", out->chain);
	if (!err && !pen_chain_valid(out->chain))
		err = PEN_EINPUT;
	if (!err)
		err = number_take(&at, "/epoch_height=", &out->epoch_height);
	if (!err)
		err = epoch_id_take(&at, "/epoch_id=", &out->epoch_id);
	if (!err)
		err = number_take(&at, "/shard_id=", &out->shard);
	if (!err && *at)
		err = PEN_EINPUT;
	return err;
}

const char *pen_part_name(
	enum pen_form form, uint64_t k, uint64_t n, char name[PEN_PART_NAME_BYTES])
{
	PEN_CHECK(form < PEN_COUNT(words));
	PEN_CHECK(k <= PEN_PART_NAME_MAX);
	PEN_CHECK(n <= PEN_PART_NAME_MAX);
	snprintf(name, PEN_PART_NAME_BYTES, "%s%06u_of_%06u", words[form], (unsigned)k % 1000000u,
		(unsigned)n % 1000000u);
	return name;
}

/* Read "<word>dddddd" and move *at behind it. */
static int digits_take(const char **at, const char *word, uint32_t *out)
{
	size_t len = strlen(word);
	if (strncmp(*at, word, len) != 0)
		return PEN_EINPUT;
	*at += len;
	*out = 0;
	for (int i = 0; i < PART_DIGITS; i++, (*at)++) {
		if (**at < '0' || **at > '9')
			return PEN_EINPUT;
		*out = *out * 10 + (uint32_t)(**at - '0');
	}
	return 0;
}

int pen_part_name_parse(const char *name, enum pen_form *form, uint32_t *k, uint32_t *n)
{
	*form = name[0] == 'l' ? PEN_FORM_LEAN : PEN_FORM_NEARCORE;
	int err = digits_take(&name, words[*form], k);
	if (!err)
		err = digits_take(&name, "_of_", n);
	if (!err && *name)
		err = PEN_EINPUT;
	return err;
}

const char *pen_part_path(const struct pen_labels *labels, enum pen_form form,
	const struct pen_part_id *id, char name[PEN_NAME_BYTES])
{
	char part[PEN_PART_NAME_BYTES];
	size_t at = strlen(pen_labels_dir(labels, name));
	snprintf(name + at, PEN_NAME_BYTES - at, "/%s", pen_part_name(form, id->k, id->n, part));
	return name;
}

const char *pen_raw_path(const struct pen_hash *root, char name[PEN_NAME_BYTES])
{
	char text[PEN_HASH_TEXT_BYTES];
	snprintf(name, PEN_NAME_BYTES, PEN_RAW_DIR "/%s", pen_base58(root, text));
	return name;
}

static const char *aside_name(const char *prefix, const char *dir, const struct pen_hash *root,
	char name[PEN_ASIDE_NAME_BYTES])
{
	char text[PEN_HASH_TEXT_BYTES];
	int len = snprintf(
		name, PEN_ASIDE_NAME_BYTES, "%s%s/%s", prefix, dir, pen_base58(root, text));
	PEN_CHECK(len < (int)PEN_ASIDE_NAME_BYTES);
	return name;
}

const char *pen_pages_name(
	const char *prefix, const struct pen_hash *root, char name[PEN_ASIDE_NAME_BYTES])
{
	return aside_name(prefix, PEN_PAGES_DIR, root, name);
}

const char *pen_node_name(
	const char *prefix, const struct pen_hash *root, char name[PEN_ASIDE_NAME_BYTES])
{
	return aside_name(prefix, PEN_NODES_DIR, root, name);
}
