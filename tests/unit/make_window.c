#include <criterion/criterion.h>

#include <errno.h>

#include "base/check.h"
#include "make/window.h"

/* A disk of one file whose bytes are their offset: it takes one read at a time, gives results in
 * reverse order where it can, and fails at one offset. */
struct fake {
	struct pen_disk disk;
	uint64_t bytes;
	int64_t fail_at; /* offset whose read fails; -1: none */
	struct pen_disk_done done[4];
	unsigned count, closed;
};

static int fake_open(
	struct pen_disk *disk, const char *name, unsigned flags, struct pen_disk_stat *stat)
{
	(void)flags;
	stat->bytes = ((struct fake *)disk)->bytes;
	stat->directory = !strcmp(name, "dir");
	return strcmp(name, "none") ? 7 : -ENOENT;
}

static void fake_close(struct pen_disk *disk, int file)
{
	((struct fake *)disk)->closed += file == 7;
}

static int64_t fake_read(const struct fake *fake, const struct pen_disk_op *op)
{
	uint64_t end = op->offset + op->bytes;
	if (fake->fail_at >= (int64_t)op->offset && fake->fail_at < (int64_t)end)
		return -EIO;
	end = end < fake->bytes ? end : fake->bytes;
	if (end < op->offset)
		return 0;
	for (uint64_t at = op->offset; at < end; at++)
		((uint8_t *)op->at)[at - op->offset] = (uint8_t)(at * 7 >> 3);
	return (int64_t)(end - op->offset);
}

static unsigned fake_submit(struct pen_disk *disk, const struct pen_disk_op *ops, unsigned count)
{
	struct fake *fake = (struct fake *)disk;
	if (fake->count == PEN_COUNT(fake->done) || !count)
		return 0;
	fake->done[fake->count++] = (struct pen_disk_done){ops->tag, fake_read(fake, ops)};
	return 1;
}

static unsigned fake_reap(
	struct pen_disk *disk, struct pen_disk_done *done, unsigned max, int64_t wait_ns)
{
	struct fake *fake = (struct fake *)disk;
	(void)wait_ns;
	if (!fake->count || !max)
		return 0;
	*done = fake->done[--fake->count];
	return 1;
}

static const struct pen_disk_ops fake_ops = {
	.open = fake_open, .close = fake_close, .submit = fake_submit, .reap = fake_reap};

static struct fake fake_disk(uint64_t bytes)
{
	return (struct fake){
		.disk = {.ops = &fake_ops, .root = "fake"}, .bytes = bytes, .fail_at = -1};
}

Test(make_window, reads_a_file_in_steps_of_any_size)
{
	static const size_t steps[] = {1 << 19, 5000001, 4096, 6 << 20};
	struct fake fake = fake_disk(13 * UINT64_C(1000000) + 5);
	struct pen_window window;
	cr_assert_eq(pen_window_open(&window, &fake.disk, "file", NULL), 0);
	cr_assert_eq(window.file_bytes, fake.bytes);
	size_t i = 0;
	for (; window.offset < fake.bytes; i++) {
		size_t step = steps[i % PEN_COUNT(steps)];
		struct pen_bytes bytes = pen_window_bytes(&window);
		if (bytes.len < step) {
			cr_assert_geq(pen_window_fill(&window, step, NULL), 0);
			bytes = pen_window_bytes(&window);
		}
		size_t use = bytes.len < step ? bytes.len : step;
		for (size_t at = 0; at < use; at += 997)
			cr_assert_eq(bytes.at[at], (uint8_t)((window.offset + at) * 7 >> 3));
		pen_window_skip(&window, use);
	}
	cr_assert_eq(pen_window_fill(&window, 1, NULL), 0);
	cr_assert_leq(window.buf.cap, (size_t)8 << 20);
	pen_window_close(&window);
	pen_window_close(&window);
	cr_assert_eq(fake.closed, 1);
}

Test(make_window, errors_have_a_place)
{
	struct fake fake = fake_disk(20 << 20);
	struct pen_window window;
	struct pen_why why = {0};
	cr_assert_eq(pen_window_open(&window, &fake.disk, "none", &why), -ENOENT);
	cr_assert_eq(pen_window_open(&window, &fake.disk, "dir", &why), -EISDIR);
	fake.fail_at = 3 << 20;
	cr_assert_eq(pen_window_open(&window, &fake.disk, "file", &why), 0);
	cr_assert_eq(pen_window_fill(&window, 1, &why), -EIO);
	cr_assert(strstr(why.text, "byte offset 3145728"), "%s", why.text);
	cr_assert_eq(fake.count, 0);
	pen_window_close(&window);
}
