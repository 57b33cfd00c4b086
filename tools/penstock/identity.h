/*
 * identity: who we are to others, the same from start to start: a private Ed25519 key, and the key
 * of the tokens by which a server that was restarted tells its clients so. Both lie in one file of
 * 64 bytes, `identity` among the store's side files, which only its owner may read (mode 0600). It
 * is made at the first start, whole or not at all; whoever loses it is a stranger to its peers.
 */
#ifndef PEN_TOOLS_IDENTITY_H
#define PEN_TOOLS_IDENTITY_H

#include "base/err.h"
#include "peer/agree.h"

#define IDENTITY_RESET_BYTES 32

struct identity {
	struct pen_identity peer;
	uint8_t reset_key[IDENTITY_RESET_BYTES];
};

/* Be somebody whom nobody has met. */
void identity_draw(struct identity *identity);

/*
 * Read the identity kept in the directory `index`, or if that is NULL, beside the store; make it
 * if there is none. 0; PEN_EINPUT for a file that is none; -EACCES for one that others may read;
 * -errno; with a sentence.
 */
int identity_load(
	const char *store, const char *index, struct identity *identity, struct pen_why *why);

#endif
