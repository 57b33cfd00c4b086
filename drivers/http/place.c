#include "drivers/http/place.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_loopback(const char *host)
{
	return !strcmp(host, "localhost") || !strncmp(host, "127.", 4) || !strcmp(host, "[::1]");
}

static void trim_slashes(char *url)
{
	for (size_t len = strlen(url); len > 0 && url[len - 1] == '/'; len--)
		url[len - 1] = 0;
}

/* curl hands out its own memory: copied, so that the rest of the program frees with free. */
static char *url_text(CURLU *url)
{
	char *text = NULL;
	if (curl_url_get(url, CURLUPART_URL, &text, 0))
		return NULL;
	char *copy = strdup(text);
	curl_free(text);
	if (copy)
		trim_slashes(copy);
	return copy;
}

static bool has_part(CURLU *url, CURLUPart part)
{
	char *text = NULL;
	bool has = curl_url_get(url, part, &text, 0) == CURLUE_OK;
	curl_free(text);
	return has;
}

static int host_read(CURLU *url, struct http_place *place)
{
	char *host = NULL;
	if (curl_url_get(url, CURLUPART_HOST, &host, 0))
		return PEN_EUSAGE;
	place->loopback = is_loopback(host);
	curl_free(host);
	return 0;
}

static int place_read(CURLU *url, struct http_place *place, const char *source)
{
	if (curl_url_set(url, CURLUPART_URL, source, 0))
		return PEN_EUSAGE;
	if (has_part(url, CURLUPART_QUERY) || has_part(url, CURLUPART_FRAGMENT))
		return PEN_EUSAGE;
	int err = host_read(url, place);
	if (err)
		return err;
	place->secure = !strncmp(source, "https:", 6);
	place->base = url_text(url);
	curl_url_set(url, CURLUPART_USER, NULL, 0);
	curl_url_set(url, CURLUPART_PASSWORD, NULL, 0);
	place->label = url_text(url);
	return place->base && place->label ? 0 : -ENOMEM;
}

int http_place_init(struct http_place *place, const char *source, struct pen_why *why)
{
	CURLU *url = curl_url();
	int err = url ? place_read(url, place, source) : -ENOMEM;
	curl_url_cleanup(url);
	if (err == PEN_EUSAGE)
		return pen_fail(why, err,
			"this source is not a URL of the form "
			"http(s)://HOST[:PORT][/PATH]");
	return err ? pen_fail(why, err, "no memory for an http source") : 0;
}

void http_place_fini(struct http_place *place)
{
	free(place->base);
	free(place->label);
	*place = (struct http_place){0};
}

static bool is_plain(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		(c && strchr("._~=/-", c));
}

char *http_place_url(const struct http_place *place, const char *name)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t base = strlen(place->base);
	char *url = malloc(base + 1 + 3 * strlen(name) + 1);
	if (!url)
		return NULL;
	memcpy(url, place->base, base);
	char *to = url + base;
	*to++ = '/';
	for (const unsigned char *at = (const unsigned char *)name; *at; at++) {
		if (is_plain(*at)) {
			*to++ = (char)*at;
			continue;
		}
		*to++ = '%';
		*to++ = digits[*at >> 4];
		*to++ = digits[*at & 15];
	}
	*to = 0;
	return url;
}
