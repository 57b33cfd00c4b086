#include "base/ring.h"

#include "base/check.h"

/*
 * ck_ring orders its accesses with assembly, which TSan cannot see: it would call every use of an
 * item a race, and the ring's own slots too. Under TSan the order that the ring gives is told to
 * it here; a race on an item outside of that order is still found.
 */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RING_TSAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__) || defined(RING_TSAN)
void __tsan_acquire(void *at);
void __tsan_release(void *at);
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);

static void slots_begin(void)
{
	AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
	AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
}

static void slots_end(void)
{
	AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
	AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
}

#define edge_release __tsan_release
#define edge_acquire __tsan_acquire
#else
static void slots_begin(void)
{
}

static void slots_end(void)
{
}

static void edge_release(void *at)
{
	(void)at;
}

static void edge_acquire(void *at)
{
	(void)at;
}
#endif

void pen_ring_init(struct pen_ring *ring)
{
	ck_ring_init(&ring->ring, PEN_RING_SLOTS);
}

bool pen_ring_push(struct pen_ring *ring, void *item)
{
	PEN_CHECK(item);
	edge_release(item);
	slots_begin();
	bool pushed = ck_ring_enqueue_spsc(&ring->ring, ring->slots, item);
	slots_end();
	return pushed;
}

void *pen_ring_pop(struct pen_ring *ring)
{
	void *item = NULL;
	slots_begin();
	bool popped = ck_ring_dequeue_spsc(&ring->ring, ring->slots, &item);
	slots_end();
	if (!popped)
		return NULL;
	edge_acquire(item);
	return item;
}
