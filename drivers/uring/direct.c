#include "drivers/uring/direct.h"

#include <fcntl.h>
#include <linux/stat.h>
#include <sys/stat.h>

bool pen_direct_is(int file)
{
	int flags = fcntl(file, F_GETFL);
	return flags >= 0 && flags & O_DIRECT;
}

bool pen_direct_leave(int file)
{
	int flags = fcntl(file, F_GETFL);
	return flags >= 0 && flags & O_DIRECT && fcntl(file, F_SETFL, flags & ~O_DIRECT) == 0;
}

void pen_direct_bound(int file, uint32_t align)
{
#ifdef STATX_DIOALIGN
	struct statx stat;
	if (statx(file, "", AT_EMPTY_PATH, STATX_DIOALIGN, &stat) < 0 ||
		!(stat.stx_mask & STATX_DIOALIGN))
		return;
	/* There the page cache does better. */
	if (!stat.stx_dio_offset_align || stat.stx_dio_offset_align > align ||
		stat.stx_dio_mem_align > align)
		pen_direct_leave(file);
#else
	(void)align, (void)file;
#endif
}
