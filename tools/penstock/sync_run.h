/*
 * sync_run: one run of penstock sync: what it was asked, its database, and what it came to; and the
 * two ways in which parts come. One thread.
 *
 * From directories and web servers alone they come by core/sync: a plan, gets, a pool. With a
 * server of our protocol among the sources, the loop of a fetch (fetch.h) brings them, from sources
 * of all sorts, and its workers put them into the database instead of a store. What a worker does
 * with a part is the same (apply/job.h).
 */
#ifndef PEN_TOOLS_SYNC_RUN_H
#define PEN_TOOLS_SYNC_RUN_H

#include "part/form.h"
#include "vault.h"

struct sync_ask {
	const char *const *words; /* sources */
	unsigned words_count; /* 1 to SUPPLY_WORDS_MAX */
	unsigned forms; /* bit i: parts in form i are taken */
	const char *cacert; /* NULL: the system's */
	uint64_t memory_bytes;
	uint64_t rate; /* bytes a second; 0: no cap */
	unsigned jobs, connections, tries;
	int64_t stall_ns;
	bool bare, quiet, debug;
};

/* What a run came to. Times are of all workers together; fetch_ns of all gets, and of
 * each client of our protocol as long as it had something to fetch. */
struct sync_sum {
	uint32_t kept, parts; /* applied before; applied now */
	uint32_t forms[PEN_FORMS]; /* of these */
	uint64_t keys; /* flat entries of these */
	uint64_t wire_bytes; /* that came, also of what was not applied */
	uint64_t content_bytes; /* of parts applied, before storing */
	int64_t fetch_ns, prove_ns, commit_ns;
	double seconds;
};

struct sync_run {
	struct sync_ask ask;
	struct vault vault;
	struct sync_sum sum;
};

/*
 * Open the vault, bring what is missing into it, and finish it. 0; 1: it was all there; or a code
 * with a sentence. The vault is to be closed either way.
 */
int sync_origins(struct sync_run *run, const struct vault_ask *ask, struct pen_why *why);
int sync_peers(struct sync_run *run, const struct vault_ask *ask, struct pen_why *why);

/* Print what it came to on stdout: as JSON, also of a run that failed, or as text. */
void sync_sum_json(const struct sync_run *run, int err, const struct pen_why *why);
void sync_sum_text(const struct sync_run *run);

#endif
