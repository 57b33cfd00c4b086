#include "sim/ideal.h"

#include "base/check.h"
#include "base/clock.h"

#define MILLION 1000000u

/* Machines as they are for a while. */
struct span {
	uint64_t up[PLAN_SERVERS_MAX], down[PLAN_CLIENTS_MAX]; /* bits a second that may flow */
	int64_t from_ns, to_ns;
};

/* The faults cut time into spans in which nothing changes. */
struct spans {
	struct span span[WORLD_FAULTS_MAX + 1];
	unsigned count;
};

static int64_t next_fault_ns(const struct plan *plan, int64_t now_ns)
{
	int64_t next = INT64_MAX;
	for (unsigned i = 0; i < plan->fault_count; i++)
		if (plan->faults[i].at_ns > now_ns && plan->faults[i].at_ns < next)
			next = plan->faults[i].at_ns;
	return next;
}

/* What becomes of a machine's links by all that befell it up to now. */
static void befall(const struct plan *plan, unsigned actor, struct span *span)
{
	const struct plan_host *host = &plan->hosts[actor];
	bool server = actor < plan->servers, gone = false;
	uint64_t rate = server ? host->links.up_bits_per_s : host->links.down_bits_per_s;
	int64_t last_ns = -1;
	for (unsigned i = 0; i < plan->fault_count; i++) {
		const struct fault *fault = &plan->faults[i];
		if (fault->actor != actor)
			continue;
		/* From the beginning: a good fetch that is not ideal still meets it. */
		if (fault->kind == FAULT_RATE && fault->value < rate)
			rate = fault->value;
		if (fault->at_ns > span->from_ns)
			continue;
		bool leaves = fault->kind == FAULT_CRASH || fault->kind == FAULT_POWER ||
			fault->kind == FAULT_DARK;
		bool comes = fault->kind == FAULT_START || fault->kind == FAULT_BACK ||
			fault->kind == FAULT_LIGHT;
		if ((leaves || comes) && fault->at_ns >= last_ns) {
			gone = leaves;
			last_ns = fault->at_ns;
		}
	}
	if (server)
		span->up[actor] = gone || host->lie != PLAN_HONEST ? 0 : rate;
	else
		span->down[actor - plan->servers] = gone ? 0 : rate;
}

static void spans_make(const struct plan *plan, struct spans *spans)
{
	spans->count = 0;
	for (int64_t now_ns = 0; now_ns != INT64_MAX;) {
		struct span *span = &spans->span[spans->count++];
		*span = (struct span){.from_ns = now_ns, .to_ns = next_fault_ns(plan, now_ns)};
		for (unsigned i = 0; i < plan->servers + plan->clients; i++)
			befall(plan, i, span);
		now_ns = span->to_ns;
	}
}

static uint64_t sum_of(const uint64_t *rates, unsigned set)
{
	uint64_t sum = 0;
	for (unsigned i = 0; set >> i; i++)
		sum += set >> i & 1 ? rates[i] : 0;
	return sum;
}

/* When these servers can have sent so many bits to these clients. */
static int64_t done_ns(const struct spans *spans, unsigned servers, unsigned clients, uint64_t bits)
{
	for (unsigned i = 0; i < spans->count; i++) {
		const struct span *span = &spans->span[i];
		uint64_t up = sum_of(span->up, servers), down = sum_of(span->down, clients);
		uint64_t rate = up < down ? up : down;
		unsigned __int128 room = (unsigned __int128)rate *
			(uint64_t)(span->to_ns - span->from_ns) / PEN_NS_PER_S;
		if (rate && bits <= room)
			return span->from_ns +
				(int64_t)((unsigned __int128)bits * PEN_NS_PER_S / rate);
		bits -= (uint64_t)room;
	}
	PEN_CHECK(!"a server never comes back");
	return INT64_MAX;
}

/* As packets of the smallest size. */
static uint64_t wire_bits(const struct plan *plan, uint64_t bytes)
{
	uint64_t packets = (bytes + 1199) / 1200;
	uint64_t beside = 32 + (plan->six ? PEN_SIM_WIRE_BYTES_6 : PEN_SIM_WIRE_BYTES_4);
	return 8 * (bytes + packets * beside);
}

