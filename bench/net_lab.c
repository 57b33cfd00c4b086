#include "bench/net_lab.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/check.h"
#include "base/rng.h"
#include "drivers/table.h"
#include "store/object.h"

/* A server that is not ready after so long never will be. */
#define START_S 30.0
#define BENCH_NET_TRACES "/sys/kernel/tracing"

double bench_net_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void bench_net_fail(struct bench_net_did *did, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(did->why, sizeof did->why, format, args);
	va_end(args);
}

static int complain(const char *what)
{
	fprintf(stderr, "net: %s: %s\n", what, strerror(errno));
	return errno ? -errno : -EIO;
}

const char *bench_net_address(enum bench_net_end end)
{
	return end == BENCH_NET_SERVER ? "10.77.0.1" : "10.77.0.2";
}

static int space_make(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The last two cores that are allowed: interrupts like the first. */
static void choose_cpus(struct bench_net_lab *lab)
{
	cpu_set_t set;
	unsigned end = 0;
	lab->cpu[BENCH_NET_SERVER] = lab->cpu[BENCH_NET_CLIENT] = -1;
	if (sched_getaffinity(0, sizeof set, &set))
		return;
	for (int cpu = CPU_SETSIZE - 1; cpu >= 0 && end < BENCH_NET_ENDS; cpu--)
		if (CPU_ISSET(cpu, &set))
			lab->cpu[end++] = cpu;
}

/* A file system in memory that only this process and its children see. */
static int mount_memory(void)
{
	if (unshare(CLONE_NEWNS) < 0)
		return -errno;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		mount("tmpfs", BENCH_NET_DIR, "tmpfs", 0, "size=90%"))
		return complain("a file system in memory");
	/* Only for counting calls; it may be there already, or not be to be had. */
	mount("tracefs", BENCH_NET_TRACES, "tracefs", 0, NULL);
	return 0;
}

static int write_random(struct bench_net_lab *lab, const char *path)
{
	size_t bytes = lab->blocks * BENCH_NET_BLOCK;
	int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0644);
	if (fd < 0 || ftruncate(fd, (off_t)bytes))
		return complain(path);
	uint8_t *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (at == MAP_FAILED)
		return complain("no memory for the object");
	for (uint32_t i = 0; i < lab->blocks; i++) {
		struct pen_rng rng = {i};
		uint64_t *words = (uint64_t *)(void *)(at + i * BENCH_NET_BLOCK);
		for (size_t k = 0; k < BENCH_NET_BLOCK / sizeof *words; k++)
			words[k] = pen_rng_next(&rng);
		lab->sums[i] = XXH3_64bits(words, BENCH_NET_BLOCK);
	}
	munmap(at, bytes);
	return 0;
}

/* Bring the file into a store, as `penstock make --form raw` does. */
static int bring(struct bench_net_lab *lab, const char *name, struct pen_why *why)
{
	struct pen_disk *disk = NULL;
	struct pen_store store = {.disk = NULL};
	struct pen_object object = {.watch = NULL};
	char path[PEN_NAME_BYTES];
	int err = pen_disk_open_dir(BENCH_NET_DIR, true, &disk, why);
	const struct pen_store_config config = {.disk = disk, .write = true};
	if (!err)
		err = pen_store_open(&store, &config, why);
	if (!err)
		err = pen_object_bring(&object, disk, name, &store, why);
	lab->root = object.root;
	snprintf(lab->name, sizeof lab->name, "%s", pen_raw_path(&object.root, path));
	pen_object_fini(&object);
	pen_store_close(&store);
	pen_disk_shut(disk);
	return err;
}

static int object_make(struct bench_net_lab *lab)
{
	struct pen_why why = {0};
	int err = write_random(lab, BENCH_NET_DIR "/random");
	if (err)
		return err;
	err = bring(lab, "random", &why);
	unlink(BENCH_NET_DIR "/random");
	if (err)
		fprintf(stderr, "net: %s\n", why.text);
	return err;
}

