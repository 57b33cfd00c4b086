#include "endpoint.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Longest host name (RFC 1035: 255) and the end. */
#define HOST_BYTES 256

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

/* Split into host and port; an IPv6 address must be in brackets. 0 or PEN_EUSAGE. */
static int split(const char *text, bool listen, char host[HOST_BYTES], const char **port)
{
	const char *close = strchr(text, ']'), *colon = strrchr(close ? close : text, ':');
	const char *end = colon ? colon : text + strlen(text);
	uint64_t number;
	/* A number alone is a port to listen at, and a host to fetch from. */
	if (!colon && listen)
		end = text;
	*port = colon ? colon + 1 : listen ? text : ENDPOINT_PORT;
	size_t len = (size_t)(end - text);
	if (text[0] == '[' && close && close + 1 == end) {
		text++;
		len -= 2;
	} else if (memchr(text, ':', len)) {
		return PEN_EUSAGE;
	}
	if (len >= HOST_BYTES || pen_number_parse(*port, 65535, &number) || (!len && !listen))
		return PEN_EUSAGE;
	if (!number && !listen)
		return PEN_EUSAGE;
	snprintf(host, HOST_BYTES, "%.*s", (int)len, len ? text : "");
	if (!len)
		strcpy(host, "127.0.0.1");
	return 0;
}

static void take(const struct addrinfo *info, struct endpoint *out)
{
	*out = (struct endpoint){0};
	if (info->ai_family == AF_INET6) {
		struct sockaddr_in6 v6;
		memcpy(&v6, info->ai_addr, sizeof v6);
		memcpy(out->address, &v6.sin6_addr, 16);
		out->scope = v6.sin6_scope_id;
		out->port = ntohs(v6.sin6_port);
		return;
	}
	struct sockaddr_in v4;
	memcpy(&v4, info->ai_addr, sizeof v4);
	memcpy(out->address, mapped, sizeof mapped);
	memcpy(out->address + sizeof mapped, &v4.sin_addr, 4);
	out->port = ntohs(v4.sin_port);
}

int endpoint_parse(const char *text, bool listen, struct endpoint *out, struct pen_why *why)
{
	static const struct addrinfo hints = {
		.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV};
	char host[HOST_BYTES];
	const char *port;
	struct addrinfo *info;
	if (split(text, listen, host, &port))
		return pen_fail(why, PEN_EUSAGE, "'%s' is no address: expected %s", text,
			listen ? "ADDR:PORT, [V6]:PORT or PORT" : "HOST:PORT or [V6]:PORT");
	int failed = getaddrinfo(host, port, &hints, &info);
	if (failed)
		return pen_fail(why, listen ? PEN_EUSAGE : PEN_ENET,
			"cannot find the address of '%s': %s", text, gai_strerror(failed));
	take(info, out);
	freeaddrinfo(info);
	return 0;
}

const char *endpoint_text(const struct endpoint *endpoint, char text[ENDPOINT_TEXT_BYTES])
{
	char host[INET6_ADDRSTRLEN] = "?";
	bool v4 = !memcmp(endpoint->address, mapped, sizeof mapped);
	inet_ntop(v4 ? AF_INET : AF_INET6, endpoint->address + (v4 ? sizeof mapped : 0), host,
		sizeof host);
	snprintf(text, ENDPOINT_TEXT_BYTES, v4 ? "%s:%u" : "[%s]:%u", host, endpoint->port);
	return text;
}