static unsigned honest_of(const struct plan *plan)
{
	unsigned set = 0;
	for (unsigned s = 0; s < plan->servers && s < PEN_COUNT(plan->hosts); s++)
		set |= (unsigned)(plan->hosts[s].lie == PLAN_HONEST) << s;
	return set;
}

/* Honest servers that have a part. */
static unsigned holders_of(const struct plan *plan, unsigned part)
{
	unsigned set = 0;
	for (unsigned s = 0; s < plan->servers; s++)
		set |= (unsigned)(!plan->parts || plan->holds[s] >> part & 1) << s;
	return set & honest_of(plan);
}

/* Bits of the parts that no honest server outside of the set has, and somebody has. */
static uint64_t own_bits(const struct plan *plan, const uint32_t *part_bytes, unsigned set)
{
	uint64_t bits = 0;
	if (!plan->parts)
		return honest_of(plan) & ~set ? 0 : wire_bits(plan, plan->bytes);
	for (unsigned k = 0; k < plan->parts; k++) {
		unsigned holders = holders_of(plan, k);
		if (holders && !(holders & ~set))
			bits += wire_bits(plan, part_bytes[k]);
	}
	return bits;
}

static int64_t longest_rtt_ns(const struct plan *plan)
{
	int64_t longest = 0;
	for (unsigned s = 0; s < plan->servers; s++)
		for (unsigned c = plan->servers; c < plan->servers + plan->clients; c++)
			if (plan->hosts[s].lie == PLAN_HONEST &&
				2 * plan->weather[s][c].delay_ns > longest)
				longest = 2 * plan->weather[s][c].delay_ns;
	return longest;
}

/* Time behind the end of the ideal in which no honest server is up: a good fetch may meet it. */
static int64_t dead_ns(const struct plan *plan, const struct spans *spans, int64_t from_ns)
{
	int64_t dead = 0;
	for (unsigned i = 0; i < spans->count; i++) {
		const struct span *span = &spans->span[i];
		bool alive = sum_of(span->up, (1u << plan->servers) - 1) > 0;
		if (!alive && span->to_ns > from_ns)
			dead += span->to_ns - (span->from_ns > from_ns ? span->from_ns : from_ns);
	}
	return dead;
}

int64_t ideal_ns(const struct plan *plan, const uint32_t *part_bytes)
{
	static struct spans spans;
	unsigned all = (1u << plan->clients) - 1;
	int64_t longest = 0;
	spans_make(plan, &spans);
	for (unsigned set = 1; set < 1u << plan->servers; set++) {
		uint64_t bits = set & ~honest_of(plan)
			? 0
			: own_bits(plan, part_bytes ? part_bytes : plan->part_bytes, set);
		for (unsigned c = 0; bits && c < plan->clients; c++) {
			int64_t at_ns = done_ns(&spans, set, 1u << c, bits);
			longest = at_ns > longest ? at_ns : longest;
		}
		if (bits) {
			int64_t at_ns = done_ns(&spans, set, all, plan->clients * bits);
			longest = at_ns > longest ? at_ns : longest;
		}
	}
	return longest + dead_ns(plan, &spans, longest) + 2 * longest_rtt_ns(plan);
}

/* Packets of a million that do not arrive whole, in the long run. */
static double loss_ppm(const struct pen_sim_weather *weather)
{
	double sure = PEN_SIM_SURE, turns = (double)weather->turn_bad + weather->turn_good;
	double bad = turns > 0 ? weather->turn_bad / turns : 0;
	double lost = (1 - bad) * weather->loss / sure + bad * weather->loss_bad / sure;
	return MILLION * (1 - (1 - lost) * (1 - weather->corrupt / sure));
}

/* Are the paths between a server and all clients good? */
static bool is_near(const struct plan *plan, unsigned server)
{
	for (unsigned c = plan->servers; c < plan->servers + plan->clients; c++) {
		if (loss_ppm(&plan->weather[server][c]) > IDEAL_LOSS_PPM ||
			loss_ppm(&plan->weather[c][server]) > IDEAL_LOSS_PPM)
			return false;
	}
	return true;
}

bool ideal_binds(const struct plan *plan)
{
	for (unsigned k = 0; k < (plan->parts ? plan->parts : 1); k++) {
		unsigned holders = holders_of(plan, k);
		bool near = false;
		for (unsigned s = 0; s < plan->servers; s++)
			near |= holders >> s & 1 && is_near(plan, s);
		if (!near)
			return false;
	}
	return true;
}
