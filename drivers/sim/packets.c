#include "drivers/sim/packets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "mem/poison.h"

/* What stands where nobody should look, where ASan does not see it. */
#define SPOILT 0xdb

static uint32_t cell_bytes(const struct pen_sim_packets *packets, uint32_t index)
{
	return index < packets->small ? PEN_SIM_SMALL_BYTES : PEN_SIM_LARGE_BYTES;
}

static uint8_t *head_at(const struct pen_sim_packets *packets, uint32_t index)
{
	return packets->heads + (size_t)index * PEN_SLICE_HEAD_BYTES;
}

static size_t cells_bytes(const struct pen_sim_packets *packets)
{
	return (size_t)packets->small * PEN_SIM_SMALL_BYTES +
		(size_t)packets->large * PEN_SIM_LARGE_BYTES;
}

int pen_sim_packets_init(struct pen_sim_packets *packets, uint32_t small, uint32_t large)
{
	PEN_CHECK(small <= UINT32_MAX / 4);
	PEN_CHECK(large <= UINT32_MAX / 4);
	PEN_CHECK(small + large > 0);
	size_t count = (size_t)small + large;
	*packets = (struct pen_sim_packets){.small = small,
		.large = large,
		.free_small = PEN_SIM_NO_PACKET,
		.free_large = PEN_SIM_NO_PACKET};
	packets->packets = malloc(count * sizeof *packets->packets);
	packets->cells = malloc(cells_bytes(packets));
	packets->heads = malloc(count * PEN_SLICE_HEAD_BYTES);
	if (!packets->packets || !packets->cells || !packets->heads) {
		free(packets->packets), free(packets->cells), free(packets->heads);
		*packets = (struct pen_sim_packets){0};
		return -ENOMEM;
	}
	packets->bytes = count * (sizeof *packets->packets + PEN_SLICE_HEAD_BYTES) +
		cells_bytes(packets);
	pen_poison(packets->cells, cells_bytes(packets));
	pen_poison(packets->heads, count * PEN_SLICE_HEAD_BYTES);
	return 0;
}

void pen_sim_packets_fini(struct pen_sim_packets *packets)
{
	if (!packets || !packets->packets)
		return;
	free(packets->packets);
	free(packets->cells);
	free(packets->heads);
	*packets = (struct pen_sim_packets){0};
}

/* One that was never used. */
static uint32_t fresh(struct pen_sim_packets *packets, bool small)
{
	uint32_t index = small ? packets->fresh_small : packets->small + packets->fresh_large;
	if (index == (small ? packets->small : packets->small + packets->large))
		return PEN_SIM_NO_PACKET;
	if (small)
		packets->fresh_small++;
	else
		packets->fresh_large++;
	packets->packets[index] = (struct pen_sim_packet){.next = PEN_SIM_NO_PACKET};
	return index;
}

uint32_t pen_sim_packet_take(struct pen_sim_packets *packets, uint32_t bytes)
{
	PEN_CHECK(bytes <= PEN_SIM_LARGE_BYTES);
	bool small = bytes <= PEN_SIM_SMALL_BYTES;
	uint32_t *free_list = small ? &packets->free_small : &packets->free_large;
	uint32_t index = *free_list;
	if (index == PEN_SIM_NO_PACKET)
		index = fresh(packets, small);
	else
		*free_list = packets->packets[index].next;
	if (index == PEN_SIM_NO_PACKET)
		return index;
	struct pen_sim_packet *packet = &packets->packets[index];
	PEN_CHECK(packet->state == PEN_SIM_FREE);
	*packet = (struct pen_sim_packet){.next = PEN_SIM_NO_PACKET,
		.turn = packet->turn,
		.bytes = (uint16_t)bytes,
		.state = PEN_SIM_FLYING};
	/* Not the whole cell: a look behind the packet's end is a bug as well. */
	pen_unpoison(pen_sim_packet_at(packets, index), bytes);
	packets->used++;
	if (packets->used > packets->used_max)
		packets->used_max = packets->used;
	return index;
}

void pen_sim_packet_hide(struct pen_sim_packets *packets, uint32_t index)
{
	uint8_t *at = pen_sim_packet_at(packets, index);
	uint32_t bytes = packets->packets[index].bytes;
	pen_unpoison(at, bytes);
	memset(at, SPOILT, bytes < 64 ? bytes : 64);
	pen_poison(at, cell_bytes(packets, index));
	if (packets->packets[index].head_apart) {
		memset(head_at(packets, index), SPOILT, PEN_SLICE_HEAD_BYTES);
		pen_poison(head_at(packets, index), PEN_SLICE_HEAD_BYTES);
	}
}

void pen_sim_packet_free(struct pen_sim_packets *packets, uint32_t index)
{
	struct pen_sim_packet *packet = &packets->packets[index];
	PEN_CHECK(packet->state != PEN_SIM_FREE);
	PEN_CHECK(packets->used > 0);
	if (packet->state != PEN_SIM_PUT_BACK)
		pen_sim_packet_hide(packets, index);
	uint32_t *free_list = index < packets->small ? &packets->free_small : &packets->free_large;
	packet->state = PEN_SIM_FREE;
	packet->turn++;
	packet->next = *free_list;
	*free_list = index;
	packets->used--;
}

uint8_t *pen_sim_packet_split(struct pen_sim_packets *packets, uint32_t index)
{
	struct pen_sim_packet *packet = &packets->packets[index];
	uint8_t *at = pen_sim_packet_at(packets, index), *head = head_at(packets, index);
	uint32_t bytes = packet->bytes < PEN_SLICE_HEAD_BYTES ? packet->bytes
							      : PEN_SLICE_HEAD_BYTES;
	PEN_CHECK(!packet->head_apart);
	pen_unpoison(head, PEN_SLICE_HEAD_BYTES);
	/* A header, not payload: devices that split put it into a buffer of its own. */
	memcpy(head, at, bytes);
	memset(at, SPOILT, bytes);
	pen_poison(at, bytes & ~7u);
	packet->head_apart = true;
	return head;
}

uint32_t pen_sim_packet_of(const struct pen_sim_packets *packets, const uint8_t *head)
{
	size_t count = (size_t)packets->small + packets->large;
	size_t in_heads = (size_t)((uintptr_t)head - (uintptr_t)packets->heads);
	size_t in_cells = (size_t)((uintptr_t)head - (uintptr_t)packets->cells);
	size_t small_bytes = (size_t)packets->small * PEN_SIM_SMALL_BYTES;
	if (in_heads < count * PEN_SLICE_HEAD_BYTES)
		return (uint32_t)(in_heads / PEN_SLICE_HEAD_BYTES);
	if (in_cells >= cells_bytes(packets))
		return PEN_SIM_NO_PACKET;
	if (in_cells < small_bytes)
		return (uint32_t)(in_cells / PEN_SIM_SMALL_BYTES);
	return packets->small + (uint32_t)((in_cells - small_bytes) / PEN_SIM_LARGE_BYTES);
}
