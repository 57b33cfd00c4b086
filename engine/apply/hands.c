#include "apply/hands.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/ring.h"
#include "base/thread.h"

_Static_assert(PEN_HANDS_DEPTH_MAX <= PEN_RING_DEPTH, "what a thread holds must fit its rings");

struct hand {
	struct pen_hands *hands;
	struct pen_thread thread;
	struct pen_wake wake; /* something came, or quit */
	struct pen_ring in, out;
	unsigned index;
	unsigned held; /* the owner's count of things not yet reaped */
};

struct pen_hands {
	struct pen_hands_config config;
	struct pen_wake wake; /* a thing ended */
	_Atomic bool quit;
	unsigned held;
	unsigned next; /* where reap looks first, so that nobody is forgotten */
	void *ended; /* without threads: done and not yet reaped */
	unsigned count; /* threads that run */
	struct hand *hand;
};

static bool must_quit(const struct pen_hands *hands)
{
	return atomic_load_explicit(&hands->quit, memory_order_acquire);
}

static void hand_main(void *at)
{
	struct hand *hand = at;
	struct pen_hands *hands = hand->hands;
	while (!must_quit(hands)) {
		void *thing = pen_ring_pop(&hand->in);
		if (!thing) {
			/* A push between the look and the sleep has signalled: not lost. */
			pen_wake_wait(&hand->wake, -1);
			continue;
		}
		hands->config.run(hands->config.context, hand->index, thing);
		PEN_CHECK(pen_ring_push(&hand->out, thing));
		pen_wake_signal(&hands->wake);
	}
}

static int hand_open(struct pen_hands *hands, unsigned i)
{
	struct hand *hand = &hands->hand[i];
	hand->hands = hands;
	hand->index = i;
	hand->wake = PEN_WAKE_NONE;
	pen_ring_init(&hand->in);
	pen_ring_init(&hand->out);
	int err = pen_wake_open(&hand->wake);
	if (!err)
		err = pen_thread_start(&hand->thread, hand_main, hand, i);
	if (err)
		pen_wake_close(&hand->wake);
	return err;
}

int pen_hands_open(
	const struct pen_hands_config *config, struct pen_hands **out, struct pen_why *why)
{
	PEN_CHECK(config->count <= PEN_HANDS_MAX);
	PEN_CHECK(config->depth >= 1);
	PEN_CHECK(config->depth <= PEN_HANDS_DEPTH_MAX);
	struct pen_hands *hands = calloc(1, sizeof *hands);
	struct hand *hand = calloc(config->count ? config->count : 1, sizeof *hand);
	if (!hands || !hand) {
		free(hands);
		free(hand);
		return pen_fail(why, -ENOMEM, "no memory for %u workers", config->count);
	}
	hands->config = *config;
	hands->hand = hand;
	hands->wake = PEN_WAKE_NONE;
	int err = pen_wake_open(&hands->wake);
	for (; !err && hands->count < config->count; hands->count += !err)
		err = hand_open(hands, hands->count);
	if (err) {
		pen_hands_close(hands);
		return pen_fail(
			why, err, "cannot start %u workers: %s", config->count, pen_err_text(err));
	}
	*out = hands;
	return 0;
}

static void hand_close(struct hand *hand)
{
	pen_wake_signal(&hand->wake);
	pen_thread_join(&hand->thread);
	pen_wake_close(&hand->wake);
}

void pen_hands_close(struct pen_hands *hands)
{
	if (!hands)
		return;
	atomic_store_explicit(&hands->quit, true, memory_order_release);
	for (unsigned i = 0; i < hands->count; i++)
		hand_close(&hands->hand[i]);
	pen_wake_close(&hands->wake);
	free(hands->hand);
	free(hands);
}

static struct hand *hand_least(struct pen_hands *hands)
{
	struct hand *least = &hands->hand[0];
	for (unsigned i = 1; i < hands->count; i++) {
		if (hands->hand[i].held < least->held)
			least = &hands->hand[i];
	}
	return least;
}

static bool submit_here(struct pen_hands *hands, void *thing)
{
	if (hands->ended)
		return false;
	hands->config.run(hands->config.context, 0, thing);
	hands->ended = thing;
	hands->held = 1;
	return true;
}

bool pen_hands_submit(struct pen_hands *hands, void *thing)
{
	PEN_CHECK(thing);
	if (hands->count == 0)
		return submit_here(hands, thing);
	struct hand *hand = hand_least(hands);
	if (hand->held == hands->config.depth)
		return false;
	PEN_CHECK(pen_ring_push(&hand->in, thing));
	hand->held++;
	hands->held++;
	pen_wake_signal(&hand->wake);
	return true;
}

static void *reap_here(struct pen_hands *hands)
{
	void *thing = hands->ended;
	hands->ended = NULL;
	hands->held = 0;
	return thing;
}

void *pen_hands_reap(struct pen_hands *hands)
{
	if (hands->count == 0)
		return reap_here(hands);
	for (unsigned i = 0; i < hands->count; i++) {
		struct hand *hand = &hands->hand[hands->next++ % hands->count];
		void *thing = hand->held ? pen_ring_pop(&hand->out) : NULL;
		if (!thing)
			continue;
		hand->held--;
		hands->held--;
		return thing;
	}
	return NULL;
}

unsigned pen_hands_held(const struct pen_hands *hands)
{
	return hands->held;
}

const struct pen_wake *pen_hands_wake(const struct pen_hands *hands)
{
	return &hands->wake;
}
