/*
 * build: the streaming builder (part/build.h) on sorted pairs in memory, values' hashes included,
 * against the bare hash kernel on exactly the messages that the builder hashes. The ratio is how
 * much of the kernel's own rate the builder keeps.
 */
#include "bench/messages.h"

/* Messages a call of the kernel alone: long enough that the lanes never wait for its end. */
#define WINDOW_MESSAGES 4096u

struct race {
	struct bench_pairs pairs;
	struct bench_messages messages;
	struct pen_hash digests[WINDOW_MESSAGES];
	struct pen_hash roots[2]; /* by the last run of the kernel, of the builder */
	uint64_t blocks[2]; /* hashed by them */
	uint64_t bytes; /* of nodes handed out */
};

/* What a caller must do at least. */
static int count_bytes(void *context, const struct pen_hash *hash, struct pen_bytes bytes)
{
	struct race *race = context;
	(void)hash;
	race->bytes += bytes.len;
	return 0;
}

static int run_builder(void *context)
{
	struct race *race = context;
	struct pen_trie_sum sum;
	uint64_t before = pen_sha256_blocks();
	struct pen_build build;
	pen_build_init(&build, count_bytes, race);
	int err = bench_trie_build(&build, race->pairs.list, race->pairs.count, &sum);
	pen_build_fini(&build);
	race->blocks[1] = pen_sha256_blocks() - before;
	race->roots[1] = sum.root;
	return err;
}

/* The root is hashed last. */
static int run_kernel(void *context)
{
	struct race *race = context;
	uint64_t before = pen_sha256_blocks();
	size_t total = race->messages.count;
	for (size_t at = 0, count; at < total; at += count) {
		count = total - at < WINDOW_MESSAGES ? total - at : WINDOW_MESSAGES;
		pen_sha256_many(race->messages.list + at, count, race->digests);
		race->roots[0] = race->digests[count - 1];
	}
	race->blocks[0] = pen_sha256_blocks() - before;
	return 0;
}

static bool same(void *context)
{
	const struct race *race = context;
	return pen_hash_equal(&race->roots[0], &race->roots[1]) &&
		race->blocks[0] == race->blocks[1];
}

int main(int argc, char **argv)
{
	static struct race race;
	struct bench bench;
	bench_open(&bench, "build", argc, argv);
	if (!bench_pairs_open(&race.pairs, &bench) &&
		!bench_messages_open(&race.messages, &race.pairs, &bench)) {
		const struct bench_race kernel = {
			.name = "kernel",
			.rival = {"base/sha on the same messages", run_kernel},
			.ours = {"part/build", run_builder},
			.context = &race,
			.same = same,
			.amounts = {{"keys", (double)race.pairs.count},
				{"PartialState_MB",
					bench_messages_partial_bytes(&race.messages) / 1e6},
				{"messages", (double)race.messages.count}},
			.floor = 0.75,
		};
		bench_run(&bench, &kernel);
	}
	bench_messages_close(&race.messages);
	bench_pairs_close(&race.pairs);
	return bench_close(&bench);
}
