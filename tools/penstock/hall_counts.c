#include "hall_counts.h"

#include <stdio.h>

#include "base/check.h"
#include "metric.h"

static void disk_add(struct pen_disk_state *sum, const struct pen_disk *disk)
{
	struct pen_disk_state state = pen_disk_state_of(disk);
	sum->queued |= state.queued;
	sum->registered_bytes += state.registered_bytes;
	sum->reads += state.reads;
	sum->read_bytes += state.read_bytes;
	sum->fixed_reads += state.fixed_reads;
	sum->direct_reads += state.direct_reads;
	sum->buffered_files += state.buffered_files;
}

void hall_counts_take(struct hall_counts *counts, const struct pen_serve *serve)
{
	const struct pen_serve_config *config = &serve->config;
	const struct pen_greeter *greeter = &serve->greeter;
	const struct pen_cache *cache = &serve->cache;
	*counts = (struct hall_counts){.serve = serve->counters,
		.net = config->net->counters[config->queue],
		.sessions = serve->guests.open,
		.hellos = greeter->hellos,
		.cookies = greeter->cookies_sent,
		.busies = greeter->busies_sent,
		.unsigned_hellos = greeter->unsigned_dropped,
		.hellos_over_all = greeter->limit.refused_all,
		.hellos_over_prefix = greeter->limit.refused_prefix,
		.resets_withheld = greeter->resets.refused,
		.no_cell = serve->outbox.no_cell,
		.cache_hits = cache->hits,
		.cache_joins = cache->joins,
		.cache_misses = cache->misses,
		.cache_full = cache->full,
		.cache_evicted = cache->evicted,
		.cache_failed = cache->failed,
		.cache_read_bytes = cache->read_bytes,
		.files_opened = serve->handles.opened,
		.files_stale = serve->handles.stale,
		.blocks = config->pool->count,
		.blocks_free = config->pool->free,
		.blocks_free_min = config->pool->free_min};
	disk_add(&counts->disk, config->disk);
	if (config->side != config->disk)
		disk_add(&counts->disk, config->side);
}

/* A metric, or one more of its values when its name is that of the row before. */
struct row {
	struct metric metric;
	const char *label; /* beside the address, or "" */
	size_t at; /* of the value in struct hall_counts */
};

#define AT(field) offsetof(struct hall_counts, field)
#define COUNTER(name, label, field, help) \
	{ \
		{name, "counter", help}, label, AT(field) \
	}
#define GAUGE(name, label, field, help) \
	{ \
		{name, "gauge", help}, label, AT(field) \
	}
/* One more value of the metric above. */
#define MORE(label, field) \
	{ \
		{NULL, NULL, NULL}, label, AT(field) \
	}

