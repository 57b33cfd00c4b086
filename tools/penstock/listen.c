#include "listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"

/* Longest host name (RFC 1035: 255) and the end. */
#define HOST_BYTES 256
/* Connections that wait to be accepted: as many as may be open (front.c). */
#define BACKLOG 1024

struct address {
	char host[HOST_BYTES];
	const char *port; /* in the text given */
};

/* Split at the last colon; an IPv6 address must be in brackets. 0 or PEN_EUSAGE. */
static int address_split(const char *text, struct address *out)
{
	const char *colon = strrchr(text, ':'), *host = text;
	size_t len = colon ? (size_t)(colon - text) : 0;
	uint64_t port;
	out->port = colon ? colon + 1 : text;
	if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	} else if (memchr(host, ':', len)) {
		return PEN_EUSAGE;
	}
	if (len >= HOST_BYTES || pen_number_parse(out->port, 65535, &port))
		return PEN_EUSAGE;
	memcpy(out->host, host, len);
	out->host[len] = 0;
	if (len == 0)
		strcpy(out->host, "127.0.0.1");
	return 0;
}

static int socket_open(const struct addrinfo *info)
{
	static const int on = 1;
	int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* A port in TIME_WAIT is free; one that somebody listens on is still refused. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (info->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	int err = -errno;
	close(fd);
	return err;
}

static int url_write(int fd, char url[LISTEN_URL_BYTES])
{
	struct sockaddr_storage address;
	socklen_t len = sizeof address;
	char host[HOST_BYTES], port[8];
	if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		return -errno;
	if (getnameinfo((struct sockaddr *)&address, len, host, sizeof host, port, sizeof port,
		    NI_NUMERICHOST | NI_NUMERICSERV))
		return -EINVAL;
	bool six = address.ss_family == AF_INET6;
	snprintf(url, LISTEN_URL_BYTES, "http://%s%.64s%s:%s", six ? "[" : "", host, six ? "]" : "",
		port);
	return 0;
}

/* What the user may do about an error; begins with a semicolon, or is empty. */
static const char *remedy(int err)
{
	switch (err) {
	case -EADDRNOTAVAIL:
		return "; no interface has this address (ip addr): 0.0.0.0 and [::] are all";
	case -EACCES:
		return "; a port below 1024 is for root: take a higher one, or as root: setcap "
		       "cap_net_bind_service+ep PENSTOCK";
	default: return "";
	}
}

int listen_open(const char *text, int *fd, char url[LISTEN_URL_BYTES], struct pen_why *why)
{
	static const struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct address address;
	struct addrinfo *info;
	if (address_split(text, &address))
		return pen_fail(why, PEN_EUSAGE,
			"'%s' is no address to listen on: expected ADDR:PORT, [V6]:PORT or PORT",
			text);
	int failed = getaddrinfo(address.host, address.port, &hints, &info);
	if (failed)
		return pen_fail(why, PEN_EUSAGE, "cannot find the address of '%s': %s", text,
			gai_strerror(failed));
	int opened = socket_open(info);
	freeaddrinfo(info);
	int err = opened < 0 ? opened : url_write(opened, url);
	if (err && opened >= 0)
		close(opened);
	if (err == -EADDRINUSE)
		return pen_fail(why, err,
			"port %s of %s is busy: another process listens there; end it (ss -ltnp), "
			"or take another port",
			address.port, address.host);
	if (err)
		return pen_fail(why, err, "cannot listen on %s port %s: %s%s", address.host,
			address.port, strerror(-err), remedy(err));
	*fd = opened;
	return 0;
}