int bench_net_lab_open(struct bench_net_lab *lab, uint32_t blocks)
{
	PEN_CHECK(blocks > 0);
	PEN_CHECK(blocks <= BENCH_NET_BLOCKS_MAX);
	*lab = (struct bench_net_lab){.blocks = blocks, .space = {-1, -1}};
	choose_cpus(lab);
	for (int end = 0; end < BENCH_NET_ENDS; end++) {
		lab->space[end] = space_make();
		if (lab->space[end] < 0)
			return lab->space[end];
	}
	int err = mount_memory();
	if (err)
		return err;
	void *shared = mmap(NULL, sizeof *lab->shared, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return complain("no memory");
	lab->shared = shared;
	return object_make(lab);
}

void bench_net_lab_close(struct bench_net_lab *lab)
{
	for (int end = 0; end < BENCH_NET_ENDS; end++)
		if (lab->space[end] >= 0)
			close(lab->space[end]);
	*lab = (struct bench_net_lab){.space = {-1, -1}};
}

/* Run a command in a namespace. */
__attribute__((format(printf, 3, 4))) static int in(
	struct bench_net_lab *lab, enum bench_net_end end, const char *format, ...)
{
	char command[512];
	va_list args;
	va_start(args, format);
	vsnprintf(command, sizeof command, format, args);
	va_end(args);
	if (setns(lab->space[end], CLONE_NEWNET) < 0)
		return complain("setns");
	if (!system(command))
		return 0;
	fprintf(stderr, "net: failed: %s\n", command);
	return -1;
}

/* Offloads are properties of both ends. */
static int set_offloads(struct bench_net_lab *lab, enum bench_net_end end)
{
	const char *state = lab->cable.offloads ? "on" : "off";
	return in(lab, end,
		"ethtool -K v0 tx %s tso %s gso %s tx-udp-segmentation %s gro %s >/dev/null", state,
		state, state, state, lab->cable.offloads ? "off" : "on");
}

int bench_net_lab_cable(struct bench_net_lab *lab, const struct bench_net_cable *cable)
{
	lab->cable = *cable;
	int err = in(lab, BENCH_NET_SERVER,
		"ip link set lo up; ip link del v0 2>/dev/null; ip link add v0 type veth peer name "
		"v0 netns /proc/%ld/fd/%d",
		(long)getpid(), lab->space[BENCH_NET_CLIENT]);
	for (int end = 0; !err && end < BENCH_NET_ENDS; end++)
		err = in(lab, (enum bench_net_end)end,
			"ip addr add %s/24 dev v0 && ip link set v0 mtu %u up",
			bench_net_address((enum bench_net_end)end), cable->mtu);
	for (int end = 0; !err && end < BENCH_NET_ENDS; end++)
		err = set_offloads(lab, (enum bench_net_end)end);
	for (int end = 0; !err && end < BENCH_NET_ENDS; end++)
		err = in(lab, (enum bench_net_end)end,
			"for i in $(seq 200); do ip link show v0 2>/dev/null | grep -q 'state UP' "
			"&& exit 0; "
			"sleep 0.05; done; exit 1");
	return err;
}

static void settle_in(
	const struct bench_net_lab *lab, enum bench_net_end end, struct bench_net_did *did)
{
	cpu_set_t set;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (setns(lab->space[end], CLONE_NEWNET) < 0)
		bench_net_fail(did, "setns: %s", strerror(errno));
	CPU_ZERO(&set);
	if (lab->cpu[end] >= 0)
		CPU_SET(lab->cpu[end], &set);
	if (sched_setaffinity(0, sizeof set, &set))
		bench_net_fail(did, "cannot stay on CPU %d", lab->cpu[end]);
}

/* A descriptor that counts the system calls of a process, or -1. */
static int counter_open(pid_t pid)
{
	static const char file[] = BENCH_NET_TRACES "/events/raw_syscalls/sys_enter/id";
	struct perf_event_attr attr = {.type = PERF_TYPE_TRACEPOINT, .size = sizeof attr};
	unsigned long long id = 0;
	FILE *from = fopen(file, "re");
	if (!from)
		return -1;
	bool known = fscanf(from, "%llu", &id) == 1;
	fclose(from);
	attr.config = id;
	return known ? (int)syscall(SYS_perf_event_open, &attr, pid, -1, -1, 0) : -1;
}

static uint64_t counter_close(int fd)
{
	uint64_t count = 0;
	if (fd >= 0 && read(fd, &count, sizeof count) != sizeof count)
		count = 0;
	if (fd >= 0)
		close(fd);
	return count;
}

static pid_t begin(struct bench_net_lab *lab, enum bench_net_end end,
	const struct bench_net_call *call, struct bench_net_did *did)
{
	*did = (struct bench_net_did){.ready = false};
	fflush(stdout);
	pid_t pid = fork();
	if (pid)
		return pid;
	settle_in(lab, end, did);
	if (end == BENCH_NET_CLIENT)
		alarm(BENCH_NET_RUN_S);
	int counter = lab->count_calls ? counter_open(0) : -1;
	if (!did->why[0])
		call->role(lab, call->context, did);
	did->calls = counter_close(counter);
	_exit(did->why[0] ? 1 : 0);
}

int bench_net_start(struct bench_net_lab *lab, unsigned number, bench_net_role role,
	struct bench_net_process *process)
{
	PEN_CHECK(number < BENCH_NET_SERVERS_MAX);
	const struct bench_net_call call = {.role = role};
	struct bench_net_did *did = &lab->shared->server[number];
	double until = bench_net_now() + START_S;
	pid_t pid = begin(lab, BENCH_NET_SERVER, &call, did);
	if (pid < 0)
		return complain("fork");
	*process = (struct bench_net_process){.pid = pid, .did = did};
	const struct timespec moment = {0, 1000000};
	while (!__atomic_load_n(&did->ready, __ATOMIC_ACQUIRE)) {
		if (bench_net_now() > until || waitpid(pid, NULL, WNOHANG) == pid) {
			fprintf(stderr, "net: a server does not start: %s\n", did->why);
			bench_net_stop(process);
			return -1;
		}
		nanosleep(&moment, NULL);
	}
	if (clock_getcpuclockid(pid, &process->clock))
		return complain("the clock of a server");
	return 0;
}

void bench_net_stop(struct bench_net_process *process)
{
	if (process->pid > 0) {
		kill(process->pid, SIGKILL);
		waitpid(process->pid, NULL, 0);
	}
	*process = (struct bench_net_process){.pid = 0};
}

/* Wait for a client. */
static int end(pid_t pid, struct bench_net_did *did, double *cpu)
{
	struct rusage used;
	int status;
	while (wait4(pid, &status, 0, &used) < 0)
		if (errno != EINTR)
			return complain("wait4");
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		bench_net_fail(did, "it was not over after %u s", BENCH_NET_RUN_S);
	else if (WIFSIGNALED(status))
		bench_net_fail(did, "signal %d ended it", WTERMSIG(status));
	if (status) {
		fprintf(stderr, "net: a client fails: %s\n", did->why);
		return -1;
	}
	*cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
		(double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
	return 0;
}

/* What a server did since `before`. */
static void subtract(struct bench_net_did *did, const struct bench_net_did *before)
{
	did->tx_packets -= before->tx_packets;
	did->tx_bytes -= before->tx_bytes;
	did->tx_calls -= before->tx_calls;
	did->rx_packets -= before->rx_packets;
	did->rx_bytes -= before->rx_bytes;
	did->rx_calls -= before->rx_calls;
	did->rx_lost -= before->rx_lost;
}

int bench_net_run(
	struct bench_net_lab *lab, const struct bench_net_call *call, struct bench_net_took *took)
{
	const struct timespec moment = {0, 2000000};
	struct bench_net_did before = *call->server->did;
	double cpu_before = bench_net_cpu(call->server);
	int counter = lab->count_calls ? counter_open(call->server->pid) : -1;
	pid_t pid = begin(lab, BENCH_NET_CLIENT, call, &lab->shared->client);
	int err = pid < 0 ? complain("fork")
			  : end(pid, &lab->shared->client, &took->cpu[BENCH_NET_CLIENT]);
	lab->shared->over += err != 0;
	/* The server may still take in that it is over. */
	nanosleep(&moment, NULL);
	took->cpu[BENCH_NET_SERVER] = bench_net_cpu(call->server) - cpu_before;
	took->did[BENCH_NET_CLIENT] = lab->shared->client;
	took->did[BENCH_NET_SERVER] = *call->server->did;
	subtract(&took->did[BENCH_NET_SERVER], &before);
	took->did[BENCH_NET_SERVER].calls = counter_close(counter);
	return err;
}

double bench_net_own_cpu(void)
{
	struct timespec had;
	PEN_CHECK(!clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &had));
	return (double)had.tv_sec + (double)had.tv_nsec / 1e9;
}

double bench_net_cpu(const struct bench_net_process *process)
{
	struct timespec had;
	if (process->pid <= 0 || clock_gettime(process->clock, &had))
		return 0;
	return (double)had.tv_sec + (double)had.tv_nsec / 1e9;
}