static const struct row rows[] = {
	GAUGE("udp_sessions", "", sessions, "Sessions open now."),
	COUNTER("udp_sessions_total", "", serve.sessions, "Sessions opened."),
	COUNTER("udp_sessions_refused_total", "reason=\"no_place\"", serve.sessions_refused,
		"Handshakes that opened no session, by reason."),
	MORE("reason=\"rate\"", hellos_over_all),
	MORE("reason=\"rate_of_prefix\"", hellos_over_prefix),
	MORE("reason=\"signature\"", unsigned_hellos),
	COUNTER("udp_sessions_ended_total", "reason=\"by_client\"", serve.closed,
		"Sessions that ended, by reason."),
	MORE("reason=\"silent\"", serve.idle),
	MORE("reason=\"nonsense\"", serve.broken),
	MORE("reason=\"wrong_proof\"", serve.unproved),
	COUNTER("udp_handshakes_total", "packet=\"hello\"", hellos,
		"Packets of handshakes: HELLO that came, COOKIE and BUSY that left."),
	MORE("packet=\"cookie\"", cookies),
	MORE("packet=\"busy\"", busies),
	COUNTER("udp_packets_total", "direction=\"in\"", net.rx_packets,
		"Packets that came and that left."),
	MORE("direction=\"out\"", net.tx_packets),
	COUNTER("udp_bytes_total", "direction=\"in\"", net.rx_bytes,
		"Bytes of UDP payload that came and that left."),
	MORE("direction=\"out\"", net.tx_bytes),
	COUNTER("udp_data_packets_total", "", serve.data_packets, "DATA packets sent."),
	COUNTER("udp_data_bytes_total", "", serve.data_bytes,
		"Bytes of DATA packets sent, with their headers."),
	COUNTER("udp_pulls_total", "", serve.pulls, "PULLs obeyed."),
	COUNTER("udp_opens_total", "", serve.opens, "OPENs answered."),
	COUNTER("udp_questions_total", "", serve.questions, "LIST, WANT and CATALOG answered."),
	COUNTER("udp_attests_total", "", serve.attests, "ATTESTs answered."),
	COUNTER("udp_slots_total", "answer=\"opened\"", serve.slots[PEN_WIRE_SLOT_OPENED],
		"Answers about pieces that were asked for."),
	MORE("answer=\"closed\"", serve.slots[PEN_WIRE_SLOT_CLOSED]),
	MORE("answer=\"not_held\"", serve.slots[PEN_WIRE_SLOT_NOT_HELD]),
	MORE("answer=\"not_cached\"", serve.slots[PEN_WIRE_SLOT_NOT_CACHED]),
	MORE("answer=\"busy\"", serve.slots[PEN_WIRE_SLOT_BUSY]),
	MORE("answer=\"full\"", serve.slots[PEN_WIRE_SLOT_FULL]),
	MORE("answer=\"failed\"", serve.slots[PEN_WIRE_SLOT_FAILED]),
	COUNTER("udp_slots_reclaimed_total", "", serve.slots_reclaimed,
		"Slots closed because others needed files that silent clients held."),
	COUNTER("udp_dropped_total", "reason=\"malformed\"", serve.malformed,
		"Packets that came and were not obeyed, by reason."),
	MORE("reason=\"no_session\"", serve.strangers),
	MORE("reason=\"forged_or_old\"", serve.dropped),
	MORE("reason=\"checksum\"", net.rx_bad),
	MORE("reason=\"no_buffer\"", net.rx_lost),
	COUNTER("udp_unsent_total", "reason=\"too_large\"", net.tx_large,
		"Packets that did not leave, by reason."),
	MORE("reason=\"no_route\"", net.tx_lost),
	MORE("reason=\"no_memory\"", no_cell),
	COUNTER("udp_amplification_dropped_total", "answer=\"reset\"", resets_withheld,
		"Answers withheld because they might go to somebody who did not ask."),
	MORE("answer=\"path_challenge\"", serve.moves_unanswered),
	COUNTER("cache_gets_total", "outcome=\"hit\"", cache_hits,
		"Stretches of files asked of the cache: there, being read, read, no block free."),
	MORE("outcome=\"join\"", cache_joins),
	MORE("outcome=\"miss\"", cache_misses),
	MORE("outcome=\"full\"", cache_full),
	COUNTER("cache_evicted_total", "", cache_evicted, "Stretches that made room for others."),
	COUNTER("cache_failed_total", "", cache_failed, "Stretches that could not be read."),
	COUNTER("cache_read_bytes_total", "", cache_read_bytes, "Bytes read into the cache."),
	GAUGE("cache_blocks", "state=\"all\"", blocks, "Blocks of 1 MiB: all, and not held now."),
	MORE("state=\"free\"", blocks_free),
	COUNTER("files_opened_total", "", files_opened, "Files opened to be sent."),
	COUNTER("files_stale_total", "", files_stale,
		"Files that were no longer as they were when they were proved."),
	GAUGE("disk_registered_bytes", "", disk.registered_bytes,
		"Memory registered with the kernel for reading."),
	COUNTER("disk_reads_total", "", disk.reads, "Reads of the store by io_uring."),
	COUNTER("disk_read_bytes_total", "", disk.read_bytes, "Bytes of them."),
	COUNTER("disk_registered_reads_total", "", disk.fixed_reads,
		"Reads into registered memory."),
	COUNTER("disk_direct_reads_total", "", disk.direct_reads, "Reads beside the page cache."),
	COUNTER("disk_buffered_files_total", "", disk.buffered_files,
		"Files that are read through the page cache, as their file system wants."),
};

static int value_print(const struct hall_counts_of *hall, const struct row *row, const char *name,
	struct pen_buf *out)
{
	char labels[METRIC_LINE_BYTES];
	uint64_t value;
	memcpy(&value, (const uint8_t *)hall->counts + row->at, sizeof value);
	snprintf(labels, sizeof labels, "listen=\"%s\"%s%s", hall->listen, row->label[0] ? "," : "",
		row->label);
	return metric_value(out, name, labels, value);
}

int hall_counts_print(const struct hall_counts_of *halls, unsigned count, struct pen_buf *out)
{
	const char *name = NULL;
	int err = 0;
	for (size_t i = 0; !err && i < PEN_COUNT(rows); i++) {
		if (rows[i].metric.name) {
			name = rows[i].metric.name;
			err = metric_begin(out, &rows[i].metric);
		}
		for (unsigned j = 0; !err && j < count; j++)
			err = value_print(&halls[j], &rows[i], name, out);
	}
	return err;
}
