#include "mem/arena.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/check.h"

/* The huge page that both hugetlb and the joining of pages work with here. */
#define ARENA_PAGE_BYTES ((size_t)2 << 20)
/* Nodes that a mask of one word names. */
#define ARENA_NODES_MAX 64

/* A wish, no more: a machine without the node, or without NUMA, still gives memory. */
static void prefer(void *at, size_t bytes, int node)
{
	if (node < 0 || node >= ARENA_NODES_MAX)
		return;
	unsigned long mask = 1ul << node;
	(void)syscall(SYS_mbind, at, bytes, MPOL_PREFERRED, &mask, ARENA_NODES_MAX + 1, 0);
}

static void *map(size_t bytes, int flags)
{
	void *at = mmap(
		NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
	return at == MAP_FAILED ? NULL : at;
}

/* Touch every page now. An old kernel has no call for it, and touches later. */
static int populate(void *at, size_t bytes)
{
	if (!madvise(at, bytes, MADV_POPULATE_WRITE) || errno == EINVAL)
		return 0;
	return -errno;
}

/* Pages set aside are either all there or the map is given up: SIGBUS comes at a bad time. */
static bool take_hugetlb(struct pen_arena *arena)
{
	void *at = map(arena->mapped, MAP_HUGETLB);
	if (!at)
		return false;
	prefer(at, arena->mapped, arena->node);
	if (populate(at, arena->mapped)) {
		munmap(at, arena->mapped);
		return false;
	}
	arena->at = at;
	arena->kind = PEN_ARENA_HUGETLB;
	return true;
}

/* One page more than needed is mapped, and what stands out at both ends goes back. */
static int take_plain(struct pen_arena *arena)
{
	uint8_t *wide = map(arena->mapped + ARENA_PAGE_BYTES, 0);
	if (!wide)
		return -errno;
	size_t before = (ARENA_PAGE_BYTES - (uintptr_t)wide % ARENA_PAGE_BYTES) % ARENA_PAGE_BYTES;
	if (before)
		munmap(wide, before);
	munmap(wide + before + arena->mapped, ARENA_PAGE_BYTES - before);
	arena->at = wide + before;
	arena->kind = madvise(arena->at, arena->mapped, MADV_HUGEPAGE) ? PEN_ARENA_PLAIN
								       : PEN_ARENA_TRANSPARENT;
	prefer(arena->at, arena->mapped, arena->node);
	int err = populate(arena->at, arena->mapped);
	if (err)
		munmap(arena->at, arena->mapped);
	return err;
}

static int take_given(struct pen_arena *arena, struct pen_why *why)
{
	void *at = NULL;
	int err = arena->pages.take(arena->pages.context, arena->bytes, arena->node, &at, why);
	if (err)
		return err;
	PEN_CHECK((uintptr_t)at % PEN_BLOCK_BYTES == 0);
	arena->at = at;
	arena->kind = PEN_ARENA_GIVEN;
	return 0;
}

int pen_arena_open(struct pen_arena *arena, const struct pen_arena_ask *ask, struct pen_why *why)
{
	PEN_CHECK(ask->bytes > 0);
	PEN_CHECK(ask->bytes % PEN_BLOCK_BYTES == 0);
	PEN_CHECK(!ask->pages.take == !ask->pages.give);
	*arena = (struct pen_arena){.bytes = ask->bytes,
		.mapped = (ask->bytes + ARENA_PAGE_BYTES - 1) / ARENA_PAGE_BYTES * ARENA_PAGE_BYTES,
		.node = ask->node,
		.pages = ask->pages};
	int err = 0;
	if (ask->pages.take)
		err = take_given(arena, why);
	else if ((ask->small || !take_hugetlb(arena)) && (err = take_plain(arena)))
		pen_fail(why, err, "the machine has no %zu MiB of memory left",
			ask->bytes / PEN_BLOCK_BYTES);
	if (err)
		*arena = (struct pen_arena){0};
	return err;
}

void pen_arena_close(struct pen_arena *arena)
{
	if (!arena || !arena->at)
		return;
	if (arena->pages.give)
		arena->pages.give(arena->pages.context, arena->at, arena->bytes);
	else
		PEN_CHECK(!munmap(arena->at, arena->mapped));
	*arena = (struct pen_arena){0};
}

uint8_t *pen_arena_carve(struct pen_arena *arena, unsigned blocks)
{
	PEN_CHECK(blocks > 0);
	size_t bytes = blocks * PEN_BLOCK_BYTES;
	if (bytes > arena->bytes - arena->carved)
		return NULL;
	uint8_t *at = arena->at + arena->carved;
	arena->carved += bytes;
	return at;
}

bool pen_arena_holds(const struct pen_arena *arena, const void *at, size_t bytes)
{
	PEN_CHECK(bytes > 0);
	uintptr_t offset = (uintptr_t)at - (uintptr_t)arena->at;
	return offset < arena->bytes && bytes <= PEN_BLOCK_BYTES - offset % PEN_BLOCK_BYTES;
}

const char *pen_arena_text(const struct pen_arena *arena, char text[PEN_ARENA_TEXT_BYTES])
{
	static const char *const kinds[] = {
		[PEN_ARENA_GIVEN] = "memory of the network device",
		[PEN_ARENA_HUGETLB] = "huge pages",
		[PEN_ARENA_TRANSPARENT] =
			"pages that the kernel may join; for huge ones: sysctl vm.nr_hugepages",
		[PEN_ARENA_PLAIN] = "small pages; for huge ones: sysctl vm.nr_hugepages",
	};
	PEN_CHECK((size_t)arena->kind < PEN_COUNT(kinds));
	int len = snprintf(text, PEN_ARENA_TEXT_BYTES, "%zu MiB in %s",
		arena->bytes / PEN_BLOCK_BYTES, kinds[arena->kind]);
	if (arena->kind > PEN_ARENA_GIVEN && arena->kind != PEN_ARENA_HUGETLB)
		snprintf(text + len, PEN_ARENA_TEXT_BYTES - (size_t)len, "=%zu",
			arena->mapped / ARENA_PAGE_BYTES);
	return text;
}
