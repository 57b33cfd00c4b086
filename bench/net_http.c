#include "bench/net_http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PORT 17779u
#define NGINX "/usr/sbin/nginx"
#define CONFIG BENCH_NET_DIR "/nginx.conf"

#ifdef PEN_BENCH_CURL
#include <curl/curl.h>
#include <openssl/evp.h>
#include <xxhash.h>

bool bench_net_http_there(void)
{
	return access(NGINX, X_OK) == 0;
}

/* All that a server of static files is told to be fast. */
static int config_write(void)
{
	FILE *file = fopen(CONFIG, "we");
	if (!file)
		return -errno;
	fprintf(file,
		"daemon off;\nmaster_process off;\npid %s/nginx.pid;\nerror_log stderr crit;\n"
		"events { worker_connections 64; use epoll; multi_accept on; }\n"
		"http {\n"
		"access_log off; sendfile on; sendfile_max_chunk 0; tcp_nopush on;\n"
		"tcp_nodelay on; keepalive_timeout 60; open_file_cache max=16;\n"
		"default_type application/octet-stream;\n"
		"client_body_temp_path %s; proxy_temp_path %s; fastcgi_temp_path %s;\n"
		"uwsgi_temp_path %s; scgi_temp_path %s;\n"
		"server { listen %s:%u; root %s; }\n"
		"}\n",
		BENCH_NET_DIR, BENCH_NET_DIR, BENCH_NET_DIR, BENCH_NET_DIR, BENCH_NET_DIR,
		BENCH_NET_DIR, bench_net_address(BENCH_NET_SERVER), PORT, BENCH_NET_DIR);
	return fclose(file) ? -errno : 0;
}

/* Until it accepts: a process that tries, and says so for the one that becomes nginx. */
static void watch(struct bench_net_did *did)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	const struct timespec moment = {0, 10000000};
	inet_pton(AF_INET, bench_net_address(BENCH_NET_SERVER), &to.sin_addr);
	alarm(20);
	for (;;) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (!connect(fd, (const struct sockaddr *)&to, sizeof to))
			break;
		close(fd);
		nanosleep(&moment, NULL);
	}
	did->port = PORT;
	__atomic_store_n(&did->ready, true, __ATOMIC_RELEASE);
	_exit(0);
}

void bench_net_nginx(struct bench_net_lab *lab, void *context, struct bench_net_did *did)
{
	(void)lab, (void)context;
	int err = config_write();
	if (err) {
		bench_net_fail(did, CONFIG ": %s", strerror(-err));
		return;
	}
	if (fork() == 0)
		watch(did);
	execl(NGINX, "nginx", "-p", BENCH_NET_DIR, "-c", CONFIG, (char *)NULL);
	bench_net_fail(did, NGINX ": %s", strerror(errno));
}

/* One connection. */
struct stream {
	struct bench_net_lab *lab;
	CURL *curl;
	uint64_t *bytes; /* of all streams */
	uint64_t at, end; /* of the object: the next byte, and behind the last */
	XXH3_state_t *xxh3; /* of the block under way */
	EVP_MD_CTX *sha; /* or this, if it is to be SHA-256 */
};

static void hash(struct stream *stream, const void *data, size_t bytes)
{
	if (stream->sha)
		EVP_DigestUpdate(stream->sha, data, bytes);
	else
		XXH3_64bits_update(stream->xxh3, data, bytes);
}

/* A block is whole. */
static void note(struct stream *stream)
{
	uint64_t block = stream->at / BENCH_NET_BLOCK - 1;
	uint8_t digest[EVP_MAX_MD_SIZE];
	uint64_t sum;
	if (stream->sha) {
		EVP_DigestFinal_ex(stream->sha, digest, NULL);
		memcpy(&sum, digest, sizeof sum);
		EVP_DigestInit_ex2(stream->sha, NULL, NULL);
	} else {
		sum = XXH3_64bits_digest(stream->xxh3);
		XXH3_64bits_reset(stream->xxh3);
	}
	stream->lab->shared->came[block] = sum;
}

