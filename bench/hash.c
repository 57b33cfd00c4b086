/*
 * hash: many short messages at a time (base/sha.h) against the ways that others hash them, on the
 * nodes and values of a real state: OpenSSL's EVP with everything fetched beforehand, its low-level
 * calls, and libipsec-mb.
 */
/* The low-level calls are deprecated in OpenSSL 3, and a rival here. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>

#include "bench/messages.h"

#ifdef PEN_BENCH_IPSEC_MB
#include <intel-ipsec-mb.h>
#endif

/* Messages a call, as the builder has them together. */
#define WINDOW_MESSAGES 1024u

/* What one side made of all messages. */
struct digest_sum {
	uint64_t words[PEN_HASH_BYTES / 8];
};

struct race {
	struct bench_pairs pairs;
	struct bench_messages messages;
	size_t from; /* first message of this race */
	struct pen_hash digests[WINDOW_MESSAGES];
	struct digest_sum sums[2]; /* of the rival, of ours */
	EVP_MD *md;
	EVP_MD_CTX *evp;
#ifdef PEN_BENCH_IPSEC_MB
	IMB_MGR *manager;
#endif
};

/* Hashes a window of messages into race->digests. */
typedef int (*window_fn)(struct race *race, const struct pen_bytes *messages, size_t count);

static void add_up(struct digest_sum *sum, const struct pen_hash *digests, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t w = 0; w < PEN_HASH_BYTES / 8; w++)
			sum->words[w] += pen_le64(digests[i].bytes + 8 * w);
	}
}

static int run_windows(struct race *race, struct digest_sum *sum, window_fn fn)
{
	const struct bench_messages *messages = &race->messages;
	*sum = (struct digest_sum){0};
	for (size_t at = race->from, count; at < messages->count; at += count) {
		count = messages->count - at;
		count = count < WINDOW_MESSAGES ? count : WINDOW_MESSAGES;
		int err = fn(race, messages->list + at, count);
		if (err)
			return err;
		add_up(sum, race->digests, count);
	}
	return 0;
}

static int window_ours(struct race *race, const struct pen_bytes *messages, size_t count)
{
	pen_sha256_many(messages, count, race->digests);
	return 0;
}

static int window_evp(struct race *race, const struct pen_bytes *messages, size_t count)
{
	int fine = 1;
	for (size_t i = 0; i < count; i++) {
		fine &= EVP_DigestInit_ex2(race->evp, race->md, NULL);
		fine &= EVP_DigestUpdate(race->evp, messages[i].at, messages[i].len);
		fine &= EVP_DigestFinal_ex(race->evp, race->digests[i].bytes, NULL);
	}
	return fine ? 0 : -EIO;
}

static int window_low(struct race *race, const struct pen_bytes *messages, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		SHA256_CTX ctx;
		SHA256_Init(&ctx);
		SHA256_Update(&ctx, messages[i].at, messages[i].len);
		SHA256_Final(race->digests[i].bytes, &ctx);
	}
	return 0;
}

static int run_ours(void *context)
{
	struct race *race = context;
	return run_windows(race, &race->sums[1], window_ours);
}

static int run_evp(void *context)
{
	struct race *race = context;
	return run_windows(race, &race->sums[0], window_evp);
}

static int run_low(void *context)
{
	struct race *race = context;
	return run_windows(race, &race->sums[0], window_low);
}

static bool same(void *context)
{
	const struct race *race = context;
	return memcmp(&race->sums[0], &race->sums[1], sizeof race->sums[0]) == 0;
}

static void race_on(
	struct bench *bench, struct race *race, const char *name, const struct bench_side *rival)
{
	double bytes = 0;
	for (size_t i = race->from; i < race->messages.count; i++)
		bytes += (double)race->messages.list[i].len;
	const struct bench_race one = {
		.name = name,
		.rival = *rival,
		.ours = {"base/sha", run_ours},
		.context = race,
		.same = same,
		.amounts = {{"messages", (double)(race->messages.count - race->from)},
			{"MB", bytes / 1e6}},
	};
	bench_run(bench, &one);
}

