/* Sources as a user types them: of which sort they are, and how many there may be. */
#include <string.h>

#include "supply.h"

bool supply_is_peer(const char *word)
{
	return strncmp(word, "dir:", 4) && !strstr(word, "://");
}

unsigned supply_count_peers(const char *const *words, unsigned count)
{
	unsigned peers = 0;
	for (unsigned i = 0; i < count; i++)
		peers += supply_is_peer(words[i]);
	return peers;
}

int supply_count_check(const char *const *words, unsigned count, struct pen_why *why)
{
	unsigned peers = supply_count_peers(words, count);
	if (count - peers > SUPPLY_ORIGINS_MAX)
		return pen_fail(why, PEN_EUSAGE, "more than %u directories and web servers",
			SUPPLY_ORIGINS_MAX);
	if (peers > PEN_HAUL_PEERS)
		return pen_fail(why, PEN_EUSAGE, "more than %u servers", PEN_HAUL_PEERS);
	return 0;
}

uint64_t supply_web_rate(const char *const *words, unsigned count, uint64_t rate)
{
	unsigned webs = 0;
	for (unsigned i = 0; i < count; i++)
		webs += strstr(words[i], "://") != NULL;
	return webs ? (rate + webs - 1) / webs : 0;
}
