#include "fakes/null.h"

static int null_open(struct pen_sink *sink, const struct pen_sink_state *shard, uint32_t k,
	struct pen_batch **batch, struct pen_why *why)
{
	(void)sink, (void)shard, (void)k, (void)batch, (void)why;
	return 0;
}

static int null_put(struct pen_sink *sink, struct pen_batch *batch, const struct pen_row *rows,
	unsigned count, struct pen_why *why)
{
	(void)sink, (void)batch, (void)rows, (void)count, (void)why;
	return 0;
}

static int null_close(
	struct pen_sink *sink, struct pen_batch *batch, bool commit, struct pen_why *why)
{
	struct null_sink *null = (struct null_sink *)sink;
	(void)batch, (void)why;
	null->commits += commit;
	return 0;
}

static const struct pen_sink_ops null_ops = {
	.open = null_open, .put = null_put, .close = null_close};

void null_sink_init(struct null_sink *null)
{
	*null = (struct null_sink){.sink.ops = &null_ops};
}
