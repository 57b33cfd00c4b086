/* Two threads write one word without a word to each other: TSan must say so. */
#include <pthread.h>

static int word;

static void *write_word(void *context)
{
	for (int i = 0; i < 1000; i++)
		word += i;
	return context;
}

int main(void)
{
	pthread_t other;
	if (pthread_create(&other, NULL, write_word, NULL))
		return 0;
	write_word(NULL);
	pthread_join(other, NULL);
	return 0;
}
