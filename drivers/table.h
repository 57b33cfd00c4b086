/*
 * table: every driver that this build holds, by the kind of port it is. The one place that knows
 * their names; a driver whose library was missing is not in it, and opening it says so.
 */
#ifndef PEN_DRIVERS_TABLE_H
#define PEN_DRIVERS_TABLE_H

#include "base/err.h"
#include "drivers/notes.h"
#include "drivers/without.h"
#include "port/disk.h"
#include "port/net.h"
#include "port/origin.h"
#include "port/sink.h"

/*
 * Open the directory `root` as a disk. `create` makes it if it is missing. 0 and *disk, to be
 * ended with pen_disk_shut; else -errno and a sentence.
 */
int pen_disk_open_dir(const char *root, bool create, struct pen_disk **disk, struct pen_why *why);

/* What a disk with queues is opened with. Zeroed is the usual. */
struct pen_disk_options {
	const struct pen_arena *const *arenas; /* that are read into; borrowed until it is shut */
	unsigned arena_count; /* 0: any memory will do */
	struct pen_notes *notes; /* what is missing here and what that costs is added; or NULL */
	unsigned without; /* enum pen_without */
};

/* What a disk with queues has, and what it did; counts only ever rise. */
struct pen_disk_state {
	bool queued; /* by io_uring; else one operation at a time, and nothing below is counted */
	uint64_t registered_bytes; /* of arenas, that the kernel reads into without pinning them */
	uint64_t reads, read_bytes; /* that ended well */
	uint64_t fixed_reads; /* of them, into registered memory */
	uint64_t direct_reads; /* of them, beside the page cache */
	uint64_t buffered_files; /* opened DIRECT, that the page cache does better */
};

/* Of any disk that was opened here, on its thread. */
struct pen_disk_state pen_disk_state_of(const struct pen_disk *disk);

/*
 * Open the directory `root` as a disk that has many operations in flight (uring/disk.h), or, where
 * there is no io_uring, as pen_disk_open_dir does, with a note. Arenas are registered as far as the
 * kernel allows it. 0 and *disk, to be ended with pen_disk_shut before the arenas; else -errno and
 * a sentence.
 */
int pen_disk_open_queued(const char *root, bool create, const struct pen_disk_options *options,
	struct pen_disk **disk, struct pen_why *why);

/* End a disk that has nothing in flight. NULL is fine. */
void pen_disk_shut(struct pen_disk *disk);

/* What an origin is opened with beside its word. Zeroed is the usual; borrowed for the call. */
struct pen_origin_options {
	const char *
		cacert; /* https: trust the certificates in this PEM file instead of the system's */
	uint64_t rate; /* http(s): bytes a second of all gets together; 0: no cap */
};

/*
 * Open an origin by its word: http://..., https://... or dir:PATH. `options` may be NULL. 0 and
 * *origin, to be ended with its own close; PEN_EUSAGE for a word that is none, as HOST:PORT is
 * (a server by UDP: fetch/client.h), or whose driver is not built, with a sentence that names
 * every way; -errno for a file of options that cannot be read.
 */
int pen_origin_open(const char *source, const struct pen_origin_options *options,
	struct pen_origin **origin, struct pen_why *why);

/*
 * Open the RocksDB at `path` as a sink. `create` makes it if it is missing; without it the
 * database must be there and is opened read-only. 0 and *sink, to be ended with its own shut;
 * PEN_ELOCKED if another process has it open, PEN_EUSAGE if the driver is not built, else as the
 * database says.
 */
int pen_sink_open_rocks(const char *path, bool create, struct pen_sink **sink, struct pen_why *why);

/* Where a port over the UDP of the kernel listens. Zeroed: at every address, at some port. */
struct pen_udp_options {
	uint8_t address[16]; /* as in struct pen_net_path; all zero: all of both families */
	uint32_t scope; /* interface of a link-local address, else 0 */
	uint16_t port; /* 0: one that is free */
	uint32_t rx_buffers; /* of 65 KiB, for a batch each: a power of two to 4,096; 0: 64 */
	uint32_t rx_buffer_bytes; /* instead of 65 KiB, multiple of 16; smaller ones lose; 0 */
	unsigned without; /* enum pen_without */
	struct pen_notes *notes; /* what is missing here and what that costs is added; or NULL */
};

/*
 * Open a net port over the UDP of the kernel (uring/udp.h), of one queue; everything is as in
 * port/net.h. 0 and *net; -EADDRINUSE after 2 seconds if the port is busy, or another -errno, with
 * a sentence.
 */
int pen_net_open_udp(
	const struct pen_udp_options *options, struct pen_net **net, struct pen_why *why);

/* Names of the drivers in this build, NULL at the end; for --version. */
const char *const *pen_driver_names(void);

#endif
