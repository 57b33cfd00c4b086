/* A client against toy servers over a link with delay, loss and reordering, in virtual time. */
#include "fetch/client.h"

#include <criterion/criterion.h>
#include <signal.h>

#include "base/check.h"
#include "fakes/lab.h"
#include "fakes/still.h"

/* No proof of receipt was wrong. */
static void check_proofs(const char *name)
{
	for (unsigned t = 0; t < lab->toys; t++) {
		for (unsigned g = 0; g < TOY_SESSIONS; g++)
			cr_expect_eq(lab->toy[t].guest[g].wrong, 0, "%s: a wrong proof", name);
	}
}

Test(fetch_client, fetches)
{
	static const struct {
		const char *name;
		uint64_t bytes;
		unsigned toys;
		unsigned lose, late, harm; /* per mille */
		enum pen_wire_size size;
		double slower; /* at most */
		double waste; /* packets in vain, a packet, at most */
	} rows[] = {
		{"one byte", 1, 1, 0, 0, 0, 0, 99, 0},
		{"a piece", 1 << 20, 1, 0, 0, 0, 0, 1.5, 0},
		{"pieces", (10 << 20) + 77, 1, 0, 0, 0, 0, 1.1, 0},
		{"1 % lost", 10 << 20, 1, 10, 0, 0, 0, 1.3, .01},
		{"5 % lost", 10 << 20, 1, 50, 0, 0, 0, 1.5, .05},
		{"reordered", 10 << 20, 1, 0, 50, 0, 0, 1.2, .01},
		{"1 % harmed", 10 << 20, 1, 0, 0, 10, 0, 1.5, .02},
		{"larger packets", 20 << 20, 1, 0, 0, 0, 2, 1.2, 0},
		{"the largest", 20 << 20, 1, 0, 0, 0, 4, 1.2, 0},
		{"two servers", 20 << 20, 2, 0, 0, 0, 0, 1.2, .05},
		{"five servers, 1 % lost", 40 << 20, 5, 10, 10, 0, 0, 1.6, .1},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		lab_open(rows[i].bytes, rows[i].toys);
		lab->lose_per_mille = rows[i].lose;
		lab->late_per_mille = rows[i].late;
		lab->harm_per_mille = rows[i].harm;
		lab->config.size_max = rows[i].size;
		lab_start();
		cr_expect(lab_run(60 * LAB_S), "%s: not done", rows[i].name);
		const struct pen_client_counters *c = &lab->client->counters;
		double waste = (double)(c->duplicates + c->strays) / (double)c->packets;
		cr_expect_leq(waste, rows[i].waste, "%s: %.3f in vain", rows[i].name, waste);
		double slower = lab_slower();
		cr_expect_leq(slower, rows[i].slower, "%s: %.2f of the ideal, %llu of %llu placed",
			rows[i].name, slower, (unsigned long long)c->placed,
			(unsigned long long)c->packets);
		cr_log_info("%s: %.3f, waste %.4f, one PULL in %.0f", rows[i].name, slower, waste,
			(double)c->packets / (double)c->pulls);
		cr_expect(c->pulls <= 8 * rows[i].toys + c->packets / 64, "%s: %llu PULLs",
			rows[i].name, (unsigned long long)c->pulls);
		check_proofs(rows[i].name);
		lab_close();
	}
}

static unsigned pulls_seen, pulls_lost;

static bool is_pull(const uint8_t *at, int to)
{
	return to >= 0 && at[0] == PEN_WIRE_PULL;
}

static unsigned lose_the_first(const uint8_t *at, size_t bytes, int to)
{
	(void)bytes;
	if (!is_pull(at, to) || pulls_seen++)
		return 1;
	pulls_lost++;
	return 0;
}

static uint64_t packets_then;
static bool nothing_came;

/* From the middle on each, until nothing comes any more: after the last of them nothing tells the
 * client to send another, but its timer. */
static unsigned lose_the_last(const uint8_t *at, size_t bytes, int to)
{
	(void)bytes;
	const struct pen_client_counters *c = &lab->client->counters;
	if (!is_pull(at, to) || c->placed_bytes * 2 < lab->bytes || nothing_came)
		return 1;
	nothing_came = c->packets == packets_then;
	packets_then = c->packets;
	pulls_lost += !nothing_came;
	return nothing_came;
}

static unsigned replay(const uint8_t *at, size_t bytes, int to)
{
	(void)bytes;
	return is_pull(at, to) ? 3 : 1;
}

/* Every third PULL comes 3 ms late. */
static int64_t overtaken(const uint8_t *at, size_t bytes, int to)
{
	(void)bytes;
	return is_pull(at, to) && ++pulls_seen % 3 == 0 ? 3 * LAB_MS : 0;
}

struct astray {
	uint64_t taken, old; /* PULLs that the server took, and that it dropped as old */
	unsigned lost;
};

/* PULLs say how things stand, so one that is lost, comes twice or is overtaken changes nothing: a
 * transfer of which some do. */
static struct astray go_astray(unsigned (*copies)(const uint8_t *at, size_t bytes, int to),
	int64_t (*later)(const uint8_t *at, size_t bytes, int to))
{
	pulls_seen = pulls_lost = 0;
	packets_then = 0;
	nothing_came = false;
	lab_open(4 << 20, 1);
	lab->copies = copies;
	lab->later = later;
	lab_start();
	cr_expect(lab_run(10 * LAB_S), "not done");
	cr_expect_leq(lab_slower(), 2.5, "%.2f", lab_slower());
	check_proofs("astray");
	const struct toy_guest *guest = &lab->toy[0].guest[0];
	struct astray astray = {guest->pulls, guest->session.channel.old, pulls_lost};
	cr_expect_gt(astray.taken, 10);
	lab_close();
	return astray;
}

