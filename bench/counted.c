#include "bench/counted.h"

#include <stddef.h>

struct counted counted;

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *at, size_t bytes);
void *__real_aligned_alloc(size_t align, size_t bytes);
void *__real_memcpy(void *to, const void *from, size_t bytes);
void *__real_memmove(void *to, const void *from, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *at, size_t bytes);
void *__wrap_aligned_alloc(size_t align, size_t bytes);
void *__wrap_memcpy(void *to, const void *from, size_t bytes);
void *__wrap_memmove(void *to, const void *from, size_t bytes);

void *__wrap_malloc(size_t bytes)
{
	counted.allocations += counted.on;
	return __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
	counted.allocations += counted.on;
	return __real_calloc(count, bytes);
}

void *__wrap_realloc(void *at, size_t bytes)
{
	counted.allocations += counted.on;
	return __real_realloc(at, bytes);
}

void *__wrap_aligned_alloc(size_t align, size_t bytes)
{
	counted.allocations += counted.on;
	return __real_aligned_alloc(align, bytes);
}

void *__wrap_memcpy(void *to, const void *from, size_t bytes)
{
	counted.copied += counted.on ? bytes : 0;
	return __real_memcpy(to, from, bytes);
}

void *__wrap_memmove(void *to, const void *from, size_t bytes)
{
	counted.copied += counted.on ? bytes : 0;
	return __real_memmove(to, from, bytes);
}
