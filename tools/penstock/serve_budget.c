#include "serve_budget.h"

#include "base/check.h"
#include "drivers/uring/receive.h"
#include "mem/arena.h"
#include "peer/session.h"
#include "store/cache.h"
#include "store/vet.h"

#define MIB ((uint64_t)1 << 20)
/* Code and data, libraries, stacks, and what malloc keeps; 12 MiB are in memory at the start. A
 * file of the store takes about 250 bytes of it in catalogue and listing, twice while both are made
 * anew. */
#define PROCESS_BYTES (40 * MIB)
/* 1,024 connections (front.c) of 16 KiB, and what the library and an answer take. */
#define HTTP_BYTES (24 * MIB)
/* Of a port that says no number of buffers. */
#define RECEIVE_BYTES (PEN_UDP_BUFFERS * (uint64_t)PEN_UDP_BUFFER_BYTES)
/* Beside the sessions themselves: handshakes, the outbox, handles, entries of the cache. */
#define TABLES_BYTES MIB
/* What the kernel lets one socket keep, both ways, in its own way of counting (uring/socket.c). */
#define SOCKET_BYTES (32 * MIB)
/* So much of the cap, as a fraction, goes to the proof of larger parts rather than to blocks. */
#define PROOF_SHARE 3u

static struct pen_budget_sum lines(
	const struct serve_budget_ask *ask, uint32_t blocks, size_t content_bytes)
{
	struct pen_budget_sum sum = {0};
	pen_budget_add(&sum, "process", 1, PROCESS_BYTES);
	pen_budget_add(&sum, "HTTP connections", 1, ask->http ? HTTP_BYTES : 0);
	pen_budget_add(&sum, "blocks", ask->halls * (uint64_t)(blocks + 1), PEN_BLOCK_BYTES);
	pen_budget_add(&sum, "receive buffers", 1, ask->halls * RECEIVE_BYTES);
	pen_budget_add(&sum, "guests", ask->halls * (uint64_t)ask->guests, PEN_SESSION_BYTES_MAX);
	pen_budget_add(&sum, "tables", 1, ask->halls * TABLES_BYTES);
	pen_budget_add(&sum, "socket buffers of the kernel", 1, ask->halls * SOCKET_BYTES);
	pen_budget_add(&sum, "proof of a part", 1, pen_vet_bytes(content_bytes));
	return sum;
}

static uint64_t total(const struct serve_budget_ask *ask, uint32_t blocks, size_t content_bytes)
{
	struct pen_budget_sum sum = lines(ask, blocks, content_bytes);
	return pen_budget_total(&sum);
}

/* Larger parts, up to their share of the cap, as long as the caches keep their least. */
static size_t content_fit(const struct serve_budget_ask *ask)
{
	size_t content = PEN_VET_CONTENT_MIN;
	uint32_t least = ask->halls ? SERVE_BLOCKS_MIN : 0;
	while (content + MIB <= PEN_PART_BYTES_MAX &&
		(!ask->halls || pen_vet_bytes(content + MIB) <= ask->memory_bytes / PROOF_SHARE) &&
		total(ask, least, content + MIB) <= ask->memory_bytes)
		content += MIB;
	return content;
}

int serve_budget_make(
	struct serve_budget *budget, const struct serve_budget_ask *ask, struct pen_why *why)
{
	PEN_CHECK(ask->halls || ask->http);
	uint32_t least = ask->halls ? SERVE_BLOCKS_MIN : 0;
	*budget = (struct serve_budget){.content_bytes = PEN_VET_CONTENT_MIN,
		.blocks = ask->halls ? SERVE_BLOCKS_DEFAULT : 0,
		.capped = ask->memory_bytes > 0};
	if (!budget->capped) {
		budget->lines = lines(ask, budget->blocks, budget->content_bytes);
		return 0;
	}
	budget->lines = lines(ask, least, PEN_VET_CONTENT_MIN);
	int err = pen_budget_fit(&budget->lines, ask->memory_bytes, "--memory", why);
	if (err)
		return err;
	budget->content_bytes = content_fit(ask);
	budget->blocks = least;
	uint64_t left = ask->memory_bytes - total(ask, least, budget->content_bytes);
	if (ask->halls) {
		uint64_t more = left / MIB / ask->halls;
		uint64_t most = PEN_CACHE_BLOCKS_MAX - least;
		budget->blocks += (uint32_t)(more < most ? more : most);
	}
	budget->lines = lines(ask, budget->blocks, budget->content_bytes);
	PEN_CHECK(pen_budget_total(&budget->lines) <= ask->memory_bytes);
	return 0;
}
