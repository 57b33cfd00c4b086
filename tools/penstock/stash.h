/*
 * stash: the store that a fetch puts parts into: what of a state is there already, under which
 * labels it lies, and where the rest goes.
 *
 * Labels are the user's; else those of the directory in which parts of this state lie already; else
 * those of the source whose part was proved first; else ones that vouch for nothing. They are fixed
 * once, by stash_labels, which workers may call at the same time; all else belongs to one thread.
 */
#ifndef PEN_TOOLS_STASH_H
#define PEN_TOOLS_STASH_H

#include <pthread.h>
#include <stdbool.h>

#include "depot.h"
#include "store/layout.h"
#include "store/store.h"

struct stash_ask {
	const char *dir; /* made if it is missing; borrowed until close */
	struct pen_hash root; /* of the state, or of the raw object */
	const struct pen_labels *labels; /* that the user gave; or NULL. For open only */
};

/* Zeroed is closed. */
struct stash {
	struct depot depot; /* first: what the workers of a fetch know it by */
	const char *dir;
	struct pen_hash root;
	struct pen_disk *disk;
	struct pen_store store; /* opened to write */
	pthread_mutex_t lock; /* of the two below */
	bool labelled;
	struct pen_labels labels;
};

/* Open the store and become its writer. 0, or as pen_store_open, with a sentence. */
int stash_open(struct stash *stash, const struct stash_ask *ask, struct pen_why *why);

/* Zeroed is fine. */
void stash_close(struct stash *stash);

/*
 * The parts of the state cut into n that lie here in this form: a bitmap of n bits, replaced. Where
 * the labels are open they are fixed now, if a directory holds parts that are proved to be of this
 * state. 0; PEN_EREFUSED naming a directory whose labels are ours and whose parts are of another
 * state; -errno; -ENOMEM.
 */
int stash_look(struct stash *stash, uint32_t n, enum pen_form form, struct pen_buf *here,
	struct pen_why *why);

/* The labels of parts of this state. If they are open, they are `from` from now on, or unknown if
 * that is NULL. Any thread. */
struct pen_labels stash_labels(struct stash *stash, const struct pen_labels *from);

/*
 * A raw object is here, whole, and these are the proved digests of its blocks (borrowed): what is
 * known of it stays for whoever serves the store (pen_object_keep). That can be made again at any
 * time: if it fails nothing is said.
 */
void stash_keep(struct stash *stash, uint64_t bytes, const struct pen_hash *leaves);

/* Of its depot (stash_bench.c). */
extern const struct depot_ops stash_depot;

#endif
