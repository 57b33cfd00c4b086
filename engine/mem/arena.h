/*
 * arena: memory that devices may reach, taken once at start and cut into blocks of 1 MiB.
 *
 * Whoever is strictest gives the pages: a port whose device needs its own sort of memory brings a
 * pair of functions (struct pen_pages, in port/net.h's struct pen_net), else the arena maps
 * hugetlb pages, and where there are none it asks the kernel for transparent ones. `kind` says
 * which it became; the caller says so once, with pen_arena_text.
 *
 * Order: a net port is opened, then arenas, then ports are started with them; nothing is taken
 * afterwards. Arenas are closed after the ports that were started with them. pen_arena_carve is
 * for the control thread at start; the rest may be called from any thread.
 * An arena is one run of addresses. Blocks are aligned to their size, so a piece of memory that is
 * registered with a device in chunks of whole blocks never has a block on two chunks.
 */
#ifndef PEN_MEM_ARENA_H
#define PEN_MEM_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* A block: the unit of disk reads and of what is proved on the wire. No slice crosses one. */
#define PEN_BLOCK_BYTES ((size_t)1 << 20)
/* Any node will do. */
#define PEN_NODE_ANY (-1)
/* Bytes of a sentence of pen_arena_text. */
#define PEN_ARENA_TEXT_BYTES 160

/* Where an arena's pages come from. Zeroed means: from the kernel. */
struct pen_pages {
	/*
	 * Take `bytes` (whole blocks) of memory near `node` (or PEN_NODE_ANY), aligned to a block,
	 * and write its address to *at. What is in it is of no matter. 0, or a negative code and a
	 * sentence.
	 */
	int (*take)(void *context, size_t bytes, int node, void **at, struct pen_why *why);
	/* Give back what take gave, whole. */
	void (*give)(void *context, void *at, size_t bytes);
	void *context; /* the giver's own */
};

enum pen_arena_kind {
	PEN_ARENA_GIVEN, /* by the pages function of a port */
	PEN_ARENA_HUGETLB, /* 2 MiB pages that the administrator set aside */
	PEN_ARENA_TRANSPARENT, /* the kernel joins pages where it can */
	PEN_ARENA_PLAIN, /* 4 KiB pages: neither of these is to be had */
};

struct pen_arena {
	uint8_t *at; /* aligned to PEN_BLOCK_BYTES */
	size_t bytes; /* whole blocks */
	size_t carved; /* bytes handed out so far, from the front */
	size_t mapped; /* bytes to give back: `bytes`, rounded up to whole pages */
	int node; /* as asked */
	enum pen_arena_kind kind;
	struct pen_pages pages; /* who gets it back; zeroed: the kernel */
};

/* What an arena is opened with. */
struct pen_arena_ask {
	size_t bytes; /* more than 0, whole blocks */
	int node; /* NUMA node to be near, or PEN_NODE_ANY */
	struct pen_pages pages; /* zeroed: from the kernel */
	bool small; /* as if nobody had set huge pages aside */
};

/*
 * Take the memory, all of it now, so that there is no surprise later. 0; or -ENOMEM, or what the
 * pages function said, with a sentence (*arena is then zeroed).
 */
int pen_arena_open(struct pen_arena *arena, const struct pen_arena_ask *ask, struct pen_why *why);

/* Give the memory back. Nobody may look at it any more. NULL and a zeroed arena are fine. */
void pen_arena_close(struct pen_arena *arena);

/* Hand out the next `blocks` blocks, side by side, for good. NULL if so many are not left. */
uint8_t *pen_arena_carve(struct pen_arena *arena, unsigned blocks);

/* Whether `bytes` (> 0) at `at` lie in the arena and within one of its blocks. */
bool pen_arena_holds(const struct pen_arena *arena, const void *at, size_t bytes);

/* How large the arena is and of which pages, and what would give better ones; in `text`. */
const char *pen_arena_text(const struct pen_arena *arena, char text[PEN_ARENA_TEXT_BYTES]);

#endif
