/*
 * check: PEN_CHECK is always on and aborts on a bug of ours; PEN_DCHECK is for the places where a
 * bench showed the cost, and is compiled out with NDEBUG. Never used on what a peer, a file or
 * the machine says: that is an error code.
 */
#ifndef PEN_BASE_CHECK_H
#define PEN_BASE_CHECK_H

/* Print the broken promise with its place and abort. */
_Noreturn void pen_check_failed(const char *expression, const char *file, int line);

#define PEN_CHECK(expression) \
	((expression) ? (void)0 : pen_check_failed(#expression, __FILE__, __LINE__))

#ifdef NDEBUG
#define PEN_DCHECK(expression) ((void)sizeof((expression) ? 1 : 0))
#else
#define PEN_DCHECK(expression) PEN_CHECK(expression)
#endif

#define PEN_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
