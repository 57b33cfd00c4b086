#include "peer/recent.h"

#include <string.h>

#include "base/check.h"

void pen_recent_init(struct pen_recent *recent)
{
	memset(recent, 0, sizeof *recent);
}

uint64_t pen_recent_find(const struct pen_recent *recent, uint64_t name, int64_t now_ns)
{
	const struct pen_recent_entry *way = recent->entry[name % PEN_RECENT_SETS];
	for (unsigned i = 0; i < PEN_RECENT_WAYS; i++) {
		if (way[i].name == name && way[i].session && way[i].until_ns > now_ns)
			return way[i].session;
	}
	return 0;
}

bool pen_recent_add(struct pen_recent *recent, const struct pen_recent_entry *entry, int64_t now_ns)
{
	PEN_CHECK(entry->session != 0);
	PEN_CHECK(entry->until_ns > now_ns);
	struct pen_recent_entry *way = recent->entry[entry->name % PEN_RECENT_SETS];
	for (unsigned i = 0; i < PEN_RECENT_WAYS; i++) {
		if (!way[i].session || way[i].until_ns <= now_ns) {
			way[i] = *entry;
			return true;
		}
	}
	return false;
}
