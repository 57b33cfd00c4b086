/* penstock verify: is it what the root says? */
#include "cli.h"

static const struct cli_verb nouns[] = {
	{"db", "prove a database against a state root", verify_db},
	{"part", "prove one part against a state root", verify_part},
	{"store", "prove every part in a store", verify_store},
	{0},
};

int cmd_verify(int argc, char **argv)
{
	return cli_noun("verify", nouns, argc, argv);
}
