/* What a sync came to, as a user reads it. */
#include <stdio.h>

#include "cli.h"
#include "sync_run.h"

static double seconds(int64_t ns)
{
	return (double)ns / 1e9;
}

void sync_sum_json(const struct sync_run *run, int err, const struct pen_why *why)
{
	char root[PEN_HASH_TEXT_BYTES], shard[PEN_SHARD_TEXT_BYTES];
	const struct sync_sum *sum = &run->sum;
	printf("{\"root\": \"%s\", \"shard\": \"%s\", \"of\": %u, \"parts\": %u, \"kept\": %u, ",
		pen_base58(&run->vault.want.root, root),
		pen_shard_text(run->vault.ask.shard, shard), run->vault.want.parts, sum->parts,
		sum->kept);
	printf("\"forms\": {\"nearcore\": %u, \"lean\": %u}, ", sum->forms[PEN_FORM_NEARCORE],
		sum->forms[PEN_FORM_LEAN]);
	printf("\"keys\": %llu, \"wire_bytes\": %llu, \"content_bytes\": %llu, ",
		(unsigned long long)sum->keys, (unsigned long long)sum->wire_bytes,
		(unsigned long long)sum->content_bytes);
	printf("\"seconds\": %.3f, \"fetch_seconds\": %.3f, \"prove_seconds\": %.3f, "
	       "\"commit_seconds\": %.3f, \"done\": %s",
		sum->seconds, seconds(sum->fetch_ns), seconds(sum->prove_ns),
		seconds(sum->commit_ns), err ? "false" : "true");
	if (err) {
		printf(", ");
		cli_json_why(err, why->text);
	}
	printf("}\n");
}

void sync_sum_text(const struct sync_run *run)
{
	char root[PEN_HASH_TEXT_BYTES], shard[PEN_SHARD_TEXT_BYTES];
	const struct sync_sum *sum = &run->sum;
	printf("%s of shard %s: all %u parts are applied (%u now, %u before)\n",
		pen_base58(&run->vault.want.root, root),
		pen_shard_text(run->vault.ask.shard, shard), run->vault.want.parts, sum->parts,
		sum->kept);
	if (sum->forms[PEN_FORM_LEAN])
		printf("%u of them came in lean form\n", sum->forms[PEN_FORM_LEAN]);
	printf("%llu keys and %.1f MB (%.1f MB on the wire) in %.1f s; all workers together: "
	       "fetched %.1f s, proved %.1f s, committed %.1f s\n",
		(unsigned long long)sum->keys, (double)sum->content_bytes / 1e6,
		(double)sum->wire_bytes / 1e6, sum->seconds, seconds(sum->fetch_ns),
		seconds(sum->prove_ns), seconds(sum->commit_ns));
}
