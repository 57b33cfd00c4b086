/*
 * poison: memory that nobody may look at for now. Under ASan a look ends the program; elsewhere
 * these do nothing. Addresses are multiples of 8.
 */
#ifndef PEN_MEM_POISON_H
#define PEN_MEM_POISON_H

#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PEN_MEM_POISONS
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define PEN_MEM_POISONS
#endif

#ifdef PEN_MEM_POISONS
#include <sanitizer/asan_interface.h>
#endif

/* From now on a look at these bytes is a bug. */
static inline void pen_poison(const void *at, size_t bytes)
{
#ifdef PEN_MEM_POISONS
	ASAN_POISON_MEMORY_REGION(at, bytes);
#else
	(void)at, (void)bytes;
#endif
}

/* These bytes are somebody's again. */
static inline void pen_unpoison(const void *at, size_t bytes)
{
#ifdef PEN_MEM_POISONS
	ASAN_UNPOISON_MEMORY_REGION(at, bytes);
#else
	(void)at, (void)bytes;
#endif
}

#endif
