/*
 * audit: does a database hold exactly the state with this root, every count right and nothing
 * extra? It is asked of the bytes alone, whoever wrote them.
 *
 * One sequential pass over each column, memory bounded by the depth of the trie: FlatState's pairs
 * go through the stack builder, which gives the root, and every node and value it visits is added
 * to a sum under a secret of this run (apply/tally.h); State's payloads must hash to their keys,
 * and each is taken away as often as its count says. The right root and sums of 0: the database
 * is right. Else the entries of the ranges whose sum is not 0 are looked at once more, to name
 * them.
 *
 * Reads through port/sink alone. One thread; the sink is not used by others meanwhile.
 */
#ifndef PEN_APPLY_AUDIT_H
#define PEN_APPLY_AUDIT_H

#include "apply/finding.h"
#include "part/build.h"
#include "port/sink.h"

/* Passes that name what is wrong. Each reads both columns once more; a few wrong entries need one,
 * and after eight the database is past naming. */
#define PEN_AUDIT_PASSES_MAX 8

/* What the audit found. */
struct pen_audit {
	struct pen_sink_state state; /* what the sink's own record says; parts 0: there is none */
	struct pen_trie_sum sum; /* of FlatState's pairs: root, keys, nodes */
	uint64_t entries; /* rows of State: distinct nodes and values */
	uint64_t references; /* sum of their counts */
	uint64_t payload_bytes; /* of State, counts left out */
	unsigned passes; /* that were needed to name what is wrong */
	struct pen_findings findings;
};

/*
 * Audit the shard against `root` (zero: the empty state). 0: all of it is right. PEN_EVERIFY with
 * a sentence: the shard is unfinished, holds another state, or is wrong; `out` says what was
 * found. Else the sink's error, or -ENOMEM. `out` is filled as far as it came.
 */
int pen_audit_run(struct pen_sink *sink, struct pen_shard shard, const struct pen_hash *root,
	struct pen_audit *out, struct pen_why *why);

#endif
