#include "vault.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "drivers/table.h"

/* What the database has of the shard. 1: all of it. */
static int look(struct vault *vault, struct pen_why *why)
{
	struct pen_sink *sink = vault->sink;
	struct pen_sink_state ask = vault->want;
	ask.parts = 0; /* look only: nothing is started before a source has the state */
	int err = sink->ops->begin(sink, &ask, &vault->had, NULL, why);
	/* Without a part applied it is a note that binds nobody. */
	if (err || (vault->had.applied == 0 && !vault->had.done))
		return err;
	/* Another root or N is refused by the sink, in its own words. */
	if (vault->want.parts == 0)
		vault->want.parts = vault->had.parts;
	/* It holds the empty state: refused once N is known, as with 0 the sink only reads. */
	if (vault->want.parts == 0)
		return 0;
	err = sink->ops->begin(sink, &vault->want, &vault->had, NULL, why);
	return err ? err : vault->had.done;
}

int vault_open(struct vault *vault, const struct vault_ask *ask, struct pen_why *why)
{
	*vault = (struct vault){.depot = {.ops = &vault_depot, .place = "the database"},
		.ask = *ask,
		.want = {.shard_version = ask->shard.version,
			.shard_id = ask->shard.id,
			.root = ask->root,
			.parts = ask->parts}};
	int err = pen_sink_open_rocks(ask->dir, true, &vault->sink, why);
	if (err)
		return err;
	vault->depot.memory_bytes = vault->sink->memory_bytes;
	vault->depot.batch_copies = vault->sink->batch_copies;
	return pen_hash_is_zero(&ask->root) ? 0 : look(vault, why);
}

/* Say once that what an earlier run began, and applied nothing of, is forgotten. */
static void replaced_say(const struct vault *vault)
{
	const struct pen_sink_state *had = &vault->had, *want = &vault->want;
	char root[PEN_HASH_TEXT_BYTES], shard[PEN_SHARD_TEXT_BYTES], now[PEN_HASH_TEXT_BYTES];
	if (had->parts == 0 || vault->ask.quiet ||
		(had->parts == want->parts && pen_hash_equal(&had->root, &want->root)))
		return;
	fprintf(stderr,
		"%s: shard %s was begun for %s in %u parts and has none of them: begun anew for %s "
		"in %u\n",
		vault->ask.dir, pen_shard_text(vault->ask.shard, shard),
		pen_base58(&had->root, root), had->parts, pen_base58(&want->root, now),
		want->parts);
}

int vault_begin(struct vault *vault, uint32_t n, struct pen_why *why)
{
	PEN_CHECK(n > 0);
	struct pen_sink_state have;
	size_t bytes = ((size_t)n + 7) / 8;
	vault->want.parts = n;
	if (pen_buf_reserve(&vault->applied, bytes))
		return pen_fail(why, -ENOMEM, "no memory for %u parts", n);
	memset(vault->applied.at, 0, bytes);
	int err = vault->sink->ops->begin(vault->sink, &vault->want, &have, vault->applied.at, why);
	if (err)
		return err;
	vault->applied.len = bytes;
	replaced_say(vault);
	return 0;
}

int vault_finish(struct vault *vault, struct pen_why *why)
{
	PEN_CHECK(vault->sink);
	return vault->sink->ops->finish(vault->sink, &vault->want, why);
}

void vault_close(struct vault *vault)
{
	if (vault->sink)
		vault->sink->ops->shut(vault->sink);
	pen_buf_fini(&vault->applied);
	*vault = (struct vault){0};
}
