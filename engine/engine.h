/*
 * engine: Penstock as a library, on one page. It moves the parts of a NEAR state from where they
 * are to where they are needed, and proves each against the state root before it is used. The root
 * is all that a caller has to trust.
 *
 *     cc main.c $(pkg-config --cflags --libs penstock)
 *     #include <penstock/engine.h>           everything below
 *     #include <penstock/part/prove.h>       or one header alone
 *     #include <penstock/drivers/table.h>    directories, HTTP and RocksDB behind the ports
 *
 * What you want, where it stands, and the calls in their order:
 *
 *   Is this file part K of N of the state R?      part/envelope.h, part/prove.h
 *       pen_envelope_open -> pen_proof_check -> pen_proof_visit, pen_proof_counts ->
 *       pen_proof_fini, pen_zstd_fini
 *   What are root, size and N of a state?         make/pairs.h, make/state.h
 *       pen_disk_open_dir -> pen_pairs_open -> pen_state_sum -> pen_pairs_close
 *   Cut a state into parts, into a store.         make/make.h, store/store.h
 *       pen_store_open -> pen_make_survey -> pen_make_parts, which settles N ->
 *       pen_make_run -> pen_survey_fini, pen_store_close
 *   Which parts does a directory hold?            store/scan.h, store/catalog.h
 *       pen_store_open -> pen_scan_run -> pen_catalog_root, pen_catalog_part ->
 *       pen_catalog_fini, pen_scan_fini, pen_store_close
 *   Fetch, prove and apply the parts of a state.  core/sync.h, port/origin.h, port/sink.h
 *       pen_origin_open, pen_sink_open_rocks, the sink's begin -> pen_sync_open ->
 *       while pen_sync_turn: pen_sync_wait -> pen_sync_finish -> pen_sync_close
 *   Does a database hold exactly this state?      apply/audit.h
 *       pen_sink_open_rocks -> pen_audit_run -> the sink's shut
 *   Parts from or into something of your own.     port/disk.h, port/origin.h, port/sink.h
 *       fill in the table of functions; each header opens with what it must promise.
 *
 * Errors (base/err.h): 0 or a count is success, a negative code is not: -errno from the system,
 * PEN_E* from here. A struct pen_why, which may be NULL, takes the sentence for a person. What a
 * peer, a file or the machine does is never an abort; a broken promise of the caller may be one
 * (base/check.h).
 *
 * Memory: a zeroed struct is a valid empty one, and its fini or close accepts it. struct pen_bytes
 * is always borrowed; the header says until when. Buffers grow up to named limits, are kept from
 * part to part by whoever owns them, and go with its fini. Nothing is global.
 *
 * Threads: an object belongs to one thread at a time. pen_sync_open starts the workers of a sync
 * and pen_sync_close ends them; pen_make_survey and pen_make_run have theirs for the call; no other
 * function starts one. Functions without an object (hashes, text, names) may be called from any
 * thread.
 *
 * Until version 1.0 names and structs may change with the second number of the version.
 */
#ifndef PEN_ENGINE_H
#define PEN_ENGINE_H

#include "apply/audit.h"
#include "core/sync.h"
#include "make/make.h"
#include "make/state.h"
#include "part/envelope.h"
#include "part/header.h"
#include "part/prove.h"
#include "store/scan.h"

/* The version of the library that runs, "0.1.0"; the text is never freed. Any thread. */
const char *pen_version(void);

#endif