/* On everything that a state is made of, and on its nodes alone, which are short. */
static void race_both(struct bench *bench, struct race *race, const char *const names[2],
	const struct bench_side *rival)
{
	race->from = 0;
	race_on(bench, race, names[0], rival);
	race->from = race->messages.values;
	race_on(bench, race, names[1], rival);
}

static void race_openssl(struct bench *bench, struct race *race)
{
	static const char *const evp[] = {"evp", "evp-nodes"}, *const low[] = {"low", "low-nodes"};
	race->md = EVP_MD_fetch(NULL, "SHA256", NULL);
	race->evp = EVP_MD_CTX_new();
	if (race->md && race->evp)
		race_both(bench, race, evp, &(struct bench_side){"OpenSSL EVP, fetched", run_evp});
	else
		bench_fail(bench, "OpenSSL has no SHA-256");
	EVP_MD_CTX_free(race->evp);
	EVP_MD_free(race->md);
	race_both(bench, race, low, &(struct bench_side){"OpenSSL SHA256_*", run_low});
}

#ifdef PEN_BENCH_IPSEC_MB
/* Jobs come back when the lanes are full; the digests then lie where they belong. */
static int window_ipsec(struct race *race, const struct pen_bytes *messages, size_t count)
{
	size_t done = 0;
	for (size_t i = 0; i < count; i++) {
		IMB_JOB *job = IMB_GET_NEXT_JOB(race->manager);
		*job = (IMB_JOB){
			.src = messages[i].at,
			.msg_len_to_hash_in_bytes = messages[i].len,
			.auth_tag_output = race->digests[i].bytes,
			.auth_tag_output_len_in_bytes = PEN_HASH_BYTES,
			.hash_alg = IMB_AUTH_SHA_256,
			.cipher_mode = IMB_CIPHER_NULL,
			.cipher_direction = IMB_DIR_ENCRYPT,
			.chain_order = IMB_ORDER_HASH_CIPHER,
		};
		for (job = IMB_SUBMIT_JOB_NOCHECK(race->manager); job;
			job = IMB_GET_COMPLETED_JOB(race->manager))
			done += job->status == IMB_STATUS_COMPLETED;
	}
	for (IMB_JOB *job; (job = IMB_FLUSH_JOB(race->manager));)
		done += job->status == IMB_STATUS_COMPLETED;
	return done == count ? 0 : -EIO;
}

static int run_ipsec(void *context)
{
	struct race *race = context;
	return run_windows(race, &race->sums[0], window_ipsec);
}

static void race_ipsec(struct bench *bench, struct race *race)
{
	static const char *const names[] = {"ipsec-mb", "ipsec-mb-nodes"};
	race->manager = alloc_mb_mgr(0);
	if (!race->manager) {
		bench_fail(bench, "libipsec-mb gives no manager");
		return;
	}
	init_mb_mgr_auto(race->manager, NULL);
	race_both(bench, race, names, &(struct bench_side){"libipsec-mb, jobs", run_ipsec});
	free_mb_mgr(race->manager);
}
#else
static void race_ipsec(struct bench *bench, struct race *race)
{
	(void)race;
	if (!bench->check)
		fprintf(stderr, "hash: built without libipsec-mb (bench/run installs it)\n");
}
#endif

int main(int argc, char **argv)
{
	static struct race race;
	struct bench bench;
	bench_open(&bench, "hash", argc, argv);
	if (!bench_pairs_open(&race.pairs, &bench) &&
		!bench_messages_open(&race.messages, &race.pairs, &bench)) {
		race_openssl(&bench, &race);
		race_ipsec(&bench, &race);
	}
	bench_messages_close(&race.messages);
	bench_pairs_close(&race.pairs);
	return bench_close(&bench);
}