static size_t on_bytes(char *data, size_t one, size_t bytes, void *context)
{
	struct stream *stream = context;
	(void)one;
	if (bytes > stream->end - stream->at)
		return 0;
	for (size_t done = 0, now; done < bytes; done += now) {
		now = BENCH_NET_BLOCK - stream->at % BENCH_NET_BLOCK;
		now = now < bytes - done ? now : bytes - done;
		hash(stream, data + done, now);
		stream->at += now;
		if (stream->at % BENCH_NET_BLOCK == 0)
			note(stream);
	}
	*stream->bytes += bytes;
	return bytes;
}

static void stream_open(struct stream *stream, const char *url, CURLM *all)
{
	char range[64];
	snprintf(range, sizeof range, "%llu-%llu", (unsigned long long)stream->at,
		(unsigned long long)stream->end - 1);
	stream->curl = curl_easy_init();
	curl_easy_setopt(stream->curl, CURLOPT_URL, url);
	curl_easy_setopt(stream->curl, CURLOPT_RANGE, range);
	curl_easy_setopt(stream->curl, CURLOPT_BUFFERSIZE, (long)CURL_MAX_READ_SIZE);
	curl_easy_setopt(stream->curl, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(stream->curl, CURLOPT_WRITEDATA, stream);
	curl_easy_setopt(stream->curl, CURLOPT_FAILONERROR, 1L);
	curl_multi_add_handle(all, stream->curl);
}

static void hash_open(struct stream *stream, enum bench_net_check check)
{
	stream->xxh3 = XXH3_createState();
	XXH3_64bits_reset(stream->xxh3);
	if (check != BENCH_NET_SHA256)
		return;
	stream->sha = EVP_MD_CTX_new();
	EVP_DigestInit_ex2(stream->sha, EVP_MD_fetch(NULL, "SHA256", NULL), NULL);
}

static void transfer(CURLM *all, struct bench_net_did *did)
{
	int running = 1;
	while (running) {
		CURLMcode code = curl_multi_perform(all, &running);
		if (!code && running)
			code = curl_multi_poll(all, NULL, 0, 1000, NULL);
		if (code) {
			bench_net_fail(did, "curl: %s", curl_multi_strerror(code));
			return;
		}
	}
	for (CURLMsg *said; (said = curl_multi_info_read(all, &running));)
		if (said->msg == CURLMSG_DONE && said->data.result)
			bench_net_fail(did, "curl: %s", curl_easy_strerror(said->data.result));
}

void bench_net_curl(struct bench_net_lab *lab, void *context, struct bench_net_did *did)
{
	const struct bench_net_curl *ask = context;
	struct stream streams[BENCH_NET_STREAMS_MAX] = {{0}};
	char url[sizeof BENCH_NET_DIR + PEN_NAME_BYTES + 32];
	snprintf(url, sizeof url, "http://%s:%u/%s", bench_net_address(BENCH_NET_SERVER), PORT,
		lab->name);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	CURLM *all = curl_multi_init();
	for (unsigned i = 0; i < ask->streams; i++)
		hash_open(&streams[i], ask->check);
	double start = bench_net_now(), cpu = bench_net_own_cpu();
	for (unsigned i = 0; i < ask->streams; i++) {
		streams[i].lab = lab;
		streams[i].bytes = &did->bytes;
		streams[i].at = lab->blocks * i / ask->streams * BENCH_NET_BLOCK;
		streams[i].end = lab->blocks * (i + 1) / ask->streams * BENCH_NET_BLOCK;
		stream_open(&streams[i], url, all);
	}
	transfer(all, did);
	did->seconds = bench_net_now() - start;
	did->cpu = bench_net_own_cpu() - cpu;
	if (!did->why[0] && did->bytes != lab->blocks * BENCH_NET_BLOCK)
		bench_net_fail(did, "curl brought %llu bytes", (unsigned long long)did->bytes);
}
#else
bool bench_net_http_there(void)
{
	return false;
}

void bench_net_nginx(struct bench_net_lab *lab, void *context, struct bench_net_did *did)
{
	(void)lab, (void)context;
	bench_net_fail(did, "built without libcurl");
}

void bench_net_curl(struct bench_net_lab *lab, void *context, struct bench_net_did *did)
{
	(void)lab, (void)context;
	bench_net_fail(did, "built without libcurl");
}
#endif
