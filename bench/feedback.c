/*
 * feedback: what a receiver says for what it gets. Carries a part of 64 MiB from a server to a
 * client, both as they ship, over simulated paths, and prints what left either side:
 *
 *   bench_feedback [--mib N] [--seed N]
 *
 * For each rate and loss: DATA packets for one packet of the client, all of its packets counted,
 * and the client's bytes in a hundred of the server's (UDP payload). Exits 1 if a transfer does not
 * end with the same bytes. The simulator's time is virtual: figures depend on the seed alone.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "sim/transfer.h"

#define MIB_MAX 1024u

static const struct {
	uint64_t mbit;
	int64_t rtt_ms;
	uint32_t loss_ppm;
} rows[] = {{100, 20, 0}, {100, 20, 10000}, {1000, 20, 0}, {1000, 20, 10000}, {10000, 1, 0},
	{10000, 1, 10000}};

static void print_side(const char *name, const struct transfer_side *side)
{
	printf("  %s: %8llu packets, %10llu bytes", name, (unsigned long long)side->packets,
		(unsigned long long)side->bytes);
}

static bool print_row(size_t row, uint32_t bytes, uint64_t seed)
{
	static struct transfer transfer;
	const struct transfer_ask ask = {.seed = seed,
		.bytes = bytes,
		.bits_per_s = rows[row].mbit * 1000000,
		.rtt_ns = rows[row].rtt_ms * PEN_NS_PER_MS,
		.loss_ppm = rows[row].loss_ppm,
		.server_turn = transfer_server_turn,
		.client_turn = transfer_client_turn,
		.compare = transfer_compare};
	if (transfer_init(&transfer, &ask)) {
		fprintf(stderr, "feedback: no memory\n");
		return false;
	}
	bool fine = transfer_run(&transfer);
	const struct transfer_side *server = &transfer.from_server, *client = &transfer.from_client;
	printf("%llu Mb/s, round trip %lld ms, loss %g %%: %s in %.2f s\n",
		(unsigned long long)rows[row].mbit, (long long)rows[row].rtt_ms,
		rows[row].loss_ppm / 1e4, fine ? "exact bytes" : "FAILED",
		(double)transfer.took_ns / PEN_NS_PER_S);
	print_side("server", server);
	printf(", %llu of DATA\n", (unsigned long long)server->data);
	print_side("client", client);
	printf(", %llu of PULL\n", (unsigned long long)client->pulls);
	printf("  one packet of the client for %.0f of DATA; %.3f %% of the server's bytes\n",
		(double)server->data / (double)client->packets,
		100.0 * (double)client->bytes / (double)server->bytes);
	transfer_fini(&transfer);
	return fine;
}

int main(int argc, char **argv)
{
	static const struct option names[] = {
		{"mib", required_argument, NULL, 'm'}, {"seed", required_argument, NULL, 's'}, {0}};
	unsigned long mib = 64, seed = 1;
	int option;
	while ((option = getopt_long(argc, argv, "", names, NULL)) >= 0) {
		if (option == 'm')
			mib = strtoul(optarg, NULL, 10);
		else if (option == 's')
			seed = strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	if (mib - 1 >= MIB_MAX) {
		fprintf(stderr, "feedback: 1 to %u MiB\n", MIB_MAX);
		return 2;
	}
	bool fine = true;
	for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++)
		fine &= print_row(row, (uint32_t)(mib << 20), seed);
	return fine ? 0 : 1;
}
