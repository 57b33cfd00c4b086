#include "make/window.h"

#include <errno.h>

#include "base/check.h"
#include "base/clock.h"

/* One read: large enough for any disk, small enough that several are in flight. */
#define READ_BYTES ((size_t)1 << 20)
#define READS_MAX 8
/* A disk that says nothing for so long is asked again; how long it may take is its own affair. */
#define REAP_WAIT_NS PEN_NS_PER_S

int pen_window_open(
	struct pen_window *window, struct pen_disk *disk, const char *name, struct pen_why *why)
{
	*window = (struct pen_window){.disk = disk, .file = -1};
	int err = pen_buf_reserve(&window->buf, PEN_WINDOW_BYTES);
	if (err)
		return pen_fail(why, err, "no memory for a window of %zu bytes", PEN_WINDOW_BYTES);
	struct pen_disk_stat stat = {0};
	int file = disk->ops->open(disk, name, PEN_DISK_RDONLY, &stat);
	if (file >= 0 && stat.directory) {
		disk->ops->close(disk, file);
		file = -EISDIR;
	}
	if (file < 0) {
		pen_buf_fini(&window->buf);
		return pen_fail(why, file, "cannot open it: %s", pen_err_text(file));
	}
	window->file = file;
	window->file_bytes = stat.bytes;
	return 0;
}

void pen_window_close(struct pen_window *window)
{
	if (!window || !window->disk)
		return;
	window->disk->ops->close(window->disk, window->file);
	pen_buf_fini(&window->buf);
	*window = (struct pen_window){0};
}

/* Reads of one round: they are contiguous, so the first short one is the end of the file. */
struct round {
	struct pen_disk_op ops[READS_MAX];
	int64_t results[READS_MAX];
	unsigned count;
};

static void plan_round(struct pen_window *window, struct round *round)
{
	size_t at = window->buf.len;
	uint64_t offset = window->offset + (window->buf.len - window->used);
	for (round->count = 0; round->count < READS_MAX && at < window->buf.cap; round->count++) {
		size_t room = window->buf.cap - at;
		uint32_t bytes = (uint32_t)(room < READ_BYTES ? room : READ_BYTES);
		round->ops[round->count] = (struct pen_disk_op){.kind = PEN_DISK_READ,
			.file = window->file,
			.offset = offset,
			.at = window->buf.at + at,
			.bytes = bytes,
			.tag = round->count};
		at += bytes;
		offset += bytes;
	}
}

/* Everything that was submitted is waited for, also after an error: the memory is the disk's. */
static void run_round(struct pen_disk *disk, struct round *round)
{
	unsigned sent = 0, back = 0;
	while (back < round->count) {
		sent += disk->ops->submit(disk, round->ops + sent, round->count - sent);
		struct pen_disk_done done[READS_MAX];
		unsigned got = disk->ops->reap(disk, done, READS_MAX, REAP_WAIT_NS);
		for (unsigned i = 0; i < got; i++) {
			PEN_CHECK(done[i].tag < round->count);
			round->results[done[i].tag] = done[i].result;
		}
		back += got;
	}
}

static int take_round(struct pen_window *window, const struct round *round, struct pen_why *why)
{
	for (unsigned i = 0; i < round->count && !window->ended; i++) {
		int64_t result = round->results[i];
		if (result < 0)
			return pen_fail(why, (int)result, "cannot read it at byte offset %llu: %s",
				(unsigned long long)round->ops[i].offset,
				pen_err_text((int)result));
		PEN_CHECK((uint64_t)result <= round->ops[i].bytes);
		window->buf.len += (size_t)result;
		window->ended = (uint64_t)result < round->ops[i].bytes;
	}
	return 0;
}

static int make_room(struct pen_window *window, size_t need, struct pen_why *why)
{
	struct pen_bytes rest = pen_window_bytes(window);
	/* Moves what is left of one record, at most once a window. */
	memmove(window->buf.at, rest.at, rest.len);
	window->buf.len = rest.len;
	window->used = 0;
	int err = pen_buf_reserve(&window->buf, need);
	return err ? pen_fail(why, err, "no memory for a record of %zu bytes", need) : 0;
}

int pen_window_fill(struct pen_window *window, size_t need, struct pen_why *why)
{
	size_t before = window->buf.len - window->used;
	PEN_CHECK(need > before);
	if (window->ended)
		return 0;
	int err = make_room(window, need, why);
	while (!err && window->buf.len < need && !window->ended) {
		struct round round = {.count = 0};
		plan_round(window, &round);
		run_round(window->disk, &round);
		err = take_round(window, &round, why);
	}
	return err ? err : window->buf.len > before;
}