Test(fetch_client, first_pull_lost)
{
	cr_expect_eq(go_astray(lose_the_first, NULL).lost, 1);
}

Test(fetch_client, last_pull_lost)
{
	cr_expect_geq(go_astray(lose_the_last, NULL).lost, 1);
	cr_expect(nothing_came);
}

Test(fetch_client, pull_replayed)
{
	struct astray astray = go_astray(replay, NULL);
	cr_expect_eq(astray.old, 2 * astray.taken, "of three one is taken");
}

Test(fetch_client, pulls_reordered)
{
	struct astray astray = go_astray(NULL, overtaken);
	cr_expect_geq(astray.old, 5, "%llu", (unsigned long long)astray.old);
	astray = go_astray(replay, overtaken);
	cr_expect_geq(astray.old, astray.taken, "replayed as well");
}

/* A part that is had in another way is given up, and may be wanted again. */
Test(fetch_client, chooses)
{
	lab_open(20 << 20, 2);
	lab_start();
	cr_assert(!lab_run(50 * LAB_MS));
	cr_assert_eq(lab->client->hauls.count, 1);
	pen_client_choose(lab->client, 0, true, lab->now);
	cr_expect_eq(lab->client->hauls.count, 1, "it is wanted as it is");
	pen_client_choose(lab->client, 0, false, lab->now);
	cr_expect_eq(lab->client->hauls.count, 0);
	cr_expect(pen_client_done(lab->client));
	for (unsigned s = 0; s < 2; s++)
		cr_expect_eq(lab->client->server[s].places, 0);
	pen_client_choose(lab->client, 0, false, lab->now);
	pen_client_choose(lab->client, 0, true, lab->now);
	cr_expect(!pen_client_done(lab->client));
	cr_expect(lab_run(60 * LAB_S));
	lab_close();
}

/* A server is asked what it has although nothing is wanted: who never uses a session loses it. */
Test(fetch_client, asks_before_it_wants)
{
	static const uint8_t all = 1;
	lab_open(1 << 20, 1);
	lab->config.skip = &all;
	lab_start();
	cr_expect(pen_client_done(lab->client));
	for (int i = 0; i < 1000; i++, lab->now += LAB_MS)
		lab_turn();
	cr_expect(pen_parts_has(&lab->client->parts, 0, 0));
	int64_t begun = lab->now;
	pen_client_choose(lab->client, 0, true, lab->now);
	cr_expect(lab_run(lab->now + 10 * LAB_S));
	cr_expect_lt(lab->now - begun, LAB_S, "at once");
	lab_close();
}

/* Who leaves says so, and the server forgets it at once. */
Test(fetch_client, leaves)
{
	lab_open(20 << 20, 2);
	lab_start();
	cr_assert(!lab_run(50 * LAB_MS));
	cr_assert(lab->toy[0].guest[0].used);
	pen_client_leave(lab->client, lab->now);
	pen_post_flush(&lab->client->post, &lab->net, 0, lab->now);
	cr_expect_eq(pen_client_due_ns(lab->client, lab->now), INT64_MAX);
	for (unsigned i = 0; i < 5 && lab->held_count; i++) {
		lab->now += LAB_MS;
		lab_turn_toys();
	}
	for (unsigned t = 0; t < 2; t++)
		cr_expect(!lab->toy[t].guest[0].used, "toy %u", t);
	pen_client_leave(lab->client, lab->now);
	cr_expect_eq(lab->client->post.waiting, 0, "once");
	lab_close();
}

static unsigned take_none(struct pen_net *net, unsigned queue, int64_t now_ns,
	const struct pen_frame *frames, unsigned count)
{
	(void)net, (void)queue, (void)now_ns, (void)frames, (void)count;
	return 0;
}

/* While the port takes no packet the loop comes back soon, but does not spin; and not any more when
 * it has taken them. */
Test(fetch_client, comes_back_while_the_port_takes_nothing)
{
	const struct pen_net_ops deaf = {.tx_burst = take_none};
	lab_open(1 << 20, 1);
	lab_start();
	pen_client_turn(lab->client, lab->now);
	const struct pen_net_ops *ops = lab->net.ops;
	lab->net.ops = &deaf;
	pen_post_flush(&lab->client->post, &lab->net, 0, lab->now);
	cr_assert_eq(lab->client->post.waiting, 1, "HELLO");
	int64_t due = pen_client_due_ns(lab->client, lab->now);
	cr_expect_gt(due, lab->now);
	cr_expect_leq(due, lab->now + LAB_MS);
	lab->net.ops = ops;
	pen_post_flush(&lab->client->post, &lab->net, 0, lab->now);
	cr_expect_eq(lab->client->post.waiting, 0);
	cr_expect_gt(pen_client_due_ns(lab->client, lab->now), lab->now + 100 * LAB_MS);
	lab_close();
}

/* Something changes and nobody is stirred: that is noticed. */
Test(fetch_client, a_change_unsaid, .signal = SIGABRT)
{
	lab_open(4 << 20, 1);
	lab_start();
	while (lab->client->counters.packets < 100)
		cr_assert(lab_turn());
	still_check(lab->client, lab->now);
	lab->client->server[0].share++;
	still_check(lab->client, lab->now);
}
